//! The daemon's API, called.

mod stream;

use std::net::SocketAddr;
use std::time::Duration;

use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{RequestBuilder, Response, StatusCode, Url};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tenure_api::{
    ConnectorSummary, ConnectorTest, EventAccepted, Health, List, Page, Problem, RunDetail,
    RunQuery, RunStarted, RunSummary, WorkflowSummary,
};

use crate::config::TOKEN_VARIABLE;
use crate::error::CommandError;
pub(crate) use stream::Following;

/// Longest answer that is read, in bytes.
const ANSWER_MAX: usize = 64 * 1024 * 1024;

/// A client of one daemon.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    address: SocketAddr,
}

impl Client {
    /// A client of the daemon at this address; shows the token of the environment, if any.
    pub(crate) fn new(address: SocketAddr) -> Result<Self, CommandError> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        if let Some(token) = std::env::var(TOKEN_VARIABLE).ok().filter(|token| !token.is_empty()) {
            let value = HeaderValue::from_str(&format!("Bearer {token}")).map_err(|_| {
                CommandError::usage(format!("{TOKEN_VARIABLE} cannot be sent"))
                    .because("it holds characters that a header cannot")
            })?;
            headers.insert(AUTHORIZATION, sensitive(value));
        }
        let http = reqwest::Client::builder()
            .default_headers(headers)
            // The daemon writes down that the command line asked.
            .user_agent(concat!("tenure/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(Duration::from_secs(3))
            // The daemon sends a comment every fifteen seconds into a stream that is quiet.
            .read_timeout(Duration::from_secs(75))
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| {
                CommandError::failed("no HTTP client could be made").caused_by(&error)
            })?;
        Ok(Self { http, address })
    }

    /// Where the daemon is.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Whether the daemon with this identity answers.
    pub(crate) async fn is_instance(&self, instance: &str) -> bool {
        let request = self.http.get(self.url("/healthz")).timeout(Duration::from_secs(3));
        let Ok(response) = request.send().await else { return false };
        let Ok(health) = self.read::<Health>(response).await else { return false };
        health.instance == instance
    }

    /// Delivers an event.
    pub(crate) async fn deliver(&self, event: &Value) -> Result<EventAccepted, CommandError> {
        let request = self.http.post(self.api(&["events"]));
        let request = request.header(CONTENT_TYPE, "application/cloudevents+json");
        self.send(request.body(event.to_string())).await
    }

    /// Begins a run with an input.
    pub(crate) async fn start_run(
        &self,
        workflow: &str,
        input: &Value,
    ) -> Result<RunStarted, CommandError> {
        self.start(workflow, "application/json", input).await
    }

    /// Begins a run that answers an event.
    pub(crate) async fn start_run_with_event(
        &self,
        workflow: &str,
        event: &Value,
    ) -> Result<RunStarted, CommandError> {
        self.start(workflow, "application/cloudevents+json", event).await
    }

    async fn start(
        &self,
        workflow: &str,
        media_type: &'static str,
        body: &Value,
    ) -> Result<RunStarted, CommandError> {
        let request = self.http.post(self.api(&["workflows", workflow, "runs"]));
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.send(request.header(CONTENT_TYPE, media_type).body(body)).await
    }

    /// Lists workflows.
    pub(crate) async fn workflows(&self) -> Result<List<WorkflowSummary>, CommandError> {
        self.send(self.http.get(self.api(&["workflows"]))).await
    }

    /// Lists connectors.
    pub(crate) async fn connectors(&self) -> Result<List<ConnectorSummary>, CommandError> {
        self.send(self.http.get(self.api(&["connectors"]))).await
    }

    /// Tries a connector.
    pub(crate) async fn test_connector(&self, name: &str) -> Result<ConnectorTest, CommandError> {
        self.send(self.http.post(self.api(&["connectors", name, "test"]))).await
    }

    /// Lists runs, newest first.
    pub(crate) async fn runs(&self, query: &RunQuery) -> Result<Page<RunSummary>, CommandError> {
        self.send(self.http.get(self.api(&["runs"])).query(query)).await
    }

    /// Shows a run with all its steps.
    pub(crate) async fn run(&self, id: &str) -> Result<RunDetail, CommandError> {
        self.send(self.http.get(self.api(&["runs", id]))).await
    }

    /// Asks a run to end.
    pub(crate) async fn cancel(&self, id: &str) -> Result<RunSummary, CommandError> {
        self.send(self.http.post(self.api(&["runs", id, "cancel"]))).await
    }

    /// Follows a run from its first fact to its end.
    pub(crate) fn follow(&self, id: &str) -> Following {
        Following::new(self.clone(), id)
    }

    /// A path of the API; what a person typed becomes one segment, whatever it holds.
    fn api(&self, segments: &[&str]) -> Url {
        let mut url = self.url("/api/v1");
        if let Ok(mut path) = url.path_segments_mut() {
            path.extend(segments);
        }
        url
    }

    fn url(&self, path: &str) -> Url {
        Url::parse(&format!("http://{}{path}", self.address))
            .expect("an address and a path of ours make a URL")
    }

    async fn send<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, CommandError> {
        let response = request.send().await.map_err(|error| self.unreachable(error))?;
        self.read(response).await
    }

    async fn read<T: DeserializeOwned>(&self, response: Response) -> Result<T, CommandError> {
        let status = response.status();
        let text = self.text(response).await?;
        if !status.is_success() {
            return Err(refused(status, &text));
        }
        serde_json::from_slice(&text).map_err(|error| {
            CommandError::failed(format!("the answer of the daemon at {} is odd", self.address))
                .caused_by(&error)
                .hint("is the daemon of another version than this program?")
        })
    }

    async fn text(&self, mut response: Response) -> Result<Vec<u8>, CommandError> {
        let mut text = Vec::new();
        while let Some(part) = response.chunk().await.map_err(|error| self.unreachable(error))? {
            if text.len() + part.len() > ANSWER_MAX {
                let message = format!("the answer of the daemon at {} has no end", self.address);
                return Err(CommandError::failed(message));
            }
            text.extend_from_slice(&part);
        }
        Ok(text)
    }

    fn unreachable(&self, error: reqwest::Error) -> CommandError {
        CommandError::failed(format!("the daemon at {} does not answer", self.address))
            .caused_by(&error.without_url())
    }
}

fn sensitive(mut value: HeaderValue) -> HeaderValue {
    value.set_sensitive(true);
    value
}

/// A problem the daemon answered with, as an error of the command.
fn refused(status: StatusCode, text: &[u8]) -> CommandError {
    let Ok(problem) = serde_json::from_slice::<Problem>(text) else {
        return CommandError::failed(format!("the daemon answered {status}"));
    };
    let message = problem.detail.clone().unwrap_or(problem.title);
    let wrong_request = matches!(status.as_u16(), 400 | 404 | 413 | 415 | 422);
    let mut error =
        if wrong_request { CommandError::usage(message) } else { CommandError::failed(message) };
    for cause in problem.errors {
        error = error.because(cause);
    }
    if status == StatusCode::UNAUTHORIZED {
        return error.hint(format!("set {TOKEN_VARIABLE} to the daemon's token"));
    }
    match problem.hint {
        Some(hint) => error.hint(hint),
        None => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_person_typed_stays_one_segment() {
        rustls::crypto::ring::default_provider().install_default().ok();
        let client = Client::new("127.0.0.1:7117".parse().unwrap()).unwrap();
        let url = |name| client.api(&["connectors", name, "test"]).to_string();
        assert_eq!(url("chat"), "http://127.0.0.1:7117/api/v1/connectors/chat/test");
        assert_eq!(url("a/b?c#d"), "http://127.0.0.1:7117/api/v1/connectors/a%2Fb%3Fc%23d/test");
    }

    #[test]
    fn a_problem_becomes_an_error_with_its_causes_and_hint() {
        let mut problem = Problem::new("bad-input", 422, "The input does not fit");
        problem.detail = Some("the input does not fit workflow \"report\"".into());
        problem.errors = vec!["input.days: must be a number".into()];
        problem.hint = Some("send a number".into());
        let text = serde_json::to_vec(&problem).unwrap();
        let error = refused(StatusCode::UNPROCESSABLE_ENTITY, &text);
        let expected = CommandError::usage("the input does not fit workflow \"report\"")
            .because("input.days: must be a number")
            .hint("send a number");
        assert_eq!(format!("{error:?}"), format!("{expected:?}"));
        assert_eq!(
            refused(StatusCode::BAD_GATEWAY, b"<html>").to_string(),
            "the daemon answered 502 Bad Gateway"
        );
    }
}
