//! Facts that cannot be true.

use crate::StepPath;

/// A fact that does not fit what is known of the run.
///
/// It means a defect or a damaged journal, never bad input: the run is left as it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApplyError {
    /// The fact names a step that the workflow does not have.
    #[error("step \"{0}\" is not part of the workflow")]
    UnknownStep(StepPath),
    /// The fact cannot follow the state its step is in.
    #[error("step \"{step}\" is {state}, so it cannot take in {fact}")]
    Illegal {
        /// The step.
        step: StepPath,
        /// Its state.
        state: &'static str,
        /// Kind of the fact.
        fact: &'static str,
    },
    /// The fact cannot follow the state the run is in.
    #[error("the run is {state}, so it cannot take in {fact}")]
    IllegalForRun {
        /// State of the run.
        state: &'static str,
        /// Kind of the fact.
        fact: &'static str,
    },
    /// The journal is for another version of the workflow.
    #[error("the journal belongs to version {journal} of the workflow, not to {plan}")]
    OtherVersion {
        /// Version the journal names.
        journal: String,
        /// Version at hand.
        plan: String,
    },
}
