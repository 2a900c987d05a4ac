//! Traces arrive at a collector, and their context at the services.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use serde_json::json;
use tenure_playground::{Faults, Service};

use crate::commands::World;
use crate::program::{Daemon, command};

#[derive(Debug, Default)]
struct Collected {
    spans: Vec<Span>,
    services: Vec<String>,
}

/// A collector on loopback, as far as OTLP over HTTP goes.
struct Collector {
    address: String,
    collected: Arc<Mutex<Collected>>,
}

impl Collector {
    async fn start() -> Self {
        let collected = Arc::new(Mutex::new(Collected::default()));
        let app =
            Router::new().route("/v1/traces", post(collect)).with_state(Arc::clone(&collected));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { address, collected }
    }

    /// The spans by their names; every name is there once.
    fn spans(&self) -> BTreeMap<String, Span> {
        let spans = self.collected.lock().unwrap().spans.clone();
        let count = spans.len();
        let named: BTreeMap<_, _> = spans.into_iter().map(|it| (named(&it), it)).collect();
        assert_eq!(named.len(), count, "two spans have one name: {:?}", named.keys());
        named
    }
}

async fn collect(
    State(collected): State<Arc<Mutex<Collected>>>,
    body: Bytes,
) -> Result<Vec<u8>, StatusCode> {
    let request = ExportTraceServiceRequest::decode(body).map_err(|_| StatusCode::BAD_REQUEST)?;
    let mut collected = collected.lock().unwrap();
    for of_resource in request.resource_spans {
        let attributes = of_resource.resource.map(|it| it.attributes).unwrap_or_default();
        let name = attributes.into_iter().find(|it| it.key == "service.name");
        collected.services.push(format!("{:?}", name.and_then(|it| it.value)));
        collected.spans.extend(of_resource.scope_spans.into_iter().flat_map(|it| it.spans));
    }
    Ok(ExportTraceServiceResponse::default().encode_to_vec())
}

/// The span's name; attempts, which share one, with their numbers.
fn named(span: &Span) -> String {
    let text = |key: &str| {
        let value = span.attributes.iter().find(|it| it.key == key)?.value.clone()?;
        Some(format!("{:?}", value.value?))
    };
    match (text("attempt.number"), text("connector.name")) {
        (Some(number), Some(connector)) => {
            let word = |text: &str| text.chars().filter(char::is_ascii_alphanumeric).collect();
            let (number, connector): (String, String) = (word(&number), word(&connector));
            let number = number.trim_start_matches(char::is_alphabetic);
            let connector = connector.trim_start_matches("StringValue");
            format!("attempt {number} at {connector}")
        }
        _ => span.name.clone(),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn a_run_becomes_a_trace_that_the_services_continue() {
    let collector = Collector::start().await;
    let world = World::start().await;
    let once = Faults { fail_next: 1, ..Faults::default() };
    world.playground.set_faults(Service::StatusPage, once);
    let mut serve = command(world.project.root(), ["serve", "--listen", "127.0.0.1:0"]);
    serve.env("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.address);
    let daemon = Daemon::of(serve);
    let run = daemon.api().await.run("status", &json!({})).await;
    assert_eq!(run.output["state"], "up", "{run:#?}");
    // Ending sends what is left.
    assert_eq!(daemon.terminate().await.code, Some(0));

    let spans = collector.spans();
    let names: Vec<&str> = spans.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        ["attempt 1 at statuspage", "attempt 2 at statuspage", "run status", "step ask"]
    );
    let (run, step) = (&spans["run status"], &spans["step ask"]);
    assert!(run.parent_span_id.is_empty(), "a run is the beginning of its trace");
    assert_eq!(step.parent_span_id, run.span_id);
    let sent = world.playground.log_of(Service::StatusPage);
    assert_eq!(sent.len(), 2);
    for (number, entry) in (1..).zip(&sent) {
        let attempt = &spans[&format!("attempt {number} at statuspage")];
        assert_eq!(attempt.trace_id, run.trace_id);
        assert_eq!(attempt.parent_span_id, step.span_id);
        let expected = format!("00-{}-{}-01", hex(&attempt.trace_id), hex(&attempt.span_id));
        assert_eq!(entry.traceparent, Some(expected), "attempt {number}");
    }
    let services = collector.collected.lock().unwrap().services.join(" ");
    assert!(services.contains("\"tenure\""), "{services}");
}

#[tokio::test]
async fn without_a_collector_nothing_is_traced() {
    let world = World::start().await;
    world.tenure(&["run", "status"]).await.with(0);
    assert_eq!(world.playground.log_of(Service::StatusPage)[0].traceparent, None);
}

#[tokio::test]
async fn a_collector_that_is_gone_holds_nothing_up() {
    let world = World::start().await;
    let mut run = command(world.project.root(), ["run", "status"]);
    run.env("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9");
    crate::program::ended(run).await.with(0).saying("succeeded");
    let mut run = command(world.project.root(), ["run", "status"]);
    run.env("OTEL_EXPORTER_OTLP_ENDPOINT", "nowhere at all");
    crate::program::ended(run).await.with(2).saying("traces cannot be exported");
}
