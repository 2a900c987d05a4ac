//! Connector files that are sound, and many that are not.
//!
//! Long because it is a table: one line for each mistake.

use std::time::Duration;

use proptest::prelude::*;
use serde_json::json;
use tenure_language::{FilledBody, Method};

use super::*;
use crate::connector::{Auth, RateLimit, RetrySettings};
use crate::scripted::Given;

mod habits;

const PASSWORD: &str = "hunter2-hunter2";

fn secrets() -> Given {
    Given([("token", "t0ken"), ("password", PASSWORD), ("two_lines", "a\nb"), ("empty", "")].into())
}

/// A file that is sound but for what `yaml` adds or replaces.
fn file(yaml: &str) -> String {
    let mut text = String::new();
    for (key, line) in
        [("name:", "name: chat\n"), ("base_url:", "base_url: https://chat.example\n")]
    {
        if !yaml.lines().any(|it| it.starts_with(key)) {
            text += line;
        }
    }
    text + yaml
}

fn read(yaml: &str) -> Connector {
    let checked = check("chat.yaml", &file(yaml), &secrets());
    assert!(checked.report.problems.is_empty(), "{}", checked.report.render(false));
    checked.connector.unwrap()
}

/// Each problem as `line:column code: message | hint`.
fn problems(yaml: &str) -> Vec<String> {
    let checked = check("chat.yaml", &file(yaml), &secrets());
    assert_eq!(checked.connector.is_none(), checked.report.has_errors(), "{yaml}");
    let shown = |problem: &Problem| {
        let Problem { code, message, place, hint, .. } = problem;
        let hint = hint.as_ref().map(|hint| format!(" | {hint}")).unwrap_or_default();
        format!("{}:{} {code}: {message}{hint}", place.line, place.column)
    };
    checked.report.problems.iter().map(shown).collect()
}

/// The one problem of a file.
fn problem(yaml: &str, expect: &str) {
    let problems = problems(yaml);
    assert_eq!(problems.len(), 1, "{yaml}\n{problems:#?}");
    assert!(problems[0].contains(expect), "{yaml}\n{}\ndoes not say\n{expect}", problems[0]);
}

#[test]
fn five_lines_are_a_connector() {
    let github = read(
        "name: github\nbase_url: https://api.github.com\nauth: { bearer: { token: \"${{ secrets.token }}\" } }\n",
    );
    assert_eq!((github.name.as_str(), github.enabled), ("github", true));
    assert_eq!(github.base_url.as_str(), "https://api.github.com/");
    assert!(matches!(&github.auth, Auth::Bearer { token } if token.expose() == "t0ken"));
    assert_eq!((github.rate_limit, github.retry), (RateLimit::default(), RetrySettings::default()));
    assert_eq!(github.timeout, Duration::from_secs(60));
    assert_eq!((github.test.method, github.test.path), (Method::Get, None));
    assert!(github.actions.is_empty() && github.idempotency.is_none());
}

#[test]
fn everything_can_be_said() {
    let chat = read(
        r##"description: Where people talk
enabled: false
auth: { basic: { username: bot, password: "${{ secrets.password }}" } }
headers:
  Accept: application/vnd.chat+json
  X-Version: 2
  X-Tenant: "acme-${{secrets.token}}"
rate_limit: { requests: 80, per: 1m, burst: 20, concurrency: 8 }
retry: { max_attempts: 5, initial_delay: 1s, max_delay: 2m }
timeout: 20s
test: HEAD /status?deep=1
idempotency: { header: X-Request-Key }
actions:
  post_message:
    description: Say something
    input:
      channel: { type: string, required: true, description: "Such as #general" }
      text: { type: string, default: hello }
      mentions: { type: array }
    request: POST /channels/${{ input.channel }}/messages
    query: { notify: "${{ input.mentions }}" }
    headers: { X-Reason: "for ${{ input.channel }}" }
    body: { text: "${{ input.text }}", as: { bot: true } }
    expect: [201, 409]
"##,
    );
    assert!(!chat.enabled);
    assert_eq!(chat.headers.len(), 3);
    assert_eq!(chat.headers[2].1.value.expose(), "acme-t0ken");
    assert!(chat.headers[2].1.sensitive && !chat.headers[1].1.sensitive);
    let rate = chat.rate_limit.rate.unwrap();
    assert_eq!(
        (rate.requests.get(), rate.per, rate.burst.get()),
        (80, Duration::from_secs(60), 20)
    );
    assert_eq!(chat.retry.max_delay, Duration::from_secs(120));
    assert_eq!(chat.test.path.as_deref(), Some("/status?deep=1"));

    let action = &chat.actions["post_message"];
    assert!(action.expect.as_ref().unwrap().accepts(409));
    let filled = action.fill(&json!({ "channel": "a/b", "mentions": ["x", "y"] })).unwrap();
    assert_eq!((filled.method, filled.path.as_str()), (Method::Post, "/channels/a%2Fb/messages"));
    let notify = |value: &str| ("notify".to_owned(), value.to_owned());
    assert_eq!(filled.query, [notify("x"), notify("y")]);
    assert_eq!(filled.body, FilledBody::Json(json!({ "text": "hello", "as": { "bot": true } })));
    for (with, expect) in [
        (json!({}), "input \"channel\" is missing"),
        (json!({ "channel": null }), "input \"channel\" is missing"),
        (json!({ "channel": 7 }), "input \"channel\" must be text"),
        (
            json!({ "channel": "a", "txt": "b" }),
            "input \"txt\" is not declared; did you mean \"text\"?",
        ),
        (json!([]), "inputs of an action are a map"),
    ] {
        assert_eq!(action.fill(&with).unwrap_err().to_string(), expect);
    }
}

#[test]
fn all_problems_come_at_once() {
    insta::assert_snapshot!(
        check(
            "connectors/chat.yaml",
            "name: Chat!\nbase_url: ftp://chat.example\nauth: { bearer: { tokn: x }, basic: {} }\ntimeout: 20\nretry: { max_attempts: 0 }\nrate_limt: {}\nheaders: { Authorization: x }\n",
            &secrets(),
        )
        .report
        .render(false)
    );
}

#[test]
fn base_urls() {
    problem("base_url: chat.example", "base-url: a base URL begins with https:// or http://");
    problem("base_url: //chat.example", "begins with https:// or http://");
    problem("base_url: file:///etc", "begins with https:// or http://");
    problem("base_url: https://", "the base URL has no valid host");
    problem("base_url: https://a b", "the base URL has no valid host");
    problem("base_url: https://a:99999", "the port of the base URL");
    problem("base_url: https://u:hunter2@chat.example", "a base URL carries no credentials");
    problem(
        "base_url: https://chat.example?key=1",
        "a base URL has no query | a key in the query is `auth: { query",
    );
    problem("base_url: 'https://chat.example/#x'", "a base URL has no fragment");
    problem("base_url: https://chat.example/a/../b", "the path of a base URL has no \"..\"");
    problem("base_url: https://chat.example/a//b", "no empty, \"..\" or encoded");
    problem("base_url: https://chat.example/%2e%2e/b", "has no ");
    problem("base_url: 'https://chat.example/${{ secrets.token }}'", "a base URL has no ${{ }}");
    problem("base_url: 5", "wrong-type");
    problem("base_url: ''", "begins with https:// or http://");
    assert_eq!(
        problems("name: chat\nbase_url:\n"),
        [
            "2:9 missing-key: \"base_url\" is missing | such as https://api.example.com or https://api.example.com/v1"
        ]
    );
    for url in [
        "https://chat.example/v1/",
        "http://localhost:8080",
        "https://[::1]/x",
        "https://münchen.example",
    ] {
        read(&format!("base_url: {url}"));
    }
}

#[test]
fn names() {
    problem("name: Chat", "bad-id: a connector's name is a lower-case word");
    problem("name: hr-system", "bad-id");
    problem("name: ''", "bad-id");
    problem("name:", "missing-key: \"name\" is missing");
    problem(&format!("description: {}", "x".repeat(3000)), "too-long");
    problem("nmae: chat", "unknown-key: unknown key \"nmae\" | did you mean \"name\"?");
    problem("allow_private: [10.0.0.0/8]", "unknown-key: unknown key \"allow_private\"");
}

#[test]
fn exactly_one_kind_of_authentication() {
    for none in ["", "auth: none", "auth: { none: {} }"] {
        assert!(matches!(read(none).auth, Auth::None));
    }
    problem("auth:", "\"auth\" is missing");
    problem("auth: {}", "auth: `auth` names no kind of authentication");
    problem(
        "auth: { none: {}, bearer: { token: '${{ secrets.token }}' } }",
        "a connector has one kind of authentication; none is written already",
    );
    problem("auth: bearer", "bearer needs its credential below it");
    problem("auth: kerberos5", "one of none, basic, bearer, header, query is expected");
    problem("auth: { barer: { token: x } }", "did you mean \"bearer\"?");
    problem("auth: bearer", "auth: { bearer: { token: \"${{ secrets.NAME }}\" } }");
    problem("auth: oauth2", "not-yet: \"oauth2\" is not part of this version");
    problem(
        "auth: { oauth2: { token_url: x } }",
        "until then, let another program fetch the token",
    );
    problem("auth: { mtls: { cert: x } }", "put a proxy of yours in between");
    problem(
        "auth: { bearer: {} }",
        "missing-key: \"token\" is missing | such as \"${{ secrets.NAME }}\"",
    );
    problem("auth: { bearer: }", "missing-key: \"token\" is missing");
    problem("auth: { basic: { username: a } }", "\"password\" is missing");
    problem(
        "auth: { basic: { username: 'a:b', password: '${{ secrets.password }}' } }",
        "a user name has no colon",
    );
    problem("auth: { header: { value: '${{ secrets.token }}' } }", "\"name\" is missing");
    problem(
        "auth: { header: { name: 'X Key', value: '${{ secrets.token }}' } }",
        "header: this is not the name of a header",
    );
    problem(
        "auth: { header: { name: Host, value: '${{ secrets.token }}' } }",
        "this header follows from the request",
    );
    problem("auth: { query: { name: '', value: '${{ secrets.token }}' } }", "\"name\" is missing");
    problem("auth: { bearer: { token: 12 } }", "wrong-type");
    problem("auth: [bearer]", "wrong-type");
}

#[test]
fn secrets_are_resolved_or_asked_for() {
    problem(
        "auth: { bearer: { token: '${{ secrets.nope }}' } }",
        "missing-secret: secret \"nope\" is missing | give nope",
    );
    assert_eq!(
        problems("auth:\n  bearer:\n    token: Prefix-${{ secrets.nope }}"),
        ["5:19 missing-secret: secret \"nope\" is missing | give nope"]
    );
    problem("auth: { bearer: { token: '${{ secrets.empty }}' } }", "auth: the token is empty");
    problem(
        "auth: { bearer: { token: '${{ secrets.two_lines }}' } }",
        "is not one line of printable text",
    );
    problem(
        "auth: { bearer: { token: '${{ event.token }}' } }",
        "secret: only ${{ secrets.NAME }} can stand here",
    );
    problem(
        "auth: { bearer: { token: '${{ secrets.token | upper }}' } }",
        "only ${{ secrets.NAME }}",
    );
    problem("auth: { bearer: { token: '${{ secrets.a b }}' } }", "only ${{ secrets.NAME }}");
    problem("auth: { bearer: { token: '${{ secrets.token' } }", "only ${{ secrets.NAME }}");
    // Disabled: told, not refused.
    problem("enabled: false\nauth: { bearer: { token: '${{ secrets.nope }}' } }", "missing-secret");
    assert!(
        check(
            "f",
            &file("enabled: false\nauth: { bearer: { token: '${{ secrets.nope }}' } }"),
            &secrets()
        )
        .connector
        .is_some()
    );
    problem(
        "auth: { bearer: { token: in-the-file } }",
        "plain-secret: the token stands in the file for everybody to read",
    );
}

#[test]
fn headers_have_names_and_values() {
    problem("headers: { 'a b': c }", "header: \"a b\" is not the name of a header");
    problem("headers: { Host: c }", "header \"Host\" follows from the request");
    problem("headers: { Content-Length: 3 }", "follows from the request");
    problem("headers: { authorization: x }", "is a credential | write `auth:");
    problem("headers: { X: a, x: b }", "this header is written already");
    problem("headers: { X: 1.5 }", "a header's value is text | write it in quotes");
    problem("headers: { X: [a] }", "a header's value is text");
    problem("headers: { X: \"a\\nb\" }", "is not one line of printable text");
    problem(
        "headers: { X: '${{ secrets.two_lines }}' }",
        "the value, with its secrets, is not one line",
    );
    problem(
        "auth: { header: { name: X-Key, value: '${{ secrets.token }}' } }\nheaders: { x-key: b }",
        "carries the credential of `auth`",
    );
    problem("headers: [a]", "wrong-type");
    problem("idempotency: {}", "\"header\" is missing | most services call it Idempotency-Key");
    problem("idempotency: { header: 'a b' }", "this header cannot carry a key");
    problem(
        "auth: { bearer: { token: '${{ secrets.token }}' } }\nidempotency: { header: authorization }",
        "carries the credential",
    );
}

#[test]
fn numbers_and_durations_are_bounded() {
    problem(
        "timeout: 20",
        "duration: 20 is not a duration: its unit is missing | write 20s for seconds, or 20ms",
    );
    problem("timeout: soon", "duration");
    problem("timeout: 0s", "a duration here lies between 1ms and 600s");
    problem("timeout: 11m", "a duration here lies between");
    problem("timeout: [1]", "a duration is text");
    problem(
        "retry: { max_attempts: 0 }",
        "bound: a number from 1 to 50 is expected | the first attempt counts: 1 means no retry",
    );
    problem("retry: { max_attempts: 51 }", "a number from 1 to 50");
    problem("retry: { max_attempts: -1 }", "wrong-type");
    problem(
        "retry: { initial_delay: 2s, max_delay: 1s }",
        "the first pause is longer than the longest",
    );
    problem("retry: { attempts: 3 }", "unknown key \"attempts\"");
    problem("rate_limit: { requests: 10 }", "\"per\" is missing");
    problem("rate_limit: { per: 1m }", "\"requests\" is missing");
    problem("rate_limit: { burst: 5 }", "a burst needs a rate");
    problem(
        "rate_limit: { requests: 10, per: 1m, burst: 11 }",
        "a burst is no larger than the 10 requests",
    );
    problem(
        "rate_limit: { concurrency: 0 }",
        "a number from 1 to 10000 is expected | to switch a connector off",
    );
    problem("rate_limit: { requests: 9999999, per: 1s }", "a number from 1 to 1000000");
    assert_eq!(read("retry: { initial_delay: 2m }").retry.max_delay, Duration::from_secs(120));
    assert_eq!(read("retry: { max_delay: 100ms }").retry.initial_delay, Duration::from_millis(100));
    assert_eq!(
        read("rate_limit: { requests: 80, per: 1m }").rate_limit.rate.unwrap().burst.get(),
        8
    );
}

#[test]
fn tests_change_nothing() {
    problem("test: POST /x", "a connection test changes nothing");
    problem("test: /x", "request: ");
    problem("test: GET https://evil.example", "request: ");
    problem("test: GET /a/../b", "request: ");
    problem("test: 'GET /x/${{ input.y }}'", "it has no ${{ }}");
    problem("test: GET /a//b", "path holds an empty segment");
}

#[test]
fn actions_see_their_inputs_only() {
    let action = |yaml: &str| format!("actions:\n  say:\n    {yaml}");
    let problem = |yaml: &str, expect: &str| problem(&action(yaml), expect);
    problem("description: x", "\"request\" is missing");
    problem("request: GET", "request: ");
    problem("request: GRAB /x", "request: \"GRAB\" is not a method");
    problem(
        "request: 'GET /${{ input.x }}'",
        "unknown-input: input \"x\" is not declared | declare it",
    );
    problem(
        "{ request: 'GET /${{ input.chanel }}', input: { channel: {} } }",
        "did you mean \"channel\"?",
    );
    problem(
        "{ request: POST /, body: { a: [ '${{ secrets.token }}' ] } }",
        "secret: a request never sees a secret",
    );
    problem(
        "{ request: POST /, text: '${{ event.x }}' }",
        "an action sees `input` only, not \"event\"",
    );
    problem("{ request: POST /, text: '${{ 1 + }}' }", "expression: ");
    problem(
        "{ request: POST /, text: a, form: { b: c } }",
        "many-bodies: a request has one body; `form` is written already",
    );
    problem("{ request: POST /, headers: { Authorization: x } }", "is a credential");
    problem("{ request: POST /, headers: { X: 1.5 } }", "a header's value is text");
    problem("{ request: GET /, expect: 9 }", "expect: ");
    problem("{ request: GET /, input: { X: {} } }", "bad-id: an input's name");
    problem("{ request: GET /, input: { x: { type: text } } }", "input: this is not a type");
    problem(
        "{ request: GET /, input: { x: { required: true, default: 1 } } }",
        "a required input has no default",
    );
    problem(
        "{ request: GET /, input: { x: { type: string, default: 1 } } }",
        "the default is not of type string",
    );
    super::tests::problem("actions: { Say: { request: GET / } }", "bad-id: an action's name");
    super::tests::problem("actions: { say: }", "wrong-type");
}

#[test]
fn no_problem_repeats_a_credential() {
    for yaml in [
        "base_url: https://u:hunter2-hunter2@chat.example",
        "base_url: 'https://chat.example?key=hunter2-hunter2'",
        "auth: { bearer: { token: \"hunter2-hunter2\\n\" } }",
        "auth: { bearer: { token: '${{ secrets.password }}', x: 1 } }",
        "auth: { basic: { username: '${{ secrets.password }}:', password: hunter2-hunter2 } }",
        "auth: { header: { name: 'a b', value: hunter2-hunter2 } }",
        "headers: { X: \"hunter2-hunter2\\n\" }",
        "auth: { bearer: hunter2-hunter2 }",
        "auth: hunter2-hunter2",
    ] {
        let checked = check("f", &file(yaml), &secrets());
        assert!(!checked.report.problems.is_empty(), "{yaml}");
        for problem in &checked.report.problems {
            let said = format!("{} {:?}", problem.message, problem.hint);
            assert!(!said.contains(PASSWORD), "{yaml}: {said}");
        }
        assert!(!format!("{:?}", checked.connector).contains(PASSWORD), "{yaml}");
    }
}

proptest! {
    #[test]
    fn any_text_gets_a_report(text in "\\PC{0,200}", lines in "([a-z_]{1,12}: [\\[\\]{}$a-z0-9:/'\" ]{0,30}\n){0,8}") {
        for text in [text, lines.clone(), file(&lines)] {
            let checked = check("f.yaml", &text, &secrets());
            prop_assert_eq!(checked.connector.is_none(), checked.report.has_errors());
        }
    }

    #[test]
    fn a_secret_is_in_no_text_whatever_it_is(secret in "[!-~]{6,40}", kind in 0..5_usize) {
        struct One(String);
        impl SecretSource for One {
            fn secret(&self, _: &str) -> Result<Option<crate::secret::Secret>, crate::secret::SecretError> {
                Ok(Some(crate::secret::Secret::new(self.0.clone())))
            }
            fn how_to_give(&self, _: &str) -> String {
                String::new()
            }
        }
        // A secret that occurs in the fixed words around it proves nothing.
        let yaml = [
            "auth: { basic: { username: bot, password: '${{ secrets.s }}' } }",
            "auth: { bearer: { token: '${{ secrets.s }}' } }",
            "auth: { header: { name: X-Key, value: '${{ secrets.s }}' } }",
            "auth: { query: { name: key, value: '${{ secrets.s }}' } }",
            "headers: { X-Key: 'a-${{ secrets.s }}' }",
        ][kind];
        let without = format!("{:?}", check("f", &file(yaml), &One(String::from("~~~~~~~~"))));
        prop_assume!(!without.contains(&secret));
        let checked = check("f", &file(yaml), &One(secret.clone()));
        prop_assert!(checked.connector.is_some());
        let shown = format!("{checked:?} {checked:#?}");
        prop_assert!(!shown.contains(&secret), "{}", shown);
    }
}
