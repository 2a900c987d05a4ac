//! From a text to a plan, or to everything that is wrong with it.
//!
//! First an [`outline`] of all steps is taken, so that a reference can be judged wherever it
//! stands. Then each part is compiled; a part that fails says why and the others go on. A plan
//! exists only if nothing was wrong, so a half-compiled one is never seen.

mod branches;
mod calls;
mod empty;
mod familiar;
mod foreign;
mod ids;
mod kinds;
mod loops;
mod outline;
mod outputs;
mod places;
mod references;
mod requests;
mod schema;
mod shapes;
mod steps;
mod texts;
mod triggers;
mod view;
mod visible;
mod waits;
mod workflow;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use sha2::{Digest, Sha256};
use tenure_language::{Document, Place, Pointer, Problem, Report, Severity};

use crate::known::Known;
use crate::plan::{Plan, Version};
use crate::source::WorkflowSource;

use outline::Outline;
use shapes::Shapes;

/// Most problems reported of one file.
const PROBLEMS_MAX: usize = 1000;

/// What came of checking a workflow.
#[derive(Debug)]
pub struct Checked {
    /// The workflow, compiled; none if the report has errors.
    pub plan: Option<Arc<Plan>>,
    /// Everything that is wrong, or may be.
    pub report: Report,
}

/// Checks a workflow's text and compiles it.
///
/// All problems are reported at once. Warnings do not keep a plan from being made.
#[must_use]
pub fn check(file: &str, text: &str, known: &Known) -> Checked {
    let document = match Document::parse(file, text) {
        Ok(document) => document,
        Err(report) => return Checked { plan: None, report },
    };
    if let Some(problem) = familiar::connector_file(&document) {
        return finish(&document, None, vec![problem]);
    }
    let (source, unread) = document.read_hiding::<WorkflowSource>(kinds::is_refused);
    let shapes = Shapes::of(&document);
    let unread: Vec<Problem> = unread
        .into_iter()
        .map(|problem| shapes.explain(familiar::translated(&document, problem)))
        .collect();
    let Some(source) = source else { return finish(&document, None, unread) };
    let outline = Outline::of(&document, &source);
    let mut checker = Checker {
        document: &document,
        known,
        outline,
        unread: unread.iter().map(|problem| problem.place).collect(),
        inputs: None,
        problems: document.traps_where(texts::may_be_value),
    };
    checker.problems.extend(unread);
    let plan = checker.workflow(&source, version_of(text));
    finish(&document, plan, checker.problems)
}

fn finish(document: &Document, plan: Option<Plan>, mut problems: Vec<Problem>) -> Checked {
    problems.sort_by_key(|problem| (problem.place.start, problem.place.end));
    problems.dedup();
    let broken = problems.iter().any(|problem| problem.severity == Severity::Error);
    // The document's own text: places are counted without a byte order mark.
    let file = document.file().to_owned();
    let report = Report { file, text: Arc::clone(document.text()), problems };
    Checked { plan: plan.filter(|_| !broken).map(Arc::new), report }
}

fn version_of(text: &str) -> Version {
    let digest = Sha256::digest(text.as_bytes());
    Version(digest.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// One check under way.
struct Checker<'a> {
    document: &'a Document,
    known: &'a Known,
    outline: Outline,
    /// Where the reader already complained.
    unread: Vec<Place>,
    /// Names the input schema declares, if it declares any.
    inputs: Option<Vec<String>>,
    problems: Vec<Problem>,
}

impl Checker<'_> {
    fn report(&mut self, problem: Problem) {
        // Warnings stop first, so that no number of them can crowd out an error.
        let room = match problem.severity {
            Severity::Error => PROBLEMS_MAX,
            Severity::Warning => PROBLEMS_MAX / 2,
        };
        if self.problems.len() < room {
            self.problems.push(problem);
        }
    }

    /// Whether there are more problems than anybody reads.
    fn is_full(&self) -> bool {
        self.problems.len() >= PROBLEMS_MAX
    }

    /// Reports something that is missing from a map, unless the reader could not read part of
    /// that map: a misspelt key would else be reported twice.
    fn report_missing(&mut self, at: &Pointer, problem: Problem) {
        if !self.is_unread(at) {
            self.report(problem);
        }
    }
}
