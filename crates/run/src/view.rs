//! A run laid out for people: every step with its status and reason.

use jiff::Timestamp;
use serde_json::{Map, Value};
use tenure_workflow::{Block, Kind, OnError, Step, Target};

use crate::fact::{AttemptRecord, Intent, Response, StepError};
use crate::next::{Outcome, Run, describe};
use crate::program::Root;
use crate::state::{BlockState, Inner, Progress, StepState};
use crate::{StepPath, StepStatus};

/// One step as it stands now, or stood at the end.
#[derive(Debug, Clone, PartialEq)]
pub struct StepView {
    /// Where it stands.
    pub path: StepPath,
    /// How many steps it stands in.
    pub depth: usize,
    /// What is around it, when that is not plain order: a loop item's key, a branch, a case.
    pub within: Option<String>,
    /// The word for what it does.
    pub kind: &'static str,
    /// What it asks for, such as `directory POST /Users`, before a request is filled in.
    pub target: Option<String>,
    /// Its status.
    pub status: StepStatus,
    /// Why it is in that status, if there is a reason to give.
    pub reason: Option<String>,
    /// When it began.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// What it waits for.
    pub waiting_for: Option<WaitingFor>,
    /// The requests that were sent for it.
    pub attempts: Vec<AttemptRecord>,
    /// The request that is under way.
    pub intent: Option<Intent>,
    /// What it keeps.
    pub output: Map<String, Value>,
    /// What was answered last.
    pub response: Option<Response>,
    /// Why it failed, or is tried again.
    pub error: Option<StepError>,
}

/// What a waiting step waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WaitingFor {
    /// An instant.
    Until(Timestamp),
    /// The next attempt, at an instant.
    RetryAt(Timestamp),
    /// A person who says whether a write happened.
    Person,
}

impl Run {
    /// All steps, in order, each block below its step.
    ///
    /// After the end every step has an end too: what was never reached is skipped and says
    /// so, what was open is cancelled. Absence is never the sign.
    #[must_use]
    pub fn steps(&self) -> Vec<StepView> {
        let mut walk = Walk { run: self, items: Vec::new(), views: Vec::new() };
        walk.block(self.program.root(Root::Steps), &self.steps, 0, None);
        let failed = matches!(self.outcome(), Some(Outcome::Failed(_)));
        let handled = self.on_failure.steps.iter().any(|step| step.started_at.is_some());
        if failed || handled {
            let within = Some("on failure".to_owned());
            walk.block(self.program.root(Root::OnFailure), &self.on_failure, 0, within.as_ref());
        }
        walk.views
    }

    /// Why a step that has no end got none, once the run has ended.
    fn why_unreached(&self) -> Option<String> {
        match self.outcome()? {
            Outcome::Failed(StepError { step: Some(step), .. }) => {
                Some(format!("not reached: step \"{step}\" failed"))
            }
            Outcome::Failed(error) => Some(format!("not reached: {}", describe(error))),
            Outcome::Cancelled { by } => Some(format!("not reached: cancelled by {by}")),
            Outcome::Succeeded { reason: Some(reason), .. } => {
                Some(format!("not reached: stopped: {reason}"))
            }
            Outcome::Succeeded { .. } => Some("not reached".to_owned()),
        }
    }
}

struct Walk<'a> {
    run: &'a Run,
    items: Vec<(String, u32)>,
    views: Vec<StepView>,
}

impl Walk<'_> {
    fn block(&mut self, block: &Block, state: &BlockState, depth: usize, within: Option<&String>) {
        for (step, state) in block.steps.iter().zip(&state.steps) {
            let view = self.view(step, state, depth, within);
            self.views.push(view);
            self.inside(step, state, depth + 1);
            if let (OnError::Steps(block), Some(handler)) = (&step.on_error, &state.handler) {
                let within = Some("on error".to_owned());
                self.block(block, handler, depth + 1, within.as_ref());
            }
        }
    }

    fn inside(&mut self, step: &Step, state: &StepState, depth: usize) {
        match (&step.kind, &state.inner) {
            (Kind::Switch(cases), Inner::Case(taken, state)) => {
                let Some(case) = cases.get(*taken) else { return };
                let otherwise = case.when.is_none();
                let within =
                    if otherwise { "otherwise".to_owned() } else { format!("case {}", taken + 1) };
                self.block(&case.steps, state, depth, Some(&within));
            }
            (Kind::Parallel(branches), Inner::Branches(states)) => {
                for (branch, state) in branches.iter().zip(states) {
                    self.block(&branch.steps, state, depth, Some(&branch.name));
                }
            }
            (Kind::ForEach(each), Inner::Items(items)) => {
                for (index, (item, state)) in items.items.iter().enumerate() {
                    let index = u32::try_from(index).unwrap_or(u32::MAX);
                    let within = item.key.clone().unwrap_or_else(|| index.to_string());
                    self.items.push((step.id.clone(), index));
                    self.block(&each.steps, state, depth, Some(&within));
                    self.items.pop();
                }
            }
            _ => {}
        }
    }

    fn view(
        &self,
        step: &Step,
        state: &StepState,
        depth: usize,
        within: Option<&String>,
    ) -> StepView {
        let (status, reason) = self.status(state);
        StepView {
            path: StepPath { items: self.items.clone(), id: step.id.clone() },
            depth,
            within: within.cloned(),
            kind: step.kind.word(),
            target: target(step),
            status,
            reason,
            started_at: state.started_at,
            ended_at: state.ended_at,
            waiting_for: waiting_for(&state.progress).filter(|_| !status.is_ended()),
            attempts: state.attempts.clone(),
            intent: match &state.progress {
                Progress::InHand(intent) | Progress::Interrupted(intent) => Some(intent.clone()),
                _ => None,
            },
            output: state.output.clone(),
            response: state.response.clone(),
            error: state.error.clone(),
        }
    }

    fn status(&self, state: &StepState) -> (StepStatus, Option<String>) {
        let reason = state.reason.clone();
        let ended = self.run.ended.is_some();
        match &state.progress {
            Progress::Succeeded => (StepStatus::Succeeded, reason),
            Progress::Failed => (StepStatus::Failed, reason),
            Progress::Skipped => (StepStatus::Skipped, reason),
            Progress::Pending if ended => (StepStatus::Skipped, self.run.why_unreached()),
            Progress::Doubt if ended => (StepStatus::Cancelled, reason),
            _ if ended => (StepStatus::Cancelled, Some("the run ended first".to_owned())),
            Progress::Pending => (StepStatus::Pending, None),
            Progress::Open | Progress::InHand(_) => (StepStatus::Running, reason),
            Progress::Interrupted(_) => {
                (StepStatus::Running, Some("cut off when the program ended".to_owned()))
            }
            Progress::Timer(at) => (StepStatus::Waiting, Some(format!("until {at:.0}"))),
            Progress::Retry { at, .. } => {
                let because = reason.unwrap_or_else(|| "it was put off".to_owned());
                (StepStatus::Waiting, Some(format!("{because}; goes on at {at:.0}")))
            }
            Progress::Doubt => (StepStatus::Waiting, reason),
        }
    }
}

fn waiting_for(progress: &Progress) -> Option<WaitingFor> {
    match progress {
        Progress::Timer(at) => Some(WaitingFor::Until(*at)),
        Progress::Retry { at, .. } => Some(WaitingFor::RetryAt(*at)),
        Progress::Doubt => Some(WaitingFor::Person),
        _ => None,
    }
}

fn target(step: &Step) -> Option<String> {
    let Kind::Call(call) = &step.kind else { return None };
    Some(match &call.target {
        Target::Request(request) => {
            format!("{} {} {}", call.connector, request.method.as_str(), request.path.source())
        }
        Target::Action { name, .. } => format!("{} {name}", call.connector),
    })
}
