//! `GET /api/v1/connectors`: the systems that workflows call.

use axum::extract::State;
use tenure_api::{ConnectorSummary, List};

use crate::App;
use crate::json::Json;
use crate::probe::connector_summary;

pub(crate) async fn list(State(app): State<App>) -> Json<List<ConnectorSummary>> {
    let clients = app.engine().registry().all();
    Json(List { items: clients.iter().map(|it| connector_summary(it.connector())).collect() })
}
