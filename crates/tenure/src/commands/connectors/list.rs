//! `tenure connectors list`: the systems that workflows call.

use anyhow::Result;
use clap::Args;
use tenure_api::{ConnectorState, ConnectorSummary};
use tenure_server::connector_summary;

use super::source::{Source, left_out};
use crate::cli::{Format, SettingFlags};
use crate::error::Exit;
use crate::terminal::{Table, Terminal};

/// List connectors
#[derive(Debug, Args)]
#[command(after_help = "Example:
  tenure connectors list")]
pub(crate) struct Arguments {
    /// How the list is printed
    #[arg(long, value_enum, default_value_t)]
    pub(super) format: Format,
}

/// Prints connectors, never their credentials.
pub(super) async fn perform(arguments: &Arguments, settings: &SettingFlags) -> Result<Exit> {
    let (items, broken): (Vec<ConnectorSummary>, _) = match Source::open(settings).await? {
        Source::Daemon(client) => (client.connectors().await?.items, Vec::new()),
        Source::Project { registry, broken } => {
            let clients = registry.all();
            let items = clients.iter().map(|client| connector_summary(client.connector()));
            (items.collect(), broken)
        }
    };
    let mut terminal = Terminal::stdout();
    if arguments.format == Format::Json {
        terminal.pretty_json(&tenure_api::List { items })?;
        return Ok(Exit::Succeeded);
    }
    if items.is_empty() {
        terminal.line("no connectors")?;
    } else {
        let mut table = Table::new(["NAME", "STATE", "AUTH", "BASE URL", "ACTIONS"]);
        for connector in items {
            let state = match connector.state {
                ConnectorState::Enabled => "enabled",
                ConnectorState::Disabled => "disabled",
            };
            table.row([
                connector.name,
                state.to_owned(),
                connector.auth.unwrap_or_default(),
                connector.base_url.unwrap_or_default(),
                connector.actions.join(", "),
            ]);
        }
        for line in table.lines() {
            terminal.line(line)?;
        }
    }
    if !broken.is_empty() {
        terminal.line(format!("\n{}", left_out(&broken)))?;
    }
    Ok(Exit::Succeeded)
}
