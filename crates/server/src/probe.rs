//! Trying a connector.

use std::num::NonZeroU32;

use tenure_api::{AttemptDetail, ConnectorState, ConnectorSummary, ConnectorTest};
use tenure_connector::{Attempt, Call, Client, Connector, RetrySettings};
use tenure_language::{FilledBody, FilledRequest};

/// Sends a connector's test request and says what came of it.
pub async fn probe(client: &Client) -> ConnectorTest {
    let connector = client.connector();
    let (status, attempts, result) = match client.send(test_call(connector)).await {
        Ok(answer) => {
            (Some(answer.status), answer.attempts, Ok(format!("replied {}", answer.status)))
        }
        Err(failure) => (failure.status, failure.attempts, Err(failure.message)),
    };
    ConnectorTest {
        connector: connector.name.clone(),
        ok: result.is_ok(),
        request: request(connector),
        message: result.unwrap_or_else(|message| message),
        status,
        attempts: attempts.iter().map(attempt).collect(),
    }
}

/// The test request, sent once: whoever tests wants to see what happens, not that it was mended.
fn test_call(connector: &Connector) -> Call {
    let request = FilledRequest {
        method: connector.test.method,
        path: connector.test.path.clone().unwrap_or_default(),
        query: Vec::new(),
        headers: Vec::new(),
        body: FilledBody::None,
    };
    let retry = RetrySettings { max_attempts: NonZeroU32::MIN, ..connector.retry };
    Call { retry: Some(retry), ..Call::new(request) }
}

/// A connector in one line; never its credentials.
#[must_use]
pub fn connector_summary(connector: &Connector) -> ConnectorSummary {
    let enabled = connector.enabled;
    ConnectorSummary {
        name: connector.name.clone(),
        description: connector.description.clone(),
        state: if enabled { ConnectorState::Enabled } else { ConnectorState::Disabled },
        base_url: Some(connector.base_url.to_string()),
        auth: Some(connector.auth.word().to_owned()),
        actions: connector.actions.keys().cloned().collect(),
    }
}

fn request(connector: &Connector) -> String {
    let path = connector.test.path.as_deref().unwrap_or("/");
    format!("{} {path}", connector.test.method.as_str())
}

fn attempt(attempt: &Attempt) -> AttemptDetail {
    let millis =
        |duration: std::time::Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    AttemptDetail {
        number: attempt.number,
        started_at: attempt.started_at,
        duration_ms: millis(attempt.duration),
        outcome: attempt.outcome.clone(),
        retry_in_ms: attempt.retry_in.map(millis),
    }
}
