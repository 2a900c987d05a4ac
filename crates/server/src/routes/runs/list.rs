//! `GET /api/v1/runs`: runs, newest first.

use axum::extract::{Query, State};
use axum::http::Uri;
use jiff::Timestamp;
use tenure_api::{Page, RunQuery, RunSummary};
use tenure_run::RunStatus;
use tenure_runlog::{Cursor, Filter};

use crate::App;
use crate::describe::run_summary;
use crate::json::Json;
use crate::problem::Refusal;

const LIMIT_DEFAULT: usize = 50;
const LIMIT_MAX: usize = 500;

pub(crate) async fn list(
    State(app): State<App>,
    uri: Uri,
) -> Result<Json<Page<RunSummary>>, Refusal> {
    let Query(query) = Query::<RunQuery>::try_from_uri(&uri)
        .map_err(|error| Refusal::bad_request(format!("the query cannot be read: {error}")))?;
    let limit = limit(query.limit.as_deref())?;
    let cursor = query.cursor.as_deref().map(cursor).transpose()?;
    let filter = filter(query)?;
    let page = app.engine().runlog().list(&filter, cursor.as_ref(), limit).await?;
    Ok(Json(Page {
        items: page.runs.iter().map(run_summary).collect(),
        next_cursor: page.next.map(|cursor| cursor.to_string()),
    }))
}

fn filter(query: RunQuery) -> Result<Filter, Refusal> {
    let status = match query.status.as_deref() {
        None => None,
        Some(word) => Some(word.parse::<RunStatus>().map_err(|_| {
            let known = RunStatus::ALL.map(RunStatus::as_str).join(", ");
            Refusal::bad_request(format!("status {word:?} is none of {known}"))
        })?),
    };
    Ok(Filter {
        workflow: query.workflow,
        status,
        subject: query.subject,
        since: instant("since", query.since)?,
        until: instant("until", query.until)?,
    })
}

fn instant(name: &str, text: Option<String>) -> Result<Option<Timestamp>, Refusal> {
    let Some(text) = text else { return Ok(None) };
    let wrong = |_| {
        let example = "2026-11-23T08:00:00Z";
        Refusal::bad_request(format!("{name} {text:?} is not an RFC 3339 time such as {example}"))
    };
    text.parse().map(Some).map_err(wrong)
}

fn limit(text: Option<&str>) -> Result<usize, Refusal> {
    let Some(text) = text else { return Ok(LIMIT_DEFAULT) };
    let limit = text.parse().ok().filter(|limit| (1..=LIMIT_MAX).contains(limit));
    limit.ok_or_else(|| {
        Refusal::bad_request(format!("limit {text:?} is not a number from 1 to {LIMIT_MAX}"))
    })
}

fn cursor(text: &str) -> Result<Cursor, Refusal> {
    text.parse().map_err(|_| {
        Refusal::bad_request("the cursor is not one that a page ended with".to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_filter_says_what_is_taken() {
        let check = |query: RunQuery| filter(query).is_ok();
        assert!(check(RunQuery { status: Some("failed".into()), ..RunQuery::default() }));
        assert!(!check(RunQuery { status: Some("done".into()), ..RunQuery::default() }));
        assert!(check(RunQuery {
            since: Some("2026-11-23T08:00:00Z".into()),
            ..RunQuery::default()
        }));
        assert!(!check(RunQuery { until: Some("yesterday".into()), ..RunQuery::default() }));
    }

    #[test]
    fn a_page_is_bounded() {
        assert_eq!(limit(None).unwrap(), LIMIT_DEFAULT);
        assert_eq!(limit(Some("500")).unwrap(), 500);
        for text in ["0", "501", "-1", "all"] {
            assert!(limit(Some(text)).is_err(), "{text}");
        }
    }
}
