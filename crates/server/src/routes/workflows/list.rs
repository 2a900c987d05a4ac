//! `GET /api/v1/workflows`: what can run.

use axum::extract::State;
use tenure_api::{List, TriggerSummary, WorkflowSummary};
use tenure_workflow::{Block, EventPattern, Kind, OnError, Plan, Step, Trigger};

use crate::App;
use crate::json::Json;

pub(crate) async fn list(State(app): State<App>) -> Json<List<WorkflowSummary>> {
    let catalog = app.engine().catalog();
    let mut items: Vec<_> = catalog.plans().map(|plan| summary(plan)).collect();
    items.sort_by(|one, other| one.name.cmp(&other.name));
    Json(List { items })
}

fn summary(plan: &Plan) -> WorkflowSummary {
    WorkflowSummary {
        name: plan.name.clone(),
        description: plan.description.clone(),
        version: plan.version.to_string(),
        triggers: plan.triggers.iter().map(trigger).collect(),
        input: plan.input.as_ref().map(|input| input.schema.clone()),
        steps: count(&plan.steps) + count(&plan.on_failure),
    }
}

fn trigger(trigger: &Trigger) -> TriggerSummary {
    let (kind, on, condition) = match trigger {
        Trigger::Event { event_type, condition } => {
            let on = match event_type {
                EventPattern::Exact(exact) => exact.clone(),
                EventPattern::Prefix(prefix) => format!("{prefix}*"),
            };
            ("event", Some(on), condition.as_ref().map(|condition| condition.source().to_owned()))
        }
        Trigger::Manual => ("manual", None, None),
        Trigger::Schedule(schedule) => ("schedule", Some(schedule.to_string()), None),
    };
    TriggerSummary { kind: kind.to_owned(), on, condition }
}

fn count(block: &Block) -> usize {
    block.steps.iter().map(|step| 1 + count_inside(step)).sum()
}

fn count_inside(step: &Step) -> usize {
    let handler = match &step.on_error {
        OnError::Steps(block) => count(block),
        OnError::Fail | OnError::Continue => 0,
    };
    handler
        + match &step.kind {
            Kind::Switch(cases) => cases.iter().map(|case| count(&case.steps)).sum(),
            Kind::Parallel(branches) => branches.iter().map(|branch| count(&branch.steps)).sum(),
            Kind::ForEach(each) => count(&each.steps),
            _ => 0,
        }
}
