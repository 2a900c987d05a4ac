//! One function for each kind of text that comes from outside.
//!
//! Each takes anything and panics when a promise is broken: parsers that only must not
//! crash would be easy to please.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use tenure_connector::{EnvironmentSecrets, Secret, SecretError, SecretSource, hints};
use tenure_event::Event;
use tenure_language::{Expression, Path, Report, Severity};
use tenure_workflow::Known;

/// Longest wait that a hint may lead to.
const WAIT_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// A secret that no text holds.
const SECRET: &str = "\u{1f511}-the-secret-of-the-fuzzer";

/// Every secret exists, whatever it is called.
struct AnySecret;

impl SecretSource for AnySecret {
    fn secret(&self, _: &str) -> Result<Option<Secret>, SecretError> {
        Ok(Some(Secret::new(SECRET)))
    }

    fn how_to_give(&self, name: &str) -> String {
        EnvironmentSecrets.how_to_give(name)
    }
}

/// When all of this happens.
fn now() -> Timestamp {
    Timestamp::from_second(1_795_000_000).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// A report can be drawn, and its places lie in its text.
fn must_be_sound(report: &Report) {
    let text = &*report.text;
    for problem in &report.problems {
        let place = problem.place;
        assert!(place.start <= place.end && place.end <= text.len(), "{problem:?}");
        assert!(text.is_char_boundary(place.start), "{problem:?}");
        assert!(text.is_char_boundary(place.end), "{problem:?}");
        assert!(!problem.message.is_empty(), "{problem:?}");
    }
    let drawn = report.render(false);
    assert_eq!(drawn.is_empty(), report.problems.is_empty());
    let told = format!("{drawn}{}", report.to_json());
    assert!(!told.contains(SECRET), "a report shows a secret");
}

/// Workflow files: a plan or a problem, and the same each time.
///
/// # Panics
/// When a promise is broken.
pub fn workflow(text: &str) {
    let checked = tenure_workflow::check("fuzz.yaml", text, &Known::anything());
    must_be_sound(&checked.report);
    assert_eq!(checked.plan.is_none(), checked.report.has_errors());
    let again = tenure_workflow::check("fuzz.yaml", text, &Known::anything());
    assert_eq!(again.report.problems, checked.report.problems);
}

/// Connector files: a connector or a problem, and never a secret.
///
/// # Panics
/// When a promise is broken.
pub fn connector(text: &str) {
    let checked = tenure_connector::check("fuzz.yaml", text, &AnySecret);
    must_be_sound(&checked.report);
    let any = checked.report.problems.iter().any(|it| it.severity == Severity::Error);
    assert_eq!(checked.connector.is_none(), any);
    if let Some(connector) = checked.connector {
        assert!(!format!("{connector:?}").contains(SECRET), "a connector shows a secret");
    }
}

/// Expressions: a value, or an error that keeps values to itself.
///
/// # Panics
/// When a promise is broken.
pub fn expression(text: &str) {
    let scope = json!({
        "event": { "data": { "user": { "id": 7, "userName": "ann", "teams": ["a", "b"], "x": null } } },
        "input": { "text": "fuzzed-value", "number": 1.5, "yes": true },
        "vars": {},
        "steps": { "one": { "status": "succeeded", "output": { "id": "1" } } },
    });
    match Expression::compile(text) {
        Err(error) => assert!(text.get(error.start..error.end).is_some(), "{error:?}"),
        Ok(expression) => {
            assert_eq!(expression.source().trim(), text.trim());
            let first = expression.eval(&scope);
            if let Err(error) = &first {
                let told = error.to_string().contains("fuzzed-value");
                assert!(!told || text.contains("fuzzed-value"), "an error tells a value: {error}");
            }
            assert_eq!(first.ok(), expression.eval(&scope).ok());
            let _ = expression.holds(&scope);
        }
    }
}

/// JSONPath: singular ones give one value, others a list.
///
/// # Panics
/// When a promise is broken.
pub fn json_path(text: &str) {
    let document = json!({
        "a": [1, 2, { "b": "x", "c": [null, true] }],
        "Resources": [{ "id": "1", "active": true }, { "id": "2" }],
        "d": { "e": { "a": -1.5 } },
    });
    match Path::compile(text) {
        Err(error) => assert!(text.get(error.start..error.end).is_some(), "{error:?}"),
        Ok(path) => {
            let selected = path.select(&document);
            assert!(path.is_singular() || selected.is_array(), "{text:?} gives {selected}");
            assert_eq!(selected, path.select(&document));
            let _ = path.select(&Value::Null);
        }
    }
}

/// `Retry-After`: nothing, or a wait of a day at most.
///
/// # Panics
/// When a promise is broken.
pub fn retry_after(text: &str) {
    let wait = hints::retry_after(text, now());
    assert!(wait.is_none_or(|wait| wait <= WAIT_MAX), "{text:?}: {wait:?}");
    if let Ok(seconds) = text.parse::<u32>() {
        assert_eq!(wait, Some(WAIT_MAX.min(Duration::from_secs(seconds.into()))), "{text:?}");
    }
}

/// Vendors' reset headers: nothing, or a wait of a day at most.
///
/// # Panics
/// When a promise is broken.
pub fn reset(text: &str) {
    let wait = hints::reset(text, now());
    assert!(wait.is_none_or(|wait| wait <= WAIT_MAX), "{text:?}: {wait:?}");
    if let Ok(instant) = text.parse::<Timestamp>()
        && text.is_ascii()
        && instant <= now()
    {
        assert_eq!(wait, Some(Duration::ZERO), "what is over is not waited for: {text:?}");
    }
}

/// Events: what is taken can be given on and is taken again as the same.
///
/// # Panics
/// When a promise is broken.
pub fn event(text: &str) {
    let Ok(document) = serde_json::from_str::<Value>(text) else { return };
    match Event::from_value(document, now()) {
        Err(error) => assert!(!error.to_string().is_empty()),
        Ok(event) => {
            let given = event.to_value();
            let again = Event::from_value(given.clone(), now());
            assert_eq!(again.map(|event| event.to_value()), Ok(given));
        }
    }
}
