//! What a playground is started with.

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use crate::limit::Limit;

/// One of the five services.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Service {
    /// SCIM people directory, basic authentication.
    Directory,
    /// Chat, bearer token, limited.
    Chat,
    /// Code host, key in a header.
    CodeHost,
    /// Personnel office, key in the query.
    Personnel,
    /// Status page, no authentication.
    StatusPage,
}

impl Service {
    /// All of them, in the order of their ports.
    pub const ALL: [Self; 5] =
        [Self::Directory, Self::Chat, Self::CodeHost, Self::Personnel, Self::StatusPage];

    /// The name that the log and the shipped connectors use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Directory => "directory",
            Self::Chat => "chat",
            Self::CodeHost => "code_host",
            Self::Personnel => "personnel",
            Self::StatusPage => "status_page",
        }
    }

    /// The service of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|service| service.name() == name)
    }

    /// The path that a connector's base URL carries.
    fn prefix(self) -> &'static str {
        match self {
            Self::Directory => "/scim/v2",
            Self::Chat => "/api",
            Self::Personnel => "/v1",
            Self::CodeHost | Self::StatusPage => "",
        }
    }
}

/// What the services expect to be shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// User name at the directory.
    pub directory_username: String,
    /// Password at the directory.
    pub directory_password: String,
    /// Bearer token of the chat.
    pub chat_token: String,
    /// Value of `X-Api-Key` at the code host.
    pub code_host_key: String,
    /// Value of the query parameter `key` at the personnel office.
    pub personnel_key: String,
}

impl Credentials {
    /// Well-known credentials, good for loopback only.
    #[must_use]
    pub fn demo() -> Self {
        Self {
            directory_username: "tenure".to_owned(),
            directory_password: "playground-directory".to_owned(),
            chat_token: "playground-chat".to_owned(),
            code_host_key: "playground-code-host".to_owned(),
            personnel_key: "playground-personnel".to_owned(),
        }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(secret)")
    }
}

/// Fixed ports, one a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ports {
    first: u16,
}

impl Ports {
    /// Five ports in a row, in the order of [`Service::ALL`].
    ///
    /// None when fewer than five are left above `first`.
    #[must_use]
    pub fn starting_at(first: u16) -> Option<Self> {
        let count = u16::try_from(Service::ALL.len()).ok()?;
        (first > 0 && first.checked_add(count).is_some()).then_some(Self { first })
    }

    /// The port of one service.
    #[must_use]
    pub fn of(self, service: Service) -> u16 {
        self.first + service as u16
    }
}

/// Where the services listen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Addresses {
    pub(crate) all: [SocketAddr; 5],
}

impl Addresses {
    /// Where one service listens.
    #[must_use]
    pub fn of(&self, service: Service) -> SocketAddr {
        self.all[service as usize]
    }

    /// What a connector to that service has as base URL.
    #[must_use]
    pub fn base_url(&self, service: Service) -> String {
        format!("http://{}{}", self.of(service), service.prefix())
    }

    /// The service's own root, below which `/_playground/` lies.
    #[must_use]
    pub fn origin(&self, service: Service) -> String {
        format!("http://{}", self.of(service))
    }
}

/// How a playground is started.
#[derive(Debug, Clone)]
pub struct Options {
    /// Loopback address to listen on.
    pub listen: IpAddr,
    /// Fixed ports; free ones are chosen when absent.
    pub ports: Option<Ports>,
    /// What callers must show.
    pub credentials: Credentials,
    /// Makes the ids that services give out the same each time.
    pub seed: Option<u64>,
    /// Whether a repeated `Idempotency-Key` gives the first answer again.
    pub honour_keys: bool,
    /// Requests a service takes in a while; unlimited when absent.
    pub limits: BTreeMap<Service, Limit>,
    /// Where log entries are appended as JSON lines; read back at the start.
    pub log_file: Option<PathBuf>,
    /// Log entries kept in memory.
    pub log_capacity: usize,
    /// People, messages and memberships kept, of each.
    pub capacity: usize,
}

impl Default for Options {
    /// Free ports, demo credentials, and a chat that takes two requests in two seconds.
    fn default() -> Self {
        Self {
            listen: IpAddr::V4(Ipv4Addr::LOCALHOST),
            ports: None,
            credentials: Credentials::demo(),
            seed: None,
            honour_keys: true,
            limits: BTreeMap::from([(
                Service::Chat,
                Limit { requests: 2, per: Duration::from_secs(2) },
            )]),
            log_file: None,
            log_capacity: 50_000,
            capacity: 100_000,
        }
    }
}

impl Options {
    /// The same without any limit on requests.
    #[must_use]
    pub fn unlimited(mut self) -> Self {
        self.limits.clear();
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_follow_each_other_and_never_overflow() {
        let ports = Ports::starting_at(7070).unwrap();
        let all: Vec<u16> = Service::ALL.into_iter().map(|service| ports.of(service)).collect();
        assert_eq!(all, [7070, 7071, 7072, 7073, 7074]);
        assert_eq!(Ports::starting_at(0), None);
        assert_eq!(Ports::starting_at(65_534), None);
        assert!(Ports::starting_at(65_530).is_some());
    }

    #[test]
    fn credentials_do_not_show_themselves() {
        let shown = format!("{:?}", Options::default());
        assert!(shown.contains("Credentials(secret)"));
        assert!(!shown.contains("playground-chat"));
    }

    #[test]
    fn services_are_found_by_their_names() {
        for service in Service::ALL {
            assert_eq!(Service::named(service.name()), Some(service));
        }
        assert_eq!(Service::named("fax"), None);
    }
}
