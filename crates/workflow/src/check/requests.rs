//! Requests written in a workflow.

use http::{HeaderName, HeaderValue};
use serde_json::Value;
use tenure_language::{
    BodyTemplate, Method, Pointer, Problem, RequestLine, RequestTemplate, Template, Text,
};

use crate::source::{Ordered, StepSource};

use super::Checker;
use super::view::View;

/// Most entries of `query`, `headers` or `form`.
const ENTRIES_MAX: usize = 100;

/// Headers that carry credentials: those belong to the connector.
const CREDENTIALS: [&str; 5] =
    ["authorization", "proxy-authorization", "cookie", "x-api-key", "x-auth-token"];
/// Headers that follow from the request itself.
const OWN: [&str; 7] = [
    "host",
    "content-length",
    "transfer-encoding",
    "connection",
    "te",
    "upgrade",
    "idempotency-key",
];

impl Checker<'_> {
    pub(super) fn request(
        &mut self,
        at: &Pointer,
        line: &str,
        step: &StepSource,
        view: &View,
    ) -> Option<RequestTemplate> {
        let line = self.request_line(&at.key("request"), line, view);
        let query = self.query(&at.key("query"), step.query.as_ref(), view);
        let headers = self.headers(&at.key("headers"), step.headers.as_ref(), view);
        let method = line.as_ref().map(|line| line.method);
        let body = self.body(at, step, method, view);
        let line = line?;
        Some(RequestTemplate {
            method: line.method,
            path: line.path,
            query: query?,
            headers: headers?,
            body: body?,
        })
    }

    fn request_line(&mut self, at: &Pointer, line: &str, view: &View) -> Option<RequestLine> {
        match RequestLine::compile(line) {
            Ok(compiled) => {
                self.references(at, compiled.path.references(), view);
                self.foreign(at, line);
                self.printed(at, &compiled.path, view);
                Some(compiled)
            }
            Err(error) => {
                let problem = self.document.compile_problem("request", at, &error);
                self.report(problem);
                None
            }
        }
    }

    fn query(
        &mut self,
        at: &Pointer,
        source: Option<&Ordered<Value>>,
        view: &View,
    ) -> Option<Vec<(String, Template)>> {
        self.fields(at, source, view, "query")
    }

    /// Compiles named values of which each is plain, or a list of plain ones.
    fn fields(
        &mut self,
        at: &Pointer,
        source: Option<&Ordered<Value>>,
        view: &View,
        what: &str,
    ) -> Option<Vec<(String, Template)>> {
        let Some(Ordered(entries)) = source else { return Some(Vec::new()) };
        self.entries(at, entries.len(), what);
        let mut compiled = Some(Vec::new());
        for (name, value) in entries {
            let at = at.key(name);
            if !is_flat(value) {
                let place = self.place(&at);
                let message = format!("a value of `{what}` is plain, or a list of plain values");
                self.report(Problem::error("field-value", place, message));
                compiled = None;
                continue;
            }
            match (&mut compiled, self.template(&at, value, view)) {
                (Some(compiled), Some(template)) => compiled.push((name.clone(), template)),
                _ => compiled = None,
            }
        }
        compiled
    }

    fn entries(&mut self, at: &Pointer, count: usize, what: &str) {
        if count > ENTRIES_MAX {
            let place = self.place(at);
            let message = format!("`{what}` has at most {ENTRIES_MAX} entries");
            self.report(Problem::error("too-many-fields", place, message));
        }
    }

    fn headers(
        &mut self,
        at: &Pointer,
        source: Option<&Ordered<Value>>,
        view: &View,
    ) -> Option<Vec<(String, Text)>> {
        let Some(Ordered(entries)) = source else { return Some(Vec::new()) };
        self.entries(at, entries.len(), "headers");
        let mut compiled = Some(Vec::new());
        for (name, value) in entries {
            let at = at.key(name);
            let named = self.header_name(&at, name);
            match (&mut compiled, self.header_value(&at, value, view)) {
                (Some(compiled), Some(text)) if named => compiled.push((name.clone(), text)),
                _ => compiled = None,
            }
        }
        compiled
    }

    fn header_name(&mut self, at: &Pointer, name: &str) -> bool {
        let lower = name.to_ascii_lowercase();
        let place = self.key_place(at);
        let problem = if HeaderName::from_bytes(name.as_bytes()).is_err() {
            let shown: String = name.chars().take(80).collect();
            Problem::error("header", place, format!("\"{shown}\" is not the name of a header"))
        } else if CREDENTIALS.contains(&lower.as_str()) {
            let message = format!("header \"{name}\" carries a credential");
            Problem::error("credential", place, message)
                .hint("put it into the connector's `auth`: a workflow never sees a secret")
        } else if OWN.contains(&lower.as_str()) {
            let message = format!("header \"{name}\" is set by Tenure");
            let problem = Problem::error("header", place, message);
            if lower == "idempotency-key" {
                problem.hint("to choose the key, write `idempotency_key:` on the step")
            } else {
                problem.hint("leave it out")
            }
        } else {
            return true;
        };
        self.report(problem);
        false
    }

    fn header_value(&mut self, at: &Pointer, value: &Value, view: &View) -> Option<Text> {
        let written = match value {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            Value::Bool(value) => value.to_string(),
            Value::Null | Value::Array(_) | Value::Object(_) => {
                let problem = Problem::error("header", self.place(at), "a header's value is text");
                self.report(problem);
                return None;
            }
        };
        let text = self.text(at, &written, view)?;
        if text.is_constant() && HeaderValue::from_str(&written).is_err() {
            let message = "a header's value is one line without control characters";
            let place = self.place(at);
            self.report(Problem::error("header", place, message));
            return None;
        }
        Some(text)
    }

    fn body(
        &mut self,
        at: &Pointer,
        step: &StepSource,
        method: Option<Method>,
        view: &View,
    ) -> Option<BodyTemplate> {
        let written: Vec<&str> = [
            ("body", step.body.is_some()),
            ("form", step.form.is_some()),
            ("text", step.text.is_some()),
        ]
        .into_iter()
        .filter(|(_, written)| *written)
        .map(|(key, _)| key)
        .collect();
        if let [_, second, ..] = written.as_slice() {
            let place = self.key_place(&at.key(*second));
            let message = format!("a request has one of {}", written.join(", "));
            self.report(Problem::error("many-bodies", place, message));
        }
        if let (Some(key), Some(method)) = (written.first(), method)
            && method.is_read()
        {
            let place = self.key_place(&at.key(*key));
            let message = format!("many services ignore the body of {}", method.as_str());
            let problem = Problem::warning("body-on-read", place, message);
            self.report(problem.hint("parameters of a search usually go to `query`"));
        }
        let json = step
            .body
            .as_ref()
            .map(|body| self.template(&at.key("body"), body, view).map(BodyTemplate::Json));
        let form = step.form.as_ref().map(|form| {
            self.fields(&at.key("form"), Some(form), view, "form").map(BodyTemplate::Form)
        });
        let text = step
            .text
            .as_ref()
            .map(|text| self.text(&at.key("text"), text, view).map(BodyTemplate::Text));
        json.or(form).or(text).unwrap_or(Some(BodyTemplate::None))
    }
}

fn is_flat(value: &Value) -> bool {
    match value {
        Value::Object(_) => false,
        Value::Array(items) => items.iter().all(|item| !item.is_object() && !item.is_array()),
        _ => true,
    }
}
