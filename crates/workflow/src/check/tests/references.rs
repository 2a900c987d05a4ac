//! What expressions may refer to from where they stand.

use insta::assert_snapshot;

use super::{check_steps, problems};

#[test]
fn steps_must_exist_and_come_earlier() {
    assert_snapshot!(check_steps(
        r##"  - { id: first, set: { a: "${{ steps.second.status }}" } }
  - { id: second, if: "${{ steps.second.status }}", wait: 1d }
  - { id: third, set: { b: "${{ steps.frist.status }}", c: "${{ steps.nothing_like_it.status }}" } }
  - { id: fourth, set: { d: "${{ steps | length }}", e: "${{ steps[input.id].status }}" } }
"##,
    ), @r#"
    4:33 error[not-visible] step "second" cannot be seen: it comes later
    5:28 error[not-visible] step "second" cannot be seen: it is this very step
    6:33 error[unknown-step] step "frist" does not exist
         did you mean "first"?
    6:65 error[unknown-step] step "nothing_like_it" does not exist
    7:34 error[expression] "steps" needs the id of a step, written out
         write steps.<id>.output.<name>
    7:62 error[expression] "steps" needs the id of a step, written out
         write steps.<id>.output.<name>
    "#);
}

#[test]
fn branches_and_cases_do_not_see_each_other() {
    assert_snapshot!(check_steps(
        r##"  - id: both
    parallel:
      one:
        - { id: a, set: { x: 1 } }
        - { id: a2, set: { y: "${{ vars.x }} ${{ steps.a.status }}" } }
      two:
        - { id: b, set: { z: "${{ steps.a.status }} ${{ vars.x }}" } }
  - id: choose
    switch:
      - { when: "${{ vars.x == 1 }}", steps: [{ id: c, wait: 1d }] }
      - { otherwise: true, steps: [{ id: d, if: '${{ steps.c.status == "failed" }}', wait: 1d }] }
  - { id: after, set: { w: "${{ steps.a.status }} ${{ steps.c.status }} ${{ steps.d.status }} ${{ vars.z }}" } }
"##,
    ), @r#"
    10:35 error[not-visible] step "a" cannot be seen: it is in another branch of step "both"
    10:57 error[not-visible] variable "x" is set by step "a", which is in another branch of step "both"
    14:54 error[not-visible] step "c" cannot be seen: it is in another case of step "choose"
    "#);
}

#[test]
fn iterations_see_only_themselves() {
    assert_snapshot!(check_steps(
        r##"  - id: teams
    for_each: ${{ input.teams }}
    as: team
    key: ${{ team.id }}
    steps:
      - { id: join, set: { joined: "${{ team.name }} ${{ team_index }}" } }
      - { id: log, set: { logged: "${{ steps.join.status }} ${{ vars.joined }}" } }
      - id: users
        for_each: ${{ team.users }}
        as: user
        steps:
          - { id: add, set: { added: "${{ team.id }} ${{ user.id }} ${{ steps.join.status }}" } }
          - { id: wrong, set: { e: "${{ steps.teams.status }}" } }
      - { id: sum, set: { f: "${{ steps.add.status }} ${{ steps.users.output.failed }}" } }
  - { id: after, set: { g: "${{ steps.join.status }}", h: "${{ vars.joined }}", i: "${{ team.id }}", j: "${{ item }}" } }
  - { id: own, for_each: "${{ row.list }}", as: row, key: "${{ steps.own.status }}", steps: [{ id: z, wait: 1d }] }
"##,
    ), @r#"
    16:41 error[not-visible] step "teams" cannot be seen: it contains this one and has not ended
    17:35 error[not-visible] step "add" cannot be seen: it runs once for each item of step "users"
         after the loop, `steps.users.output.items` has what each item gave
    18:33 error[not-visible] step "join" cannot be seen: it runs once for each item of step "teams"
         after the loop, `steps.teams.output.items` has what each item gave
    18:64 error[not-visible] variable "joined" is set by step "join", which runs once for each item of step "teams"
         what a loop sets is its iteration's own
    18:89 error[unknown-name] "team" is not a name expressions know
         expressions see event, input, vars, steps, run and loop variables
    18:110 error[unknown-name] "item" is not a name expressions know
         a loop variable is named by `as`, beside `for_each`
    19:31 error[unknown-name] "row" is not a name expressions know
         expressions see event, input, vars, steps, run and loop variables
    19:64 error[not-visible] step "own" cannot be seen: it contains this one and has not ended
    "#);
}

#[test]
fn members_of_a_step_are_known() {
    assert_snapshot!(check_steps(
        r##"  - { id: find, call: directory, request: GET /Users, output: { id: $.body.id } }
  - { id: bare, call: directory, request: GET /Users }
  - { id: keep, set: { a: 1 } }
  - { id: each, for_each: [1], steps: [{ id: in_it, wait: 1d }] }
  - { id: pick, switch: [{ when: "${{ true }}", steps: [] }] }
  - id: use
    set:
      a: ${{ steps.find.output.ids }}
      b: ${{ steps.find.outputs.id }}
      c: ${{ steps.bare.output.id }}
      d: ${{ steps.keep.output.a }}
      e: ${{ steps.keep.response.body }}
      f: ${{ steps.each.output.item }}
      g: ${{ steps.pick.output.index }}
      h: ${{ steps.find.response.data }}
      i: ${{ steps.find.error.text }}
      fine: ${{ steps.find.response.body.deep.inside }} ${{ steps.find.reason }}
"##,
    ), @r#"
    11:14 error[unknown-output] step "find" has no output "ids"
         did you mean "id"?
    12:14 error[unknown-member] "steps.find" has no "outputs"
         did you mean "output"?
    13:14 error[unknown-output] step "bare" has no output "id"
         declare it there: `output: { id: $.body.id }`
    14:14 error[unknown-output] step "keep" has no output "a"
         what `set` keeps is `vars.a`
    15:14 error[no-response] step "keep" calls nothing, so it has no response
    16:14 error[unknown-output] step "each" has no output "item"
         did you mean "items"?
    17:14 error[unknown-output] step "pick" has no output "index"
         it has case
    18:14 error[unknown-member] "steps.find.response" has no "data"
         it has status, headers, body
    19:14 error[unknown-member] "steps.find.error" has no "text"
         it has name, message, step, status
    "#);
}

#[test]
fn roots_are_known() {
    assert_snapshot!(check_steps(
        r##"  - { id: find, call: directory, request: GET /Users, output: { id: $.body.id } }
  - { id: keep, set: { team: 1 } }
  - id: use
    set:
      a: ${{ secrets.github_token }}
      b: ${{ find.output.id }}
      c: ${{ team }}
      d: ${{ evnt.data.user.id }}
      e: ${{ env.HOME }}
      f: ${{ error.name }}
      g: ${{ response.body }}
      h: ${{ now }}
      i: ${{ run.error }}
      j: ${{ run.name }}
      k: ${{ whatever }}
      l: ${{ vars.tem }}
      m: ${{ event.user.email }}
      n: ${{ event.type }} ${{ event.subject.id }}
"##,
    ), @r#"
    8:14 error[secret] a workflow never sees a secret
         put it into the connector, which attaches it to each request
    9:14 error[unknown-name] "find" is not a name expressions know
         a step is `steps.find`
    10:14 error[unknown-name] "team" is not a name expressions know
         a variable is `vars.team`
    11:14 error[unknown-name] "evnt" is not a name expressions know
         did you mean "event"?
    12:14 error[unknown-name] "env" is not a name expressions know
         a workflow reads no environment: give it an `input`
    13:14 error[unknown-name] "error" is not a name expressions know
         `error` exists in `on_error` and in `on_failure` only
    14:14 error[unknown-name] "response" is not a name expressions know
         outside `output`, an answer is `steps.<id>.response`
    15:14 error[unknown-name] "now" is not a name expressions know
         `run.started_at` is when the run began
    16:14 error[not-visible] "run.error" exists in `on_failure` only
    17:14 error[unknown-member] "run" has no "name"
         it has id, started_at, attempt, workflow, error
    18:14 error[unknown-name] "whatever" is not a name expressions know
         expressions see event, input, vars, steps, run and loop variables
    19:14 error[unknown-var] no step sets a variable "tem"
         did you mean "team"?
    20:14 warning[event-member] "event.user" is not part of an event
         what an event is about is under `event.data`: `event.data.user.email`
    21:32 warning[event-member] "event.subject" is a plain value
         what an event is about is under `event.data`: `event.data.subject.id`
    "#);
}

#[test]
fn a_failure_is_seen_where_it_is_handled() {
    assert_snapshot!(check_steps(
        r##"  - id: risky
    call: directory
    request: POST /Users
    on_error:
      - id: note
        set: { why: "${{ error.message }} ${{ error.status }} ${{ steps.risky.status }} ${{ error.cause }}" }
  - { id: after, set: { ok: "${{ vars.why }} ${{ steps.note.status }}", bad: "${{ error.name }}" } }
"##,
    ), @r#"
    9:93 error[unknown-member] "error" has no "cause"
         it has name, message, step, status
    10:83 error[unknown-name] "error" is not a name expressions know
         `error` exists in `on_error` and in `on_failure` only
    "#);
}

#[test]
fn each_part_of_a_file_has_its_own_scope() {
    assert_snapshot!(problems(
        r##"
name: joiner
subject: ${{ steps.a.status }} ${{ input.id }} ${{ event.data.user.id }} ${{ vars.x }}
triggers:
  - event: identity.user.created
    if: ${{ input.remote == true }}
input:
  properties: { email: { type: string } }
steps:
  - { id: a, set: { x: "${{ input.emial }}", y: "${{ steps.late.status }}" } }
  - { id: loop, for_each: [1], steps: [{ id: inner, wait: 1d }] }
on_failure:
  - { id: late, set: { e: "${{ run.error }} ${{ error.step }} ${{ steps.a.status }} ${{ steps.inner.status }}" } }
output:
  status: ${{ steps.a.status }}
  wrong: ${{ steps.late.status }} ${{ steps.inner.status }} ${{ run.error }}
"##,
    ), @r#"
    3:14 error[not-visible] "steps" does not exist yet: a subject is made of `event` and `input`
    3:36 warning[unknown-input] "id" is not declared under `input`
    3:78 error[not-visible] "vars" does not exist yet: a subject is made of `event` and `input`
    6:13 error[not-visible] "input" does not exist before a run: a trigger sees `event` only
    10:29 warning[unknown-input] "emial" is not declared under `input`
         did you mean "email"?
    10:54 error[not-visible] step "late" cannot be seen: it runs only after the workflow failed
    13:89 error[not-visible] step "inner" cannot be seen: it runs once for each item of step "loop"
         after the loop, `steps.loop.output.items` has what each item gave
    16:14 error[not-visible] step "late" cannot be seen: it runs only after the workflow failed
    16:39 error[not-visible] step "inner" cannot be seen: it runs once for each item of step "loop"
         after the loop, `steps.loop.output.items` has what each item gave
    16:65 error[not-visible] "run.error" exists in `on_failure` only
    "#);
}

#[test]
fn problems_of_one_body_have_their_own_places() {
    assert_snapshot!(check_steps(
        r##"  - id: a
    call: directory
    request: POST /Users/${{ input.id }}/x/${{ steps.b.status }}
    body:
      emails:
        - value: ${{ steps.c.status }}
        - value: "quoted ${{ steps.d.status }} and ${{ vars.y }}"
      long: >
        folded ${{ steps.e.status }}
      broken: ${{ input.id | nofilter }}
"##,
    ), @r#"
    6:48 error[unknown-step] step "b" does not exist
    9:22 error[unknown-step] step "c" does not exist
    10:30 error[unknown-step] step "d" does not exist
    10:56 error[unknown-var] no step sets a variable "y"
    12:20 error[unknown-step] step "e" does not exist
    13:30 error[expression] there is no filter "nofilter"
         filters are default, join, split, replace, lower, upper, length, first, map, selectattr and more: the reference lists all
    "#);
}
