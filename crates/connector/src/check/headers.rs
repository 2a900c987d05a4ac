//! Default headers, and the header of the idempotency key.

use http::HeaderName;
use serde_json::{Map, Value};
use tenure_language::{Pointer, Problem};

use super::Checker;
use crate::connector::{Auth, HeaderText, Idempotency};
use crate::prepare::FRAMING;
use crate::source::IdempotencySource;

/// Most default headers, and most headers of an action.
pub(super) const HEADERS_MAX: usize = 64;

impl Checker<'_> {
    pub(super) fn headers(
        &mut self,
        at: &Pointer,
        source: Option<&Map<String, Value>>,
        auth: Option<&Auth>,
    ) -> Option<Vec<(HeaderName, HeaderText)>> {
        let Some(source) = source else { return Some(Vec::new()) };
        if source.len() > HEADERS_MAX {
            let message = format!("a connector has at most {HEADERS_MAX} default headers");
            self.error("too-many-fields", at, &message, "send the rest with the requests");
            return None;
        }
        let mut headers: Vec<(HeaderName, HeaderText)> = Vec::with_capacity(source.len());
        let mut whole = true;
        for (name, value) in source {
            let at = at.key(name);
            let value = self.header_value(&at, value);
            let name = self.header_name(&at, name, auth);
            let twice = name.as_ref().is_some_and(|name| headers.iter().any(|(it, _)| it == name));
            if twice {
                let place = self.key_place(&at);
                let message = "this header is written already; capitals make no difference";
                self.report(Problem::error("header", place, message).hint("leave one of them out"));
            }
            match (name, value) {
                (Some(name), Some(value)) if !twice => headers.push((name, value)),
                _ => whole = false,
            }
        }
        whole.then_some(headers)
    }

    pub(super) fn header_name(
        &mut self,
        at: &Pointer,
        name: &str,
        auth: Option<&Auth>,
    ) -> Option<HeaderName> {
        let place = self.key_place(at);
        let Ok(parsed) = HeaderName::try_from(name) else {
            let shown: String = name.chars().take(80).collect();
            let message = format!("\"{shown}\" is not the name of a header");
            self.report(Problem::error("header", place, message).hint("such as X-Tenant"));
            return None;
        };
        let problem = if FRAMING.contains(&parsed.as_str()) {
            let message = format!("header \"{name}\" follows from the request");
            Problem::error("header", place, message).hint("leave it out")
        } else if auth.and_then(Auth::header) == Some(&parsed) {
            let message = format!("header \"{name}\" carries the credential of `auth`");
            Problem::error("header", place, message).hint("leave it out here")
        } else if parsed == http::header::AUTHORIZATION {
            let message = format!("header \"{name}\" is a credential");
            Problem::error("header", place, message)
                .hint("write `auth: { bearer: … }`, `{ basic: … }` or `{ header: … }` instead")
        } else {
            return Some(parsed);
        };
        self.report(problem);
        None
    }

    fn header_value(&mut self, at: &Pointer, value: &Value) -> Option<HeaderText> {
        let text = match value {
            Value::String(text) => text.clone(),
            // 1.10 would arrive as 1.1: only what cannot change is taken for text.
            Value::Number(number) if !number.is_f64() => number.to_string(),
            _ => {
                self.error("header", at, "a header's value is text", "write it in quotes");
                return None;
            }
        };
        let (value, sensitive) = self.secret_text(at, &text)?;
        Some(HeaderText { value, sensitive })
    }

    #[expect(clippy::option_option, reason = "the outer one says whether it is sound")]
    pub(super) fn idempotency(
        &mut self,
        at: &Pointer,
        source: Option<&IdempotencySource>,
        auth: Option<&Auth>,
    ) -> Option<Option<Idempotency>> {
        let Some(source) = source else { return Some(None) };
        let at = at.key("header");
        let Some(name) = source.header.as_deref() else {
            self.missing(&at, "header", "most services call it Idempotency-Key");
            return None;
        };
        let parsed = HeaderName::try_from(name).ok();
        let Some(header) = parsed.filter(|name| !FRAMING.contains(&name.as_str())) else {
            let hint = "most services call it Idempotency-Key";
            self.error("header", &at, "this header cannot carry a key", hint);
            return None;
        };
        if auth.and_then(Auth::header) == Some(&header) {
            let message = "this header carries the credential of `auth`";
            self.error("header", &at, message, "most services call it Idempotency-Key");
            return None;
        }
        Some(Some(Idempotency { header }))
    }
}
