//! What passes through the layers.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use jiff::Timestamp;
use tenure_language::{Expect, Method};
use tokio::time::Instant;
use url::Url;

use crate::call::Attempt;
use crate::connector::RetrySettings;
use crate::hints::Advice;
use crate::judge::{Outcome, Repeats, Trace, Verdict, judge, trace};
use crate::transport::{Reply, WireError};

/// One attempt on its way down. Copies share everything that is large.
#[derive(Clone)]
pub(crate) struct Outgoing {
    pub(crate) order: Arc<Order>,
    /// Counts from 1 within this call.
    pub(crate) number: u32,
    /// Set by the attempt's own layer.
    pub(crate) traceparent: Option<HeaderValue>,
}

/// What is the same for all attempts of one call.
pub(crate) struct Order {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) expect: Expect,
    pub(crate) retry: RetrySettings,
    pub(crate) repeats: Repeats,
    pub(crate) deadline: Option<Instant>,
    pub(crate) attempts_before: u32,
    pub(crate) traceparent: Option<HeaderValue>,
    pub(crate) journey: Journey,
}

impl Order {
    /// Whether this is what was hoped for.
    pub(crate) fn accepts(&self, received: &Received) -> bool {
        self.expect.accepts(received.reply.status.as_u16())
    }

    /// What the end of an attempt means; `None`: it succeeded, or was never made.
    pub(crate) fn verdict(&self, result: &Result<Received, Trouble>) -> Option<Verdict> {
        Some(judge(self.method, self.outcome(result)?, self.repeats))
    }

    /// Keeps in mind what the end of an attempt tells about the write.
    pub(crate) fn learn(&self, result: &Result<Received, Trouble>) {
        if let Some(outcome) = self.outcome(result) {
            self.journey.learn(trace(self.method, outcome, self.repeats));
        }
    }

    fn outcome(&self, result: &Result<Received, Trouble>) -> Option<Outcome> {
        match result {
            Ok(received) if self.accepts(received) => None,
            Ok(received) => Some(received.outcome()),
            Err(trouble) => trouble.outcome(),
        }
    }
}

/// A reply, with what its headers advise.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    pub(crate) reply: Reply,
    pub(crate) advice: Advice,
    /// It was reached through a redirect that says the write has been done.
    pub(crate) write_done: bool,
}

impl Received {
    fn outcome(&self) -> Outcome {
        if self.write_done {
            return Outcome::Interrupted;
        }
        let Advice { retry_after, exhausted, .. } = self.advice;
        Outcome::Status {
            code: self.reply.status.as_u16(),
            asked_to_wait: retry_after.is_some() || exhausted,
        }
    }
}

/// Why an attempt, or a call, has no reply.
#[derive(Debug, Clone)]
pub(crate) enum Trouble {
    /// The network's word.
    Wire(WireError),
    /// A rule of ours.
    Refused(String),
    /// A rule of ours, which keeps us from the answer to what has been done.
    Lost(String),
    /// Its turn is too far off; nothing was sent.
    Held { after: Duration, why: &'static str },
    /// The next attempt is too far off; this is how the last one ended.
    Paused { after: Duration, last: Box<Result<Received, Trouble>> },
    /// The deadline came while nothing was in flight.
    Overdue,
}

impl Trouble {
    fn outcome(&self) -> Option<Outcome> {
        match self {
            Self::Wire(error) => Some(match error {
                WireError::NeverSent(_) => Outcome::NeverSent,
                WireError::Interrupted(_) | WireError::TimedOut => Outcome::Interrupted,
                WireError::Certificate(_) => Outcome::Certificate,
                WireError::Blocked(_) | WireError::Malformed(_) => Outcome::Refused,
                // Only replies are: what goes out is measured before.
                WireError::TooLarge => Outcome::Unreadable,
            }),
            Self::Refused(_) => Some(Outcome::Refused),
            Self::Lost(_) => Some(Outcome::Unreadable),
            Self::Held { .. } | Self::Paused { .. } | Self::Overdue => None,
        }
    }
}

impl std::fmt::Display for Trouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Wire(error) => error.fmt(f),
            Self::Refused(why) | Self::Lost(why) => f.write_str(why),
            Self::Held { why, .. } => f.write_str(why),
            Self::Paused { .. } => f.write_str("paused"),
            Self::Overdue => f.write_str("deadline"),
        }
    }
}

impl From<WireError> for Trouble {
    fn from(error: WireError) -> Self {
        Self::Wire(error)
    }
}

/// The attempts of one call, written down as they happen.
///
/// It is shared, so that what has been done is known even when a deadline cuts a call off.
#[derive(Default)]
pub(crate) struct Journey(Mutex<Log>);

#[derive(Default)]
struct Log {
    attempts: Vec<Attempt>,
    /// Number and start of the attempt in flight.
    open: Option<(u32, Timestamp, Instant)>,
    /// The write may have happened, by what is known of all attempts together.
    in_doubt: bool,
}

impl Journey {
    /// Goes on after attempts of an earlier call that may have been carried out, or not.
    pub(crate) fn after(in_doubt: bool) -> Self {
        Self(Mutex::new(Log { in_doubt, ..Log::default() }))
    }

    pub(crate) fn begin(&self, number: u32, at: Timestamp) {
        self.log().open = Some((number, at, Instant::now()));
    }

    pub(crate) fn end(&self, status: Option<u16>, outcome: String) {
        let mut log = self.log();
        let Some((number, started_at, since)) = log.open.take() else { return };
        let duration = since.elapsed();
        log.attempts.push(Attempt {
            number,
            started_at,
            duration,
            status,
            outcome,
            retry_in: None,
        });
    }

    /// Ends what is in flight as timed out; tells whether anything was.
    pub(crate) fn abandon(&self) -> bool {
        let open = self.log().open.is_some();
        self.end(None, "timeout".to_owned());
        open
    }

    /// Notes the pause after the last attempt.
    pub(crate) fn resting(&self, pause: Duration) {
        if let Some(last) = self.log().attempts.last_mut() {
            last.retry_in = Some(pause);
        }
    }

    fn learn(&self, trace: Trace) {
        match trace {
            Trace::Doubt => self.log().in_doubt = true,
            Trace::Settled => self.log().in_doubt = false,
            Trace::Nothing => {}
        }
    }

    /// Whether the write may have happened, and nobody knows.
    pub(crate) fn in_doubt(&self) -> bool {
        self.log().in_doubt
    }

    pub(crate) fn take(&self) -> Vec<Attempt> {
        std::mem::take(&mut self.log().attempts)
    }

    fn log(&self) -> MutexGuard<'_, Log> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
