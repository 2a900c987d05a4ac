//! `tenure connectors`: the systems that workflows call.

mod list;
mod source;
mod test;

use anyhow::Result;
use clap::Subcommand;

use crate::cli::SettingFlags;
use crate::error::Exit;

/// List and test connectors
#[derive(Debug, Subcommand)]
#[command(after_help = "Examples:
  tenure connectors list
  tenure connectors test directory")]
pub(crate) enum Command {
    List(list::Arguments),
    Test(test::Arguments),
}

/// Does one of them; through the daemon if one holds the data directory.
pub(crate) async fn perform(command: Command, settings: SettingFlags) -> Result<Exit> {
    match command {
        Command::List(arguments) => list::perform(&arguments, &settings).await,
        Command::Test(arguments) => test::perform(&arguments, &settings).await,
    }
}
