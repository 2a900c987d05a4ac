//! `GET /api/v1/runs/{id}`: one run with all its steps.

use axum::extract::{Path, State};
use tenure_api::RunDetail;

use super::run_id;
use crate::App;
use crate::describe::run_detail;
use crate::json::Json;
use crate::problem::Refusal;

pub(crate) async fn show(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Json<RunDetail>, Refusal> {
    let run = app.engine().run(run_id(&id)?).await?;
    let run = run.ok_or_else(|| Refusal::not_found("run", &id))?;
    Ok(Json(run_detail(&run)))
}
