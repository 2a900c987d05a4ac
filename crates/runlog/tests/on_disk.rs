//! The run log in a directory: what it costs there, and that it comes back.
#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it should be")]

use std::path::Path;
use std::sync::Arc;

use futures::TryStreamExt;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use tenure_event::{Event, EventId};
use tenure_run::{
    AttemptRecord, Fact, Intent, Response, RunId, RunStatus, StepPath, Summary, What,
};
use tenure_runlog::{Acceptance, Accepted, DedupKey, Filter, NewEvent, NewRun, RunLog};
use tenure_store::{SledOptions, SledStore, Store};

const STEPS: [&str; 3] = ["look_up", "create", "confirm"];

async fn open(dir: &Path) -> (Arc<SledStore>, RunLog) {
    let store = Arc::new(SledStore::open(dir, SledOptions::default()).unwrap());
    let log = RunLog::open(Arc::clone(&store) as Arc<dyn Store>).await.unwrap();
    (store, log)
}

fn at(millis: i64) -> Timestamp {
    "2026-11-23T09:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_millis(millis)
}

fn event(number: i64) -> Event {
    Event {
        id: format!("evt-{number}"),
        source: "https://hr.acme.example/events".into(),
        event_type: "identity.user.created".into(),
        subject: Some(format!("users/{number}")),
        time: at(number),
        datacontenttype: None,
        dataschema: None,
        data: json!({ "user": { "id": number, "userName": format!("person.{number}@acme.example") } }),
        extensions: serde_json::Map::new(),
    }
}

fn attempt(step: &str, number: i64) -> Fact {
    let read = step != "create";
    let intent = Intent {
        attempt: 1,
        connector: "directory".into(),
        method: if read { "GET" } else { "POST" }.into(),
        path: format!("/Users/{number}"),
        digest: "0123456789abcdef".into(),
        idempotency_key: (!read).then(|| format!("tnr-{number}-create")),
        repeatable: true,
        read,
    };
    Fact { at: at(number), what: What::AttemptStarted { step: StepPath::top(step), intent } }
}

fn success(step: &str, number: i64) -> Fact {
    let what = What::StepSucceeded {
        step: StepPath::top(step),
        output: json!({ "id": number }).as_object().unwrap().clone(),
        response: Some(Response {
            status: 200,
            headers: serde_json::Map::new(),
            body: json!(null),
        }),
        attempts: vec![AttemptRecord {
            number: 1,
            at: at(number),
            took_ms: 12,
            outcome: "200 OK".into(),
            retry_in_ms: None,
        }],
    };
    Fact { at: at(number), what }
}

/// One run of three steps, from its event to its end, as an engine would write it.
async fn run_to_the_end(log: &RunLog, number: i64) -> RunId {
    let run = RunId::new();
    let mut summary = Summary {
        run,
        workflow: "joiner".into(),
        version: "3f2a9c0d1e4b5a67".into(),
        status: RunStatus::Queued,
        reason: None,
        subject: Some(format!("person.{number}@acme.example")),
        created_at: at(number),
        updated_at: at(number),
        ended_at: None,
        wake_at: None,
        next_seq: 0,
        head: String::new(),
    };
    let created = What::Created {
        workflow: summary.workflow.clone(),
        version: summary.version.clone(),
        subject: summary.subject.clone(),
        initiator: "event".into(),
        event: event(number).to_value(),
        input: json!(null),
    };
    let acceptance = Acceptance {
        at: at(number),
        dedup: Some(DedupKey { source: "hr".into(), value: number.to_string() }),
        event: Some(NewEvent { id: EventId::new(), event: event(number) }),
        runs: vec![NewRun {
            facts: vec![Fact { at: at(number), what: created }],
            summary: summary.clone(),
        }],
    };
    assert_eq!(log.accept(acceptance).await.unwrap(), Accepted::New);
    summary.status = RunStatus::Running;
    let [look_up, create, confirm] = STEPS;
    let started = Fact { at: at(number), what: What::Started };
    // What binds nobody travels with what does: one commit before the write, one after it.
    let before =
        [started, attempt(look_up, number), success(look_up, number), attempt(create, number)];
    log.append(run, 1, &before, &summary).await.unwrap();
    log.append(run, 5, &[success(create, number)], &summary).await.unwrap();
    summary.status = RunStatus::Succeeded;
    summary.ended_at = Some(at(number + 20));
    let end = What::Succeeded { output: json!(null), reason: None };
    let after = [
        attempt(confirm, number),
        success(confirm, number),
        Fact { at: at(number + 20), what: end },
    ];
    log.append(run, 6, &after, &summary).await.unwrap();
    run
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_comes_back_after_reopening() {
    let dir = tempfile::tempdir().unwrap();
    let (store, log) = open(dir.path()).await;
    let mut runs = Vec::new();
    for number in 0..30 {
        runs.push(run_to_the_end(&log, number).await);
    }
    log.keep_workflow("3f2a9c0d1e4b5a67", &"text\n".repeat(3000)).await.unwrap();
    let page = log.list(&Filter::default(), None, 100).await.unwrap();
    let facts = log.facts(runs[7]).await.unwrap();
    drop(log);
    store.close().await;

    let (_store, log) = open(dir.path()).await;
    assert_eq!(log.list(&Filter::default(), None, 100).await.unwrap(), page);
    assert_eq!(log.facts(runs[7]).await.unwrap(), facts);
    assert_eq!(log.verify(runs[7]).await.unwrap().intact, 9);
    assert_eq!(log.workflow("3f2a9c0d1e4b5a67").await.unwrap().unwrap().len(), 15_000);
    assert_eq!(log.count_by_status().await.unwrap()[&RunStatus::Succeeded], 30);
    let followed: Vec<_> = log.follow(runs[3], 0).try_collect().await.unwrap();
    assert_eq!(followed, log.facts(runs[3]).await.unwrap());
}

/// Guards against growth; sled takes up to twice what is live, and more in small directories.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_of_three_steps_stays_small() {
    let dir = tempfile::tempdir().unwrap();
    let (store, log) = open(dir.path()).await;
    let empty = store.compact().await.unwrap().disk;
    let workers = (0..8).map(|worker| {
        let log = log.clone();
        tokio::spawn(async move {
            for number in 0..250 {
                run_to_the_end(&log, number * 8 + worker).await;
            }
        })
    });
    for worker in workers.collect::<Vec<_>>() {
        worker.await.unwrap();
    }
    let entries = store.scan(tenure_store::Scan::prefix("")).await.unwrap();
    let live: usize = entries.iter().map(|(key, value)| key.len() + value.len()).sum();
    let disk = (store.compact().await.unwrap().disk - empty) / 2000;
    assert!(live / 2000 < 1800, "{} bytes of keys and values", live / 2000);
    assert!(disk < 5000, "{disk} bytes on disk for each run");
}

#[tokio::test]
async fn a_lost_file_is_named_with_its_run() {
    let dir = tempfile::tempdir().unwrap();
    let (_store, log) = open(dir.path()).await;
    let ended = run_to_the_end(&log, 1).await;
    let run = RunId::new();
    let summary = Summary {
        run,
        status: RunStatus::Queued,
        ended_at: None,
        next_seq: 0,
        head: String::new(),
        ..log.summary(ended).await.unwrap().unwrap()
    };
    // Identities do not shrink, so this is too large to be kept beside its key.
    let by = (0..1000).map(|_| RunId::new().to_string()).collect();
    let facts = vec![Fact { at: at(0), what: What::CancelRequested { by } }];
    let runs = vec![NewRun { facts, summary }];
    log.accept(Acceptance { at: at(0), dedup: None, event: None, runs }).await.unwrap();
    let file = std::fs::read_dir(dir.path().join("blobs")).unwrap().next().unwrap().unwrap();
    std::fs::remove_file(file.path()).unwrap();

    let file = file.file_name().display().to_string();
    for error in [log.facts(run).await.unwrap_err(), log.verify(run).await.unwrap_err()] {
        assert_eq!(error.to_string(), format!("journal of run {run} cannot be read"));
        let cause = std::error::Error::source(&error).unwrap().to_string();
        assert_eq!(cause.matches(&file).count(), 1, "{cause}");
    }
    assert!(log.summary(run).await.unwrap().is_some(), "kept apart from the journal");
}
