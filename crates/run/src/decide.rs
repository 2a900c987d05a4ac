//! How a step begins: everything but the call of another system is decided here.

use std::collections::HashSet;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value};
use tenure_language::{EvalError, Scope, parse_duration};
use tenure_workflow::{Case, Kind, Loop, Step, Wait};

use crate::StepPath;
use crate::fact::{Item, What};
use crate::scope::{Layered, RunScope};
use crate::survey::{add, failure};

/// Most items a loop may have.
const MAX_ITEMS: usize = 10_000;

/// The fact a step begins with; none for a call, which begins with an attempt.
pub(crate) fn begin(
    step: &Step,
    path: &StepPath,
    scope: &RunScope<'_>,
    now: Timestamp,
) -> Option<What> {
    let begun = match &step.kind {
        Kind::Call(_) => return None,
        Kind::Set(vars) => set(vars, scope).map(|vars| What::VarsSet { step: path.clone(), vars }),
        Kind::Switch(cases) => {
            take(cases, scope).map(|case| What::BranchTaken { step: path.clone(), case })
        }
        Kind::Parallel(_) => Ok(What::BranchesStarted { step: path.clone() }),
        Kind::ForEach(each) => {
            expand(each, scope).map(|items| What::LoopExpanded { step: path.clone(), items })
        }
        Kind::Wait(wait) => {
            ends(wait, scope, now).map(|until| What::TimerSet { step: path.clone(), until })
        }
        Kind::Stop(text) => text
            .fill(scope)
            .map(|reason| What::Stopped { step: path.clone(), reason })
            .map_err(Refusal::from),
        Kind::Fail(text) => match text.fill(scope) {
            Ok(reason) => return Some(failure(path, "fail", reason)),
            Err(error) => Err(error.into()),
        },
    };
    Some(begun.unwrap_or_else(|refusal| failure(path, "expression", refusal.0)))
}

/// Why a step cannot begin.
struct Refusal(String);

impl From<EvalError> for Refusal {
    fn from(error: EvalError) -> Self {
        Self(error.to_string())
    }
}

/// Values top to bottom: each sees the ones above it.
fn set(
    vars: &[(String, tenure_language::Template)],
    scope: &RunScope<'_>,
) -> Result<Map<String, Value>, Refusal> {
    let mut kept = Map::new();
    for (name, template) in vars {
        let value = template.fill(&Layered { scope, vars: &kept })?;
        kept.insert(name.clone(), value);
    }
    Ok(kept)
}

fn take(cases: &[Case], scope: &dyn Scope) -> Result<Option<usize>, Refusal> {
    for (index, case) in cases.iter().enumerate() {
        let Some(when) = &case.when else { return Ok(Some(index)) };
        let holds = when.holds(scope);
        if holds.map_err(|error| Refusal(format!("case {}: {error}", index + 1)))? {
            return Ok(Some(index));
        }
    }
    Ok(None)
}

fn expand(each: &Loop, scope: &RunScope<'_>) -> Result<Vec<Item>, Refusal> {
    let values = match each.items.fill(scope)? {
        Value::Array(values) => values,
        // What a skipped step would have given is null: there is nothing to do.
        Value::Null => Vec::new(),
        other => return Err(Refusal(format!("for_each needs a list, not {}", kind(&other)))),
    };
    if values.len() > MAX_ITEMS {
        return Err(Refusal(format!("for_each has {} items, more than {MAX_ITEMS}", values.len())));
    }
    let Some(key) = &each.key else {
        return Ok(values.into_iter().map(|value| Item { key: None, value }).collect());
    };
    let mut seen = HashSet::new();
    let mut items = Vec::with_capacity(values.len());
    for (index, value) in values.into_iter().enumerate() {
        let name = key.eval(&scope.with_item(&each.binding, &value, index))?;
        let name = match name {
            Value::String(text) => text,
            Value::Number(number) => number.to_string(),
            other => {
                return Err(Refusal(format!(
                    "the key of item {index} must be text, not {}",
                    kind(&other)
                )));
            }
        };
        if !seen.insert(name.clone()) {
            return Err(Refusal(format!("the key of item {index} is that of an earlier item")));
        }
        items.push(Item { key: Some(name), value });
    }
    Ok(items)
}

fn ends(wait: &Wait, scope: &dyn Scope, now: Timestamp) -> Result<Timestamp, Refusal> {
    let lasting = |duration: Duration| add(now, duration).unwrap_or(Timestamp::MAX);
    match wait {
        Wait::For(duration) => Ok(lasting(*duration)),
        Wait::ForComputed(text) => match parse_duration(&text.fill(scope)?) {
            Ok(duration) => Ok(lasting(duration)),
            Err(error) => Err(Refusal(format!("wait: {error}"))),
        },
        Wait::Until(text) => text.fill(scope)?.parse().map_err(|_| {
            Refusal("wait: until must be an RFC 3339 time such as 2026-11-23T07:00:00Z".to_owned())
        }),
    }
}

/// What kind of value it is, in words; never the value.
pub(crate) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a map",
    }
}
