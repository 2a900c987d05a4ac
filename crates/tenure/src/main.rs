//! The program: command line and daemon.
//!
//! Arguments, configuration, wiring, signals and terminal output live here, and nothing that
//! decides what a run does: that is the engine's. Nothing below this crate prints.

mod cli;
mod client;
mod commands;
mod config;
mod daemon;
mod error;
mod facts;
mod project;
mod screen;
mod service;
mod signals;
mod telemetry;
mod terminal;
mod wiring;

use std::process::ExitCode;

use crate::cli::Format;
use crate::error::{CommandError, Exit, report};

fn main() -> ExitCode {
    std::panic::set_hook(Box::new(error::on_panic));
    // One provider for the whole process: two in the tree would make the first connection panic.
    if rustls::crypto::ring::default_provider().install_default().is_err() {
        let error = CommandError::failed("encryption is set up twice");
        return report(&error.into(), Format::Human).into();
    }
    let cli = match cli::Cli::read() {
        Ok(cli) => cli,
        Err(error) => return on_arguments(&error).into(),
    };
    let format = cli.command.format();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            let error = CommandError::failed("no executor could be started").caused_by(&error);
            return report(&error.into(), format).into();
        }
    };
    let ended = runtime.block_on(commands::perform(cli));
    // A blocking task that hangs must not keep a finished command from ending.
    runtime.shutdown_timeout(std::time::Duration::from_secs(2));
    match ended {
        Ok(exit) => exit.into(),
        Err(error) => report(&error, format).into(),
    }
}

/// Help and versions are answers; anything else is a mistake in the arguments.
fn on_arguments(error: &clap::Error) -> Exit {
    // Nobody is left to tell when the stream is gone.
    let _ = error.print();
    if error.use_stderr() { Exit::Usage } else { Exit::Succeeded }
}
