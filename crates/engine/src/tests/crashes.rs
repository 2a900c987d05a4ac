//! The process dies after every single commit, and the end is the undisturbed one.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tenure_store::{MemoryStore, SledOptions, SledStore, Store};
use tenure_testkit::{CrashMoment, CrashingStore};

use super::{Scripted, World, ended, event, memory, table};

const JOINER: &str = "
name: joiner
subject: ${{ event.data.user.userName }}
triggers:
  - event: identity.user.created
steps:
  - { id: look, call: c, request: GET /users/ann, output: { n: $.body.n } }
  - { id: account, call: c, request: POST /users, body: { n: '${{ steps.look.output.n }}' } }
  - id: teams
    for_each: ${{ event.data.user.teams }}
    as: team
    concurrency: 2
    steps:
      - { id: join, call: c, request: 'PUT /teams/${{ team }}/ann' }
  - { id: settle, wait: 1d }
  - id: both
    parallel:
      a: [{ id: mail, call: c, request: POST /mail }]
      b: [{ id: chat, call: c, request: POST /chat }, { id: keep, set: { done: yes } }]
output: { n: '${{ steps.look.output.n }}', joined: '${{ steps.teams.output.succeeded }}', done: '${{ vars.done }}' }
";

/// Paused time makes nothing of a day; beside a thread of its own, sled's, time is real.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Time {
    Paused,
    Real,
}

fn world(time: Time) -> World {
    let (text, retry_after) = match time {
        Time::Paused => (JOINER.to_owned(), 3600),
        Time::Real => (JOINER.replace("wait: 1d", "wait: 20ms"), 0),
    };
    let world = World::new(&[&text]);
    world.service.script("/api/mail", [Scripted::RetryAfter(retry_after)]);
    world
}

/// Runs the workflow to its end; if the process dies on the way, a new one takes over.
async fn life<S: Store>(
    world: &World,
    time: Time,
    store: Arc<S>,
    crash: Option<(usize, CrashMoment)>,
) -> (String, usize) {
    let crashing = CrashingStore::new(Arc::clone(&store));
    let crashing = Arc::new(match crash {
        Some((commit, moment)) => crashing.crashing_at(commit, moment),
        None => crashing,
    });
    let mut accepted = None;
    if let Ok(engine) = world.try_engine(Arc::clone(&crashing) as Arc<dyn Store>).await {
        if let Ok(receipt) = engine.accept(event("e1")).await {
            accepted = Some(receipt.runs[0]);
            while !crashing.crashed() {
                let step = match time {
                    Time::Paused => Duration::from_secs(600),
                    Time::Real => Duration::from_millis(300),
                };
                if matches!(engine.wait(receipt.runs[0], step).await, Ok(Some(_))) {
                    break;
                }
            }
        }
        // The old process is gone: what it still does goes nowhere.
        engine.shutdown(Duration::ZERO).await;
    }
    let commits = crashing.commits();
    let engine = world.engine(store as Arc<dyn Store>).await;
    // The sender got no answer, or repeats it to be sure: the same event, the same run.
    let receipt = engine.accept(event("e1")).await.unwrap();
    assert_eq!(receipt.runs.len(), 1);
    if let Some(run) = accepted {
        assert_eq!(receipt.runs, [run], "an acknowledged event keeps its run");
    }
    ended(&engine, receipt.runs[0]).await;
    let table = table(&engine, receipt.runs[0]).await;
    assert!(engine.runlog().verify(receipt.runs[0]).await.is_ok());
    engine.shutdown(Duration::ZERO).await;
    (table, commits)
}

/// Every repeated write carries the key of the first, and a request a process has an
/// outcome of is not sent by the next.
fn check_requests(world: &World, crash: (usize, CrashMoment)) {
    let seen = world.service.seen.lock().unwrap();
    let mut keys = HashMap::new();
    let mut times = HashMap::<_, usize>::new();
    for seen in seen.iter().filter(|seen| seen.method != "GET") {
        let key = seen.key.clone().expect("every write carries a key");
        assert_eq!(*keys.entry(seen.path.clone()).or_insert_with(|| key.clone()), key, "{crash:?}");
        *times.entry(seen.path.clone()).or_default() += 1;
    }
    // One crash repeats each request at most once; /mail is told once to come later.
    for (path, count) in times {
        let most = if path == "/api/mail" { 3 } else { 2 };
        assert!(count <= most, "{path} was sent {count} times after a crash at {crash:?}");
    }
}

async fn crash_everywhere<S: Store>(time: Time, open: impl Fn() -> Arc<S>) {
    let (undisturbed, commits) = life(&world(time), time, open(), None).await;
    assert!(undisturbed.contains("= succeeded"), "{undisturbed}");
    assert!(commits >= 8, "{commits} commits");
    for commit in 1..=commits {
        for moment in [CrashMoment::Before, CrashMoment::After] {
            let world = world(time);
            let (table, _) = life(&world, time, open(), Some((commit, moment))).await;
            assert_eq!(table, undisturbed, "after a crash at {moment:?} {commit}");
            check_requests(&world, (commit, moment));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_crash_at_any_commit_changes_nothing_in_memory() {
    crash_everywhere::<MemoryStore>(Time::Paused, memory).await;
}

#[tokio::test]
async fn a_crash_at_any_commit_changes_nothing_on_sled() {
    let directory = tempfile::tempdir().unwrap();
    let number = std::sync::atomic::AtomicUsize::new(0);
    crash_everywhere(Time::Real, || {
        let number = number.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let path = directory.path().join(number.to_string());
        Arc::new(SledStore::open(path, SledOptions::default()).unwrap())
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_write_in_doubt_is_never_guessed() {
    let mut world = World::new(&["
name: post
triggers: [{ event: identity.user.created }]
steps:
  - { id: first, call: c, request: PUT /a }
  - { id: second, call: c, request: POST /b }
"]);
    // This service promises nothing about repeated writes.
    world.connectors = vec!["name: c\nbase_url: https://c.example.com/api\n".to_owned()];
    world.service.script("/api/b", [Scripted::Silence]);
    let store = memory();
    let engine = world.engine(Arc::clone(&store) as Arc<dyn Store>).await;
    let receipt = engine.accept(event("e1")).await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    engine.shutdown(Duration::from_secs(1)).await;
    let engine = world.engine(store as Arc<dyn Store>).await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    insta::assert_snapshot!(table(&engine, receipt.runs[0]).await, @r"
    first succeeded
    second waiting: POST /b was being sent when the program ended, and may have happened
    = needs_attention None
    ");
    assert_eq!(world.service.paths(), ["PUT /api/a", "POST /api/b"]);
    engine.cancel(receipt.runs[0], "ann").await.unwrap();
    assert_eq!(ended(&engine, receipt.runs[0]).await.status.as_str(), "cancelled");
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_to_a_write_is_settled_by_its_key_or_by_a_person() {
    let text = "
name: post
triggers: [{ event: identity.user.created }]
steps:
  - { id: only, call: c, request: POST /b }
";
    for (connector, status) in [
        (super::CONNECTOR, "succeeded"),
        ("name: c\nbase_url: https://c.example.com/api\n", "needs_attention"),
    ] {
        let mut world = World::new(&[text]);
        world.connectors = vec![connector.to_owned()];
        world.service.script("/api/b", [Scripted::Lost]);
        let engine = world.engine(memory()).await;
        let receipt = engine.accept(event("e1")).await.unwrap();
        tokio::time::sleep(Duration::from_secs(60)).await;
        let summary = engine.runlog().summary(receipt.runs[0]).await.unwrap().unwrap();
        assert_eq!(summary.status.as_str(), status);
        engine.shutdown(Duration::ZERO).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_promise_that_was_withdrawn_is_not_relied_on() {
    let mut world = World::new(&["
name: post
triggers: [{ event: identity.user.created }]
steps: [{ id: only, call: c, request: POST /b }]
"]);
    world.service.script("/api/b", [Scripted::Silence]);
    let store = memory();
    let engine = world.engine(Arc::clone(&store) as Arc<dyn Store>).await;
    let receipt = engine.accept(event("e1")).await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    engine.shutdown(Duration::ZERO).await;
    world.connectors = vec!["name: c\nbase_url: https://c.example.com/api\n".to_owned()];
    let engine = world.engine(store as Arc<dyn Store>).await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    let summary = engine.runlog().summary(receipt.runs[0]).await.unwrap().unwrap();
    assert_eq!(summary.status.as_str(), "needs_attention");
    assert_eq!(world.service.paths(), ["POST /api/b"]);
}
