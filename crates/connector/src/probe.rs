//! Testing a connection: one request, and what it tells.

use std::time::Duration;

use tenure_language::{Expect, FilledBody, FilledRequest};
use tokio::time::Instant;

use crate::call::Call;
use crate::client::Client;
use crate::connector::{Auth, RetrySettings};
use crate::failure::FailureKind;

/// What a connection test sent and found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// Method and URL as sent, the credential left out: `GET https://api.example.com/user`.
    pub request: String,
    /// Headers as sent, secrets left out.
    pub headers: Vec<(String, String)>,
    /// Status, if the service answered.
    pub status: Option<u16>,
    /// From the request to the end of the reply.
    pub duration: Duration,
    /// What it means.
    pub verdict: Verdict,
    /// One sentence for a person.
    pub message: String,
}

/// What a connection test means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The service answered as it should.
    Works,
    /// It was reached, but the answer says nothing about the credential.
    Reached,
    /// It does not accept the credential.
    Rejected,
    /// It was not reached, or is in trouble.
    Failed,
}

impl Client {
    /// Sends the connector's `test` request once, also when the connector is disabled.
    pub async fn test(&self) -> Probe {
        let test = &self.connector().test;
        let request = FilledRequest {
            method: test.method,
            path: test.path.clone().unwrap_or_default(),
            query: Vec::new(),
            headers: Vec::new(),
            body: FilledBody::None,
        };
        let retry =
            RetrySettings { max_attempts: std::num::NonZeroU32::MIN, ..self.connector().retry };
        let call = Call { retry: Some(retry), expect: Expect::default(), ..Call::new(request) };
        let began = Instant::now();
        let result = self.send_even_if_disabled(call).await;
        let duration = began.elapsed();
        let (status, verdict, message) = match result {
            Ok(answer) => (Some(answer.status), Verdict::Works, "the service answers".to_owned()),
            Err(failure) => {
                let verdict = self.meaning(failure.kind);
                let hint = match verdict {
                    Verdict::Reached => "; name a request it answers with 2xx as `test`",
                    _ => "",
                };
                (failure.status, verdict, format!("{}{hint}", failure.message))
            }
        };
        Probe {
            request: self.shown_request(),
            headers: self.shown_headers(),
            status,
            duration,
            verdict,
            message,
        }
    }

    fn meaning(&self, kind: FailureKind) -> Verdict {
        match kind {
            FailureKind::Auth | FailureKind::Http(403 | 407) => Verdict::Rejected,
            FailureKind::Http(status) if status < 500 => Verdict::Reached,
            _ => Verdict::Failed,
        }
    }

    fn shown_request(&self) -> String {
        let connector = self.connector();
        let base = connector.base_url.as_str();
        let method = connector.test.method.as_str();
        let path = match &connector.test.path {
            Some(path) => format!("{}{path}", base.trim_end_matches('/')),
            None => base.to_owned(),
        };
        match connector.auth.parameter() {
            Some(name) => {
                let joint = if path.contains('?') { '&' } else { '?' };
                format!("{method} {path}{joint}{name}=(secret)")
            }
            None => format!("{method} {path}"),
        }
    }

    fn shown_headers(&self) -> Vec<(String, String)> {
        let connector = self.connector();
        let credential = match &connector.auth {
            Auth::Basic { .. } => Some(("authorization".to_owned(), "Basic (secret)".to_owned())),
            Auth::Bearer { .. } => Some(("authorization".to_owned(), "Bearer (secret)".to_owned())),
            Auth::Header { name, .. } => Some((name.to_string(), "(secret)".to_owned())),
            Auth::None | Auth::Query { .. } => None,
        };
        let own = self.defaults().iter().map(|(name, value)| {
            let shown = match value.to_str() {
                Ok(text) if !value.is_sensitive() => text.to_owned(),
                _ => "(secret)".to_owned(),
            };
            (name.to_string(), shown)
        });
        own.chain(credential).collect()
    }
}
