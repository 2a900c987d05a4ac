//! What each kind of step does, and what its failure means.

use insta::assert_snapshot;
use serde_json::{Value, json};

use super::{Say, check};
use crate::{RunStatus, What};

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
