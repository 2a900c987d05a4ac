//! What a workflow may refer to outside its own file.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// The connectors and workflows of a project.
///
/// With [`Known::anything`] no name is verified. A run finishes on the version it started with,
/// so its text is compiled again although a connector may since have been renamed.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// Connectors by name.
    pub connectors: BTreeMap<String, KnownConnector>,
    /// Connectors whose files have problems of their own: they exist, and no more is known.
    pub broken_connectors: BTreeSet<String>,
    /// Names of all workflows.
    pub workflows: BTreeSet<String>,
    /// Whether a name that is not listed is a problem.
    pub strict: bool,
}

impl Known {
    /// Verifies no name.
    #[must_use]
    pub fn anything() -> Self {
        Self::default()
    }

    /// Verifies that a connector is one of these.
    #[must_use]
    pub fn only(connectors: BTreeMap<String, KnownConnector>) -> Self {
        Self { connectors, strict: true, ..Self::default() }
    }
}

/// What a workflow may ask of one connector.
#[derive(Debug, Clone)]
pub struct KnownConnector {
    /// Named requests.
    pub actions: BTreeMap<String, KnownAction>,
    /// A step that calls a disabled connector fails before anything is sent.
    pub enabled: bool,
}

/// One named request of a connector.
#[derive(Debug, Clone, Default)]
pub struct KnownAction {
    /// What it wants to be given.
    pub input: BTreeMap<String, KnownInput>,
}

/// One input of an action.
#[derive(Debug, Clone, Default)]
pub struct KnownInput {
    /// Whether a call must give it.
    pub required: bool,
    /// JSON Schema of its value.
    pub schema: Option<Value>,
}
