//! `GET /readyz`: whether deliveries are taken.

use axum::extract::State;
use axum::http::StatusCode;
use tenure_api::{Check, Readiness};

use crate::App;
use crate::json::Json;

pub(crate) async fn ready(State(app): State<App>) -> (StatusCode, Json<Readiness>) {
    let closing = app.closing().is_cancelled();
    let readable = app.engine().runlog().next_due().await.is_ok();
    let checks = vec![
        check("deliveries", !closing, "the daemon is ending"),
        check("run log", readable, "the run log cannot be read"),
    ];
    let ready = checks.iter().all(|check| check.ok);
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(Readiness { ready, checks }))
}

fn check(name: &str, ok: bool, why_not: &str) -> Check {
    Check { name: name.to_owned(), ok, reason: (!ok).then(|| why_not.to_owned()) }
}
