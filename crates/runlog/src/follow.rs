//! Live streams of what is appended.
//!
//! A listener that is slow is not waited for: past a bound only the numbers of what it
//! missed are noted, and it reads those from disk. So nobody misses anything, memory stays
//! bounded, and whoever appends never waits.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::stream::{self, BoxStream, StreamExt, TryStreamExt};
use tenure_run::RunId;
use tokio::sync::Notify;

use crate::journal::Entry;
use crate::{RunLog, RunLogError};

/// Appends that wait in memory for one listener.
const QUEUE_MAX: usize = 256;

/// Facts that are read from disk at a time.
const CHUNK: u64 = 256;

/// What one append has added.
#[derive(Debug, Clone)]
pub(crate) struct Heard {
    pub(crate) run: RunId,
    pub(crate) entries: Arc<[Entry]>,
    pub(crate) ended: bool,
}

/// Everybody who follows something.
#[derive(Debug, Default)]
pub(crate) struct Listeners {
    all: Mutex<Everybody>,
    count: AtomicUsize,
}

/// Listeners by what they follow: a run has few, whatever the others have.
#[derive(Debug, Default)]
struct Everybody {
    of_runs: HashMap<RunId, Vec<Arc<Listener>>>,
    of_all: Vec<Arc<Listener>>,
}

#[derive(Debug)]
struct Listener {
    /// Without a run it hears of all of them.
    run: Option<RunId>,
    unheard: Mutex<Unheard>,
    woken: Notify,
}

#[derive(Debug, Default)]
struct Unheard {
    queue: VecDeque<Heard>,
    /// Numbers that did not fit into the queue, by run.
    missed: BTreeMap<RunId, Range<u64>>,
}

/// What a listener does next.
enum Next {
    Take(Heard),
    Read(RunId, Range<u64>),
}

impl Listeners {
    /// Tells everybody concerned; what happened is only put together if there is somebody.
    pub(crate) fn hear(&self, run: RunId, heard: impl FnOnce() -> Heard) {
        if self.count.load(Ordering::Acquire) == 0 {
            return;
        }
        let concerned = self.all().concerned(run);
        if concerned.is_empty() {
            return;
        }
        let heard = heard();
        for listener in concerned {
            listener.hear(&heard);
        }
    }

    fn add(&self, listener: Arc<Listener>) {
        let mut all = self.all();
        match listener.run {
            Some(run) => all.of_runs.entry(run).or_default().push(listener),
            None => all.of_all.push(listener),
        }
        self.count.fetch_add(1, Ordering::Release);
    }

    fn remove(&self, listener: &Arc<Listener>) {
        let mut all = self.all();
        let others = |other: &Arc<Listener>| !Arc::ptr_eq(other, listener);
        match listener.run {
            None => all.of_all.retain(others),
            Some(run) => {
                if let Some(listeners) = all.of_runs.get_mut(&run) {
                    listeners.retain(others);
                    if listeners.is_empty() {
                        all.of_runs.remove(&run);
                    }
                }
            }
        }
        self.count.fetch_sub(1, Ordering::Release);
    }

    fn all(&self) -> MutexGuard<'_, Everybody> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Everybody {
    fn concerned(&self, run: RunId) -> Vec<Arc<Listener>> {
        let of_run = self.of_runs.get(&run).into_iter().flatten();
        of_run.chain(&self.of_all).cloned().collect()
    }
}

impl Listener {
    fn hear(&self, heard: &Heard) {
        let mut unheard = self.unheard();
        let missed = unheard.missed.get_mut(&heard.run);
        let (first, end) = match (heard.entries.first(), heard.entries.last()) {
            (Some(first), Some(last)) => (first.seq, last.seq + 1),
            _ => return,
        };
        if let Some(missed) = missed {
            missed.start = missed.start.min(first);
            missed.end = missed.end.max(end);
        } else if unheard.queue.len() < QUEUE_MAX {
            unheard.queue.push_back(heard.clone());
        } else {
            unheard.missed.insert(heard.run, first..end);
        }
        drop(unheard);
        self.woken.notify_one();
    }

    fn next(&self) -> Option<Next> {
        let mut unheard = self.unheard();
        let queued = unheard.queue.pop_front().map(Next::Take);
        queued.or_else(|| unheard.missed.pop_first().map(|(run, range)| Next::Read(run, range)))
    }

    fn unheard(&self) -> MutexGuard<'_, Unheard> {
        self.unheard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Listens for as long as it lives.
struct Following {
    log: RunLog,
    listener: Arc<Listener>,
}

impl Following {
    fn start(log: &RunLog, run: Option<RunId>) -> Self {
        let listener = Arc::new(Listener { run, unheard: Mutex::default(), woken: Notify::new() });
        log.listeners().add(Arc::clone(&listener));
        Self { log: log.clone(), listener }
    }

    async fn next(&self) -> Next {
        loop {
            if let Some(next) = self.listener.next() {
                return next;
            }
            self.listener.woken.notified().await;
        }
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        self.log.listeners().remove(&self.listener);
    }
}

/// One run being followed.
struct FollowRun {
    following: Following,
    run: RunId,
    next: u64,
    done: bool,
}

impl FollowRun {
    /// The entries that come next; `None` after the run's end.
    async fn entries(&mut self) -> Result<Option<Vec<Entry>>, RunLogError> {
        loop {
            if self.done {
                return Ok(None);
            }
            let log = &self.following.log;
            // Read first: an append between this and the entries is heard of.
            let summary = log.summary(self.run).await?;
            let summary = summary.ok_or(RunLogError::Unknown(self.run))?;
            if self.next < summary.next_seq {
                let end = summary.next_seq.min(self.next.saturating_add(CHUNK));
                let entries = log.facts_between(self.run, self.next, end).await?;
                self.next = end;
                return Ok(Some(entries));
            }
            if summary.status.is_ended() {
                self.done = true;
                continue;
            }
            if let Next::Take(heard) = self.following.next().await
                && heard.entries.first().is_some_and(|entry| entry.seq <= self.next)
            {
                let next = self.next;
                let fresh = heard.entries.iter().filter(|entry| entry.seq >= next).cloned();
                let fresh: Vec<_> = fresh.collect();
                self.next += fresh.len() as u64;
                self.done = heard.ended && !fresh.is_empty();
                if !fresh.is_empty() {
                    return Ok(Some(fresh));
                }
            }
        }
    }
}

impl RunLog {
    /// Streams the entries of a run from a number on: first those on disk, then live.
    ///
    /// In order and without gaps, however slowly it is read. Ends after the run has ended.
    pub fn follow(&self, run: RunId, from: u64) -> BoxStream<'static, Result<Entry, RunLogError>> {
        let following = Following::start(self, Some(run));
        let state = FollowRun { following, run, next: from, done: false };
        stream::try_unfold(state, |mut state| async move {
            let entries = state.entries().await?;
            Ok::<_, RunLogError>(entries.map(|entries| (entries, state)))
        })
        .map_ok(|entries| stream::iter(entries).map(Ok))
        .try_flatten()
        .boxed()
    }

    /// Streams what is appended to any run from now on.
    ///
    /// Entries of one run come in order and without gaps, however slowly it is read; entries
    /// of different runs may change places. Never ends by itself.
    pub fn follow_all(&self) -> BoxStream<'static, Result<(RunId, Entry), RunLogError>> {
        let following = Following::start(self, None);
        stream::try_unfold(following, |following| async move {
            let (run, entries) = match following.next().await {
                Next::Take(heard) => (heard.run, heard.entries.to_vec()),
                Next::Read(run, range) => {
                    let log = &following.log;
                    (run, log.facts_between(run, range.start, range.end).await?)
                }
            };
            Ok::<_, RunLogError>(Some(((run, entries), following)))
        })
        .map_ok(|(run, entries)| stream::iter(entries).map(move |entry| Ok((run, entry))))
        .try_flatten()
        .boxed()
    }
}

#[cfg(test)]
mod tests;
