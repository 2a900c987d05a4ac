//! The daemon: an engine behind HTTP, from its start to its end.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use tenure_connector::Injector;
use tenure_engine::{Catalog, Engine};
use tenure_server::{Access, App, AppParts, Served, Token};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::cli::SettingFlags;
use crate::config::TOKEN_VARIABLE;
use crate::daemon::{self, Notice, Posted};
use crate::error::CommandError;
use crate::project::Project;
use crate::wiring;

/// How long requests to other systems may take to end.
const ENGINE_GRACE: Duration = Duration::from_secs(30);
/// How long answers to clients may take to be sent.
const ANSWER_GRACE: Duration = Duration::from_secs(5);

/// A daemon that takes deliveries.
pub(crate) struct Service {
    project: Project,
    engine: Engine,
    app: App,
    address: SocketAddr,
    data: PathBuf,
    posted: Posted,
    stop: CancellationToken,
    server: JoinHandle<Served>,
}

impl Service {
    /// Starts a daemon for a project; it takes deliveries when this returns.
    pub(crate) async fn start(
        project: Project,
        injector: Option<Injector>,
    ) -> Result<Self, CommandError> {
        let access = access()?;
        let data = project.config.data.value.clone();
        if let Some((notice, _)) = daemon::holder_of(&data).await? {
            return Err(CommandError::failed("a daemon runs already")
                .because(format!("process {} listens on {}", notice.pid, notice.address))
                .because(format!("it holds {}", data.display()))
                .hint("end it, or give this one another --data and --listen"));
        }
        let listener = listen(project.config.listen.value, &access).await?;
        let address = listener.local_addr().map_err(|error| {
            CommandError::failed("the address that is listened on is unknown").caused_by(&error)
        })?;
        let engine = wiring::engine(&project, injector).await?;
        let instance = uuid::Uuid::now_v7().simple().to_string();
        let app = App::new(AppParts {
            engine: engine.clone(),
            access,
            instance: instance.clone(),
            version: env!("CARGO_PKG_VERSION"),
        });
        let stop = CancellationToken::new();
        let router = tenure_server::router(app.clone());
        let server =
            tokio::spawn(tenure_server::serve(listener, router, stop.clone(), ANSWER_GRACE));
        let notice = Notice { address, pid: std::process::id(), instance };
        let posted = notice.post(&data).map_err(|error| {
            CommandError::failed(format!("daemon.json cannot be left in {}", data.display()))
                .caused_by(&error)
        })?;
        Ok(Self { project, engine, app, address, data, posted, stop, server })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it runs.
    pub(crate) fn project(&self) -> &Project {
        &self.project
    }

    /// Reads the project again. What is broken stays as it was, and the log says why.
    pub(crate) async fn reload(&mut self, flags: &SettingFlags) {
        let reloaded = match self.project.reload(flags) {
            Ok(reloaded) => reloaded,
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::error!(error, "project cannot be read again; everything stays as it was");
                return;
            }
        };
        wiring::log_reports(&reloaded.reports);
        for report in reloaded.reports.iter().filter(|report| report.has_errors()) {
            tracing::error!(file = report.file, "file has problems; its version of before stays");
        }
        if let Err(error) = self.engine.replace_catalog(Catalog::new(reloaded.workflows())).await {
            let error = &error as &dyn std::error::Error;
            tracing::error!(error, "workflows cannot be kept; everything stays as it was");
            return;
        }
        self.warn_of_fixed_settings(&reloaded);
        self.project = reloaded;
        self.engine.registry().replace(self.project.connectors.values().cloned());
        let (workflows, connectors) = (self.project.plans.len(), self.project.connectors.len());
        tracing::info!(workflows, connectors, "project was read again");
    }

    /// Some settings hold for the life of a process.
    fn warn_of_fixed_settings(&self, reloaded: &Project) {
        let before = self.project.config.rows();
        let changed = reloaded.config.rows().into_iter().filter(|row| !before.contains(row));
        for (setting, value, _) in changed.filter(|(name, ..)| !name.starts_with("secrets.")) {
            tracing::warn!(setting, value, "setting takes effect at the next start");
        }
    }

    /// Takes nothing more, ends what is in hand, and lets go of the data directory.
    pub(crate) async fn shutdown(self) {
        self.app.close();
        self.engine.shutdown(ENGINE_GRACE).await;
        self.stop.cancel();
        match self.server.await {
            Ok(Served::Drained) => {}
            Ok(Served::Cut) => tracing::warn!("some answers could not be sent in time"),
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "server broke off");
            }
        }
        self.posted.withdraw(&self.data);
    }
}

fn access() -> Result<Access, CommandError> {
    let Some(text) = std::env::var(TOKEN_VARIABLE).ok().filter(|text| !text.is_empty()) else {
        return Ok(Access::ThisMachine);
    };
    Token::new(&text).map(Access::Token).ok_or_else(|| {
        CommandError::usage(format!("{TOKEN_VARIABLE} is too short to be safe"))
            .because("a token has at least 16 characters")
            .hint("openssl rand -hex 32 makes one")
    })
}

async fn listen(address: SocketAddr, access: &Access) -> Result<TcpListener, CommandError> {
    if !access.may_listen_on(address) {
        return Err(CommandError::usage(format!("without a token nobody may listen on {address}"))
            .because("whoever reaches that address could start workflows")
            .hint(format!("set {TOKEN_VARIABLE}, or listen on 127.0.0.1")));
    }
    TcpListener::bind(address).await.map_err(|error| {
        let message = CommandError::failed(format!("{address} cannot be listened on"));
        let message = message.caused_by(&error);
        match error.kind() {
            ErrorKind::AddrInUse => message.hint("choose another one with --listen"),
            _ => message,
        }
    })
}
