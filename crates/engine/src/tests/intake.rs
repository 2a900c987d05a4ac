//! What an event or a wish starts, and what it does not.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tenure_store::Store;

use super::{World, ended, event, memory, start};
use crate::{AcceptError, Limits, StartError};

const LISTENS: &str = "
name: listens
subject: ${{ event.data.user.userName }}
triggers:
  - event: identity.user.*
    if: ${{ event.data.user.userName == 'ann' }}
steps: [{ id: keep, set: { a: 1 } }]
";
const FALSE: &str = "
name: other
triggers:
  - event: identity.user.created
    if: ${{ event.data.user.userName == 'bob' }}
steps: [{ id: keep, set: { a: 1 } }]
";
const MANUAL: &str = "
name: manual
triggers: [{ manual: {} }]
input:
  type: object
  required: [who]
  properties: { who: { type: string } }
steps: [{ id: keep, set: { hello: 'Hello ${{ input.who }}' } }]
output: ${{ vars }}
";

#[tokio::test(start_paused = true)]
async fn an_event_starts_what_listens_and_explains_the_rest() {
    let world = World::new(&[LISTENS, FALSE, MANUAL]);
    let engine = world.engine(memory()).await;
    let receipt = engine.accept(event("e1")).await.unwrap();
    assert_eq!(receipt.runs.len(), 1);
    let why: Vec<_> =
        receipt.not_started.iter().map(|not| format!("{}: {}", not.workflow, not.why)).collect();
    assert_eq!(why, ["other: its condition is false: event.data.user.userName == 'bob'"]);
    let summary = ended(&engine, receipt.runs[0]).await;
    assert_eq!(summary.subject.as_deref(), Some("ann"));

    let again = engine.accept(event("e1")).await.unwrap();
    assert!(again.duplicate);
    assert_eq!((again.runs, again.event_id), (receipt.runs, receipt.event_id));
    assert_ne!(engine.accept(event("e2")).await.unwrap().event_id, receipt.event_id);
}

#[tokio::test(start_paused = true)]
async fn a_wish_is_checked_before_anything_is_kept() {
    let world = World::new(&[LISTENS, MANUAL]);
    let engine = world.engine(memory()).await;
    let refused = engine.start_run(start("manul", json!({}))).await.unwrap_err();
    let StartError::UnknownWorkflow { hint, .. } = &refused else { panic!("{refused}") };
    assert!(hint.as_ref().is_some_and(|hint| hint.contains("manual")), "{hint:?}");
    let refused = engine.start_run(start("listens", json!({}))).await.unwrap_err();
    assert_eq!(refused.to_string(), "workflow \"listens\" cannot be started by hand");
    let refused = engine.start_run(start("manual", json!({ "who": 7 }))).await.unwrap_err();
    let StartError::Input { violations, .. } = &refused else { panic!("{refused}") };
    assert_eq!(violations.len(), 1);
    assert!(!violations[0].contains('7'), "no value is shown: {violations:?}");
    let all = engine.runlog().count_by_status().await.unwrap();
    assert!(all.values().all(|count| *count == 0), "{all:?}");
}

#[tokio::test(start_paused = true)]
async fn a_key_starts_one_run_and_refuses_another_input() {
    let world = World::new(&[MANUAL]);
    let engine = world.engine(memory()).await;
    let wish = |who: &str| crate::StartRun {
        idempotency_key: Some("k1".to_owned()),
        ..start("manual", json!({ "who": who }))
    };
    let first = engine.start_run(wish("ann")).await.unwrap();
    let again = engine.start_run(wish("ann")).await.unwrap();
    assert_eq!((again.run, again.duplicate), (first.run, true));
    assert!(matches!(engine.start_run(wish("bob")).await, Err(StartError::KeyReused { .. })));
}

#[tokio::test(start_paused = true)]
async fn a_full_queue_refuses_and_forgets_nothing() {
    let slow = "
name: slow
triggers: [{ event: identity.user.created }]
steps: [{ id: put, call: c, request: PUT /a }]
";
    let mut world = World::new(&[slow]);
    world.limits = Limits { active_runs: 2, queued_runs: 3 };
    let store = memory();
    let engine = world.engine(Arc::clone(&store) as Arc<dyn Store>).await;
    let mut runs = Vec::new();
    for n in 0..5 {
        runs.extend(engine.accept(event(&format!("e{n}"))).await.unwrap().runs);
    }
    let refused = engine.accept(event("one too many")).await;
    assert!(matches!(refused, Err(AcceptError::Overloaded)));
    for run in &runs {
        assert_eq!(ended(&engine, *run).await.status.as_str(), "succeeded");
    }
    engine.accept(event("one too many")).await.expect("there is room again");
    engine.shutdown(Duration::from_secs(5)).await;
    assert!(matches!(engine.accept(event("late")).await, Err(AcceptError::ShuttingDown)));
}

#[tokio::test(start_paused = true)]
async fn a_sender_that_hangs_up_leaves_no_run_behind() {
    let world = World::new(&[LISTENS]);
    let engine = world.engine(memory()).await;
    let accepting = engine.accept(event("e1"));
    // Polled once: the batch is on its way, nobody waits for the answer any more.
    assert!(futures::FutureExt::now_or_never(accepting).is_none());
    let receipt = engine.accept(event("e1")).await.unwrap();
    assert!(receipt.duplicate);
    assert_eq!(ended(&engine, receipt.runs[0]).await.status.as_str(), "succeeded");
}

#[tokio::test(start_paused = true)]
async fn a_delivery_is_known_again_for_a_month() {
    let world = World::new(&[LISTENS]);
    let engine = world.engine(memory()).await;
    let first = engine.accept(event("e1")).await.unwrap();
    tokio::time::sleep(Duration::from_secs(29 * 24 * 3600)).await;
    assert!(engine.accept(event("e1")).await.unwrap().duplicate);
    tokio::time::sleep(Duration::from_secs(2 * 24 * 3600)).await;
    let again = engine.accept(event("e1")).await.unwrap();
    assert!(!again.duplicate && again.runs != first.runs);
}

#[tokio::test(start_paused = true)]
async fn keys_of_events_and_of_wishes_do_not_meet() {
    let listens = LISTENS.replace("triggers:", "triggers:\n  - manual: {}");
    let world = World::new(&[&listens]);
    let engine = world.engine(memory()).await;
    let wish = |id: &str| crate::StartRun {
        event: Some(event(id)),
        idempotency_key: Some("k1".to_owned()),
        ..start("listens", json!(null))
    };
    let first = engine.start_run(wish("e1")).await.unwrap();
    assert_eq!(engine.start_run(wish("e1")).await.unwrap().run, first.run);
    assert!(matches!(engine.start_run(wish("e2")).await, Err(StartError::KeyReused { .. })));
    let mut forged = event("k1");
    forged.source = "start:listens".to_owned();
    assert!(!engine.accept(forged).await.unwrap().duplicate);
}

#[tokio::test(start_paused = true)]
async fn a_subject_cannot_forge_a_row() {
    let world = World::new(&[LISTENS.replace("== 'ann'", "!= ''").as_str()]);
    let engine = world.engine(memory()).await;
    let mut forging = event("e1");
    forging.data["user"]["userName"] = json!("bob\n\u{202e}succeeded");
    let receipt = engine.accept(forging).await.unwrap();
    let summary = ended(&engine, receipt.runs[0]).await;
    assert_eq!(summary.subject.as_deref(), Some("bob\u{fffd}\u{fffd}succeeded"));
}
