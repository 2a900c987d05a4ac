//! An attempt's turn: gate, bucket, concurrency.

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::time::{Instant, sleep, timeout};
use tower::Service;

use super::PATIENCE;
use super::bucket::Bucket;
use super::circuit::Breaker;
use super::concurrency::{Concurrency, Permit};
use super::gate::{Gate, Pass};
use super::order::{Outgoing, Received, Trouble};
use crate::surroundings::Surroundings;
use crate::transport::WireError;

/// What all attempts of a connector wait for.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) breaker: Arc<Breaker>,
    pub(crate) gate: Arc<Gate>,
    pub(crate) bucket: Option<Arc<Bucket>>,
    pub(crate) concurrency: Arc<Concurrency>,
    pub(crate) surroundings: Arc<Surroundings>,
}

struct Turn {
    pass: Pass,
    permit: Permit,
}

impl Shared {
    /// Waits for a turn. No place in flight is held while anything sleeps.
    async fn turn(&self) -> Result<Turn, Trouble> {
        let arrived = Instant::now();
        loop {
            let patience = PATIENCE.saturating_sub(arrived.elapsed());
            let pass = self
                .gate
                .enter(patience, patience)
                .await
                .map_err(|after| Trouble::Held { after, why: "the service asked for a pause" })?;
            let permit = self.place(patience).await?;
            // Much can happen in a queue: look again before anything is sent.
            if let Some(after) = self.breaker.open_for() {
                return Err(Trouble::Held { after, why: "too many recent calls failed" });
            }
            if pass.is_probe() || self.gate.is_open() {
                return Ok(Turn { pass, permit });
            }
        }
    }

    async fn place(&self, patience: Duration) -> Result<Permit, Trouble> {
        let queued = async {
            let Some(bucket) = &self.bucket else { return Ok(self.concurrency.acquire().await) };
            if !bucket.has_line() {
                let permit = self.concurrency.try_acquire();
                if let Some(permit) = permit.filter(|_| bucket.take().is_ok()) {
                    return Ok(permit);
                }
            }
            let _front = bucket.queue(patience).await?;
            loop {
                let permit = self.concurrency.acquire().await;
                let Err(wait) = bucket.take() else { return Ok(permit) };
                drop(permit);
                if wait > patience {
                    return Err(wait);
                }
                sleep(wait).await;
            }
        };
        // Most find a place at once; only the others need a timer.
        match timeout(patience, queued).await {
            Ok(Ok(permit)) => Ok(permit),
            Ok(Err(after)) => Err(Trouble::Held { after, why: "the rate limit is reached" }),
            Err(_) => {
                Err(Trouble::Held { after: PATIENCE, why: "too many requests are in flight" })
            }
        }
    }

    /// Lets the outcome of one attempt steer the turns of all.
    fn learn(&self, result: &Result<Received, Trouble>, turn: Turn) {
        let Turn { pass, permit } = turn;
        let jitter = |wait: Duration| {
            wait + self.surroundings.jitter((wait / 20).min(Duration::from_secs(1)))
        };
        match result {
            Ok(received) => {
                let status = received.reply.status.as_u16();
                let told_off =
                    matches!(status, 429 | 503) || (status == 403 && received.advice.exhausted);
                let pause =
                    if told_off { received.advice.wait(status) } else { received.advice.pause() };
                if told_off {
                    permit.setback();
                } else {
                    permit.clean();
                }
                match pause {
                    Some(pause) if !pause.is_zero() => {
                        self.gate.shut(Instant::now() + jitter(pause));
                    }
                    // Told off without a hint: the next one probes.
                    _ if told_off => drop(pass),
                    _ => pass.open(),
                }
            }
            Err(Trouble::Wire(WireError::TimedOut)) => {
                permit.setback();
                pass.open();
            }
            // The pause was about the rate; whatever this was, it was not that.
            Err(_) => pass.open(),
        }
    }
}

/// Lets each attempt wait for its turn.
#[derive(Clone)]
pub(crate) struct Limit<S> {
    inner: S,
    shared: Shared,
}

impl<S> Limit<S> {
    pub(crate) fn new(inner: S, shared: Shared) -> Self {
        Self { inner, shared }
    }
}

impl<S> Service<Outgoing> for Limit<S>
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
        let shared = self.shared.clone();
        Box::pin(async move {
            let turn = shared.turn().await?;
            let result = inner.call(outgoing).await;
            shared.learn(&result, turn);
            result
        })
    }
}
