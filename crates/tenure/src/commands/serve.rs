//! `tenure serve`: takes deliveries and runs what they start.

use anyhow::Result;
use clap::Args;

use crate::cli::SettingFlags;
use crate::commands::check::counted;
use crate::error::Exit;
use crate::project::{self, Project};
use crate::service::Service;
use crate::signals::{Signals, Wish};
use crate::telemetry::{Audience, Telemetry};
use crate::terminal::Terminal;
use crate::wiring;

/// Take events over HTTP and run the workflows they start
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  tenure serve
  TENURE_TOKEN=$(openssl rand -hex 32) tenure serve --listen 0.0.0.0:7117

Deliver an event:
  curl http://127.0.0.1:7117/api/v1/events \\
    -H 'Content-Type: application/cloudevents+json' --data @events/ann-joins.json

SIGHUP reads the project again; a file that is broken keeps its version of before. SIGTERM ends
the daemon: requests in hand get 30 seconds, and what is left goes on at the next start.

Environment:
  TENURE_TOKEN            bearer token that clients must send; without it only this machine may ask
  TENURE_SECRET_<NAME>    secret NAME of the connectors; TENURE_SECRET_<NAME>_FILE names its file
  OTEL_EXPORTER_OTLP_ENDPOINT    collector that gets traces")]
pub(crate) struct Arguments {}

/// Runs the daemon until it is told to end.
pub(crate) async fn perform(_: Arguments, settings: SettingFlags) -> Result<Exit> {
    let mut signals = Signals::listen()?;
    let root = project::root(&settings)?;
    let project = Project::load(&root, &settings)?;
    project.must_exist("serve")?;
    wiring::must_be_sound(&project)?;
    let telemetry = Telemetry::start(&project.config, Audience::Operator)?;
    wiring::log_reports(&project.reports);
    let mut service = Service::start(project, telemetry.injector()).await?;
    if let Err(error) = announce(&service) {
        // Whoever started the daemon need not stay to read what it says.
        tracing::warn!("nobody reads the standard output: {error}");
    }
    while signals.next().await == Wish::Reload {
        service.reload(&settings).await;
    }
    tracing::info!("ending: requests in hand get up to 30 seconds; a second signal ends at once");
    tokio::select! {
        () = service.shutdown() => {}
        () = signals.term() => {
            tracing::warn!("ended at once; what was in hand goes on at the next start");
            return Ok(Exit::Failed);
        }
    }
    telemetry.shutdown().await;
    Ok(Exit::Succeeded)
}

fn announce(service: &Service) -> Result<()> {
    let project = service.project();
    let mut terminal = Terminal::stdout();
    terminal.line(format!(
        "tenure {} serves {}, {}",
        env!("CARGO_PKG_VERSION"),
        counted(project.plans.len(), "workflow"),
        counted(project.connectors.len(), "connector"),
    ))?;
    terminal.line(format!("listening on http://{}", service.address()))?;
    terminal.line(format!("keeping runs in {}", project.config.data.value.display()))?;
    Ok(())
}
