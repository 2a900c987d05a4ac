//! What happens to a run, one fact at a time.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{AttemptDetail, RunStatus, StepStatus};

/// One fact about a run: the data of one server-sent event.
///
/// `seq` is the id of the server-sent event; a client that lost its connection sends the last
/// one it saw as `Last-Event-ID` and misses nothing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunEvent {
    /// The run.
    pub run: String,
    /// Place among the run's facts, without gaps, from 0.
    pub seq: u64,
    /// When it happened.
    pub at: Timestamp,
    /// What happened.
    pub kind: EventKind,
    /// The run's status, if the fact changed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_status: Option<RunStatus>,
    /// The step it happened to, such as `teams[0]/join`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// What the step does: `call`, `set`, `wait`, …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step_kind: Option<String>,
    /// The step's status, if the fact changed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step_status: Option<StepStatus>,
    /// The fact in a person's words; never a secret, never a body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Requests that the fact reports.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attempts: Vec<AttemptDetail>,
    /// Until when the run or step waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// What kind of thing happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// The run was accepted.
    RunCreated,
    /// The run's status changed.
    RunChanged,
    /// The run ended.
    RunEnded,
    /// A step began.
    StepStarted,
    /// A step made requests that did not end it.
    StepAttempted,
    /// A step waits.
    StepWaiting,
    /// A step ended.
    StepEnded,
    /// Anything else worth a line.
    Note,
}
