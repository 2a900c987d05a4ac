//! What the layers around a request cost: the whole stack over a network that answers at once.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use criterion::Criterion;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::json;
use tenure_connector::{
    Call, Egress, EnvironmentSecrets, Registry, Reply, Surroundings, Transport, Wire, WireError,
    check,
};
use tenure_language::{FilledBody, FilledRequest, Method};
use tokio::runtime::Runtime;

const PLAIN: &str = "
name: plain
base_url: https://api.acme.example/v1
auth: none
";

const LIMITED: &str = "
name: limited
base_url: https://api.acme.example/v1
auth: none
headers: { X-Tenant: acme }
rate_limit: { requests: 1000000, per: 1s, burst: 100000, concurrency: 8 }
retry: { max_attempts: 4 }
idempotency: { header: Idempotency-Key }
";

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let runtime = Runtime::new().expect("an executor");
    let connectors = [PLAIN, LIMITED].map(|text| {
        let checked = check("bench.yaml", text, &EnvironmentSecrets);
        checked.connector.expect("the connector is sound")
    });
    let surroundings =
        Surroundings::new(Egress::default()).transport(|_| Arc::new(AtOnce) as Arc<dyn Transport>);
    let registry = Registry::new(surroundings, connectors);
    let mut group = criterion.benchmark_group("connector");
    for name in ["plain", "limited"] {
        for (word, method) in [("GET", Method::Get), ("POST", Method::Post)] {
            let client = registry.get(name).expect("the connector is known");
            group.bench_function(format!("{word}, {name}"), |bencher| {
                bencher.iter(|| {
                    let answer = runtime.block_on(client.send(call(method)));
                    assert_eq!(answer.expect("it is answered").status, 200);
                });
            });
        }
    }
    group.finish();
    criterion.final_summary();
}

/// A network without wires.
struct AtOnce;

#[async_trait]
impl Transport for AtOnce {
    async fn send(&self, _: Wire) -> Result<Reply, WireError> {
        let json = HeaderValue::from_static("application/json");
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, json)]);
        let body = Bytes::from_static(br#"{"id":"7","name":"Ann Berg","active":true}"#);
        Ok(Reply { status: StatusCode::OK, headers, body })
    }
}

fn call(method: Method) -> Call {
    let body = match method.is_read() {
        true => FilledBody::None,
        false => FilledBody::Json(json!({ "name": "Ann Berg", "active": true })),
    };
    let (path, query, headers) = ("/accounts/7".to_owned(), Vec::new(), Vec::new());
    let request = FilledRequest { method, path, query, headers, body };
    Call { idempotency_key: Some("0123456789abcdef".to_owned()), ..Call::new(request) }
}
