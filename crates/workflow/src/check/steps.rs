//! Blocks of steps, and what every step has.

use tenure_language::{Pointer, Problem, did_you_mean};

use crate::plan::{Block, Kind, OnError, Step};
use crate::source::{OnErrorSource, StepSource, StepsSource};

use super::Checker;
use super::kinds::Word;
use super::view::View;

/// Most steps of a workflow, those in blocks included.
const STEPS_MAX: usize = 500;
/// Most blocks inside each other.
const NESTING_MAX: usize = 16;

impl Checker<'_> {
    /// Compiles the steps of one block.
    pub(super) fn block(&mut self, at: &Pointer, steps: &StepsSource) -> Block {
        let mut compiled = Vec::with_capacity(steps.len());
        for (index, step) in steps.iter().enumerate() {
            let at = at.index(index);
            match step {
                Some(step) => compiled.extend(self.step(&at, step)),
                None => {
                    let place = self.place(&at);
                    self.report(Problem::error("no-kind", place, "this step is empty"));
                }
            }
        }
        self.never_run(at, steps);
        Block { steps: compiled }
    }

    /// Warns of what stands after a `stop` or `fail` without a condition.
    fn never_run(&mut self, at: &Pointer, steps: &StepsSource) {
        let ends = |step: &StepSource| match (&step.stop, &step.fail) {
            _ if step.condition.is_some() || step.on_error.is_some() => None,
            (Some(_), _) => Some("stop"),
            (_, Some(_)) => Some("fail"),
            _ => None,
        };
        let end =
            steps.iter().enumerate().find_map(|(index, step)| Some((index, ends(step.as_ref()?)?)));
        let Some((last, word)) = end.filter(|(last, _)| last + 1 < steps.len()) else { return };
        let at = at.index(last + 1);
        let message = format!("{} never runs: it stands after a `{word}`", self.name_at(&at));
        let problem = Problem::warning("never-runs", self.place(&at), message);
        self.report(
            problem.hint(format!("give the `{word}` an `if`, or take out what follows it")),
        );
    }

    /// How people are told which step stands here.
    fn name_at(&self, at: &Pointer) -> String {
        self.outline.by_pointer(at).map_or("the step".to_owned(), |number| self.step_name(number))
    }

    fn step(&mut self, at: &Pointer, step: &StepSource) -> Option<Step> {
        let number = self.outline.by_pointer(at)?;
        self.bounds(at, number);
        let name = self.step_name(number);
        let view = View::step(number);
        let id = self.id(at, step, number);
        let condition =
            step.condition.as_ref().map(|value| self.condition(&at.key("if"), value, &view));
        let timeout = step.timeout.as_ref().map(|time| self.duration(&at.key("timeout"), &time.0));
        let on_error = self.on_error(at, step);
        let kind = match self.kind_word(at, step, &name) {
            Word::Call => self.call(at, step, &view).map(|call| Kind::Call(Box::new(call))),
            Word::Set => self.set(at, step, number),
            Word::Switch => self.switch(at, step, &view),
            Word::ForEach => self.for_each(at, step, number),
            Word::Parallel => self.parallel(at, step, &name),
            Word::Wait => self.wait(at, step, &view),
            Word::Stop => self.end(at, "stop", step.stop.as_deref(), &view).map(Kind::Stop),
            Word::Fail => self.end(at, "fail", step.fail.as_deref(), &view).map(Kind::Fail),
            Word::Later | Word::Unclear => {
                self.inner_blocks(at, step);
                None
            }
        };
        Some(Step {
            id: id?,
            condition: lift(condition)?,
            timeout: lift(timeout)?,
            on_error: on_error?,
            kind: kind?,
            line: self.place(at).line,
        })
    }

    /// Looks into the blocks of a step whose kind is unclear, for the problems in them.
    fn inner_blocks(&mut self, at: &Pointer, step: &StepSource) {
        if let Some(steps) = &step.steps {
            self.block(&at.key("steps"), steps);
        }
    }

    /// Whether there are so many steps that looking at each is no use.
    pub(super) fn too_many_steps(&mut self) -> bool {
        let Some(entry) = self.outline.steps.get(STEPS_MAX) else { return false };
        let message = format!("a workflow has at most {STEPS_MAX} steps");
        let problem = Problem::error("too-many-steps", self.document.place(&entry.at), message);
        self.report(problem.hint("do more with fewer: `for_each` repeats steps for each item"));
        true
    }

    fn bounds(&mut self, at: &Pointer, number: usize) {
        let Some(entry) = self.outline.steps.get(number) else { return };
        if entry.around.len() == NESTING_MAX {
            let message = format!("blocks stand at most {NESTING_MAX} deep in each other");
            self.report(Problem::error("too-deep", self.place(at), message));
        }
    }

    fn id(&mut self, at: &Pointer, step: &StepSource, number: usize) -> Option<String> {
        let Some(id) = &step.id else {
            let problem = Problem::error("no-id", self.place(at), "this step has no id");
            let hint = "give it one, such as `id: account`: others refer to it by that";
            self.report_missing(at, problem.hint(hint));
            return None;
        };
        let place = self.place(&at.key("id"));
        if !self.name(place, "step", id) {
            return None;
        }
        let first = self.outline.by_id(id).and_then(|first| self.outline.steps.get(first));
        if let Some(first) = first.filter(|first| first.at != *at) {
            let line = first.line;
            let problem =
                Problem::error("duplicate-id", place, format!("step \"{id}\" exists already"));
            self.report(problem.hint(format!(
                "it stands in line {line}; ids are unique in a whole workflow, branches included"
            )));
            return None;
        }
        debug_assert!(self.outline.steps.get(number).is_some_and(|entry| entry.id == *id));
        Some(id.clone())
    }

    fn on_error(&mut self, at: &Pointer, step: &StepSource) -> Option<OnError> {
        let at = at.key("on_error");
        match &step.on_error {
            None => Some(OnError::Fail),
            Some(OnErrorSource::Word(word)) => {
                match word.as_str() {
                    "fail" => Some(OnError::Fail),
                    "continue" => Some(OnError::Continue),
                    _ => {
                        let problem = Problem::error(
                            "on-error",
                            self.place(&at),
                            format!("\"{word}\" is not an answer to a failure"),
                        );
                        let meant = did_you_mean(word, ["fail", "continue"]);
                        self.report(problem.hint(meant.unwrap_or_else(|| {
                            "`fail`, `continue`, or a list of steps".to_owned()
                        })));
                        None
                    }
                }
            }
            Some(OnErrorSource::Steps(steps)) => {
                if steps.is_empty() {
                    let problem =
                        Problem::error("no-steps", self.place(&at), "`on_error` has no steps");
                    self.report(problem.hint("to go on as if nothing had been, write `continue`"));
                    return None;
                }
                Some(OnError::Steps(self.block(&at, steps)))
            }
        }
    }

    /// Compiles the steps a block must have.
    pub(super) fn required_block(
        &mut self,
        at: &Pointer,
        steps: Option<&StepsSource>,
        owner: &str,
    ) -> Option<Block> {
        match steps {
            Some(steps) if !steps.is_empty() => Some(self.block(&at.key("steps"), steps)),
            Some(_) => {
                let place = self.place(&at.key("steps"));
                self.report(Problem::error("no-steps", place, format!("{owner} has no steps")));
                None
            }
            None => {
                let problem =
                    Problem::error("no-steps", self.place(at), format!("{owner} has no steps"));
                self.report_missing(at, problem.hint("add `steps:` with a list"));
                None
            }
        }
    }
}

/// What was not written is fine; what was written and could not be compiled is not.
pub(super) fn lift<T>(written: Option<Option<T>>) -> Option<Option<T>> {
    written.map_or(Some(None), |compiled| compiled.map(Some))
}
