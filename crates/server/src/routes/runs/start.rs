//! `POST /api/v1/workflows/{name}/runs`: begins a run, and waits for its end if asked to.
//!
//! The body is the input, or an event that the run answers as if it had come in.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::header::LOCATION;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde_json::Value;
use tenure_api::{RunStarted, RunStatus};
use tenure_engine::{StartRun, Started};
use tenure_event::Event;
use tenure_run::RunId;

use crate::body::Start;
use crate::json::Json;
use crate::problem::Refusal;
use crate::{App, body, caller, describe, idempotency, prefer};

pub(crate) async fn start(
    State(app): State<App>,
    Path(workflow): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    if app.closing().is_cancelled() {
        return Err(Refusal::closing());
    }
    let key = idempotency::key(&headers)?;
    let wait = prefer::wait(&headers);
    let (input, event) = match body::start(&headers, body).await? {
        Start::Input(input) => (input, None),
        Start::Event(document) => (Value::Null, Some(event(document)?)),
    };
    let initiator = caller::word(&headers).to_owned();
    let request = StartRun { workflow, input, event, initiator, idempotency_key: key };
    let started = app.engine().start_run(request).await?;
    let ended = match wait {
        Some(wait) => ended_within(&app, started.run, wait).await?,
        None => None,
    };
    let mut response = match ended {
        Some(response) => response,
        None => accepted(&app, started).await?,
    };
    if let Some(wait) = wait {
        set(&mut response, "preference-applied", &format!("wait={}", wait.as_secs()));
    }
    set(&mut response, LOCATION.as_str(), &format!("/api/v1/runs/{}", started.run));
    Ok(response)
}

fn event(document: Value) -> Result<Event, Refusal> {
    Event::from_value(document, Timestamp::now()).map_err(|error| Refusal::bad_event(&error))
}

async fn ended_within(app: &App, run: RunId, wait: Duration) -> Result<Option<Response>, Refusal> {
    let run = tokio::select! {
        // The run goes on after the next start; the client asks for it again then.
        () = app.closing().cancelled() => return Ok(None),
        run = app.engine().wait_and_show(run, wait) => run?,
    };
    Ok(run.map(|run| Json(describe::run_detail(&run)).into_response()))
}

async fn accepted(app: &App, started: Started) -> Result<Response, Refusal> {
    let Started { run, duplicate } = started;
    let summary = app.engine().runlog().summary(run).await?;
    let status = summary.map_or(RunStatus::Queued, |summary| describe::run_status(summary.status));
    let answer = RunStarted { run: run.to_string(), status, duplicate };
    Ok((StatusCode::ACCEPTED, Json(answer)).into_response())
}

fn set(response: &mut Response, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}
