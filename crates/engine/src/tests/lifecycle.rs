//! What happens to a run over its life: waits, pauses, reloads, cancels, shutdowns.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tenure_run::RunStatus;
use tenure_store::Store;

use super::{Scripted, World, ended, memory, plan, start, table};
use crate::{CancelError, Catalog};

#[tokio::test(start_paused = true)]
async fn a_long_wait_leaves_memory_and_ends_on_time() {
    let world = World::new(&["
name: leaver
triggers: [{ manual: {} }]
steps:
  - { id: hold, wait: 30d }
  - { id: remove, call: c, request: DELETE /users/ann }
"]);
    let store = memory();
    let engine = world.engine(Arc::clone(&store) as Arc<dyn Store>).await;
    let run = engine.start_run(start("leaver", json!({}))).await.unwrap().run;
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert!(!engine.shared.queue.is_known(run), "a sleeping run has no driver");
    engine.shutdown(Duration::ZERO).await;
    tokio::time::sleep(Duration::from_secs(20 * 24 * 3600)).await;
    let engine = world.engine(store as Arc<dyn Store>).await;
    let summary = ended(&engine, run).await;
    assert_eq!(summary.status, RunStatus::Succeeded);
    let took = summary.ended_at.unwrap().duration_since(summary.created_at).as_secs();
    let wait = 30 * 24 * 3600;
    assert!((wait..wait + 61).contains(&took), "{took}");
}

#[tokio::test(start_paused = true)]
async fn a_long_retry_after_is_a_durable_wait_and_attempts_are_told() {
    let world = World::new(&["
name: tell
triggers: [{ manual: {} }]
steps:
  - { id: post, call: c, request: POST /chat }
"]);
    world.service.script(
        "/api/chat",
        [Scripted::Status(503), Scripted::RetryAfter(600), Scripted::Status(201)],
    );
    let store = memory();
    let engine = world.engine(Arc::clone(&store) as Arc<dyn Store>).await;
    let run = engine.start_run(start("tell", json!({}))).await.unwrap().run;
    tokio::time::sleep(Duration::from_secs(60)).await;
    let summary = engine.runlog().summary(run).await.unwrap().unwrap();
    assert_eq!(summary.status, RunStatus::Waiting);
    engine.shutdown(Duration::ZERO).await;
    let engine = world.engine(store as Arc<dyn Store>).await;
    let summary = ended(&engine, run).await;
    assert!(summary.ended_at.unwrap().duration_since(summary.created_at).as_secs() >= 600);
    let run = engine.run(run).await.unwrap().unwrap();
    let attempts: Vec<_> = run.steps()[0]
        .attempts
        .iter()
        .map(|attempt| (attempt.number, attempt.outcome.clone()))
        .collect();
    let expected = [
        (1, "503 Service Unavailable".to_owned()),
        (2, "429 Too Many Requests".to_owned()),
        (3, "201 Created".to_owned()),
    ];
    assert_eq!(attempts, expected);
    let seen = world.service.seen.lock().unwrap();
    assert!(seen.iter().all(|request| request.key == seen[0].key && request.key.is_some()));
}

#[tokio::test(start_paused = true)]
async fn a_run_stays_on_its_version() {
    let text = |word: &str| {
        format!(
            "
name: greet
triggers: [{{ manual: {{}} }}]
steps:
  - {{ id: nap, wait: 1d }}
  - {{ id: say, set: {{ word: {word} }} }}
output: ${{{{ vars.word }}}}
"
        )
    };
    let mut world = World::new(&[&text("old")]);
    let store = memory();
    let engine = world.engine(Arc::clone(&store) as Arc<dyn Store>).await;
    let old = engine.start_run(start("greet", json!({}))).await.unwrap().run;
    engine.replace_catalog(Catalog::new(vec![plan(&text("new"))])).await.unwrap();
    let new = engine.start_run(start("greet", json!({}))).await.unwrap().run;
    engine.shutdown(Duration::ZERO).await;
    world.plans = vec![plan(&text("newest"))];
    let engine = world.engine(store as Arc<dyn Store>).await;
    for (run, word) in [(old, "old"), (new, "new")] {
        ended(&engine, run).await;
        assert!(table(&engine, run).await.contains(word));
    }
}

#[tokio::test(start_paused = true)]
async fn a_disabled_connector_refuses_before_anything_is_sent() {
    let world = World::new(&["
name: tell
triggers: [{ manual: {} }]
steps:
  - { id: nap, wait: 1m }
  - { id: post, call: c, request: POST /chat }
"]);
    let engine = world.engine(memory()).await;
    let run = engine.start_run(start("tell", json!({}))).await.unwrap().run;
    let mut connectors = world.connectors();
    connectors[0].enabled = false;
    engine.registry().replace(connectors);
    ended(&engine, run).await;
    insta::assert_snapshot!(table(&engine, run).await, @r#"
    nap succeeded
    post failed: connector "c" is disabled
    = failed Some("connector \"c\" is disabled")
    "#);
    assert!(world.service.paths().is_empty());
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_is_shown_what_the_journal_says() {
    let world = World::new(&["
name: nap
triggers: [{ manual: {} }]
steps: [{ id: nap, wait: 1d }, { id: get, call: c, request: GET /x, output: { n: $.body.n } }]
output: ${{ steps.get.output.n }}
"]);
    let engine = world.engine(memory()).await;
    let run = engine.start_run(start("nap", json!({}))).await.unwrap().run;
    let hour = Duration::from_secs(3600);
    assert!(engine.wait_and_show(run, hour).await.unwrap().is_none(), "it has not ended");
    let (one, two) =
        tokio::join!(engine.wait_and_show(run, 30 * hour), engine.wait_and_show(run, 30 * hour),);
    let kept = engine.run(run).await.unwrap().unwrap();
    for shown in [one, two, engine.wait_and_show(run, hour).await] {
        let shown = shown.unwrap().expect("it has ended");
        assert_eq!(shown.steps(), kept.steps());
        assert_eq!(shown.outcome(), kept.outcome());
    }
    let nobody = tenure_run::RunId::new();
    assert!(engine.wait_and_show(nobody, hour).await.is_err(), "there is no such run");
}

#[tokio::test(start_paused = true)]
async fn a_cancel_ends_a_wait_at_once_and_is_refused_twice() {
    let world = World::new(&["
name: nap
triggers: [{ manual: {} }]
steps: [{ id: nap, wait: 30d }, { id: never, call: c, request: POST /x }]
"]);
    let engine = world.engine(memory()).await;
    let run = engine.start_run(start("nap", json!({}))).await.unwrap().run;
    tokio::time::sleep(Duration::from_secs(5)).await;
    engine.cancel(run, "ann").await.unwrap();
    let summary = ended(&engine, run).await;
    assert_eq!(summary.reason.as_deref(), Some("cancelled by ann"));
    assert!(matches!(engine.cancel(run, "bob").await, Err(CancelError::Ended(_))));
    let nobody = tenure_run::RunId::new();
    assert!(matches!(engine.cancel(nobody, "bob").await, Err(CancelError::UnknownRun(_))));
}

#[tokio::test(start_paused = true)]
async fn a_cancel_gives_up_a_request_that_does_not_end() {
    let world = World::new(&["
name: stuck
triggers: [{ manual: {} }]
steps: [{ id: put, call: c, request: PUT /x }]
"]);
    world.service.script("/api/x", [Scripted::Silence, Scripted::Silence, Scripted::Silence]);
    let engine = world.engine(memory()).await;
    let run = engine.start_run(start("stuck", json!({}))).await.unwrap().run;
    tokio::time::sleep(Duration::from_secs(1)).await;
    engine.cancel(run, "ann").await.unwrap();
    let summary = ended(&engine, run).await;
    assert_eq!(summary.status, RunStatus::Cancelled);
    assert!(summary.ended_at.unwrap().duration_since(summary.created_at).as_secs() < 60);
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_lets_requests_end_and_begins_none() {
    let world = World::new(&["
name: two
triggers: [{ manual: {} }]
steps:
  - { id: one, call: c, request: POST /one }
  - { id: two, call: c, request: POST /two }
"]);
    let store = memory();
    let engine = world.engine(Arc::clone(&store) as Arc<dyn Store>).await;
    let run = engine.start_run(start("two", json!({}))).await.unwrap().run;
    while world.service.paths().is_empty() {
        tokio::task::yield_now().await;
    }
    engine.shutdown(Duration::from_secs(30)).await;
    assert_eq!(world.service.paths(), ["POST /api/one"]);
    insta::assert_snapshot!(table(&engine, run).await, @r"
    one succeeded
    two pending
    = running None
    ");
    let engine = world.engine(store as Arc<dyn Store>).await;
    assert_eq!(ended(&engine, run).await.status, RunStatus::Succeeded);
    assert_eq!(world.service.paths(), ["POST /api/one", "POST /api/two"]);
}

#[tokio::test(start_paused = true)]
async fn outputs_come_from_the_answer_and_bodies_nobody_reads_are_not_kept() {
    let world = World::new(&["
name: look
triggers: [{ manual: {} }]
steps:
  - { id: quiet, call: c, request: GET /quiet, output: { n: $.body.n } }
  - { id: read, call: c, request: GET /read }
  - { id: keep, set: { path: '${{ steps.read.response.body.path }}' } }
  - id: make
    call: c
    request: GET /make
    output: { both: '${{ vars.path ~ \"+\" ~ response.body.path }}' }
output: { n: '${{ steps.quiet.output.n }}', both: '${{ steps.make.output.both }}' }
"]);
    let engine = world.engine(memory()).await;
    let run = engine.start_run(start("look", json!({}))).await.unwrap().run;
    ended(&engine, run).await;
    let text = table(&engine, run).await;
    assert!(
        text.ends_with(r#"= succeeded Some("{\"n\":10,\"both\":\"/api/read+/api/make\"}")"#),
        "{text}"
    );
    let kept = engine.runlog().facts(run).await.unwrap();
    let kept = kept.iter().map(|entry| format!("{:?}", entry.fact)).collect::<String>();
    assert!(!kept.contains("/api/quiet"), "a body that nobody reads is not kept");
}

#[tokio::test(start_paused = true)]
async fn a_refusal_says_why() {
    let world = World::new(&["
name: tell
triggers: [{ manual: {} }]
steps: [{ id: post, call: c, request: POST /chat }]
"]);
    world.service.script("/api/chat", [Scripted::Status(404)]);
    let engine = world.engine(memory()).await;
    let run = engine.start_run(start("tell", json!({}))).await.unwrap().run;
    ended(&engine, run).await;
    let run = engine.run(run).await.unwrap().unwrap();
    let response = run.steps()[0].response.clone().unwrap();
    assert_eq!((response.status, response.body["path"].as_str()), (404, Some("/api/chat")));
}

#[tokio::test(start_paused = true)]
async fn what_a_shutdown_put_off_goes_on_at_the_next_start() {
    let world = World::new(&["
name: two
triggers: [{ manual: {} }]
steps:
  - id: both
    parallel:
      hold: [{ id: nap, wait: 30d }]
      lock: [{ id: one, call: c, request: POST /one }, { id: two, call: c, request: POST /two }]
"]);
    let store = memory();
    let engine = world.engine(Arc::clone(&store) as Arc<dyn Store>).await;
    let run = engine.start_run(start("two", json!({}))).await.unwrap().run;
    while world.service.paths().is_empty() {
        tokio::task::yield_now().await;
    }
    engine.shutdown(Duration::from_secs(30)).await;
    assert_eq!(world.service.paths(), ["POST /api/one"]);
    let engine = world.engine(store as Arc<dyn Store>).await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(world.service.paths(), ["POST /api/one", "POST /api/two"]);
    let summary = engine.runlog().summary(run).await.unwrap().unwrap();
    assert_eq!(summary.status, RunStatus::Waiting);
}

#[tokio::test(start_paused = true)]
async fn a_cancel_of_a_queued_run_is_heard_at_once_and_nothing_is_sent() {
    let mut world = World::new(&["
name: slow
triggers: [{ manual: {} }]
steps: [{ id: put, call: c, request: PUT /x }]
"]);
    world.limits.active_runs = 1;
    world.service.script("/api/x", [Scripted::Silence]);
    let engine = world.engine(memory()).await;
    engine.start_run(start("slow", json!({}))).await.unwrap();
    let queued = engine.start_run(start("slow", json!({}))).await.unwrap().run;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let asked = tokio::time::Instant::now();
    engine.cancel(queued, "ann").await.unwrap();
    assert_eq!(ended(&engine, queued).await.status, RunStatus::Cancelled);
    assert!(asked.elapsed() < Duration::from_secs(1));
    assert_eq!(world.service.paths(), ["PUT /api/x"]);
}
