//! Answers to an event and to a request for a run.

use serde::{Deserialize, Serialize};

use crate::RunStatus;

/// What became of an event that was delivered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventAccepted {
    /// Our identity of the event.
    pub event_id: String,
    /// Whether the same event had been delivered before; `runs` are the first delivery's then.
    #[serde(default)]
    pub duplicate: bool,
    /// The runs it started.
    pub runs: Vec<String>,
    /// The workflows that it could have started but did not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_started: Vec<NotStarted>,
}

/// A workflow that an event did not start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotStarted {
    /// Name of the workflow.
    pub workflow: String,
    /// Why not.
    pub reason: String,
}

/// A run that somebody asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunStarted {
    /// Identity of the run.
    pub run: String,
    /// Where it stands.
    pub status: RunStatus,
    /// Whether the same `Idempotency-Key` had started it before.
    #[serde(default)]
    pub duplicate: bool,
}
