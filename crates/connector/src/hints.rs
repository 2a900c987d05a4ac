//! What a service says about when to come back.
//!
//! Nobody agrees on one form, so values are read by their shape: an instant, seconds or
//! milliseconds since 1970, or a span. All functions are pure and accept any text.

use std::time::Duration;

use http::HeaderMap;
use jiff::{SignedDuration, Timestamp};

/// Longest wait that is believed; longer ones count as this.
const WAIT_MAX: Duration = Duration::from_hours(24);

/// Headers that tell when a quota is whole again.
const RESET: [&str; 5] = [
    "x-ratelimit-reset",
    "x-rate-limit-reset",
    "ratelimit-reset",
    "x-ratelimit-reset-after",
    "x-ratelimit-reset-requests",
];

/// Headers that tell how much of a quota is left.
const REMAINING: [&str; 4] = [
    "x-ratelimit-remaining",
    "x-rate-limit-remaining",
    "ratelimit-remaining",
    "x-ratelimit-remaining-requests",
];

/// What the headers of one response advise.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Advice {
    /// `Retry-After`, as a span.
    pub(crate) retry_after: Option<Duration>,
    /// The quota is used up.
    pub(crate) exhausted: bool,
    /// When the quota is whole again, as a span.
    pub(crate) reset: Option<Duration>,
}

impl Advice {
    /// How long a caller who got this status should wait, if the service said.
    ///
    /// Many services tell with every answer when their quota is whole again; that is a reason
    /// to wait only for whom the quota has refused.
    pub(crate) fn wait(&self, status: u16) -> Option<Duration> {
        let refused = self.exhausted || status == 429;
        self.retry_after.or_else(|| self.reset.filter(|_| refused))
    }

    /// How long everybody should wait although this call went well.
    pub(crate) fn pause(&self) -> Option<Duration> {
        self.reset.filter(|_| self.exhausted)
    }
}

/// Reads the advice in a response's headers.
///
/// Instants are measured against the response's own `Date`: two clocks that disagree
/// would otherwise turn a minute into nothing, or into an hour.
pub(crate) fn advice(headers: &HeaderMap, now: Timestamp) -> Advice {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let now = text("date").and_then(http_date).unwrap_or(now);
    let mut advice = Advice {
        retry_after: text("retry-after").and_then(|value| retry_after(value, now)),
        exhausted: REMAINING.iter().any(|name| text(name).is_some_and(is_zero)),
        reset: RESET.iter().find_map(|name| text(name).and_then(|value| reset(value, now))),
    };
    if let Some(limit) = text("ratelimit") {
        let quota = rate_limit(limit, text("ratelimit-policy"));
        advice.exhausted |= quota.exhausted;
        advice.reset = quota.reset.or(advice.reset);
    }
    advice
}

/// Reads `Retry-After`: seconds, or an HTTP date.
///
/// `now` should be the response's own `Date` where it has one.
#[must_use]
pub fn retry_after(value: &str, now: Timestamp) -> Option<Duration> {
    let value = value.trim();
    if let Some(instant) = http_date(value).or_else(|| value.parse().ok()) {
        return Some(until(instant, now));
    }
    number(value).map(span)
}

/// Reads a vendor's reset header by its shape.
///
/// An RFC 3339 or HTTP date is an instant; from 10¹² on a number is milliseconds, from
/// 10⁹ on seconds since 1970; anything smaller is a span in seconds.
#[must_use]
pub fn reset(value: &str, now: Timestamp) -> Option<Duration> {
    let value = value.trim();
    if let Some(number) = number(value) {
        return Some(if number >= 1e12 {
            until(instant(number / 1e3)?, now)
        } else if number >= 1e9 {
            until(instant(number)?, now)
        } else {
            span(number)
        });
    }
    if let Some(instant) = http_date(value).or_else(|| value.parse().ok()).or_else(|| minute(value))
    {
        return Some(until(instant, now));
    }
    tenure_language::parse_duration(value).ok().map(|wait| wait.min(WAIT_MAX))
}

#[derive(Default)]
struct Quota {
    exhausted: bool,
    reset: Option<Duration>,
}

/// Reads `RateLimit` with `RateLimit-Policy`: draft 11, and the older `remaining=0, reset=30`.
fn rate_limit(limit: &str, policy: Option<&str>) -> Quota {
    let mut quota = Quota::default();
    let mut older = (false, None);
    for item in limit.split(',').take(16) {
        let mut parts = item.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default();
        match name.split_once('=').map(|(key, value)| (key.trim(), value.trim())) {
            Some(("remaining", value)) => older.0 = is_zero(value),
            Some(("reset", value)) => older.1 = number(value).map(span),
            _ => {}
        }
        let (remaining, reset) = (parameter(item, "r"), parameter(item, "t"));
        if remaining.is_some_and(is_zero) {
            quota.exhausted = true;
            // Without `t` the whole window is the most that can be meant.
            let reset = reset.or_else(|| {
                let same = |item: &&str| item.split(';').next().is_some_and(|it| it.trim() == name);
                policy?.split(',').take(16).find(same).and_then(|item| parameter(item, "w"))
            });
            quota.reset = quota.reset.max(reset.and_then(number).map(span));
        }
    }
    if older.0 {
        quota = Quota { exhausted: true, reset: quota.reset.max(older.1) };
    }
    quota
}

fn parameter<'a>(item: &'a str, name: &str) -> Option<&'a str> {
    item.split(';').skip(1).find_map(|part| {
        let (key, value) = part.split_once('=')?;
        (key.trim() == name).then(|| value.trim())
    })
}

fn is_zero(value: &str) -> bool {
    number(value.trim()).is_some_and(|number| number <= 0.0)
}

/// A plain decimal number; nothing that `f64` reads besides, like `inf` or `1e9`.
fn number(value: &str) -> Option<f64> {
    let plain = !value.is_empty()
        && value.len() <= 20
        && value.starts_with(|first: char| first.is_ascii_digit())
        && value.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    plain.then(|| value.parse().ok()).flatten()
}

fn span(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds.clamp(0.0, WAIT_MAX.as_secs_f64()))
}

fn until(instant: Timestamp, now: Timestamp) -> Duration {
    let wait = instant.duration_since(now).max(SignedDuration::ZERO);
    wait.unsigned_abs().min(WAIT_MAX)
}

fn instant(seconds: f64) -> Option<Timestamp> {
    // A number of at most twenty digits fits; jiff refuses what lies beyond its range.
    Timestamp::from_second(seconds as i64).ok()
}

fn http_date(value: &str) -> Option<Timestamp> {
    Timestamp::try_from(httpdate::parse_http_date(value).ok()?).ok()
}

/// ISO 8601 with minutes only (`2026-05-01T10:00Z`), as Jira sends it.
fn minute(value: &str) -> Option<Timestamp> {
    let (minute, zone) = value.split_at_checked(16)?;
    format!("{minute}:00{zone}").parse().ok()
}

#[cfg(test)]
mod tests;
