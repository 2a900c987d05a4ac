//! What goes wrong on purpose.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use serde_json::{Map, Value, json};

/// Longest pause a service can be told to make.
const LATENCY_MAX: Duration = Duration::from_secs(300);

/// What a service does wrong, until told otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Faults {
    /// So many of the next requests fail without effect.
    pub fail_next: u32,
    /// The status they fail with.
    pub fail_status: u16,
    /// Sent as `Retry-After` with that failure.
    pub retry_after: Option<Duration>,
    /// So many of the next answers are lost after the effect.
    pub lose_answers: u32,
    /// So many of the next requests are lost before any effect.
    pub lose_requests: u32,
    /// Pause before each request is looked at.
    pub latency: Duration,
    /// Each n-th request is answered 429; never when 0.
    pub limit_every: u32,
    /// Only requests with this method are hit.
    pub method: Option<String>,
    /// Only requests whose path contains this are hit.
    pub path: Option<String>,
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            fail_next: 0,
            fail_status: 503,
            retry_after: None,
            lose_answers: 0,
            lose_requests: 0,
            latency: Duration::ZERO,
            limit_every: 0,
            method: None,
            path: None,
        }
    }
}

/// Why faults sent over HTTP were refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaultError(String);

impl std::fmt::Display for FaultError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for FaultError {}

impl Faults {
    /// Reads faults from what `POST /_playground/faults` was sent.
    ///
    /// What is not mentioned is as in [`Faults::default`]: one request sets everything.
    pub fn from_json(value: &Value) -> Result<Self, FaultError> {
        let map = value.as_object().ok_or_else(|| FaultError("faults must be a map".to_owned()))?;
        let mut faults = Self::default();
        for (name, value) in map {
            match name.as_str() {
                "fail_next" => faults.fail_next = number(name, value)?,
                "fail_status" => faults.fail_status = status(name, value)?,
                "retry_after" => faults.retry_after = Some(seconds(name, value)?),
                "lose_answers" => faults.lose_answers = number(name, value)?,
                "lose_requests" => faults.lose_requests = number(name, value)?,
                "latency_ms" => faults.latency = latency(name, value)?,
                "limit_every" => faults.limit_every = number(name, value)?,
                "method" => faults.method = Some(text(name, value)?.to_ascii_uppercase()),
                "path" => faults.path = Some(text(name, value)?),
                _ => return Err(FaultError(format!("fault \"{name}\" is not known"))),
            }
        }
        Ok(faults)
    }

    /// The same faults as `GET /_playground/faults` shows them.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut map = Map::new();
        map.insert("fail_next".to_owned(), json!(self.fail_next));
        map.insert("fail_status".to_owned(), json!(self.fail_status));
        if let Some(after) = self.retry_after {
            map.insert("retry_after".to_owned(), json!(after.as_secs()));
        }
        map.insert("lose_answers".to_owned(), json!(self.lose_answers));
        map.insert("lose_requests".to_owned(), json!(self.lose_requests));
        let latency = u64::try_from(self.latency.as_millis()).unwrap_or(u64::MAX);
        map.insert("latency_ms".to_owned(), json!(latency));
        map.insert("limit_every".to_owned(), json!(self.limit_every));
        if let Some(method) = &self.method {
            map.insert("method".to_owned(), json!(method));
        }
        if let Some(path) = &self.path {
            map.insert("path".to_owned(), json!(path));
        }
        Value::Object(map)
    }
}

fn number(name: &str, value: &Value) -> Result<u32, FaultError> {
    value
        .as_u64()
        .and_then(|number| u32::try_from(number).ok())
        .ok_or_else(|| FaultError(format!("fault \"{name}\" must be a whole number")))
}

fn status(name: &str, value: &Value) -> Result<u16, FaultError> {
    value
        .as_u64()
        .and_then(|number| u16::try_from(number).ok())
        .filter(|status| (400..600).contains(status))
        .ok_or_else(|| FaultError(format!("fault \"{name}\" must be a status from 400 to 599")))
}

fn seconds(name: &str, value: &Value) -> Result<Duration, FaultError> {
    number(name, value).map(|seconds| Duration::from_secs(u64::from(seconds)))
}

fn latency(name: &str, value: &Value) -> Result<Duration, FaultError> {
    let latency = Duration::from_millis(u64::from(number(name, value)?));
    if latency > LATENCY_MAX {
        let most = LATENCY_MAX.as_millis();
        return Err(FaultError(format!("fault \"{name}\" must be {most} at most")));
    }
    Ok(latency)
}

fn text(name: &str, value: &Value) -> Result<String, FaultError> {
    value
        .as_str()
        .filter(|text| !text.is_empty() && text.len() <= 200)
        .map(str::to_owned)
        .ok_or_else(|| FaultError(format!("fault \"{name}\" must be a short text")))
}

/// What happens to one request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Fate {
    pub(crate) latency: Duration,
    pub(crate) limited: bool,
    pub(crate) fails: Option<(StatusCode, Option<Duration>)>,
    pub(crate) request_lost: bool,
    pub(crate) answer_lost: bool,
}

/// Hands out fates, request by request.
#[derive(Debug, Default)]
pub(crate) struct Fortune {
    faults: Faults,
    seen: u32,
}

impl Fortune {
    pub(crate) fn faults(&self) -> &Faults {
        &self.faults
    }

    pub(crate) fn set(&mut self, faults: Faults) {
        *self = Self { faults, seen: 0 };
    }

    /// Decides over the next request; one request suffers one fault at most.
    pub(crate) fn next(&mut self, method: &Method, path: &str) -> Fate {
        let faults = &mut self.faults;
        let meant = faults.method.as_deref().is_none_or(|meant| meant == method.as_str())
            && faults.path.as_deref().is_none_or(|meant| path.contains(meant));
        if !meant {
            return Fate::default();
        }
        self.seen = self.seen.wrapping_add(1);
        let mut fate = Fate { latency: faults.latency, ..Fate::default() };
        if faults.limit_every > 0 && self.seen.is_multiple_of(faults.limit_every) {
            fate.limited = true;
        } else if take(&mut faults.fail_next) {
            let status = StatusCode::from_u16(faults.fail_status);
            let status = status.unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
            fate.fails = Some((status, faults.retry_after));
        } else if take(&mut faults.lose_requests) {
            fate.request_lost = true;
        } else if take(&mut faults.lose_answers) {
            fate.answer_lost = true;
        }
        fate
    }
}

/// Takes one from a count, if any is left.
fn take(count: &mut u32) -> bool {
    let any = *count > 0;
    *count = count.saturating_sub(1);
    any
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_read_and_shown() {
        let sent = json!({
            "fail_next": 2, "fail_status": 500, "retry_after": 3, "lose_answers": 1, "lose_requests": 4,
            "latency_ms": 20, "limit_every": 5, "method": "POST", "path": "/Users",
        });
        assert_eq!(Faults::from_json(&sent).unwrap().to_json(), sent);
        assert_eq!(Faults::from_json(&json!({})).unwrap(), Faults::default());
    }

    #[test]
    fn wrong_faults_are_refused_by_name() {
        let check = |sent: Value, said: &str| {
            assert_eq!(Faults::from_json(&sent).unwrap_err().to_string(), said);
        };
        check(json!([]), "faults must be a map");
        check(json!({ "fial_next": 1 }), "fault \"fial_next\" is not known");
        check(json!({ "fail_next": -1 }), "fault \"fail_next\" must be a whole number");
        check(
            json!({ "fail_status": 200 }),
            "fault \"fail_status\" must be a status from 400 to 599",
        );
        check(json!({ "latency_ms": 300_001 }), "fault \"latency_ms\" must be 300000 at most");
        check(json!({ "path": "" }), "fault \"path\" must be a short text");
    }

    #[test]
    fn each_fault_hits_as_often_as_told() {
        let mut fortune = Fortune::default();
        fortune.set(Faults {
            fail_next: 1,
            lose_requests: 1,
            lose_answers: 1,
            ..Faults::default()
        });
        let mut next = || fortune.next(&Method::POST, "/a");
        assert_eq!(next().fails, Some((StatusCode::SERVICE_UNAVAILABLE, None)));
        assert!(next().request_lost);
        assert!(next().answer_lost);
        assert_eq!(next(), Fate::default());
    }

    #[test]
    fn every_nth_is_limited() {
        let mut fortune = Fortune::default();
        fortune.set(Faults { limit_every: 3, ..Faults::default() });
        let limited: Vec<bool> = (0..6).map(|_| fortune.next(&Method::GET, "/").limited).collect();
        assert_eq!(limited, [false, false, true, false, false, true]);
    }

    #[test]
    fn others_are_spared() {
        let mut fortune = Fortune::default();
        let faults =
            Faults::from_json(&json!({ "fail_next": 1, "method": "post", "path": "/Users" }));
        fortune.set(faults.unwrap());
        assert_eq!(fortune.next(&Method::GET, "/Users"), Fate::default());
        assert_eq!(fortune.next(&Method::POST, "/Groups"), Fate::default());
        assert!(fortune.next(&Method::POST, "/scim/v2/Users").fails.is_some());
    }
}
