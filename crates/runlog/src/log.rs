//! The run log and what can be read of one run.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use tenure_run::{RunId, Summary};
use tenure_store::{Scan, Store};
use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::counts::Counts;
use crate::follow::Listeners;
use crate::journal::{self, Entry, Hash};
use crate::record::Record;
use crate::{RunLogError, keys};

/// Entries that are read at a time.
const PAGE: usize = 128;

/// The durable record of all runs; clones are the same log.
#[derive(Clone)]
pub struct RunLog(Arc<Inner>);

struct Inner {
    store: Arc<dyn Store>,
    listeners: Listeners,
    counts: Counts,
    /// Shared by those who append, held alone by those who need the log to stand still.
    gate: RwLock<()>,
}

impl RunLog {
    /// Opens the log that a store holds, making good what an interruption left.
    pub async fn open(store: Arc<dyn Store>) -> Result<Self, RunLogError> {
        let (listeners, counts) = (Listeners::default(), Counts::default());
        let log = Self(Arc::new(Inner { store, listeners, counts, gate: RwLock::new(()) }));
        log.upgrade_indexes().await?;
        Ok(log)
    }

    /// Reads a run's summary; `None` for a run that is not in the log.
    pub async fn summary(&self, run: RunId) -> Result<Option<Summary>, RunLogError> {
        Ok(self.record(run).await?.map(|(record, _)| record.summary))
    }

    /// Reads all facts of a run, in order; none for a run that is not in the log.
    ///
    /// Whether they are what was once written is what [`RunLog::verify`] says.
    pub async fn facts(&self, run: RunId) -> Result<Vec<Entry>, RunLogError> {
        self.facts_between(run, 0, u64::MAX).await
    }

    /// Reads the facts of a run from a number up to, not including, another.
    pub(crate) async fn facts_between(
        &self,
        run: RunId,
        first: u64,
        end: u64,
    ) -> Result<Vec<Entry>, RunLogError> {
        if first >= end {
            return Ok(Vec::new());
        }
        let read = self.read_facts(run, first, end).await;
        read.map_err(|error| error.concerns(|| format!("journal of run {run}")))
    }

    async fn read_facts(
        &self,
        run: RunId,
        first: u64,
        end: u64,
    ) -> Result<Vec<Entry>, RunLogError> {
        // The value that holds `first` may begin before it.
        let before =
            Scan::range(keys::journal(run), keys::journal_at(run, first.saturating_add(1)));
        let before = self.store().scan(before.limit(2).reversed()).await?;
        let (mut last, from) = match before.as_slice() {
            [] => (Hash::origin(run), keys::journal_at(run, 0)),
            [(key, _)] => (Hash::origin(run), key.clone()),
            [(key, _), (earlier, value), ..] => {
                (journal::decode(run, earlier, value.clone())?.1, key.clone())
            }
        };
        let mut entries = Vec::new();
        let scan = Scan::range(from, keys::journal_at(run, end));
        self.each(scan, |key, value| {
            for raw in journal::decode(run, &key, value)?.0 {
                let (hash, _) = raw.follows(last);
                last = hash;
                if (first..end).contains(&raw.seq) {
                    entries.push(Entry { seq: raw.seq, fact: raw.fact(run)?, hash });
                }
            }
            Ok(())
        })
        .await?;
        Ok(entries)
    }

    /// Visits a range of any length, a few entries at a time.
    ///
    /// So that no read holds up commits for long, and short ones stay on this thread.
    pub(crate) async fn each(
        &self,
        scan: Scan,
        mut visit: impl FnMut(Bytes, Bytes) -> Result<(), RunLogError>,
    ) -> Result<(), RunLogError> {
        let mut scan = scan.limit(PAGE);
        loop {
            let page = self.store().scan(scan.clone()).await?;
            let last = page.last().map(|(key, _)| key.clone()).filter(|_| page.len() == PAGE);
            for (key, value) in page {
                visit(key, value)?;
            }
            match last {
                Some(last) => scan = scan.after(&last),
                None => return Ok(()),
            }
        }
    }

    /// Reads what is kept about a run, and the very bytes it is kept in.
    pub(crate) async fn record(&self, run: RunId) -> Result<Option<(Record, Bytes)>, RunLogError> {
        let read = self.store().get(&keys::run(run)).await.map_err(RunLogError::from);
        let read = read.map_err(|error| error.concerns(|| format!("summary of run {run}")))?;
        let Some(bytes) = read else { return Ok(None) };
        Ok(Some((Record::decode(run, &bytes)?, bytes)))
    }

    /// The store below; other parts keep their own keys in it.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.0.store
    }

    pub(crate) fn listeners(&self) -> &Listeners {
        &self.0.listeners
    }

    pub(crate) fn counts(&self) -> &Counts {
        &self.0.counts
    }

    /// Takes part in changing the log.
    pub(crate) async fn among_others(&self) -> RwLockReadGuard<'_, ()> {
        self.0.gate.read().await
    }

    /// Waits until nobody changes the log, and keeps it so.
    pub(crate) async fn alone(&self) -> RwLockWriteGuard<'_, ()> {
        self.0.gate.write().await
    }
}

impl fmt::Debug for RunLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunLog").finish_non_exhaustive()
    }
}
