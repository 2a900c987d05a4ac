//! One attempt, written down and traced.

use std::sync::Arc;
use std::task::{Context, Poll};

use futures::future::BoxFuture;
use tower::Service;
use tracing::{Instrument as _, field};

use super::order::{Outgoing, Received, Trouble};
use crate::surroundings::Surroundings;

/// What an attempt's span and record say besides the request.
#[derive(Clone)]
pub(crate) struct Telling {
    pub(crate) connector: Arc<str>,
    pub(crate) surroundings: Arc<Surroundings>,
}

/// Opens a span for each attempt and keeps how it ended.
#[derive(Clone)]
pub(crate) struct Attempting<S> {
    inner: S,
    telling: Telling,
}

impl<S> Attempting<S> {
    pub(crate) fn new(inner: S, telling: Telling) -> Self {
        Self { inner, telling }
    }
}

impl<S> Service<Outgoing> for Attempting<S>
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

    fn call(&mut self, mut outgoing: Outgoing) -> Self::Future {
        let order = Arc::clone(&outgoing.order);
        let number = order.attempts_before + outgoing.number;
        let span = tracing::info_span!(
            "attempt",
            otel.kind = "client",
            connector.name = &*self.telling.connector,
            http.request.method = order.method.as_str(),
            server.address = order.url.host_str(),
            attempt.number = number,
            http.response.status_code = field::Empty,
            error.r#type = field::Empty,
        );
        outgoing.traceparent = self
            .telling
            .surroundings
            .traceparent(&span)
            .and_then(|text| text.try_into().ok())
            .or_else(|| order.traceparent.clone());
        order.journey.begin(number, self.telling.surroundings.now());
        let attempt = span.in_scope(|| self.inner.call(outgoing));
        Box::pin(
            async move {
                let result = attempt.await;
                let span = tracing::Span::current();
                match &result {
                    Ok(received) => {
                        let status = received.reply.status;
                        span.record("http.response.status_code", status.as_u16());
                        order.journey.end(Some(status.as_u16()), status.to_string());
                    }
                    Err(trouble) => {
                        let outcome = trouble.to_string();
                        span.record("error.type", outcome.as_str());
                        order.journey.end(None, outcome);
                    }
                }
                result
            }
            .instrument(span),
        )
    }
}
