//! `POST /api/v1/events`: takes an event, and answers once it is on disk.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use tenure_api::{EventAccepted, NotStarted};
use tenure_event::Event;

use crate::App;
use crate::body;
use crate::json::Json;
use crate::problem::Refusal;

pub(crate) async fn accept(
    State(app): State<App>,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<EventAccepted>), Refusal> {
    if app.closing().is_cancelled() {
        return Err(Refusal::closing());
    }
    let document = body::event(&headers, body).await?;
    let event = Event::from_value(document, Timestamp::now())
        .map_err(|error| Refusal::bad_event(&error))?;
    let receipt = app.engine().accept(event).await?;
    let not_started = receipt.not_started.into_iter();
    let answer = EventAccepted {
        event_id: receipt.event_id.to_string(),
        duplicate: receipt.duplicate,
        runs: receipt.runs.iter().map(ToString::to_string).collect(),
        not_started: not_started
            .map(|it| NotStarted { workflow: it.workflow, reason: it.why })
            .collect(),
    };
    // A redelivery is no error: the sender shall stop, and nothing new was taken in.
    let status = if answer.duplicate { StatusCode::OK } else { StatusCode::ACCEPTED };
    Ok((status, Json(answer)))
}
