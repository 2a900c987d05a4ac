//! What can happen to a run, as it is kept on disk.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{RunId, RunStatus, StepPath};

/// Most facts that one run may have; a run that reaches it fails with error `limit`.
pub const MAX_FACTS: u64 = 50_000;

/// Something that happened to a run, at an instant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fact {
    /// When.
    pub at: Timestamp,
    /// What.
    pub what: What,
}

/// What happened. Names are in the past; nothing here holds a secret.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum What {
    /// The run was accepted.
    Created {
        /// Name of the workflow.
        workflow: String,
        /// Version it stays on for life.
        version: String,
        /// Whom it is about.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        subject: Option<String>,
        /// Who or what started it, such as `event`, `cli` or a person.
        initiator: String,
        /// The event it answers, as one CloudEvents document.
        #[serde(default, skip_serializing_if = "Value::is_null")]
        event: Value,
        /// The input it was given.
        #[serde(default, skip_serializing_if = "Value::is_null")]
        input: Value,
    },
    /// The run left the queue.
    Started,
    /// A condition was false, so the step was not done.
    StepSkipped {
        /// The step.
        step: StepPath,
        /// Why.
        reason: String,
    },
    /// The branches of a parallel step began.
    BranchesStarted {
        /// The step.
        step: StepPath,
    },
    /// A switch chose.
    BranchTaken {
        /// The step.
        step: StepPath,
        /// Index of the case; none held when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        case: Option<usize>,
    },
    /// A loop froze its items.
    LoopExpanded {
        /// The step.
        step: StepPath,
        /// The items, in order.
        items: Vec<Item>,
    },
    /// Values were kept.
    VarsSet {
        /// The step.
        step: StepPath,
        /// Names and values.
        vars: Map<String, Value>,
    },
    /// A wait began.
    TimerSet {
        /// The step.
        step: StepPath,
        /// When it ends.
        until: Timestamp,
    },
    /// A wait ended.
    TimerFired {
        /// The step.
        step: StepPath,
    },
    /// A request is about to be sent.
    AttemptStarted {
        /// The step.
        step: StepPath,
        /// What is about to be sent.
        intent: Intent,
    },
    /// The attempts in hand ended; the step goes on later.
    AttemptPaused {
        /// The step.
        step: StepPath,
        /// When it goes on.
        retry_at: Timestamp,
        /// What made it pause.
        error: StepError,
        /// The attempts that were made.
        attempts: Vec<AttemptRecord>,
        /// Whether one of them may have been carried out, and nobody knows.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        in_doubt: bool,
    },
    /// A write may or may not have happened.
    StepInDoubt {
        /// The step.
        step: StepPath,
        /// What is known.
        error: StepError,
        /// The attempts that were made.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        attempts: Vec<AttemptRecord>,
    },
    /// A step did what it should.
    StepSucceeded {
        /// The step.
        step: StepPath,
        /// What it keeps.
        #[serde(default, skip_serializing_if = "Map::is_empty")]
        output: Map<String, Value>,
        /// What was answered.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        response: Option<Response>,
        /// The attempts that were made.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        attempts: Vec<AttemptRecord>,
    },
    /// A step did not do what it should.
    StepFailed {
        /// The step.
        step: StepPath,
        /// Why.
        error: StepError,
        /// What was answered, if anything was.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        response: Option<Response>,
        /// The attempts that were made.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        attempts: Vec<AttemptRecord>,
    },
    /// A `stop` step ends the run.
    Stopped {
        /// The step.
        step: StepPath,
        /// Why.
        reason: String,
    },
    /// Somebody asked to end the run.
    CancelRequested {
        /// Who.
        by: String,
    },
    /// The run ended well.
    Succeeded {
        /// What it answers.
        #[serde(default, skip_serializing_if = "Value::is_null")]
        output: Value,
        /// Why it ended, when a `stop` step ended it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// The run ended badly.
    Failed {
        /// Why.
        error: StepError,
    },
    /// The run was ended by somebody.
    Cancelled {
        /// Who.
        by: String,
    },
}

/// One item of a loop.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Item {
    /// Identity, when the loop declares one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The item.
    pub value: Value,
}

/// A request that is about to be sent, without its credentials.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Intent {
    /// Number of the first attempt that is made for it, from 1.
    pub attempt: u32,
    /// Name of the connector.
    pub connector: String,
    /// HTTP method.
    pub method: String,
    /// Path below the connector's base URL, without its query.
    pub path: String,
    /// Digest of the whole request, for comparing.
    pub digest: String,
    /// Value of `Idempotency-Key`; absent on reads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<String>,
    /// Whether it may be sent again when its outcome is unknown.
    pub repeatable: bool,
    /// Whether it changes nothing at the other end.
    pub read: bool,
}

/// What the other system answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Response {
    /// HTTP status.
    pub status: u16,
    /// Allowed headers, lower-case names.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub headers: Map<String, Value>,
    /// The body, when something in the workflow refers to it.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub body: Value,
}

/// One request that was sent, or tried to be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AttemptRecord {
    /// From 1, counted over the whole step.
    pub number: u32,
    /// When it began.
    pub at: Timestamp,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
    /// What came of it, such as `429 Too Many Requests` or `timeout`.
    pub outcome: String,
    /// Pause before the next one, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_in_ms: Option<u64>,
}

/// Why a step failed: a name to match on, and a sentence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepError {
    /// `timeout`, `connect`, `http.404`, `auth`, `expression`, …
    pub name: String,
    /// Lower-case sentence without secrets or bodies.
    pub message: String,
    /// The step it happened in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<StepPath>,
    /// HTTP status, if one was answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
}

impl StepError {
    /// An error that is not about an answer.
    #[must_use]
    pub fn new(name: &str, message: impl Into<String>) -> Self {
        Self { name: name.to_owned(), message: message.into(), step: None, status: None }
    }
}

/// A run in one line: what lists show and indexes are made of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// The run.
    pub run: RunId,
    /// Name of its workflow.
    pub workflow: String,
    /// Version of its workflow.
    pub version: String,
    /// Its status.
    pub status: RunStatus,
    /// Why it is in that status, if there is a reason to give.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Whom it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// When something last happened to it.
    pub updated_at: Timestamp,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
    /// When it goes on by itself, if it waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wake_at: Option<Timestamp>,
    /// How many facts there are; the number of the next one.
    #[serde(default)]
    pub next_seq: u64,
    /// Hash of the last entry of the journal, in hex.
    #[serde(default)]
    pub head: String,
}

impl What {
    /// The step it is about, if it is about one.
    #[must_use]
    pub fn step(&self) -> Option<&StepPath> {
        match self {
            Self::StepSkipped { step, .. }
            | Self::BranchesStarted { step }
            | Self::BranchTaken { step, .. }
            | Self::LoopExpanded { step, .. }
            | Self::VarsSet { step, .. }
            | Self::TimerSet { step, .. }
            | Self::TimerFired { step }
            | Self::AttemptStarted { step, .. }
            | Self::AttemptPaused { step, .. }
            | Self::StepInDoubt { step, .. }
            | Self::StepSucceeded { step, .. }
            | Self::StepFailed { step, .. }
            | Self::Stopped { step, .. } => Some(step),
            Self::Created { .. }
            | Self::Started
            | Self::CancelRequested { .. }
            | Self::Succeeded { .. }
            | Self::Failed { .. }
            | Self::Cancelled { .. } => None,
        }
    }

    /// The word its kind is kept under.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Created { .. } => "created",
            Self::Started => "started",
            Self::StepSkipped { .. } => "step_skipped",
            Self::BranchesStarted { .. } => "branches_started",
            Self::BranchTaken { .. } => "branch_taken",
            Self::LoopExpanded { .. } => "loop_expanded",
            Self::VarsSet { .. } => "vars_set",
            Self::TimerSet { .. } => "timer_set",
            Self::TimerFired { .. } => "timer_fired",
            Self::AttemptStarted { .. } => "attempt_started",
            Self::AttemptPaused { .. } => "attempt_paused",
            Self::StepInDoubt { .. } => "step_in_doubt",
            Self::StepSucceeded { .. } => "step_succeeded",
            Self::StepFailed { .. } => "step_failed",
            Self::Stopped { .. } => "stopped",
            Self::CancelRequested { .. } => "cancel_requested",
            Self::Succeeded { .. } => "succeeded",
            Self::Failed { .. } => "failed",
            Self::Cancelled { .. } => "cancelled",
        }
    }

    /// Whether it must be on disk before anything else is done.
    ///
    /// A read that was begun, and a run that left the queue, are begun again after a crash
    /// without harm; they travel with what follows.
    #[must_use]
    pub fn is_binding(&self) -> bool {
        match self {
            Self::Started => false,
            Self::AttemptStarted { intent, .. } => !intent.read,
            _ => true,
        }
    }
}

/// Milliseconds of a duration, as attempts keep them.
pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

impl AttemptRecord {
    /// Describes one attempt.
    #[must_use]
    pub fn new(
        number: u32,
        at: Timestamp,
        took: Duration,
        outcome: String,
        retry_in: Option<Duration>,
    ) -> Self {
        Self { number, at, took_ms: millis(took), outcome, retry_in_ms: retry_in.map(millis) }
    }
}
