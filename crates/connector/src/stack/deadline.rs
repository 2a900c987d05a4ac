//! The outermost layer: when all of it must be over.

use std::task::{Context, Poll};

use futures::future::BoxFuture;
use tower::Service;

use super::order::{Outgoing, Received, Trouble};
use crate::transport::WireError;

/// Ends a call at its deadline, wherever it is.
#[derive(Clone)]
pub(crate) struct Deadline<S> {
    inner: S,
}

impl<S> Deadline<S> {
    pub(crate) fn new(inner: S) -> Self {
        Self { inner }
    }
}

impl<S> Service<Outgoing> for Deadline<S>
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
        let order = std::sync::Arc::clone(&outgoing.order);
        let call = self.inner.call(outgoing);
        Box::pin(async move {
            let Some(deadline) = order.deadline else { return call.await };
            match tokio::time::timeout_at(deadline, call).await {
                Ok(result) => result,
                // A request in flight may have arrived; a call that was waiting did nothing.
                Err(_) if order.journey.abandon() => Err(WireError::TimedOut.into()),
                Err(_) => Err(Trouble::Overdue),
            }
        })
    }
}
