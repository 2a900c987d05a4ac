//! The innermost layer: a transport as a service.

use std::sync::Arc;
use std::task::{Context, Poll};

use futures::future::BoxFuture;
use tower::Service;

use super::order::{Received, Trouble};
use crate::hints;
use crate::surroundings::Surroundings;
use crate::transport::{Transport, Wire};

/// Hands a request to the transport and reads the advice in its reply.
#[derive(Clone)]
pub(crate) struct Leaf {
    transport: Arc<dyn Transport>,
    surroundings: Arc<Surroundings>,
}

impl Leaf {
    pub(crate) fn new(transport: Arc<dyn Transport>, surroundings: Arc<Surroundings>) -> Self {
        Self { transport, surroundings }
    }
}

impl Service<Wire> for Leaf {
    type Response = Received;
    type Error = Trouble;
    type Future = BoxFuture<'static, Result<Received, Trouble>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Trouble>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, wire: Wire) -> Self::Future {
        let transport = Arc::clone(&self.transport);
        let surroundings = Arc::clone(&self.surroundings);
        Box::pin(async move {
            let reply = transport.send(wire).await?;
            let advice = hints::advice(&reply.headers, surroundings.now());
            Ok(Received { reply, advice, write_done: false })
        })
    }
}
