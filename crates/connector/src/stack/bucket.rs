//! The configured rate, shared by all calls of a connector.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use governor::clock::Clock;
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::Instant;

use crate::connector::Rate;

/// A token bucket with a line before it: first come, first served.
pub(crate) struct Bucket {
    limiter: RateLimiter<NotKeyed, InMemoryState, TokioClock, NoOpMiddleware<Duration>>,
    clock: TokioClock,
    /// Time between two tokens.
    interval: Duration,
    line: Mutex<()>,
    waiting: AtomicU32,
}

impl Bucket {
    pub(crate) fn new(rate: Rate) -> Self {
        let interval = (rate.per / rate.requests.get()).max(Duration::from_nanos(1));
        let clock = TokioClock { origin: Instant::now() };
        let quota = Quota::with_period(interval)
            .expect("an interval is at least a nanosecond")
            .allow_burst(rate.burst);
        let limiter = RateLimiter::direct_with_clock(quota, clock.clone());
        Self { limiter, clock, interval, line: Mutex::new(()), waiting: AtomicU32::new(0) }
    }

    /// Takes a token, or tells how long there will be none.
    pub(crate) fn take(&self) -> Result<(), Duration> {
        self.limiter.check().map_err(|not_until| {
            // Never nothing: a clock of limited precision would make its caller spin.
            not_until.wait_time_from(self.clock.now()).max(Duration::from_millis(1))
        })
    }

    /// Whether others wait already.
    pub(crate) fn has_line(&self) -> bool {
        self.waiting.load(Ordering::Acquire) > 0
    }

    /// Stands in line until the front is reached, unless that would take too long.
    ///
    /// An error tells how long it would take.
    pub(crate) async fn queue(&self, patience: Duration) -> Result<Front<'_>, Duration> {
        let ahead = self.waiting.fetch_add(1, Ordering::AcqRel);
        let place = Place(self);
        let estimate = self.interval.saturating_mul(ahead);
        if estimate > patience {
            return Err(estimate);
        }
        Ok(Front { _line: self.line.lock().await, _place: place })
    }
}

/// The front of the line, held while the next token is waited for.
pub(crate) struct Front<'a> {
    _line: MutexGuard<'a, ()>,
    _place: Place<'a>,
}

struct Place<'a>(&'a Bucket);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Governor's clock, on tokio's time, so that a paused clock pauses the bucket.
#[derive(Clone, Debug)]
struct TokioClock {
    origin: Instant,
}

impl Clock for TokioClock {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.origin.elapsed()
    }
}
