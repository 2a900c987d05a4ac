//! Waits, pauses, timeouts, and the ends that come early.

use insta::assert_snapshot;
use jiff::SignedDuration;
use serde_json::json;

use super::{Say, World, check};
use crate::{RunStatus, What};

#[test]
fn a_wait_ends_at_its_instant_and_not_before() {
    let mut world = World::new(
        "
steps:
  - { id: settle, wait: 7d }
  - { id: day, wait: { until: '${{ input.day }}T07:00:00Z' } }
",
        json!({ "day": "2026-12-24" }),
    );
    let start = world.now;
    world.go();
    assert_eq!(world.run.status(), RunStatus::Succeeded);
    let fired: Vec<_> = world
        .facts
        .iter()
        .filter(|fact| matches!(fact.what, What::TimerFired { .. }))
        .map(|fact| fact.at)
        .collect();
    let day = "2026-12-24T07:00:00Z".parse().unwrap();
    assert_eq!(fired, [start + SignedDuration::from_hours(7 * 24), day]);
}

#[test]
fn a_pause_is_a_timer_and_the_timeout_covers_it() {
    let world = check(
        "\nsteps: [{ id: put, call: c, request: PUT /a }]",
        json!({}),
        &[("put", Say::Pause(600)), ("put", Say::Output(json!({})))],
    );
    assert_eq!(world.sent, ["put", "put"]);
    assert_eq!(world.run.status(), RunStatus::Succeeded);
    let world = check(
        "\nsteps: [{ id: put, call: c, request: PUT /a, timeout: 5m }]",
        json!({}),
        &[("put", Say::Pause(600))],
    );
    assert_snapshot!(world.table(), @r"
    put failed: its time is over
    = failed timeout: its time is over
    ");
}

#[test]
fn the_timeout_of_a_group_covers_what_is_in_it() {
    let world = check(
        "
steps:
  - id: group
    timeout: 10m
    parallel:
      long: [{ id: nap, wait: 1h }, { id: put, call: c, request: PUT /a }]
      short: [{ id: blink, wait: 1m }]
",
        json!({}),
        &[],
    );
    assert_snapshot!(world.table(), @r#"
    group failed: its time is over
    nap failed: its time is over
    put skipped: not reached: step "nap" failed
    blink succeeded
    = failed timeout: its time is over
    "#);
}

#[test]
fn a_cancel_ends_waits_at_once_and_lets_requests_end() {
    let mut world = World::new(
        "
steps:
  - id: both
    parallel:
      a: [{ id: nap, wait: 1h }]
      b: [{ id: post, call: c, request: POST /a }, { id: later, call: c, request: POST /b }]
",
        json!({}),
    )
    .answer("post", [Say::Silence]);
    world.go();
    world.record(What::CancelRequested { by: "ann".to_owned() });
    world.go();
    assert_eq!(world.run.status(), RunStatus::Running);
    let (step, _) = world.run.in_hand().remove(0);
    let (output, response, attempts) = Default::default();
    world.record(What::StepSucceeded { step, output, response, attempts });
    world.go();
    assert_snapshot!(world.table(), @r"
    both cancelled: the run ended first
    nap cancelled: the run ended first
    post succeeded
    later skipped: not reached: cancelled by ann
    = cancelled by ann
    ");
}

#[test]
fn stop_ends_well_and_fail_ends_badly() {
    let world = check(
        "
steps:
  - { id: enough, if: '${{ input.gone }}', stop: 'Left on ${{ input.day }}' }
  - { id: bad, fail: 'Nobody to greet' }
",
        json!({ "gone": true, "day": "Monday" }),
        &[],
    );
    assert_snapshot!(world.table(), @r"
    enough succeeded: Left on Monday
    bad skipped: not reached: stopped: Left on Monday
    = succeeded null (Left on Monday)
    ");
    let world = check("\nsteps: [{ id: bad, fail: Nobody to greet }]", json!({}), &[]);
    assert_snapshot!(world.table(), @r"
    bad failed: Nobody to greet
    = failed fail: Nobody to greet
    ");
}

#[test]
fn a_stop_on_failure_does_not_undo_the_failure() {
    let world = check(
        "
steps: [{ id: post, call: c, request: POST /a }]
on_failure:
  - { id: enough, stop: 'nobody to tell' }
  - { id: tell, call: c, request: POST /tell }
",
        json!({}),
        &[("post", Say::Fail("http.500"))],
    );
    assert_snapshot!(world.table(), @r#"
    post failed: it said http.500
    enough succeeded: nobody to tell
    tell skipped: not reached: step "post" failed
    = failed http.500: it said http.500
    "#);
}
