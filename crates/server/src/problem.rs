//! Every way a request is refused, as an RFC 9457 problem.

use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use tenure_api::Problem;
use tenure_engine::{AcceptError, CancelError, EngineError, StartError};
use tenure_event::ParseError;
use tenure_runlog::RunLogError;

use crate::json;

/// A refused request.
#[derive(Debug, Clone)]
pub(crate) struct Refusal {
    // Boxed: it is the error half of every route's result.
    problem: Box<Problem>,
    header: Option<(HeaderName, HeaderValue)>,
}

impl Refusal {
    fn new(word: &str, status: StatusCode, title: &str, detail: impl Into<String>) -> Self {
        let mut problem = Problem::new(word, status.as_u16(), title);
        problem.detail = Some(detail.into());
        Self { problem: Box::new(problem), header: None }
    }

    fn hint(mut self, hint: impl Into<String>) -> Self {
        self.problem.hint = Some(hint.into());
        self
    }

    fn header(mut self, name: HeaderName, value: &'static str) -> Self {
        self.header = Some((name, HeaderValue::from_static(value)));
        self
    }

    pub(crate) fn unauthorized(detail: &str) -> Self {
        Self::new("unauthorized", StatusCode::UNAUTHORIZED, "A token is needed", detail)
            .hint("send the header `Authorization: Bearer` with the value of TENURE_TOKEN")
            .header(WWW_AUTHENTICATE, r#"Bearer realm="tenure""#)
    }

    pub(crate) fn misdirected() -> Self {
        let detail = "the Host header names another machine than the one the daemon listens on";
        Self::new(
            "misdirected",
            StatusCode::MISDIRECTED_REQUEST,
            "The request is meant for another host",
            detail,
        )
        .hint("use http://127.0.0.1 or http://localhost, or give the daemon a TENURE_TOKEN")
    }

    pub(crate) fn foreign_origin() -> Self {
        let detail = "the Origin header names another site than this machine";
        Self::new("foreign-origin", StatusCode::FORBIDDEN, "Other sites may not ask", detail)
            .hint("give the daemon a TENURE_TOKEN and send it")
    }

    pub(crate) fn bad_request(detail: impl Into<String>) -> Self {
        Self::new("bad-request", StatusCode::BAD_REQUEST, "The request cannot be read", detail)
    }

    pub(crate) fn bad_event(error: &ParseError) -> Self {
        let detail = error.to_string();
        Self::new("bad-event", StatusCode::BAD_REQUEST, "The event is not a CloudEvent", detail)
            .hint("an event has specversion \"1.0\", id, source and type, and its content in data")
    }

    fn bad_input(workflow: &str, violations: Vec<String>) -> Self {
        let detail = format!("the input does not fit what workflow {workflow:?} asks for");
        let mut refusal = Self::new(
            "bad-input",
            StatusCode::UNPROCESSABLE_ENTITY,
            "The input does not fit the workflow",
            detail,
        );
        refusal.problem.errors = violations;
        refusal
    }

    pub(crate) fn too_large(limit: usize) -> Self {
        let detail = format!("the body is larger than {limit} bytes");
        Self::new("too-large", StatusCode::PAYLOAD_TOO_LARGE, "The body is too large", detail)
    }

    pub(crate) fn too_slow() -> Self {
        let detail = "the body did not arrive in time";
        Self::new("too-slow", StatusCode::REQUEST_TIMEOUT, "The request took too long", detail)
    }

    pub(crate) fn media_type(detail: impl Into<String>, taken: &str) -> Self {
        Self::new(
            "media-type",
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "The media type is not taken",
            detail,
        )
        .hint(format!("send Content-Type: {taken}"))
    }

    pub(crate) fn not_found(kind: &str, name: &str) -> Self {
        let detail = format!("{kind} {name:?} does not exist");
        Self::new("not-found", StatusCode::NOT_FOUND, "There is no such thing", detail)
    }

    pub(crate) fn no_route() -> Self {
        let detail = "nothing is served at this path";
        Self::new("not-found", StatusCode::NOT_FOUND, "There is no such thing", detail)
            .hint("the API is under /api/v1")
    }

    pub(crate) fn no_method() -> Self {
        let detail = "this path takes other methods";
        Self::new(
            "method-not-allowed",
            StatusCode::METHOD_NOT_ALLOWED,
            "The method is not allowed",
            detail,
        )
    }

    pub(crate) fn conflict(detail: impl Into<String>) -> Self {
        Self::new("conflict", StatusCode::CONFLICT, "The request does not fit the state", detail)
    }

    fn key_reused() -> Self {
        Self::new(
            "key-reused",
            StatusCode::UNPROCESSABLE_ENTITY,
            "The Idempotency-Key was used for something else",
            "an earlier request with the same Idempotency-Key had another body",
        )
        .hint("use a new key for each run that is meant to be another one")
    }

    fn overloaded() -> Self {
        Self::new(
            "overloaded",
            StatusCode::SERVICE_UNAVAILABLE,
            "The daemon has too much to do",
            "as many runs wait for their turn as limits.queued_runs allows",
        )
        .header(RETRY_AFTER, "5")
    }

    pub(crate) fn closing() -> Self {
        let detail = "the daemon is ending; nothing was accepted";
        Self::new("closing", StatusCode::SERVICE_UNAVAILABLE, "The daemon is ending", detail)
            .header(RETRY_AFTER, "10")
    }

    /// Something broke on our side; what, is for the log only.
    fn internal(error: &(dyn std::error::Error + 'static)) -> Self {
        tracing::error!(error, "request failed");
        let detail = "the daemon could not keep or read what it should; its log says why";
        Self::new("internal", StatusCode::INTERNAL_SERVER_ERROR, "The daemon failed", detail)
    }
}

// === what the engine refuses ===

impl From<AcceptError> for Refusal {
    fn from(error: AcceptError) -> Self {
        match error {
            AcceptError::Overloaded => Self::overloaded(),
            AcceptError::ShuttingDown => Self::closing(),
            AcceptError::RunLog(_) => Self::internal(&error),
        }
    }
}

impl From<StartError> for Refusal {
    fn from(error: StartError) -> Self {
        match error {
            StartError::UnknownWorkflow { name, hint } => {
                let refusal = Self::not_found("workflow", &name);
                match hint {
                    Some(hint) => refusal.hint(hint),
                    None => refusal,
                }
            }
            StartError::NotManual { .. } => Self::conflict(error.to_string())
                .hint("add `manual: {}` to its triggers, or send an event that starts it"),
            StartError::NotItsEvent { .. } => Self::conflict(error.to_string()),
            StartError::Input { name, violations } => Self::bad_input(&name, violations),
            StartError::KeyReused { .. } => Self::key_reused(),
            StartError::Accept(error) => error.into(),
        }
    }
}

impl From<CancelError> for Refusal {
    fn from(error: CancelError) -> Self {
        match error {
            CancelError::UnknownRun(run) => Self::not_found("run", &run.to_string()),
            CancelError::Ended(_) => Self::conflict(error.to_string()),
            CancelError::Engine { source: EngineError::ShuttingDown, .. } => Self::closing(),
            CancelError::Engine { .. } => Self::internal(&error),
        }
    }
}

impl From<EngineError> for Refusal {
    fn from(error: EngineError) -> Self {
        Self::internal(&error)
    }
}

impl From<RunLogError> for Refusal {
    fn from(error: RunLogError) -> Self {
        Self::internal(&error)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status =
            StatusCode::from_u16(self.problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let text = json::line(&self.problem).unwrap_or_default();
        let mut response = (status, text).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(Problem::MEDIA_TYPE));
        headers.extend(self.header);
        response
    }
}
