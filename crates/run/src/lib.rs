//! What has happened to one run, and what happens next.
//!
//! A [`Run`] is a fold over [`Fact`]s: [`Run::apply`] takes in what happened, [`Run::next`] says
//! what to do. Both are pure and total, so every interleaving, crash and retry can be tested
//! without a network. This crate knows no clock (time is an argument), no store, no
//! connector and no async: it decides, and somebody else does.

mod decide;
mod error;
mod fact;
mod fold;
mod id;
mod next;
mod path;
mod program;
mod scope;
mod state;
mod status;
mod survey;
mod view;

pub use error::ApplyError;
pub use fact::{AttemptRecord, Fact, Intent, Item, MAX_FACTS, Response, StepError, Summary, What};
pub use id::{ParseRunIdError, RunId};
pub use next::{Due, Earlier, Next, Outcome, Run};
pub use path::StepPath;
pub use program::Program;
pub use scope::RunScope;
pub use status::{RunStatus, StepStatus};
pub use survey::cut_off;
pub use view::{StepView, WaitingFor};

#[cfg(test)]
mod tests;
