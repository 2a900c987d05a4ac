//! `tenure connectors test`: tries one connector.

use std::time::Duration;

use anyhow::Result;
use clap::Args;
use tenure_api::ConnectorTest;
use tenure_connector::{Registry, Unavailable};
use tenure_language::did_you_mean;

use super::source::{Source, left_out};
use crate::cli::{Format, SettingFlags};
use crate::error::{CommandError, Exit};
use crate::terminal::{Terminal, marks, took};

/// Send a connector's test request and say what came of it
#[derive(Debug, Args)]
#[command(after_help = "Example:
  tenure connectors test directory

Sends the request under `test:` in the connector's file, once, with its credentials. Ends with 0
if it was answered with a 2xx status.")]
pub(crate) struct Arguments {
    /// Name of the connector
    name: String,
    /// How the answer is printed
    #[arg(long, value_enum, default_value_t)]
    pub(super) format: Format,
}

/// Tries a connector.
pub(super) async fn perform(arguments: &Arguments, settings: &SettingFlags) -> Result<Exit> {
    let name = &arguments.name;
    let result = match Source::open(settings).await? {
        Source::Daemon(client) => client.test_connector(name).await?,
        Source::Project { registry, broken } => {
            let client =
                registry.get(name).map_err(|error| unavailable(&error, &registry, &broken))?;
            tenure_server::probe(&client).await
        }
    };
    let mut terminal = Terminal::stdout();
    match arguments.format {
        Format::Json => terminal.pretty_json(&result)?,
        Format::Human => terminal.line(line(&result))?,
    }
    Ok(if result.ok { Exit::Succeeded } else { Exit::Failed })
}

fn line(result: &ConnectorTest) -> String {
    let time = result.attempts.iter().map(|attempt| attempt.duration_ms).sum();
    let time = took(Duration::from_millis(time));
    let look = marks::passed(result.ok);
    // A failure names its connector itself.
    let message = match result.ok {
        true => format!("connector \"{}\": {}", result.connector, result.message),
        false => result.message.clone(),
    };
    format!("{}  {message}  ({}, {time})", look.shown(0), result.request)
}

fn unavailable(error: &Unavailable, registry: &Registry, broken: &[String]) -> CommandError {
    let mut message = CommandError::usage(error.to_string());
    match error {
        Unavailable::Unknown { name } => {
            let names = registry.names();
            if let Some(hint) = did_you_mean(name, names.iter().map(String::as_str)) {
                message = message.hint(hint);
            }
            if broken.is_empty() { message } else { message.hint(left_out(broken)) }
        }
        Unavailable::Disabled { .. } => message.hint("set `enabled: true` in its file"),
    }
}
