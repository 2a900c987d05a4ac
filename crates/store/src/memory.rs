//! A store that forgets everything when it goes.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

use async_trait::async_trait;
use bytes::Bytes;

use crate::{Batch, CommitError, Expectation, Scan, Store, StoreError};

/// Keeps everything in memory, for tests and trials.
///
/// Keeps every promise but durability: batches are atomic and checked, scans are consistent.
#[derive(Debug, Default)]
pub struct MemoryStore {
    entries: RwLock<Option<BTreeMap<Bytes, Bytes>>>,
}

impl MemoryStore {
    /// Opens an empty store.
    pub fn new() -> Self {
        Self { entries: RwLock::new(Some(BTreeMap::new())) }
    }

    fn read<T>(&self, what: impl FnOnce(&BTreeMap<Bytes, Bytes>) -> T) -> Result<T, StoreError> {
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        entries.as_ref().map(what).ok_or(StoreError::Closed)
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn get(&self, key: &[u8]) -> Result<Option<Bytes>, StoreError> {
        self.read(|entries| entries.get(key).cloned())
    }

    async fn scan(&self, scan: Scan) -> Result<Vec<(Bytes, Bytes)>, StoreError> {
        self.read(|entries| {
            if scan.is_empty() {
                return Vec::new();
            }
            let found = entries.range::<[u8], _>(scan.bounds());
            let owned = |(key, value): (&Bytes, &Bytes)| (key.clone(), value.clone());
            if scan.reverse {
                found.rev().take(scan.limit).map(owned).collect()
            } else {
                found.take(scan.limit).map(owned).collect()
            }
        })
    }

    async fn commit(&self, batch: Batch) -> Result<(), CommitError> {
        batch.validate()?;
        let mut guard = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        let entries = guard.as_mut().ok_or(StoreError::Closed)?;
        for check in &batch.checks {
            let holds = match (&check.expect, entries.get(&check.key)) {
                (Expectation::Absent, found) => found.is_none(),
                (Expectation::Is(value), found) => found == Some(value),
            };
            if !holds {
                return Err(CommitError::Conflict { key: check.key.clone() });
            }
        }
        for key in &batch.deletes {
            entries.remove(key);
        }
        entries.extend(batch.puts);
        Ok(())
    }

    async fn close(&self) {
        self.entries.write().unwrap_or_else(PoisonError::into_inner).take();
    }
}
