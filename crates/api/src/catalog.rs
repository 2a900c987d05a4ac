//! What the daemon has loaded.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::AttemptDetail;

/// One workflow that can run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WorkflowSummary {
    /// Its name.
    pub name: String,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The version new runs start with.
    pub version: String,
    /// What starts it.
    pub triggers: Vec<TriggerSummary>,
    /// JSON Schema of what a manual run must give.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<Value>,
    /// How many steps it has, nested ones included.
    pub steps: usize,
}

/// One thing that starts a workflow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TriggerSummary {
    /// `event`, `manual` or `schedule`.
    pub kind: String,
    /// The event type or the schedule, as written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on: Option<String>,
    /// The condition, as written.
    #[serde(default, rename = "if", skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
}

/// One connector.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectorSummary {
    /// Its name.
    pub name: String,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Whether workflows may call it.
    pub state: ConnectorState,
    /// Where it points.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
    /// How it authenticates: `none`, `basic`, `bearer`, `header` or `query`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth: Option<String>,
    /// Names of the requests it defines.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub actions: Vec<String>,
}

/// Whether workflows may call a connector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConnectorState {
    /// They may.
    Enabled,
    /// Steps that call it fail before anything is sent.
    Disabled,
}

/// What came of testing a connector.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ConnectorTest {
    /// Name of the connector.
    pub connector: String,
    /// Whether its test request was answered as expected.
    pub ok: bool,
    /// What was sent, such as `GET /user`.
    pub request: String,
    /// The sentence for people.
    pub message: String,
    /// Status of the last answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Each request that was made.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attempts: Vec<AttemptDetail>,
}
