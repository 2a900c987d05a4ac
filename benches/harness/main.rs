//! Measures the whole program, as somebody who uses it would meet it.
//!
//! Starts the real daemon with its data on disk, a service for its steps to call and a load
//! generator, all on loopback. What Tenure does is done by a plain HTTP client too, in turns
//! and in the same run: only the ratio of the two means anything on another machine.
//!
//! `cargo run --release -p benches -- all`

#![expect(clippy::print_stdout, reason = "tables are what this program is for")]

mod commits;
mod disk;
mod figures;
mod load;
mod memory;
mod program;
mod project;
mod service;
mod start;
mod table;
mod throughput;
mod workload;

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};
use serde_json::{Map, Value};

use crate::program::Program;

/// Measures Tenure from the outside
#[derive(Debug, Parser)]
#[command(after_help = "Examples:
  cargo run --release -p benches -- all --json target/figures.json
  cargo run --release -p benches -- throughput --rounds 7 --at 64")]
struct Arguments {
    /// The program that is measured; built from this checkout when not given
    #[arg(long, global = true, value_name = "FILE")]
    program: Option<PathBuf>,

    /// Writes all figures to this file too
    #[arg(long, global = true, value_name = "FILE")]
    json: Option<PathBuf>,

    #[command(subcommand)]
    mode: Mode,
}

#[derive(Debug, Subcommand)]
enum Mode {
    /// Steps a second and the time of a run, beside a plain client
    Throughput(throughput::Arguments),
    /// Durable commits a second
    Commits(commits::Arguments),
    /// From the start of the program to its first accepted event
    Start(start::Arguments),
    /// Memory when idle, after load, and of runs that wait
    Memory(memory::Arguments),
    /// Bytes on disk of a run
    Disk(disk::Arguments),
    /// Everything, one after the other
    All,
}

#[tokio::main]
async fn main() -> Result<()> {
    let Arguments { program, json, mode } = Arguments::parse();
    // Another crate in this tree may bring a second provider: choosing one is up to the program.
    rustls::crypto::ring::default_provider().install_default().ok();
    let program = Program::find(program).await?;
    let mut figures = Map::new();
    match mode {
        Mode::Throughput(asked) => throughput::measure(&program, &asked, &mut figures).await?,
        Mode::Commits(asked) => commits::measure(&asked, &mut figures).await?,
        Mode::Start(asked) => start::measure(&program, &asked, &mut figures).await?,
        Mode::Memory(asked) => memory::measure(&program, &asked, &mut figures).await?,
        Mode::Disk(asked) => disk::measure(&program, &asked, &mut figures).await?,
        Mode::All => all(&program, &mut figures).await?,
    };
    if let Some(file) = json {
        let text = serde_json::to_string_pretty(&Value::Object(figures))?;
        std::fs::write(&file, text + "\n")
            .with_context(|| format!("{} cannot be written", file.display()))?;
    }
    Ok(())
}

async fn all(program: &Program, figures: &mut Map<String, Value>) -> Result<()> {
    commits::measure(&by_default(), figures).await?;
    start::measure(program, &by_default(), figures).await?;
    disk::measure(program, &by_default(), figures).await?;
    memory::measure(program, &by_default(), figures).await?;
    throughput::measure(program, &by_default(), figures).await
}

/// A mode's arguments when none are given.
fn by_default<A: clap::Args + clap::FromArgMatches>() -> A {
    let matches = A::augment_args(clap::Command::new("default")).get_matches_from(["default"]);
    A::from_arg_matches(&matches).expect("every argument has a default")
}
