//! `tenure runs cancel`: asks a run to end.

use anyhow::Result;
use clap::Args;

use super::Source;
use crate::error::Exit;
use crate::terminal::Terminal;

/// Ask a run to end
#[derive(Debug, Args)]
#[command(after_help = "Example:
  tenure runs cancel 0193b1c2d3e47f60a1b2c3d4e5f60718

Nothing new is begun; a request in hand may end. What was done is not undone.")]
pub(crate) struct Arguments {
    /// Id of the run, four or more characters of its beginning or end, or `last` for the newest
    run: String,
}

/// Asks the daemon, which drives all runs, to end this one.
pub(super) async fn perform(arguments: &Arguments, source: &Source) -> Result<Exit> {
    let client = source.daemon()?;
    let id = source.meant(&arguments.run).await?;
    let summary = client.cancel(&id).await?;
    let status = summary.status.word().replace('_', " ");
    Terminal::stdout().line(format!("run {} was asked to end; it is {status}", summary.id))?;
    Ok(Exit::Succeeded)
}
