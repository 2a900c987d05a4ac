//! `tenure runs`: what ran and what runs.

mod cancel;
mod list;
mod show;
mod source;
mod watch;

use anyhow::Result;
use clap::Subcommand;

use crate::cli::{Format, SettingFlags};
use crate::error::Exit;
use source::Source;

/// List, show, watch and cancel runs
#[derive(Debug, Subcommand)]
#[command(after_help = "Examples:
  tenure runs list --status failed
  tenure runs watch last")]
pub(crate) enum Command {
    List(list::Arguments),
    Show(show::Arguments),
    Watch(watch::Arguments),
    Cancel(cancel::Arguments),
}

impl Command {
    /// How its answer is printed.
    pub(crate) fn format(&self) -> Format {
        match self {
            Self::List(arguments) => arguments.format,
            Self::Show(arguments) => arguments.format,
            Self::Watch(arguments) => arguments.format,
            Self::Cancel(_) => Format::Human,
        }
    }
}

/// Does one of them; through the daemon if one holds the data directory.
pub(crate) async fn perform(command: Command, settings: SettingFlags) -> Result<Exit> {
    let source = Source::open(&settings).await?;
    match command {
        Command::List(arguments) => list::perform(arguments, &source).await,
        Command::Show(arguments) => show::perform(arguments, &source).await,
        Command::Watch(arguments) => watch::perform(arguments, &source).await,
        Command::Cancel(arguments) => cancel::perform(&arguments, &source).await,
    }
}
