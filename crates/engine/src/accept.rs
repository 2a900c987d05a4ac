//! An event becomes runs: which workflows it starts, and why the others not.

use std::sync::Arc;

use serde_json::{Map, Value};
use tenure_event::{Event, EventId};
use tenure_run::{Fact, Program, Run, RunId, What};
use tenure_runlog::{Acceptance, Accepted, DedupKey, NewEvent, NewRun};
use tenure_workflow::Trigger;

use crate::engine::{Engine, Shared};
use crate::error::AcceptError;

/// What became of an event.
#[derive(Debug, Clone, PartialEq)]
pub struct Receipt {
    /// Our identity of it; that of the first delivery, if it is a repeated one.
    pub event_id: EventId,
    /// Whether it had been accepted before. Then nothing was started.
    pub duplicate: bool,
    /// The runs it started, now or when it was first accepted.
    pub runs: Vec<RunId>,
    /// Workflows that listen to its type and did not start.
    pub not_started: Vec<NotStarted>,
}

/// A workflow that listens to an event's type and did not start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotStarted {
    /// Its name.
    pub workflow: String,
    /// Why.
    pub why: String,
}

impl Engine {
    /// Takes in an event. Once this returns, its runs will end, whatever happens.
    ///
    /// The same `source` and `id` again start nothing and answer with the first runs.
    ///
    /// # Errors
    /// If it could not be kept; then nothing was, and the sender may try again.
    pub async fn accept(&self, event: Event) -> Result<Receipt, AcceptError> {
        let document = event.to_value();
        let event_type = event.event_type.clone();
        let scope = scope_of(&document, &Value::Null);
        let mut programs = Vec::new();
        let mut not_started = Vec::new();
        for program in self.shared.catalog().programs() {
            match listens(program, &event.event_type, &scope) {
                None => {}
                Some(Ok(())) => programs.push(Arc::clone(program)),
                Some(Err(why)) => {
                    let workflow = program.plan().name.clone();
                    not_started.push(NotStarted { workflow, why });
                }
            }
        }
        // Apart from the keys of wishes: a sender chooses its source freely.
        let source = format!("event:{}", event.source);
        let dedup = DedupKey { source, value: event.id.clone() };
        let runs = programs
            .into_iter()
            .map(|program| self.new_run(program, &document, Value::Null, "event"))
            .collect();
        let Admitted { event_id, duplicate, runs } =
            self.admit(Some(event), Some(dedup), runs).await?;
        if duplicate {
            not_started.clear();
        }
        let event_id = event_id.unwrap_or_default();
        tell(event_id, &event_type, duplicate, runs.len(), &not_started);
        Ok(Receipt { event_id, duplicate, runs, not_started })
    }

    /// A run that nobody knows of yet.
    pub(crate) fn new_run(
        &self,
        program: Arc<Program>,
        event: &Value,
        input: Value,
        initiator: &str,
    ) -> (Run, Fact) {
        let plan = program.plan();
        let scope = scope_of(event, &input);
        let subject = plan.subject.as_ref().and_then(|subject| match subject.fill(&scope) {
            Ok(subject) => Some(subject.chars().map(printable).take(256).collect()),
            // A run that was started by hand has no event to take its subject from.
            Err(_) if event.is_null() => None,
            Err(error) => {
                let error: &dyn std::error::Error = &error;
                tracing::warn!(workflow.name = plan.name, error, "a run has no subject");
                None
            }
        });
        let what = What::Created {
            workflow: plan.name.clone(),
            version: plan.version.0.clone(),
            subject,
            initiator: initiator.to_owned(),
            event: event.clone(),
            input,
        };
        let first = Fact { at: self.shared.clock.now(), what };
        let run = Run::create(RunId::new(), program, &first);
        (run.expect("a run begins with the fact that it was created"), first)
    }

    /// Keeps an event and its new runs in one batch, then has them driven.
    ///
    /// In a task of its own: a sender that hangs up in between must not leave runs on disk
    /// that nobody drives.
    pub(crate) async fn admit(
        &self,
        event: Option<Event>,
        dedup: Option<DedupKey>,
        runs: Vec<(Run, Fact)>,
    ) -> Result<Admitted, AcceptError> {
        if self.shared.closing.is_cancelled() {
            return Err(AcceptError::ShuttingDown);
        }
        if !self.shared.queue.has_room(runs.len()) {
            return Err(AcceptError::Overloaded);
        }
        let shared = Arc::clone(&self.shared);
        let admitted =
            self.shared.tasks.spawn(async move { shared.admit(event, dedup, runs).await });
        admitted.await.unwrap_or(Err(AcceptError::ShuttingDown))
    }
}

/// What was admitted, now or before.
pub(crate) struct Admitted {
    pub(crate) event_id: Option<EventId>,
    pub(crate) duplicate: bool,
    pub(crate) runs: Vec<RunId>,
}

impl Shared {
    async fn admit(
        self: Arc<Self>,
        event: Option<Event>,
        dedup: Option<DedupKey>,
        runs: Vec<(Run, Fact)>,
    ) -> Result<Admitted, AcceptError> {
        let (runs, new_runs): (Vec<Run>, Vec<NewRun>) = runs
            .into_iter()
            .map(|(run, first)| {
                let new = NewRun { facts: vec![first], summary: run.summary() };
                (run, new)
            })
            .unzip();
        let event = event.map(|event| NewEvent { id: EventId::new(), event });
        let event_id = event.as_ref().map(|event| event.id);
        let acceptance = Acceptance { at: self.clock.now(), dedup, event, runs: new_runs };
        match self.runlog.accept(acceptance).await? {
            Accepted::New => {
                let ids = runs.iter().map(Run::id).collect();
                for run in runs {
                    self.enqueue(run.id(), Some(run));
                }
                Ok(Admitted { event_id, duplicate: false, runs: ids })
            }
            Accepted::Duplicate { runs, event_id } => {
                Ok(Admitted { event_id, duplicate: true, runs })
            }
        }
    }
}

/// A character as lists may show it.
///
/// Line breaks and marks that turn the direction of text could forge a row of a list.
fn printable(character: char) -> char {
    let turns = matches!(character,
        '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    if character.is_control() || turns { char::REPLACEMENT_CHARACTER } else { character }
}

/// Says what became of an event: one that starts nothing is easily taken for one that was lost.
fn tell(id: EventId, event_type: &str, duplicate: bool, runs: usize, not_started: &[NotStarted]) {
    if duplicate {
        tracing::info!(event.id = %id, event_type, "event was accepted before");
    } else if runs == 0 && not_started.is_empty() {
        tracing::warn!(event.id = %id, event_type, "no workflow listens to this type of event");
    } else {
        tracing::info!(event.id = %id, event_type, runs, "event accepted");
    }
    for NotStarted { workflow, why } in not_started {
        tracing::info!(event.id = %id, workflow.name = workflow, why, "workflow did not start");
    }
}

/// What a trigger or a subject may refer to.
fn scope_of(event: &Value, input: &Value) -> Value {
    let mut scope = Map::new();
    scope.insert("event".to_owned(), event.clone());
    scope.insert("input".to_owned(), input.clone());
    Value::Object(scope)
}

/// Whether a workflow listens to this type, and if so whether it starts.
fn listens(program: &Program, event_type: &str, scope: &Value) -> Option<Result<(), String>> {
    let mut why_not = None;
    for trigger in &program.plan().triggers {
        let Trigger::Event { event_type: pattern, condition } = trigger else { continue };
        if !pattern.matches(event_type) {
            continue;
        }
        let Some(condition) = condition else { return Some(Ok(())) };
        match condition.holds(scope) {
            Ok(true) => return Some(Ok(())),
            Ok(false) => {
                why_not.get_or_insert(format!("its condition is false: {}", condition.source()));
            }
            Err(error) => {
                why_not.get_or_insert(format!("its condition cannot be evaluated: {error}"));
            }
        }
    }
    why_not.map(Err)
}
