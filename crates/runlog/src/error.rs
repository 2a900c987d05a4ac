//! Why the run log could not do what it was asked.

use tenure_run::RunId;
use tenure_store::{CommitError, StoreError};

/// Why something could not be read or kept.
#[derive(Debug, thiserror::Error)]
pub enum RunLogError {
    /// The store failed or refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store no longer has something as it was written.
    #[error("{what} cannot be read")]
    Damaged {
        /// What was read.
        what: String,
        /// Which key is concerned, and the file if it has one.
        #[source]
        source: StoreError,
    },
    /// Something stored is not in the form it should have.
    #[error("{what} is stored in a form that cannot be read")]
    Unreadable {
        /// What was read.
        what: String,
        /// Where reading failed.
        #[source]
        source: serde_json::Error,
    },
    /// Something stored contradicts itself.
    #[error("{what} is stored wrongly: {reason}")]
    Wrong {
        /// What was read.
        what: String,
        /// What does not add up.
        reason: &'static str,
    },
    /// Something cannot be put into its stored form.
    #[error("{what} cannot be stored")]
    Unwritable {
        /// What was to be kept.
        what: String,
        /// Where writing failed.
        #[source]
        source: serde_json::Error,
    },
    /// The same thing was changed again and again by others.
    #[error("{what} is changed by too many at once")]
    Contended {
        /// What was to be changed.
        what: String,
    },
    /// A run that is not in the log.
    #[error("run {0} is not in the run log")]
    Unknown(RunId),
}

/// Why facts were not appended.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// Somebody else has appended; whoever asks no longer drives this run.
    #[error("run {run}: fact {seq} is not the next one")]
    Taken {
        /// The run.
        run: RunId,
        /// The number that was to be the first.
        seq: u64,
    },
    /// There was no fact to append.
    #[error("run {0}: no fact to append")]
    Nothing(RunId),
    /// The log failed.
    #[error(transparent)]
    Log(#[from] RunLogError),
}

/// Why an event or run was not accepted.
#[derive(Debug, thiserror::Error)]
pub enum AcceptError {
    /// A run of that identity exists already.
    #[error("run {0} exists already")]
    Exists(RunId),
    /// A run without a single fact.
    #[error("run {0} has no fact")]
    Empty(RunId),
    /// The log failed.
    #[error(transparent)]
    Log(#[from] RunLogError),
}

/// Why a run was not forgotten.
#[derive(Debug, thiserror::Error)]
pub enum ForgetError {
    /// The run has not ended.
    #[error("run {0} has not ended")]
    NotEnded(RunId),
    /// The log failed.
    #[error(transparent)]
    Log(#[from] RunLogError),
}

impl From<StoreError> for AppendError {
    fn from(error: StoreError) -> Self {
        Self::Log(error.into())
    }
}

impl From<StoreError> for AcceptError {
    fn from(error: StoreError) -> Self {
        Self::Log(error.into())
    }
}

impl From<StoreError> for ForgetError {
    fn from(error: StoreError) -> Self {
        Self::Log(error.into())
    }
}

impl RunLogError {
    /// Gives a commit that should not have been refused the shape of an error.
    pub(crate) fn refused(error: CommitError, what: impl FnOnce() -> String) -> Self {
        match error {
            CommitError::Store(error) => Self::Store(error),
            CommitError::Conflict { .. } => Self::Contended { what: what() },
        }
    }

    /// Says of damage, which the store knows by its key only, what it concerns.
    pub(crate) fn concerns(self, what: impl FnOnce() -> String) -> Self {
        match self {
            Self::Store(source @ (StoreError::Damaged { .. } | StoreError::FileLost { .. })) => {
                Self::Damaged { what: what(), source }
            }
            other => other,
        }
    }

    pub(crate) fn wrong(what: impl Into<String>, reason: &'static str) -> Self {
        Self::Wrong { what: what.into(), reason }
    }
}
