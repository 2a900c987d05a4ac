//! Which kind a step is, and which keys go with it.

use tenure_language::{Pointer, Problem, Segment, is_id};

use crate::source::{Later, StepSource};

use super::Checker;

/// The kind of a step, before it is compiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    Call,
    Set,
    Switch,
    ForEach,
    Parallel,
    Wait,
    Stop,
    Fail,
    /// A kind that a later version has.
    Later,
    /// None, or several.
    Unclear,
}

/// All kinds, as they are listed to people.
const KINDS: &str = "call, set, switch, for_each, parallel, wait, stop or fail";

/// The kinds of this version that a step was given.
fn words(step: &StepSource) -> Vec<(&'static str, Word)> {
    [
        ("call", Word::Call, step.call.is_some()),
        ("set", Word::Set, step.set.is_some()),
        ("switch", Word::Switch, step.switch.is_some()),
        ("for_each", Word::ForEach, step.for_each.is_some()),
        ("parallel", Word::Parallel, step.parallel.is_some()),
        ("wait", Word::Wait, step.wait.is_some()),
        ("stop", Word::Stop, step.stop.is_some()),
        ("fail", Word::Fail, step.fail.is_some()),
    ]
    .into_iter()
    .filter(|(_, _, written)| *written)
    .map(|(key, word, _)| (key, word))
    .collect()
}

fn later_kinds(step: &StepSource) -> Vec<&'static str> {
    written(&[
        ("approval", step.approval),
        ("wait_for", step.wait_for),
        ("run", step.run),
        ("emit", step.emit),
    ])
}

fn later_keys(step: &StepSource) -> Vec<&'static str> {
    written(&[
        ("ensure", step.ensure),
        ("verify", step.verify),
        ("undo", step.undo),
        ("paginate", step.paginate),
    ])
}

/// Whether a key is known where it stands only to be refused.
pub(super) fn is_refused(at: &Pointer, key: &str) -> bool {
    let owner = at.parent().and_then(|owner| owner.segments().last().cloned());
    match owner {
        None => matches!(
            key,
            "concurrency" | "limits" | "priority" | "tables" | "retention" | "timeout"
        ),
        Some(Segment::Key(owner)) if owner == "wait" => matches!(key, "timezone" | "signals"),
        Some(Segment::Key(owner)) if owner == "schedule" => matches!(key, "catch_up" | "overlap"),
        Some(_) => {
            let of_steps =
                ["approval", "wait_for", "run", "emit", "ensure", "verify", "undo", "paginate"];
            of_steps.contains(&key) || matches!(key, "webhook" | "date" | "poll")
        }
    }
}

/// Names of the later keys that were written.
pub(super) fn written(keys: &[(&'static str, Later)]) -> Vec<&'static str> {
    keys.iter().filter(|(_, later)| later.0).map(|(key, _)| *key).collect()
}

/// The one kind of a step.
pub(super) fn word_of(step: &StepSource) -> Word {
    match (words(step).as_slice(), later_kinds(step).len()) {
        ([(_, word)], 0) => *word,
        ([], 1) => Word::Later,
        _ => Word::Unclear,
    }
}

/// Keys that only a call may have, and whether they were written.
fn call_keys(step: &StepSource) -> [(&'static str, bool); 12] {
    [
        ("request", step.request.is_some()),
        ("action", step.action.is_some()),
        ("with", step.with.is_some()),
        ("query", step.query.is_some()),
        ("headers", step.headers.is_some()),
        ("body", step.body.is_some()),
        ("form", step.form.is_some()),
        ("text", step.text.is_some()),
        ("expect", step.expect.is_some()),
        ("output", step.output.is_some()),
        ("retry", step.retry.is_some()),
        ("idempotency_key", step.idempotency_key.is_some()),
    ]
}

/// Keys that only a loop may have, and whether they were written.
fn loop_keys(step: &StepSource) -> [(&'static str, bool); 5] {
    [
        ("as", step.binding.is_some()),
        ("key", step.key.is_some()),
        ("concurrency", step.concurrency.is_some()),
        ("on_item_error", step.on_item_error.is_some()),
        ("steps", step.steps.is_some()),
    ]
}

impl Checker<'_> {
    /// Reports what is wrong with the choice of keys, and answers the kind.
    pub(super) fn kind_word(&mut self, at: &Pointer, step: &StepSource, name: &str) -> Word {
        for key in later_kinds(step).into_iter().chain(later_keys(step)) {
            self.not_yet(&at.key(key), key);
        }
        let word = word_of(step);
        match word {
            Word::Unclear => self.unclear(at, step, name),
            Word::Later => {}
            _ => self.misplaced(at, step, word, name),
        }
        word
    }

    /// Reports a key that a later version has.
    pub(super) fn not_yet(&mut self, at: &Pointer, key: &str) {
        let problem = Problem::error(
            "not-yet",
            self.key_place(at),
            format!("\"{key}\" is not part of this version of Tenure"),
        );
        self.report(match key {
            "run" => {
                let hint = self.workflow_hint(at);
                problem.hint_if(hint)
            }
            "webhook" | "poll" => {
                problem.hint("until then, let the other side send an event to `tenure serve`")
            }
            "approval" => problem.hint("until then, let a person start a second workflow by hand"),
            "wait_for" => {
                problem.hint("until then, `wait` for a time and look with a call whether it came")
            }
            "paginate" => problem.hint("until then, ask for each page with a call of its own"),
            _ => problem,
        });
    }

    /// Says that the workflow a `run` names does not exist either.
    fn workflow_hint(&self, at: &Pointer) -> Option<String> {
        let name = at.find(self.document.value())?.as_str()?;
        if !is_id(name) {
            return Some("Tenure runs no programs: call a service through a connector".to_owned());
        }
        let known = &self.known.workflows;
        if !self.known.strict || known.contains(name) {
            return None;
        }
        let meant = tenure_language::did_you_mean(name, known.iter().map(String::as_str));
        let meant = meant.map(|meant| format!("; {meant}")).unwrap_or_default();
        Some(format!("no workflow is called \"{name}\" either{meant}"))
    }

    fn unclear(&mut self, at: &Pointer, step: &StepSource, name: &str) {
        let words: Vec<&str> =
            words(step).into_iter().map(|(key, _)| key).chain(later_kinds(step)).collect();
        if let [_, second, ..] = words.as_slice() {
            let problem = Problem::error(
                "many-kinds",
                self.key_place(&at.key(*second)),
                format!("{name} is {} at once", words.join(" and ")),
            );
            let inner = words.iter().find(|word| **word != "for_each");
            self.report(match inner {
                Some(inner) if words.contains(&"for_each") => problem.hint(format!(
                    "put the `{inner}` into a step of its own, under `steps:` of the loop"
                )),
                _ => problem.hint("a step does one thing; write one step for each"),
            });
            return;
        }
        let problem = Problem::error("no-kind", self.place(at), format!("{name} does nothing"));
        let of_call = step.request.is_some() || step.action.is_some();
        let hint = if of_call {
            "say which connector is called: `call: <connector>`".to_owned()
        } else if step.steps.is_some() {
            "steps inside a step belong to `for_each`, `switch`, `parallel` or `on_error`"
                .to_owned()
        } else {
            format!("a step is exactly one of {KINDS}")
        };
        self.report_missing(at, problem.hint(hint));
    }

    fn misplaced(&mut self, at: &Pointer, step: &StepSource, word: Word, name: &str) {
        let key = words(step).first().map_or("", |(key, _)| key);
        let call = call_keys(step).into_iter().filter(|_| word != Word::Call);
        let each = loop_keys(step).into_iter().filter(|_| word != Word::ForEach);
        let wrong = call
            .map(|(key, written)| (key, written, "call"))
            .chain(each.map(|(key, written)| (key, written, "for_each")));
        for (wrong, written, owner) in wrong {
            if written {
                let place = self.key_place(&at.key(wrong));
                self.report(Problem::error(
                    "misplaced-key",
                    place,
                    format!("\"{wrong}\" belongs to `{owner}`, and {name} is `{key}`"),
                ));
            }
        }
    }
}
