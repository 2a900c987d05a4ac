//! What keeping costs apart from the disk: accepting and appending on a store in memory.

use std::sync::Arc;

use criterion::{BatchSize, Criterion};
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use tenure_run::{Fact, Intent, RunId, RunStatus, StepPath, Summary, What};
use tenure_runlog::{Acceptance, NewRun, RunLog};
use tenure_store::MemoryStore;
use tokio::runtime::Runtime;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let runtime = Runtime::new().expect("an executor");
    let log = runtime.block_on(RunLog::open(Arc::new(MemoryStore::new()))).expect("a log");
    let mut group = criterion.benchmark_group("runlog");
    group.bench_function("accept a run", |bencher| {
        let accept = |run| async { log.accept(run).await.expect("it is accepted") };
        bencher.iter_batched(
            || acceptance(RunId::new()),
            |run| runtime.block_on(accept(run)),
            BatchSize::SmallInput,
        );
    });
    group.bench_function("append three facts", |bencher| {
        let append = |(run, facts): (RunId, [Fact; 3])| {
            let log = log.clone();
            async move { log.append(run, 1, &facts, &summary(run)).await.expect("it is kept") }
        };
        bencher.iter_batched(
            || {
                let run = RunId::new();
                runtime.block_on(log.accept(acceptance(run))).expect("it is accepted");
                (run, facts())
            },
            |given| runtime.block_on(append(given)),
            BatchSize::SmallInput,
        );
    });
    group.finish();
    criterion.final_summary();
}

fn now() -> Timestamp {
    "2026-11-23T07:00:00.123456789Z".parse().expect("a time")
}

fn acceptance(run: RunId) -> Acceptance {
    let what = What::Created {
        workflow: "three".to_owned(),
        version: "0123456789abcdef".repeat(4),
        subject: Some("ann@acme.example".to_owned()),
        initiator: "api".to_owned(),
        event: json!({ "id": "7", "source": "/hr", "data": { "user": { "userName": "ann" } } }),
        input: Value::Null,
    };
    let facts = vec![Fact { at: now(), what }];
    let runs = vec![NewRun { facts, summary: summary(run) }];
    Acceptance { at: now(), dedup: None, event: None, runs }
}

/// What is kept after the first step of a run: its result and the next intent.
fn facts() -> [Fact; 3] {
    let (find, make) = (StepPath::top("find"), StepPath::top("make"));
    let output = Map::from_iter([("name".to_owned(), json!("Ann Berg"))]);
    let intent = Intent {
        attempt: 1,
        connector: "directory".to_owned(),
        method: "POST".to_owned(),
        path: "/accounts".to_owned(),
        digest: "0123456789abcdef".to_owned(),
        idempotency_key: Some("0123456789abcdef0123456789abcdef".to_owned()),
        repeatable: false,
        read: false,
    };
    let result = What::StepSucceeded { step: find, output, response: None, attempts: Vec::new() };
    [What::Started, result, What::AttemptStarted { step: make, intent }]
        .map(|what| Fact { at: now(), what })
}

fn summary(run: RunId) -> Summary {
    Summary {
        run,
        workflow: "three".to_owned(),
        version: "0123456789abcdef".repeat(4),
        status: RunStatus::Running,
        reason: None,
        subject: Some("ann@acme.example".to_owned()),
        created_at: now(),
        updated_at: now(),
        ended_at: None,
        wake_at: None,
        next_seq: 0,
        head: String::new(),
    }
}
