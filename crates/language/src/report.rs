//! All problems of one file, as people and as programs read them.

use std::sync::Arc;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use serde_json::{Value, json};

use crate::problem::{Problem, Severity};

/// All problems of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Name of the file, as people know it.
    pub file: String,
    /// Its text.
    pub text: Arc<str>,
    /// Sorted by place.
    pub problems: Vec<Problem>,
}

/// Most problems that are drawn; the rest is counted.
const DRAWN_MAX: usize = 50;

impl Report {
    /// Puts problems in the order of their places, each once.
    #[must_use]
    pub fn new(file: &str, text: impl Into<Arc<str>>, mut problems: Vec<Problem>) -> Self {
        problems.sort_by_key(|problem| (problem.place.start, problem.place.end));
        problems.dedup();
        Self { file: file.to_owned(), text: text.into(), problems }
    }

    /// Whether the file cannot be used.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.problems.iter().any(|problem| problem.severity == Severity::Error)
    }

    /// Draws each problem with its excerpt, as rustc does.
    #[must_use]
    pub fn render(&self, colour: bool) -> String {
        let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
        let mut drawn: Vec<String> = self
            .problems
            .iter()
            .take(DRAWN_MAX)
            .map(|problem| renderer.render(&[self.group(problem)]))
            .collect();
        if let Some(more) = self.problems.len().checked_sub(DRAWN_MAX).filter(|more| *more > 0) {
            drawn.push(format!("{}: {more} more problems", self.file));
        }
        drawn.join("\n\n")
    }

    /// The same as data, for programs.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let problems: Vec<Value> = self
            .problems
            .iter()
            .map(|problem| {
                json!({
                    "code": problem.code,
                    "severity": problem.severity.as_str(),
                    "message": problem.message,
                    "line": problem.place.line,
                    "column": problem.place.column,
                    "start": problem.place.start,
                    "end": problem.place.end,
                    "hint": problem.hint,
                })
            })
            .collect();
        json!({ "file": self.file, "problems": problems })
    }

    fn group<'a>(&'a self, problem: &'a Problem) -> Group<'a> {
        let level = match problem.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let title = level.primary_title(printable(&problem.message)).id(problem.code);
        let group = if self.text.is_empty() {
            title.element(Origin::path(self.file.as_str()))
        } else {
            let (excerpt, first_line, start, end) = self.excerpt(problem);
            title.element(
                Snippet::source(excerpt)
                    .line_start(first_line)
                    .path(self.file.as_str())
                    .annotation(AnnotationKind::Primary.span(start..end)),
            )
        };
        match &problem.hint {
            Some(hint) => group.element(Level::HELP.message(printable(hint))),
            None => group,
        }
    }

    /// The lines a problem stands on, and its range in them.
    ///
    /// Only its first line is marked: a problem with a whole block would fill the screen.
    fn excerpt(&self, problem: &Problem) -> (&str, usize, usize, usize) {
        let text = &*self.text;
        let start = text.floor_char_boundary(problem.place.start);
        let end = text.floor_char_boundary(problem.place.end).max(start);
        let first = text[..start].rfind('\n').map_or(0, |at| at + 1);
        let last = text[start..].find('\n').map_or(text.len(), |at| start + at);
        let mut marked = end.min(last);
        while marked > start && text[..marked].ends_with(char::is_whitespace) {
            marked = text.floor_char_boundary(marked - 1);
        }
        (&text[first..last], problem.place.line.max(1), start - first, marked - first)
    }
}

/// Keeps text that people wrote from moving the cursor.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::place::Lines;
    use proptest::prelude::*;

    fn report(text: &str, start: usize, end: usize) -> Report {
        let place = Lines::new(text).place(start, end);
        let problem = Problem::error("unknown-step", place, "step \"a\" waits for \"b\"")
            .hint("did you mean \"c\"?");
        Report::new("workflows/joiner.yaml", text, vec![problem])
    }

    #[test]
    fn draws_like_rustc() {
        let drawn = report("steps:\n  - id: ä\n    after: b\n", 29, 30).render(false);
        insta::assert_snapshot!(drawn, @r#"
        error[unknown-step]: step "a" waits for "b"
         --> workflows/joiner.yaml:3:12
          |
        3 |     after: b
          |            ^
          |
          = help: did you mean "c"?
        "#);
    }

    #[test]
    fn draws_an_empty_file() {
        let drawn = report("", 0, 0).render(false);
        insta::assert_snapshot!(drawn, @r#"
        error[unknown-step]: step "a" waits for "b"
        --> workflows/joiner.yaml
         = help: did you mean "c"?
        "#);
    }

    #[test]
    fn sorts_by_place() {
        let lines = Lines::new("a\nb\n");
        let second = Problem::warning("two", lines.place(2, 3), "b");
        let first = Problem::error("one", lines.place(0, 1), "a");
        let report =
            Report::new("f", "a\nb\n", vec![second.clone(), first.clone(), second.clone()]);
        assert_eq!(report.problems, [first, second]);
        assert!(report.has_errors());
        assert_eq!(report.to_json()["problems"][1]["line"], 2);
        assert_eq!(report.to_json()["problems"][1]["severity"], "warning");
    }

    proptest! {
        #[test]
        fn never_panics(text in "[\\PC\n\r\t]{0,60}", start in 0usize..80, length in 0usize..80) {
            let report = report(&text, start, start + length);
            let _ = report.render(false);
            let _ = report.render(true);
        }
    }
}
