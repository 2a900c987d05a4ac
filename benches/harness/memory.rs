//! Memory when idle, after load, and of runs that wait.

use std::time::Duration;

use anyhow::Result;
use serde_json::{Map, Value, json};

use crate::program::{Daemon, Program};
use crate::project::Project;
use crate::service::Service;
use crate::table::Table;

/// Waiting runs that come before those that count: they pay for what is shared.
const FIRST: u64 = 200;
/// How long a daemon may settle before it is looked at.
const SETTLING: Duration = Duration::from_secs(1);

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Runs that wait
    #[arg(long, default_value_t = 10_000)]
    waiting: u64,
    /// Runs of three steps that make the load
    #[arg(long, default_value_t = 20_000)]
    load: u64,
}

pub(crate) async fn measure(
    program: &Program,
    arguments: &Arguments,
    figures: &mut Map<String, Value>,
) -> Result<()> {
    let service = Service::start().await?;
    let project = Project::new(&service.base_url())?;
    let daemon = Daemon::start(program, &project).await?;
    let idle = settled(&daemon).await?;
    daemon.fill("nap", 0, FIRST).await?;
    let before = settled(&daemon).await?;
    daemon.fill("nap", FIRST, arguments.waiting).await?;
    let waiting = settled(&daemon).await?;
    daemon.stop().await?;
    let daemon = Daemon::start(program, &project).await?;
    let restarted = settled(&daemon).await?;
    daemon.stop().await?;

    let project = Project::new(&service.base_url())?;
    let daemon = Daemon::start(program, &project).await?;
    daemon.fill("w1", 0, arguments.load).await?;
    let loaded = settled(&daemon).await?;
    daemon.stop().await?;

    let each = |with: u64, without: u64| {
        with.saturating_sub(without) as f64 / arguments.waiting.max(1) as f64
    };
    let (per_run, per_run_restarted) = (each(waiting, before), each(restarted, idle));
    let mut table = Table::new("Memory", ["what", "figure"]);
    let mib = |bytes: u64| format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20));
    table.row(["idle".to_owned(), mib(idle)]);
    table.row([format!("after {} runs of 3 steps", arguments.load), mib(loaded)]);
    table.row([format!("with {} waiting runs", arguments.waiting), mib(waiting)]);
    table.row(["the same after a restart".to_owned(), mib(restarted)]);
    table.row(["per waiting run".to_owned(), format!("{per_run:.0} bytes")]);
    table.row([
        "per waiting run after a restart".to_owned(),
        format!("{per_run_restarted:.0} bytes"),
    ]);
    table.print();
    let kept = json!({
        "idle_bytes": idle,
        "load_runs": arguments.load,
        "loaded_bytes": loaded,
        "waiting_runs": arguments.waiting,
        "waiting_bytes": waiting,
        "restarted_bytes": restarted,
        "bytes_per_waiting_run": per_run,
        "bytes_per_waiting_run_restarted": per_run_restarted,
    });
    figures.insert("memory".to_owned(), kept);
    Ok(())
}

async fn settled(daemon: &Daemon) -> Result<u64> {
    tokio::time::sleep(SETTLING).await;
    daemon.memory()
}
