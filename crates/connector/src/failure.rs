//! How a call fails, in words that `on_error` can match.

use std::fmt;
use std::time::Duration;

use crate::call::{Answer, Attempt};

/// A call that did not succeed.
///
/// The message names the connector and the cause; it never holds a secret, a query or a body.
#[derive(Debug, Clone)]
pub struct Failure {
    /// What kind of failure it is.
    pub kind: FailureKind,
    /// One sentence: `connector "chat": replied 503 Service Unavailable`.
    pub message: String,
    /// The last status, if any was received.
    pub status: Option<u16>,
    /// What the service answered last, if it answered.
    pub answer: Option<Box<Answer>>,
    /// All attempts of this call, in order.
    pub attempts: Vec<Attempt>,
    /// Whether one of them may have been carried out, and nobody knows. After a pause the
    /// next call is told.
    pub in_doubt: bool,
}

/// The kinds of failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureKind {
    /// The connector is switched off; nothing was sent.
    Disabled,
    /// A rule of ours forbids it: egress, an address outside the base URL, a size.
    Refused,
    /// The service was not reached; nothing was sent.
    Connect,
    /// No answer to a read in time, or no turn; or the connection broke before an answer.
    Timeout,
    /// A status that was not expected.
    Http(u16),
    /// The service does not accept the credentials.
    Auth,
    /// A write may or may not have happened, and nobody knows.
    ///
    /// Either it must not be repeated blindly, or its attempts are used up.
    InDoubt,
    /// Too long to wait in memory: try again after this, as if nothing had failed.
    Pause {
        /// From now.
        after: Duration,
    },
    /// The caller gave up. Made by callers that drop a call, never by a client.
    Cancelled,
}

impl FailureKind {
    /// The name a workflow matches: `connect`, `timeout`, `http.503`, `auth`, …
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Disabled => "disabled".to_owned(),
            Self::Refused => "refused".to_owned(),
            Self::Connect => "connect".to_owned(),
            Self::Timeout => "timeout".to_owned(),
            Self::Http(status) => format!("http.{status}"),
            Self::Auth => "auth".to_owned(),
            Self::InDoubt => "unknown".to_owned(),
            Self::Pause { .. } => "limit".to_owned(),
            Self::Cancelled => "cancelled".to_owned(),
        }
    }
}

impl Failure {
    /// Makes a failure of a call of which nothing was sent.
    pub(crate) fn unsent(kind: FailureKind, message: String) -> Self {
        Self { kind, message, status: None, answer: None, attempts: Vec::new(), in_doubt: false }
    }

    /// The name a workflow matches.
    #[must_use]
    pub fn name(&self) -> String {
        self.kind.name()
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_have_the_names_workflows_match() {
        for (kind, name) in [
            (FailureKind::Connect, "connect"),
            (FailureKind::Http(503), "http.503"),
            (FailureKind::InDoubt, "unknown"),
            (FailureKind::Pause { after: Duration::ZERO }, "limit"),
        ] {
            assert_eq!(kind.name(), name);
        }
    }
}
