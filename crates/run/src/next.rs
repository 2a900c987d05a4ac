//! One run, and the one question it answers: what next?

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use crate::fact::{Fact, Intent, MAX_FACTS, StepError, Summary, What};
use crate::program::{Program, Root};
use crate::scope::RunScope;
use crate::state::{BlockState, Progress};
use crate::survey::{Found, Survey, block_error};
use crate::{ApplyError, RunId, RunStatus, StepPath};

/// One execution of one version of a workflow.
#[derive(Debug, Clone)]
pub struct Run {
    pub(crate) id: RunId,
    pub(crate) program: Arc<Program>,
    pub(crate) facts: u64,
    pub(crate) subject: Option<String>,
    pub(crate) initiator: String,
    pub(crate) event: Value,
    pub(crate) input: Value,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    pub(crate) started_at: Option<Timestamp>,
    pub(crate) steps: BlockState,
    pub(crate) on_failure: BlockState,
    /// Steps that are neither pending nor over, and what they wait for.
    pub(crate) open: BTreeMap<StepPath, OpenStep>,
    pub(crate) stopped: Option<String>,
    pub(crate) cancelled_by: Option<String>,
    pub(crate) ended: Option<(Timestamp, Outcome)>,
}

/// What a step that has begun waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OpenStep {
    Request,
    Interrupted,
    Until(Timestamp),
    Person,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// Well.
    Succeeded {
        /// What it answers.
        output: Value,
        /// Why it ended, when a `stop` step ended it.
        reason: Option<String>,
    },
    /// Badly.
    Failed(StepError),
    /// By somebody.
    Cancelled {
        /// Who.
        by: String,
    },
}

/// What is to be done for a run.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "a fact is moved on at once, never stored in here")]
pub enum Next {
    /// Apply this fact, keep it, and ask again.
    Record(Fact),
    /// Attempt these steps; each begins with [`What::AttemptStarted`].
    Perform(Vec<Due>),
    /// Nothing until this instant, a request in hand or a person brings news.
    Wait(Option<Timestamp>),
    /// Nothing, ever again.
    Done(Outcome),
}

/// A call step that is to be attempted now.
#[derive(Debug, Clone, PartialEq)]
pub struct Due {
    /// The step.
    pub step: StepPath,
    /// When its time is over, counting the steps around it.
    pub deadline: Option<Timestamp>,
    /// What was tried before.
    pub earlier: Earlier,
}

/// The attempts that were made for a step before a pause, or by an earlier process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Earlier {
    /// How many.
    pub attempts: u32,
    /// Whether one of them may have been carried out, and nobody knows.
    pub in_doubt: bool,
    /// Whether the last was cut off when an earlier process ended. Then it is to be repeated
    /// only if the connector still promises that this does no harm.
    pub cut_off: bool,
}

impl Run {
    /// Folds the facts of a run.
    ///
    /// A request without an outcome is under way, as far as the facts go: whoever drives
    /// the run and is not waiting for that request says so with [`Run::interrupt`].
    ///
    /// # Errors
    /// If the facts cannot have happened in this order to a run of this program.
    pub fn replay<'a>(
        id: RunId,
        program: Arc<Program>,
        facts: impl IntoIterator<Item = &'a Fact>,
    ) -> Result<Self, ApplyError> {
        let mut facts = facts.into_iter();
        let first =
            facts.next().ok_or(ApplyError::IllegalForRun { state: "empty", fact: "none" })?;
        let mut run = Self::create(id, program, first)?;
        for fact in facts {
            run.apply(fact)?;
        }
        Ok(run)
    }

    /// Its identity.
    #[must_use]
    pub fn id(&self) -> RunId {
        self.id
    }

    /// What it executes.
    #[must_use]
    pub fn program(&self) -> &Arc<Program> {
        &self.program
    }

    /// How many facts it has; the number of the next one.
    #[must_use]
    pub fn seq(&self) -> u64 {
        self.facts
    }

    /// How it ended, if it did.
    #[must_use]
    pub fn outcome(&self) -> Option<&Outcome> {
        self.ended.as_ref().map(|(_, outcome)| outcome)
    }

    /// The event it answers; null when there is none.
    #[must_use]
    pub fn event(&self) -> &Value {
        &self.event
    }

    /// The input it was given; null when there is none.
    #[must_use]
    pub fn input(&self) -> &Value {
        &self.input
    }

    /// Who or what started it.
    #[must_use]
    pub fn initiator(&self) -> &str {
        &self.initiator
    }

    /// Its status.
    #[must_use]
    pub fn status(&self) -> RunStatus {
        match &self.ended {
            Some((_, Outcome::Succeeded { .. })) => return RunStatus::Succeeded,
            Some((_, Outcome::Failed(_))) => return RunStatus::Failed,
            Some((_, Outcome::Cancelled { .. })) => return RunStatus::Cancelled,
            None => {}
        }
        let any = |wanted: fn(&OpenStep) -> bool| self.open.values().any(wanted);
        if self.started_at.is_none() {
            RunStatus::Queued
        } else if any(|open| matches!(open, OpenStep::Request | OpenStep::Interrupted)) {
            RunStatus::Running
        } else if any(|open| matches!(open, OpenStep::Person)) {
            RunStatus::NeedsAttention
        } else if any(|open| matches!(open, OpenStep::Until(_))) {
            RunStatus::Waiting
        } else {
            RunStatus::Running
        }
    }

    /// When it goes on by itself, if it waits.
    #[must_use]
    pub fn wake_at(&self) -> Option<Timestamp> {
        let times = self.open.values().filter_map(|open| match open {
            OpenStep::Until(at) => Some(*at),
            _ => None,
        });
        times.min().filter(|_| self.ended.is_none())
    }

    /// The run in one line. The journal fills in what is its own.
    #[must_use]
    pub fn summary(&self) -> Summary {
        let reason = match self.outcome() {
            Some(Outcome::Succeeded { reason, .. }) => reason.clone(),
            Some(Outcome::Failed(error)) => Some(describe(error)),
            Some(Outcome::Cancelled { by }) => Some(format!("cancelled by {by}")),
            None => self.open_reason(),
        };
        Summary {
            run: self.id,
            workflow: self.program.plan().name.clone(),
            version: self.program.plan().version.0.clone(),
            status: self.status(),
            reason,
            subject: self.subject.clone(),
            created_at: self.created_at,
            updated_at: self.updated_at,
            ended_at: self.ended.as_ref().map(|(at, _)| *at),
            wake_at: self.wake_at(),
            next_seq: self.facts,
            head: String::new(),
        }
    }

    /// The requests that are under way.
    #[must_use]
    pub fn in_hand(&self) -> Vec<(StepPath, Intent)> {
        let paths = self.open.iter().filter(|(_, open)| **open == OpenStep::Request);
        let intents = paths.filter_map(|(path, _)| {
            let address = self.program.address(&path.id)?;
            let root = match address.root {
                Root::Steps => &self.steps,
                Root::OnFailure => &self.on_failure,
            };
            match &root.step(address, &path.items)?.progress {
                Progress::InHand(intent) => Some((path.clone(), intent.clone())),
                _ => None,
            }
        });
        intents.collect()
    }

    fn open_reason(&self) -> Option<String> {
        let (path, _) = self.open.iter().find(|(_, open)| matches!(open, OpenStep::Person))?;
        Some(format!("step \"{path}\" may or may not have happened"))
    }

    /// What a template of this step sees.
    #[must_use]
    pub fn scope<'a>(&'a self, step: &'a StepPath) -> RunScope<'a> {
        RunScope::new(self, step)
    }

    /// Says what is to be done, and does nothing.
    #[must_use]
    pub fn next(&self, now: Timestamp) -> Next {
        let record = |what| Next::Record(Fact { at: now, what });
        if let Some((_, outcome)) = &self.ended {
            return Next::Done(outcome.clone());
        }
        let in_hand = self.open.values().any(|open| *open == OpenStep::Request);
        if let Some(by) = &self.cancelled_by {
            let ended = || record(What::Cancelled { by: by.clone() });
            return if in_hand { Next::Wait(None) } else { ended() };
        }
        if self.started_at.is_none() {
            return record(What::Started);
        }
        if self.stopped.is_some() {
            // A `stop` among the steps that run on failure does not undo the failure.
            let failed = block_error(self.program.root(Root::Steps), &self.steps);
            let ended = || match failed {
                Some(error) => record(What::Failed { error: error.clone() }),
                None => record(self.success()),
            };
            return if in_hand { Next::Wait(None) } else { ended() };
        }
        if self.facts >= MAX_FACTS {
            let message = format!("the run has more than {MAX_FACTS} facts");
            let failed = || record(What::Failed { error: StepError::new("limit", message) });
            return if in_hand { Next::Wait(None) } else { failed() };
        }
        let mut survey = Survey::new(self, now);
        let found = match survey.root(Root::Steps) {
            Found::Failed(error) => match survey.root(Root::OnFailure) {
                Found::Open | Found::Held => Found::Open,
                Found::Over | Found::Failed(_) => Found::Failed(error),
            },
            found => found,
        };
        match found {
            Found::Over => record(self.success()),
            Found::Failed(error) => record(What::Failed { error }),
            Found::Open | Found::Held => survey.into_next(),
        }
    }

    /// The fact that ends a run well, or says why its answer cannot be made.
    fn success(&self) -> What {
        let Some(output) = &self.program.plan().output else {
            return What::Succeeded { output: Value::Null, reason: self.stopped.clone() };
        };
        match output.fill(&RunScope::of_run(self)) {
            Ok(output) => What::Succeeded { output, reason: self.stopped.clone() },
            // A run that was stopped early need not have what its answer is made of.
            Err(_) if self.stopped.is_some() => {
                What::Succeeded { output: Value::Null, reason: self.stopped.clone() }
            }
            Err(error) => {
                let message = format!("the output of the workflow: {error}");
                What::Failed { error: StepError::new("expression", message) }
            }
        }
    }
}

/// An error as one sentence that names its step.
pub(crate) fn describe(error: &StepError) -> String {
    match &error.step {
        Some(step) => format!("step \"{step}\" failed: {}", error.message),
        None => error.message.clone(),
    }
}
