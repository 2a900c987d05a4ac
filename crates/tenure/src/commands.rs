//! One command, one file.

pub(crate) mod check;
pub(crate) mod completions;
pub(crate) mod config;
pub(crate) mod connectors;
pub(crate) mod demo;
pub(crate) mod init;
pub(crate) mod playground;
pub(crate) mod run;
pub(crate) mod runs;
pub(crate) mod serve;

use anyhow::Result;

use crate::cli::{Cli, Command};
use crate::error::Exit;

/// Does what was typed.
pub(crate) async fn perform(cli: Cli) -> Result<Exit> {
    let settings = cli.settings;
    match cli.command {
        Command::Demo(arguments) => demo::perform(arguments, settings).await,
        Command::Init(arguments) => init::perform(&arguments),
        Command::Check(arguments) => check::perform(&arguments, &settings),
        Command::Run(arguments) => Box::pin(run::perform(arguments, settings)).await,
        Command::Serve(arguments) => Box::pin(serve::perform(arguments, settings)).await,
        Command::Runs(command) => Box::pin(runs::perform(command, settings)).await,
        Command::Connectors(command) => Box::pin(connectors::perform(command, settings)).await,
        Command::Config(arguments) => config::perform(&arguments, &settings),
        Command::Completions(arguments) => completions::perform(&arguments),
        Command::Playground(arguments) => playground::perform(arguments).await,
    }
}
