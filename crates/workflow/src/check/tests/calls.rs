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
    ), @r#"
    4:20 error[unknown-connector] connector "directry" does not exist
         did you mean "directory"?
    5:20 error[unknown-connector] connector "nowhere" does not exist
         a connector is a file of its own, such as connectors/nowhere.yaml
    6:20 warning[disabled-connector] connector "payroll" is disabled, so this step will fail
         nothing is sent to it until its file says `enabled: true`
    7:34 error[unknown-action] connector "chat" has no action "post_mesage"
         did you mean "post_message"?
    7:73 warning[boolean] y is text here, not true or false
         write true or false, or "y" with quotes
    8:39 error[unknown-action] connector "directory" has no action "find"
         it defines none: write the `request` out, or add the action to it
    9:20 error[call] the call of "chat" does not say what is asked
         add `request: GET /path`, or `action:` with a name the connector defines
    10:26 error[call] a call has `request` or `action`, not both
    "#);
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
    ), @r##"
    4:34 error[missing-input] action "post_message" needs input "channel"
    4:34 error[missing-input] action "post_message" needs input "text"
    5:56 error[unknown-input] action "post_message" has no input "chanel"
         did you mean "channel"?
    6:65 error[input-value] input "channel" of action "post_message" does not fit: 12 is not of type "string"
    7:54 error[with] `with` is a map of inputs
         write `with: { channel: "#welcome" }`
    8:74 warning[boolean] y is text here, not true or false
         write true or false, or "y" with quotes
    8:79 error[misplaced-key] "body" belongs to `request`
         an action brings its own request: give its inputs under `with`
    9:43 error[misplaced-key] "with" belongs to `action`
         a request is written out: `query`, `headers`, `body`, `form` or `text`
    "##);
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
    ), @r#"
    4:40 error[request] "FETCH" is not a method
         known here: GET, HEAD, OPTIONS, PUT, DELETE, POST, PATCH
    5:40 error[request] "/Users" is not a method
         write the method first, as in GET /Users
    6:44 error[request] a path begins with one "/"
         write the path from the connector's base_url on, such as /Users
    7:45 error[request] a path begins with one "/"
         the host is the connector's base_url; write the path only
    8:40 error[request] "get" is not a method
         did you mean "GET"?
    9:44 error[request] a path has no "." or ".." segment
    10:52 error[request] "${{" is not closed
         close it with "}}"
    "#);
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
    ), @r#"
    8:7 error[credential] header "Authorization" carries a credential
         put it into the connector's `auth`: a workflow never sees a secret
    9:7 error[header] "Bad Name" is not the name of a header
    10:7 error[header] header "Host" is set by Tenure
         leave it out
    11:7 error[header] header "Idempotency-Key" is set by Tenure
         to choose the key, write `idempotency_key:` on the step
    12:15 error[header] a header's value is text
    13:16 error[header] a header's value is one line without control characters
    "#);
}

#[test]
fn bodies_exclude_each_other() {
    assert_snapshot!(check_steps(
        r##"  - { id: a, call: directory, request: POST /Users, body: { a: 1 }, form: { b: 1 }, text: c }
  - { id: b, call: directory, request: GET /Users, body: { a: 1 } }
  - { id: c, call: directory, request: POST /Users, form: { a: { b: 1 } }, query: { c: [[1]] } }
"##,
    ), @"
    4:69 error[many-bodies] a request has one of body, form, text
    5:52 warning[body-on-read] many services ignore the body of GET
         parameters of a search usually go to `query`
    6:64 error[field-value] a value of `form` is plain, or a list of plain values
    6:88 error[field-value] a value of `query` is plain, or a list of plain values
    ");
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
    ), @r#"
    8:12 error[output] an output is a JSONPath over the response, or an expression
         write $.body.id
    9:12 error[output] a response has no "id": it has status, headers and body
         write $.body.id
    10:14 error[output] a response has no "response": it has status, headers and body
         the path begins at the response itself: $.body.id
    11:13 error[output] an output is a JSONPath over the response, or an expression
         write $.body.id, or ${{ response.body.id }}
    12:20 error[jsonpath] this is not JSONPath (RFC 9535)
    13:16 error[unknown-name] "respons" is not a name expressions know
         expressions see event, input, vars, steps, run and loop variables
    14:14 error[output] a response has no "bdy": it has status, headers and body
         did you mean "body"?
    15:7 error[bad-id] output "Eight" is not a valid id
         write "eight": ids are lower case letters, digits and _
    "#);
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
    ), @r#"
    4:60 error[expect] "2yy" is not a status; write statuses from 100 to 599, such as 201, "2xx" or "200..299"
    5:66 error[expect] 700 is not a status; write statuses from 100 to 599, such as 201, "2xx" or "200..299"
    6:75 error[retry] `max_attempts` is a number from 1 to 50
         the first attempt counts: 1 means no retry
    7:76 error[retry] `initial_delay` is longer than `max_delay`
    8:61 error[unknown-key] unknown key "attempts"
         did you mean "max_attempts"?
    "#);
}

#[test]
fn an_old_version_is_compiled_without_its_project() {
    let text = "name: old\nsteps: [{ id: a, call: gone, action: gone, with: { any: 1 } }]";
    assert!(super::check("old.yaml", text, &Known::anything()).plan.is_some());
}
