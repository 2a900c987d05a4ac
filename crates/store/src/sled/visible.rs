//! What readers may see: the current generation, but nothing that could still be lost.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use bytes::Bytes;
use tokio::sync::watch;

use super::generation::{Generation, io_error};
use super::witness;
use crate::envelope::{self, BlobRef, Content};
use crate::{Scan, StoreError};

/// What lies under a key.
#[derive(Debug)]
pub(super) enum Found {
    Value(Bytes),
    Blob(BlobRef),
}

/// What was read, and the group that must be on disk before it may be believed.
pub(super) type Seen<T> = (T, Option<u64>);

/// The reader's side of the store.
///
/// Batches are applied under the write lock and scans run under the read lock, so a scan
/// sees each batch whole or not at all. Keys of a group that was applied but not yet synced
/// are pending: who read one of them waits for the sync before believing it.
#[derive(Debug)]
pub(super) struct Visible {
    current: RwLock<Option<Arc<Generation>>>,
    pending: Mutex<Pending>,
    synced: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Pending {
    group: u64,
    keys: BTreeSet<Bytes>,
}

impl Visible {
    pub(super) fn new(generation: Arc<Generation>) -> Self {
        Self {
            current: RwLock::new(Some(generation)),
            pending: Mutex::default(),
            synced: watch::Sender::new(0),
        }
    }

    /// Reads one key.
    pub(super) fn get(&self, key: &[u8]) -> Result<Seen<Option<Found>>, StoreError> {
        if key == witness::KEY {
            return Ok((None, None));
        }
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        let db = &current.as_ref().ok_or(StoreError::Closed)?.db;
        let sealed = db.get(key).map_err(|error| StoreError::failed(io_error(error)))?;
        let pending = self.pending();
        let waits = pending.keys.contains(key).then_some(pending.group);
        drop(pending);
        let found = sealed.map(|sealed| open(key, &sealed)).transpose()?;
        Ok((found, waits))
    }

    /// Reads a range.
    pub(super) fn scan(&self, scan: &Scan) -> Result<Seen<Vec<(Bytes, Found)>>, StoreError> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        let db = &current.as_ref().ok_or(StoreError::Closed)?.db;
        let mut range = db.range::<&[u8], _>(scan.bounds());
        let mut entries = Vec::new();
        while entries.len() < scan.limit {
            let next = if scan.reverse { range.next_back() } else { range.next() };
            let Some(next) = next else { break };
            let (key, sealed) = next.map_err(|error| StoreError::failed(io_error(error)))?;
            if key == witness::KEY {
                continue;
            }
            let found = open(&key, &sealed)?;
            entries.push((Bytes::copy_from_slice(&key), found));
        }
        let read = scan.clone();
        let read = match entries.last() {
            // What lies behind the last entry was not looked at.
            Some((last, _)) if entries.len() == scan.limit => read.up_to(last),
            _ => read,
        };
        let pending = self.pending();
        let touched = pending.keys.range::<[u8], _>(read.bounds()).next().is_some();
        Ok((entries, touched.then_some(pending.group)))
    }

    /// Applies a group, hidden until it is [released](Self::release).
    pub(super) fn apply(
        &self,
        generation: &Generation,
        batch: sled::Batch,
        keys: BTreeSet<Bytes>,
    ) -> Result<(), sled::Error> {
        let _exclusive = self.current.write().unwrap_or_else(PoisonError::into_inner);
        let mut pending = self.pending();
        pending.group += 1;
        pending.keys = keys;
        drop(pending);
        generation.db.apply_batch(batch)
    }

    /// Lets readers believe the group that was applied last: it is on disk.
    pub(super) fn release(&self) {
        let mut pending = self.pending();
        pending.keys.clear();
        self.synced.send_replace(pending.group);
    }

    /// Wakes whoever waits; what they read is not to be believed.
    pub(super) fn release_all(&self) {
        self.synced.send_replace(u64::MAX);
    }

    /// Waits until a group is on disk or never will be.
    pub(super) async fn synced(&self, group: u64) {
        let mut synced = self.synced.subscribe();
        // Fails only if the sender is gone, and the sender is this very value.
        let _ = synced.wait_for(|synced| *synced >= group).await;
    }

    /// Shows another generation with the same content, or none any more.
    pub(super) fn replace(&self, generation: Option<Arc<Generation>>) {
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = generation;
    }

    /// Size and number of the current generation.
    pub(super) fn usage(&self) -> Result<(u64, u32), StoreError> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        let current = current.as_ref().ok_or(StoreError::Closed)?;
        let size = current.size();
        let size = size.map_err(|error| StoreError::io("measuring the database", error))?;
        Ok((size, current.number))
    }

    fn pending(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn open(key: &[u8], sealed: &[u8]) -> Result<Found, StoreError> {
    Ok(match envelope::open(key, sealed)? {
        Content::Inline(value) => Found::Value(Bytes::copy_from_slice(value)),
        Content::Blob(blob) => Found::Blob(blob),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fixture() -> (tempfile::TempDir, Arc<Generation>, Visible) {
        let dir = tempfile::tempdir().unwrap();
        let generation = Arc::new(Generation::open(dir.path().into(), 1, 1 << 20).unwrap());
        let visible = Visible::new(Arc::clone(&generation));
        (dir, generation, visible)
    }

    fn apply(generation: &Generation, visible: &Visible, keys: &[&'static str]) {
        let mut batch = sled::Batch::default();
        for key in keys {
            batch.insert(*key, envelope::seal_inline(key.as_bytes(), b"v").as_ref());
        }
        let keys = keys.iter().map(|key| Bytes::from_static(key.as_bytes()));
        visible.apply(generation, batch, keys.collect()).unwrap();
    }

    #[test]
    fn only_readers_of_what_is_not_yet_on_disk_wait() {
        let (_dir, generation, visible) = fixture();
        apply(&generation, &visible, &["a", "c"]);
        visible.release();
        apply(&generation, &visible, &["c", "e"]);
        let get = |key: &str| visible.get(key.as_bytes()).unwrap().1;
        assert_eq!([get("a"), get("c"), get("e"), get("x")], [None, Some(2), Some(2), None]);
        let scan = |scan: Scan| visible.scan(&scan).unwrap().1;
        assert_eq!(scan(Scan::range("a", "c")), None);
        assert_eq!(scan(Scan::range("a", "d")), Some(2));
        assert_eq!(scan(Scan::prefix("").limit(1)), None, "nothing behind the first was read");
        assert_eq!(scan(Scan::prefix("").reversed().limit(1)), Some(2));
        visible.release();
        assert_eq!([get("c"), scan(Scan::prefix(""))], [None, None]);
    }

    #[tokio::test]
    async fn waiting_ends_with_the_sync_or_with_the_store() {
        let (_dir, generation, visible) = fixture();
        apply(&generation, &visible, &["a"]);
        let mut waiting = std::pin::pin!(visible.synced(1));
        let early = tokio::time::timeout(std::time::Duration::ZERO, &mut waiting).await;
        assert!(early.is_err(), "not on disk yet");
        visible.release();
        waiting.await;
        apply(&generation, &visible, &["a"]);
        visible.release_all();
        visible.synced(2).await;
    }
}
