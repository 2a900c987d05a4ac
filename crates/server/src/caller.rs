//! Who asks, in the word that a run's history keeps.

use axum::http::HeaderMap;
use axum::http::header::USER_AGENT;

/// `cli` for the program's own command line, `api` for everybody else.
///
/// A word for people who read the history; nothing is allowed or refused because of it.
pub(crate) fn word(headers: &HeaderMap) -> &'static str {
    let agent = headers.get(USER_AGENT).map(|agent| agent.as_bytes()).unwrap_or_default();
    if agent.starts_with(b"tenure/") { "cli" } else { "api" }
}
