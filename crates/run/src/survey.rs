//! Looks over the open part of a run for what is to be done.
//!
//! The first fact that can be recorded ends the survey; else all requests that are due are
//! found, and the earliest instant at which something will be.

use jiff::{SignedDuration, Timestamp};
use std::time::Duration;
use tenure_workflow::{Block, Kind, OnError, Step};

use crate::StepPath;
use crate::decide::begin;
use crate::fact::{Fact, Intent, StepError, What};
use crate::next::{Due, Earlier, Next, Run};
use crate::program::Root;
use crate::scope::RunScope;
use crate::state::{BlockState, Inner, Items, Progress, StepState};

/// What became of a block or step.
#[derive(Debug)]
pub(crate) enum Found {
    /// Something is still to happen.
    Open,
    /// Nothing happens until a person says whether a write did.
    Held,
    /// The next step may go on.
    Over,
    /// The block ends here.
    Failed(StepError),
}

pub(crate) struct Survey<'a> {
    run: &'a Run,
    now: Timestamp,
    /// Loop items around the place that is looked at.
    items: Vec<(String, u32)>,
    record: Option<What>,
    due: Vec<Due>,
    wake: Option<Timestamp>,
}

impl<'a> Survey<'a> {
    pub(crate) fn new(run: &'a Run, now: Timestamp) -> Self {
        Self { run, now, items: Vec::new(), record: None, due: Vec::new(), wake: None }
    }

    pub(crate) fn into_next(self) -> Next {
        match self.record {
            Some(what) => Next::Record(Fact { at: self.now, what }),
            None if self.due.is_empty() => Next::Wait(self.wake),
            None => Next::Perform(self.due),
        }
    }

    pub(crate) fn root(&mut self, root: Root) -> Found {
        let state = match root {
            Root::Steps => &self.run.steps,
            Root::OnFailure => &self.run.on_failure,
        };
        self.block(self.run.program.root(root), state, None)
    }

    fn block(&mut self, block: &Block, state: &BlockState, deadline: Option<Timestamp>) -> Found {
        for (step, state) in block.steps.iter().zip(&state.steps) {
            match self.step(step, state, deadline) {
                Found::Over => {}
                found => return found,
            }
        }
        Found::Over
    }

    fn step(&mut self, step: &Step, state: &StepState, around: Option<Timestamp>) -> Found {
        let deadline = earliest(around, ends_at(step, state, self.now));
        match &state.progress {
            Progress::Succeeded | Progress::Skipped => return Found::Over,
            Progress::Failed => return self.failed(step, state, around),
            Progress::Pending => self.pending(step, deadline),
            Progress::Open => return self.open(step, state, deadline),
            Progress::InHand(_) => {}
            Progress::Doubt => return Found::Held,
            Progress::Interrupted(intent) => self.interrupted(step, intent, deadline),
            Progress::Timer(until) if *until <= self.now => {
                self.record = Some(What::TimerFired { step: self.path(step) });
            }
            Progress::Retry { in_doubt: true, .. } if is_over(deadline, self.now) => {
                self.record = Some(doubt_is_left(&self.path(step), state));
            }
            Progress::Retry { at, attempts, in_doubt } if *at <= self.now => {
                let earlier = Earlier { attempts: *attempts, in_doubt: *in_doubt, cut_off: false };
                self.due(step, deadline, earlier);
            }
            Progress::Timer(at) | Progress::Retry { at, .. } => {
                let at = earliest(Some(*at), deadline);
                self.wake = earliest(self.wake, at);
                if is_over(deadline, self.now) {
                    self.time_is_over(step);
                }
            }
        }
        Found::Open
    }

    /// A pending step: its condition, its time, its beginning.
    fn pending(&mut self, step: &Step, deadline: Option<Timestamp>) {
        let path = self.path(step);
        let scope = RunScope::new(self.run, &path);
        let what = match step.condition.as_ref().map(|condition| condition.holds(&scope)) {
            Some(Ok(false)) => {
                let reason = "its condition is false".to_owned();
                Some(What::StepSkipped { step: path.clone(), reason })
            }
            Some(Err(error)) => {
                Some(failure(&path, "expression", format!("its condition: {error}")))
            }
            None | Some(Ok(true)) => {
                if is_over(deadline, self.now) {
                    return self.time_is_over(step);
                }
                begin(step, &path, &scope, self.now)
            }
        };
        match what {
            Some(what) => self.record = Some(what),
            None => self.due(step, deadline, Earlier::default()),
        }
    }

    /// A step whose request was cut off when an earlier process ended.
    ///
    /// What may be repeated is, while there is time. A write that may not, or for which it is
    /// too late, is in doubt: that it failed would be a guess.
    fn interrupted(&mut self, step: &Step, intent: &Intent, deadline: Option<Timestamp>) {
        if intent.read || (intent.repeatable && !is_over(deadline, self.now)) {
            let attempts = intent.attempt;
            let earlier = Earlier { attempts, in_doubt: !intent.read, cut_off: true };
            return self.due(step, deadline, earlier);
        }
        self.record = Some(cut_off(&self.path(step), intent));
    }

    /// A step whose blocks are being done.
    fn open(&mut self, step: &Step, state: &StepState, deadline: Option<Timestamp>) -> Found {
        let found = match (&step.kind, &state.inner) {
            (Kind::Switch(cases), Inner::Case(case, block)) => match cases.get(*case) {
                Some(case) => self.block(&case.steps, block, deadline),
                None => Found::Over,
            },
            (Kind::Parallel(branches), Inner::Branches(states)) => {
                let blocks = branches.iter().map(|branch| &branch.steps).zip(states);
                let mut found = Found::Over;
                for (block, state) in blocks {
                    found = worse(found, self.block(block, state, deadline));
                    if self.record.is_some() {
                        return Found::Open;
                    }
                }
                found
            }
            (Kind::ForEach(each), Inner::Items(items)) => {
                let limit = usize::try_from(each.concurrency.get()).unwrap_or(usize::MAX);
                let found = self.items(&step.id, &each.steps, items, limit, deadline);
                match found {
                    Found::Failed(_) if each.items_may_fail => Found::Over,
                    found => found,
                }
            }
            _ => Found::Over,
        };
        if self.record.is_some() {
            return Found::Open;
        }
        let path = self.path(step);
        match found {
            Found::Open => {}
            Found::Held => return Found::Held,
            Found::Over => {
                let (output, response, attempts) = Default::default();
                self.record = Some(What::StepSucceeded { step: path, output, response, attempts });
            }
            Found::Failed(error) => {
                let (response, attempts) = Default::default();
                self.record = Some(What::StepFailed { step: path, error, response, attempts });
            }
        }
        Found::Open
    }

    /// Items side by side, up to a limit; one that fails does not touch the others.
    fn items(
        &mut self,
        id: &str,
        block: &Block,
        items: &Items,
        limit: usize,
        deadline: Option<Timestamp>,
    ) -> Found {
        let (mut open, mut held) = (0, 0);
        for (index, (_, state)) in items.items.iter().enumerate().skip(items.over()) {
            if open == limit {
                break;
            }
            self.items.push((id.to_owned(), u32::try_from(index).unwrap_or(u32::MAX)));
            let found = self.block(block, state, deadline);
            self.items.pop();
            if self.record.is_some() {
                return Found::Open;
            }
            match found {
                Found::Open => open += 1,
                // An item in doubt may be so for days: it takes no other item's place.
                Found::Held => held += 1,
                Found::Over | Found::Failed(_) if open + held == 0 => {
                    items.remember_over(index + 1);
                }
                Found::Over | Found::Failed(_) => {}
            }
        }
        match (open, held) {
            (0, 0) => self.items_failed(id, block, items),
            (0, _) => Found::Held,
            _ => Found::Open,
        }
    }

    /// All items are over: how many failed?
    fn items_failed(&mut self, id: &str, block: &Block, items: &Items) -> Found {
        let failed = items.items.iter().filter_map(|(_, state)| block_error(block, state));
        let mut failed = failed.peekable();
        let Some(first) = failed.peek().map(|error| (*error).clone()) else { return Found::Over };
        let count = failed.count();
        let total = items.items.len();
        Found::Failed(StepError {
            message: format!(
                "{count} of {total} items of \"{id}\" failed, first: {}",
                first.message
            ),
            ..first
        })
    }

    /// A failed step: what its `on_error` makes of it.
    fn failed(&mut self, step: &Step, state: &StepState, around: Option<Timestamp>) -> Found {
        let error = || state.error.clone().unwrap_or_else(|| StepError::new("unknown", "unknown"));
        match (&step.on_error, &state.handler) {
            (OnError::Continue, _) => Found::Over,
            (OnError::Steps(block), Some(handler)) => self.block(block, handler, around),
            _ => Found::Failed(error()),
        }
    }

    fn due(&mut self, step: &Step, deadline: Option<Timestamp>, earlier: Earlier) {
        if is_over(deadline, self.now) {
            return self.time_is_over(step);
        }
        let step = self.path(step);
        self.due.push(Due { step, deadline, earlier });
    }

    fn time_is_over(&mut self, step: &Step) {
        let path = self.path(step);
        self.record = Some(failure(&path, "timeout", "its time is over".to_owned()));
    }

    fn path(&self, step: &Step) -> StepPath {
        StepPath { items: self.items.clone(), id: step.id.clone() }
    }
}

fn is_over(deadline: Option<Timestamp>, now: Timestamp) -> bool {
    deadline.is_some_and(|deadline| deadline <= now)
}

/// The doubt about a write whose time is over while it waits to be repeated, as a fact.
fn doubt_is_left(path: &StepPath, state: &StepState) -> What {
    let last = state.error.as_ref().map_or("no answer", |error| error.message.as_str());
    let message = format!("its time is over, and it may have happened: {last}");
    let error = StepError { step: Some(path.clone()), ..StepError::new("unknown", message) };
    What::StepInDoubt { step: path.clone(), error, attempts: Vec::new() }
}

/// The error that a block which is over ended with, if it did.
pub(crate) fn block_error<'s>(block: &Block, state: &'s BlockState) -> Option<&'s StepError> {
    block.steps.iter().zip(&state.steps).find_map(|(step, state)| {
        if !matches!(state.progress, Progress::Failed) {
            return None;
        }
        match (&step.on_error, &state.handler) {
            (OnError::Continue, _) => None,
            (OnError::Steps(block), Some(handler)) => block_error(block, handler),
            _ => state.error.as_ref(),
        }
    })
}

/// The doubt about a write that was cut off, as a fact.
#[must_use]
pub fn cut_off(path: &StepPath, intent: &Intent) -> What {
    let Intent { method, path: target, .. } = intent;
    let message =
        format!("{method} {target} was being sent when the program ended, and may have happened");
    let error = StepError { step: Some(path.clone()), ..StepError::new("unknown", message) };
    What::StepInDoubt { step: path.clone(), error, attempts: Vec::new() }
}

/// A failure of a step, as a fact.
pub(crate) fn failure(path: &StepPath, name: &str, message: String) -> What {
    let error = StepError { step: Some(path.clone()), ..StepError::new(name, message) };
    What::StepFailed { step: path.clone(), error, response: None, attempts: Vec::new() }
}

/// Bound on a call that sets none: an open circuit or a `Retry-After` cannot hold a run for ever.
const CALL_TIMEOUT: Duration = Duration::from_secs(24 * 3600);

/// When the time of a step is over, by its own `timeout`.
fn ends_at(step: &Step, state: &StepState, now: Timestamp) -> Option<Timestamp> {
    let default = matches!(step.kind, Kind::Call(_)).then_some(CALL_TIMEOUT);
    let timeout = step.timeout.or(default)?;
    add(state.started_at.unwrap_or(now), timeout)
}

/// A time in the future; the end of time if it is further than that.
pub(crate) fn add(at: Timestamp, duration: Duration) -> Option<Timestamp> {
    let duration = SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX);
    Some(at.checked_add(duration).unwrap_or(Timestamp::MAX))
}

fn earliest(a: Option<Timestamp>, b: Option<Timestamp>) -> Option<Timestamp> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

/// Of two branches side by side: open if one is, else failed if one is.
fn worse(a: Found, b: Found) -> Found {
    match (a, b) {
        (Found::Open, _) | (_, Found::Open) => Found::Open,
        (Found::Held, _) | (_, Found::Held) => Found::Held,
        (Found::Failed(error), _) | (_, Found::Failed(error)) => Found::Failed(error),
        (Found::Over, Found::Over) => Found::Over,
    }
}
