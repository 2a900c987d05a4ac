//! What people bring along from other tools, and what they are told about it.

use super::{check_steps, problems};

/// Looks for both words in one problem and its hint.
fn says(found: &str, written: &str, message: &str, hint: &str) {
    let lines: Vec<&str> = found.lines().collect();
    let fits = |pair: &[&str]| pair[0].contains(message) && pair[1].contains(hint);
    let fits = lines.windows(2).any(fits)
        || (hint.is_empty() && lines.iter().any(|line| line.contains(message)));
    assert!(fits, "{written}\n{found}does not say\n{message}\n     {hint}");
}

/// One problem and its hint, of one step each.
#[test]
fn steps_from_elsewhere_are_put_right() {
    for (step, message, hint) in [
        ("set: { a: \"{{ input.a }}\" }", "warning[foreign-expression]", "write \"${{ input.a }}"),
        ("set: { a: [\"$.input.a\"] }", "warning[foreign-expression]", "write \"${{ input.a }}"),
        ("stop: \"For {{ event.data.user.id }}\"", "4:25 warning[foreign", "write \"${{ event."),
        (
            "call: directory, request: \"GET /a/{{ input.a }}\"",
            "4:48 error[request]",
            "write \"${{ input.",
        ),
        ("call: directory, request: \"GET /a/{{input.a}}\"", "4:48 warning[foreign", "write"),
        (
            "call: directory, request: GET /a, headers: { X-A: \"${ input.a }\" }",
            "foreign",
            "write",
        ),
        (
            "call: directory, request: GET /a, query: { a: \"={{ $json.a }}\" }",
            "foreign",
            "${{ … }}",
        ),
        (
            "call: directory, request: GET /a, output: { a: \"{{ response.body }}\" }",
            "output",
            "${{ r",
        ),
        ("wait: \"{{ input.a }}\"", "duration", ""),
        ("stop: x, if: \"{{ input.a }}\"", "error[condition]", "write \"${{ input.a }}\""),
        (
            "for_each: \"{{ input.a }}\", steps: [{ id: i, wait: 1d }]",
            "items",
            "\"${{ input.a }}\"",
        ),
        ("switch: \"${{ input.a }}\", cases: []", "wrong-type", "- when: ${{ input.a == \"…\" }}"),
        ("switch: \"${{ input.a }}\", cases: []", "unknown key \"cases\"", "under `switch` itself"),
        ("call: directory, request: GET /a, retry: 3", "wrong-type", "{ max_attempts: 3 }"),
        ("call: directory, request: GET /a, retry: { delay: 5s }", "unknown key", "initial_delay"),
        (
            "call: directory, request: GET /a, retry: { initial_delay: 500 }",
            "dura",
            "500s for seconds, or 500ms",
        ),
        ("for: 3s", "unknown key \"for\"", "`wait: 3s`"),
        ("call: \"https://a.example\", request: GET /a", "unknown-connector", "`base_url`"),
        ("call: GET /a", "unknown-connector", "`request: GET /path`"),
        ("call: chat.post_message", "unknown-connector", "`call: chat` and `action: post_message`"),
        ("for_each: [1], call: chat, action: post_message", "many-kinds", "put the `call` into"),
        ("run: echo hi", "not-yet", "Tenure runs no programs"),
        ("wait: { untl: 1d }", "unknown key", "did you mean \"until\"?"),
        ("wait: { zzz: 1d }", "unknown key", "known here: until, for"),
        ("set: { a: y }", "warning[boolean]", ""),
        ("stop: x, if: yes", "warning[boolean]", ""),
    ] {
        says(&check_steps(&format!("  - {{ id: a, {step} }}\n")), step, message, hint);
    }
}

#[test]
fn refused_keys_are_in_no_hint() {
    let found = check_steps("  - { id: a, zzz: 1 }\n");
    assert!(found.contains("known here: id, if,"), "{found}");
    for key in ["approval", "wait_for", "run,", "emit", "ensure", "verify", "undo", "paginate"] {
        assert!(!found.contains(key), "{key}\n{found}");
    }
    let found = problems("name: a\nzzz: 1\ntriggers: [{ zzz: 1 }]\nsteps: [{ id: a, wait: 1d }]\n");
    says(&found, "", "2:1", "known here: name, description, subject, triggers, input, steps, on_f");
    says(&found, "", "3:14", "known here: event, manual, schedule, if");
    assert!(!found.contains("webhook") && !found.contains("priority"), "{found}");
}

#[test]
fn text_may_be_a_word_that_was_a_boolean_once() {
    for steps in [
        "  - { id: y, wait: 1d }\n  - { id: n, stop: no }\n",
        "  - { id: a, parallel: { y: [{ id: off, wait: 1d }] } }\n",
    ] {
        assert_eq!(check_steps(steps), "fine", "{steps}");
    }
    let text =
        "name: y\ndescription: 012\ntriggers: [{ manual: {} }]\nsteps: [{ id: n, wait: 1d }]\n";
    assert_eq!(problems(text), "fine");
}

#[test]
fn a_comment_that_takes_a_value_is_told() {
    let call = "  - id: a\n    call: chat\n    action: post_message\n    with:\n";
    let found = check_steps(&format!("{call}      channel: #it\n      text: Hello\n"));
    says(&found, "with", "8:16 warning[comment]", "write \"#it\" with quotes");
    let found = check_steps("  - id: a\n    if: #it\n    wait: 1d\n");
    assert_eq!(
        found,
        "5:5 error[empty] \"if\" has no value\n     if it is meant, write \"#it\" with quotes\n"
    );
}

#[test]
fn what_is_no_text_cannot_stand_in_text() {
    let first = "  - { id: st, call: directory, request: GET /a, output: { b: $.body } }\n  - { id: l, for_each: [1], steps: [{ id: i, wait: 1d }] }\n";
    for (hole, message, hint) in [
        (
            "steps.st.error",
            "6:29 error[not-text] \"steps.st.error\" is a map",
            "steps.st.error.message",
        ),
        ("steps.st.output", "is a map", "`steps.st.output.<name>`"),
        ("steps.l.output.items", "is a list", "map(attribute=\"key\")"),
        ("event.data", "is a map", "event.data.user.email"),
        ("run", "is a map", "`run.id`"),
    ] {
        let text = format!("{first}  - {{ id: a, stop: \"For ${{{{ {hole} }}}}\" }}\n");
        says(&check_steps(&text), hole, message, hint);
    }
    for fine in ["steps.st.error.message", "steps.st.error | to_json", "steps.st.output.b"] {
        let text = format!("{first}  - {{ id: a, stop: \"For ${{{{ {fine} }}}}\" }}\n");
        assert_eq!(check_steps(&text), "fine", "{fine}");
    }
    assert_eq!(
        check_steps(&format!("{first}  - {{ id: a, set: {{ e: \"${{{{ event }}}}\" }} }}\n")),
        "fine"
    );
}

#[test]
fn triggers_from_elsewhere_are_put_right() {
    for (triggers, message, hint) in [
        ("[manual]", "wrong-type", "write `- manual: {}`"),
        ("[identity.user.created]", "wrong-type", "`- event: identity.user.created`"),
        ("manual", "wrong-type", "write `- manual: {}`"),
        ("{ manual: {} }", "wrong-type", "begin each trigger with `-`"),
        ("[{ schedule: 0 9 * * * }]", "wrong-type", "`schedule: { cron: \"0 9 * * *\" }`"),
        ("[{ schedule: 1h }]", "wrong-type", "`schedule: { every: 1h }`"),
        ("[{ event: [a.b, c.d] }]", "wrong-type", "one trigger for each: `- event: a.b`"),
        ("[{ event: user.created }]", "warning[event-type]", "\"identity.user.created\"?"),
        ("[{ event: user.* }]", "warning[event-type]", "\"identity.user.*\"?"),
        ("[{ schedule: { every: 1h } }]", "warning[not-yet] schedules are", "`- manual: {}`"),
    ] {
        let text = format!("name: a\ntriggers: {triggers}\nsteps: [{{ id: a, wait: 1d }}]\n");
        says(&problems(&text), triggers, message, hint);
    }
    let both = "name: a\ntriggers: [{ schedule: { every: 1h } }, { manual: {} }]\nsteps: [{ id: a, wait: 1d }]\n";
    assert_eq!(problems(both), "fine");
}

#[test]
fn an_input_is_a_schema_that_demands_something() {
    for (input, message, hint) in [
        (
            "{ email: { type: string, required: true }, age: { type: integer } }",
            "error[input] this is no JSON Schema",
            "{ type: object, required: [email], properties: { email: { type: string }, age: { type: integer } } }",
        ),
        (
            "{ title: string, kind: string }",
            "error[input] this is no JSON Schema",
            "kind: { type: string }",
        ),
        (
            "{ type: { type: string } }",
            "error[input] this is no JSON Schema",
            "properties: { type:",
        ),
        (
            "{ type: object, required: email }",
            "`required` is a list of names",
            "`required: [email]`",
        ),
        (
            "{ properties: { email: { type: string, required: true } } }",
            "a list of names, beside `properties`",
            "`required: [email]` there",
        ),
        ("{ properties: { n: { minimun: 1 } } }", "warning[schema-keyword]", "\"minimum\"?"),
        ("{ allOf: [{ requird: [a] }] }", "warning[schema-keyword]", "\"required\"?"),
        (
            "{ type: object, email: { type: string } }",
            "warning[schema-keyword]",
            "under `properties`",
        ),
        ("{ properties: { a: { format: e-mail } } }", "format \"e-mail\" is not", "\"email\"?"),
    ] {
        let text = format!(
            "name: a\ntriggers: [{{ manual: {{}} }}]\ninput: {input}\nsteps: [{{ id: a, wait: 1d }}]\n"
        );
        let found = problems(&text);
        says(&found, input, message, hint);
        assert_eq!(found.matches('[').count() - hint.matches('[').count(), 1, "{found}");
    }
    let fine = "{ title: T, type: object, properties: { title: { type: string, format: date, default: y } }, x-a: 1 }";
    let text = format!(
        "name: a\ntriggers: [{{ manual: {{}} }}]\ninput: {fine}\nsteps: [{{ id: a, wait: 1d }}]\n"
    );
    assert_eq!(problems(&text).lines().count(), 2, "only `default: y` is odd: {}", problems(&text));
}

#[test]
fn formats_are_enforced() {
    let text = "name: a\ntriggers: [{ manual: {} }]\ninput: { properties: { email: { format: email } } }\nsteps: [{ id: a, wait: 1d }]\n";
    let plan = super::checked(text).plan.unwrap();
    let schema = plan.input.as_ref().unwrap();
    assert!(schema.violations(&serde_json::json!({ "email": "ada@example.com" })).is_empty());
    assert!(schema.violations(&serde_json::json!({ "email": "ada" })).len() == 1);
}
