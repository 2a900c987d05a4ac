//! `tenure completions`: lets a shell complete commands.

use std::io;

use anyhow::Result;
use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::cli::Cli;
use crate::error::Exit;
use crate::terminal::Terminal;

/// Print what a shell needs to complete tenure's commands
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  tenure completions bash > ~/.local/share/bash-completion/completions/tenure
  tenure completions zsh  > \"${fpath[1]}/_tenure\"
  tenure completions fish > ~/.config/fish/completions/tenure.fish")]
pub(crate) struct Arguments {
    /// The shell
    shell: Shell,
}

/// Prints the script for one shell.
pub(crate) fn perform(arguments: &Arguments) -> Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Cli::command(), "tenure", &mut script);
    let script = String::from_utf8(script).map_err(io::Error::other)?;
    Terminal::stdout().text(&script)?;
    Ok(Exit::Succeeded)
}
