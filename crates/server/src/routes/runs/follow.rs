//! `GET /api/v1/runs/{id}/events`: what happens to a run, as it happens.
//!
//! Server-sent events; the id of each is the number of its fact, so a client that comes back
//! with `Last-Event-ID` misses nothing. The stream ends after the run has ended.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::future::ready;
use futures::{Stream, StreamExt};
use tenure_run::RunId;
use tenure_runlog::Entry;

use super::run_id;
use crate::App;
use crate::describe::run_event;
use crate::problem::Refusal;

/// Pause between comments that show both ends that the connection lives.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// Pause that a client is asked to make before it comes back.
const COME_BACK: Duration = Duration::from_secs(1);

pub(crate) async fn follow(
    State(app): State<App>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let run = run_id(&id)?;
    let summary = app.engine().runlog().summary(run).await?;
    let summary = summary.ok_or_else(|| Refusal::not_found("run", &id))?;
    let from = first_wanted(&headers)?;
    if summary.status.is_ended() && from >= summary.next_seq {
        // Browsers come back to a stream that ended; this answer tells them not to.
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let entries = app.engine().runlog().follow(run, from);
    let closing = app.closing().clone().cancelled_owned();
    let stream = events(run, entries).take_until(closing);
    let keep_alive = KeepAlive::new().interval(KEEP_ALIVE).text("still here");
    Ok(Sse::new(stream).keep_alive(keep_alive).into_response())
}

fn events<E: std::error::Error + 'static>(
    run: RunId,
    entries: impl Stream<Item = Result<Entry, E>>,
) -> impl Stream<Item = Result<Event, Infallible>> {
    let opening = futures::stream::once(async { Ok(Event::default().retry(COME_BACK)) });
    let facts = entries.map(move |entry| match entry {
        Ok(entry) => event(run, &entry).map(Ok),
        Err(error) => {
            tracing::error!(
                run.id = %run,
                error = &error as &dyn std::error::Error,
                "run can no longer be followed"
            );
            None
        }
    });
    let facts = facts.take_while(|event| ready(event.is_some())).filter_map(ready);
    opening.chain(facts)
}

fn event(run: RunId, entry: &Entry) -> Option<Event> {
    let told = run_event(run, entry.seq, &entry.fact);
    Event::default().id(entry.seq.to_string()).json_data(told).ok()
}

/// The number of the first fact that the client has not seen.
fn first_wanted(headers: &HeaderMap) -> Result<u64, Refusal> {
    let Some(last) = headers.get("last-event-id") else { return Ok(0) };
    let last = last.to_str().ok().map(str::trim).unwrap_or_default();
    if last.is_empty() {
        return Ok(0);
    }
    let number = last.parse::<u64>().ok().and_then(|last| last.checked_add(1));
    number.ok_or_else(|| Refusal::bad_request("Last-Event-ID is not the number of an event"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_gets_what_follows_the_last_it_saw() {
        let read = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("last-event-id", value.parse().unwrap());
            first_wanted(&headers)
        };
        assert_eq!(read("41").unwrap(), 42);
        assert_eq!(read("").unwrap(), 0);
        assert!(read("x").is_err());
        assert!(read("18446744073709551615").is_err());
        assert_eq!(first_wanted(&HeaderMap::new()).unwrap(), 0);
    }
}
