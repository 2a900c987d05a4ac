//! Steps that choose or divide: `set`, `switch`, `parallel`, `stop` and `fail`.

use serde_json::Value;
use tenure_language::{Pointer, Problem, Text};

use crate::plan::{Block, Branch, Case, Kind};
use crate::source::{CaseSource, StepSource};

use super::Checker;
use super::outline::{Entry, Part};
use super::view::View;

/// Most branches of one step, and most cases.
const BRANCHES_MAX: usize = 64;
/// Longest reason of a `stop` or `fail`, as written.
const REASON_MAX: usize = 2000;

impl Checker<'_> {
    pub(super) fn set(&mut self, at: &Pointer, step: &StepSource, number: usize) -> Option<Kind> {
        let at = at.key("set");
        let entries = &step.set.as_ref()?.0;
        if entries.is_empty() {
            let problem = Problem::error("no-vars", self.place(&at), "`set` sets nothing");
            self.report(problem.hint("name what is kept: `set: { team: ${{ … }} }`"));
            return None;
        }
        let mut view = View::step(number);
        let mut compiled = Some(Vec::new());
        for (name, value) in entries {
            let at = at.key(name);
            let named = self.name(self.key_place(&at), "variable", name);
            let template = self.template(&at, value, &view);
            self.lost_var(&at, name, number);
            view.fresh.push(name.clone());
            match (&mut compiled, template) {
                (Some(compiled), Some(template)) if named => {
                    compiled.push((name.clone(), template));
                }
                _ => compiled = None,
            }
        }
        compiled.map(Kind::Set)
    }

    /// Warns of a variable that a loop sets although it lives outside of that loop.
    fn lost_var(&mut self, at: &Pointer, name: &str, number: usize) {
        let depth =
            |entry: &Entry| entry.around.iter().filter(|region| region.part == Part::Loop).count();
        let Some(inner) = self.outline.steps.get(number) else { return };
        let outer = self.outline.steps.iter().take(number).position(|outer| {
            depth(outer) < depth(inner)
                && outer
                    .around
                    .iter()
                    .all(|region| region.part != Part::Loop || inner.around.contains(region))
                && outer.vars.iter().any(|var| var == name)
        });
        let Some(outer) = outer else { return };
        let message = format!("variable \"{name}\" keeps this value within one iteration only");
        let hint = format!("what {} set stays as it is after the loop", self.step_name(outer));
        let problem = Problem::warning("loop-var", self.key_place(at), message);
        self.report(problem.hint(hint));
    }

    pub(super) fn switch(&mut self, at: &Pointer, step: &StepSource, view: &View) -> Option<Kind> {
        let at = at.key("switch");
        let cases = step.switch.as_ref()?;
        if cases.is_empty() || cases.len() > BRANCHES_MAX {
            let message = format!("`switch` has 1 to {BRANCHES_MAX} cases");
            let problem = Problem::error("no-cases", self.place(&at), message);
            self.report(problem.hint("each is `when:` with `steps:`"));
        }
        let mut compiled = Some(Vec::new());
        let mut otherwise = None;
        for (index, case) in cases.iter().enumerate() {
            let at = at.index(index);
            let case = case.as_ref().and_then(|case| self.case(&at, case, view));
            if let Some(line) = otherwise {
                let problem =
                    Problem::warning("never-runs", self.place(&at), "this case is never taken");
                self.report(
                    problem.hint(format!("`otherwise` in line {line} takes all before it")),
                );
            }
            if case.as_ref().is_some_and(|case| case.when.is_none()) {
                otherwise = otherwise.or(Some(self.place(&at).line));
            }
            match (&mut compiled, case) {
                (Some(compiled), Some(case)) => compiled.push(case),
                _ => compiled = None,
            }
        }
        compiled.map(Kind::Switch)
    }

    fn case(&mut self, at: &Pointer, case: &CaseSource, view: &View) -> Option<Case> {
        let when = match (&case.when, &case.otherwise) {
            (Some(when), None) => self.condition(&at.key("when"), when, view).map(Some),
            (None, Some(Value::Bool(true))) => Some(None),
            (None, Some(_)) => {
                let place = self.place(&at.key("otherwise"));
                let problem = Problem::error("case", place, "`otherwise` is always true");
                self.report(problem.hint("write `otherwise: true`"));
                None
            }
            (Some(_), Some(_)) => {
                let place = self.key_place(&at.key("otherwise"));
                self.report(Problem::error(
                    "case",
                    place,
                    "a case has `when` or `otherwise`, not both",
                ));
                None
            }
            (None, None) => {
                let problem = Problem::error("case", self.place(at), "this case has no `when`");
                let hint = "add `when: ${{ … }}`, or `otherwise: true` to the last one";
                self.report_missing(at, problem.hint(hint));
                None
            }
        };
        // No steps at all is a way to say that nothing is to be done in this case.
        let steps = match &case.steps {
            Some(steps) if steps.is_empty() => Some(Block::default()),
            steps => self.required_block(at, steps.as_ref(), "this case"),
        };
        Some(Case { when: when?, steps: steps? })
    }

    pub(super) fn parallel(&mut self, at: &Pointer, step: &StepSource, name: &str) -> Option<Kind> {
        let at = at.key("parallel");
        let branches = &step.parallel.as_ref()?.0;
        if branches.is_empty() || branches.len() > BRANCHES_MAX {
            let message = format!("`parallel` has 1 to {BRANCHES_MAX} branches");
            let problem = Problem::error("no-branches", self.place(&at), message);
            self.report(problem.hint("each is a name with a list of steps"));
        }
        let mut compiled = Some(Vec::new());
        for (branch, steps) in branches {
            let at = at.key(branch);
            let named = self.name(self.key_place(&at), "branch", branch);
            if steps.is_empty() {
                let message = format!("branch \"{branch}\" has no steps");
                let place = self.place(&at);
                self.report(Problem::error("no-steps", place, message));
            }
            let block = self.block(&at, steps);
            match &mut compiled {
                Some(compiled) if named => {
                    compiled.push(Branch { name: branch.clone(), steps: block });
                }
                _ => compiled = None,
            }
        }
        self.racing_vars(&at, name);
        compiled.map(Kind::Parallel)
    }

    /// Warns of a variable that several branches set: the last one wins, whichever that is.
    fn racing_vars(&mut self, at: &Pointer, name: &str) {
        let Some(owner) = at.parent().and_then(|step| self.outline.by_pointer(&step)) else {
            return;
        };
        let mut setters: Vec<(&str, &Part, &Pointer)> = Vec::new();
        let mut races = Vec::new();
        for entry in &self.outline.steps {
            let mut around = entry.around.iter();
            let Some(region) = around.find(|region| region.owner == owner) else { continue };
            let looped = around.any(|region| region.part == Part::Loop);
            if looped || region.part == Part::OnError {
                continue;
            }
            for var in &entry.vars {
                match setters.iter().find(|(known, _, _)| known == var) {
                    Some((_, part, _)) if **part != region.part => {
                        races.push((var.clone(), entry.at.key("set").key(var)));
                    }
                    Some(_) => {}
                    None => setters.push((var, &region.part, &entry.at)),
                }
            }
        }
        for (var, at) in races {
            let place = self.key_place(&at);
            let message = format!("variable \"{var}\" is set by several branches of {name}");
            let problem = Problem::warning("racing-var", place, message);
            self.report(problem.hint("the branch that ends last wins: give each its own name"));
        }
    }

    pub(super) fn end(
        &mut self,
        at: &Pointer,
        key: &str,
        reason: Option<&str>,
        view: &View,
    ) -> Option<Text> {
        let at = at.key(key);
        let reason = reason?;
        if reason.trim().is_empty() || reason.len() > REASON_MAX {
            let message = format!("`{key}` gives a reason of 1 to {REASON_MAX} characters");
            let problem = Problem::error("reason", self.place(&at), message);
            self.report(problem.hint("people read it in the run: `stop: No longer employed`"));
            return None;
        }
        self.text(&at, reason, view)
    }
}
