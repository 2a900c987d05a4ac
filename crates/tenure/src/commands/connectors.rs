//! `tenure connectors`: the systems that workflows call.

mod list;
mod source;
mod test;

use anyhow::Result;
use clap::Subcommand;

use crate::cli::{Format, SettingFlags};
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

impl Command {
    /// How its answer is printed.
    pub(crate) fn format(&self) -> Format {
        match self {
            Self::List(arguments) => arguments.format,
            Self::Test(arguments) => arguments.format,
        }
    }
}

/// Does one of them; through the daemon if one holds the data directory.
pub(crate) async fn perform(command: Command, settings: SettingFlags) -> Result<Exit> {
    match command {
        Command::List(arguments) => list::perform(&arguments, &settings).await,
        Command::Test(arguments) => test::perform(&arguments, &settings).await,
    }
}
