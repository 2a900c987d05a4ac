//! Gives space back: what is live is copied into a fresh generation.
//!
//! sled never shrinks its file. A thread copies while commits go on and the committer notes
//! which keys change; the last of them are copied while nothing is committed, then `CURRENT`
//! is replaced. A crash before that leaves the old generation, a crash after it the new one.

use std::collections::{BTreeSet, HashSet};
use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};

use super::Usage;
use super::committer::Request;
use super::generation::{Generation, io_error};
use crate::StoreError;
use crate::blobs::Blobs;
use crate::envelope::{self, BlobRef, Content};

/// Entries that are copied as one batch.
const CHUNK: usize = 256;

/// Bytes that are copied between two syncs.
const SYNC_EVERY: usize = 16 << 20;

/// So few changed keys are left to the pause at the end.
const LAST_MAX: usize = 2048;

/// Rounds after which the pause comes in any case, however fast keys change.
const ROUNDS_MAX: usize = 16;

/// Who wants to know how a compaction ended.
type Waiting = oneshot::Sender<Result<Usage, StoreError>>;

/// Where a new generation is to lie.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) dir: PathBuf,
    pub(super) number: u32,
    pub(super) cache: u64,
}

/// A compaction under way, as the committer holds it.
#[derive(Debug)]
pub(super) struct Compaction {
    pub(super) waiting: Vec<Waiting>,
    changed: Arc<Mutex<BTreeSet<Bytes>>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
    blobs: Arc<Blobs>,
}

/// What the copying thread hands over.
#[derive(Debug)]
pub(super) struct Copy {
    generation: Generation,
    /// Large values that were met; unknown if some value could not be read.
    referred: Option<HashSet<BlobRef>>,
}

impl Compaction {
    /// Begins to copy a generation; from now on the committer reports what changes.
    pub(super) fn start(
        from: Arc<Generation>,
        target: Target,
        blobs: &Arc<Blobs>,
        queue: mpsc::WeakSender<Request>,
    ) -> io::Result<Self> {
        blobs.begin_collection();
        let (changed, stop) = (Arc::default(), Arc::default());
        let work = Work { from, changed: Arc::clone(&changed), stop: Arc::clone(&stop) };
        let run = move || {
            let copied = work.copy(&target);
            // Without a queue the store is being closed, and nobody wants the copy.
            if let Some(queue) = queue.upgrade() {
                let _ = queue.blocking_send(Request::Copied(copied));
            }
        };
        let thread = std::thread::Builder::new().name("store-compaction".to_owned()).spawn(run)?;
        let (waiting, blobs) = (Vec::new(), Arc::clone(blobs));
        Ok(Self { waiting, changed, stop, thread: Some(thread), blobs })
    }

    /// Notes keys that are about to change.
    pub(super) fn changed(&self, keys: impl Iterator<Item = Bytes>) {
        lock(&self.changed).extend(keys);
    }

    /// Copies the last changes, while the committer does nothing else.
    pub(super) fn finish(&self, from: &Generation, copy: &Copy) -> Result<(), StoreError> {
        let last = std::mem::take(&mut *lock(&self.changed));
        transfer(from, &copy.generation, &last)?;
        copy.generation.sync_all().map_err(|error| failed("syncing a new generation", error))
    }

    /// Tells everybody that the old generation stays.
    pub(super) fn abandon(mut self, error: &StoreError) {
        tracing::warn!(%error, "compaction was abandoned");
        self.blobs.cancel_collection();
        for waiting in self.waiting.drain(..) {
            // Whoever asked may have stopped waiting.
            let _ = waiting.send(Err(error.clone()));
        }
    }
}

impl Drop for Compaction {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // A panic there is an abandoned compaction, nothing more.
            let _ = thread.join();
        }
    }
}

impl Copy {
    /// Takes it apart: the new generation, and the large values it refers to.
    pub(super) fn into_parts(self) -> (Generation, Option<HashSet<BlobRef>>) {
        (self.generation, self.referred)
    }
}

/// What the copying thread works on.
struct Work {
    from: Arc<Generation>,
    changed: Arc<Mutex<BTreeSet<Bytes>>>,
    stop: Arc<AtomicBool>,
}

impl Work {
    fn copy(&self, target: &Target) -> Result<Copy, StoreError> {
        match fs::remove_dir_all(&target.dir) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(failed("removing an abandoned generation", error));
            }
            _ => {}
        }
        let opened = Generation::open(target.dir.clone(), target.number, target.cache);
        let generation = opened.map_err(StoreError::failed)?;
        let referred = self.copy_all(&generation)?;
        for _ in 0..ROUNDS_MAX {
            if lock(&self.changed).len() <= LAST_MAX {
                break;
            }
            let changed = std::mem::take(&mut *lock(&self.changed));
            transfer(&self.from, &generation, &changed)?;
            self.go_on()?;
        }
        generation.sync_all().map_err(|error| failed("syncing a new generation", error))?;
        Ok(Copy { generation, referred })
    }

    fn copy_all(&self, to: &Generation) -> Result<Option<HashSet<BlobRef>>, StoreError> {
        let mut referred = Some(HashSet::new());
        let mut unsynced = 0;
        let mut entries = self.from.db.iter().peekable();
        while entries.peek().is_some() {
            let mut batch = sled::Batch::default();
            for entry in entries.by_ref().take(CHUNK) {
                let (key, value) = entry.map_err(|error| failed("copying", io_error(error)))?;
                unsynced += key.len() + value.len();
                match envelope::open(&key, &value) {
                    Ok(Content::Inline(_)) => {}
                    Ok(Content::Blob(blob)) => {
                        referred.as_mut().map(|referred| referred.insert(blob));
                    }
                    // Damage is copied as it is, so that it stays noticed.
                    Err(_) => referred = None,
                }
                batch.insert(key, value);
            }
            to.db.apply_batch(batch).map_err(|error| failed("copying", io_error(error)))?;
            if unsynced >= SYNC_EVERY {
                to.sync().map_err(|error| failed("syncing a new generation", error))?;
                unsynced = 0;
            }
            self.go_on()?;
        }
        Ok(referred)
    }

    fn go_on(&self) -> Result<(), StoreError> {
        if self.stop.load(Ordering::Relaxed) { Err(StoreError::Closed) } else { Ok(()) }
    }
}

/// Makes some keys of one generation the same as in another.
fn transfer(from: &Generation, to: &Generation, keys: &BTreeSet<Bytes>) -> Result<(), StoreError> {
    let mut batch = sled::Batch::default();
    for key in keys {
        match from.db.get(key).map_err(|error| failed("copying", io_error(error)))? {
            Some(value) => batch.insert(key.as_ref(), value),
            None => batch.remove(key.as_ref()),
        }
    }
    to.db.apply_batch(batch).map_err(|error| failed("copying", io_error(error)))
}

/// Removes what a finished compaction left behind, on a thread of its own.
pub(super) fn clean_up(
    old: Arc<Generation>,
    blobs: Arc<Blobs>,
    referred: Option<HashSet<BlobRef>>,
    usage: impl FnOnce() -> Result<Usage, StoreError> + Send + 'static,
    waiting: Vec<Waiting>,
) -> io::Result<JoinHandle<()>> {
    std::thread::Builder::new().name("store-clean-up".to_owned()).spawn(move || {
        let dir = old.dir().to_owned();
        drop(old);
        let removed = fs::remove_dir_all(dir).and_then(|()| match &referred {
            Some(referred) => blobs.collect(referred),
            None => {
                blobs.cancel_collection();
                Ok(0)
            }
        });
        match removed {
            Ok(values) => tracing::info!(values, "compaction has finished"),
            // The next opening or compaction tries again.
            Err(error) => tracing::warn!(%error, "compaction left something behind"),
        }
        let usage = usage();
        for waiting in waiting {
            // Whoever asked may have stopped waiting.
            let _ = waiting.send(usage.clone());
        }
    })
}

fn lock(changed: &Mutex<BTreeSet<Bytes>>) -> MutexGuard<'_, BTreeSet<Bytes>> {
    changed.lock().unwrap_or_else(PoisonError::into_inner)
}

fn failed(doing: &str, error: io::Error) -> StoreError {
    StoreError::io(doing, error)
}
