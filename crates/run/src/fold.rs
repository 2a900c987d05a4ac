//! Takes in facts, one by one.
//!
//! A `match` over the fact and the state of its step: whatever is not listed cannot have
//! happened, and is refused without changing anything.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;
use tenure_workflow::{Kind, OnError, Step};

use crate::error::ApplyError;
use crate::fact::{AttemptRecord, Fact, Response, StepError, What};
use crate::next::{OpenStep, Outcome, Run};
use crate::program::{Program, Root};
use crate::state::{BlockState, Inner, Items, Progress, StepState};
use crate::{RunId, StepPath};

impl Run {
    /// Begins a run with its first fact.
    ///
    /// # Errors
    /// If the fact is not [`What::Created`], or names another version of the workflow.
    pub fn create(id: RunId, program: Arc<Program>, first: &Fact) -> Result<Self, ApplyError> {
        let What::Created { workflow: _, version, subject, initiator, event, input } = &first.what
        else {
            return Err(ApplyError::IllegalForRun { state: "empty", fact: first.what.kind() });
        };
        let plan = program.plan();
        if *version != plan.version.0 {
            let (journal, plan) = (version.clone(), plan.version.0.clone());
            return Err(ApplyError::OtherVersion { journal, plan });
        }
        Ok(Self {
            id,
            facts: 1,
            subject: subject.clone(),
            initiator: initiator.clone(),
            event: event.clone(),
            input: input.clone(),
            created_at: first.at,
            updated_at: first.at,
            started_at: None,
            steps: BlockState::open(&plan.steps),
            on_failure: BlockState::open(&plan.on_failure),
            open: BTreeMap::new(),
            stopped: None,
            cancelled_by: None,
            ended: None,
            program,
        })
    }

    /// Takes in one fact.
    ///
    /// # Errors
    /// If it cannot have happened; the run is left as it was.
    pub fn apply(&mut self, fact: &Fact) -> Result<(), ApplyError> {
        if self.ended.is_some() {
            return Err(ApplyError::IllegalForRun { state: "ended", fact: fact.what.kind() });
        }
        match fact.what.step() {
            Some(path) => self.apply_to_step(path, fact)?,
            None => self.apply_to_run(fact)?,
        }
        self.facts += 1;
        self.updated_at = fact.at;
        Ok(())
    }

    /// Marks every request without an outcome as cut off when an earlier process ended.
    ///
    /// It is in doubt from now on, and [`Run::next`] settles what can be settled.
    pub fn interrupt(&mut self) {
        let cut_off: Vec<StepPath> = self
            .open
            .iter()
            .filter(|(_, open)| **open == OpenStep::Request)
            .map(|(path, _)| path.clone())
            .collect();
        for path in cut_off {
            let Ok((_, state)) =
                step_mut(&self.program, &mut self.steps, &mut self.on_failure, &path)
            else {
                continue;
            };
            if let Progress::InHand(intent) = std::mem::take(&mut state.progress) {
                state.progress = Progress::Interrupted(intent);
            }
            self.open.insert(path, OpenStep::Interrupted);
        }
    }

    fn apply_to_run(&mut self, fact: &Fact) -> Result<(), ApplyError> {
        let illegal = |state| ApplyError::IllegalForRun { state, fact: fact.what.kind() };
        let outcome = match &fact.what {
            What::Started if self.started_at.is_none() => {
                self.started_at = Some(fact.at);
                return Ok(());
            }
            What::CancelRequested { by } => {
                self.cancelled_by.get_or_insert_with(|| by.clone());
                return Ok(());
            }
            What::Succeeded { output, reason } => {
                Outcome::Succeeded { output: output.clone(), reason: reason.clone() }
            }
            What::Failed { error } => Outcome::Failed(error.clone()),
            What::Cancelled { by } if self.cancelled_by.is_some() => {
                Outcome::Cancelled { by: by.clone() }
            }
            What::Started => return Err(illegal("started")),
            _ => return Err(illegal("accepted")),
        };
        self.open.clear();
        self.ended = Some((fact.at, outcome));
        Ok(())
    }

    fn apply_to_step(&mut self, path: &StepPath, fact: &Fact) -> Result<(), ApplyError> {
        if let What::Stopped { reason, .. } = &fact.what {
            self.stopped = Some(reason.clone());
        }
        if let What::VarsSet { vars, .. } = &fact.what {
            let address = self.program.address(&path.id);
            let address = address.ok_or_else(|| ApplyError::UnknownStep(path.clone()))?;
            let root = match address.root {
                Root::Steps => &mut self.steps,
                Root::OnFailure => &mut self.on_failure,
            };
            let kept = root.vars_mut(address, &path.items);
            let kept = kept.ok_or_else(|| ApplyError::UnknownStep(path.clone()))?;
            kept.extend(vars.iter().map(|(name, value)| (name.clone(), value.clone())));
        }
        let (step, state) = step_mut(&self.program, &mut self.steps, &mut self.on_failure, path)?;
        take_in(step, state, path, fact)?;
        match waits_for(&state.progress) {
            Some(open) => self.open.insert(path.clone(), open),
            None => self.open.remove(path),
        };
        Ok(())
    }
}

/// The step of a fact, in the plan and in the run.
fn step_mut<'a>(
    program: &'a Program,
    steps: &'a mut BlockState,
    on_failure: &'a mut BlockState,
    path: &StepPath,
) -> Result<(&'a Step, &'a mut StepState), ApplyError> {
    let unknown = || ApplyError::UnknownStep(path.clone());
    let address = program.address(&path.id).ok_or_else(unknown)?;
    let root = match address.root {
        Root::Steps => steps,
        Root::OnFailure => on_failure,
    };
    let step = program.step(&path.id).ok_or_else(unknown)?;
    let state = root.step_mut(address, &path.items).ok_or_else(unknown)?;
    Ok((step, state))
}

fn waits_for(progress: &Progress) -> Option<OpenStep> {
    match progress {
        Progress::InHand(_) => Some(OpenStep::Request),
        Progress::Interrupted(_) => Some(OpenStep::Interrupted),
        Progress::Timer(at) | Progress::Retry { at, .. } => Some(OpenStep::Until(*at)),
        Progress::Doubt => Some(OpenStep::Person),
        Progress::Pending
        | Progress::Open
        | Progress::Succeeded
        | Progress::Failed
        | Progress::Skipped => None,
    }
}

/// The table of what a step can go through.
fn take_in(
    step: &Step,
    state: &mut StepState,
    path: &StepPath,
    fact: &Fact,
) -> Result<(), ApplyError> {
    let at = fact.at;
    let taken = match &fact.what {
        What::StepSkipped { .. }
        | What::VarsSet { .. }
        | What::Stopped { .. }
        | What::BranchTaken { .. }
        | What::BranchesStarted { .. }
        | What::LoopExpanded { .. }
        | What::TimerSet { .. } => state.take_beginning(step, &fact.what, at),
        What::AttemptStarted { .. } | What::AttemptPaused { .. } | What::StepInDoubt { .. } => {
            state.take_attempt(step, &fact.what, at)
        }
        _ => state.take_end(step, &fact.what, at),
    };
    if taken {
        return Ok(());
    }
    let (state, fact) = (state.progress.word(), fact.what.kind());
    Err(ApplyError::Illegal { step: path.clone(), state, fact })
}

impl StepState {
    /// A pending step begins, or is over at once. False: it cannot have.
    fn take_beginning(&mut self, step: &Step, what: &What, at: Timestamp) -> bool {
        if !matches!(self.progress, Progress::Pending) {
            return false;
        }
        match (what, &step.kind) {
            (What::StepSkipped { reason, .. }, _) => {
                self.reason = Some(reason.clone());
                self.end(Progress::Skipped, at);
            }
            (What::VarsSet { .. }, Kind::Set(_)) => self.end(Progress::Succeeded, at),
            (What::Stopped { reason, .. }, Kind::Stop(_)) => {
                self.reason = Some(reason.clone());
                self.end(Progress::Succeeded, at);
            }
            (What::BranchTaken { case: None, .. }, Kind::Switch(_)) => {
                self.reason = Some("no case holds".to_owned());
                self.end(Progress::Succeeded, at);
            }
            (What::BranchTaken { case: Some(case), .. }, Kind::Switch(cases)) => {
                let Some(content) = cases.get(*case) else { return false };
                let block = BlockState::open(&content.steps);
                self.output.insert("case".to_owned(), Value::from(*case));
                self.begin(Inner::Case(*case, Box::new(block)), at);
            }
            (What::BranchesStarted { .. }, Kind::Parallel(branches)) => {
                let blocks = branches.iter().map(|branch| BlockState::open(&branch.steps));
                self.begin(Inner::Branches(blocks.collect()), at);
            }
            (What::LoopExpanded { items, .. }, Kind::ForEach(each)) => {
                self.begin(Inner::Items(Items::new(items.clone(), &each.steps)), at);
            }
            (What::TimerSet { until, .. }, Kind::Wait(_)) => {
                self.started_at = Some(at);
                self.progress = Progress::Timer(*until);
            }
            _ => return false,
        }
        true
    }

    /// A call goes on, but not to its end. False: it cannot have.
    fn take_attempt(&mut self, step: &Step, what: &What, at: Timestamp) -> bool {
        use Progress::{Doubt, InHand, Interrupted, Pending, Retry};
        match (&self.progress, what, &step.kind) {
            (
                // In hand: the journal says that an earlier process was cut off right here.
                Pending | Retry { .. } | Interrupted(_) | InHand(_),
                What::AttemptStarted { intent, .. },
                Kind::Call(_),
            ) => {
                self.started_at.get_or_insert(at);
                self.reason = None;
                self.progress = InHand(intent.clone());
            }
            (
                InHand(_) | Interrupted(_),
                What::AttemptPaused { retry_at, error, attempts, in_doubt, .. },
                Kind::Call(_),
            ) => {
                self.note(attempts, None, Some(error));
                let attempts = self.attempts.last().map_or(0, |attempt| attempt.number);
                self.progress = Retry { at: *retry_at, attempts, in_doubt: *in_doubt };
            }
            (
                InHand(_) | Interrupted(_) | Retry { .. },
                What::StepInDoubt { error, attempts, .. },
                Kind::Call(_),
            ) => {
                self.note(attempts, None, Some(error));
                self.progress = Doubt;
            }
            _ => return false,
        }
        true
    }

    /// An open step ends. False: it cannot have.
    fn take_end(&mut self, step: &Step, what: &What, at: Timestamp) -> bool {
        use Progress::{Doubt, InHand, Interrupted, Open, Pending, Retry, Timer};
        match (&self.progress, what) {
            (Timer(_), What::TimerFired { .. }) => self.end(Progress::Succeeded, at),
            (
                InHand(_) | Interrupted(_) | Doubt | Open,
                What::StepSucceeded { output, response, attempts, .. },
            ) => {
                self.note(attempts, response.as_ref(), None);
                self.output
                    .extend(output.iter().map(|(name, value)| (name.clone(), value.clone())));
                self.end(Progress::Succeeded, at);
            }
            (
                Pending | InHand(_) | Interrupted(_) | Doubt | Open | Timer(_) | Retry { .. },
                What::StepFailed { error, response, attempts, .. },
            ) => {
                self.note(attempts, response.as_ref(), Some(error));
                if let OnError::Steps(block) = &step.on_error {
                    self.handler = Some(Box::new(BlockState::open(block)));
                }
                self.end(Progress::Failed, at);
            }
            _ => return false,
        }
        true
    }

    fn begin(&mut self, inner: Inner, at: Timestamp) {
        self.started_at = Some(at);
        self.inner = inner;
        self.progress = Progress::Open;
    }

    fn end(&mut self, progress: Progress, at: Timestamp) {
        self.started_at.get_or_insert(at);
        self.ended_at = Some(at);
        self.progress = progress;
    }

    fn note(
        &mut self,
        attempts: &[AttemptRecord],
        response: Option<&Response>,
        error: Option<&StepError>,
    ) {
        self.attempts.extend_from_slice(attempts);
        self.response = response.cloned();
        self.error = error.cloned();
        self.reason = error.map(|error| error.message.clone());
    }
}
