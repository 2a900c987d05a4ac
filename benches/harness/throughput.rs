//! Steps a second and the time of a run, in turns with a plain client.

use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::{Map, Value, json};

use crate::figures::Spread;
use crate::load::{Bounds, Round, repeat};
use crate::program::{Daemon, Program, client};
use crate::project::Project;
use crate::service::Service;
use crate::table::Table;
use crate::workload::{W1, W2, Workload};

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Turns that client and Tenure take
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Seconds that one turn takes
    #[arg(long, default_value_t = 3.0)]
    seconds: f64,
    /// Runs in one turn at most
    #[arg(long, default_value_t = 1_000_000)]
    count: u64,
    /// Callers at the same time
    #[arg(long, value_delimiter = ',', default_values_t = [1, 16, 64])]
    at: Vec<usize>,
    /// Workloads: w1 has 3 steps, w2 has 10
    #[arg(long, value_delimiter = ',', default_values_t = ["w1".to_owned(), "w2".to_owned()])]
    workloads: Vec<String>,
}

pub(crate) async fn measure(
    program: &Program,
    arguments: &Arguments,
    figures: &mut Map<String, Value>,
) -> Result<()> {
    let title = format!(
        "Steps a second, {} turns of {} s each: median (min–max)",
        arguments.rounds, arguments.seconds
    );
    let mut table = Table::new(
        &title,
        [
            "workload",
            "callers",
            "client steps/s",
            "Tenure steps/s",
            "Tenure / client",
            "client p50 ms",
            "Tenure p50 ms",
            "Tenure p99 ms",
            "Tenure CPU µs/step",
        ],
    );
    let mut rows = Vec::new();
    for workload in
        [W1, W2].into_iter().filter(|it| arguments.workloads.contains(&it.name.to_owned()))
    {
        for callers in &arguments.at {
            let pairs = pairs(program, arguments, workload, *callers).await?;
            rows.push(row(&mut table, workload, *callers, &pairs)?);
        }
    }
    table.print();
    figures.insert("throughput".to_owned(), Value::Array(rows));
    Ok(())
}

/// A turn of the client and the turn of Tenure that followed it.
struct Pair {
    client: Round,
    tenure: Round,
    /// Processor time of the daemon in its turn.
    worked: Duration,
}

/// A daemon of its own for each row, so that no row pays for the runs of another.
async fn pairs(
    program: &Program,
    arguments: &Arguments,
    workload: Workload,
    callers: usize,
) -> Result<Vec<Pair>> {
    let service = Service::start().await?;
    let project = Project::new(&service.base_url())?;
    let daemon = Daemon::start(program, &project).await?;
    let (by_hand, base) = (client()?, service.base_url());
    let by_hand = move |_| {
        let (client, base) = (by_hand.clone(), base.clone());
        async move { workload.by_hand(&client, &base).await }
    };
    let run = daemon.run(workload.name);
    let time = Duration::try_from_secs_f64(arguments.seconds)?;
    let bounds = Bounds { callers, time, count: arguments.count };
    // Connections, caches and branch predictors of both are warm before anything counts.
    let warm_up = Bounds { time: time / 4, ..bounds };
    repeat(warm_up, by_hand.clone()).await?;
    repeat(warm_up, run.clone()).await?;
    let mut pairs = Vec::with_capacity(arguments.rounds);
    for _ in 0..arguments.rounds {
        let client = repeat(bounds, by_hand.clone()).await?;
        let before = daemon.worked()?;
        let tenure = repeat(bounds, run.clone()).await?;
        let worked = daemon.worked()?.saturating_sub(before);
        pairs.push(Pair { client, tenure, worked });
    }
    daemon.stop().await?;
    Ok(pairs)
}

fn row(table: &mut Table, workload: Workload, callers: usize, pairs: &[Pair]) -> Result<Value> {
    let over = |figure: &dyn Fn(&Pair) -> f64| {
        Spread::of(pairs.iter().map(figure)).context("at least one turn is taken")
    };
    let steps = workload.steps() as f64;
    let client = over(&|pair| pair.client.per_second() * steps)?;
    let tenure = over(&|pair| pair.tenure.per_second() * steps)?;
    let share = over(&|pair| pair.tenure.per_second() / pair.client.per_second())?;
    let client_p50 = over(&|pair| pair.client.latency(0.5))?;
    let p50 = over(&|pair| pair.tenure.latency(0.5))?;
    let p99 = over(&|pair| pair.tenure.latency(0.99))?;
    let work =
        over(&|pair| pair.worked.as_secs_f64() * 1e6 / (pair.tenure.operations as f64 * steps))?;
    let runs: usize = pairs.iter().map(|pair| pair.tenure.operations).sum();
    let cells = [client, tenure, share, client_p50, p50, p99, work].map(|it| it.to_string());
    let [client_cell, tenure_cell, share_cell, client_p50_cell, p50_cell, p99_cell, work_cell] =
        cells;
    table.row([
        format!("{}, {} steps", workload.name.to_uppercase(), workload.steps()),
        callers.to_string(),
        client_cell,
        tenure_cell,
        share_cell,
        client_p50_cell,
        p50_cell,
        p99_cell,
        work_cell,
    ]);
    Ok(json!({
        "workload": workload.name,
        "callers": callers,
        "runs": runs,
        "client_steps_per_second": client.json(),
        "tenure_steps_per_second": tenure.json(),
        "share": share.json(),
        "client_p50_ms": client_p50.json(),
        "tenure_p50_ms": p50.json(),
        "tenure_p99_ms": p99.json(),
        "tenure_cpu_us_per_step": work.json(),
    }))
}
