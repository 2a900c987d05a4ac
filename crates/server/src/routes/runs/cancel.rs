//! `POST /api/v1/runs/{id}/cancel`: asks a run to end.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use tenure_api::RunSummary;

use super::run_id;
use crate::App;
use crate::caller;
use crate::describe::run_summary;
use crate::json::Json;
use crate::problem::Refusal;

/// A run ends once the requests in hand have; the answer says how far it is.
pub(crate) async fn cancel(
    State(app): State<App>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<(StatusCode, Json<RunSummary>), Refusal> {
    let run = run_id(&id)?;
    app.engine().cancel(run, caller::word(&headers)).await?;
    let summary = app.engine().runlog().summary(run).await?;
    let summary = summary.ok_or_else(|| Refusal::not_found("run", &id))?;
    Ok((StatusCode::ACCEPTED, Json(run_summary(&summary))))
}
