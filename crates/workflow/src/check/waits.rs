//! `wait`: for a time, or until an instant.

use jiff::Timestamp;
use tenure_language::{Pointer, Problem};

use crate::plan::{Kind, Wait};
use crate::source::{StepSource, WaitMapSource, WaitSource};

use super::Checker;
use super::kinds::written;
use super::view::View;

impl Checker<'_> {
    pub(super) fn wait(&mut self, at: &Pointer, step: &StepSource, view: &View) -> Option<Kind> {
        let at = at.key("wait");
        let wait = match step.wait.as_ref()? {
            WaitSource::Text(text) => self.wait_for(&at, text, view),
            WaitSource::Map(map) => self.wait_map(&at, map, view),
        };
        wait.map(Kind::Wait)
    }

    fn wait_map(&mut self, at: &Pointer, map: &WaitMapSource, view: &View) -> Option<Wait> {
        for key in written(&[("timezone", map.timezone), ("signals", map.signals)]) {
            self.not_yet(&at.key(key), key);
        }
        match (&map.duration, &map.until) {
            (Some(time), None) => self.wait_for(&at.key("for"), &time.0, view),
            (None, Some(text)) => self.wait_until(&at.key("until"), text, view),
            (Some(_), Some(_)) => {
                let place = self.key_place(&at.key("until"));
                let message = "a wait has `for` or `until`, not both";
                self.report(Problem::error("wait", place, message));
                None
            }
            (None, None) => {
                let problem = Problem::error("wait", self.place(at), "this waits for nothing");
                self.report_missing(
                    at,
                    problem.hint("write `wait: 7d`, or `until:` with an instant"),
                );
                None
            }
        }
    }

    fn wait_for(&mut self, at: &Pointer, text: &str, view: &View) -> Option<Wait> {
        let compiled = self.text(at, text, view)?;
        if !compiled.is_constant() {
            return Some(Wait::ForComputed(compiled));
        }
        if looks_like_date(text) {
            let message = format!("\"{text}\" is an instant, not a duration");
            let problem = Problem::error("duration", self.place(at), message);
            self.report(problem.hint(format!("write `wait: {{ until: \"{text}\" }}`")));
            return None;
        }
        self.duration(at, text).map(Wait::For)
    }

    fn wait_until(&mut self, at: &Pointer, text: &str, view: &View) -> Option<Wait> {
        let compiled = self.text(at, text, view)?;
        if compiled.is_constant() && text.trim().parse::<Timestamp>().is_err() {
            let message = format!("\"{text}\" is not an instant");
            let problem = Problem::error("instant", self.place(at), message);
            self.report(if looks_like_date(text) {
                problem.hint("give date, time and offset: 2026-03-01T09:00:00+01:00")
            } else {
                problem
                    .hint("an instant looks like 2026-03-01T09:00:00Z; a time span goes to `for`")
            });
            return None;
        }
        Some(Wait::Until(compiled))
    }
}

/// Whether a text begins with a year and a month.
fn looks_like_date(text: &str) -> bool {
    let text = text.trim();
    let (year, rest) = text.split_at_checked(4).unwrap_or(("", ""));
    year.len() == 4
        && year.bytes().all(|byte| byte.is_ascii_digit())
        && rest.strip_prefix('-').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}
