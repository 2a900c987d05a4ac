//! Runs: begun, listed, shown, followed, cancelled.

mod cancel;
mod follow;
mod list;
mod show;
mod start;

use tenure_run::RunId;

pub(crate) use cancel::cancel;
pub(crate) use follow::follow;
pub(crate) use list::list;
pub(crate) use show::show;
pub(crate) use start::start;

use crate::problem::Refusal;

/// The run that a path names.
fn run_id(text: &str) -> Result<RunId, Refusal> {
    text.parse().map_err(|_| Refusal::not_found("run", text))
}
