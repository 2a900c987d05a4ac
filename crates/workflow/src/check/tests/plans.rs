//! Whole workflows that are right, and what they become.

use super::{check_steps, checked, problems};
use crate::plan::{EventPattern, Kind, OnError, Output, Target, Trigger, Wait};

/// The sample of the design, without what later versions bring.
const JOINER: &str = r##"
name: joiner
description: Accounts, teams and a welcome on a new hire's first day.
subject: ${{ event.data.user.userName }}
triggers:
  - event: identity.user.created
    if: ${{ event.data.user.attributes.userType == "employee" }}
  - manual: {}
input:
  type: object
steps:
  - id: account
    call: directory
    request: POST /Users
    body:
      userName: ${{ event.data.user.email }}
      displayName: ${{ event.data.user.displayName | title }}
    expect: [201, 409]
    output: { id: $.body.id }

  - id: teams
    for_each: ${{ event.data.user.attributes.teams }}
    as: team
    concurrency: 4
    steps:
      - id: join
        call: directory
        request: PUT /orgs/acme/teams/${{ team }}/memberships/${{ event.data.user.attributes.github }}

  - id: settle
    wait: 7d

  - id: welcome
    call: chat
    action: post_message
    with: { channel: "#welcome", text: "Welcome ${{ event.data.user.displayName }}" }
on_failure:
  - id: tell_it
    call: chat
    action: post_message
    with: { channel: "#it-alerts", text: "Joining failed: ${{ run.error }}" }
"##;

#[test]
fn the_sample_of_the_design_becomes_a_plan() {
    assert_eq!(problems(JOINER), "fine");
    let plan = checked(JOINER).plan.unwrap();
    assert_eq!(plan.name, "joiner");
    assert_eq!(&*plan.source, JOINER);
    assert_eq!(plan.version.0.len(), 64);
    assert!(matches!(
        plan.triggers.as_slice(),
        [
            Trigger::Event { event_type: EventPattern::Exact(_), condition: Some(_) },
            Trigger::Manual
        ]
    ));
    let ids: Vec<&str> = plan.steps.steps.iter().map(|step| step.id.as_str()).collect();
    assert_eq!(ids, ["account", "teams", "settle", "welcome"]);
    assert_eq!(plan.steps.steps.first().unwrap().line, 12);
    assert_eq!(plan.on_failure.steps.len(), 1);
}

#[test]
fn what_is_written_is_what_is_planned() {
    let plan = checked(JOINER).plan.unwrap();
    let [account, teams, settle, welcome] = plan.steps.steps.as_slice() else { panic!() };
    let Kind::Call(call) = &account.kind else { panic!() };
    assert_eq!(call.connector, "directory");
    assert!(call.expect.as_ref().unwrap().accepts(409));
    assert!(matches!(call.output.as_slice(), [(name, Output::Select(_))] if name == "id"));
    assert!(matches!(&call.target, Target::Request(request) if request.method.as_str() == "POST"));
    let Kind::ForEach(each) = &teams.kind else { panic!() };
    assert_eq!((each.binding.as_str(), each.concurrency.get()), ("team", 4));
    assert!(!each.items_may_fail && each.key.is_none());
    assert!(matches!(&settle.kind, Kind::Wait(Wait::For(time)) if time.as_secs() == 7 * 86_400));
    let Kind::Call(call) = &welcome.kind else { panic!() };
    assert!(matches!(&call.target, Target::Action { name, .. } if name == "post_message"));
    assert!(matches!(welcome.on_error, OnError::Fail));
}

#[test]
fn equal_texts_have_equal_versions() {
    let version = |text: &str| checked(text).plan.unwrap().version.clone();
    assert_eq!(version(JOINER), version(JOINER));
    assert_ne!(version(JOINER), version(&JOINER.replace("7d", "8d")));
}

#[test]
fn every_kind_and_key_of_this_version_is_accepted() {
    let fine = check_steps(
        r#"
  - id: find
    if: ${{ input.email is defined }}
    timeout: 2m
    call: directory
    request: GET /Users
    query: { filter: 'userName eq "${{ input.email }}"', attributes: [id, emails] }
    headers: { Accept: application/json, X-Page: 2 }
    retry: { max_attempts: 3, initial_delay: 1s, max_delay: 30s }
    output:
      ids: $.body.Resources[*].id
      total: ${{ response.body.totalResults }}
    on_error: continue
  - id: login
    call: directory
    request: POST /login
    form: { user: "${{ input.email }}" }
    idempotency_key: login-${{ run.id }}
    retry: { unsafe: true }
    on_error:
      - id: note
        call: directory
        request: POST /log
        text: "${{ error.name }} in ${{ error.step }}: ${{ steps.login.error.message }}"
  - id: keep
    set:
      ids: ${{ steps.find.output.ids }}
      first: ${{ vars.ids | first }}
  - id: choose
    switch:
      - when: ${{ steps.find.status == "succeeded" }}
        steps:
          - { id: long, wait: { for: "${{ input.days }}d" } }
      - otherwise: true
        steps:
          - { id: until, wait: { until: "2026-03-01T09:00:00Z" } }
  - id: both
    parallel:
      one: [{ id: a, set: { x: 1 } }]
      two: [{ id: b, set: { y: "${{ steps.choose.output.case }}" } }]
  - id: each
    for_each: [1, 2]
    key: ${{ item }}
    on_item_error: continue
    steps:
      - { id: inner, set: { z: "${{ item + item_index + vars.x }}" } }
  - id: enough
    if: ${{ steps.each.output.failed == 0 and steps.each.output.items | length == 2 }}
    stop: All ${{ steps.each.output.succeeded }} went well
  - id: wrong
    fail: ${{ steps.each.status }} is not what was hoped for
"#,
    );
    assert_eq!(fine, "fine");
}
