//! How the engine refuses.

use tenure_run::RunId;
use tenure_runlog::{AppendError, RunLogError};

/// The engine cannot do its work.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The run log cannot be read or written.
    #[error("the run log failed")]
    RunLog(#[from] RunLogError),
    /// A run cannot be continued, because its journal or workflow cannot be read.
    #[error("run {run} cannot be continued: {why}")]
    Unreadable {
        /// The run.
        run: RunId,
        /// Why.
        why: String,
    },
    /// A fact of a run could not be kept.
    #[error("run {run} could not be written")]
    Append {
        /// The run.
        run: RunId,
        /// Why.
        #[source]
        source: AppendError,
    },
    /// The engine is shutting down.
    #[error("the engine is shutting down")]
    ShuttingDown,
}

/// An event was not accepted; nothing was kept of it.
#[derive(Debug, thiserror::Error)]
pub enum AcceptError {
    /// Too many runs wait for their turn.
    #[error("too many runs are queued")]
    Overloaded,
    /// The engine is shutting down.
    #[error("the engine is shutting down")]
    ShuttingDown,
    /// It could not be kept.
    #[error("it could not be kept in the run log")]
    RunLog(#[from] tenure_runlog::AcceptError),
}

/// A run was not started; nothing was kept of it.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// There is no such workflow.
    #[error("there is no workflow \"{name}\"")]
    UnknownWorkflow {
        /// The name that was given.
        name: String,
        /// What might have been meant.
        hint: Option<String>,
    },
    /// The workflow does not allow this way to start it.
    #[error("workflow \"{name}\" cannot be started by hand")]
    NotManual {
        /// Name of the workflow.
        name: String,
    },
    /// The event is not one that the workflow listens to.
    #[error("workflow \"{name}\" does not start on event type \"{event_type}\"")]
    NotItsEvent {
        /// Name of the workflow.
        name: String,
        /// Type of the event.
        event_type: String,
    },
    /// The input does not fit the workflow's schema.
    #[error("the input does not fit workflow \"{name}\"")]
    Input {
        /// Name of the workflow.
        name: String,
        /// Each way in which it does not.
        violations: Vec<String>,
    },
    /// The idempotency key was used before, with another input.
    #[error("the idempotency key was used before, with another input")]
    KeyReused {
        /// The run it started.
        run: RunId,
    },
    /// As for an event.
    #[error(transparent)]
    Accept(#[from] AcceptError),
}

/// A run was not cancelled.
#[derive(Debug, thiserror::Error)]
pub enum CancelError {
    /// There is no such run.
    #[error("there is no run {0}")]
    UnknownRun(RunId),
    /// It has ended already.
    #[error("run {0} has ended already")]
    Ended(RunId),
    /// The engine could not do it.
    #[error("run {run} could not be cancelled")]
    Engine {
        /// The run.
        run: RunId,
        /// Why.
        #[source]
        source: EngineError,
    },
}
