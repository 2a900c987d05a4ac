//! Steps, their ids and kinds, and the blocks they stand in.

use insta::assert_snapshot;

use super::check_steps;

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
    ), @r#"
    4:5 error[no-id] this step has no id
         give it one, such as `id: account`: others refer to it by that
    5:11 error[bad-id] step "Create-Account" is not a valid id
         write "create_account": ids are lower case letters, digits and _
    9:19 error[duplicate-id] step "twice" exists already
         it stands in line 6; ids are unique in a whole workflow, branches included
    10:7 error[bad-id] branch "Two Words" is not a valid id
         write "two_words": ids are lower case letters, digits and _
    "#);
}

#[test]
fn a_step_does_exactly_one_thing() {
    assert_snapshot!(check_steps(
        r##"  - id: nothing
  - { id: half, request: GET /Users }
  - { id: nested, steps: [{ id: inner, wait: 1d }] }
  - { id: much, call: directory, request: GET /Users, wait: 1d, stop: Enough }
"##,
    ), @r#"
    4:5 error[no-kind] step "nothing" does nothing
         a step is exactly one of call, set, switch, for_each, parallel, wait, stop or fail
    5:5 error[no-kind] step "half" does nothing
         say which connector is called: `call: <connector>`
    6:5 error[no-kind] step "nested" does nothing
         steps inside a step belong to `for_each`, `switch`, `parallel` or `on_error`
    7:55 error[many-kinds] step "much" is call and wait and stop at once
         a step does one thing; write one step for each
    "#);
}

#[test]
fn keys_go_with_their_kind() {
    assert_snapshot!(check_steps(
        r##"  - { id: pause, wait: 1d, body: { a: 1 }, retry: { max_attempts: 2 }, concurrency: 2 }
  - { id: ask, call: directory, request: GET /Users, as: user }
"##,
    ), @r#"
    4:28 error[misplaced-key] "body" belongs to `call`, and step "pause" is `wait`
    4:44 error[misplaced-key] "retry" belongs to `call`, and step "pause" is `wait`
    4:72 error[misplaced-key] "concurrency" belongs to `for_each`, and step "pause" is `wait`
    5:54 error[misplaced-key] "as" belongs to `for_each`, and step "ask" is `call`
    "#);
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
    ), @r#"
    4:16 error[not-yet] "approval" is not part of this version of Tenure
         until then, let a person start a second workflow by hand
    5:17 error[not-yet] "wait_for" is not part of this version of Tenure
         until then, `wait` for a time and look with a call whether it came
    6:18 error[not-yet] "run" is not part of this version of Tenure
         no workflow is called "leaver" either
    7:17 error[not-yet] "emit" is not part of this version of Tenure
    8:56 error[not-yet] "undo" is not part of this version of Tenure
    8:86 error[not-yet] "paginate" is not part of this version of Tenure
         until then, ask for each page with a call of its own
    8:100 error[not-yet] "ensure" is not part of this version of Tenure
    8:110 error[not-yet] "verify" is not part of this version of Tenure
    "#);
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
    ), @r#"
    5:5 error[unknown-key] unknown key "cal"
         did you mean "call"?
    8:5 error[unknown-key] unknown key "for_eech"
         did you mean "for_each"?
    10:22 error[unknown-key] unknown key "wiat"
         did you mean "wait"?
    "#);
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
  - [list, of, values]
  - { id: again, call: directory, request: GET /Users, retry: [3] }
"##,
    ), @r#"
    5:5 error[empty] "if" has no value
         give it one, or leave the key out
    8:14 error[empty] "max_attempts" has no value
         give it one, or leave the key out
    11:9 error[case] this case has no `when`
         add `when: ${{ … }}`, or `otherwise: true` to the last one
    13:5 error[wrong-type] item 3: expected a map, found a list
    14:63 error[wrong-type] "retry": expected a map, found a list
    "#);
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
    ), @"
    4:21 error[condition] a condition is one expression
         write ${{ input.remote == true }}
    5:21 error[condition] a condition is one expression
         write ${{ false }}
    6:22 error[condition] a condition is one expression
         write ${{ input.a and input.b }}
    7:21 error[condition] a condition is one expression
         write it as ${{ … }}
    8:36 error[expression] unexpected end of input, expected expression
    ");
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
    ), @r#"
    4:20 error[duration] "soon" is not a duration; write a number and a unit, such as 500ms, 20s, 5m, 3d, 2w or 1h30m
    5:20 error[duration] a duration is longer than nothing
    6:20 error[duration] "2026-03-01" is an instant, not a duration
         write `wait: { until: "2026-03-01" }`
    7:29 error[instant] "2026-03-01" is not an instant
         give date, time and offset: 2026-03-01T09:00:00+01:00
    8:29 error[instant] "tomorrow" is not an instant
         an instant looks like 2026-03-01T09:00:00Z; a time span goes to `for`
    9:31 error[wait] a wait has `for` or `until`, not both
    10:20 error[wait] this waits for nothing
         write `wait: 7d`, or `until:` with an instant
    11:20 error[wrong-type] "wait": expected a duration such as 7d, or a map with `until` or `for`, found a list
    12:33 error[duration] "20" is not a duration; write a number and a unit, such as 500ms, 20s, 5m, 3d, 2w or 1h30m
         its unit is missing: write 20s for seconds, or 20ms
    13:53 error[not-yet] "timezone" is not part of this version of Tenure
    14:20 error[duration] "20y" is not a duration; write a number and a unit, such as 500ms, 20s, 5m, 3d, 2w or 1h30m
    "#);
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
    ), @"
    8:9 warning[never-runs] this case is never taken
         `otherwise` in line 7 takes all before it
    11:9 error[case] this case has no `when`
         add `when: ${{ … }}`, or `otherwise: true` to the last one
    12:35 error[case] a case has `when` or `otherwise`, not both
    13:9 error[no-steps] this case has no steps
         add `steps:` with a list
    14:22 error[case] `otherwise` is always true
         write `otherwise: true`
    15:25 error[no-cases] `switch` has 1 to 64 cases
         each is `when:` with `steps:`
    ");
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
    ), @r#"
    4:24 error[items] `for_each` takes a list
         write ${{ input.teams }}, or a list of values
    5:24 error[items] `for_each` takes a list
         write ${{ … }}, or a list of values
    6:5 error[no-steps] this loop has no steps
         add `steps:` with a list
    7:53 error[no-steps] this loop has no steps
    8:32 error[hidden-name] loop variable "run" hides another name
         "run" means something everywhere: choose another `as`
    8:42 error[key] the key of an item is one expression
         write ${{ … }} over the loop variable
    8:61 error[concurrency] `concurrency` of a loop is a number from 1 to 64
    8:80 error[on-error] "contine" is not an answer to an item's failure
         did you mean "continue"?
    12:9 error[hidden-name] loop variable "item" hides another name
         an outer loop has it already: choose another `as`
    "#);
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
  - { id: sum, set: { total: 0 } }
  - id: each
    for_each: [1, 2]
    steps:
      - { id: add, set: { total: "${{ vars.total + item }}" } }
"##,
    ), @r#"
    4:27 error[no-branches] `parallel` has 1 to 64 branches
         each is a name with a list of steps
    5:35 error[no-steps] branch "one" has no steps
    6:25 error[no-vars] `set` sets nothing
         name what is kept: `set: { team: ${{ … }} }`
    7:23 error[bad-id] variable "First Name" is not a valid id
         write "first_name": ids are lower case letters, digits and _
    11:31 warning[racing-var] variable "team" is set by several branches of step "race"
         the branch that ends last wins: give each its own name
    16:27 warning[loop-var] variable "total" keeps this value within one iteration only
         what step "sum" set stays as it is after the loop
    "#);
}

#[test]
fn what_follows_the_end_never_runs() {
    assert_snapshot!(check_steps(
        r##"  - { id: perhaps, if: "${{ input.a }}", stop: Perhaps }
  - { id: end, stop: Enough }
  - { id: after, wait: 1d }
  - { id: empty, fail: "" }
"##,
    ), @r#"
    6:5 warning[never-runs] step "after" never runs: it stands after a `stop`
         give the `stop` an `if`, or take out what follows it
    7:24 error[reason] `fail` gives a reason of 1 to 2000 characters
         people read it in the run: `stop: No longer employed`
    "#);
}

#[test]
fn failures_have_known_answers() {
    assert_snapshot!(check_steps(
        r##"  - { id: a, wait: 1d, on_error: ignore }
  - { id: b, wait: 1d, on_error: contnue }
  - { id: c, wait: 1d, on_error: [] }
  - { id: d, wait: 1d, on_error: { steps: [] } }
"##,
    ), @r#"
    4:34 error[on-error] "ignore" is not an answer to a failure
         `fail`, `continue`, or a list of steps
    5:34 error[on-error] "contnue" is not an answer to a failure
         did you mean "continue"?
    6:34 error[no-steps] `on_error` has no steps
         to go on as if nothing had been, write `continue`
    7:34 error[wrong-type] "on_error": expected `fail`, `continue`, or a list of steps, found a map
         a list is expected: begin each step with `-`
    "#);
}
