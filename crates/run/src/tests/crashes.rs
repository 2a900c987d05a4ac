//! What a new process makes of a run that an old one left.

use serde_json::json;

use super::{Say, World};
use crate::{ApplyError, Fact, Run, RunStatus, StepPath, What};

const STEPS: &str = "
steps:
  - { id: read, call: c, request: GET /a }
  - { id: put, call: c, request: PUT /b }
  - { id: post, call: c, request: POST /c }
";

#[test]
fn what_may_be_repeated_is_repeated() {
    for step in ["read", "put"] {
        let mut world = World::new(STEPS, json!({})).answer(step, [Say::Silence]);
        world.go();
        world.crash();
        world.go();
        assert_eq!(world.run.status(), RunStatus::Succeeded, "{step}");
        assert_eq!(world.sent.iter().filter(|sent| *sent == step).count(), 2);
    }
}

#[test]
fn a_write_in_doubt_waits_for_a_person() {
    let mut world = World::new(STEPS, json!({})).answer("post", [Say::Silence]);
    world.go();
    world.crash();
    world.go();
    assert_eq!(world.run.status(), RunStatus::NeedsAttention);
    assert_eq!(world.sent.iter().filter(|sent| *sent == "post").count(), 1);
    insta::assert_snapshot!(world.table(), @r"
    read succeeded
    put succeeded
    post waiting: POST / was being sent when the program ended, and may have happened
    = needs_attention
    ");
    world.record(What::CancelRequested { by: "ann".to_owned() });
    world.go();
    assert_eq!(world.run.status(), RunStatus::Cancelled);
}

#[test]
fn a_repeatable_write_that_was_cut_off_is_in_doubt_once_its_time_is_over() {
    let steps = STEPS.replace("request: PUT /b", "request: PUT /b, timeout: 1m");
    let mut world = World::new(&steps, json!({})).answer("put", [Say::Silence]);
    world.go();
    world.crash();
    world.now += jiff::SignedDuration::from_mins(2);
    world.go();
    assert_eq!(world.run.status(), RunStatus::NeedsAttention);
}

#[test]
fn a_write_that_may_have_happened_is_in_doubt_when_its_time_is_over_in_a_pause() {
    let steps = STEPS.replace("request: PUT /b", "request: PUT /b, timeout: 5m");
    for (in_doubt, status) in [(true, RunStatus::NeedsAttention), (false, RunStatus::Failed)] {
        let mut world = World::new(&steps, json!({})).answer("put", [Say::Silence]);
        world.go();
        world.record(What::AttemptPaused {
            step: StepPath::top("put"),
            retry_at: world.now + jiff::SignedDuration::from_mins(10),
            error: crate::StepError::new("limit", "no answer"),
            attempts: Vec::new(),
            in_doubt,
        });
        world.go();
        assert_eq!(world.run.status(), status, "{}", world.table());
    }
}

#[test]
fn an_item_in_doubt_takes_no_other_items_place() {
    let steps = "
steps:
  - id: each
    for_each: ${{ input.list }}
    as: n
    concurrency: 2
    steps: [{ id: post, call: c, request: 'POST /${{ n }}' }]
";
    let mut world = World::new(steps, json!({ "list": [1, 2, 3, 4, 5] }))
        .answer("each[0]/post", [Say::Doubt])
        .answer("each[1]/post", [Say::Doubt]);
    world.go();
    assert_eq!(world.sent.len(), 5);
    assert_eq!(world.run.status(), RunStatus::NeedsAttention);
}

#[test]
fn doubt_in_one_branch_does_not_hold_the_others() {
    let mut world = World::new(
        "
steps:
  - id: both
    parallel:
      a: [{ id: post, call: c, request: POST /a }]
      b: [{ id: nap, wait: 1h }, { id: put, call: c, request: PUT /b }]
",
        json!({}),
    )
    .answer("post", [Say::Doubt]);
    world.go();
    assert_eq!(world.run.status(), RunStatus::NeedsAttention);
    assert_eq!(world.sent, ["post", "put"]);
}

#[test]
fn a_crash_after_any_fact_changes_nothing_at_the_end() {
    let steps = "
steps:
  - id: each
    for_each: ${{ input.list }}
    as: n
    steps:
      - { id: read, call: c, request: 'GET /${{ n }}', output: { x: $.body.x } }
      - id: which
        switch:
          - when: ${{ n > 1 }}
            steps: [{ id: put, call: c, request: 'PUT /${{ n }}' }]
      - { id: keep, set: { last: '${{ n }}' } }
  - { id: nap, wait: 1h }
  - { id: sum, set: { ok: '${{ steps.each.output.succeeded }}' } }
output: ${{ vars }}
";
    let input = json!({ "list": [1, 2, 3] });
    let mut undisturbed = World::new(steps, input.clone());
    undisturbed.go();
    let total = undisturbed.facts.len();
    for after in 1..total {
        let mut world = World::of(undisturbed.program.clone(), input.clone());
        world.facts = undisturbed.facts[..after].to_vec();
        world.now = world.facts[after - 1].at;
        world.crash();
        world.go();
        assert_eq!(world.table(), undisturbed.table(), "after fact {after}");
        let again = Run::replay(world.run.id(), world.program.clone(), &world.facts).unwrap();
        assert_eq!(again.steps(), world.run.steps(), "after fact {after}");
    }
}

#[test]
fn facts_that_cannot_be_are_refused_and_change_nothing() {
    let mut world = World::new(STEPS, json!({}));
    world.go();
    let before = World::new(STEPS, json!({}));
    let mut run = before.run.clone();
    let fact = |what| Fact { at: before.now, what };
    let step = StepPath::top("post");
    let refused = run.apply(&fact(What::TimerFired { step }));
    assert!(matches!(refused, Err(ApplyError::Illegal { .. })), "{refused:?}");
    let step = "each[2]/nothing".parse().unwrap();
    let refused = run.apply(&fact(What::TimerFired { step }));
    assert!(matches!(refused, Err(ApplyError::UnknownStep(_))), "{refused:?}");
    assert_eq!(run.seq(), 1);
    let refused = world.run.apply(&fact(What::Started));
    assert!(matches!(refused, Err(ApplyError::IllegalForRun { .. })), "{refused:?}");
}
