//! Whether there is another attempt, and when.

use std::sync::Arc;
use std::time::{Duration, Instant};

use backoff::backoff::Backoff as _;
use backoff::exponential::ExponentialBackoff;
use tokio::time::Sleep;
use tower::retry::Policy;
use tower::retry::budget::{Budget as _, TpsBudget};

use super::PATIENCE;
use super::order::{Outgoing, Received, Trouble};
use crate::connector::RetrySettings;
use crate::judge::Verdict;
use crate::surroundings::Surroundings;

/// Least wait when a quota is used up and nobody says until when.
const EXHAUSTED: Duration = Duration::from_secs(60);

/// Pause when too many of a connector's calls are repeats already.
const OVERSPENT: Duration = Duration::from_secs(30);

/// Retries that calls may cause of their own accord.
///
/// One a second and a fifth of all calls over ten seconds: a service in trouble is not
/// buried under repeats. What a service itself asked to see again is free.
pub(crate) struct Budget(TpsBudget);

impl Default for Budget {
    fn default() -> Self {
        Self(TpsBudget::new(Duration::from_secs(10), 1, 0.2))
    }
}

/// The retry policy of one connector.
#[derive(Clone)]
pub(crate) struct Patience {
    budget: Arc<Budget>,
    surroundings: Arc<Surroundings>,
}

/// What follows an attempt.
enum Next {
    /// Nothing: this is the end.
    End,
    /// Another attempt after this pause.
    Again(Duration),
    /// Another attempt, but later than anyone should wait in memory.
    Later(Duration),
}

impl Patience {
    pub(crate) fn new(budget: Arc<Budget>, surroundings: Arc<Surroundings>) -> Self {
        Self { budget, surroundings }
    }

    fn next(&self, outgoing: &Outgoing, result: &Result<Received, Trouble>) -> Next {
        let order = &outgoing.order;
        let made = order.attempts_before + outgoing.number;
        if outgoing.number == 1 {
            self.budget.0.deposit();
        }
        order.learn(result);
        if order.verdict(result) != Some(Verdict::Repeat) || made >= order.retry.max_attempts.get()
        {
            return Next::End;
        }
        let advised = match result {
            Ok(received) => {
                let advice = &received.advice;
                let wait = advice.wait(received.reply.status.as_u16());
                wait.or_else(|| advice.exhausted.then_some(EXHAUSTED))
            }
            Err(_) => None,
        };
        let ceiling = ceiling(&order.retry, made);
        let pause = match advised {
            // Jitter only ever lengthens what a service asked for.
            Some(wait) => wait + self.surroundings.jitter(ceiling.min(wait / 10)),
            None if self.budget.0.withdraw() => self.surroundings.jitter(ceiling),
            None => return Next::Later(OVERSPENT + self.surroundings.jitter(ceiling)),
        };
        if pause > PATIENCE {
            return Next::Later(pause);
        }
        let in_time =
            order.deadline.is_none_or(|deadline| tokio::time::Instant::now() + pause < deadline);
        if in_time { Next::Again(pause) } else { Next::End }
    }
}

impl Policy<Outgoing, Received, Trouble> for Patience {
    type Future = Sleep;

    fn retry(
        &mut self,
        outgoing: &mut Outgoing,
        result: &mut Result<Received, Trouble>,
    ) -> Option<Sleep> {
        match self.next(outgoing, result) {
            Next::End => None,
            Next::Again(pause) => {
                outgoing.order.journey.resting(pause);
                outgoing.number += 1;
                Some(tokio::time::sleep(pause))
            }
            Next::Later(after) => {
                outgoing.order.journey.resting(after);
                let last = std::mem::replace(result, Err(Trouble::Overdue));
                *result = Err(Trouble::Paused { after, last: Box::new(last) });
                None
            }
        }
    }

    fn clone_request(&mut self, outgoing: &Outgoing) -> Option<Outgoing> {
        Some(outgoing.clone())
    }
}

/// Longest pause after so many attempts: doubled each time, and bounded.
pub(crate) fn ceiling(settings: &RetrySettings, made: u32) -> Duration {
    let mut formula = ExponentialBackoff {
        current_interval: settings.initial_delay,
        initial_interval: settings.initial_delay,
        // The chance in it cannot be seeded, so it is left out here and drawn outside.
        randomization_factor: 0.0,
        multiplier: 2.0,
        max_interval: settings.max_delay.max(settings.initial_delay),
        max_elapsed_time: None,
        start_time: TokioTime.start(),
        clock: TokioTime,
    };
    let mut pause = settings.initial_delay;
    // Past forty doublings every bound is reached.
    for _ in 0..made.clamp(1, 40) {
        pause = formula.next_backoff().unwrap_or(settings.max_delay);
    }
    pause.min(settings.max_delay)
}

/// The backoff crate's clock, on tokio's time.
struct TokioTime;

impl TokioTime {
    fn start(&self) -> Instant {
        tokio::time::Instant::now().into_std()
    }
}

impl backoff::Clock for TokioTime {
    fn now(&self) -> Instant {
        self.start()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ceiling_doubles_up_to_its_bound() {
        let settings = RetrySettings {
            initial_delay: Duration::from_millis(500),
            max_delay: Duration::from_secs(3),
            ..RetrySettings::default()
        };
        let ceilings: Vec<u64> = [1, 2, 3, 4, 5, 1000]
            .into_iter()
            .map(|made| u64::try_from(ceiling(&settings, made).as_millis()).unwrap())
            .collect();
        assert_eq!(ceilings, [500, 1000, 2000, 3000, 3000, 3000]);
    }

    #[test]
    fn a_bound_below_the_first_pause_wins() {
        let settings = RetrySettings {
            initial_delay: Duration::from_secs(5),
            max_delay: Duration::from_secs(1),
            ..RetrySettings::default()
        };
        assert_eq!(ceiling(&settings, 1), Duration::from_secs(1));
    }
}
