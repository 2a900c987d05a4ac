//! What the expressions of one step see.

use std::borrow::Cow;

use serde_json::{Map, Value, json};
use tenure_language::Scope;
use tenure_workflow::{Block, Kind, Step};

use crate::StepPath;
use crate::fact::{Item, Response, StepError};
use crate::next::{Outcome, Run, describe};
use crate::program::{Into, Root, enter};
use crate::state::{BlockState, Inner, Progress, StepState};

/// The values around one step of one run. Never holds a secret: none ever gets here.
#[derive(Debug, Clone, Copy)]
pub struct RunScope<'a> {
    run: &'a Run,
    /// None: the scope of the run's own output.
    step: Option<&'a StepPath>,
    item: Option<(&'a str, &'a Value, usize)>,
    response: Option<&'a Value>,
}

impl<'a> RunScope<'a> {
    pub(crate) fn new(run: &'a Run, step: &'a StepPath) -> Self {
        Self { run, step: Some(step), item: None, response: None }
    }

    pub(crate) fn of_run(run: &'a Run) -> Self {
        Self { run, step: None, item: None, response: None }
    }

    /// The scope with `response` in it, for what a call keeps.
    #[must_use]
    pub fn with_response(self, response: &'a Value) -> Self {
        Self { response: Some(response), ..self }
    }

    /// The scope of one item of a loop that is about to start.
    pub(crate) fn with_item(self, binding: &'a str, value: &'a Value, index: usize) -> Self {
        Self { item: Some((binding, value, index)), ..self }
    }

    fn root(&self) -> Root {
        let address = self.step.and_then(|step| self.run.program.address(&step.id));
        address.map_or(Root::Steps, |address| address.root)
    }

    /// Calls back for each block around the step, outermost first: the step that holds it,
    /// the state of that step, and which block of it is entered.
    fn around(&self, mut visit: impl FnMut(&'a Step, &'a StepState, Into, Option<u32>)) {
        let Some(path) = self.step else { return };
        let Some(address) = self.run.program.address(&path.id) else { return };
        let (mut block, mut state) = self.blocks(address.root);
        let mut items = path.items.iter();
        for (index, into) in &address.around {
            let (Some(step), Some(step_state)) = (block.steps.get(*index), state.steps.get(*index))
            else {
                return;
            };
            let item = items.clone().next().map(|(_, index)| *index);
            visit(step, step_state, *into, item.filter(|_| *into == Into::Item));
            match (enter(step, *into), step_state.inside(*into, &mut items)) {
                (Some(inner), Some(inner_state)) => (block, state) = (inner, inner_state),
                _ => return,
            }
        }
    }

    fn blocks(&self, root: Root) -> (&'a Block, &'a BlockState) {
        let state = match root {
            Root::Steps => &self.run.steps,
            Root::OnFailure => &self.run.on_failure,
        };
        (self.run.program.root(root), state)
    }

    fn vars(&self) -> Cow<'a, Value> {
        // A variable whose step was skipped is null, as a skipped step's output is.
        let mut vars = self.run.program.unset().clone();
        vars.extend(self.run.steps.vars.clone());
        if self.root() == Root::OnFailure {
            vars.extend(self.run.on_failure.vars.clone());
        }
        self.around(|_, state, into, item| {
            if let (Into::Item, Inner::Items(items), Some(item)) = (into, &state.inner, item)
                && let Some((_, block)) = items.items.get(item as usize)
            {
                vars.extend(block.vars.clone());
            }
        });
        Cow::Owned(Value::Object(vars))
    }

    fn member(&self, id: &str) -> Option<Cow<'a, Value>> {
        let address = self.run.program.address(id)?;
        let (_, root) = self.blocks(address.root);
        let items = self.step.map_or(&[][..], |step| &step.items);
        let Some(state) = root.step(address, items) else {
            // It stands in a case that was not taken.
            return Some(Cow::Owned(json!({
                "status": "skipped", "reason": null, "output": null, "response": null,
                "error": null
            })));
        };
        Some(Cow::Owned(describe_step(self.run.program.step(id)?, state)))
    }

    fn error(&self) -> Option<&'a StepError> {
        let mut error = None;
        self.around(|_, state, into, _| {
            if into == Into::Handler {
                error = state.error.as_ref();
            }
        });
        error.or_else(|| {
            let failed =
                crate::survey::block_error(&self.run.program.plan().steps, &self.run.steps);
            failed.filter(|_| self.root() == Root::OnFailure)
        })
    }

    fn run_value(&self) -> Value {
        let started = self.run.started_at.unwrap_or(self.run.created_at);
        let mut value = json!({
            "id": self.run.id.to_string(),
            "started_at": started.to_string(),
            "attempt": 1,
            "workflow": self.run.program.plan().name,
        });
        if let Some(error) = self.error() {
            value["error"] = Value::String(describe(error));
        } else if let Some(Outcome::Failed(error)) = self.run.outcome() {
            value["error"] = Value::String(describe(error));
        }
        value
    }

    /// A loop variable, `<variable>_index`, from the innermost loop that declares it.
    fn loop_variable(&self, name: &str) -> Option<Cow<'a, Value>> {
        if let Some((binding, value, index)) = self.item {
            if binding == name {
                return Some(Cow::Borrowed(value));
            }
            if is_index_of(name, binding) {
                return Some(Cow::Owned(Value::from(index)));
            }
        }
        let mut found = None;
        self.around(|step, state, into, item| {
            let (Kind::ForEach(each), Inner::Items(items), Into::Item, Some(item)) =
                (&step.kind, &state.inner, into, item)
            else {
                return;
            };
            if each.binding == name {
                let value = items.items.get(item as usize).map(|(item, _)| &item.value);
                found = value.map(Cow::Borrowed);
            } else if is_index_of(name, &each.binding) {
                found = Some(Cow::Owned(Value::from(item)));
            }
        });
        found
    }
}

impl Scope for RunScope<'_> {
    fn lookup(&self, root: &str, member: Option<&str>) -> Option<Cow<'_, Value>> {
        match (root, member) {
            ("event", _) => Some(Cow::Borrowed(&self.run.event)),
            ("input", _) => Some(Cow::Borrowed(&self.run.input)),
            ("vars", _) => Some(self.vars()),
            ("steps", Some(id)) => self.member(id),
            ("run", _) => Some(Cow::Owned(self.run_value())),
            ("response", _) => self.response.map(Cow::Borrowed),
            ("error", _) => self.error().map(|error| Cow::Owned(describe_error(error))),
            (name, _) => self.loop_variable(name),
        }
    }
}

/// A scope in which some variables are newer than the run's.
pub(crate) struct Layered<'a> {
    pub(crate) scope: &'a RunScope<'a>,
    pub(crate) vars: &'a Map<String, Value>,
}

impl Scope for Layered<'_> {
    fn lookup(&self, root: &str, member: Option<&str>) -> Option<Cow<'_, Value>> {
        if root != "vars" || self.vars.is_empty() {
            return self.scope.lookup(root, member);
        }
        let mut vars = self.scope.vars().into_owned();
        if let Value::Object(vars) = &mut vars {
            vars.extend(self.vars.clone());
        }
        Some(Cow::Owned(vars))
    }
}

fn is_index_of(name: &str, binding: &str) -> bool {
    name.strip_suffix("_index") == Some(binding)
}

fn describe_error(error: &StepError) -> Value {
    json!({
        "name": error.name,
        "message": error.message,
        "step": error.step.as_ref().map(ToString::to_string),
        "status": error.status,
    })
}

fn describe_step(step: &Step, state: &StepState) -> Value {
    let output = match (&state.progress, &step.kind, &state.inner) {
        (Progress::Pending | Progress::Skipped, ..) => Value::Null,
        (_, Kind::ForEach(each), Inner::Items(items)) => describe_items(&each.steps, &items.items),
        (_, Kind::Switch(_), Inner::None) => json!({ "case": null }),
        (_, Kind::Call(call), _) => {
            // What a failed call would have kept is null, so that `on_error: continue` can go on.
            let names = call.output.iter().map(|(name, _)| (name.clone(), Value::Null));
            let mut output: Map<String, Value> = names.collect();
            output.extend(state.output.clone());
            Value::Object(output)
        }
        _ => Value::Object(state.output.clone()),
    };
    json!({
        "status": status_word(&state.progress),
        "reason": state.reason,
        "output": output,
        "response": state.response.as_ref().map(describe_response),
        "error": state.error.as_ref().map(describe_error),
    })
}

fn describe_response(response: &Response) -> Value {
    json!({ "status": response.status, "headers": response.headers, "body": response.body })
}

fn describe_items(block: &Block, items: &[(Item, BlockState)]) -> Value {
    let mut failed = 0;
    let items: Vec<Value> = items
        .iter()
        .enumerate()
        .map(|(index, (item, state))| {
            let error = crate::survey::block_error(block, state);
            failed += usize::from(error.is_some());
            let outputs = block.steps.iter().zip(&state.steps).map(|(step, state)| {
                let output = describe_step(step, state)["output"].take();
                (step.id.clone(), output)
            });
            json!({
                "key": item.key.clone().unwrap_or_else(|| index.to_string()),
                "status": if error.is_some() { "failed" } else { "succeeded" },
                "reason": error.map(|error| error.message.clone()),
                "output": outputs.collect::<Map<String, Value>>(),
            })
        })
        .collect();
    json!({ "succeeded": items.len() - failed, "failed": failed, "items": items })
}

pub(crate) fn status_word(progress: &Progress) -> &'static str {
    match progress {
        Progress::Pending => "pending",
        Progress::Open | Progress::InHand(_) | Progress::Interrupted(_) => "running",
        Progress::Timer(_) | Progress::Retry { .. } | Progress::Doubt => "waiting",
        Progress::Succeeded => "succeeded",
        Progress::Failed => "failed",
        Progress::Skipped => "skipped",
    }
}
