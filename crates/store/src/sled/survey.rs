//! Finds out, now and then, whether a compaction would pay.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use tokio::sync::mpsc;

use super::committer::Request;
use super::generation::Generation;
use crate::blobs::Blobs;
use crate::envelope::{self, Content};

/// Bytes written after which it is looked again.
const LOOK_EVERY: usize = 64 << 20;

/// Compaction pays when the disk holds more than this many times what is live.
const WASTE: u64 = 8;

/// Entries between two looks at the stop sign.
const STRIDE: usize = 1024;

/// Counts what is written and measures from time to time.
#[derive(Debug)]
pub(super) struct Surveyor {
    blobs: Arc<Blobs>,
    above: u64,
    queue: mpsc::WeakSender<Request>,
    unseen: usize,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Surveyor {
    /// Prepares a surveyor that looks as soon as it can.
    pub(super) fn new(blobs: Arc<Blobs>, above: u64, queue: mpsc::WeakSender<Request>) -> Self {
        Self { blobs, above, queue, unseen: LOOK_EVERY, stop: Arc::default(), thread: None }
    }

    /// Notes that something was written, and measures if it was much.
    pub(super) fn wrote(&mut self, bytes: usize, generation: &Arc<Generation>) {
        self.unseen += bytes;
        let busy = self.thread.as_ref().is_some_and(|thread| !thread.is_finished());
        if self.unseen < LOOK_EVERY || busy {
            return;
        }
        self.unseen = 0;
        let (generation, blobs) = (Arc::clone(generation), Arc::clone(&self.blobs));
        let (stop, above, queue) = (Arc::clone(&self.stop), self.above, self.queue.clone());
        let look = move || {
            if pays(&generation, &blobs, above, &stop)
                && let Some(queue) = queue.upgrade()
            {
                // A closed queue needs no compaction.
                let _ = queue.blocking_send(Request::CompactDue);
            }
        };
        match std::thread::Builder::new().name("store-survey".to_owned()).spawn(look) {
            Ok(thread) => self.thread = Some(thread),
            Err(error) => tracing::warn!(%error, "disk use could not be measured"),
        }
    }

    /// Ends what is under way.
    pub(super) fn stop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // A panic there costs a measurement, nothing more.
            let _ = thread.join();
        }
    }
}

/// Whether much more of the disk is taken than what is live needs.
fn pays(generation: &Generation, blobs: &Blobs, above: u64, stop: &AtomicBool) -> bool {
    let disk = generation.size().unwrap_or_default() + blobs.size().unwrap_or_default();
    if disk <= above {
        return false;
    }
    let mut live = 0;
    for (count, entry) in generation.db.iter().enumerate() {
        // Whatever cannot be read shows itself to those who need it.
        let Ok((key, value)) = entry else { return false };
        live += (key.len() + value.len()) as u64;
        if let Ok(Content::Blob(blob)) = envelope::open(&key, &value) {
            live += blob.len;
        }
        if live.saturating_mul(WASTE) >= disk {
            return false;
        }
        if count % STRIDE == 0 && stop.load(Ordering::Relaxed) {
            return false;
        }
    }
    tracing::info!(disk, live, "compaction pays");
    true
}
