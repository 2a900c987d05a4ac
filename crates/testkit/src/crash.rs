//! A store whose process dies after so many commits.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use tenure_store::{Batch, CommitError, Scan, Store, StoreError};

/// When the process dies, seen from one commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CrashMoment {
    /// The commit of that number never reached the disk.
    Before,
    /// It did, and nobody was told.
    After,
}

/// Wraps a store and fails every call from one commit on.
///
/// Nothing of the wrapped store changes after the crash, whatever is still running: a new
/// wrapper around the same store is the process after its restart.
#[derive(Debug)]
pub struct CrashingStore<S> {
    inner: Arc<S>,
    plan: Mutex<Option<(usize, CrashMoment)>>,
    commits: AtomicUsize,
    dead: AtomicBool,
}

impl<S: Store> CrashingStore<S> {
    /// Wraps a store that never crashes, to count commits.
    pub fn new(inner: Arc<S>) -> Self {
        Self {
            inner,
            plan: Mutex::new(None),
            commits: AtomicUsize::new(0),
            dead: AtomicBool::new(false),
        }
    }

    /// Crashes at the n-th commit, counted from 1.
    #[must_use]
    pub fn crashing_at(self, commit: usize, moment: CrashMoment) -> Self {
        *self.plan.lock().unwrap_or_else(PoisonError::into_inner) = Some((commit, moment));
        self
    }

    /// Commits asked for so far, the fatal one included.
    pub fn commits(&self) -> usize {
        self.commits.load(Ordering::SeqCst)
    }

    /// Whether the process has died.
    pub fn crashed(&self) -> bool {
        self.dead.load(Ordering::SeqCst)
    }

    /// Dies now.
    pub fn crash(&self) {
        self.dead.store(true, Ordering::SeqCst);
    }

    /// The wrapped store, for the next life.
    pub fn survivor(&self) -> Arc<S> {
        Arc::clone(&self.inner)
    }

    fn alive(&self) -> Result<(), StoreError> {
        if self.crashed() {
            return Err(gone());
        }
        Ok(())
    }

    /// Counts one commit and says whether it is the fatal one.
    fn count(&self) -> Option<CrashMoment> {
        let number = self.commits.fetch_add(1, Ordering::SeqCst) + 1;
        let plan = *self.plan.lock().unwrap_or_else(PoisonError::into_inner);
        plan.filter(|(fatal, _)| *fatal == number).map(|(_, moment)| moment)
    }
}

/// What every caller of a dead process would see, could it still see.
fn gone() -> StoreError {
    StoreError::Closed
}

#[async_trait]
impl<S: Store> Store for CrashingStore<S> {
    async fn get(&self, key: &[u8]) -> Result<Option<Bytes>, StoreError> {
        self.alive()?;
        self.inner.get(key).await
    }

    async fn scan(&self, scan: Scan) -> Result<Vec<(Bytes, Bytes)>, StoreError> {
        self.alive()?;
        self.inner.scan(scan).await
    }

    async fn commit(&self, batch: Batch) -> Result<(), CommitError> {
        self.alive()?;
        match self.count() {
            None => {
                let done = self.inner.commit(batch).await;
                // Somebody else's fatal commit may have come in between: nobody is told.
                self.alive()?;
                done
            }
            Some(CrashMoment::Before) => {
                self.crash();
                Err(gone().into())
            }
            Some(CrashMoment::After) => {
                // Dead first: what is asked meanwhile comes too late, this one is on its way.
                self.crash();
                self.inner.commit(batch).await?;
                Err(gone().into())
            }
        }
    }

    async fn close(&self) {
        // A process that died closes nothing; the survivor goes on in the next life.
        if !self.crashed() {
            self.inner.close().await;
        }
    }
}
