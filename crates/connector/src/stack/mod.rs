//! The layers between a call and the network, outermost first.
//!
//! Order is meaning. Retry wraps circuit and limit, so a second attempt waits its turn like
//! the first and sees a circuit that has opened meanwhile. The clock of an attempt starts
//! when its turn has come. Redirect wraps auth, so credentials are attached anew for every
//! hop, and only to a URL that is proven again.

mod attempt;
mod auth;
mod bucket;
mod circuit;
mod concurrency;
mod deadline;
mod gate;
mod leaf;
mod limit;
mod order;
mod redirect;
mod retry;
mod timeout;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use tower::ServiceBuilder;
use tower::layer::layer_fn;
use tower::util::BoxCloneSyncService;

use crate::connector::{Connector, RateLimit};
use crate::surroundings::Surroundings;
use crate::transport::Transport;

use auth::Credential;
pub(crate) use auth::sensitive;
pub(crate) use order::{Journey, Order, Outgoing, Received, Trouble};

use bucket::Bucket;
use circuit::Breaker;
use concurrency::Concurrency;
use gate::Gate;
use retry::{Budget, Patience};

/// Longest wait in memory; longer ones go back to the caller, who can keep them on disk.
pub(crate) const PATIENCE: std::time::Duration = std::time::Duration::from_secs(20);

/// All layers as one service.
pub(crate) type Stack = BoxCloneSyncService<Outgoing, Received, Trouble>;

/// What all calls of one connector share, and what outlives a reload.
pub(crate) struct Protection {
    breaker: Arc<Breaker>,
    gate: Arc<Gate>,
    bucket: Option<Arc<Bucket>>,
    concurrency: Arc<Concurrency>,
    budget: Arc<Budget>,
}

impl Protection {
    pub(crate) fn new(limit: RateLimit) -> Self {
        Self {
            breaker: Arc::new(Breaker::new()),
            gate: Arc::new(Gate::new()),
            bucket: limit.rate.map(|rate| Arc::new(Bucket::new(rate))),
            concurrency: Concurrency::new(limit.concurrency),
            budget: Arc::new(Budget::default()),
        }
    }
}

/// Puts the layers of one connector together.
pub(crate) fn build(
    connector: &Connector,
    protection: &Protection,
    surroundings: &Arc<Surroundings>,
    transport: Arc<dyn Transport>,
) -> Stack {
    let Protection { breaker, gate, bucket, concurrency, budget } = protection;
    let patience = Patience::new(Arc::clone(budget), Arc::clone(surroundings));
    let limit = limit::Shared {
        breaker: Arc::clone(breaker),
        gate: Arc::clone(gate),
        bucket: bucket.clone(),
        concurrency: Arc::clone(concurrency),
        surroundings: Arc::clone(surroundings),
    };
    let telling = attempt::Telling {
        connector: connector.name.clone().into(),
        surroundings: Arc::clone(surroundings),
    };
    let timeout = connector.timeout;
    let base: Arc<url::Url> = Arc::new(connector.base_url.clone());
    let credential = Arc::new(Credential::new(&connector.auth));

    let service = ServiceBuilder::new()
        .layer(layer_fn(deadline::Deadline::new))
        .layer(tower::retry::RetryLayer::new(patience))
        .layer(layer_fn(|inner| circuit::Circuit::new(inner, Arc::clone(breaker))))
        .layer(layer_fn(|inner| limit::Limit::new(inner, limit.clone())))
        .layer(layer_fn(|inner| attempt::Attempting::new(inner, telling.clone())))
        .layer(layer_fn(|inner| timeout::Timeout::new(inner, timeout)))
        .layer(layer_fn(|inner| redirect::Redirect::new(inner, Arc::clone(&base))))
        .layer(layer_fn(|inner| {
            auth::Authenticate::new(inner, Arc::clone(&base), Arc::clone(&credential))
        }))
        .service(leaf::Leaf::new(transport, Arc::clone(surroundings)));
    BoxCloneSyncService::new(service)
}
