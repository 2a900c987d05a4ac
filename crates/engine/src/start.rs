//! A person or a program starts a workflow.

use serde_json::Value;
use tenure_event::Event;
use tenure_language::did_you_mean;
use tenure_run::RunId;
use tenure_runlog::DedupKey;
use tenure_workflow::{Plan, Trigger};

use crate::accept::Admitted;
use crate::engine::Engine;
use crate::error::{AcceptError, StartError};

/// A wish to start a workflow.
#[derive(Debug, Clone)]
pub struct StartRun {
    /// Name of the workflow.
    pub workflow: String,
    /// What it is given; checked against the workflow's schema.
    pub input: Value,
    /// An event to run it on, as if it had come in.
    pub event: Option<Event>,
    /// Who wishes it.
    pub initiator: String,
    /// The same key again starts nothing.
    pub idempotency_key: Option<String>,
}

/// A run that was started, now or by an earlier wish with the same key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Started {
    /// The run.
    pub run: RunId,
    /// Whether an earlier wish had started it.
    pub duplicate: bool,
}

impl Engine {
    /// Starts one workflow. Once this returns, the run will end, whatever happens.
    ///
    /// # Errors
    /// If the workflow, the input or the key does not allow it; then nothing was kept.
    pub async fn start_run(&self, wish: StartRun) -> Result<Started, StartError> {
        let StartRun { workflow, input, event, initiator, idempotency_key } = wish;
        let catalog = self.catalog();
        let Some(program) = catalog.program(&workflow) else {
            let names = catalog.plans().map(|plan| plan.name.as_str());
            let hint = did_you_mean(&workflow, names);
            return Err(StartError::UnknownWorkflow { name: workflow, hint });
        };
        may_start(program.plan(), event.as_ref())?;
        if let Some(schema) = &program.plan().input
            && event.is_none()
        {
            let violations = schema.violations(&input);
            if !violations.is_empty() {
                return Err(StartError::Input { name: workflow, violations });
            }
        }
        let dedup =
            idempotency_key.map(|value| DedupKey { source: format!("start:{workflow}"), value });
        let document = event.as_ref().map_or(Value::Null, Event::to_value);
        let run = self.new_run(program.clone(), &document, input.clone(), &initiator);
        let Admitted { duplicate, runs, .. } = self.admit(None, dedup, vec![run]).await?;
        let Some(run) = runs.first().copied() else {
            // A key is only ever kept together with its run.
            return Err(AcceptError::ShuttingDown.into());
        };
        if duplicate && self.is_other_wish(run, &document, &input).await {
            return Err(StartError::KeyReused { run });
        }
        Ok(Started { run, duplicate })
    }

    async fn is_other_wish(&self, run: RunId, event: &Value, input: &Value) -> bool {
        let earlier = self.run(run).await;
        matches!(earlier, Ok(Some(run)) if run.input() != input || run.event() != event)
    }
}

fn may_start(plan: &Plan, event: Option<&Event>) -> Result<(), StartError> {
    let name = plan.name.clone();
    let manual = plan.triggers.iter().any(|trigger| matches!(trigger, Trigger::Manual));
    let Some(event) = event else {
        return if manual { Ok(()) } else { Err(StartError::NotManual { name }) };
    };
    let listens = plan.triggers.iter().any(|trigger| {
        matches!(trigger, Trigger::Event { event_type, .. } if event_type.matches(&event.event_type))
    });
    if listens || manual {
        return Ok(());
    }
    Err(StartError::NotItsEvent { name, event_type: event.event_type.clone() })
}
