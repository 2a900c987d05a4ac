//! A daemon's HTTP face over a store in memory.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use serde_json::Value;
use tenure_connector::{Egress, Registry, Surroundings};
use tenure_engine::{Catalog, Engine, Limits, Parts, SystemClock};
use tenure_runlog::RunLog;
use tenure_store::MemoryStore;
use tenure_workflow::{Known, check};
use tower::ServiceExt;

use crate::{Access, App, AppParts, Token, router};

pub(super) const TOKEN: &str = "correct horse battery";

const JOINER: &str = r#"
name: joiner
subject: ${{ event.data.user.userName }}
triggers:
  - event: identity.user.created
    if: ${{ event.data.user.userName != "root" }}
steps:
  - { id: keep, set: { name: "${{ event.data.user.userName }}" } }
output: { name: "${{ vars.name }}" }
"#;

const REPORT: &str = "
name: report
triggers:
  - manual: {}
input:
  type: object
  properties: { days: { type: integer } }
steps:
  - { id: keep, set: { days: '${{ input.days }}' } }
output: { days: '${{ vars.days }}' }
";

const EACH: &str = "
name: each
triggers:
  - manual: {}
steps:
  - id: days
    for_each: '${{ input.days }}'
    as: day
    on_item_error: continue
    steps:
      - { id: weekend, if: '${{ day > 5 }}', fail: closed }
";

const SETTLE: &str = "
name: settle
triggers:
  - manual: {}
steps:
  - { id: pause, wait: 7d }
";

pub(super) struct World {
    pub(super) app: App,
}

pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) text: String,
}

impl Answer {
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }

    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    /// Status and the stable word of the problem.
    pub(super) fn problem(&self) -> (u16, String) {
        assert_eq!(self.header("content-type"), "application/problem+json", "{}", self.text);
        let problem: tenure_api::Problem = serde_json::from_str(&self.text).unwrap();
        assert_eq!(problem.status, self.status.as_u16());
        (problem.status, problem.word().to_owned())
    }
}

impl World {
    pub(super) async fn new() -> Self {
        Self::with(Access::ThisMachine, Limits::default()).await
    }

    pub(super) async fn with_token() -> Self {
        Self::with(Access::Token(Token::new(TOKEN).unwrap()), Limits::default()).await
    }

    pub(super) async fn with(access: Access, limits: Limits) -> Self {
        let plans = [JOINER, REPORT, EACH, SETTLE].map(|text| {
            let checked = check("test.yaml", text, &Known::anything());
            checked.plan.unwrap_or_else(|| panic!("{}", checked.report.render(false)))
        });
        let parts = Parts {
            runlog: Arc::new(RunLog::open(Arc::new(MemoryStore::new())).await.unwrap()),
            registry: Arc::new(Registry::new(Surroundings::new(Egress::default()), [])),
            catalog: Catalog::new(plans.into()),
            clock: Arc::new(SystemClock),
            limits,
        };
        let engine = Engine::start(parts).await.unwrap();
        let instance = "this-start".to_owned();
        Self { app: App::new(AppParts { engine, access, instance, version: "0.0.0" }) }
    }

    pub(super) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if !headers.iter().any(|(name, _)| *name == "host") {
            request = request.header("host", "127.0.0.1:7117");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::from(body.to_owned())).unwrap();
        let response = router(self.app.clone()).oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let text = to_bytes(body, usize::MAX).await.unwrap();
        let text = String::from_utf8(text.to_vec()).unwrap();
        Answer { status: parts.status, headers: parts.headers, text }
    }

    pub(super) async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], "").await
    }

    pub(super) async fn post(&self, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut headers = headers.to_vec();
        headers.push(("content-type", "application/json"));
        self.send("POST", path, &headers, body).await
    }

    pub(super) async fn deliver(&self, id: &str, user: &str) -> Answer {
        let event = serde_json::json!({
            "specversion": "1.0",
            "id": id,
            "source": "/hr",
            "type": "identity.user.created",
            "data": { "user": { "userName": user } },
        });
        let media_type = ("content-type", "application/cloudevents+json; charset=utf-8");
        self.send("POST", "/api/v1/events", &[media_type], &event.to_string()).await
    }

    /// Begins a run and waits for its end.
    pub(super) async fn ended(&self, workflow: &str, input: &str) -> Value {
        let path = format!("/api/v1/workflows/{workflow}/runs");
        let answer = self.post(&path, &[("prefer", "wait=10")], input).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        answer.json()
    }
}
