//! The workflow as a whole: name, subject, input, blocks and output.

use std::sync::Arc;

use tenure_language::{Pointer, Problem, Template, Text};

use crate::plan::{Block, Plan, Version};
use crate::source::WorkflowSource;

use super::Checker;
use super::kinds::written;
use super::steps::lift;
use super::view::{Spot, View};

/// Longest description.
const DESCRIPTION_MAX: usize = 2000;
/// Longest subject, as written.
const SUBJECT_MAX: usize = 1000;

impl Checker<'_> {
    /// Checks everything, and answers a plan if all of it could be compiled.
    pub(super) fn workflow(&mut self, source: &WorkflowSource, version: Version) -> Option<Plan> {
        let root = Pointer::root();
        self.later(source);
        let name = self.workflow_name(source);
        self.length("description", source.description.as_deref(), DESCRIPTION_MAX);
        let input = source.input.as_ref().map(|schema| self.input(&root.key("input"), schema));
        let subject = self.subject(source);
        let triggers = self.triggers(source.triggers.as_deref());
        if self.too_many_steps() {
            return None;
        }
        let steps = match &source.steps {
            Some(steps) if !steps.is_empty() => self.block(&root.key("steps"), steps),
            _ => self.no_steps(source.steps.is_some()),
        };
        let on_failure = match &source.on_failure {
            Some(steps) => self.block(&root.key("on_failure"), steps),
            None => Block::default(),
        };
        let output = self.output(source);
        self.empty_keys();
        Some(Plan {
            name: name?,
            description: source.description.clone(),
            version,
            source: Arc::clone(self.document.text()),
            subject: subject?,
            triggers,
            input: lift(input)?,
            steps,
            on_failure,
            output: output?,
        })
    }

    fn later(&mut self, source: &WorkflowSource) {
        let keys = written(&[
            ("concurrency", source.concurrency),
            ("limits", source.limits),
            ("priority", source.priority),
            ("tables", source.tables),
            ("retention", source.retention),
            ("timeout", source.timeout),
        ]);
        for key in keys {
            self.not_yet(&Pointer::root().key(key), key);
        }
    }

    fn workflow_name(&mut self, source: &WorkflowSource) -> Option<String> {
        let root = Pointer::root();
        match &source.name {
            Some(name) => {
                let place = self.place(&root.key("name"));
                self.name(place, "workflow", name).then(|| name.clone())
            }
            None => {
                let place = self.start();
                let problem = Problem::error("no-name", place, "this workflow has no name");
                self.report_missing(&root, problem.hint("add `name:`, such as `name: joiner`"));
                None
            }
        }
    }

    fn no_steps(&mut self, written: bool) -> Block {
        let root = Pointer::root();
        let place = if written { self.key_place(&root.key("steps")) } else { self.start() };
        let problem = Problem::error("no-steps", place, "this workflow has no steps");
        self.report_missing(&root, problem.hint("add `steps:` with a list"));
        Block::default()
    }

    /// The first character of the file, where what is missing is shown.
    fn start(&self) -> tenure_language::Place {
        let place = self.place(&Pointer::root());
        tenure_language::Place { end: place.start, ..place }
    }

    fn length(&mut self, key: &str, text: Option<&str>, longest: usize) {
        if text.is_some_and(|text| text.len() > longest) {
            let place = self.place(&Pointer::root().key(key));
            let message = format!("\"{key}\" is longer than {longest} bytes");
            self.report(Problem::error("too-long", place, message));
        }
    }

    fn subject(&mut self, source: &WorkflowSource) -> Option<Option<Text>> {
        let Some(subject) = &source.subject else { return Some(None) };
        self.length("subject", Some(subject), SUBJECT_MAX);
        let at = Pointer::root().key("subject");
        let text = self.text(&at, subject, &View::at(Spot::Subject))?;
        if text.is_constant() {
            let message = "every run would be about the same subject";
            let problem = Problem::warning("constant-subject", self.place(&at), message);
            self.report(problem.hint("write an expression, such as ${{ event.data.user.id }}"));
        }
        Some(Some(text))
    }

    fn output(&mut self, source: &WorkflowSource) -> Option<Option<Template>> {
        let Some(value) = &source.output else { return Some(None) };
        self.template(&Pointer::root().key("output"), value, &View::at(Spot::End)).map(Some)
    }
}
