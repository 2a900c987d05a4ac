//! What every client is given from outside: rules, clock, chance, network.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use rand::rngs::SmallRng;
use rand::{Rng as _, SeedableRng as _};
use tracing::Span;

use crate::connector::Connector;
use crate::egress::Egress;
use crate::transport::{Network, Transport};

/// Tells the wall-clock time.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Makes the `traceparent` of an attempt from the attempt's span.
pub type Injector = Arc<dyn Fn(&Span) -> Option<String> + Send + Sync>;

type Dial = Arc<dyn Fn(&Connector) -> Arc<dyn Transport> + Send + Sync>;

/// What the clients of a registry share with the program around them.
pub struct Surroundings {
    egress: Egress,
    clock: Clock,
    injector: Option<Injector>,
    chance: Mutex<SmallRng>,
    dial: Option<Dial>,
}

impl Surroundings {
    /// The real network within the operator's rules, the system's clock, honest chance.
    #[must_use]
    pub fn new(egress: Egress) -> Self {
        Self {
            egress,
            clock: Arc::new(Timestamp::now),
            injector: None,
            chance: Mutex::new(SmallRng::from_os_rng()),
            dial: None,
        }
    }

    /// Reads time from this clock.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Sends the `traceparent` that this makes of each attempt's span.
    #[must_use]
    pub fn injector(mut self, injector: Injector) -> Self {
        self.injector = Some(injector);
        self
    }

    /// Draws the same jitter every time.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.chance = Mutex::new(SmallRng::seed_from_u64(seed));
        self
    }

    /// Puts something else in the network's place, for tests and simulations.
    #[must_use]
    pub fn transport(
        mut self,
        dial: impl Fn(&Connector) -> Arc<dyn Transport> + Send + Sync + 'static,
    ) -> Self {
        self.dial = Some(Arc::new(dial));
        self
    }

    pub(crate) fn now(&self) -> Timestamp {
        (self.clock)()
    }

    pub(crate) fn traceparent(&self, span: &Span) -> Option<String> {
        self.injector.as_ref().and_then(|inject| inject(span))
    }

    pub(crate) fn dial(&self, connector: &Connector) -> Arc<dyn Transport> {
        match &self.dial {
            Some(dial) => dial(connector),
            None => Arc::new(Network::new(self.egress.clone(), connector.timeout)),
        }
    }

    /// Draws a span between nothing and `ceiling`.
    pub(crate) fn jitter(&self, ceiling: Duration) -> Duration {
        let share = self.chance.lock().unwrap_or_else(PoisonError::into_inner).random::<f64>();
        ceiling.mul_f64(share)
    }
}

impl fmt::Debug for Surroundings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Surroundings").field("egress", &self.egress).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jitter_is_spread_over_all_of_its_span() {
        let surroundings = Surroundings::new(Egress::default()).seed(1);
        let second = Duration::from_secs(1);
        let drawn: Vec<Duration> = (0..1000).map(|_| surroundings.jitter(second)).collect();
        assert!(drawn.iter().all(|it| *it <= second));
        assert!(drawn.iter().any(|it| *it < second / 20), "nothing near its begin");
        assert!(drawn.iter().any(|it| *it > second * 19 / 20), "nothing near its end");
        let same = Surroundings::new(Egress::default()).seed(1);
        assert_eq!(same.jitter(second), drawn[0]);
    }
}
