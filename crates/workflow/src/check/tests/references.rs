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
    ), @"");
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
    ), @"");
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
    ), @"");
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
    ), @"");
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
    ), @"");
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
    ), @"");
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
    ), @"");
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
    ), @"");
}

