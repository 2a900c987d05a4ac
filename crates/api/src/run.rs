//! Runs as clients see them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{RunStatus, StepStatus};

/// One run in a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunSummary {
    /// Identity of the run.
    pub id: String,
    /// Name of its workflow.
    pub workflow: String,
    /// The version of the workflow it started with, and ends with.
    pub version: String,
    /// Where it stands.
    pub status: RunStatus,
    /// Why it stands there, when that is not plain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Whom it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// When something last happened.
    pub updated_at: Timestamp,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
    /// When it goes on, if it waits for an instant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wake_at: Option<Timestamp>,
}

/// One run with all its steps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunDetail {
    /// What a list shows of it.
    pub run: RunSummary,
    /// What started it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub initiator: Option<String>,
    /// What it was given.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub input: Value,
    /// Its steps in the order of the workflow, steps not reached included.
    pub steps: Vec<StepDetail>,
    /// What it answered.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub output: Value,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<RunError>,
}

/// Why a run or a step failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunError {
    /// Stable name, such as `http.503` or `timeout`.
    pub name: String,
    /// The sentence for people.
    pub message: String,
    /// The step that failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
}

/// One step, with the steps inside it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepDetail {
    /// Where it stands in the run, such as `teams[0]/join`.
    pub path: String,
    /// What it does: `call`, `set`, `wait`, …
    pub kind: String,
    /// What is around it when that is not plain order: a loop item, a branch, a case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<String>,
    /// What it asks for, as written, such as `directory POST /Users`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// Where it stands.
    pub status: StepStatus,
    /// Why it stands there, when that is not plain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Until when it waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Each request that was made for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attempts: Vec<AttemptDetail>,
    /// When it began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
    /// What was kept of its result.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub output: Value,
    /// What was answered last, as far as it was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response: Option<ResponseDetail>,
    /// Steps inside it: branches, cases, items.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Self>,
}

/// An answer, as far as it was kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ResponseDetail {
    /// HTTP status.
    pub status: u16,
    /// Headers that matter, by their names in small letters.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub headers: Map<String, Value>,
    /// The body, when the workflow refers to it or the step failed.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub body: Value,
}

/// One request that was made for a step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AttemptDetail {
    /// 1 for the first.
    pub number: u32,
    /// When it was sent.
    pub started_at: Timestamp,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// What came of it, such as `429 Too Many Requests`.
    pub outcome: String,
    /// How long the step waited before its next attempt, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_in_ms: Option<u64>,
}
