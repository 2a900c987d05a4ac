//! All routes.

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use tower_http::trace::TraceLayer;

use crate::App;
use crate::access::{require_host, require_token};
use crate::problem::Refusal;
use crate::routes::{connectors, events, health, runs, workflows};

/// Everything the daemon answers.
pub fn router(app: App) -> Router {
    let api = Router::new()
        .route("/events", post(events::accept))
        .route("/workflows", get(workflows::list))
        .route("/workflows/{name}/runs", post(runs::start))
        .route("/connectors", get(connectors::list))
        .route("/connectors/{name}/test", post(connectors::test))
        .route("/runs", get(runs::list))
        .route("/runs/{id}", get(runs::show))
        .route("/runs/{id}/cancel", post(runs::cancel))
        .route("/runs/{id}/events", get(runs::follow))
        .route_layer(from_fn_with_state(app.clone(), require_token));
    Router::new()
        .nest("/api/v1", api)
        .route("/healthz", get(health::live))
        .route("/readyz", get(health::ready))
        .fallback(async || Refusal::no_route())
        .method_not_allowed_fallback(async || Refusal::no_method())
        .layer(from_fn_with_state(app.clone(), require_host))
        .layer(TraceLayer::new_for_http())
        .with_state(app)
}
