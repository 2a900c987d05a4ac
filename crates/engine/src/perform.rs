//! Fills a request from the scope, and finds the client that sends it.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tenure_connector::{Call, Client, Connector, RetrySettings, Unavailable};
use tenure_language::{EvalError, Expect, FilledRequest};
use tenure_run::{Due, Intent, Run, RunScope, StepError, StepPath, What, cut_off};
use tenure_workflow::{Kind, Target};
use tokio::time::Instant;

use crate::engine::Shared;
use crate::key::idempotency_key;
use crate::recover::until;
use crate::settle::Outputs;

/// A request that is ready to be sent once its intent is on disk.
pub(crate) struct Prepared {
    pub(crate) step: StepPath,
    pub(crate) intent: Intent,
    pub(crate) client: Arc<Client>,
    pub(crate) call: Call,
    pub(crate) outputs: Outputs,
}

/// Makes a request ready, or says what the step failed of.
///
/// A disabled or unknown connector fails the step here: nothing is sent.
pub(crate) fn prepare(
    shared: &Shared,
    run: &Run,
    due: &Due,
    now: Timestamp,
) -> Result<Prepared, Box<What>> {
    let prepared = try_prepare(shared, run, due, now).map_err(|refusal| {
        let step = due.step.clone();
        let error =
            StepError { step: Some(step.clone()), ..StepError::new(refusal.name, refusal.message) };
        Box::new(What::StepFailed { step, error, response: None, attempts: Vec::new() })
    })?;
    if due.earlier.cut_off && !prepared.intent.read && !prepared.intent.repeatable {
        // The promise under which it was sent has been withdrawn since.
        return Err(Box::new(cut_off(&due.step, &prepared.intent)));
    }
    Ok(prepared)
}

struct Refusal {
    name: &'static str,
    message: String,
}

impl From<EvalError> for Refusal {
    fn from(error: EvalError) -> Self {
        Self { name: "expression", message: error.to_string() }
    }
}

fn try_prepare(shared: &Shared, run: &Run, due: &Due, now: Timestamp) -> Result<Prepared, Refusal> {
    let program = run.program();
    let Some(Kind::Call(call)) = program.step(&due.step.id).map(|step| &step.kind) else {
        let message = format!("step \"{}\" calls nothing", due.step);
        return Err(Refusal { name: "missing", message });
    };
    let client = shared.registry.get(&call.connector).map_err(|error| {
        let name = match &error {
            Unavailable::Disabled { .. } => "disabled",
            Unavailable::Unknown { .. } => "missing",
        };
        Refusal { name, message: error.to_string() }
    })?;
    let connector = client.connector();
    let scope = run.scope(&due.step);
    let (request, its_expect) = fill(&call.target, connector, &scope)?;
    let key = match &call.idempotency_key {
        _ if request.method.is_read() => None,
        Some(text) => Some(text.fill(&scope)?),
        None => Some(idempotency_key(run.id(), &due.step)),
    };
    let retry = call.retry.as_ref().map(|own| RetrySettings {
        max_attempts: own.max_attempts.unwrap_or(connector.retry.max_attempts),
        initial_delay: own.initial_delay.unwrap_or(connector.retry.initial_delay),
        max_delay: own.max_delay.unwrap_or(connector.retry.max_delay),
        unsafe_writes: own.unsafe_writes,
    });
    let repeatable = request.method.is_idempotent()
        || connector.idempotency.is_some()
        || retry.is_some_and(|retry| retry.unsafe_writes);
    let intent = Intent {
        attempt: due.earlier.attempts + 1,
        connector: call.connector.clone(),
        method: request.method.as_str().to_owned(),
        path: request.path.clone(),
        digest: request.digest(),
        idempotency_key: key.clone(),
        repeatable,
        read: request.method.is_read(),
    };
    let outputs = Outputs::of(call, &scope);
    let expect = call.expect.clone().or(its_expect).unwrap_or_default();
    let call = Call {
        idempotency_key: key,
        retry,
        deadline: due.deadline.and_then(|at| instant(now, at)),
        attempts_before: due.earlier.attempts,
        in_doubt_before: due.earlier.in_doubt,
        expect,
        ..Call::new(request)
    };
    Ok(Prepared { step: due.step.clone(), intent, client, call, outputs })
}

/// The request of a call, and the statuses that its action expects.
fn fill(
    target: &Target,
    connector: &Connector,
    scope: &RunScope<'_>,
) -> Result<(FilledRequest, Option<Expect>), Refusal> {
    match target {
        Target::Request(request) => Ok((request.fill(scope)?, None)),
        Target::Action { name, with } => {
            let action = connector.actions.get(name).ok_or_else(|| Refusal {
                name: "missing",
                message: format!("connector \"{}\" has no action \"{name}\"", connector.name),
            })?;
            let input = with.fill(scope)?;
            let filled = action.fill(&input).map_err(|error| Refusal {
                name: "expression",
                message: format!("action \"{name}\": {error}"),
            })?;
            Ok((filled, action.expect.clone()))
        }
    }
}

/// A wall-clock deadline on tokio's clock; none if it is too far to matter.
fn instant(now: Timestamp, at: Timestamp) -> Option<Instant> {
    const FAR: Duration = Duration::from_secs(365 * 24 * 3600);
    let left = until(now, at);
    (left < FAR).then(|| Instant::now() + left)
}
