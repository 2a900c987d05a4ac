//! Who is driven now, and who waits for a turn.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tenure_run::{Program, Run, RunId};
use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;

use crate::drive::{Signal, drive};
use crate::engine::{Limits, Shared};

/// Most old versions kept compiled.
const OLD_PROGRAMS: usize = 64;

pub(crate) struct Queue {
    limits: Limits,
    turns: Mutex<Turns>,
    old: Mutex<HashMap<String, Arc<Program>>>,
    /// Runs that could not go on, and when they are tried again.
    resting: Mutex<HashMap<RunId, Rest>>,
    /// Told when a run went to sleep with a timer.
    pub(crate) timers: Notify,
}

/// A pause of a run whose journal cannot be read or written.
struct Rest {
    until: Instant,
    length: Duration,
}

/// First pause of such a run; each next one is twice as long.
const REST_FIRST: Duration = Duration::from_secs(10);
/// Longest pause of such a run.
const REST_MAX: Duration = Duration::from_secs(3600);

#[derive(Default)]
struct Turns {
    /// Runs that are driven or queued: at most one driver each.
    known: HashMap<RunId, mpsc::UnboundedSender<Signal>>,
    queued: VecDeque<(RunId, mpsc::UnboundedReceiver<Signal>)>,
    active: usize,
}

impl Queue {
    pub(crate) fn new(limits: Limits) -> Self {
        let (turns, old, resting) = Default::default();
        Self { limits, turns, old, resting, timers: Notify::new() }
    }

    /// Whether this many more runs may queue.
    pub(crate) fn has_room(&self, more: usize) -> bool {
        self.turns().queued.len() + more <= self.limits.queued_runs
    }

    /// Whether a run has a driver, waits for one, or rests after it could not go on.
    pub(crate) fn is_known(&self, id: RunId) -> bool {
        let rests = |rest: &Rest| rest.until > Instant::now();
        self.turns().known.contains_key(&id) || self.resting().get(&id).is_some_and(rests)
    }

    /// Leaves a run alone for a while: what could not be read now will hardly be in a moment.
    pub(crate) fn rest(&self, id: RunId) {
        let mut resting = self.resting();
        let last = resting.get(&id).map(|rest| rest.length);
        let length = last.map_or(REST_FIRST, |length| (length * 2).min(REST_MAX));
        resting.insert(id, Rest { until: Instant::now() + length, length });
    }

    fn resting(&self) -> MutexGuard<'_, HashMap<RunId, Rest>> {
        self.resting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn old_program(&self, version: &str) -> Option<Arc<Program>> {
        self.old().get(version).cloned()
    }

    pub(crate) fn keep_old_program(&self, version: &str, program: &Arc<Program>) {
        let mut old = self.old();
        if old.len() >= OLD_PROGRAMS {
            old.clear();
        }
        old.insert(version.to_owned(), Arc::clone(program));
    }

    fn turns(&self) -> MutexGuard<'_, Turns> {
        self.turns.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn old(&self) -> MutexGuard<'_, HashMap<String, Arc<Program>>> {
        self.old.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shared {
    /// Has a run driven, now or when its turn comes. A run that is driven already stays so.
    ///
    /// `run` saves reading the journal when there is a turn at once.
    pub(crate) fn enqueue(self: &Arc<Self>, id: RunId, run: Option<Run>) {
        let mut turns = self.queue.turns();
        if turns.known.contains_key(&id) {
            return;
        }
        let (sender, signals) = mpsc::unbounded_channel();
        turns.known.insert(id, sender);
        if turns.active < self.queue.limits.active_runs {
            turns.active += 1;
            drop(turns);
            self.spawn(id, run, signals);
        } else {
            turns.queued.push_back((id, signals));
        }
    }

    /// Tells a run something, waking it if it sleeps.
    pub(crate) fn signal(self: &Arc<Self>, id: RunId, signal: Signal) {
        let mut turns = self.queue.turns();
        let queued = turns.queued.iter().position(|(queued, _)| *queued == id);
        if let Some(sender) = turns.known.get(&id) {
            // A driver that is about to leave takes the signal along: see `leave`.
            if let Err(refused) = sender.send(signal) {
                tracing::error!(run.id = %id, "a signal was lost: {:?}", refused.0);
            }
            // A person's wish does not wait for a turn.
            if let Some((_, signals)) = queued.and_then(|at| turns.queued.remove(at)) {
                turns.active += 1;
                drop(turns);
                self.spawn(id, None, signals);
            }
            return;
        }
        let (sender, signals) = mpsc::unbounded_channel();
        if sender.send(signal).is_ok() {
            turns.known.insert(id, sender);
            turns.active += 1;
            drop(turns);
            self.spawn(id, None, signals);
        }
    }

    fn spawn(
        self: &Arc<Self>,
        id: RunId,
        run: Option<Run>,
        signals: mpsc::UnboundedReceiver<Signal>,
    ) {
        let shared = Arc::clone(self);
        self.tasks.spawn(async move {
            let signals = drive(&shared, id, run, signals).await;
            shared.leave(id, signals);
        });
    }

    /// A driver is done with a run: the next one's turn.
    ///
    /// Signals that came in the last moment start a new driver, so none is lost.
    fn leave(self: &Arc<Self>, id: RunId, mut signals: mpsc::UnboundedReceiver<Signal>) {
        let mut turns = self.queue.turns();
        if !signals.is_empty() && !self.closing.is_cancelled() {
            drop(turns);
            return self.spawn(id, None, signals);
        }
        signals.close();
        turns.known.remove(&id);
        if !self.closing.is_cancelled()
            && let Some((next, signals)) = turns.queued.pop_front()
        {
            drop(turns);
            return self.spawn(next, None, signals);
        }
        turns.active -= 1;
    }
}
