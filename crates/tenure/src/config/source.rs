//! `tenure.yaml` exactly as written.

use std::collections::BTreeMap;

use serde::Deserialize;

/// The project file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ConfigSource {
    pub(crate) listen: Option<String>,
    pub(crate) data: Option<String>,
    pub(crate) log: Option<LogSource>,
    pub(crate) limits: Option<LimitsSource>,
    pub(crate) egress: Option<EgressSource>,
    pub(crate) secrets: Option<BTreeMap<String, SecretFileSource>>,
}

/// What is logged, and how.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct LogSource {
    pub(crate) level: Option<String>,
    pub(crate) format: Option<String>,
}

/// Bounds on the engine.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct LimitsSource {
    pub(crate) active_runs: Option<u64>,
    pub(crate) queued_runs: Option<u64>,
}

/// Where connectors may go.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct EgressSource {
    pub(crate) allow_private: Option<Vec<String>>,
}

/// Where a secret is kept.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct SecretFileSource {
    pub(crate) file: Option<String>,
}
