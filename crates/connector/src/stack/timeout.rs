//! The bound on one attempt.

use std::task::{Context, Poll};
use std::time::Duration;

use futures::future::BoxFuture;
use tower::Service;

use super::order::{Outgoing, Received, Trouble};
use crate::transport::WireError;

/// Ends an attempt that takes too long, body included.
#[derive(Clone)]
pub(crate) struct Timeout<S> {
    inner: S,
    after: Duration,
}

impl<S> Timeout<S> {
    pub(crate) fn new(inner: S, after: Duration) -> Self {
        Self { inner, after }
    }
}

impl<S> Service<Outgoing> for Timeout<S>
where
    S: Service<Outgoing, Response = Received, Error = Trouble>,
    S::Future: Send + 'static,
{
    type Response = Received;
    type Error = Trouble;
    type Future = BoxFuture<'static, Result<Received, Trouble>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Trouble>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, outgoing: Outgoing) -> Self::Future {
        let attempt = tokio::time::timeout(self.after, self.inner.call(outgoing));
        Box::pin(async move {
            match attempt.await {
                Ok(result) => result,
                Err(_) => Err(WireError::TimedOut.into()),
            }
        })
    }
}
