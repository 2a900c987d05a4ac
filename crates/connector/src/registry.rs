//! Names become clients.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use crate::client::{self, Client};
use crate::connector::Connector;
use crate::failure::{Failure, FailureKind};
use crate::surroundings::Surroundings;

/// All connectors of a project, replaced as a whole.
///
/// Calls that are on their way finish with the client they began with.
#[derive(Debug)]
pub struct Registry {
    surroundings: Arc<Surroundings>,
    clients: RwLock<Arc<Clients>>,
}

type Clients = BTreeMap<String, Arc<Client>>;

/// Why there is no client under a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unavailable {
    /// No connector is called so.
    #[error("connector \"{name}\" is not known")]
    Unknown {
        /// The name that was asked for.
        name: String,
    },
    /// It is switched off.
    #[error("connector \"{name}\" is disabled")]
    Disabled {
        /// The name that was asked for.
        name: String,
    },
}

impl From<Unavailable> for Failure {
    fn from(unavailable: Unavailable) -> Self {
        match unavailable {
            Unavailable::Disabled { name } => client::disabled(&name),
            Unavailable::Unknown { .. } => {
                Self::unsent(FailureKind::Refused, unavailable.to_string())
            }
        }
    }
}

impl Registry {
    /// Makes clients for these connectors.
    #[must_use]
    pub fn new(
        surroundings: Surroundings,
        connectors: impl IntoIterator<Item = Connector>,
    ) -> Self {
        let registry = Self { surroundings: Arc::new(surroundings), clients: RwLock::default() };
        registry.replace(connectors);
        registry
    }

    /// Replaces all connectors.
    ///
    /// A connector that still points to the same place under the same limits keeps what was
    /// learnt about it: pauses, an open circuit, tokens spent, connections.
    pub fn replace(&self, connectors: impl IntoIterator<Item = Connector>) {
        let before = self.clients();
        let clients = connectors
            .into_iter()
            .map(|connector| {
                let name = connector.name.clone();
                let predecessor = before.get(&name).map(Arc::as_ref);
                (name, Arc::new(Client::new(connector, &self.surroundings, predecessor)))
            })
            .collect();
        *self.clients.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(clients);
    }

    /// Finds the client of an enabled connector.
    ///
    /// # Errors
    /// When no connector is called so, or it is disabled.
    pub fn get(&self, name: &str) -> Result<Arc<Client>, Unavailable> {
        let client = self.find(name)?;
        if !client.connector().enabled {
            return Err(Unavailable::Disabled { name: name.to_owned() });
        }
        Ok(client)
    }

    /// Finds a client, also of a disabled connector.
    ///
    /// # Errors
    /// When no connector is called so.
    pub fn find(&self, name: &str) -> Result<Arc<Client>, Unavailable> {
        self.clients()
            .get(name)
            .cloned()
            .ok_or_else(|| Unavailable::Unknown { name: name.to_owned() })
    }

    /// All names, sorted.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.clients().keys().cloned().collect()
    }

    /// All clients, sorted by name.
    #[must_use]
    pub fn all(&self) -> Vec<Arc<Client>> {
        self.clients().values().cloned().collect()
    }

    fn clients(&self) -> Arc<Clients> {
        Arc::clone(&self.clients.read().unwrap_or_else(PoisonError::into_inner))
    }
}
