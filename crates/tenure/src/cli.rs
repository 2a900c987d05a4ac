//! What can be typed.

use std::path::PathBuf;

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::commands::{
    check, completions, config, connectors, demo, init, playground, run, runs, serve,
};

/// Runs identity lifecycle workflows: what must happen when a person joins, moves or leaves.
#[derive(Debug, Parser)]
#[command(
    name = "tenure",
    version,
    propagate_version = true,
    arg_required_else_help = true,
    max_term_width = 100,
    after_help = "Examples:
  tenure demo                     see a joiner workflow run
  tenure init people && cd people start a project of your own
  tenure check                    find what a run would trip over
  tenure run hello                run a workflow here and now
  tenure serve                    take deliveries and run what they start

Environment:
  TENURE_TOKEN            bearer token of the daemon, for it and for its clients
  TENURE_SECRET_<NAME>    secret NAME of the connectors; TENURE_SECRET_<NAME>_FILE names its file"
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) settings: SettingFlags,

    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Where the settings stand in the help.
const SETTINGS: &str = "Settings (`tenure --help` lists all)";

impl Cli {
    /// Reads what was typed.
    pub(crate) fn read() -> Result<Self, clap::Error> {
        let mut matches = command().try_get_matches()?;
        Self::from_arg_matches_mut(&mut matches)
    }
}

/// Every command; those that are not about the settings do not list them again.
fn command() -> clap::Command {
    let mut command = Cli::command();
    // Only now do the commands inside have the settings too.
    command.build();
    command.mut_subcommands(|inner| match inner.get_name() {
        "serve" | "config" => inner,
        _ => without_settings(inner),
    })
}

fn without_settings(command: clap::Command) -> clap::Command {
    let command = command.mut_args(|argument| {
        let is_setting = argument.get_help_heading() == Some(SETTINGS);
        let hidden = is_setting && argument.is_hide_short_help_set();
        if hidden { argument.hide_short_help(false).hide(true) } else { argument }
    });
    command.mut_subcommands(without_settings)
}

/// The settings, as flags. Read as text here: `config` gives every layer the same reading.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = SETTINGS)]
pub(crate) struct SettingFlags {
    /// Directory of the project [default: the nearest one that holds a tenure.yaml]
    #[arg(
        long,
        short = 'C',
        global = true,
        value_name = "DIR",
        env = "TENURE_PROJECT",
        hide_env = true
    )]
    pub(crate) project: Option<PathBuf>,

    /// Directory that keeps the runs [env: TENURE_DATA=] [default: .tenure/ in the project]
    #[arg(long, global = true, value_name = "DIR", hide_short_help = true)]
    pub(crate) data: Option<String>,

    /// Address of the daemon [env: TENURE_LISTEN=] [default: 127.0.0.1:7117]
    #[arg(long, global = true, value_name = "ADDR", hide_short_help = true)]
    pub(crate) listen: Option<String>,

    /// What is logged: off, error, warn, info, debug, trace, or target=level [env: TENURE_LOG_LEVEL=]
    #[arg(long, global = true, value_name = "LEVEL", hide_short_help = true)]
    pub(crate) log_level: Option<String>,

    /// How it is logged: human or json [env: TENURE_LOG_FORMAT=]
    #[arg(long, global = true, value_name = "FORMAT", hide_short_help = true)]
    pub(crate) log_format: Option<String>,

    /// Most runs at work at the same time [env: TENURE_ACTIVE_RUNS=]
    #[arg(long, global = true, value_name = "N", hide_short_help = true)]
    pub(crate) active_runs: Option<String>,

    /// Most runs that wait for their turn [env: TENURE_QUEUED_RUNS=]
    #[arg(long, global = true, value_name = "N", hide_short_help = true)]
    pub(crate) queued_runs: Option<String>,

    /// Private network that connectors may reach; may be given again [env: TENURE_ALLOW_PRIVATE=]
    #[arg(long, global = true, value_name = "NETWORK", hide_short_help = true)]
    pub(crate) allow_private: Vec<String>,
}

/// What the program does.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Demo(demo::Arguments),
    Init(init::Arguments),
    Check(check::Arguments),
    Run(run::Arguments),
    Serve(serve::Arguments),
    #[command(subcommand)]
    Runs(runs::Command),
    #[command(subcommand)]
    Connectors(connectors::Command),
    Config(config::Arguments),
    Completions(completions::Arguments),
    Playground(playground::Arguments),
}

impl Command {
    /// How its answer, and its error, is printed.
    pub(crate) fn format(&self) -> Format {
        match self {
            Self::Check(arguments) => arguments.format,
            Self::Run(arguments) => arguments.format,
            Self::Runs(command) => command.format(),
            Self::Connectors(command) => command.format(),
            Self::Config(arguments) => arguments.format,
            Self::Demo(_)
            | Self::Init(_)
            | Self::Serve(_)
            | Self::Completions(_)
            | Self::Playground(_) => Format::Human,
        }
    }
}

/// How answers are printed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// For people.
    #[default]
    Human,
    /// For programs.
    Json,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_commands_about_settings_list_them() {
        let mut command = command();
        let mut help = |path: &[&str]| {
            let found = path.iter().try_fold(&mut command, |it, name| it.find_subcommand_mut(name));
            found.unwrap().render_long_help().to_string()
        };
        for path in [&[][..], &["serve"], &["config"]] {
            assert!(help(path).contains("--queued-runs"), "{path:?}");
        }
        for path in [&["run"][..], &["runs", "list"], &["connectors", "test"]] {
            assert!(help(path).contains("--project"), "{path:?}");
            assert!(!help(path).contains("--queued-runs"), "{path:?}");
        }
    }

    #[test]
    fn the_arguments_are_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_help_of_each_command_has_an_example() {
        fn walk(command: &clap::Command, path: &str) {
            let path = format!("{path} {}", command.get_name());
            if command.has_subcommands() {
                for inner in command.get_subcommands() {
                    walk(inner, &path);
                }
            }
            if !command.is_hide_set() {
                let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
                assert!(help.contains("Example"), "{path} shows no example");
            }
        }
        walk(&Cli::command(), "");
    }
}
