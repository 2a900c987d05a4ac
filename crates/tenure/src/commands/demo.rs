//! `tenure demo`: a joiner workflow against real HTTP services, from event to end.

mod world;

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use serde_json::Value;
use tenure_api::RunStatus;

use crate::cli::SettingFlags;
use crate::client::Client;
use crate::error::{CommandError, Exit};
use crate::facts::{Drawn, Facts};
use crate::screen::{Screen, Shape};
use crate::signals::Signals;
use crate::terminal::Terminal;
use crate::terminal::marks::{BOLD, DIM};
use world::World;

/// The workflow that the demo shows.
const WORKFLOW: &str = "joiner";

/// See a joiner workflow run against real services on this machine
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  tenure demo
  tenure demo --once
  tenure demo --dir demo      keep the project, to change it and play on

Starts a people directory, a chat, a code host and two more services on this machine, writes a
project, starts the daemon and delivers an event. One service fails once and another one limits
how often it may be called, so that you see a retry and a wait. Stays until Ctrl-C.

A project that an earlier demo wrote to DIR is used as it is now, with the services' new addresses;
any other project there is left alone.")]
pub(crate) struct Arguments {
    /// End after the run, with its exit code
    #[arg(long)]
    once: bool,
    /// Directory of the project [default: a temporary one]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

/// Shows everything once, and stays if somebody is there to play with it.
pub(crate) async fn perform(arguments: Arguments, settings: SettingFlags) -> Result<Exit> {
    let mut signals = Signals::listen()?;
    let mut terminal = Terminal::stdout();
    let once = arguments.once || !terminal.is_live();
    let world = World::start(arguments.dir, settings).await?;
    introduce(&mut terminal, &world)?;
    let client = Client::new(world.service.address())?;
    let shown = show(&mut terminal, &world, &client, &mut signals).await;
    let exit = match shown {
        Ok(exit) if !once => {
            point(&mut terminal, &world)?;
            signals.end().await;
            // The terminal may be what went away.
            let _ = terminal.line("");
            Ok(exit)
        }
        shown => shown,
    };
    world.shutdown().await;
    exit
}

fn introduce(terminal: &mut Terminal, world: &World) -> Result<()> {
    let row = |name: &str, value: String| format!("  {DIM}{name:<10}{DIM:#} {value}");
    terminal.line(format!("{BOLD}Tenure demo{BOLD:#}"))?;
    terminal.line("")?;
    terminal.line(row("services", world.services()))?;
    let as_it_was = if world.is_kept() { ", as it was left" } else { "" };
    terminal.line(row("project", format!("{}{as_it_was}", world.root().display())))?;
    terminal.line(row("daemon", format!("http://{}", world.service.address())))?;
    terminal.line("")?;
    Ok(())
}

/// Delivers the event and draws what it starts.
async fn show(
    terminal: &mut Terminal,
    world: &World,
    client: &Client,
    signals: &mut Signals,
) -> Result<Exit> {
    let event = world.event(WORKFLOW)?;
    terminal.line(format!("{BOLD}An event is delivered:{BOLD:#} {}", told(&event)))?;
    let accepted = client.deliver(&event).await?;
    let Some(run) = accepted.runs.first() else {
        let why =
            accepted.not_started.into_iter().map(|it| format!("{}: {}", it.workflow, it.reason));
        let error = CommandError::failed("the event started no workflow");
        return Err(why.fold(error, CommandError::because).into());
    };
    terminal.line(format!("{BOLD}It starts a run:{BOLD:#} {WORKFLOW} {DIM}{run}{DIM:#}"))?;
    terminal.line("")?;
    let plans = world.service.project().workflows();
    let plan = plans.iter().find(|plan| plan.name == WORKFLOW);
    let mut screen = Screen::new(plan.map(|plan| Shape::of(plan)).unwrap_or_default());
    match Facts::there(client, run).draw(&mut screen, signals.end()).await? {
        Drawn::Interrupted => {
            screen.erase()?;
            return Ok(Exit::Failed);
        }
        Drawn::Stuck => {
            screen.erase()?;
            return Err(CommandError::failed("the run needs a person's decision").into());
        }
        Drawn::Ended => {}
    }
    let detail = client.run(run).await?;
    screen.finish()?;
    terminal.line("")?;
    terminal.line(format!("{BOLD}What the services now know{BOLD:#}"))?;
    terminal.line("")?;
    for (service, knows) in world.effects() {
        terminal.line(format!("  {DIM}{service:<10}{DIM:#} {knows}"))?;
    }
    let succeeded = detail.run.status == RunStatus::Succeeded;
    Ok(if succeeded { Exit::Succeeded } else { Exit::Failed })
}

/// The event in one line.
fn told(event: &Value) -> String {
    let text = |pointer: &str| event.pointer(pointer).and_then(Value::as_str);
    let kind = text("/type").unwrap_or_default();
    match text("/data/user/displayName") {
        Some(name) => format!("{kind} {DIM}({name}){DIM:#}"),
        None => kind.to_owned(),
    }
}

/// Where to look and what to try, while everything still runs.
fn point(terminal: &mut Terminal, world: &World) -> Result<()> {
    let mut tries = vec![(format!("cd {}", world.root().display()), "")];
    tries.extend(alias().map(|alias| (alias, "")));
    let commands = [
        ("runs show last", "each step, each attempt"),
        ("runs list", "all runs"),
        ("connectors test directory", "is a service there, and are we known to it?"),
        ("run mover --event events/mover.json", "she moves to another department"),
        ("run leaver --event events/leaver.json", "and leaves"),
    ];
    tries.extend(commands.map(|(command, what)| (format!("tenure {command}"), what)));
    let column = commands.iter().map(|(command, _)| command.len()).max().unwrap_or(0);
    let column = column + "tenure ".len();
    terminal.line("")?;
    terminal.line(format!("{BOLD}In another terminal{BOLD:#}"))?;
    terminal.line("")?;
    for (command, what) in tries {
        let line = format!("  {command:<column$}   {DIM}{what}{DIM:#}");
        terminal.line(if what.is_empty() { format!("  {command}") } else { line })?;
    }
    terminal.line("")?;
    terminal.line("Everything stays as it is until you press Ctrl-C.")?;
    Ok(())
}

/// What makes `tenure` this program, unless it was found by that name.
fn alias() -> Option<String> {
    let typed = std::env::args_os().next()?;
    if std::path::Path::new(&typed).components().count() == 1 {
        return None;
    }
    let program = std::env::current_exe().ok()?;
    Some(format!("alias tenure={}", program.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_event_is_told_in_one_line() {
        let told = |event| anstream::adapter::strip_str(&told(&event)).to_string();
        let named = json!({
            "type": "identity.user.created",
            "data": { "user": { "displayName": "Ann Example" } },
        });
        assert_eq!(told(named), "identity.user.created (Ann Example)");
        assert_eq!(told(json!({ "type": "group.created" })), "group.created");
    }
}
