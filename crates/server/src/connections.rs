//! Connections: how many, how slow, and how they end.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

/// Most connections that are open at the same time; more wait to be taken.
const CONNECTIONS_MAX: usize = 1024;
/// How long a client may take to send the head of a request.
const HEAD_MAX: Duration = Duration::from_secs(15);
/// Pause after the system could not give a connection, so that trying does not burn the processor.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How serving ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Served {
    /// Every request was answered.
    Drained,
    /// Some connections were cut.
    Cut,
}

/// Serves connections until told to stop, then lets open requests end.
///
/// Requests that are still open `grace` after that are cut.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    stop: CancellationToken,
    grace: Duration,
) -> Served {
    let graceful = GracefulShutdown::new();
    let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut builder = hyper::server::conn::http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD_MAX);
    loop {
        let taken = tokio::select! {
            () = stop.cancelled() => break,
            taken = next(&listener, &room) => taken,
        };
        let Some((stream, permit)) = taken else { continue };
        let service = TowerToHyperService::new(router.clone());
        let connection = builder.serve_connection(TokioIo::new(stream), service);
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            // A client that breaks off is its own affair; requests log what matters.
            if let Err(error) = connection.await {
                tracing::debug!(error = &error as &dyn std::error::Error, "connection ended");
            }
            drop(permit);
        });
    }
    drop(listener);
    match tokio::time::timeout(grace, graceful.shutdown()).await {
        Ok(()) => Served::Drained,
        Err(_) => Served::Cut,
    }
}

type Taken = (tokio::net::TcpStream, tokio::sync::OwnedSemaphorePermit);

async fn next(listener: &TcpListener, room: &Arc<Semaphore>) -> Option<Taken> {
    let permit = Arc::clone(room).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, _)) => {
            // Answers are small: waiting to fill a packet would only delay them.
            let _ = stream.set_nodelay(true);
            Some((stream, permit))
        }
        Err(error) => {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "no connection could be taken"
            );
            tokio::time::sleep(ACCEPT_PAUSE).await;
            None
        }
    }
}
