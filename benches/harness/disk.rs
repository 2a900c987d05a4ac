//! Bytes on disk of a run of three steps, as they lie there and after compaction.

use anyhow::Result;
use serde_json::{Map, Value, json};
use tenure_store::{SledOptions, SledStore, Store as _};

use crate::program::{Daemon, Program};
use crate::project::{Project, Size};
use crate::service::Service;
use crate::table::Table;

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Runs of three steps
    #[arg(long, default_value_t = 10_000)]
    runs: u64,
}

pub(crate) async fn measure(
    program: &Program,
    arguments: &Arguments,
    figures: &mut Map<String, Value>,
) -> Result<()> {
    let service = Service::start().await?;
    let project = Project::new(&service.base_url())?;
    Daemon::start(program, &project).await?.stop().await?;
    let empty = project.size()?;
    let daemon = Daemon::start(program, &project).await?;
    daemon.fill("w1", 0, arguments.runs).await?;
    daemon.stop().await?;
    let full = project.size()?;
    // The daemon compacts by itself once much is wasted; asking for it needs the store alone.
    let store = SledStore::open(project.data(), SledOptions::default())?;
    store.compact().await?;
    store.close().await;
    drop(store);
    let compacted = project.size()?;

    let each =
        |now: u64, before: u64| now.saturating_sub(before) as f64 / arguments.runs.max(1) as f64;
    let mut table = Table::new(
        &format!("Bytes on disk of one of {} runs of 3 steps", arguments.runs),
        ["state", "length of files", "blocks taken"],
    );
    let mut kept = Map::new();
    for (state, size) in [("as it lies", full), ("compacted", compacted)] {
        let Size { length, blocks } = size;
        let (length, blocks) = (each(length, empty.length), each(blocks, empty.blocks));
        table.row([state.to_owned(), format!("{length:.0}"), format!("{blocks:.0}")]);
        kept.insert(state.replace(' ', "_"), json!({ "length": length, "blocks": blocks }));
    }
    table.print();
    kept.insert("runs".to_owned(), json!(arguments.runs));
    figures.insert("disk".to_owned(), Value::Object(kept));
    Ok(())
}
