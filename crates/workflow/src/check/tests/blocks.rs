//! Steps, their ids and kinds, and the blocks they stand in.

use insta::assert_snapshot;

use super::{check_steps, problems};

#[test]
fn ids_are_required_formed_and_unique() {
    assert_snapshot!(check_steps(
        r##"  - set: { a: 1 }
  - { id: Create-Account, set: { b: 1 } }
  - { id: twice, set: { c: 1 } }
  - id: both
    parallel:
      one: [{ id: twice, set: { d: 1 } }]
      Two Words: [{ id: three, set: { e: 1 } }]
"##,
    ), @"");
}

#[test]
fn a_step_does_exactly_one_thing() {
    assert_snapshot!(check_steps(
        r##"  - id: nothing
  - { id: half, request: GET /Users }
  - { id: nested, steps: [{ id: inner, wait: 1d }] }
  - { id: much, call: directory, request: GET /Users, wait: 1d, stop: Enough }
"##,
    ), @"");
}

#[test]
fn keys_go_with_their_kind() {
    assert_snapshot!(check_steps(
        r##"  - { id: pause, wait: 1d, body: { a: 1 }, retry: { max_attempts: 2 }, concurrency: 2 }
  - { id: ask, call: directory, request: GET /Users, as: user }
"##,
    ), @"");
}

#[test]
fn later_keys_are_named_so() {
    assert_snapshot!(check_steps(
        r##"  - { id: ask, approval: { from: [role:it_manager] } }
  - { id: hear, wait_for: { event: identity.user.deleted } }
  - { id: other, run: leaver }
  - { id: tell, emit: custom.done }
  - { id: make, call: directory, request: POST /Users, undo: { request: DELETE /x }, paginate: {}, ensure: , verify: {} }
  - { id: use, set: { answer: "${{ steps.ask.output.decision }}" } }
"##,
    ), @"");
}

#[test]
fn misspelt_keys_are_reported_once() {
    assert_snapshot!(check_steps(
        r##"  - id: ask
    cal: directory
    request: GET /Users
  - id: each
    for_eech: ${{ input.list }}
    steps:
      - { id: inner, wiat: 1d }
"##,
    ), @"");
}

#[test]
fn keys_without_a_value_are_refused() {
    assert_snapshot!(check_steps(
        r##"  - id: ask
    if:
    call: directory
    request: GET /Users
    retry: { max_attempts: }
  - id: choose
    switch:
      - when:
        steps: []
"##,
    ), @"");
}

#[test]
fn conditions_are_one_expression() {
    assert_snapshot!(check_steps(
        r##"  - { id: bare, if: input.remote == true, wait: 1d }
  - { id: flag, if: false, wait: 1d }
  - { id: mixed, if: "${{ input.a }} and ${{ input.b }}", wait: 1d }
  - { id: list, if: [1], wait: 1d }
  - { id: broken, if: "${{ input.a == }}", wait: 1d }
"##,
    ), @"");
}

#[test]
fn times_are_durations_or_instants() {
    assert_snapshot!(check_steps(
        r##"  - { id: a, wait: soon }
  - { id: b, wait: 0s }
  - { id: c, wait: 2026-03-01 }
  - { id: d, wait: { until: 2026-03-01 } }
  - { id: e, wait: { until: tomorrow } }
  - { id: f, wait: { for: 1d, until: "2026-03-01T09:00:00Z" } }
  - { id: g, wait: {} }
  - { id: h, wait: [1d] }
  - { id: i, wait: 1d, timeout: 20 }
  - { id: j, wait: { until: "2026-03-01T09:00:00Z", timezone: Europe/Berlin } }
  - { id: k, wait: 20y }
"##,
    ), @"");
}

#[test]
fn cases_are_when_or_otherwise() {
    assert_snapshot!(check_steps(
        r##"  - id: choose
    switch:
      - { when: "${{ input.a }}", steps: [{ id: a, wait: 1d }] }
      - { otherwise: true, steps: [{ id: b, wait: 1d }] }
      - { when: "${{ input.c }}", steps: [{ id: c, wait: 1d }] }
  - id: wrong
    switch:
      - { steps: [{ id: d, wait: 1d }] }
      - { when: "${{ input.a }}", otherwise: true, steps: [] }
      - { when: "${{ input.a }}" }
      - { otherwise: maybe, steps: [] }
  - { id: none, switch: [] }
"##,
    ), @"");
}

#[test]
fn loops_take_lists() {
    assert_snapshot!(check_steps(
        r##"  - { id: a, for_each: input.teams, steps: [{ id: a1, wait: 1d }] }
  - { id: b, for_each: 3, steps: [{ id: b1, wait: 1d }] }
  - { id: c, for_each: "${{ input.teams }}" }
  - { id: d, for_each: "${{ input.teams }}", steps: [] }
  - { id: e, for_each: [], as: run, key: name, concurrency: 65, on_item_error: contine, steps: [{ id: e1, wait: 1d }] }
  - id: f
    for_each: []
    steps:
      - { id: f1, for_each: [], steps: [{ id: f2, wait: 1d }] }
"##,
    ), @"");
}

#[test]
fn branches_and_variables_have_names() {
    assert_snapshot!(check_steps(
        r##"  - { id: none, parallel: {} }
  - { id: empty, parallel: { one: [] } }
  - { id: nothing, set: {} }
  - { id: odd, set: { First Name: 1 } }
  - id: race
    parallel:
      one: [{ id: one, set: { team: 1 } }]
      two: [{ id: two, set: { team: 2 } }]
"##,
    ), @"");
}

#[test]
fn what_follows_the_end_never_runs() {
    assert_snapshot!(check_steps(
        r##"  - { id: perhaps, if: "${{ input.a }}", stop: Perhaps }
  - { id: end, stop: Enough }
  - { id: after, wait: 1d }
  - { id: empty, fail: "" }
"##,
    ), @"");
}

#[test]
fn failures_have_known_answers() {
    assert_snapshot!(check_steps(
        r##"  - { id: a, wait: 1d, on_error: ignore }
  - { id: b, wait: 1d, on_error: contnue }
  - { id: c, wait: 1d, on_error: [] }
  - { id: d, wait: 1d, on_error: { steps: [] } }
"##,
    ), @"");
}

#[test]
fn a_workflow_has_a_name_and_steps() {
    assert_snapshot!(problems(
        r##"
description: Nothing else
"##,
    ), @"");
}

#[test]
fn the_top_of_a_workflow_is_checked() {
    assert_snapshot!(problems(
        r##"
name: New Joiner
subject: Everybody
concurrency: { key: a }
limits: {}
stepz: []
triggers: [{ manual: {} }]
input: { type: array }
steps: []
"##,
    ), @"");
}

#[test]
fn the_input_schema_is_checked() {
    assert_snapshot!(problems(
        r##"
name: joiner
triggers: [{ manual: {} }]
input:
  type: object
  properties:
    email: { type: text }
steps:
  - { id: a, wait: 1d }
"##,
    ), @"");
}

#[test]
fn a_file_that_is_no_workflow_says_so_once() {
    assert_snapshot!(problems(
        r##"
- just
- a list
"##,
    ), @"");
}

#[test]
fn a_workflow_is_bounded() {
    let many: String = (0..501).map(|n| format!("  - {{ id: s{n}, wait: 1d }}\n")).collect();
    assert_snapshot!(check_steps(&many), @"");

    let mut deep = "[{ id: last, wait: 1d }]".to_owned();
    for level in 0..17 {
        deep = format!("[{{ id: p{level}, parallel: {{ b: {deep} }} }}]");
    }
    let deep = format!("name: deep\ntriggers: [{{ manual: {{}} }}]\nsteps: {deep}\n");
    assert_snapshot!(problems(&deep), @"");
}
