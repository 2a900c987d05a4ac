//! `tenure runs watch`: follows a run to its end.

use anyhow::Result;
use clap::Args;
use tenure_api::{RunStatus, StepDetail};

use super::Source;
use crate::cli::Format;
use crate::error::{CommandError, Exit};
use crate::facts::Drawn;
use crate::screen::{Screen, Shape};
use crate::signals::Signals;
use crate::terminal::Terminal;
use crate::terminal::marks::{BOLD, DIM};

/// Follow a run to its end
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  tenure runs watch last
  tenure runs watch 0193b1c2d3e47f60a1b2c3d4e5f60718 --format json

Ends with 0 if the run succeeded. With --format json each fact is one line.")]
pub(crate) struct Arguments {
    /// Id of the run, four or more characters of its beginning or end, or `last` for the newest
    run: String,
    /// How the run is printed
    #[arg(long, value_enum, default_value_t)]
    pub(super) format: Format,
}

/// Draws a run until it has ended or nobody looks any more.
pub(super) async fn perform(arguments: Arguments, source: &Source) -> Result<Exit> {
    let id = source.meant(&arguments.run).await?;
    let detail = source.show(&id).await?;
    let mut facts = source.follow(&id).await?;
    let mut terminal = Terminal::stdout();
    if arguments.format == Format::Json {
        let mut status = detail.run.status;
        while let Some(event) = facts.next().await? {
            terminal.json(&event)?;
            status = event.run_status.unwrap_or(status);
        }
        return Ok(exit(status));
    }
    let subject = detail.run.subject.as_deref().map(|it| format!(", about {it}"));
    let subject = subject.unwrap_or_default();
    let workflow = &detail.run.workflow;
    terminal.line(format!("{BOLD}{workflow}{BOLD:#}  {DIM}run {id}{subject}{DIM:#}\n"))?;
    let mut screen = Screen::new(Shape::wide(widest(&detail.steps)));
    match facts.draw(&mut screen, Signals::listen()?.end()).await? {
        Drawn::Interrupted => {
            screen.erase()?;
            Ok(Exit::Succeeded)
        }
        Drawn::Stuck => Err(CommandError::failed("the run needs a person's decision")
            .hint(format!("see what was sent: tenure runs show {id}"))
            .into()),
        Drawn::Ended => {
            screen.finish()?;
            Ok(exit(screen.status()))
        }
    }
}

fn exit(status: RunStatus) -> Exit {
    if status == RunStatus::Succeeded { Exit::Succeeded } else { Exit::Failed }
}

fn widest(steps: &[StepDetail]) -> usize {
    let widths = steps.iter().map(|step| step.path.chars().count().max(widest(&step.steps)));
    widths.max().unwrap_or(0)
}
