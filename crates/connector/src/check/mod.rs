//! Connector files: all problems at once, or a connector.

mod actions;
mod address;
mod auth;
mod empty;
mod familiar;
mod headers;
mod limits;
mod secrets;

#[cfg(test)]
mod tests;

use std::time::Duration;

use serde_json::Value;
use tenure_language::{Document, Place, Pointer, Problem, Report, Severity, is_id, parse_duration};

use crate::connector::Connector;
use crate::secret::SecretSource;
use crate::source::ConnectorSource;

/// Longest attempt.
const TIMEOUT_MAX: Duration = Duration::from_mins(10);

/// Bound on one attempt unless the file says otherwise.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Longest description.
const DESCRIPTION_MAX: usize = 2_000;

/// What became of a connector file.
#[derive(Debug)]
pub struct Checked {
    /// The connector, unless the report has errors.
    pub connector: Option<Connector>,
    /// All problems, with their places.
    pub report: Report,
}

/// Checks a connector file, its secrets included, and reports all problems at once.
///
/// No message holds a secret, nor a value written where one is expected.
#[must_use]
pub fn check(file: &str, text: &str, secrets: &dyn SecretSource) -> Checked {
    let document = match Document::parse(file, text) {
        Ok(document) => document,
        Err(report) => return Checked { connector: None, report },
    };
    let (source, problems) = document.read::<ConnectorSource>();
    let problems =
        problems.into_iter().map(|problem| familiar::translated(&document, problem)).collect();
    let mut checker = Checker { document: &document, secrets, enabled: true, problems };
    checker.problems.extend(document.traps_where(familiar::may_be_value));
    let connector = source.and_then(|source| checker.connector(&source));
    let report = Report::new(file, document.text().clone(), checker.problems);
    let connector = connector.filter(|_| !report.has_errors());
    Checked { connector, report }
}

/// One file being checked.
struct Checker<'a> {
    document: &'a Document,
    secrets: &'a dyn SecretSource,
    /// A disabled connector may miss its secrets.
    enabled: bool,
    problems: Vec<Problem>,
}

impl Checker<'_> {
    /// Checks every part, so that a problem in one does not hide those in the next.
    fn connector(&mut self, source: &ConnectorSource) -> Option<Connector> {
        let root = Pointer::root();
        self.enabled = source.enabled.unwrap_or(true);
        let name = self.name(&root.key("name"), source.name.as_deref());
        self.description(&root.key("description"), source.description.as_deref());
        let base_url = self.base_url(&root.key("base_url"), source.base_url.as_deref());
        let auth = self.auth(&root.key("auth"), source.auth.as_ref());
        let headers = self.headers(&root.key("headers"), source.headers.as_ref(), auth.as_ref());
        let rate_limit = self.rate_limit(&root.key("rate_limit"), source.rate_limit.as_ref());
        let retry = self.retry(&root.key("retry"), source.retry.as_ref());
        let timeout = self.timeout(&root.key("timeout"), source.timeout.as_ref());
        let test = self.test(&root.key("test"), source.test.as_deref());
        let idempotency =
            self.idempotency(&root.key("idempotency"), source.idempotency.as_ref(), auth.as_ref());
        let actions = self.actions(&root.key("actions"), source.actions.as_ref(), auth.as_ref());
        self.empty_keys();
        Some(Connector {
            name: name?,
            description: source.description.clone(),
            enabled: self.enabled,
            base_url: base_url?,
            auth: auth?,
            headers: headers?,
            rate_limit: rate_limit?,
            retry: retry?,
            timeout: timeout?,
            test: test?,
            actions: actions?,
            idempotency: idempotency?,
        })
    }

    fn name(&mut self, at: &Pointer, name: Option<&str>) -> Option<String> {
        let Some(name) = name else {
            self.missing(at, "name", "workflows call the connector by it, as in `call: github`");
            return None;
        };
        if !is_id(name) {
            let message = "a connector's name is a lower-case word of letters, digits and \"_\"";
            let hint = "such as github or hr_system; it begins with a letter and has at most 64 characters";
            self.error("bad-id", at, message, hint);
            return None;
        }
        Some(name.to_owned())
    }

    fn description(&mut self, at: &Pointer, description: Option<&str>) {
        if description.is_some_and(|text| text.len() > DESCRIPTION_MAX) {
            let message = format!("a description has at most {DESCRIPTION_MAX} bytes");
            self.error("too-long", at, &message, "say the rest in a comment");
        }
    }

    fn timeout(&mut self, at: &Pointer, value: Option<&Value>) -> Option<Duration> {
        let Some(value) = value else { return Some(TIMEOUT) };
        self.duration(at, value, Duration::from_millis(1), TIMEOUT_MAX)
    }

    /// Reads a duration within bounds.
    fn duration(
        &mut self,
        at: &Pointer,
        value: &Value,
        min: Duration,
        max: Duration,
    ) -> Option<Duration> {
        let text = match value {
            Value::String(text) => text,
            Value::Number(number) => {
                let message = format!("{number} is not a duration: its unit is missing");
                self.error("duration", at, &message, &unit_hint(&number.to_string()));
                return None;
            }
            _ => {
                self.error("duration", at, "a duration is text", "such as 500ms, 20s or 5m");
                return None;
            }
        };
        match parse_duration(text) {
            Ok(duration) if (min..=max).contains(&duration) => Some(duration),
            Ok(_) => {
                let message = format!("a duration here lies between {min:?} and {max:?}");
                self.report(Problem::error("duration", self.place(at), message));
                None
            }
            Err(error) => {
                let bare = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
                let hint = bare.then(|| unit_hint(text));
                let problem = Problem::error("duration", self.place(at), error.to_string());
                self.report(problem.hint_if(hint));
                None
            }
        }
    }

    fn missing(&mut self, at: &Pointer, key: &str, hint: &str) {
        let place = self.place(at);
        // What was reported as unreadable is not missing as well.
        let reported = |problem: &Problem| {
            problem.severity == Severity::Error
                && problem.place.start >= place.start
                && problem.place.end <= place.end
        };
        let there = at.find(self.document.value()).is_some_and(|value| !value.is_null());
        if there && self.problems.iter().any(reported) {
            return;
        }
        let message = format!("\"{key}\" is missing");
        self.report(Problem::error("missing-key", place, message).hint(hint));
    }

    fn error(&mut self, code: &'static str, at: &Pointer, message: &str, hint: &str) {
        self.report(Problem::error(code, self.place(at), message).hint(hint));
    }

    fn place(&self, at: &Pointer) -> Place {
        self.document.place(at)
    }

    fn key_place(&self, at: &Pointer) -> Place {
        self.document.key_place(at)
    }

    fn report(&mut self, problem: Problem) {
        self.problems.push(problem);
    }
}

/// What to write instead of a bare number.
fn unit_hint(number: &str) -> String {
    format!("write {number}s for seconds, or {number}ms")
}
