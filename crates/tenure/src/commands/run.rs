//! `tenure run`: runs a workflow here and now, or in the daemon that holds the data directory.

mod given;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Result;
use clap::Args;
use serde_json::Value;
use tenure_api::{RunDetail, RunStatus};
use tenure_engine::{Engine, StartError, StartRun};
use tenure_event::Event;
use tenure_language::did_you_mean;
use tenure_server::run_detail;

use crate::cli::{Format, SettingFlags};
use crate::client::Client;
use crate::daemon::{self, Notice};
use crate::error::{CommandError, Exit};
use crate::facts::{Drawn, Facts};
use crate::project::{self, Project, belonging_to};
use crate::screen::{Screen, Shape};
use crate::signals::Signals;
use crate::telemetry::{Audience, Telemetry};
use crate::terminal::Terminal;
use crate::terminal::marks::{BOLD, DIM};
use crate::wiring;
use given::Given;

/// How long requests in hand may take to end after Ctrl-C.
const GRACE: Duration = Duration::from_secs(30);

/// Run a workflow here and now, to its end
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  tenure run hello name=Ann
  tenure run report days:=30 --format json
  tenure run joiner --event events/ann-joins.json
  tenure run workflows/mover.yaml --input person.json

NAME=TEXT gives text, NAME:=JSON anything else. Ends with 0 if the run succeeded, with 1 if it
failed, with 2 if it was not begun. While a daemon holds the data directory, the run is its.")]
pub(crate) struct Arguments {
    /// Name of the workflow, or its file
    workflow: String,
    /// Input, value by value
    #[arg(value_name = "NAME=TEXT")]
    values: Vec<String>,
    /// Input as JSON or YAML; `-` reads it from the standard input
    #[arg(long, value_name = "FILE")]
    input: Option<PathBuf>,
    /// Event that the run answers, as CloudEvents JSON
    #[arg(long, value_name = "FILE")]
    event: Option<PathBuf>,
    /// How the run is printed
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}

/// What is to be run.
struct Order {
    workflow: String,
    version: String,
    shape: Shape,
    given: Given,
    format: Format,
}

/// Runs a workflow.
pub(crate) async fn perform(arguments: Arguments, settings: SettingFlags) -> Result<Exit> {
    let given =
        Given::read(&arguments.values, arguments.input.as_deref(), arguments.event.as_deref())?;
    let path = Path::new(&arguments.workflow);
    let is_file = path.extension().is_some_and(|it| it == "yaml" || it == "yml") && path.is_file();
    let (root, file) =
        if is_file { belonging_to(path)? } else { (project::root(&settings)?, None) };
    let project = Project::load_with(&root, &settings, file.as_deref())?;
    let plan = match &file {
        Some(file) => project.plans.get(file).cloned(),
        None => project.workflows().into_iter().find(|plan| plan.name == arguments.workflow),
    };
    let Some(plan) = plan else {
        return Err(no_workflow(&project, file.as_deref(), &arguments.workflow).into());
    };
    let order = Order {
        workflow: plan.name.clone(),
        version: plan.version.to_string(),
        shape: Shape::of(&plan),
        given,
        format: arguments.format,
    };
    match daemon::holder_of(&project.config.data.value).await? {
        Some((notice, client)) => in_daemon(order, &client, &notice).await,
        None => here(order, project).await,
    }
}

/// Why a workflow cannot be run; shows what is wrong with its file, if it has one.
fn no_workflow(project: &Project, file: Option<&str>, name: &str) -> CommandError {
    let is_there = file.is_some() || project.declared.contains(name);
    if is_there && let Err(error) = wiring::must_be_sound(project) {
        return error;
    }
    let names: Vec<_> = project.declared.iter().map(String::as_str).collect();
    let mut error = CommandError::usage(format!("workflow {name:?} does not exist"));
    error = match (did_you_mean(name, names.iter().copied()), names.is_empty()) {
        (Some(hint), _) => error.hint(hint),
        (None, true) => match project::nearby(&project.root) {
            Some(hint) => error.hint(hint),
            None => error.hint("there are no workflows here: `tenure init` makes a project"),
        },
        (None, false) => error.hint(format!("there are: {}", names.join(", "))),
    };
    match broken(project) {
        Some(files) => error.hint(format!("`tenure check` finds problems in {files}")),
        None => error,
    }
}

/// The files that have problems, unless none has.
fn broken(project: &Project) -> Option<String> {
    let broken = project.reports.iter().filter(|report| report.has_errors());
    let broken: Vec<_> = broken.map(|report| report.file.as_str()).collect();
    (!broken.is_empty()).then(|| broken.join(", "))
}

/// Refuses a workflow that the daemon has not read, and says if it has an older one.
async fn is_read(order: &Order, client: &Client, notice: &Notice) -> Result<(), CommandError> {
    let (name, pid) = (&order.workflow, notice.pid);
    let read = client.workflows().await?.items;
    match read.into_iter().find(|workflow| workflow.name == *name) {
        None => Err(CommandError::usage(format!("the daemon has not read workflow {name:?} yet"))
            .because(format!("the daemon at {} holds the data directory", client.address()))
            .hint(format!("kill -HUP {pid} makes it read the project again"))),
        Some(workflow) if workflow.version != order.version => {
            anstream::eprintln!(
                "warning: the daemon runs another version of {name:?} than its file holds; kill \
                 -HUP {pid} makes it read the project again\n"
            );
            Ok(())
        }
        Some(_) => Ok(()),
    }
}

/// Says that other files have problems; this run does not need them.
fn warn_of_others(project: &Project) {
    if let Some(files) = broken(project) {
        anstream::eprintln!("warning: `tenure check` finds problems in {files}\n");
    }
}

async fn in_daemon(order: Order, client: &Client, notice: &Notice) -> Result<Exit> {
    is_read(&order, client, notice).await?;
    let Order { workflow, shape, given, format, .. } = order;
    let started = match &given.event {
        None => client.start_run(&workflow, &given.input).await?,
        Some(_) if !given.input.is_null() => {
            return Err(CommandError::usage("a daemon takes an input or an event, not both")
                .because(format!("the daemon at {} holds the data directory", client.address()))
                .hint("use --data DIR to run it in this process")
                .into());
        }
        Some(event) => client.start_run_with_event(&workflow, event).await?,
    };
    let facts = Facts::there(client, &started.run);
    if format == Format::Human {
        heading(&workflow, &started.run, Some(client))?;
    }
    let drawn = draw(facts, shape, format, &mut Signals::listen()?).await?;
    if drawn == Drawn::Interrupted {
        let mut terminal = Terminal::stdout();
        terminal.line(format!(
            "\nthe run goes on; follow it with: tenure runs watch {}",
            started.run
        ))?;
        return Ok(Exit::Failed);
    }
    let detail = client.run(&started.run).await?;
    conclude(&detail, format)
}

async fn here(order: Order, project: Project) -> Result<Exit> {
    let plan = project.workflows().into_iter().find(|plan| plan.name == order.workflow);
    if plan.is_some_and(|plan| project.lacks_connector_of(&plan)) {
        wiring::must_be_sound(&project)?;
    }
    warn_of_others(&project);
    let telemetry = Telemetry::start(&project.config, Audience::Screen)?;
    let engine = wiring::engine(&project, telemetry.injector()).await?;
    let ended = drive(order, &engine).await;
    engine.shutdown(GRACE).await;
    telemetry.shutdown().await;
    ended
}

async fn drive(order: Order, engine: &Engine) -> Result<Exit> {
    let Order { workflow, shape, given, format, .. } = order;
    let mut signals = Signals::listen()?;
    let event = given.event.map(event).transpose()?;
    let wish = StartRun {
        workflow: workflow.clone(),
        input: given.input,
        event,
        initiator: "cli".to_owned(),
        idempotency_key: None,
    };
    let started = engine.start_run(wish).await.map_err(not_started)?;
    let id = started.run.to_string();
    if format == Format::Human {
        heading(&workflow, &id, None)?;
    }
    let facts = Facts::here(engine.runlog(), started.run);
    if draw(facts, shape, format, &mut signals).await? == Drawn::Interrupted {
        let mut terminal = Terminal::stdout();
        terminal.line("\nending once the requests in hand have; Ctrl-C again ends at once")?;
        tokio::select! {
            () = engine.shutdown(GRACE) => {}
            () = signals.end() => {}
        }
        terminal.line("the run is kept; `tenure serve`, or the next run here, goes on with it")?;
        return Ok(Exit::Failed);
    }
    let run = engine.run(started.run).await?;
    let run = run.ok_or_else(|| CommandError::failed(format!("run {id} is gone")))?;
    conclude(&run_detail(&run), format)
}

async fn draw(
    mut facts: Facts,
    shape: Shape,
    format: Format,
    signals: &mut Signals,
) -> Result<Drawn> {
    if format == Format::Json {
        return quietly(&mut facts, signals).await;
    }
    let mut screen = Screen::new(shape);
    let drawn = facts.draw(&mut screen, signals.end()).await?;
    match drawn {
        Drawn::Interrupted => screen.erase()?,
        Drawn::Ended | Drawn::Stuck => screen.finish()?,
    }
    Ok(drawn)
}

/// Waits for the end without drawing; the result is printed as one document.
async fn quietly(facts: &mut Facts, signals: &mut Signals) -> Result<Drawn> {
    let mut screen = Screen::hidden();
    facts.draw(&mut screen, signals.end()).await
}

fn event(document: Value) -> Result<Event, CommandError> {
    Event::from_value(document, jiff::Timestamp::now())
        .map_err(|error| CommandError::usage("the event cannot be used").caused_by(&error))
}

fn not_started(error: StartError) -> CommandError {
    let message = CommandError::usage(error.to_string());
    match error {
        StartError::Input { violations, .. } => {
            violations.into_iter().fold(message, CommandError::because)
        }
        StartError::NotManual { .. } => {
            message.hint("give it an event with --event FILE, or add `manual: {}` to its triggers")
        }
        StartError::UnknownWorkflow { hint: Some(hint), .. } => message.hint(hint),
        StartError::Accept(error) => {
            CommandError::failed("the run could not be kept").caused_by(&error)
        }
        _ => message,
    }
}

fn heading(workflow: &str, run: &str, client: Option<&Client>) -> Result<()> {
    let place = client.map(|client| format!(", in the daemon at {}", client.address()));
    let place = place.unwrap_or_default();
    let mut terminal = Terminal::stdout();
    terminal.line(format!("{BOLD}{workflow}{BOLD:#}  {DIM}run {run}{place}{DIM:#}\n"))?;
    Ok(())
}

/// Prints what the run answered and turns its status into the program's.
fn conclude(detail: &RunDetail, format: Format) -> Result<Exit> {
    let mut terminal = Terminal::stdout();
    match format {
        Format::Json => terminal.pretty_json(detail)?,
        Format::Human => {
            if !detail.output.is_null() {
                terminal.pretty_json(&detail.output)?;
            }
            if detail.run.status == RunStatus::NeedsAttention {
                let reason = detail.run.reason.clone().unwrap_or_default();
                return Err(CommandError::failed("the run needs a person's decision")
                    .because(reason)
                    .hint(format!("see what was sent: tenure runs show {}", detail.run.id))
                    .into());
            }
        }
    }
    Ok(if detail.run.status == RunStatus::Succeeded { Exit::Succeeded } else { Exit::Failed })
}
