//! Runs in a world of data: a workflow's text, and what each step is answered.

mod crashes;
mod flow;
mod properties;
mod timing;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};
use tenure_workflow::Known;

use crate::{Fact, Intent, Next, Outcome, Program, Run, RunId, StepError, StepPath, What};

/// What the other end says to a step, attempt by attempt.
#[derive(Debug, Clone)]
pub(crate) enum Say {
    Output(Value),
    Fail(&'static str),
    Pause(i64),
    Doubt,
    /// Nothing: the request stays under way.
    Silence,
}

/// A run, the answers it will get, and everything that happened.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) program: Arc<Program>,
    pub(crate) run: Run,
    pub(crate) now: Timestamp,
    pub(crate) facts: Vec<Fact>,
    pub(crate) answers: BTreeMap<String, Vec<Say>>,
    pub(crate) sent: Vec<String>,
    pub(crate) most_in_hand: usize,
}

pub(crate) fn program(steps: &str) -> Arc<Program> {
    let text = format!("name: test\ntriggers:\n  - manual: {{}}\n{steps}");
    let checked = tenure_workflow::check("test.yaml", &text, &Known::anything());
    let report = checked.report.render(false);
    Program::new(checked.plan.unwrap_or_else(|| panic!("{report}")))
}

impl World {
    pub(crate) fn new(steps: &str, input: Value) -> Self {
        Self::of(program(steps), input)
    }

    pub(crate) fn of(program: Arc<Program>, input: Value) -> Self {
        let now: Timestamp = "2026-11-23T07:00:00Z".parse().unwrap();
        let what = What::Created {
            workflow: "test".to_owned(),
            version: program.plan().version.0.clone(),
            subject: None,
            initiator: "test".to_owned(),
            event: Value::Null,
            input,
        };
        let first = Fact { at: now, what };
        let run = Run::create(RunId::new(), Arc::clone(&program), &first).unwrap();
        let (answers, sent) = Default::default();
        Self { program, run, now, facts: vec![first], answers, sent, most_in_hand: 0 }
    }

    pub(crate) fn answer(mut self, step: &str, says: impl IntoIterator<Item = Say>) -> Self {
        self.answers.insert(step.to_owned(), says.into_iter().collect());
        self
    }

    pub(crate) fn record(&mut self, what: What) {
        let fact = Fact { at: self.now, what };
        self.run.apply(&fact).unwrap();
        self.facts.push(fact);
    }

    /// Goes on until the run ends, or nothing can happen.
    pub(crate) fn go(&mut self) -> &mut Self {
        for _ in 0..10_000 {
            match self.run.next(self.now) {
                Next::Record(fact) => self.record(fact.what),
                Next::Perform(due) => {
                    for due in &due {
                        self.send(&due.step, due.earlier.attempts);
                    }
                    self.most_in_hand = self.most_in_hand.max(self.run.in_hand().len());
                    for due in due {
                        self.hear(&due.step);
                    }
                }
                Next::Wait(Some(at)) if self.run.in_hand().is_empty() => self.now = at,
                Next::Wait(_) | Next::Done(_) => return self,
            }
        }
        panic!("the run never comes to rest");
    }

    pub(crate) fn send(&mut self, step: &StepPath, attempts: u32) {
        self.sent.push(step.to_string());
        let read = step.id.starts_with("read");
        let repeatable = read || step.id.starts_with("put");
        let intent = Intent {
            attempt: attempts + 1,
            connector: "c".to_owned(),
            method: if read { "GET" } else { "POST" }.to_owned(),
            path: "/".to_owned(),
            digest: String::new(),
            idempotency_key: (!read).then(|| step.to_string()),
            repeatable,
            read,
        };
        self.record(What::AttemptStarted { step: step.clone(), intent });
    }

    fn hear(&mut self, step: &StepPath) {
        let says = self.answers.entry(step.to_string()).or_default();
        let say = if says.is_empty() { Say::Output(json!({})) } else { says.remove(0) };
        let step = step.clone();
        let error = |name: &str| StepError {
            step: Some(step.clone()),
            ..StepError::new(name, format!("it said {name}"))
        };
        let attempts = Vec::new();
        self.record(match say {
            Say::Silence => return,
            Say::Output(output) => {
                let output = output.as_object().cloned().unwrap_or_else(Map::new);
                What::StepSucceeded { step, output, response: None, attempts }
            }
            Say::Fail(name) => {
                let error = error(name);
                What::StepFailed { step, error, response: None, attempts }
            }
            Say::Pause(seconds) => {
                let retry_at = self.now + SignedDuration::from_secs(seconds);
                let error = error("limit");
                What::AttemptPaused { step, retry_at, error, attempts, in_doubt: false }
            }
            Say::Doubt => {
                let error = error("unknown");
                What::StepInDoubt { step, error, attempts }
            }
        });
    }

    /// What a new process finds.
    pub(crate) fn crash(&mut self) {
        self.run = Run::replay(self.run.id(), Arc::clone(&self.program), &self.facts).unwrap();
        self.run.interrupt();
    }

    /// Each step with its status and reason, a line each.
    pub(crate) fn table(&self) -> String {
        let mut lines: Vec<String> = self
            .run
            .steps()
            .iter()
            .map(|step| {
                let reason = step.reason.as_deref().map(|reason| format!(": {reason}"));
                format!("{} {}{}", step.path, step.status, reason.unwrap_or_default())
            })
            .collect();
        lines.push(match self.run.outcome() {
            Some(Outcome::Succeeded { output, reason }) => {
                let reason = reason.as_deref().map(|reason| format!(" ({reason})"));
                format!("= succeeded {output}{}", reason.unwrap_or_default())
            }
            Some(Outcome::Failed(error)) => format!("= failed {}: {}", error.name, error.message),
            Some(Outcome::Cancelled { by }) => format!("= cancelled by {by}"),
            None => format!("= {}", self.run.status()),
        });
        lines.join("\n")
    }
}

/// Runs steps to their end with these answers.
pub(crate) fn check(steps: &str, input: Value, answers: &[(&str, Say)]) -> World {
    let mut world = World::new(steps, input);
    for (step, say) in answers {
        world.answers.entry((*step).to_owned()).or_default().push(say.clone());
    }
    world.go();
    world
}
