//! How hard and how often a service is pressed.

use std::num::NonZeroU32;
use std::time::Duration;

use tenure_language::{Pointer, Segment};

use super::Checker;
use crate::connector::{Rate, RateLimit, RetrySettings};
use crate::source::{RateLimitSource, RetrySource};

const REQUESTS_MAX: u32 = 1_000_000;
const CONCURRENCY_MAX: u32 = 10_000;
const ATTEMPTS_MAX: u32 = 50;
const PER_MAX: Duration = Duration::from_hours(24);
const DELAY_MAX: Duration = Duration::from_hours(24);

impl Checker<'_> {
    pub(super) fn rate_limit(
        &mut self,
        at: &Pointer,
        source: Option<&RateLimitSource>,
    ) -> Option<RateLimit> {
        let defaults = RateLimit::default();
        let Some(source) = source else { return Some(defaults) };
        let requests = self.count(&at.key("requests"), source.requests, REQUESTS_MAX);
        let burst = self.count(&at.key("burst"), source.burst, REQUESTS_MAX);
        let concurrency = self.count(&at.key("concurrency"), source.concurrency, CONCURRENCY_MAX);
        let per = source
            .per
            .as_ref()
            .map(|per| self.duration(&at.key("per"), per, Duration::from_millis(1), PER_MAX));
        let (requests, burst, concurrency) = (requests?, burst?, concurrency?);
        let rate = match (requests, per) {
            (Some(requests), Some(per)) => {
                // A tenth at once: enough not to wait for every one, far from the whole.
                let tenth = NonZeroU32::new(requests.get() / 10).unwrap_or(NonZeroU32::MIN);
                Some(Rate { requests, per: per?, burst: burst.unwrap_or(tenth) })
            }
            (Some(_), None) => {
                self.missing(&at.key("per"), "per", "the span they are counted in, such as 1m");
                return None;
            }
            (None, Some(_)) => {
                self.missing(&at.key("requests"), "requests", "so many are sent in that span");
                return None;
            }
            (None, None) if burst.is_some() => {
                let hint = "write `requests: 80, per: 1m` beside it, or leave it out";
                self.error("rate-limit", &at.key("burst"), "a burst needs a rate", hint);
                return None;
            }
            (None, None) => None,
        };
        if let Some(rate) = rate.filter(|rate| rate.burst > rate.requests) {
            let message =
                format!("a burst is no larger than the {} requests of its span", rate.requests);
            self.error("rate-limit", &at.key("burst"), &message, "lower it");
            return None;
        }
        Some(RateLimit { rate, concurrency: concurrency.unwrap_or(defaults.concurrency) })
    }

    pub(super) fn retry(
        &mut self,
        at: &Pointer,
        source: Option<&RetrySource>,
    ) -> Option<RetrySettings> {
        let defaults = RetrySettings::default();
        let Some(source) = source else { return Some(defaults) };
        let attempts = self.count(&at.key("max_attempts"), source.max_attempts, ATTEMPTS_MAX);
        let mut delay = |key: &str, value: &Option<serde_json::Value>| match value {
            Some(value) => {
                self.duration(&at.key(key), value, Duration::from_millis(1), DELAY_MAX).map(Some)
            }
            None => Some(None),
        };
        let initial = delay("initial_delay", &source.initial_delay);
        let max = delay("max_delay", &source.max_delay);
        let (attempts, initial, max) = (attempts?, initial?, max?);
        if let (Some(initial), Some(max)) = (initial, max)
            && initial > max
        {
            let message = "the first pause is longer than the longest";
            self.error("retry", &at.key("initial_delay"), message, "raise `max_delay`");
            return None;
        }
        let initial_delay = initial.unwrap_or(defaults.initial_delay);
        Some(RetrySettings {
            max_attempts: attempts.unwrap_or(defaults.max_attempts),
            initial_delay: max.map_or(initial_delay, |max| initial_delay.min(max)),
            max_delay: max.unwrap_or(defaults.max_delay.max(initial_delay)),
            unsafe_writes: false,
        })
    }

    #[expect(clippy::option_option, reason = "the outer one says whether it is sound")]
    fn count(&mut self, at: &Pointer, value: Option<u64>, max: u32) -> Option<Option<NonZeroU32>> {
        let Some(value) = value else { return Some(None) };
        let count = u32::try_from(value).ok().filter(|count| *count <= max);
        if let Some(count) = count.and_then(NonZeroU32::new) {
            return Some(Some(count));
        }
        let hint = match at.segments().last() {
            _ if value > 0 => "lower it",
            Some(Segment::Key(key)) if key == "max_attempts" => {
                "the first attempt counts: 1 means no retry"
            }
            _ => "to switch a connector off, write `enabled: false`",
        };
        self.error("bound", at, &format!("a number from 1 to {max} is expected"), hint);
        None
    }
}
