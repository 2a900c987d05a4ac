//! `GET /healthz`: the process lives.

use axum::extract::State;
use tenure_api::Health;

use crate::App;
use crate::json::Json;

pub(crate) async fn live(State(app): State<App>) -> Json<Health> {
    Json(Health {
        status: "ok".to_owned(),
        version: app.version().to_owned(),
        instance: app.instance().to_owned(),
    })
}
