//! The daemon's API, as a program of somebody else would call it.

use std::sync::Once;
use std::time::Duration;

use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};
use tenure_api::{EventAccepted, Page, RunDetail, RunSummary};

static ENCRYPTION: Once = Once::new();

/// An HTTP client; every test has its own, because every test has its own executor.
pub(crate) fn http() -> reqwest::Client {
    ENCRYPTION.call_once(|| {
        // Somebody else may have been first, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
    reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(60)).build().unwrap()
}

/// One daemon.
#[derive(Debug, Clone)]
pub(crate) struct Api {
    http: reqwest::Client,
    base: String,
}

/// An answer, read.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    /// The body, if the status is this one.
    pub(crate) fn json(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// One header as text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

impl Api {
    pub(crate) fn new(base: &str) -> Self {
        Self { http: http(), base: base.to_owned() }
    }

    /// A request to change before it is sent.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base))
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        read(self.request(Method::GET, path).send().await.unwrap()).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.post_with(path, body, &[]).await
    }

    pub(crate) async fn post_with(
        &self,
        path: &str,
        body: &Value,
        headers: &[(&str, &str)],
    ) -> Answer {
        let mut request = self.request(Method::POST, path).json(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        read(request.send().await.unwrap()).await
    }

    /// Delivers an event; none when nobody acknowledged it.
    pub(crate) async fn deliver(&self, event: &Value) -> Option<EventAccepted> {
        let request = self.request(Method::POST, "/api/v1/events");
        let request = request.header("content-type", "application/cloudevents+json");
        let response = request.body(event.to_string()).send().await.ok()?;
        let status = response.status();
        let text = response.text().await.ok()?;
        assert!(status.is_success(), "{status}: {text}");
        Some(serde_json::from_str(&text).unwrap())
    }

    /// Runs a workflow and waits for its end.
    pub(crate) async fn run(&self, workflow: &str, input: &Value) -> RunDetail {
        let path = format!("/api/v1/workflows/{workflow}/runs");
        let answer = self.post_with(&path, input, &[("prefer", "wait=50")]).await;
        serde_json::from_value(answer.json(200)).unwrap()
    }

    /// One run with all its steps.
    pub(crate) async fn show(&self, run: &str) -> RunDetail {
        let answer = self.get(&format!("/api/v1/runs/{run}")).await;
        serde_json::from_value(answer.json(200)).unwrap()
    }

    /// All runs, page by page.
    pub(crate) async fn runs(&self) -> Vec<RunSummary> {
        let mut runs = Vec::new();
        let mut path = "/api/v1/runs?limit=100".to_owned();
        loop {
            let page = self.get(&path).await.json(200);
            let page: Page<RunSummary> = serde_json::from_value(page).unwrap();
            runs.extend(page.items);
            let Some(cursor) = page.next_cursor else { return runs };
            path = format!("/api/v1/runs?limit=100&cursor={cursor}");
        }
    }

    /// Waits until no run has anything left to do.
    pub(crate) async fn all_ended(&self, most: Duration) -> Vec<RunSummary> {
        let deadline = tokio::time::Instant::now() + most;
        loop {
            let runs = self.runs().await;
            if runs.iter().all(|run| run.status.is_ended()) {
                return runs;
            }
            let open: Vec<_> = runs.iter().filter(|run| !run.status.is_ended()).collect();
            assert!(tokio::time::Instant::now() < deadline, "still open: {open:#?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// Reads an answer to its end.
pub(crate) async fn read(response: Response) -> Answer {
    let status = response.status().as_u16();
    let headers = response.headers().clone();
    Answer { status, headers, text: response.text().await.unwrap() }
}

/// An event about a person.
pub(crate) fn event(kind: &str, id: &str, user: &Value) -> Value {
    json!({
        "specversion": "1.0",
        "id": id,
        "source": "/tests",
        "type": kind,
        "data": { "user": user },
    })
}
