//! The one thread that writes: it takes what waits, and syncs once for all of it.
//!
//! Batches are checked one after the other against the store and the batches before them in
//! the same group, so there is one serial order. Nobody is answered before the group is on
//! disk, not even with a conflict: the value that stands in the way must not be lost either.

use std::collections::{BTreeSet, HashMap};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};

use super::compact::{self, Compaction, Copy, Target};
use super::generation::{Generation, io_error};
use super::layout::Layout;
use super::survey::Surveyor;
use super::witness::{self, Witness};
use super::{Shared, SledOptions, Usage};
use crate::blobs::{Blobs, InFlight};
use crate::envelope::{self, INLINE_MAX};
use crate::{Batch, CommitError, Expectation, StoreError};

/// Most requests that wait; further callers wait to get in line.
pub(super) const QUEUE_MAX: usize = 1024;

/// Most batches that share one sync, and most bytes of keys and inline values among them.
const GROUP_MAX: usize = 256;
const GROUP_SIZE_MAX: usize = 4 << 20;

/// What the committer can be asked.
#[derive(Debug)]
pub(super) enum Request {
    Commit {
        batch: Sealed,
        answer: oneshot::Sender<Result<(), CommitError>>,
    },
    /// Begins a compaction, or joins the one under way.
    Compact(oneshot::Sender<Result<Usage, StoreError>>),
    /// Begins a compaction because too much of the disk is taken.
    CompactDue,
    /// A compaction has copied all but the last changes.
    Copied(Result<Copy, StoreError>),
    Close(oneshot::Sender<()>),
}

/// A batch in the form in which it is compared and stored.
#[derive(Debug)]
pub(super) struct Sealed {
    checks: Vec<(Bytes, Option<Bytes>)>,
    /// Deletes first, so that a put of the same key wins.
    writes: Vec<(Bytes, Option<Bytes>)>,
    size: usize,
    /// Keeps large values from being collected until the batch is answered.
    _in_flight: Vec<InFlight>,
}

impl Sealed {
    /// Seals all values on the caller's side; large ones are on disk when it returns.
    pub(super) async fn new(batch: Batch, blobs: &Arc<Blobs>) -> Result<Self, StoreError> {
        let mut in_flight = Vec::new();
        let large = batch.puts.iter().any(|(_, value)| value.len() > INLINE_MAX);
        let (puts, written) = if large {
            let (puts, blobs) = (batch.puts, Arc::clone(blobs));
            super::blocking(move || seal_large(puts, &blobs)).await?
        } else {
            (batch.puts.into_iter().map(seal_small).collect(), Vec::new())
        };
        in_flight.extend(written);
        let checks = batch.checks.into_iter().map(|check| {
            let expected = match check.expect {
                Expectation::Absent => None,
                Expectation::Is(value) if value.len() > INLINE_MAX => {
                    let announced = blobs.announce(&value);
                    let sealed = envelope::seal_blob(&check.key, announced.blob());
                    in_flight.push(announced);
                    Some(sealed)
                }
                Expectation::Is(value) => Some(envelope::seal_inline(&check.key, &value)),
            };
            (check.key, expected)
        });
        let checks = checks.collect();
        let deletes = batch.deletes.into_iter().map(|key| (key, None));
        let writes: Vec<_> = deletes.chain(puts).collect();
        let size =
            writes.iter().map(|(key, value)| key.len() + value.as_ref().map_or(0, Bytes::len));
        Ok(Self { checks, size: size.sum(), writes, _in_flight: in_flight })
    }
}

fn seal_small((key, value): (Bytes, Bytes)) -> (Bytes, Option<Bytes>) {
    let sealed = envelope::seal_inline(&key, &value);
    (key, Some(sealed))
}

type SealedPuts = (Vec<(Bytes, Option<Bytes>)>, Vec<InFlight>);

fn seal_large(puts: Vec<(Bytes, Bytes)>, blobs: &Arc<Blobs>) -> Result<SealedPuts, StoreError> {
    let mut in_flight = Vec::new();
    let mut sealed = Vec::with_capacity(puts.len());
    for (key, value) in puts {
        if value.len() <= INLINE_MAX {
            sealed.push(seal_small((key, value)));
            continue;
        }
        let announced = blobs.announce(&value);
        announced.write(&value)?;
        let reference = envelope::seal_blob(&key, announced.blob());
        in_flight.push(announced);
        sealed.push((key, Some(reference)));
    }
    Ok((sealed, in_flight))
}

type Answer = oneshot::Sender<Result<(), CommitError>>;

/// The thread's state.
#[derive(Debug)]
pub(super) struct Committer {
    shared: Arc<Shared>,
    generation: Arc<Generation>,
    layout: Layout,
    witness: Witness,
    options: SledOptions,
    queue: mpsc::Receiver<Request>,
    /// Lets helping threads send requests without keeping the store open.
    sender: mpsc::WeakSender<Request>,
    surveyor: Surveyor,
    compaction: Option<Compaction>,
    clean_up: Option<JoinHandle<()>>,
    closed: Vec<oneshot::Sender<()>>,
}

impl Committer {
    pub(super) fn new(
        shared: Arc<Shared>,
        generation: Arc<Generation>,
        (layout, witness): (Layout, Witness),
        options: SledOptions,
        (sender, queue): (mpsc::WeakSender<Request>, mpsc::Receiver<Request>),
    ) -> Self {
        let blobs = Arc::clone(&shared.blobs);
        let surveyor = Surveyor::new(blobs, options.compact_above, sender.clone());
        let (compaction, clean_up, closed) = (None, None, Vec::new());
        Self {
            shared,
            generation,
            layout,
            witness,
            options,
            queue,
            sender,
            surveyor,
            compaction,
            clean_up,
            closed,
        }
    }

    /// Works until the store is closed or dropped.
    pub(super) fn run(mut self) {
        let worked = catch_unwind(AssertUnwindSafe(|| self.work()));
        if worked.is_err() {
            self.shared.fail("committer ended in a panic");
        }
        self.queue.close();
        // What is left in the queue is dropped, and with it whoever waits for an answer.
        while self.queue.try_recv().is_ok() {}
        if let Some(compaction) = self.compaction.take() {
            compaction.abandon(&self.shared.gone());
        }
        self.surveyor.stop();
        self.tidied();
        self.shared.visible.replace(None);
        let Self { generation, layout, witness, closed, .. } = self;
        drop(generation);
        drop(witness);
        drop(layout);
        for answer in closed {
            // Whoever asked may have stopped waiting.
            let _ = answer.send(());
        }
    }

    fn work(&mut self) {
        self.surveyor.wrote(0, &self.generation);
        while let Some(request) = self.queue.blocking_recv() {
            let mut others = Vec::new();
            let group = self.gather(request, &mut others);
            if !group.is_empty() {
                self.commit(group);
            }
            for request in others {
                self.serve(request);
            }
        }
    }

    /// Takes what waits, beginning with one request, without waiting for more.
    fn gather(&mut self, first: Request, others: &mut Vec<Request>) -> Vec<(Sealed, Answer)> {
        let mut group = Vec::new();
        let mut size = 0;
        let mut next = Some(first);
        while let Some(request) = next {
            match request {
                Request::Commit { batch, answer } => {
                    size += batch.size;
                    group.push((batch, answer));
                }
                other => others.push(other),
            }
            let full = group.len() == GROUP_MAX || size >= GROUP_SIZE_MAX || !others.is_empty();
            next = if full { None } else { self.queue.try_recv().ok() };
        }
        group
    }

    fn commit(&mut self, group: Vec<(Sealed, Answer)>) {
        if let Some(failure) = self.shared.failure.get() {
            answer_all(group, |_| Err(failure.clone().into()));
            return;
        }
        let mut staged = Staged::default();
        let mut verdicts = Vec::with_capacity(group.len());
        for (batch, _) in &group {
            verdicts.push(staged.admit(batch, &self.generation));
        }
        let written = staged.size;
        match self.persist(staged) {
            Ok(()) => {
                let mut verdicts = verdicts.into_iter();
                answer_all(group, |_| verdicts.next().unwrap_or(Err(StoreError::Closed.into())));
                self.surveyor.wrote(written, &self.generation);
            }
            Err(failure) => answer_all(group, |_| Err(failure.clone().into())),
        }
    }

    /// Applies and syncs; an error leaves the store unusable, as it must.
    fn persist(&mut self, staged: Staged) -> Result<(), StoreError> {
        if staged.writes.is_empty() {
            return Ok(());
        }
        if let Some(compaction) = &self.compaction {
            let tally = std::iter::once(Bytes::from_static(witness::KEY));
            compaction.changed(staged.writes.keys().cloned().chain(tally));
        }
        let tally = self.witness.add(&self.generation, &staged.writes);
        let tally = tally.map_err(|error| self.shared.fail(io_error(error)))?;
        let mut batch = sled::Batch::default();
        batch.insert(witness::KEY, tally.as_ref());
        let mut keys = BTreeSet::new();
        for (key, value) in staged.writes {
            match value {
                Some(value) => batch.insert(key.as_ref(), value.as_ref()),
                None => batch.remove(key.as_ref()),
            }
            keys.insert(key);
        }
        let applied = self.shared.visible.apply(&self.generation, batch, keys);
        let synced = applied.map_err(io_error).and_then(|()| self.generation.sync());
        synced.map_err(|error| self.shared.fail(error))?;
        self.shared.visible.release();
        self.witness.remember();
        Ok(())
    }

    fn serve(&mut self, request: Request) {
        match request {
            Request::Commit { answer, .. } => {
                // Unreachable by construction; refusing is right all the same.
                let _ = answer.send(Err(StoreError::Closed.into()));
            }
            Request::Compact(answer) => {
                self.compact();
                match &mut self.compaction {
                    Some(compaction) => compaction.waiting.push(answer),
                    None => drop(answer.send(Err(self.shared.gone()))),
                }
            }
            Request::CompactDue => self.compact(),
            Request::Copied(copy) => self.switch(copy),
            Request::Close(answer) => {
                self.queue.close();
                self.closed.push(answer);
            }
        }
    }

    fn compact(&mut self) {
        if self.compaction.is_some() || self.shared.failure.get().is_some() {
            return;
        }
        self.tidied();
        let number = self.generation.number + 1;
        let dir = self.layout.generation(number);
        let target = Target { dir, number, cache: self.options.cache };
        let from = Arc::clone(&self.generation);
        match Compaction::start(from, target, &self.shared.blobs, self.sender.clone()) {
            Ok(compaction) => self.compaction = Some(compaction),
            Err(error) => tracing::warn!(%error, "compaction could not be started"),
        }
    }

    /// Finishes a compaction: nothing is committed meanwhile.
    fn switch(&mut self, copy: Result<Copy, StoreError>) {
        let Some(mut compaction) = self.compaction.take() else { return };
        let finished = copy.and_then(|copy| {
            compaction.finish(&self.generation, &copy)?;
            Ok(copy.into_parts())
        });
        let (generation, referred) = match finished {
            Ok(parts) => parts,
            Err(error) => return compaction.abandon(&error),
        };
        if let Err(error) = self.layout.set_current(generation.number) {
            // Which generation counts after a restart is not known now.
            return compaction.abandon(&self.shared.fail(error));
        }
        let generation = Arc::new(generation);
        self.shared.visible.replace(Some(Arc::clone(&generation)));
        let old = std::mem::replace(&mut self.generation, generation);
        let shared = Arc::clone(&self.shared);
        let waiting = std::mem::take(&mut compaction.waiting);
        let blobs = Arc::clone(&self.shared.blobs);
        match compact::clean_up(old, blobs, referred, move || shared.usage(), waiting) {
            Ok(thread) => self.clean_up = Some(thread),
            Err(error) => tracing::warn!(%error, "old generation stays until the next opening"),
        }
    }

    /// Waits until the compaction before has tidied up.
    fn tidied(&mut self) {
        if let Some(thread) = self.clean_up.take() {
            // A panic there leaves files that the next opening removes.
            let _ = thread.join();
        }
    }
}

/// The writes of one group as they are decided.
#[derive(Debug, Default)]
struct Staged {
    writes: HashMap<Bytes, Option<Bytes>>,
    size: usize,
}

impl Staged {
    /// Adds a batch if its checks hold.
    fn admit(&mut self, batch: &Sealed, generation: &Generation) -> Result<(), CommitError> {
        for (key, expected) in &batch.checks {
            self.check(key, expected.as_ref(), generation)?;
        }
        self.size += batch.size;
        for (key, value) in &batch.writes {
            self.writes.insert(key.clone(), value.clone());
        }
        Ok(())
    }

    fn check(
        &self,
        key: &Bytes,
        expected: Option<&Bytes>,
        generation: &Generation,
    ) -> Result<(), CommitError> {
        let stored;
        let found = if let Some(staged) = self.writes.get(key) {
            staged.as_deref()
        } else {
            let read = generation.db.get(key);
            stored = read.map_err(|error| StoreError::failed(io_error(error)))?;
            stored.as_deref()
        };
        if found == expected.map(AsRef::as_ref) {
            return Ok(());
        }
        if let Some(found) = found {
            // Damage is not the same as somebody else's value.
            envelope::open(key, found)?;
        }
        Err(CommitError::Conflict { key: key.clone() })
    }
}

fn answer_all(
    group: Vec<(Sealed, Answer)>,
    mut verdict: impl FnMut(&Sealed) -> Result<(), CommitError>,
) {
    for (batch, answer) in group {
        // Whoever asked may have stopped waiting; the batch stays as it was decided.
        let _ = answer.send(verdict(&batch));
    }
}
