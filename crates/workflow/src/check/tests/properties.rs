//! Whatever the text, the check answers.

use proptest::prelude::*;

use super::checked;

/// Words from which something like a workflow may come about.
fn word() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "name",
        "steps",
        "triggers",
        "event",
        "manual",
        "schedule",
        "input",
        "output",
        "id",
        "call",
        "request",
        "action",
        "with",
        "set",
        "switch",
        "when",
        "otherwise",
        "for_each",
        "as",
        "key",
        "parallel",
        "wait",
        "until",
        "for",
        "stop",
        "fail",
        "on_error",
        "on_failure",
        "if",
        "timeout",
        "expect",
        "query",
        "headers",
        "body",
        "form",
        "text",
        "retry",
        "approval",
        "concurrency",
        "continue",
        "joiner",
        "${{ steps.a.output.b }}",
        "${{ vars.x",
        "${{ error.name }}",
        "$.body.id",
        "$.body[?@.a == 1]",
        "GET /x",
        "POST /a/${{ x }}",
        "7d",
        "2026-01-01",
        "null",
        "true",
        "0x1F",
        "[]",
        "{}",
        "~",
        "*",
        "&a",
        "*a",
        "!x",
        "|",
        ">",
        "'",
        "\"",
        "a",
        "b",
        "ü",
        "\u{2028}",
    ])
}

/// A text of words, indented and punctuated at random.
fn text() -> impl Strategy<Value = String> {
    let piece = (
        0usize..6,
        any::<bool>(),
        word(),
        prop::sample::select(vec![": ", ":", " ", ": |\n"]),
        word(),
    );
    prop::collection::vec(piece, 0..40).prop_map(|pieces| {
        let line = |(indent, dash, key, sign, value): (usize, bool, &str, &str, &str)| {
            let dash = if dash { "- " } else { "" };
            format!("{}{dash}{key}{sign}{value}\n", "  ".repeat(indent))
        };
        pieces.into_iter().map(line).collect()
    })
}

/// A step that has random keys with random values, in a document that can always be read.
fn step() -> impl Strategy<Value = String> {
    prop::collection::btree_map(word(), word(), 0..6).prop_map(|keys| {
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        let keys: Vec<String> =
            keys.iter().map(|(key, value)| format!("{}: {}", quoted(key), quoted(value))).collect();
        format!("  - {{ {} }}\n", keys.join(", "))
    })
}

proptest! {
    #[test]
    fn any_text_gets_an_answer(text in ".{0,200}") {
        answers(&text);
    }

    #[test]
    fn any_yaml_like_text_gets_an_answer(text in text()) {
        answers(&text);
    }

    #[test]
    fn any_steps_get_an_answer(steps in prop::collection::vec(step(), 1..8)) {
        answers(&format!("name: a\nsteps:\n{}", steps.concat()));
    }
}

/// Either there is a plan, or an error says why not; each problem has a place in the text.
fn answers(text: &str) {
    let checked = checked(text);
    assert_eq!(checked.plan.is_none(), checked.report.has_errors(), "{text}");
    for problem in &checked.report.problems {
        let place = problem.place;
        assert!(place.start <= place.end && place.end <= text.len(), "{problem:?} in {text:?}");
        assert!(place.line >= 1 && place.column >= 1, "{problem:?}");
        assert!(!problem.message.ends_with('.') && !problem.message.is_empty(), "{problem:?}");
    }
}
