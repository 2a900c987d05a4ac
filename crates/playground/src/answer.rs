//! What a service answers, and whether it changed anything.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// Marks a response whose request changed something.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Effect;

/// One answer of a service.
#[derive(Debug)]
pub(crate) struct Answer {
    status: StatusCode,
    body: Option<Value>,
    content_type: &'static str,
    effect: bool,
}

impl Answer {
    /// An answer that changed nothing.
    pub(crate) fn new(status: StatusCode, body: Value) -> Self {
        Self { status, body: Some(body), content_type: "application/json", effect: false }
    }

    pub(crate) fn ok(body: Value) -> Self {
        Self::new(StatusCode::OK, body)
    }

    /// Success with nothing to say.
    pub(crate) fn no_content() -> Self {
        Self {
            status: StatusCode::NO_CONTENT,
            body: None,
            content_type: "application/json",
            effect: false,
        }
    }

    /// A refusal in the words of a simple JSON service.
    pub(crate) fn refused(status: StatusCode, error: &str) -> Self {
        Self::new(status, json!({ "ok": false, "error": error }))
    }

    /// The same, said in SCIM's media type.
    pub(crate) fn scim(mut self) -> Self {
        self.content_type = "application/scim+json";
        self
    }

    /// The same, having changed something when `changed`.
    pub(crate) fn changed(mut self, changed: bool) -> Self {
        self.effect = changed;
        self
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let mut response = match self.body {
            Some(body) => (
                self.status,
                [(header::CONTENT_TYPE, HeaderValue::from_static(self.content_type))],
                body.to_string(),
            )
                .into_response(),
            None => self.status.into_response(),
        };
        if self.effect {
            response.extensions_mut().insert(Effect);
        }
        response
    }
}
