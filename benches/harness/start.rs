//! From the start of the program to its first accepted event.

use std::time::Instant;

use anyhow::{Context, Result};
use serde_json::{Map, Value, json};

use crate::figures::{Spread, millis};
use crate::program::{Daemon, Program};
use crate::project::Project;
use crate::service::Service;
use crate::table::Table;

/// Numbers of events that no other part of this program uses.
const UNUSED: u64 = 1 << 40;

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Starts of each kind
    #[arg(long, default_value_t = 7)]
    starts: u64,
    /// Finished runs in the log that is not empty
    #[arg(long, default_value_t = 10_000)]
    runs: u64,
}

pub(crate) async fn measure(
    program: &Program,
    arguments: &Arguments,
    figures: &mut Map<String, Value>,
) -> Result<()> {
    let service = Service::start().await?;
    let mut empty = Vec::new();
    for number in 0..arguments.starts {
        let project = Project::new(&service.base_url())?;
        empty.push(start(program, &project, number).await?);
    }
    let project = Project::new(&service.base_url())?;
    let daemon = Daemon::start(program, &project).await?;
    daemon.fill("w1", 0, arguments.runs).await?;
    daemon.stop().await?;
    let mut filled = Vec::new();
    for number in 0..arguments.starts {
        filled.push(start(program, &project, UNUSED + number).await?);
    }
    let spread = |of: Vec<f64>| Spread::of(of).context("at least one start is made");
    let (empty, filled) = (spread(empty)?, spread(filled)?);
    let mut table = Table::new("Start to the first accepted event", ["run log", "ms"]);
    table.row(["empty".to_owned(), empty.to_string()]);
    table.row([format!("{} runs", arguments.runs), filled.to_string()]);
    table.print();
    let kept =
        json!({ "runs": arguments.runs, "empty_ms": empty.json(), "filled_ms": filled.json() });
    figures.insert("start".to_owned(), kept);
    Ok(())
}

async fn start(program: &Program, project: &Project, number: u64) -> Result<f64> {
    let began = Instant::now();
    let daemon = Daemon::start(program, project).await?;
    daemon.deliver("w1", number).await?;
    let elapsed = began.elapsed();
    daemon.stop().await?;
    Ok(millis(elapsed))
}
