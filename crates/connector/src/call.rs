//! What is asked of a client, and what comes back.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use tenure_language::{Expect, FilledRequest};

use crate::connector::RetrySettings;

/// One call: a request and how far to go for its answer.
#[derive(Debug, Clone)]
pub struct Call {
    /// What to send.
    pub request: FilledRequest,
    /// Statuses that count as success.
    pub expect: Expect,
    /// Stable over attempts and restarts; sent with every write.
    pub idempotency_key: Option<String>,
    /// Replaces the connector's retry settings.
    pub retry: Option<RetrySettings>,
    /// When all of it must be over.
    pub deadline: Option<tokio::time::Instant>,
    /// Attempts already made before a durable wait or a restart.
    pub attempts_before: u32,
    /// Whether one of them may have been carried out, and nobody knows.
    pub in_doubt_before: bool,
    /// Sent upstream when no injector gives one for the attempt's own span.
    pub traceparent: Option<String>,
}

impl Call {
    /// Makes a call that accepts any 2xx, without key, deadline or past.
    #[must_use]
    pub fn new(request: FilledRequest) -> Self {
        Self {
            request,
            expect: Expect::default(),
            idempotency_key: None,
            retry: None,
            deadline: None,
            attempts_before: 0,
            in_doubt_before: false,
            traceparent: None,
        }
    }
}

/// What a service answered.
#[derive(Clone, PartialEq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Headers a workflow may see, names in lower case.
    pub headers: Vec<(String, String)>,
    /// What it says.
    pub body: Body,
    /// All attempts of this call, in order.
    pub attempts: Vec<Attempt>,
}

impl fmt::Debug for Answer {
    /// Shows sizes, never content: answers hold people's data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer")
            .field("status", &self.status)
            .field("headers", &self.headers.len())
            .field("body", &self.body)
            .field("attempts", &self.attempts)
            .finish()
    }
}

/// The body of an answer, read by its content type.
#[derive(Clone, PartialEq)]
pub enum Body {
    /// Nothing.
    Empty,
    /// A JSON document.
    Json(serde_json::Value),
    /// Text.
    Text(String),
    /// Something else, of this many bytes, which is not kept.
    Bytes(usize),
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("Empty"),
            Self::Json(_) => f.write_str("Json(…)"),
            Self::Text(text) => write!(f, "Text({} bytes)", text.len()),
            Self::Bytes(count) => write!(f, "Bytes({count})"),
        }
    }
}

/// One attempt of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// Counts from 1 over the whole step, durable waits included.
    pub number: u32,
    /// When it began, after its turn had come.
    pub started_at: Timestamp,
    /// How long it took.
    pub duration: Duration,
    /// Status, if the service answered.
    pub status: Option<u16>,
    /// In words: `429 Too Many Requests`, `timeout`.
    pub outcome: String,
    /// Pause until the next attempt, if there is one.
    pub retry_in: Option<Duration>,
}
