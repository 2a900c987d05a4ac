//! The service that steps call: it answers at once, and knows a person and an account.
//!
//! It runs on an executor of its own, so that neither client is nearer to it.

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::{Context, Result};
use axum::Router;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::serve::ListenerExt as _;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};

const PERSON: &str = r#"{"id":"2819c223","name":"Ann Berg","email":"ann@acme.example","active":true,"department":"Engineering","teams":["design","platform"]}"#;
const ACCOUNT: &str = r#"{"id":"a-71","name":"Ann Berg","active":true,"meta":{"created":"2026-11-23T09:00:00Z","version":1}}"#;

/// A running service; it ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Service {
    executor: Option<Runtime>,
    address: SocketAddr,
}

impl Service {
    pub(crate) async fn start() -> Result<Self> {
        let executor = Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("service")
            .enable_all()
            .build()
            .context("no executor for the service")?;
        let bound = executor.spawn(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).await?;
        let listener = bound.context("no address for the service")?;
        let address = listener.local_addr()?;
        let listener = listener.tap_io(|stream| {
            // Without it answers may only wait longer; that would be seen in the figures.
            let _ = stream.set_nodelay(true);
        });
        let router = Router::new()
            .route("/people/{id}", get(async || json(StatusCode::OK, PERSON)))
            .route("/accounts", post(async |_: String| json(StatusCode::CREATED, ACCOUNT)))
            .route("/accounts/{id}", get(async || json(StatusCode::OK, ACCOUNT)));
        executor.spawn(async move {
            // It ends with its executor; there is nobody to tell about an error.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { executor: Some(executor), address })
    }

    pub(crate) fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        if let Some(executor) = self.executor.take() {
            executor.shutdown_background();
        }
    }
}

fn json(status: StatusCode, body: &'static str) -> Response {
    (status, [(CONTENT_TYPE, "application/json")], body).into_response()
}
