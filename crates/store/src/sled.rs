//! A store in a directory of this machine, on sled 0.34.
//!
//! sled is fast and survives a kill at any moment, but it leaves gaps that this module
//! closes: `flush` does not reach the disk, large pages are never synced, files do not
//! shrink, a leftover snapshot blocks opening, damage is taken for the end. Hence one tree, one committer thread that
//! takes all waiting batches at once and syncs once for all of them, small values only,
//! checksums, and compaction into fresh generations.
//!
//! Must not know: what any key means.

mod committer;
mod compact;
mod generation;
mod layout;
mod recover;
mod survey;
mod visible;
mod witness;

use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::JoinHandle;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};

use self::committer::{Committer, QUEUE_MAX, Request, Sealed};
use self::generation::Generation;
use self::layout::Layout;
use self::visible::{Found, Visible};
use self::witness::Witness;
use crate::blobs::Blobs;
use crate::envelope::BlobRef;
use crate::{Batch, CommitError, Scan, Store, StoreError};

/// Scans of more entries than this leave the caller's thread.
const SCAN_HERE_MAX: usize = 128;

/// How often a read starts over because a large value was replaced under it.
const READS_MAX: usize = 8;

/// How a store in a directory is opened.
#[derive(Debug, Clone)]
pub struct SledOptions {
    /// Bytes that sled may keep in memory; it really takes somewhat more.
    pub cache: u64,
    /// Disk use below which compaction never starts by itself, in bytes.
    pub compact_above: u64,
}

impl Default for SledOptions {
    fn default() -> Self {
        Self { cache: 64 << 20, compact_above: 256 << 20 }
    }
}

/// Why a data directory could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process, or another store of this one, holds the directory.
    #[error("data directory {dir} is in use by another process", dir = dir.display())]
    InUse {
        /// The directory.
        dir: PathBuf,
    },
    /// It cannot be told which data counts.
    #[error("data directory {dir} is unclear: {reason}", dir = dir.display())]
    Unclear {
        /// The directory.
        dir: PathBuf,
        /// What is unclear.
        reason: &'static str,
    },
    /// The database is damaged beyond what a rescan of its log repairs.
    #[error(
        "database in {dir} cannot be read; restore a backup of the whole data directory",
        dir = dir.display()
    )]
    Damaged {
        /// Directory of the database.
        dir: PathBuf,
        /// What sled found.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// The database opens, but lacks some of what was committed.
    ///
    /// Going on would do finished work again.
    #[error(
        "database in {dir} has lost what was committed: {reason}; restore a backup of the whole \
         data directory, or remove {witness} to accept the loss",
        dir = dir.display(),
        witness = witness.display()
    )]
    Lost {
        /// Directory of the database.
        dir: PathBuf,
        /// What was expected and what was found.
        reason: String,
        /// The file that remembers; without it nothing is compared.
        witness: PathBuf,
    },
    /// A file or directory could not be read or written.
    #[error("data directory {dir} cannot be opened", dir = dir.display())]
    Io {
        /// The directory.
        dir: PathBuf,
        /// What the system answered.
        #[source]
        source: io::Error,
    },
}

/// What a data directory takes on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// Bytes of the database and of large values.
    pub disk: u64,
    /// Number of the generation; one more after each compaction.
    pub generation: u32,
}

/// Keeps everything in a directory that it alone uses.
#[derive(Debug)]
pub struct SledStore {
    shared: Arc<Shared>,
    queue: Option<mpsc::Sender<Request>>,
    committer: Mutex<Option<JoinHandle<()>>>,
}

/// What the committer and all readers share.
#[derive(Debug)]
struct Shared {
    visible: Visible,
    blobs: Arc<Blobs>,
    failure: OnceLock<StoreError>,
}

impl SledStore {
    /// Opens a data directory, creating it if need be. Blocks.
    pub fn open(dir: impl AsRef<Path>, options: SledOptions) -> Result<Self, OpenError> {
        let dir = dir.as_ref();
        let io = |source| OpenError::Io { dir: dir.to_owned(), source };
        let layout = Layout::acquire(dir)?;
        let current = layout.current()?;
        let number = current.unwrap_or(1);
        layout.remove_others(number).map_err(io)?;
        let generation = Generation::open(layout.generation(number), number, options.cache)?;
        let witness = Witness::examine(layout.witness(), &generation)?;
        if current.is_none() {
            generation.sync_all().map_err(io)?;
        }
        // Also renews a pointer that was lost after the very first start.
        layout.set_current(number).map_err(io)?;
        Self::start(layout, generation, witness, options).map_err(io)
    }

    fn start(
        layout: Layout,
        generation: Generation,
        witness: Witness,
        options: SledOptions,
    ) -> io::Result<Self> {
        let blobs = Arc::new(Blobs::open(layout.blobs())?);
        let generation = Arc::new(generation);
        let shared = Arc::new(Shared {
            visible: Visible::new(Arc::clone(&generation)),
            blobs,
            failure: OnceLock::new(),
        });
        let (queue, waiting) = mpsc::channel(QUEUE_MAX);
        let ends = (queue.downgrade(), waiting);
        let committer =
            Committer::new(Arc::clone(&shared), generation, (layout, witness), options, ends);
        let thread = std::thread::Builder::new()
            .name("store-committer".to_owned())
            .spawn(move || committer.run())?;
        Ok(Self { shared, queue: Some(queue), committer: Mutex::new(Some(thread)) })
    }

    /// Copies what is live into a new generation and gives the rest back to the disk.
    ///
    /// Commits go on meanwhile, but for a short pause at the end. Starts by itself when the
    /// directory takes more than [`SledOptions::compact_above`] and eight times what is live.
    pub async fn compact(&self) -> Result<Usage, StoreError> {
        let (answer, answered) = oneshot::channel();
        self.send(Request::Compact(answer)).await?;
        answered.await.map_err(|_| self.shared.gone())?
    }

    /// Measures what the directory takes.
    pub async fn usage(&self) -> Result<Usage, StoreError> {
        let shared = Arc::clone(&self.shared);
        blocking(move || shared.usage()).await
    }

    async fn send(&self, request: Request) -> Result<(), StoreError> {
        self.shared.healthy()?;
        let queue = self.queue.as_ref().ok_or(StoreError::Closed)?;
        queue.send(request).await.map_err(|_| self.shared.gone())
    }

    fn join(&self) {
        let thread = self.committer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("committer of the store ended in a panic");
        }
    }
}

#[async_trait]
impl Store for SledStore {
    async fn get(&self, key: &[u8]) -> Result<Option<Bytes>, StoreError> {
        let mut missing = None;
        for _ in 0..READS_MAX {
            self.shared.healthy()?;
            let (found, pending) = self.shared.visible.get(key)?;
            self.shared.durable(pending).await?;
            match found {
                None => return Ok(None),
                Some(Found::Value(value)) => return Ok(Some(value)),
                Some(Found::Blob(blob)) => {
                    if let Some(value) = self.blob(blob).await? {
                        return Ok(Some(value));
                    }
                    missing = Some(blob);
                }
            }
        }
        let file = missing.map_or_else(String::new, |blob| blob.to_string());
        Err(StoreError::file_lost(key, file))
    }

    async fn scan(&self, scan: Scan) -> Result<Vec<(Bytes, Bytes)>, StoreError> {
        if scan.is_empty() {
            return Ok(Vec::new());
        }
        let mut missing = (Bytes::new(), String::new());
        for _ in 0..READS_MAX {
            self.shared.healthy()?;
            let (found, pending) = if scan.limit <= SCAN_HERE_MAX {
                self.shared.visible.scan(&scan)?
            } else {
                let (shared, scan) = (Arc::clone(&self.shared), scan.clone());
                blocking(move || shared.visible.scan(&scan)).await?
            };
            self.shared.durable(pending).await?;
            match self.resolve(found).await? {
                Ok(entries) => return Ok(entries),
                Err((key, blob)) => missing = (key, blob.to_string()),
            }
        }
        let (key, file) = missing;
        Err(StoreError::file_lost(&key, file))
    }

    async fn commit(&self, batch: Batch) -> Result<(), CommitError> {
        batch.validate()?;
        self.shared.healthy()?;
        let sealed = Sealed::new(batch, &self.shared.blobs).await?;
        let (answer, answered) = oneshot::channel();
        self.send(Request::Commit { batch: sealed, answer }).await?;
        answered.await.map_err(|_| self.shared.gone())?
    }

    async fn close(&self) {
        let (answer, answered) = oneshot::channel();
        let queue = self.queue.as_ref();
        if let Some(queue) = queue
            && queue.send(Request::Close(answer)).await.is_ok()
        {
            // An error means that the thread is gone already, which is what is wanted.
            let _ = answered.await;
        }
        self.join();
    }
}

impl SledStore {
    async fn blob(&self, blob: BlobRef) -> Result<Option<Bytes>, StoreError> {
        let blobs = Arc::clone(&self.shared.blobs);
        Ok(blocking(move || blobs.read(&blob)).await?.map(Bytes::from))
    }

    /// Reads the large values among what was found, or names one that is gone and its key.
    async fn resolve(
        &self,
        found: Vec<(Bytes, Found)>,
    ) -> Result<Result<Vec<(Bytes, Bytes)>, (Bytes, BlobRef)>, StoreError> {
        let mut entries = Vec::with_capacity(found.len());
        for (key, found) in found {
            let value = match found {
                Found::Value(value) => value,
                Found::Blob(blob) => match self.blob(blob).await? {
                    Some(value) => value,
                    None => return Ok(Err((key, blob))),
                },
            };
            entries.push((key, value));
        }
        Ok(Ok(entries))
    }
}

impl Drop for SledStore {
    fn drop(&mut self) {
        self.queue = None;
        self.join();
    }
}

impl Shared {
    fn healthy(&self) -> Result<(), StoreError> {
        self.failure.get().map_or(Ok(()), |failure| Err(failure.clone()))
    }

    /// Why the committer no longer answers.
    fn gone(&self) -> StoreError {
        self.failure.get().cloned().unwrap_or(StoreError::Closed)
    }

    /// Waits until what a reader saw cannot be lost any more.
    async fn durable(&self, pending: Option<u64>) -> Result<(), StoreError> {
        if let Some(group) = pending {
            self.visible.synced(group).await;
            self.healthy()?;
        }
        Ok(())
    }

    /// Takes no more calls: what is in memory may never reach the disk.
    fn fail(&self, cause: impl Into<Box<dyn Error + Send + Sync>>) -> StoreError {
        let failure = StoreError::failed(cause);
        let first = self.failure.set(failure.clone()).is_ok();
        if first {
            let cause = failure.source().map(ToString::to_string);
            tracing::error!(cause, "store has failed and needs a restart");
        }
        self.visible.release_all();
        self.failure.get().cloned().unwrap_or(failure)
    }

    fn usage(&self) -> Result<Usage, StoreError> {
        let (disk, generation) = self.visible.usage()?;
        let blobs = self.blobs.size();
        let blobs = blobs.map_err(|error| StoreError::io("measuring large values", error))?;
        Ok(Usage { disk: disk + blobs, generation })
    }
}

/// Runs what blocks on a thread that may.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(answer) => answer,
        Err(error) => Err(StoreError::failed(error)),
    }
}

#[cfg(test)]
mod tests;
