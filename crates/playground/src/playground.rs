//! All services together, from start to end.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::{Extension, Router, middleware};
use jiff::Timestamp;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::chat::{self, Chat, Message};
use crate::code_host::{self, CodeHost, Membership};
use crate::controls;
use crate::directory::{self, Users};
use crate::door::Door;
use crate::faults::Faults;
use crate::front::{Front, locked, pass};
use crate::log::{Entry, Log};
use crate::options::{Addresses, Options, Service};
use crate::personnel::{self, Notice, Personnel};
use crate::status_page;
use crate::wire::{Line, Wire};

/// How long open connections get to finish at the end.
const GRACE: Duration = Duration::from_secs(2);

/// Why a playground did not start.
#[derive(Debug)]
pub enum PlaygroundError {
    /// It would have been reachable from outside.
    NotLoopback(std::net::IpAddr),
    /// A service could not listen.
    Listen {
        /// Which one.
        service: Service,
        /// Where.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// The log file could not be opened or read.
    LogFile(io::Error),
}

impl fmt::Display for PlaygroundError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotLoopback(address) => {
                write!(f, "address {address} is not a loopback address")
            }
            Self::Listen { service, address, .. } => {
                write!(f, "service \"{}\" cannot listen on {address}", service.name())
            }
            Self::LogFile(_) => f.write_str("log file of the playground cannot be opened"),
        }
    }
}

impl Error for PlaygroundError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::NotLoopback(_) => None,
            Self::Listen { source, .. } | Self::LogFile(source) => Some(source),
        }
    }
}

/// Five services that run until they are shut down or dropped.
pub struct Playground {
    addresses: Addresses,
    fronts: BTreeMap<Service, Arc<Front>>,
    log: Arc<Log>,
    users: Arc<Mutex<Users>>,
    chat: Arc<Mutex<Chat>>,
    code_host: Arc<Mutex<CodeHost>>,
    personnel: Arc<Mutex<Personnel>>,
    stop: watch::Sender<bool>,
    servers: JoinSet<()>,
}

impl fmt::Debug for Playground {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Playground").field("addresses", &self.addresses).finish_non_exhaustive()
    }
}

impl Playground {
    /// Starts all services and returns once each of them listens.
    ///
    /// # Errors
    /// Only loopback addresses are taken: the credentials are known to everyone.
    pub async fn start(options: Options) -> Result<Self, PlaygroundError> {
        if !options.listen.is_loopback() {
            return Err(PlaygroundError::NotLoopback(options.listen));
        }
        let log = Log::open(options.log_file.as_deref(), options.log_capacity);
        let log = Arc::new(log.map_err(PlaygroundError::LogFile)?);
        let mut listeners = Vec::with_capacity(Service::ALL.len());
        for service in Service::ALL {
            listeners.push(listen(&options, service).await?);
        }
        let mut all = [SocketAddr::new(options.listen, 0); 5];
        for (place, (address, _)) in all.iter_mut().zip(&listeners) {
            *place = *address;
        }
        let mut playground = Self {
            addresses: Addresses { all },
            fronts: BTreeMap::new(),
            log,
            users: Arc::new(Mutex::new(Users::new(options.capacity, options.seed))),
            chat: Arc::new(Mutex::new(Chat::new(options.capacity))),
            code_host: Arc::new(Mutex::new(CodeHost::new(options.capacity))),
            personnel: Arc::new(Mutex::new(Personnel::new(options.capacity))),
            stop: watch::Sender::new(false),
            servers: JoinSet::new(),
        };
        for (service, (_, listener)) in Service::ALL.into_iter().zip(listeners) {
            playground.serve(service, listener, &options);
        }
        Ok(playground)
    }

    fn serve(&mut self, service: Service, listener: TcpListener, options: &Options) {
        let front = Arc::new(Front::new(
            service,
            Door::of(service, &options.credentials),
            options.limits.get(&service).copied(),
            options.honour_keys,
            Arc::clone(&self.log),
        ));
        let app = self
            .router(service)
            .layer(middleware::from_fn(pass))
            .layer(Extension(Arc::clone(&front)))
            .merge(controls::router(Arc::clone(&front)));
        self.fronts.insert(service, front);
        let mut stopped = self.stop.subscribe();
        self.servers.spawn(async move {
            let app = app.into_make_service_with_connect_info::<Wire>();
            let served = axum::serve(Line(listener), app).with_graceful_shutdown(async move {
                // An error means that the playground was dropped, which ends it as well.
                let _ = stopped.wait_for(|stop| *stop).await;
            });
            if let Err(error) = served.await {
                tracing::warn!(service = service.name(), %error, "a service of the playground ended");
            }
        });
    }

    fn router(&self, service: Service) -> Router {
        match service {
            Service::Directory => directory::router(Arc::clone(&self.users)),
            Service::Chat => chat::router(Arc::clone(&self.chat)),
            Service::CodeHost => code_host::router(Arc::clone(&self.code_host)),
            Service::Personnel => personnel::router(Arc::clone(&self.personnel)),
            Service::StatusPage => status_page::router(),
        }
    }

    /// Where the services listen.
    #[must_use]
    pub fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    /// Every request that arrived.
    #[must_use]
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// The requests that arrived at one service.
    #[must_use]
    pub fn log_of(&self, service: Service) -> Vec<Entry> {
        let mut entries = self.log.entries();
        entries.retain(|entry| entry.service == service);
        entries
    }

    /// Lets one service go wrong from now on.
    pub fn set_faults(&self, service: Service, faults: Faults) {
        if let Some(front) = self.fronts.get(&service) {
            front.set_faults(faults);
        }
    }

    /// The users of the directory, as SCIM resources.
    #[must_use]
    pub fn people(&self) -> Vec<Value> {
        locked(&self.users).all().cloned().collect()
    }

    /// Puts somebody into the directory, as if it had been asked over HTTP.
    ///
    /// # Errors
    /// When the directory would refuse it; the text says why.
    pub fn add_person(&self, user: Value) -> Result<Value, String> {
        locked(&self.users).create(user, Timestamp::now()).map_err(|refusal| refusal.detail)
    }

    /// The messages posted to the chat.
    #[must_use]
    pub fn messages(&self) -> Vec<Message> {
        locked(&self.chat).messages()
    }

    /// The addresses of the chat's members.
    #[must_use]
    pub fn chat_members(&self) -> Vec<String> {
        locked(&self.chat).members()
    }

    /// Who is in which team of the code host.
    #[must_use]
    pub fn memberships(&self) -> Vec<Membership> {
        locked(&self.code_host).memberships()
    }

    /// What the personnel office knows about people.
    #[must_use]
    pub fn staff(&self) -> Vec<Value> {
        locked(&self.personnel).people()
    }

    /// What the personnel office was told.
    #[must_use]
    pub fn notices(&self) -> Vec<Notice> {
        locked(&self.personnel).notices()
    }

    /// Stops listening and lets open requests finish, for two seconds at most.
    pub async fn shutdown(mut self) {
        self.stop.send_replace(true);
        let ended = tokio::time::timeout(GRACE, async {
            while self.servers.join_next().await.is_some() {}
        });
        if ended.await.is_err() {
            self.servers.shutdown().await;
        }
    }
}

async fn listen(
    options: &Options,
    service: Service,
) -> Result<(SocketAddr, TcpListener), PlaygroundError> {
    let port = options.ports.map_or(0, |ports| ports.of(service));
    let address = SocketAddr::new(options.listen, port);
    let failed = |source| PlaygroundError::Listen { service, address, source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    Ok((listener.local_addr().map_err(failed)?, listener))
}
