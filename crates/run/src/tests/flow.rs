//! What each kind of step does, and what its failure means.

use insta::assert_snapshot;
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{Say, World};
use crate::{RunStatus, What};

fn check(steps: &str, input: Value, answers: &[(&str, Say)]) -> World {
    let mut world = World::new(steps, input);
    for (step, say) in answers {
        world.answers.entry((*step).to_owned()).or_default().push(say.clone());
    }
    world.go();
    world
}

#[test]
fn steps_pass_values_on() {
    let world = check(
        "
steps:
  - id: read_user
    call: hr
    request: GET /users/${{ input.id }}
    output: { name: $.body.name }
  - id: greet
    set: { text: 'Hello ${{ steps.read_user.output.name }}', both: '${{ vars.text ~ \"!\" }}' }
output: { said: '${{ vars.both }}' }
",
        json!({ "id": 7 }),
        &[("read_user", Say::Output(json!({ "name": "Ann" })))],
    );
    assert_snapshot!(world.table(), @r#"
    read_user succeeded
    greet succeeded
    = succeeded {"said":"Hello Ann!"}
    "#);
}

#[test]
fn a_false_condition_skips_that_step_only() {
    let world = check(
        "
steps:
  - id: never
    if: ${{ input.remote }}
    call: hr
    request: GET /laptop
    output: { id: $.body.id }
  - id: after
    set: { seen: '${{ steps.never.output.id }}', status: '${{ steps.never.status }}' }
output: ${{ vars }}
",
        json!({ "remote": false }),
        &[],
    );
    assert_snapshot!(world.table(), @r#"
    never skipped: its condition is false
    after succeeded
    = succeeded {"seen":null,"status":"skipped"}
    "#);
    assert!(world.sent.is_empty());
}

#[test]
fn a_failure_ends_the_run_and_says_what_was_not_reached() {
    let world = check(
        "
steps:
  - { id: first, call: c, request: POST /a }
  - { id: second, call: c, request: POST /b }
  - { id: third, call: c, request: POST /c }
on_failure:
  - id: tell
    set: { text: '${{ run.error }}', name: '${{ error.name }}' }
",
        json!({}),
        &[("second", Say::Fail("http.404"))],
    );
    assert_snapshot!(world.table(), @r#"
    first succeeded
    second failed: it said http.404
    third skipped: not reached: step "second" failed
    tell succeeded
    = failed http.404: it said http.404
    "#);
    let vars = world.facts.iter().find_map(|fact| match &fact.what {
        What::VarsSet { vars, .. } => Some(vars.clone()),
        _ => None,
    });
    assert_eq!(
        Value::Object(vars.unwrap()),
        json!({ "text": "step \"second\" failed: it said http.404", "name": "http.404" })
    );
}

#[test]
fn on_error_continues_or_handles() {
    let world = check(
        "
steps:
  - { id: ignored, call: c, request: POST /a, on_error: continue }
  - id: handled
    call: c
    request: POST /b
    on_error:
      - id: note
        set: { why: '${{ error.message }}', where: '${{ error.step }}' }
  - { id: last, call: c, request: POST /c }
output: ${{ vars }}
",
        json!({}),
        &[("ignored", Say::Fail("timeout")), ("handled", Say::Fail("http.500"))],
    );
    assert_snapshot!(world.table(), @r#"
    ignored failed: it said timeout
    handled failed: it said http.500
    note succeeded
    last succeeded
    = succeeded {"why":"it said http.500","where":"handled"}
    "#);
}

#[test]
fn one_bad_item_fails_its_item_and_the_loop_at_its_end() {
    let steps = |may_fail: &str| {
        format!(
            "
steps:
  - id: each
    for_each: ${{{{ input.teams }}}}
    as: team
    key: ${{{{ team }}}}
    concurrency: 2
    on_item_error: {may_fail}
    steps:
      - {{ id: join, call: c, request: 'POST /teams/${{{{ team }}}}' }}
      - {{ id: say, set: {{ mine: '${{{{ team }}}}-${{{{ team_index }}}}' }} }}
  - id: count
    set: {{ failed: '${{{{ steps.each.output.failed }}}}', first: '${{{{ steps.each.output.items[0].key }}}}' }}
output: ${{{{ vars }}}}
"
        )
    };
    let input = json!({ "teams": ["eng", "ops", "all"] });
    let answers = [("each[1]/join", Say::Fail("http.403"))];
    let world = check(&steps("fail"), input.clone(), &answers);
    assert_snapshot!(world.table(), @r#"
    each failed: 1 of 3 items of "each" failed, first: it said http.403
    each[0]/join succeeded
    each[0]/say succeeded
    each[1]/join failed: it said http.403
    each[1]/say skipped: not reached: step "each[1]/join" failed
    each[2]/join succeeded
    each[2]/say succeeded
    count skipped: not reached: step "each[1]/join" failed
    = failed http.403: 1 of 3 items of "each" failed, first: it said http.403
    "#);
    assert_eq!(world.most_in_hand, 2);
    let world = check(&steps("continue"), input, &answers);
    assert_snapshot!(world.table().lines().last().unwrap(), @r#"= succeeded {"mine":null,"failed":1,"first":"eng"}"#);
}

#[test]
fn loops_nest() {
    let world = check(
        "
steps:
  - id: outer
    for_each: ${{ input.rows }}
    as: row
    steps:
      - id: inner
        for_each: ${{ row }}
        as: cell
        steps:
          - { id: put, call: c, request: 'PUT /${{ row_index }}/${{ cell }}' }
",
        json!({ "rows": [[1, 2], [], [3]] }),
        &[],
    );
    assert_eq!(
        world.sent,
        ["outer[0]/inner[0]/put", "outer[0]/inner[1]/put", "outer[2]/inner[0]/put"]
    );
    assert_eq!(world.run.status(), RunStatus::Succeeded);
}

#[test]
fn the_first_case_that_holds_is_taken() {
    let steps = "
steps:
  - id: kind
    switch:
      - when: ${{ input.type == 'employee' }}
        steps: [{ id: badge, set: { got: badge } }]
      - when: ${{ input.type == 'guest' }}
        steps: [{ id: pass, set: { got: pass } }]
  - { id: after, set: { case: '${{ steps.kind.output.case }}', badge: '${{ steps.badge.status }}' } }
output: ${{ vars }}
";
    let world = check(steps, json!({ "type": "guest" }), &[]);
    assert_snapshot!(world.table(), @r#"
    kind succeeded
    pass succeeded
    after succeeded
    = succeeded {"got":"pass","case":1,"badge":"skipped"}
    "#);
    let world = check(steps, json!({ "type": "robot" }), &[]);
    assert_snapshot!(world.table(), @r#"
    kind succeeded: no case holds
    after succeeded
    = succeeded {"got":null,"case":null,"badge":"skipped"}
    "#);
}

#[test]
fn branches_run_side_by_side_and_all_finish() {
    let world = check(
        "
steps:
  - id: both
    parallel:
      chat: [{ id: invite, call: c, request: POST /i }, { id: welcome, call: c, request: POST /w }]
      code: [{ id: member, call: c, request: POST /m }]
",
        json!({}),
        &[("member", Say::Fail("http.500"))],
    );
    assert_snapshot!(world.table(), @r#"
    both failed: it said http.500
    invite succeeded
    welcome succeeded
    member failed: it said http.500
    = failed http.500: it said http.500
    "#);
    assert_eq!(world.most_in_hand, 2);
}

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
fn expressions_that_cannot_be_evaluated_fail_their_step() {
    let world = check(
        "
steps:
  - { id: greet, set: { text: 'Hello ${{ input.name }}' }, on_error: continue }
  - { id: all, for_each: '${{ input.count }}', as: n, steps: [{ id: one, set: { x: 1 } }] }
",
        json!({ "count": 3 }),
        &[],
    );
    let table = world.table();
    assert!(table.contains("greet failed: "), "{table}");
    assert!(table.contains("all failed: for_each needs a list, not a number"), "{table}");
}

#[test]
fn what_a_step_did_not_give_is_null() {
    let world = check(
        "
steps:
  - { id: lost, call: c, request: GET /a, output: { id: $.body.id }, on_error: continue }
  - { id: never, if: '${{ input.yes }}', set: { colour: red } }
output: { id: '${{ steps.lost.output.id }}', colour: '${{ vars.colour }}' }
",
        json!({ "yes": false }),
        &[("lost", Say::Fail("http.404"))],
    );
    assert_snapshot!(world.table(), @r#"
    lost failed: it said http.404
    never skipped: its condition is false
    = succeeded {"id":null,"colour":null}
    "#);
}
