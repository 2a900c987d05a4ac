//! Errors as people read them.

use std::fmt;
use std::io::{self, Write};
use std::process::ExitCode;

use anstyle::{AnsiColor, Style};
use serde_json::{Value, json};
use tenure_language::Report;

use crate::cli::Format;
use crate::terminal::stderr_has_colours;

const RED: Style = AnsiColor::Red.on_default().bold();
const CYAN: Style = AnsiColor::Cyan.on_default().bold();

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// What was asked for was done.
    Succeeded,
    /// It was tried, and failed.
    Failed,
    /// It was not tried: wrong arguments, settings or files.
    Usage,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Succeeded => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
        })
    }
}

/// Why a command ended badly, with what to do about it.
#[derive(Debug)]
pub(crate) struct CommandError {
    message: String,
    causes: Vec<String>,
    hints: Vec<String>,
    /// What is wrong with files, each mistake where it stands.
    reports: Vec<Report>,
    exit: Exit,
}

impl CommandError {
    /// Something that was tried and failed.
    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            causes: Vec::new(),
            hints: Vec::new(),
            reports: Vec::new(),
            exit: Exit::Failed,
        }
    }

    /// Something that was not tried because what was given is wrong.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self { exit: Exit::Usage, ..Self::failed(message) }
    }

    /// Adds one line of the chain of causes.
    pub(crate) fn because(mut self, cause: impl Into<String>) -> Self {
        self.causes.push(cause.into());
        self
    }

    /// Adds an error and everything under it to the chain of causes.
    pub(crate) fn caused_by(mut self, error: &(dyn std::error::Error + 'static)) -> Self {
        let mut next = Some(error);
        while let Some(error) = next {
            self.causes.push(error.to_string());
            next = error.source();
        }
        self
    }

    /// Adds what is wrong with a file; it is shown first.
    pub(crate) fn about(mut self, report: Report) -> Self {
        self.reports.push(report);
        self
    }

    /// Adds what to do about it.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for CommandError {}

/// Prints why a command ended badly and says how the program ends.
///
/// A reader that went away (`tenure runs list | head`) is no failure.
pub(crate) fn report(error: &anyhow::Error, format: Format) -> Exit {
    if is_broken_pipe(error) {
        return Exit::Succeeded;
    }
    let text = match format {
        Format::Human => render(error),
        Format::Json => format!("{}\n", document(error)),
    };
    let mut screen = anstream::AutoStream::auto(io::stderr().lock());
    // Nobody is left to tell when the error stream is gone.
    let _ = write!(screen, "{text}");
    error.downcast_ref::<CommandError>().map_or(Exit::Failed, |error| error.exit)
}

/// Says what broke, and where, when the program itself is wrong.
pub(crate) fn on_panic(panic: &std::panic::PanicHookInfo<'_>) {
    let what = panic.payload_as_str().unwrap_or("no message");
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    let error = CommandError::failed("tenure hit a defect of its own")
        .because(format!("{what} ({place})"))
        .hint("accepted events and finished steps are on disk; start it again to go on")
        .hint("please report this with the two lines above and `tenure --version`");
    let backtrace = std::backtrace::Backtrace::capture();
    let mut screen = anstream::AutoStream::auto(io::stderr().lock());
    let _ = write!(screen, "{}", render(&error.into()));
    if backtrace.status() == std::backtrace::BacktraceStatus::Captured {
        let _ = writeln!(screen, "{backtrace}");
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|cause| cause.kind() == io::ErrorKind::BrokenPipe)
}

fn render(error: &anyhow::Error) -> String {
    let known = error.downcast_ref::<CommandError>();
    let mut text = String::new();
    for report in known.into_iter().flat_map(|known| &known.reports) {
        text.push_str(&format!("{}\n\n", report.render(stderr_has_colours())));
    }
    text.push_str(&format!("{RED}error:{RED:#} {error}\n"));
    for cause in causes(error) {
        text.push_str(&format!("  because: {cause}\n"));
    }
    for hint in known.into_iter().flat_map(|known| &known.hints) {
        text.push_str(&format!("{CYAN}hint:{CYAN:#} {hint}\n"));
    }
    text
}

/// The same for programs.
fn document(error: &anyhow::Error) -> Value {
    let known = error.downcast_ref::<CommandError>();
    let hints = known.map(|known| known.hints.as_slice()).unwrap_or_default();
    let mut document =
        json!({ "error": error.to_string(), "causes": causes(error), "hints": hints });
    let reports = known.map(|known| known.reports.as_slice()).unwrap_or_default();
    if !reports.is_empty() {
        document["files"] = reports.iter().map(Report::to_json).collect();
    }
    document
}

fn causes(error: &anyhow::Error) -> Vec<String> {
    match error.downcast_ref::<CommandError>() {
        Some(known) => known.causes.clone(),
        None => error.chain().skip(1).map(ToString::to_string).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(error: impl Into<anyhow::Error>) -> String {
        anstream::adapter::strip_str(&render(&error.into())).to_string()
    }

    #[test]
    fn an_error_names_its_causes_and_what_to_do() {
        let error = CommandError::usage("TENURE_LISTEN is not an address")
            .because("\"here\" has no port")
            .hint("write it as 127.0.0.1:7117");
        insta::assert_snapshot!(plain(error), @r#"
        error: TENURE_LISTEN is not an address
          because: "here" has no port
        hint: write it as 127.0.0.1:7117
        "#);
    }

    #[test]
    fn any_other_error_shows_its_whole_chain() {
        let error = anyhow::Error::new(io::Error::other("disk full")).context("run log not opened");
        insta::assert_snapshot!(plain(error), @r"
        error: run log not opened
          because: disk full
        ");
    }

    #[test]
    fn a_reader_that_went_away_is_no_failure() {
        let gone = io::Error::from(io::ErrorKind::BrokenPipe);
        assert_eq!(
            report(&anyhow::Error::new(gone).context("list not written"), Format::Human),
            Exit::Succeeded
        );
    }
}
