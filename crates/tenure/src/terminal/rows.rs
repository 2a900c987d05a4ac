//! Steps and attempts, a row each, in columns that line up.

use std::time::Duration;

use serde_json::Value;
use tenure_api::AttemptDetail;

use super::marks::{DIM, Look};
use super::{cut, took};

/// Columns for the status of a step.
const STATUS: usize = 10;
/// Columns for a duration.
const TIME: usize = 9;
/// Most columns for a value.
const VALUE_MAX: usize = 200;

/// One step: where it stands, how, for how long, and what there is to say.
pub(crate) fn step(
    path: &str,
    column: usize,
    look: Look,
    time: Option<Duration>,
    text: &str,
) -> String {
    let lead = format!("  {path:<column$}  ");
    // Padding inside colours would stay behind as blanks at the end of the line.
    match (time, text) {
        (None, "") => format!("{lead}{}", look.shown(0)),
        (Some(time), "") => format!("{lead}{}  {:>TIME$}", look.shown(STATUS), took(time)),
        (time, text) => {
            let time = time.map(took).unwrap_or_default();
            format!("{lead}{}  {time:>TIME$}   {DIM}{text}{DIM:#}", look.shown(STATUS))
        }
    }
}

/// One attempt of the step above.
pub(crate) fn attempt(attempt: &AttemptDetail, column: usize) -> String {
    let waited = match attempt.retry_in_ms {
        Some(pause) => format!(", waited {}", took(Duration::from_millis(pause))),
        None => String::new(),
    };
    let number = format!("attempt {}", attempt.number);
    let time = took(Duration::from_millis(attempt.duration_ms));
    let outcome = &attempt.outcome;
    // The word of a status starts two columns later than its mark.
    let indent = column + 2;
    format!("  {DIM}{:indent$}  {number:<STATUS$}  {time:>TIME$}   {outcome}{waited}{DIM:#}", "")
}

/// What else there is to say of the step above, under a word for it.
pub(crate) fn note(word: &str, text: &str, column: usize) -> String {
    let indent = column + 2;
    format!("  {DIM}{:indent$}  {word:<STATUS$}  {text}{DIM:#}", "")
}

/// A value in one line, no longer than `VALUE_MAX`.
pub(crate) fn value(value: &Value) -> String {
    let text = match value {
        // It is somebody else's: nothing in it may move the cursor.
        Value::String(text) => text.split(char::is_control).collect::<Vec<_>>().join(" "),
        other => other.to_string(),
    };
    cut(&text, VALUE_MAX)
}

/// Whether attempts tell more than the step they belong to.
pub(crate) fn are_worth_a_row<'a>(attempts: impl IntoIterator<Item = &'a AttemptDetail>) -> bool {
    let mut attempts = attempts.into_iter().peekable();
    let paused = attempts.peek().is_some_and(|first| first.retry_in_ms.is_some());
    attempts.next();
    paused || attempts.next().is_some()
}

#[cfg(test)]
mod tests {
    use super::super::marks;
    use super::*;
    use tenure_api::StepStatus;

    #[test]
    fn a_value_is_one_line_without_a_cursor_in_it() {
        assert_eq!(value(&serde_json::json!({ "error": "no" })), r#"{"error":"no"}"#);
        assert_eq!(value(&"a\nb\x1b[2J".into()), "a b [2J");
        let long = value(&"x".repeat(500).into());
        assert!(long.starts_with("xxx") && long.contains('…') && long.len() < 300, "{long}");
    }

    #[test]
    fn a_row_never_ends_in_blanks() {
        let check = |time: Option<u64>, text: &str, expected: &str| {
            let look = marks::step(StepStatus::Succeeded);
            let row = step("greet", 8, look, time.map(Duration::from_millis), text);
            assert_eq!(anstream::adapter::strip_str(&row).to_string(), expected);
        };
        check(None, "", "  greet     ✓ succeeded");
        check(Some(12), "", "  greet     ✓ succeeded       12 ms");
        check(Some(1200), "hi", "  greet     ✓ succeeded       1.2 s   hi");
        check(None, "hi", "  greet     ✓ succeeded               hi");
    }
}
