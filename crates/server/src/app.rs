//! What every route can reach.

use std::sync::Arc;

use tenure_engine::Engine;
use tokio_util::sync::CancellationToken;

use crate::access::Access;

/// What the HTTP face is made from.
pub struct AppParts {
    /// The engine that takes events and runs.
    pub engine: Engine,
    /// Who may come in.
    pub access: Access,
    /// Identity of this start of the daemon.
    pub instance: String,
    /// Version of the program.
    pub version: &'static str,
}

/// What every route can reach; cheap to clone.
#[derive(Clone)]
pub struct App {
    parts: Arc<AppParts>,
    closing: CancellationToken,
}

impl App {
    /// An application that takes deliveries until it is closed.
    #[must_use]
    pub fn new(parts: AppParts) -> Self {
        Self { parts: Arc::new(parts), closing: CancellationToken::new() }
    }

    /// Takes no more deliveries, and ends streams and waits that are open.
    pub fn close(&self) {
        self.closing.cancel();
    }

    /// Done once [`App::close`] was called.
    #[must_use]
    pub fn closing(&self) -> &CancellationToken {
        &self.closing
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.parts.engine
    }

    pub(crate) fn access(&self) -> &Access {
        &self.parts.access
    }

    pub(crate) fn instance(&self) -> &str {
        &self.parts.instance
    }

    pub(crate) fn version(&self) -> &str {
        self.parts.version
    }
}
