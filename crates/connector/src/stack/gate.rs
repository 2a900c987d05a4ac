//! A pause all calls obey, with one probe at its end.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until, timeout_at};

/// Wait proposed to calls that found a probe still on its way.
const PROBE_WAIT: Duration = Duration::from_secs(5);

/// Lets calls through, or none until an instant, then one to see.
pub(crate) struct Gate {
    state: Mutex<State>,
    /// Whether the state is `Open`, readable without the lock.
    open: AtomicBool,
    changed: Notify,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Open,
    Shut { until: Instant },
    Probing,
}

impl Gate {
    pub(crate) fn new() -> Self {
        Self { state: Mutex::new(State::Open), open: AtomicBool::new(true), changed: Notify::new() }
    }

    /// Waits to be let through, no longer than said for a pause and for a probe.
    ///
    /// An error tells how long it would take.
    pub(crate) async fn enter(
        self: &Arc<Self>,
        pause_max: Duration,
        probe_max: Duration,
    ) -> Result<Pass, Duration> {
        if self.is_open() {
            return Ok(Pass { gate: Arc::clone(self), probe: false });
        }
        let arrived = Instant::now();
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            // Registered before looking, so that no change is missed in between.
            changed.as_mut().enable();
            match self.step() {
                Step::Through { probe } => return Ok(Pass { gate: Arc::clone(self), probe }),
                Step::Until(until) if until > arrived + pause_max => {
                    return Err(until.saturating_duration_since(Instant::now()));
                }
                Step::Until(until) => {
                    tokio::select! {
                        () = sleep_until(until) => {}
                        () = changed => {}
                    }
                }
                Step::Probing => {
                    let patience = arrived + probe_max;
                    if timeout_at(patience, changed).await.is_err() {
                        return Err(PROBE_WAIT);
                    }
                }
            }
        }
    }

    /// Shuts until an instant; a later one that is already set stays.
    pub(crate) fn shut(&self, until: Instant) {
        self.change(|state| match state {
            State::Shut { until: set } if set > until => state,
            _ => State::Shut { until },
        });
    }

    /// Whether everybody is let through.
    pub(crate) fn is_open(&self) -> bool {
        self.open.load(Ordering::Acquire)
    }

    /// How long it stays shut, if it is.
    pub(crate) fn shut_for(&self) -> Option<Duration> {
        if self.is_open() {
            return None;
        }
        match *self.lock() {
            State::Shut { until } => Some(until.saturating_duration_since(Instant::now())),
            State::Open | State::Probing => None,
        }
    }

    fn step(&self) -> Step {
        let mut state = self.lock();
        match *state {
            State::Open => Step::Through { probe: false },
            State::Shut { until } if until > Instant::now() => Step::Until(until),
            State::Shut { .. } => {
                *state = State::Probing;
                Step::Through { probe: true }
            }
            State::Probing => Step::Probing,
        }
    }

    fn change(&self, to: impl FnOnce(State) -> State) {
        {
            let mut state = self.lock();
            *state = to(*state);
            self.open.store(*state == State::Open, Ordering::Release);
        }
        self.changed.notify_waiters();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

enum Step {
    Through { probe: bool },
    Until(Instant),
    Probing,
}

/// Leave to pass; a probe's decides for all who wait.
pub(crate) struct Pass {
    gate: Arc<Gate>,
    probe: bool,
}

impl Pass {
    pub(crate) fn is_probe(&self) -> bool {
        self.probe
    }

    /// The probe came through: the gate opens.
    pub(crate) fn open(mut self) {
        if std::mem::take(&mut self.probe) {
            // A pause that was set while the probe was on its way stays.
            self.gate.change(|state| if state == State::Probing { State::Open } else { state });
        }
    }
}

impl Drop for Pass {
    /// A probe that came to nothing leaves the place to the next.
    fn drop(&mut self) {
        if self.probe {
            let now = Instant::now();
            self.gate.change(|state| {
                if state == State::Probing { State::Shut { until: now } } else { state }
            });
        }
    }
}
