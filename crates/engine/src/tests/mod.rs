//! The engine with its real parts; only the network and the clock are the tests'.

mod crashes;
mod intake;
mod lifecycle;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tenure_connector::{
    Connector, Egress, Registry, Reply, Secret, SecretError, SecretSource, Surroundings, Transport,
    Wire, WireError, check as check_connector,
};
use tenure_event::Event;
use tenure_run::{RunId, Summary};
use tenure_runlog::RunLog;
use tenure_store::{MemoryStore, Store};
use tenure_workflow::{Known, Plan, check as check_workflow};
use tokio::time::Instant;

use crate::{Catalog, Clock, Engine, Limits, Parts, StartRun};

/// Wall-clock time that moves with tokio's, so that a paused test owns both.
#[derive(Debug, Clone, Copy)]
pub(super) struct TestClock {
    base: Timestamp,
    since: Instant,
}

impl TestClock {
    pub(super) fn new() -> Self {
        Self { base: "2026-11-23T07:00:00Z".parse().unwrap(), since: Instant::now() }
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        self.base + SignedDuration::try_from(self.since.elapsed()).unwrap()
    }
}

/// One request as the other end saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) key: Option<String>,
}

/// A service that honours idempotency keys, and does as it is told otherwise.
#[derive(Default)]
pub(super) struct Service {
    pub(super) seen: Mutex<Vec<Seen>>,
    /// Replies by path, used up in order; then 200.
    pub(super) script: Mutex<HashMap<String, Vec<Scripted>>>,
}

#[derive(Debug, Clone)]
pub(super) enum Scripted {
    Status(u16),
    RetryAfter(u64),
    Lost,
    /// Never answers.
    Silence,
}

#[async_trait]
impl Transport for Service {
    async fn send(&self, wire: Wire) -> Result<Reply, WireError> {
        let path = wire.url.path().to_owned();
        let key = wire.headers.get("idempotency-key");
        let key = key.map(|key| key.to_str().unwrap().to_owned());
        let method = wire.method.to_string();
        self.seen.lock().unwrap().push(Seen { method, path: path.clone(), key });
        // The reply takes a turn, so that requests of several branches overlap.
        tokio::time::sleep(Duration::from_millis(5)).await;
        let scripted = {
            let mut script = self.script.lock().unwrap();
            let replies = script.entry(path.clone()).or_default();
            if replies.is_empty() { Scripted::Status(200) } else { replies.remove(0) }
        };
        let mut headers = HeaderMap::new();
        headers.insert("content-type", "application/json".parse().unwrap());
        let status = match scripted {
            Scripted::Status(status) => status,
            Scripted::RetryAfter(seconds) => {
                headers.insert("retry-after", seconds.into());
                429
            }
            Scripted::Lost => return Err(WireError::Interrupted("connection reset".to_owned())),
            Scripted::Silence => std::future::pending().await,
        };
        let body = Bytes::from(json!({ "path": path, "n": path.len() }).to_string());
        Ok(Reply { status: StatusCode::from_u16(status).unwrap(), headers, body })
    }
}

impl Service {
    pub(super) fn script(&self, path: &str, replies: impl IntoIterator<Item = Scripted>) {
        self.script.lock().unwrap().insert(path.to_owned(), replies.into_iter().collect());
    }

    pub(super) fn paths(&self) -> Vec<String> {
        let seen = self.seen.lock().unwrap();
        seen.iter().map(|seen| format!("{} {}", seen.method, seen.path)).collect()
    }
}

struct NoSecrets;

impl SecretSource for NoSecrets {
    fn secret(&self, _: &str) -> Result<Option<Secret>, SecretError> {
        Ok(None)
    }

    fn how_to_give(&self, _: &str) -> String {
        String::new()
    }
}

/// Everything an engine needs, apart from its store; outlives each of its lives.
pub(super) struct World {
    pub(super) service: Arc<Service>,
    pub(super) clock: TestClock,
    pub(super) plans: Vec<Arc<Plan>>,
    pub(super) connectors: Vec<String>,
    pub(super) limits: Limits,
}

const CONNECTOR: &str = "
name: c
base_url: https://c.example.com/api
idempotency: { header: Idempotency-Key }
retry: { max_attempts: 3, initial_delay: 10ms }
";

impl World {
    pub(super) fn new(workflows: &[&str]) -> Self {
        Self {
            service: Arc::default(),
            clock: TestClock::new(),
            plans: workflows.iter().map(|text| plan(text)).collect(),
            connectors: vec![CONNECTOR.to_owned()],
            limits: Limits::default(),
        }
    }

    pub(super) fn connectors(&self) -> Vec<Connector> {
        let checked = |text: &String| {
            let checked = check_connector("c.yaml", text, &NoSecrets);
            let report = checked.report.render(false);
            checked.connector.unwrap_or_else(|| panic!("{report}"))
        };
        self.connectors.iter().map(checked).collect()
    }

    pub(super) async fn engine(&self, store: Arc<dyn Store>) -> Engine {
        self.try_engine(store).await.expect("the engine starts")
    }

    pub(super) async fn try_engine(
        &self,
        store: Arc<dyn Store>,
    ) -> Result<Engine, crate::EngineError> {
        let (service, clock) = (Arc::clone(&self.service), self.clock);
        let surroundings = Surroundings::new(Egress::default())
            .clock(Arc::new(move || clock.now()))
            .seed(7)
            .transport(move |_| Arc::clone(&service) as Arc<dyn Transport>);
        let runlog = Arc::new(RunLog::open(store).await?);
        Engine::start(Parts {
            runlog,
            registry: Arc::new(Registry::new(surroundings, self.connectors())),
            catalog: Catalog::new(self.plans.clone()),
            clock: Arc::new(self.clock),
            limits: self.limits,
        })
        .await
    }
}

pub(super) fn plan(text: &str) -> Arc<Plan> {
    let checked = check_workflow("test.yaml", text, &Known::anything());
    let report = checked.report.render(false);
    checked.plan.unwrap_or_else(|| panic!("{report}"))
}

pub(super) fn event(id: &str) -> Event {
    let document = json!({
        "specversion": "1.0", "id": id, "source": "/hr", "type": "identity.user.created",
        "data": { "user": { "userName": "ann", "teams": ["eng", "ops", "all"] } },
    });
    Event::from_value(document, TestClock::new().now()).unwrap()
}

pub(super) fn start(workflow: &str, input: Value) -> StartRun {
    StartRun {
        workflow: workflow.to_owned(),
        input,
        event: None,
        initiator: "test".to_owned(),
        idempotency_key: None,
    }
}

/// The run, ended; panics after a virtual year.
pub(super) async fn ended(engine: &Engine, run: RunId) -> Summary {
    let year = Duration::from_secs(400 * 24 * 3600);
    engine.wait(run, year).await.unwrap().expect("the run ends")
}

/// Each step with status and reason, and how the run ended.
pub(super) async fn table(engine: &Engine, run: RunId) -> String {
    let run = engine.run(run).await.unwrap().expect("the run is kept");
    let mut lines: Vec<String> = run
        .steps()
        .iter()
        .map(|step| {
            let reason = step.reason.as_deref().map(|reason| format!(": {reason}"));
            format!("{} {}{}", step.path, step.status, reason.unwrap_or_default())
        })
        .collect();
    lines.push(format!("= {} {:?}", run.status(), run.outcome().map(output_of)));
    lines.join("\n")
}

fn output_of(outcome: &tenure_run::Outcome) -> String {
    match outcome {
        tenure_run::Outcome::Succeeded { output, .. } => output.to_string(),
        tenure_run::Outcome::Failed(error) => error.message.clone(),
        tenure_run::Outcome::Cancelled { by } => by.clone(),
    }
}

pub(super) fn memory() -> Arc<MemoryStore> {
    Arc::new(MemoryStore::new())
}
