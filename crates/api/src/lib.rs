//! The words the daemon and its clients exchange.
//!
//! Every type here is JSON on the wire, for both directions. This crate knows nothing of how a
//! run is kept, driven or checked: no engine, no store, no HTTP. A field that is added is
//! optional for old clients; a field that is here stays.

mod accept;
mod catalog;
mod health;
mod page;
mod problem;
mod query;
mod run;
mod status;
mod stream;

pub use accept::{EventAccepted, NotStarted, RunStarted};
pub use catalog::{
    ConnectorState, ConnectorSummary, ConnectorTest, TriggerSummary, WorkflowSummary,
};
pub use health::{Check, Health, Readiness};
pub use page::{List, Page};
pub use problem::Problem;
pub use query::RunQuery;
pub use run::{AttemptDetail, ResponseDetail, RunDetail, RunError, RunSummary, StepDetail};
pub use status::{RunStatus, StepStatus};
pub use stream::{EventKind, RunEvent};
