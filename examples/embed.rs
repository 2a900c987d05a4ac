//! The engine inside another program: one connector, one workflow, one run.
//!
//! `cargo run -p examples --example embed`

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::{error::Error, sync::Arc, time::Duration};

use serde_json::json;
use tenure_connector::{Egress, EnvironmentSecrets, Registry, Surroundings};
use tenure_engine::{Catalog, Engine, Limits, Parts, StartRun, SystemClock};
use tenure_playground::{Options, Playground, Service};
use tenure_run::Outcome;
use tenure_runlog::RunLog;
use tenure_store::MemoryStore;
use tenure_workflow::Known;

const WORKFLOW: &str = "
name: look
triggers: [{ manual: {} }]
steps:
  - { id: ask, call: suppliers, request: GET /status, output: { state: $.body.state } }
output: { text: \"${{ input.name }}, all suppliers are ${{ steps.ask.output.state }}\" }
";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let world = Playground::start(Options::default()).await?;
    let address = world.addresses().base_url(Service::StatusPage);
    // As written → as checked: all problems of a file come at once, with their places.
    let text = format!("name: suppliers\nbase_url: {address}\nauth: none\n");
    let connector = tenure_connector::check("suppliers.yaml", &text, &EnvironmentSecrets);
    let connector = connector.connector.ok_or_else(|| connector.report.render(false))?;
    let plan = tenure_workflow::check("look.yaml", WORKFLOW, &Known::anything());
    let plan = plan.plan.ok_or_else(|| plan.report.render(false))?;

    let surroundings = Surroundings::new(Egress::allowing(["127.0.0.0/8"])?);
    let engine = Engine::start(Parts {
        runlog: Arc::new(RunLog::open(Arc::new(MemoryStore::new())).await?),
        registry: Arc::new(Registry::new(surroundings, [connector])),
        catalog: Catalog::new(vec![plan]),
        clock: Arc::new(SystemClock),
        limits: Limits::default(),
    })
    .await?;
    let wish = StartRun {
        workflow: "look".to_owned(),
        input: json!({ "name": "Ann" }),
        event: None,
        initiator: "embed".to_owned(),
        idempotency_key: None,
    };
    let started = engine.start_run(wish).await?;
    engine.wait(started.run, Duration::from_secs(10)).await?.ok_or("the run has not ended")?;
    let run = engine.run(started.run).await?.ok_or("the run is gone")?;
    if let Some(Outcome::Succeeded { output, .. }) = run.outcome() {
        println!("{}: {}", run.status(), output["text"]);
    }
    engine.shutdown(Duration::from_secs(1)).await;
    Ok(())
}
