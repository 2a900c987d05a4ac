//! Values of another shape than is expected, as people often write them.

use serde_json::Value;
use tenure_language::{Document, Place, Pointer, Problem, parse_duration};

/// What to write instead, wherever such a value or key stands.
pub(super) struct Shapes(Vec<(Place, String)>);

/// Keys of a `retry` that other tools have.
const RETRY_WORDS: [(&str, &str); 10] = [
    ("delay", "initial_delay"),
    ("backoff", "initial_delay"),
    ("interval", "initial_delay"),
    ("wait", "initial_delay"),
    ("attempts", "max_attempts"),
    ("times", "max_attempts"),
    ("count", "max_attempts"),
    ("limit", "max_attempts"),
    ("max", "max_attempts"),
    ("max_retries", "max_attempts"),
];

impl Shapes {
    pub(super) fn of(document: &Document) -> Self {
        let mut shapes = Self(Vec::new());
        shapes.look(document, &Pointer::root(), document.value());
        shapes
    }

    /// Gives a problem the hint that belongs to its place.
    pub(super) fn explain(&self, mut problem: Problem) -> Problem {
        let place = problem.place;
        if let Some((_, hint)) = self.0.iter().find(|(at, _)| *at == place) {
            problem.hint = Some(hint.clone());
        }
        problem
    }

    fn look(&mut self, document: &Document, at: &Pointer, value: &Value) {
        match value {
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.look(document, &at.index(index), item);
                }
            }
            Value::Object(members) => {
                for (key, value) in members {
                    let inner = at.key(key);
                    let hint = instead(key, value);
                    self.0.extend(hint.map(|hint| (document.place(&inner), hint)));
                    self.keys(document, &inner, key, value);
                    self.look(document, &inner, value);
                }
                if members.contains_key("switch") && members.contains_key("cases") {
                    let hint = "cases stand under `switch` itself, each with `when` and `steps`";
                    let place = document.key_place(&at.key("cases"));
                    self.0.push((place, hint.to_owned()));
                }
            }
            _ => {}
        }
    }

    /// Looks at what stands inside of one key.
    fn keys(&mut self, document: &Document, at: &Pointer, key: &str, value: &Value) {
        match (key, value) {
            ("retry", Value::Object(members)) => {
                for (word, meant) in RETRY_WORDS {
                    if members.contains_key(word) {
                        let hint = format!("did you mean \"{meant}\"?");
                        self.0.push((document.key_place(&at.key(word)), hint));
                    }
                }
            }
            ("triggers", Value::Array(items)) => {
                for (index, item) in items.iter().enumerate() {
                    let hint = item.as_str().map(trigger);
                    self.0.extend(hint.map(|hint| (document.place(&at.index(index)), hint)));
                }
            }
            _ => {}
        }
    }
}

/// What to write instead of a value under a key of ours.
fn instead(key: &str, value: &Value) -> Option<String> {
    Some(match (key, value) {
        ("schedule", Value::String(text)) if parse_duration(text).is_ok() => {
            format!("write `schedule: {{ every: {text} }}`")
        }
        ("schedule", Value::String(text)) if is_short(text) => {
            format!("write `schedule: {{ cron: \"{text}\" }}`")
        }
        ("triggers", Value::Object(_)) => "begin each trigger with `-`: `- event: …`".to_owned(),
        ("triggers", Value::String(word)) => format!("a list is expected: {}", trigger(word)),
        ("event", Value::Array(types)) => match types.first().and_then(Value::as_str) {
            Some(first) if is_short(first) => {
                format!("write one trigger for each: `- event: {first}`, and so on")
            }
            _ => "write one trigger for each type".to_owned(),
        },
        ("switch", Value::String(text)) if is_short(text) => {
            let inner = text.trim().trim_start_matches("${{").trim_end_matches("}}").trim();
            format!("each case says its own condition: `- when: ${{{{ {inner} == \"…\" }}}}`")
        }
        ("switch", Value::Object(_)) => {
            "a list is expected: begin each case with `- when: ${{ … }}`".to_owned()
        }
        ("retry", Value::Number(number)) => format!("write `retry: {{ max_attempts: {number} }}`"),
        ("on_error", Value::Object(_)) => "a list is expected: begin each step with `-`".to_owned(),
        _ => return None,
    })
}

/// How a trigger is written that was given as one word.
fn trigger(word: &str) -> String {
    match word {
        "manual" => "write `- manual: {}`".to_owned(),
        "schedule" | "cron" => "write `- schedule: { cron: \"30 8 * * 1-5\" }`".to_owned(),
        _ if word.contains('.') && is_short(word) => format!("write `- event: {word}`"),
        _ => "write `- manual: {}` or `- event: identity.user.created`".to_owned(),
    }
}

fn is_short(text: &str) -> bool {
    text.len() <= 80 && !text.contains('\n')
}
