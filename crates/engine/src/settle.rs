//! Judges an answer: what the step keeps, or why it failed.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};
use tenure_connector::{Answer, Attempt, Body, Failure, FailureKind};
use tenure_run::{AttemptRecord, Intent, Program, Response, RunScope, StepError, StepPath, What};
use tenure_workflow::{Call, Kind, Output};

/// Most bytes of JSON that one step may keep.
const MAX_OUTPUT: usize = 1024 * 1024;

/// Most bytes of the body of a refusal that are kept although nothing refers to it.
const MAX_REFUSAL: usize = 2048;

fn size(body: &Body) -> usize {
    match body {
        Body::Empty | Body::Bytes(_) => 0,
        Body::Json(value) => value.to_string().len(),
        Body::Text(text) => text.len(),
    }
}

/// What a call keeps of its answer: computed values need the scope, selected ones do not.
pub(crate) struct Outputs {
    /// The scope, frozen for outputs that are expressions.
    scope: Option<Value>,
}

impl Outputs {
    /// Freezes what the outputs of this call refer to.
    pub(crate) fn of(call: &Call, scope: &RunScope<'_>) -> Self {
        let computed = call.output.iter().filter_map(|(_, output)| match output {
            Output::Compute(template) => Some(template),
            Output::Select(_) => None,
        });
        let mut frozen = Map::new();
        let mut any = false;
        for template in computed {
            any = true;
            for reference in template.references() {
                freeze(&mut frozen, &reference.path, scope);
            }
        }
        Self { scope: any.then_some(Value::Object(frozen)) }
    }
}

fn freeze(frozen: &mut Map<String, Value>, path: &[String], scope: &RunScope<'_>) {
    use tenure_language::Scope as _;
    let Some(root) = path.first() else { return };
    if root == "response" {
        return;
    }
    if root != "steps" {
        if let Some(value) = scope.lookup(root, None) {
            frozen.insert(root.clone(), value.into_owned());
        }
        return;
    }
    let Some(id) = path.get(1) else { return };
    let Some(value) = scope.lookup(root, Some(id)) else { return };
    let steps = frozen.entry("steps").or_insert_with(|| json!({}));
    if let Value::Object(steps) = steps {
        steps.insert(id.clone(), value.into_owned());
    }
}

/// The fact that a finished call becomes.
pub(crate) fn settle(
    program: &Program,
    step: &StepPath,
    outputs: Outputs,
    answer: Result<Answer, Failure>,
    now: Timestamp,
) -> What {
    let step = step.clone();
    match answer {
        Ok(answer) => succeeded(program, step, outputs, answer),
        Err(failure) => failed(program, step, failure, now),
    }
}

fn succeeded(program: &Program, step: StepPath, outputs: Outputs, answer: Answer) -> What {
    let attempts = answer.attempts.iter().map(record).collect();
    let response = response(answer);
    let kept = keep(program, &step, outputs, &response);
    let response = trim(response, program.keeps_body(&step.id));
    match kept {
        Ok(output) => What::StepSucceeded { step, output, response, attempts },
        Err((name, message)) => {
            let error = StepError { step: Some(step.clone()), ..StepError::new(name, message) };
            What::StepFailed { step, error, response, attempts }
        }
    }
}

fn failed(program: &Program, step: StepPath, failure: Failure, now: Timestamp) -> What {
    let attempts: Vec<AttemptRecord> = failure.attempts.iter().map(record).collect();
    let error = StepError {
        name: failure.name(),
        message: failure.message,
        step: Some(step.clone()),
        status: failure.status,
    };
    match failure.kind {
        FailureKind::Pause { after } => {
            let after = SignedDuration::try_from(after).unwrap_or(SignedDuration::MAX);
            let retry_at = now.checked_add(after).unwrap_or(Timestamp::MAX);
            let in_doubt = failure.in_doubt;
            What::AttemptPaused { step, retry_at, error, attempts, in_doubt }
        }
        FailureKind::InDoubt => What::StepInDoubt { step, error, attempts },
        _ => {
            // Why it was refused is what a person looks for first.
            let response = failure.answer.and_then(|answer| {
                let keeps_body = program.keeps_body(&step.id) || size(&answer.body) <= MAX_REFUSAL;
                trim(response(*answer), keeps_body)
            });
            What::StepFailed { step, error, response, attempts }
        }
    }
}

/// The fact of a request that is given up while it is under way.
pub(crate) fn abandoned(step: StepPath, intent: &Intent) -> What {
    let attempts = Vec::new();
    let message = "given up while the request was under way".to_owned();
    if intent.read {
        let error = StepError { step: Some(step.clone()), ..StepError::new("cancelled", message) };
        return What::StepFailed { step, error, response: None, attempts };
    }
    let error = StepError { step: Some(step.clone()), ..StepError::new("unknown", message) };
    What::StepInDoubt { step, error, attempts }
}

/// The answer as JSONPath and expressions see it.
fn response(answer: Answer) -> Value {
    let headers = answer.headers.into_iter();
    let headers: Map<_, _> = headers.map(|(name, text)| (name, Value::String(text))).collect();
    let body = match answer.body {
        Body::Empty => Value::Null,
        Body::Json(value) => value,
        Body::Text(text) => Value::String(text),
        Body::Bytes(count) => json!({ "bytes": count }),
    };
    // A body may be large: it is moved all the way, not copied.
    let response = [
        ("status".to_owned(), Value::from(answer.status)),
        ("headers".to_owned(), Value::Object(headers)),
        ("body".to_owned(), body),
    ];
    Value::Object(Map::from_iter(response))
}

/// The answer as it is kept: without a body that nothing refers to.
fn trim(mut response: Value, keeps_body: bool) -> Option<Response> {
    let headers = match response["headers"].take() {
        Value::Object(headers) if keeps_body => headers,
        _ => Map::new(),
    };
    let body = if keeps_body { response["body"].take() } else { Value::Null };
    let status = response["status"].as_u64().and_then(|status| u16::try_from(status).ok())?;
    Some(Response { status, headers, body })
}

fn keep(
    program: &Program,
    step: &StepPath,
    outputs: Outputs,
    response: &Value,
) -> Result<Map<String, Value>, (&'static str, String)> {
    let Some(Kind::Call(call)) = program.step(&step.id).map(|step| &step.kind) else {
        return Ok(Map::new());
    };
    let scope = outputs.scope.map(|mut scope| {
        scope["response"] = response.clone();
        scope
    });
    let mut kept = Map::new();
    let mut size = 0;
    for (name, output) in &call.output {
        let value = match (output, &scope) {
            (Output::Select(path), _) => path.select(response),
            (Output::Compute(template), Some(scope)) => template
                .fill(scope)
                .map_err(|error| ("expression", format!("output \"{name}\": {error}")))?,
            (Output::Compute(_), None) => Value::Null,
        };
        size += value.to_string().len();
        if size > MAX_OUTPUT {
            return Err(("limit", format!("its outputs are larger than {MAX_OUTPUT} bytes")));
        }
        kept.insert(name.clone(), value);
    }
    Ok(kept)
}

fn record(attempt: &Attempt) -> AttemptRecord {
    AttemptRecord::new(
        attempt.number,
        attempt.started_at,
        attempt.duration,
        attempt.outcome.clone(),
        attempt.retry_in,
    )
}
