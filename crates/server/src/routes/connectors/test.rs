//! `POST /api/v1/connectors/{name}/test`: tries a connector.

use axum::extract::{Path, State};
use tenure_api::ConnectorTest;
use tenure_connector::Unavailable;

use crate::App;
use crate::json::Json;
use crate::probe::probe;
use crate::problem::Refusal;

/// A connector that fails its test is an answer, not a problem of this request.
pub(crate) async fn test(
    State(app): State<App>,
    Path(name): Path<String>,
) -> Result<Json<ConnectorTest>, Refusal> {
    match app.engine().registry().get(&name) {
        Ok(client) => Ok(Json(probe(&client).await)),
        Err(Unavailable::Unknown { .. }) => Err(Refusal::not_found("connector", &name)),
        Err(Unavailable::Disabled { .. }) => {
            Err(Refusal::conflict(format!("connector {name:?} is disabled")))
        }
    }
}
