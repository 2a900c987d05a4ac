//! A transport that answers from a script, for tests under a paused clock.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, StatusCode};
use tenure_language::{FilledBody, FilledRequest, Method};
use tokio::time::Instant;

use crate::call::Call;
use crate::client::Client;
use crate::egress::Egress;
use crate::registry::Registry;
use crate::secret::{Secret, SecretError, SecretSource};
use crate::surroundings::Surroundings;
use crate::transport::{Reply, Transport, Wire, WireError};

/// What one request is answered with, and after how long.
pub(crate) struct Turn {
    pub(crate) takes: Duration,
    pub(crate) result: Result<Reply, WireError>,
}

pub(crate) fn status(code: u16, headers: &[(&'static str, &str)]) -> Turn {
    let headers: HeaderMap = headers
        .iter()
        .map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()))
        .collect();
    let status = StatusCode::from_u16(code).unwrap();
    let reply = Reply { status, headers, body: Bytes::from_static(b"{\"n\":1}") };
    Turn { takes: Duration::ZERO, result: Ok(reply) }
}

pub(crate) fn error(error: WireError) -> Turn {
    Turn { takes: Duration::ZERO, result: Err(error) }
}

impl Turn {
    pub(crate) fn after(mut self, takes: Duration) -> Self {
        self.takes = takes;
        self
    }
}

type Answering = Box<dyn Fn(usize, &Wire) -> Turn + Send + Sync>;

/// Answers the n-th request (from 0) with whatever the script says, and remembers all.
pub(crate) struct Scripted {
    began: Instant,
    answer: Answering,
    sent: Mutex<Vec<Sent>>,
}

/// One request as it went out.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    pub(crate) at: Duration,
    pub(crate) line: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Sent {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

impl Scripted {
    pub(crate) fn sent(&self) -> Vec<Sent> {
        self.sent.lock().unwrap().clone()
    }

    pub(crate) fn count(&self) -> usize {
        self.sent.lock().unwrap().len()
    }

    /// When requests went out, in whole milliseconds since the script began.
    pub(crate) fn times(&self) -> Vec<u64> {
        self.sent().iter().map(|sent| u64::try_from(sent.at.as_millis()).unwrap()).collect()
    }
}

#[async_trait]
impl Transport for Scripted {
    async fn send(&self, wire: Wire) -> Result<Reply, WireError> {
        let turn = {
            let mut sent = self.sent.lock().unwrap();
            sent.push(Sent {
                at: self.began.elapsed(),
                line: format!("{} {}", wire.method, wire.url),
                headers: wire.headers.clone(),
                body: wire.body.clone(),
            });
            (self.answer)(sent.len() - 1, &wire)
        };
        if !turn.takes.is_zero() {
            tokio::time::sleep(turn.takes).await;
        }
        turn.result
    }
}

/// Secrets in a map.
pub(crate) struct Given(pub(crate) BTreeMap<&'static str, &'static str>);

impl SecretSource for Given {
    fn secret(&self, name: &str) -> Result<Option<Secret>, SecretError> {
        Ok(self.0.get(name).map(|value| Secret::new(*value)))
    }

    fn how_to_give(&self, name: &str) -> String {
        format!("give {name}")
    }
}

pub(crate) const TOKEN: &str = "t0ken-hunter2";

pub(crate) fn connector(yaml: &str) -> crate::connector::Connector {
    let text = format!("name: chat\n{yaml}");
    let text = if yaml.contains("base_url") {
        text
    } else {
        format!("{text}\nbase_url: https://chat.example/api")
    };
    let checked = crate::check::check("chat.yaml", &text, &Given([("token", TOKEN)].into()));
    assert!(checked.report.problems.is_empty(), "{}", checked.report.render(false));
    checked.connector.unwrap()
}

pub(crate) fn registry(
    yaml: &str,
    answer: impl Fn(usize, &Wire) -> Turn + Send + Sync + 'static,
) -> (Registry, Arc<Scripted>) {
    let script = Arc::new(Scripted {
        began: Instant::now(),
        answer: Box::new(answer),
        sent: Mutex::default(),
    });
    let transport = Arc::clone(&script);
    let surroundings = Surroundings::new(Egress::default())
        .seed(7)
        .clock(Arc::new(|| "2026-05-01T10:00:00Z".parse().unwrap()))
        .injector(Arc::new(|_| {
            Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".into())
        }))
        .transport(move |_| Arc::clone(&transport) as Arc<dyn Transport>);
    (Registry::new(surroundings, [connector(yaml)]), script)
}

pub(crate) fn client(
    yaml: &str,
    answer: impl Fn(usize, &Wire) -> Turn + Send + Sync + 'static,
) -> (Arc<Client>, Arc<Scripted>) {
    let (registry, script) = registry(yaml, answer);
    (registry.find("chat").unwrap(), script)
}

pub(crate) fn call(method: Method, path: &str) -> Call {
    let body = if method.is_read() {
        FilledBody::None
    } else {
        FilledBody::Json(serde_json::json!({ "text": "hello" }))
    };
    let (query, headers) = (Vec::new(), Vec::new());
    let request = FilledRequest { method, path: path.to_owned(), query, headers, body };
    Call { idempotency_key: Some("key-1".to_owned()), ..Call::new(request) }
}

pub(crate) fn get() -> Call {
    call(Method::Get, "/x")
}

pub(crate) fn post() -> Call {
    call(Method::Post, "/x")
}
