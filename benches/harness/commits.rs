//! Durable commits a second, beside a plain file that is synced after each record.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde_json::{Map, Value, json};
use tenure_store::{Batch, SledOptions, SledStore, Store as _};

use crate::figures::{Spread, millis, short};
use crate::load::{Bounds, repeat};
use crate::project::scratch;
use crate::table::Table;

/// Bytes of one record: about what one append of a run writes.
const RECORD: usize = 620;

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Turns of each number of writers
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Seconds that one turn takes
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
    /// Commits in one turn at most
    #[arg(long, default_value_t = 500_000)]
    count: u64,
    /// Writers at the same time
    #[arg(long, value_delimiter = ',', default_values_t = [1, 16, 64, 256])]
    writers: Vec<usize>,
}

pub(crate) async fn measure(arguments: &Arguments, figures: &mut Map<String, Value>) -> Result<()> {
    let time = Duration::try_from_secs_f64(arguments.seconds)?;
    let directory = scratch()?;
    let store = SledStore::open(directory.path().join("store"), SledOptions::default())?;
    let store = Arc::new(store);
    let file = directory.path().join("plain");
    let mut table = Table::new(
        &format!("Durable commits of {RECORD} bytes a second: median (min–max)"),
        ["writers", "commits/s", "p50 ms", "p99 ms", "times a synced file"],
    );
    let mut rows = Vec::new();
    for (turn, writers) in arguments.writers.iter().enumerate() {
        let bounds = Bounds { callers: *writers, time, count: arguments.count };
        let (mut commits, mut shares, mut middles, mut tails) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for round in 0..arguments.rounds {
            let plain = synced_file(&file, Bounds { time: time / 4, ..bounds })?;
            let store = Arc::clone(&store);
            // Keys of one writer ascend, as those of one run do.
            let first = (turn * arguments.rounds + round) as u64;
            let round = repeat(bounds, move |number| {
                let (store, key) = (Arc::clone(&store), key(first, number));
                async move {
                    let batch =
                        Batch::new().absent(key.to_vec()).put(key.to_vec(), vec![7; RECORD]);
                    Ok(store.commit(batch).await?)
                }
            });
            let round = round.await?;
            commits.push(round.per_second());
            shares.push(round.per_second() / plain);
            middles.push(round.latency(0.5));
            tails.push(round.latency(0.99));
        }
        let spread = |of: Vec<f64>| Spread::of(of).context("at least one turn is taken");
        let (commits, share) = (spread(commits)?, spread(shares)?);
        let (p50, p99) = (spread(middles)?, spread(tails)?);
        let cells = [commits, p50, p99, share].map(|it| it.to_string());
        let [commits_cell, p50_cell, p99_cell, share_cell] = cells;
        table.row([writers.to_string(), commits_cell, p50_cell, p99_cell, share_cell]);
        rows.push(json!({
            "writers": writers,
            "commits_per_second": commits.json(),
            "p50_ms": p50.json(),
            "p99_ms": p99.json(),
            "times_a_synced_file": share.json(),
        }));
    }
    table.print();
    store.close().await;
    drop(store);
    let reopening = reopening(&directory.path().join("store"))?;
    println!("\nopened again in {} ms", short(reopening));
    figures.insert("commits".to_owned(), json!({ "rows": rows, "reopening_ms": reopening }));
    Ok(())
}

/// Records a second that one writer appends to a file, each synced: the disk's own pace.
fn synced_file(path: &Path, bounds: Bounds) -> Result<f64> {
    let mut file = File::create(path)?;
    let began = Instant::now();
    let mut records = 0;
    while records < bounds.count && (records == 0 || began.elapsed() < bounds.time) {
        file.write_all(&[7; RECORD])?;
        file.sync_data()?;
        records += 1;
    }
    Ok(records as f64 / began.elapsed().as_secs_f64())
}

fn reopening(path: &Path) -> Result<f64> {
    let began = Instant::now();
    let store = SledStore::open(path, SledOptions::default())?;
    let elapsed = began.elapsed();
    drop(store);
    Ok(millis(elapsed))
}

fn key(round: u64, number: u64) -> [u8; 16] {
    let mut key = [0; 16];
    key[..8].copy_from_slice(&round.to_be_bytes());
    key[8..].copy_from_slice(&number.to_be_bytes());
    key
}
