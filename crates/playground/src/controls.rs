//! `/_playground/`: the log to read, the faults to set.
//!
//! These routes pass no front: they need no credentials, suffer no fault and are not logged.

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Router, body::Bytes};
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::faults::Faults;
use crate::front::Front;

pub(crate) fn router(front: Arc<Front>) -> Router {
    Router::new()
        .route("/_playground/log", get(log).delete(clear))
        .route("/_playground/faults", get(faults).post(set_faults).delete(no_faults))
        .with_state(front)
}

/// The log of all services; `?since=<number>` leaves out what is known already.
async fn log(
    State(front): State<Arc<Front>>,
    Query(query): Query<Vec<(String, String)>>,
) -> impl IntoResponse {
    let since = query.iter().find(|(name, _)| name == "since");
    let since = since.and_then(|(_, value)| value.parse().ok()).unwrap_or(0);
    let entries: Vec<Value> =
        front.log().since(since).iter().map(|entry| entry.to_json()).collect();
    Answer::ok(json!({ "entries": entries, "last": front.log().last_number() }))
}

async fn clear(State(front): State<Arc<Front>>) -> impl IntoResponse {
    front.log().clear();
    Answer::no_content()
}

async fn faults(State(front): State<Arc<Front>>) -> impl IntoResponse {
    Answer::ok(front.faults().to_json())
}

async fn set_faults(State(front): State<Arc<Front>>, body: Bytes) -> impl IntoResponse {
    let read = serde_json::from_slice(&body).map_err(|_| "body must be JSON".to_owned());
    let read =
        read.and_then(|value: Value| Faults::from_json(&value).map_err(|error| error.to_string()));
    match read {
        Ok(faults) => {
            front.set_faults(faults);
            Answer::ok(front.faults().to_json())
        }
        Err(error) => Answer::refused(StatusCode::BAD_REQUEST, &error),
    }
}

async fn no_faults(State(front): State<Arc<Front>>) -> impl IntoResponse {
    front.set_faults(Faults::default());
    Answer::no_content()
}
