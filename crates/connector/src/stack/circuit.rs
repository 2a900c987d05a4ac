//! A breaker: a service that is down is left alone.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::time::Instant;
use tower::Service;

use super::PATIENCE;
use super::gate::{Gate, Pass};
use super::order::{Outgoing, Received, Trouble};
use crate::transport::WireError;

const SLOT: Duration = Duration::from_secs(3);
/// Ten slots: thirty seconds.
const SLOTS: usize = 10;
const SAMPLES_MIN: u32 = 10;
const OPEN_FIRST: Duration = Duration::from_secs(30);
const OPEN_MAX: Duration = Duration::from_mins(10);

/// What one outcome says about a service's health.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Health {
    Good,
    Bad,
    /// Nothing was sent, or a rule of ours stood against it.
    Unknown,
}

fn health(result: &Result<Received, Trouble>) -> Health {
    match result {
        Ok(received) if received.reply.status.is_server_error() => Health::Bad,
        Ok(_) => Health::Good,
        Err(Trouble::Wire(WireError::Blocked(_) | WireError::Malformed(_))) => Health::Unknown,
        Err(Trouble::Wire(WireError::TooLarge)) => Health::Good,
        Err(Trouble::Wire(_)) => Health::Bad,
        Err(_) => Health::Unknown,
    }
}

/// Counts a connector's outcomes and opens when half of them are bad.
pub(crate) struct Breaker {
    gate: Arc<Gate>,
    window: Mutex<Window>,
}

struct Window {
    began: Instant,
    slots: [(u32, u32); SLOTS],
    current: usize,
    /// How long it stays open the next time.
    open_next: Duration,
}

impl Breaker {
    pub(crate) fn new() -> Self {
        Self { gate: Arc::new(Gate::new()), window: Mutex::new(Window::new(Instant::now())) }
    }

    /// How long it stays open, if it is.
    pub(crate) fn open_for(&self) -> Option<Duration> {
        self.gate.shut_for()
    }

    fn record(&self, health: Health, pass: Pass) {
        let now = Instant::now();
        match (health, pass.is_probe()) {
            // Dropping a probe's pass lets the next call probe.
            (Health::Unknown, _) => {}
            (Health::Good, true) => {
                *self.window() = Window::new(now);
                pass.open();
            }
            (Health::Bad, true) => {
                let open_for = self.window().open();
                self.gate.shut(now + open_for);
            }
            // What was on its way when the circuit opened says nothing new.
            (_, false) if !self.gate.is_open() => {}
            (health, false) => {
                let opened = {
                    let mut window = self.window();
                    window.count(now, health == Health::Bad);
                    window.is_bad().then(|| window.open())
                };
                if let Some(open_for) = opened {
                    self.gate.shut(now + open_for);
                }
            }
        }
    }

    fn window(&self) -> MutexGuard<'_, Window> {
        self.window.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Window {
    fn new(now: Instant) -> Self {
        Self { began: now, slots: [(0, 0); SLOTS], current: 0, open_next: OPEN_FIRST }
    }

    fn count(&mut self, now: Instant, bad: bool) {
        let passed = now.saturating_duration_since(self.began).as_secs() / SLOT.as_secs();
        let passed = u32::try_from(passed).unwrap_or(u32::MAX);
        if passed > 0 {
            for _ in 0..passed.min(SLOTS as u32) {
                self.current = (self.current + 1) % SLOTS;
                self.slots[self.current] = (0, 0);
            }
            self.began += SLOT * passed;
        }
        let (all, failed) = &mut self.slots[self.current];
        *all += 1;
        *failed += u32::from(bad);
    }

    fn is_bad(&self) -> bool {
        let (all, failed) =
            self.slots.iter().fold((0, 0), |(all, failed), slot| (all + slot.0, failed + slot.1));
        all >= SAMPLES_MIN && failed * 2 >= all
    }

    /// Forgets what was counted; each opening without a good probe between lasts twice as long.
    fn open(&mut self) -> Duration {
        self.slots = [(0, 0); SLOTS];
        let open_for = self.open_next;
        self.open_next = (open_for * 2).min(OPEN_MAX);
        open_for
    }
}

/// Turns calls back while the breaker is open.
#[derive(Clone)]
pub(crate) struct Circuit<S> {
    inner: S,
    breaker: Arc<Breaker>,
}

impl<S> Circuit<S> {
    pub(crate) fn new(inner: S, breaker: Arc<Breaker>) -> Self {
        Self { inner, breaker }
    }
}

impl<S> Service<Outgoing> for Circuit<S>
where
    S: Service<Outgoing, Response = Received, Error = Trouble> + Clone + Send + 'static,
    S::Future: Send + 'static,
{
    type Response = Received;
    type Error = Trouble;
    type Future = BoxFuture<'static, Result<Received, Trouble>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Trouble>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, outgoing: Outgoing) -> Self::Future {
        let waiting = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, waiting);
        let breaker = Arc::clone(&self.breaker);
        Box::pin(async move {
            // An open circuit is not waited for; a probe on its way is.
            let pass =
                breaker.gate.enter(Duration::ZERO, PATIENCE).await.map_err(|after| {
                    Trouble::Held { after, why: "too many recent calls failed" }
                })?;
            let result = inner.call(outgoing).await;
            breaker.record(health(&result), pass);
            result
        })
    }
}
