//! `tenure config`: prints what is in force and where each value came from.

use anyhow::Result;
use clap::Args;
use serde_json::{Map, json};

use crate::cli::{Format, SettingFlags};
use crate::config::{Config, FILE_NAME, TOKEN_VARIABLE, in_environment};
use crate::error::Exit;
use crate::project::{self, Project};
use crate::terminal::{Table, Terminal, stderr_has_colours};

/// Print the settings in force, and where each value was written
#[derive(Debug, Args)]
#[command(after_help = "Example:
  TENURE_LISTEN=127.0.0.1:8080 tenure config

A flag beats an environment variable beats tenure.yaml beats the default.")]
pub(crate) struct Arguments {
    /// How the answer is printed
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}

/// Prints every setting of the project here.
pub(crate) fn perform(arguments: &Arguments, settings: &SettingFlags) -> Result<Exit> {
    let root = project::root(settings)?;
    let loaded = Config::load(&root, settings)?;
    let mut rows = loaded.config.rows();
    let token = std::env::var_os(TOKEN_VARIABLE).is_some_and(|token| !token.is_empty());
    // Whether there is a token matters, and nobody may read which one.
    rows.push(if token {
        ("token".to_owned(), "(secret)".to_owned(), TOKEN_VARIABLE.to_owned())
    } else {
        ("token".to_owned(), "none".to_owned(), "default".to_owned())
    });
    let project = Project::load(&root, settings)?;
    for name in &project.secret_names {
        let Some(variable) = in_environment(name) else { continue };
        let row = (format!("secrets.{name}"), "(secret)".to_owned(), variable);
        // What the environment says beats the file that tenure.yaml names.
        match rows.iter_mut().find(|(setting, ..)| *setting == row.0) {
            Some(taken) => *taken = row,
            None => rows.push(row),
        }
    }
    let mut terminal = Terminal::stdout();
    match arguments.format {
        Format::Json => {
            let settings = rows
                .into_iter()
                .map(|(name, value, origin)| (name, json!({ "value": value, "origin": origin })));
            let settings: Map<_, _> = settings.collect();
            terminal.pretty_json(&json!({ "project": root, "settings": settings }))?;
        }
        Format::Human => {
            let mut table = Table::new(["SETTING", "VALUE", "FROM"]);
            for (name, value, origin) in rows {
                table.row([name, value, origin]);
            }
            for line in table.lines() {
                terminal.line(line)?;
            }
        }
    }
    let Some(report) = loaded.report.filter(|report| !report.problems.is_empty()) else {
        return Ok(Exit::Succeeded);
    };
    let drawn = report.render(stderr_has_colours());
    anstream::eprintln!(
        "\n{drawn}\n\n{FILE_NAME} has problems: what is wrong in it is not in force"
    );
    Ok(if report.has_errors() { Exit::Usage } else { Exit::Succeeded })
}
