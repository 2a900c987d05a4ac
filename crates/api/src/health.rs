//! Whether the daemon lives and can work.

use serde::{Deserialize, Serialize};

/// Answer of `/healthz`: the process lives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// Always `ok`.
    pub status: String,
    /// Version of the program.
    pub version: String,
    /// Identity of this start of the daemon. A client that found the address in a file
    /// compares it: the port may belong to somebody else by now.
    pub instance: String,
}

/// Answer of `/readyz`: whether deliveries are taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Readiness {
    /// Whether all checks passed.
    pub ready: bool,
    /// Each thing that must work.
    pub checks: Vec<Check>,
}

/// One thing that must work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// What was checked.
    pub name: String,
    /// Whether it works.
    pub ok: bool,
    /// Why not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}
