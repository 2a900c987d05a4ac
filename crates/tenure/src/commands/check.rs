//! `tenure check`: finds what a run would trip over.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use serde_json::json;
use tenure_language::{Report, Severity};

use crate::cli::{Format, SettingFlags};
use crate::error::Exit;
use crate::project::{self, Counts, Project, belonging_to};
use crate::terminal::{Terminal, stdout_has_colours};

/// Check settings, connectors and workflows, and point at each mistake
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  tenure check
  tenure check workflows/joiner.yaml
  tenure check --format json | jq '.files[].problems[]'

Ends with 0 if there is nothing to mend, with 2 if there is.")]
pub(crate) struct Arguments {
    /// Project or single file [default: the project here]
    path: Option<PathBuf>,
    /// How the answer is printed
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}

/// What was checked and found.
struct Findings {
    counts: Counts,
    /// The one file that was asked for.
    only: Option<String>,
    reports: Vec<Report>,
}

/// Checks a project or one of its files.
pub(crate) fn perform(arguments: &Arguments, settings: &SettingFlags) -> Result<Exit> {
    let (root, only) = match &arguments.path {
        Some(path) => belonging_to(path)?,
        None => (project::root(settings)?, None),
    };
    let project = Project::load_with(&root, settings, only.as_deref())?;
    project.must_exist("check")?;
    let mut reports = project.reports;
    if let Some(only) = &only {
        reports.retain(|report| report.file == *only);
    }
    let findings = Findings { counts: project.counts, only, reports };
    let mut terminal = Terminal::stdout();
    match arguments.format {
        Format::Human => terminal.line(findings.rendered(stdout_has_colours()))?,
        Format::Json => terminal.pretty_json(&findings.to_json())?,
    }
    Ok(if findings.count(Severity::Error) == 0 { Exit::Succeeded } else { Exit::Usage })
}

impl Findings {
    fn count(&self, severity: Severity) -> usize {
        let problems = self.reports.iter().flat_map(|report| &report.problems);
        problems.filter(|problem| problem.severity == severity).count()
    }

    fn rendered(&self, colour: bool) -> String {
        let mut parts: Vec<String> =
            self.reports.iter().map(|report| report.render(colour)).collect();
        parts.push(self.summary());
        parts.join("\n\n")
    }

    fn summary(&self) -> String {
        let subject = match &self.only {
            Some(file) => file.clone(),
            None => format!(
                "{}, {}",
                counted(self.counts.workflows, "workflow"),
                counted(self.counts.connectors, "connector")
            ),
        };
        let found = match (self.count(Severity::Error), self.count(Severity::Warning)) {
            (0, 0) => "no problems".to_owned(),
            (errors, 0) => counted(errors, "problem"),
            (0, warnings) => counted(warnings, "warning"),
            (errors, warnings) => {
                format!("{}, {}", counted(errors, "problem"), counted(warnings, "warning"))
            }
        };
        format!("checked {subject}: {found}")
    }

    fn to_json(&self) -> serde_json::Value {
        json!({
            "ok": self.count(Severity::Error) == 0,
            "workflows": self.counts.workflows,
            "connectors": self.counts.connectors,
            "errors": self.count(Severity::Error),
            "warnings": self.count(Severity::Warning),
            "files": self.reports.iter().map(Report::to_json).collect::<Vec<_>>(),
        })
    }
}

/// `1 workflow`, `3 workflows`.
pub(crate) fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tenure_language::{Place, Problem};

    fn check(problems: Vec<Problem>, only: Option<&str>, expected: &str) {
        let counts = Counts { workflows: 3, connectors: 1 };
        let reports = vec![Report::new("workflows/joiner.yaml", "name: joiner\n", problems)];
        let findings = Findings { counts, only: only.map(str::to_owned), reports };
        assert_eq!(findings.summary(), expected);
    }

    #[test]
    fn the_last_line_counts_what_was_checked_and_found() {
        let error = |message: &str| Problem::error("x", Place::default(), message);
        let warning = Problem::warning("x", Place::default(), "may surprise");
        check(vec![], None, "checked 3 workflows, 1 connector: no problems");
        check(vec![error("a")], None, "checked 3 workflows, 1 connector: 1 problem");
        check(
            vec![error("a"), error("b"), warning],
            Some("workflows/joiner.yaml"),
            "checked workflows/joiner.yaml: 2 problems, 1 warning",
        );
    }
}
