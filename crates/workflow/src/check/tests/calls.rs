//! Calls: connectors, actions, requests and what is kept.

use insta::assert_snapshot;

use super::check_steps;
use crate::known::Known;

#[test]
fn connectors_and_actions_are_known() {
    assert_snapshot!(check_steps(
        r##"  - { id: a, call: directry, request: GET /Users }
  - { id: b, call: nowhere, request: GET /Users }
  - { id: c, call: payroll, request: GET /Users }
  - { id: d, call: chat, action: post_mesage, with: { channel: x, text: y } }
  - { id: e, call: directory, action: find }
  - { id: f, call: chat }
  - { id: g, call: chat, action: post_message, request: GET /x }
"##,
    ), @"");
}

#[test]
fn actions_get_their_inputs() {
    assert_snapshot!(check_steps(
        r##"  - { id: a, call: chat, action: post_message }
  - { id: b, call: chat, action: post_message, with: { chanel: "#x", text: Hello } }
  - { id: c, call: chat, action: post_message, with: { channel: 12, text: "${{ input.a }}" } }
  - { id: d, call: chat, action: post_message, with: [channel] }
  - { id: e, call: chat, action: post_message, with: { channel: x, text: y }, body: { a: 1 } }
  - { id: f, call: chat, request: GET /x, with: { channel: x } }
"##,
    ), @"");
}

#[test]
fn request_lines_have_a_method_and_a_path() {
    assert_snapshot!(check_steps(
        r##"  - { id: a, call: directory, request: FETCH /Users }
  - { id: b, call: directory, request: /Users }
  - { id: c, call: directory, request: GET Users }
  - { id: d, call: directory, request: "GET https://example.com/Users" }
  - { id: e, call: directory, request: get /Users }
  - { id: f, call: directory, request: GET /../admin }
  - { id: g, call: directory, request: "GET /Users/${{ input.id" }
"##,
    ), @"");
}

#[test]
fn headers_carry_no_credentials() {
    assert_snapshot!(check_steps(
        r##"  - id: a
    call: directory
    request: GET /Users
    headers:
      Authorization: Bearer abc
      "Bad Name": x
      Host: example.com
      Idempotency-Key: x
      X-List: [1, 2]
      X-Lines: "a\nb"
"##,
    ), @"");
}

#[test]
fn bodies_exclude_each_other() {
    assert_snapshot!(check_steps(
        r##"  - { id: a, call: directory, request: POST /Users, body: { a: 1 }, form: { b: 1 }, text: c }
  - { id: b, call: directory, request: GET /Users, body: { a: 1 } }
  - { id: c, call: directory, request: POST /Users, form: { a: { b: 1 } }, query: { c: [[1]] } }
"##,
    ), @"");
}

#[test]
fn outputs_select_from_the_response() {
    assert_snapshot!(check_steps(
        r##"  - id: a
    call: directory
    request: GET /Users
    output:
      one: body.id
      two: $.id
      three: $.response.body.id
      four: 7
      five: $.body[?
      six: ${{ respons.body.id }}
      seven: $.bdy.id
      Eight: $.body
"##,
    ), @"");
}

#[test]
fn expect_and_retry_are_bounded() {
    assert_snapshot!(check_steps(
        r##"  - { id: a, call: directory, request: GET /Users, expect: 2yy }
  - { id: b, call: directory, request: GET /Users, expect: [200, 700] }
  - { id: c, call: directory, request: GET /Users, retry: { max_attempts: 0 } }
  - { id: d, call: directory, request: GET /Users, retry: { initial_delay: 1m, max_delay: 1s } }
  - { id: e, call: directory, request: GET /Users, retry: { attempts: 3 } }
"##,
    ), @"");
}

#[test]
fn an_old_version_is_compiled_without_its_project() {
    let text = "name: old\nsteps: [{ id: a, call: gone, action: gone, with: { any: 1 } }]";
    assert!(super::check("old.yaml", text, &Known::anything()).plan.is_some());
}
