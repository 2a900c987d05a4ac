//! How many requests a service takes in a while.

use std::time::Duration;

use tokio::time::Instant;

/// So many requests in each window of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// Requests answered in one window.
    pub requests: u32,
    /// Length of a window; it opens with its first request.
    pub per: Duration,
}

/// Counts requests against a limit.
#[derive(Debug)]
pub(crate) struct Counter {
    limit: Limit,
    opened: Option<Instant>,
    taken: u32,
}

impl Counter {
    pub(crate) fn new(limit: Limit) -> Self {
        Self { limit, opened: None, taken: 0 }
    }

    /// Takes one request, or says how long the window stays full.
    pub(crate) fn take(&mut self, now: Instant) -> Result<(), Duration> {
        let closes = self.opened.map(|opened| opened + self.limit.per);
        match closes {
            Some(closes) if now < closes => {
                if self.taken >= self.limit.requests {
                    return Err(closes - now);
                }
                self.taken += 1;
            }
            _ => {
                if self.limit.requests == 0 {
                    return Err(self.limit.per);
                }
                self.opened = Some(now);
                self.taken = 1;
            }
        }
        Ok(())
    }
}

/// Whole seconds for `Retry-After`, never too few.
pub(crate) fn whole_seconds(wait: Duration) -> u64 {
    let seconds = wait.as_secs();
    let rounded = if wait.subsec_nanos() > 0 { seconds.saturating_add(1) } else { seconds };
    rounded.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_fills_and_opens_again() {
        let mut counter = Counter::new(Limit { requests: 2, per: Duration::from_secs(2) });
        let start = Instant::now();
        let after = |millis| start + Duration::from_millis(millis);
        assert_eq!(counter.take(start), Ok(()));
        assert_eq!(counter.take(after(500)), Ok(()));
        assert_eq!(counter.take(after(600)), Err(Duration::from_millis(1400)));
        assert_eq!(counter.take(after(2000)), Ok(()));
        assert_eq!(counter.take(after(2000)), Ok(()));
        assert_eq!(counter.take(after(3999)), Err(Duration::from_millis(1)));
    }

    #[test]
    fn a_limit_of_none_lets_nothing_in() {
        let mut counter = Counter::new(Limit { requests: 0, per: Duration::from_secs(1) });
        assert_eq!(counter.take(Instant::now()), Err(Duration::from_secs(1)));
    }

    #[test]
    fn seconds_are_rounded_up() {
        assert_eq!(whole_seconds(Duration::from_millis(1)), 1);
        assert_eq!(whole_seconds(Duration::from_millis(1400)), 2);
        assert_eq!(whole_seconds(Duration::from_secs(3)), 3);
        assert_eq!(whole_seconds(Duration::ZERO), 1);
    }
}
