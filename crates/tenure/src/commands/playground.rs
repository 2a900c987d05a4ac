//! `tenure playground`: the services of the demo, for tests and for trying things out.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use tenure_playground::{Credentials, Options, Playground, Ports, Service};

use crate::error::{CommandError, Exit};
use crate::signals::Signals;
use crate::terminal::{Table, Terminal};

/// Start the services of the demo, to try connectors and workflows on
#[derive(Debug, Args)]
#[command(after_help = "Example:
  tenure playground --first-port 7200 --log requests.jsonl")]
pub(crate) struct Arguments {
    /// First of five ports in a row; free ones are chosen without it
    #[arg(long, value_name = "PORT")]
    first_port: Option<u16>,
    /// File to which each request is appended as a line of JSON
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
    /// Take any number of requests
    #[arg(long)]
    unlimited: bool,
    /// Forget what a repeated Idempotency-Key was answered with
    #[arg(long)]
    ignore_keys: bool,
}

/// Runs the services until told to end.
pub(crate) async fn perform(arguments: Arguments) -> Result<Exit> {
    let mut signals = Signals::listen()?;
    let ports = match arguments.first_port {
        None => None,
        Some(first) => Some(Ports::starting_at(first).ok_or_else(|| {
            CommandError::usage(format!("port {first} leaves no room for five services"))
        })?),
    };
    let options = Options {
        ports,
        log_file: arguments.log,
        honour_keys: !arguments.ignore_keys,
        ..Options::default()
    };
    let options = if arguments.unlimited { options.unlimited() } else { options };
    let playground = Playground::start(options)
        .await
        .map_err(|error| CommandError::failed("the playground did not start").caused_by(&error))?;
    let mut table = Table::new(["SERVICE", "BASE URL", "AUTH"]);
    for service in Service::ALL {
        let base_url = playground.addresses().base_url(service);
        table.row([service.name().to_owned(), base_url, auth(service)]);
    }
    let mut terminal = Terminal::stdout();
    for line in table.lines() {
        terminal.line(line)?;
    }
    terminal.line("")?;
    let origin = playground.addresses().origin(Service::Directory);
    terminal.line(format!("What all of them were asked: curl {origin}/_playground/log"))?;
    terminal.line("Ctrl-C ends them.")?;
    signals.end().await;
    playground.shutdown().await;
    Ok(Exit::Succeeded)
}

/// How a service knows us. These credentials are no secret: they open nothing else.
fn auth(service: Service) -> String {
    let known = Credentials::demo();
    match service {
        Service::Directory => {
            format!("basic {} {}", known.directory_username, known.directory_password)
        }
        Service::Chat => format!("bearer {}", known.chat_token),
        Service::CodeHost => format!("header X-Api-Key: {}", known.code_host_key),
        Service::Personnel => format!("query key={}", known.personnel_key),
        Service::StatusPage => "none".to_owned(),
    }
}
