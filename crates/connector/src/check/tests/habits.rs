//! What people bring along from other tools, and what they are told about it.

use super::{problem, problems};

#[test]
fn secrets_asked_for_in_other_ways_are_put_right() {
    for (token, hint) in [
        ("{{ secrets.token }}", "write \"${{ secrets.token }}\""),
        ("${ secrets.token }", "write \"${{ secrets.token }}\""),
        ("{{ hunter2.token }}", "write \"${{ secrets.NAME }}\""),
        ("$TOKEN", "write \"${{ secrets.NAME }}\""),
        ("${TOKEN}", "write \"${{ secrets.NAME }}\""),
    ] {
        let expect = format!(
            "foreign-expression: this is sent as it stands: no secret is looked for | {hint}"
        );
        problem(&format!("auth: {{ bearer: {{ token: \"{token}\" }} }}"), &expect);
        problem(&format!("headers: {{ X-Key: \"{token}\" }}"), &expect);
    }
}

#[test]
fn expressions_of_other_tools_are_put_right() {
    let action = |request: &str| {
        format!("actions:\n  a:\n    input: {{ b: {{ type: string }} }}\n    {request}\n")
    };
    for request in [
        "request: POST /a\n    body: { c: [\"{{ input.b }}\"] }",
        "request: POST /a\n    query: { c: \"$.input.b\" }",
        "request: POST /a\n    headers: { X-C: \"${ input.b }\" }",
        "request: POST /a\n    text: \"Hello {{ input.b }}!\"",
        "request: POST /a/{{input.b}}",
    ] {
        problem(&action(request), "foreign-expression: this is plain text here");
    }
}

#[test]
fn an_input_is_no_json_schema() {
    let action = |input: &str, uses: &str| {
        format!("actions:\n  a:\n    input: {input}\n    request: GET /a/${{{{ input.{uses} }}}}\n")
    };
    for (input, meant) in [
        (
            "{ type: object, required: [b], properties: { b: { type: integer } } }",
            "write `input: { b: { type: integer, required: true } }`",
        ),
        ("{ properties: { b: { minimum: 1 } } }", "write `input: { b: { type: any } }`"),
    ] {
        let message = "inputs of an action are listed by name, without a JSON Schema around them";
        problem(&action(input, "b"), &format!("5:5 input: {message} | {meant}"));
    }
    for fine in ["{ type: { type: string } }", "{ properties: { type: string, required: true } }"] {
        let uses = if fine.contains("properties") { "properties" } else { "type" };
        assert_eq!(problems(&action(fine, uses)), Vec::<String>::new(), "{fine}");
    }
}

#[test]
fn a_key_without_a_value_is_refused() {
    for key in
        ["description", "enabled", "headers", "rate_limit", "retry", "timeout", "test", "actions"]
    {
        problem(&format!("{key}:"), &format!("1 empty: \"{key}\" has no value"));
    }
    problem("retry: { max_attempts: }", "empty: \"max_attempts\" has no value");
    problem("retry: { max_delay: }\ntimeout: 20s", "empty: \"max_delay\" has no value");
    problem("actions: { a: { request: GET /a, expect: } }", "empty: \"expect\" has no value");
    problem("description: #it", "if it is meant, write \"#it\" with quotes");
    assert_eq!(
        problems("actions: { a: { request: POST /a, body: , input: { b: { default: } } } }"),
        Vec::<String>::new()
    );
}

#[test]
fn habits_are_put_right() {
    problem("retry: 3", "write `retry: { max_attempts: 3 }`");
    problem("retry: { delay: 5s }", "did you mean \"initial_delay\"?");
    problem("retry: { initial_delay: 500 }", "write 500s for seconds, or 500ms");
    problem("rate_limit: 80", "write `rate_limit: { requests: 80, per: 1m }`");
    assert_eq!(
        problems("description: y\nactions: { n: { request: GET /a } }"),
        Vec::<String>::new()
    );
    problem("actions: { a: { request: POST /a, body: { b: y } } }", "boolean: y is text here");
}

#[test]
fn a_kind_that_is_named_by_a_key_is_put_right() {
    let found = problems("auth: { type: bearer, token: x }");
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found.iter().all(|it| it.contains("the kind is a key: `auth: { bearer:")), "{found:?}");
}
