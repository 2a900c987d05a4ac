//! What every store promises, and how it says no.

use std::error::Error;
use std::io;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;

use crate::{Batch, Scan};

/// An ordered key-value store with atomic, durable batches.
///
/// Reads see acknowledged batches and nothing that could still be lost. A scan sees each
/// batch whole or not at all.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Reads the value of one key.
    async fn get(&self, key: &[u8]) -> Result<Option<Bytes>, StoreError>;

    /// Reads a range of keys with their values, in order.
    async fn scan(&self, scan: Scan) -> Result<Vec<(Bytes, Bytes)>, StoreError>;

    /// Applies a batch and returns once it is on disk.
    ///
    /// All or nothing, and only if every check holds against the batches before it. A caller
    /// that stops waiting does not take the batch back: it may be applied all the same.
    async fn commit(&self, batch: Batch) -> Result<(), CommitError>;

    /// Finishes what was handed in, then lets go of files and connections.
    ///
    /// Later calls answer [`StoreError::Closed`]. Dropping a store closes it as well.
    async fn close(&self) {}
}

/// Why a store could not do what it was asked.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// A stored value is not what was written.
    #[error("value of key {key:?} is damaged: {reason}")]
    Damaged {
        /// The key, unprintable bytes escaped.
        key: String,
        /// What does not add up.
        reason: &'static str,
    },
    /// A large value is not in its file as it was written.
    #[error("value of key {key:?} is damaged: its file {file} is missing or was changed")]
    FileLost {
        /// The key, unprintable bytes escaped.
        key: String,
        /// The file, as it is called in the data directory.
        file: String,
    },
    /// A key, value or batch is larger than stores accept.
    #[error("{what} of {size} exceeds the limit of {max}")]
    TooLarge {
        /// What was measured, with its unit.
        what: &'static str,
        /// What it measures.
        size: usize,
        /// What it may measure.
        max: usize,
    },
    /// A key without a single byte.
    #[error("key is empty")]
    EmptyKey,
    /// The store was closed before the call.
    #[error("store is closed")]
    Closed,
    /// Something on the way to the disk failed once; what it holds is no longer certain.
    #[error("store has failed and needs a restart")]
    Failed(#[source] Arc<dyn Error + Send + Sync>),
    /// One read or write of a file failed.
    #[error("{doing} failed")]
    Io {
        /// What was being done, with its subject.
        doing: String,
        /// What the system answered.
        #[source]
        source: Arc<io::Error>,
    },
}

impl StoreError {
    pub(crate) fn damaged(key: &[u8], reason: &'static str) -> Self {
        Self::Damaged { key: printable(key), reason }
    }

    pub(crate) fn file_lost(key: &[u8], file: impl ToString) -> Self {
        Self::FileLost { key: printable(key), file: file.to_string() }
    }

    pub(crate) fn io(doing: impl Into<String>, source: io::Error) -> Self {
        Self::Io { doing: doing.into(), source: Arc::new(source) }
    }

    pub(crate) fn failed(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Failed(Arc::from(source.into()))
    }
}

/// Why a batch was not applied.
#[derive(Debug, Clone, thiserror::Error)]
pub enum CommitError {
    /// A check did not hold; nothing of the batch was applied.
    #[error("key {:?} is not as the batch expects", printable(key))]
    Conflict {
        /// The first key whose check did not hold.
        key: Bytes,
    },
    /// The store refused the batch or failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Writes a key the way people can read it.
fn printable(key: &[u8]) -> String {
    key.escape_ascii().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_name_the_key() {
        let conflict = CommitError::Conflict { key: Bytes::from_static(b"r/\x01\xff") };
        assert_eq!(conflict.to_string(), r#"key "r/\\x01\\xff" is not as the batch expects"#);
        let damaged = StoreError::damaged(b"j/1", "checksum differs");
        assert_eq!(damaged.to_string(), r#"value of key "j/1" is damaged: checksum differs"#);
    }

    #[test]
    fn failures_keep_their_cause() {
        let error = StoreError::failed(io::Error::other("disk is gone"));
        assert_eq!(error.to_string(), "store has failed and needs a restart");
        assert_eq!(error.source().map(ToString::to_string), Some("disk is gone".to_owned()));
    }
}
