//! Keys without a value.
//!
//! `timeout:` with nothing after it would read as if it were not there. A key of ours that is
//! empty is a problem; in what is sent, null is a value like others.

use serde_json::Value;
use tenure_language::{Pointer, Problem, Severity};

use super::Checker;

/// Keys for which empty has a meaning.
const MAY_BE_EMPTY: [&str; 3] = ["body", "default", "none"];
/// Maps of ours at the top.
const MAPS: [&str; 5] = ["auth", "rate_limit", "retry", "idempotency", "actions"];

impl Checker<'_> {
    /// Reports every key without a value.
    ///
    /// Comes last: a problem that stands in the same place says it better.
    pub(super) fn empty_keys(&mut self) {
        let root = Pointer::root();
        self.empty_in(&root);
        for key in MAPS {
            self.empty_in(&root.key(key));
        }
        for kind in self.keys(&root.key("auth")) {
            self.empty_in(&root.key("auth").key(kind));
        }
        for action in self.keys(&root.key("actions")) {
            let at = root.key("actions").key(action);
            self.empty_in(&at);
            self.empty_in(&at.key("input"));
            for input in self.keys(&at.key("input")) {
                self.empty_in(&at.key("input").key(input));
            }
        }
    }

    fn keys(&self, at: &Pointer) -> Vec<String> {
        match at.find(self.document.value()) {
            Some(Value::Object(map)) => map.keys().cloned().collect(),
            _ => Vec::new(),
        }
    }

    fn empty_in(&mut self, at: &Pointer) {
        let document = self.document;
        let Some(Value::Object(map)) = at.find(document.value()) else { return };
        for (key, value) in map {
            let at = at.key(key);
            let place = self.key_place(&at);
            let end = self.place(&at).end;
            let told = |problem: &Problem| {
                problem.severity == Severity::Error
                    && problem.place.start >= place.start
                    && problem.place.end <= end
            };
            if !value.is_null()
                || MAY_BE_EMPTY.contains(&key.as_str())
                || self.problems.iter().any(told)
            {
                continue;
            }
            let problem = Problem::error("empty", place, format!("\"{key}\" has no value"));
            let hint = self.comment_in(place.line);
            self.report(problem.hint("give it one, or leave the key out").hint_if(hint));
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
}
