//! The status page: open to everyone, and always well.

use axum::Router;
use axum::response::IntoResponse;
use axum::routing::get;
use serde_json::json;

use crate::answer::Answer;
use crate::options::Service;

pub(crate) fn router() -> Router {
    Router::new().route("/status", get(status))
}

async fn status() -> impl IntoResponse {
    let services = Service::ALL.map(|service| json!({ "name": service.name(), "state": "up" }));
    Answer::ok(json!({ "state": "up", "services": services }))
}
