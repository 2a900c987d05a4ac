//! `tenure init`: a project that runs.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Args;

use crate::error::{CommandError, Exit};
use crate::terminal::{Terminal, marks};

/// Start a project: settings, a connector, a workflow that runs, a test event
#[derive(Debug, Args)]
#[command(after_help = "Example:
  tenure init people
  cd people
  tenure check
  tenure run hello name=Ann")]
pub(crate) struct Arguments {
    /// Directory of the project; made if it is not there
    #[arg(default_value = ".")]
    directory: PathBuf,
}

/// The files of a new project.
const FILES: [(&str, &str); 7] = [
    ("tenure.yaml", include_str!("../../init/tenure.yaml")),
    ("connectors/directory.yaml", include_str!("../../init/connectors/directory.yaml")),
    ("workflows/hello.yaml", include_str!("../../init/workflows/hello.yaml")),
    ("workflows/joiner.yaml", include_str!("../../init/workflows/joiner.yaml")),
    ("events/ann-joins.json", include_str!("../../init/events/ann-joins.json")),
    ("README.md", include_str!("../../init/README.md")),
    (".gitignore", include_str!("../../init/gitignore")),
];

/// Writes a new project; never over a file that is there.
pub(crate) fn perform(arguments: &Arguments) -> Result<Exit> {
    let root = &arguments.directory;
    let taken: Vec<_> = FILES.iter().filter(|(name, _)| root.join(name).exists()).collect();
    if let Some((name, _)) = taken.first() {
        return Err(CommandError::usage(format!("{} is there already", root.join(name).display()))
            .hint("choose another directory: `tenure init DIR`")
            .into());
    }
    for (name, text) in FILES {
        write_new(&root.join(name), text)?;
    }
    let mut terminal = Terminal::stdout();
    terminal.line(format!("Made a project in {}:", shown(root)))?;
    terminal.line("")?;
    for (name, _) in FILES {
        terminal.line(format!("  {name}"))?;
    }
    let (bold, plain) = (marks::BOLD, format!("{:#}", marks::BOLD));
    terminal.line("")?;
    terminal.line("Next:")?;
    terminal.line("")?;
    if root != Path::new(".") {
        terminal.line(format!("  {bold}cd {}{plain}", root.display()))?;
    }
    terminal.line(format!(
        "  {bold}tenure check{plain}                 find what a run would trip over"
    ))?;
    terminal
        .line(format!("  {bold}tenure run hello name=Ann{plain}    run a workflow here and now"))?;
    terminal.line(format!("  {bold}tenure run joiner --event events/ann-joins.json{plain}"))?;
    Ok(Exit::Succeeded)
}

fn shown(root: &Path) -> String {
    if root == Path::new(".") { "this directory".to_owned() } else { root.display().to_string() }
}

fn write_new(path: &Path, text: &str) -> Result<(), CommandError> {
    let written = || {
        if let Some(directory) = path.parent() {
            std::fs::create_dir_all(directory)?;
        }
        OpenOptions::new().write(true).create_new(true).open(path)?.write_all(text.as_bytes())
    };
    written().map_err(|error: std::io::Error| {
        let error_of = CommandError::failed(format!("{} cannot be written", path.display()));
        let error_of = error_of.caused_by(&error);
        match error.kind() {
            ErrorKind::PermissionDenied => error_of.hint("choose a directory you may write to"),
            _ => error_of,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::SettingFlags;
    use crate::project::Project;

    #[test]
    fn a_new_project_has_no_problems() {
        let directory = tempfile::tempdir().unwrap();
        let arguments = Arguments { directory: directory.path().join("people") };
        assert_eq!(perform(&arguments).unwrap(), Exit::Succeeded);
        let project = Project::load(&arguments.directory, &SettingFlags::default()).unwrap();
        let rendered: Vec<_> = project.reports.iter().map(|report| report.render(false)).collect();
        assert_eq!(rendered, Vec::<String>::new());
        assert_eq!(project.workflows().len(), 2);
        assert_eq!(project.connectors.len(), 1);
    }

    #[test]
    fn a_file_that_is_there_is_left_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("README.md");
        std::fs::write(&path, "mine").unwrap();
        let error = perform(&Arguments { directory: directory.path().to_owned() }).unwrap_err();
        assert!(error.to_string().ends_with("README.md is there already"), "{error}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "mine");
        assert!(!directory.path().join("tenure.yaml").exists());
    }
}
