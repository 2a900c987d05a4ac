//! Keys without a value.
//!
//! `if:` with nothing after it would read like no condition at all, and run what was meant
//! to be skipped. So a key of ours that is empty is a problem; inside people's own data
//! (bodies, variables, inputs) null is a value like others.

use serde_json::Value;
use tenure_language::{Pointer, Problem, Severity};

use super::Checker;

/// Keys for which empty has a meaning.
const MAY_BE_EMPTY: [&str; 2] = ["manual", "body"];

impl Checker<'_> {
    /// Reports every key without a value.
    ///
    /// Comes last: a problem that stands in the same place says it better.
    pub(super) fn empty_keys(&mut self) {
        let document = self.document;
        let root = Pointer::root();
        self.empty_in(&root, document.value());
        for key in ["steps", "on_failure"] {
            let at = root.key(key);
            if let Some(steps) = at.find(document.value()) {
                self.empty_in_steps(&at, steps);
            }
        }
        let at = root.key("triggers");
        for (index, trigger) in items(at.find(document.value())) {
            let at = at.index(index);
            self.empty_in(&at, trigger);
            if let Some(schedule) = trigger.get("schedule") {
                self.empty_in(&at.key("schedule"), schedule);
            }
        }
    }

    fn empty_in_steps(&mut self, at: &Pointer, steps: &Value) {
        for (index, step) in items(Some(steps)) {
            let at = at.index(index);
            self.empty_in(&at, step);
            for key in ["steps", "on_error"] {
                if let Some(steps) = step.get(key) {
                    self.empty_in_steps(&at.key(key), steps);
                }
            }
            for key in ["retry", "wait"] {
                if let Some(map) = step.get(key) {
                    self.empty_in(&at.key(key), map);
                }
            }
            for (index, case) in items(step.get("switch")) {
                let at = at.key("switch").index(index);
                self.empty_in(&at, case);
                if let Some(steps) = case.get("steps") {
                    self.empty_in_steps(&at.key("steps"), steps);
                }
            }
            for (name, steps) in
                step.get("parallel").and_then(Value::as_object).into_iter().flatten()
            {
                self.empty_in_steps(&at.key("parallel").key(name), steps);
            }
        }
    }

    /// Takes back the warning that a comment took this line's value: the error says it all.
    fn comment_in(&mut self, line: usize) -> Option<String> {
        let of_line = |problem: &Problem| {
            problem.code == "comment"
                && problem.severity == Severity::Warning
                && problem.place.line == line
        };
        let at = self.problems.iter().position(of_line)?;
        self.problems.remove(at).hint
    }

    fn empty_in(&mut self, at: &Pointer, map: &Value) {
        for (key, value) in map.as_object().into_iter().flatten() {
            if value.is_null() && !MAY_BE_EMPTY.contains(&key.as_str()) {
                let place = self.key_place(&at.key(key));
                if self.problems.iter().any(|problem| problem.place.start == place.start) {
                    continue;
                }
                let problem = Problem::error("empty", place, format!("\"{key}\" has no value"));
                let hint = self.comment_in(place.line);
                self.report(problem.hint("give it one, or leave the key out").hint_if(hint));
            }
        }
    }
}

fn items(list: Option<&Value>) -> impl Iterator<Item = (usize, &Value)> {
    list.and_then(Value::as_array).into_iter().flatten().enumerate()
}
