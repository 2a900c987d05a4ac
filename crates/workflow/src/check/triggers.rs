//! What starts a workflow.

use tenure_event::{KNOWN_TYPES, is_known_type};
use tenure_language::{Pointer, Problem, did_you_mean};

use crate::plan::{EventPattern, Trigger};
use crate::schedule::{Schedule, ScheduleError};
use crate::source::{ScheduleSource, TriggerSource};

use super::Checker;
use super::kinds::written;
use super::steps::lift;
use super::view::{Spot, View};

/// Most triggers of one workflow.
const TRIGGERS_MAX: usize = 32;
/// Longest event type.
const EVENT_TYPE_MAX: usize = 200;
/// Types with this beginning are named by this project.
const OWN_PREFIX: &str = "identity.";

impl Checker<'_> {
    pub(super) fn triggers(&mut self, source: Option<&[Option<TriggerSource>]>) -> Vec<Trigger> {
        let at = Pointer::root().key("triggers");
        let Some(triggers) = source.filter(|triggers| !triggers.is_empty()) else {
            let mut place = self.key_place(&at);
            if source.is_none() {
                place = self.key_place(&Pointer::root().key("name"));
            }
            let problem = Problem::warning("no-triggers", place, "nothing starts this workflow");
            let hint = "add `triggers:` with `- manual: {}` or `- event: identity.user.created`";
            self.report_missing(&Pointer::root(), problem.hint(hint));
            return Vec::new();
        };
        if triggers.len() > TRIGGERS_MAX {
            let message = format!("a workflow has at most {TRIGGERS_MAX} triggers");
            let place = self.place(&at);
            self.report(Problem::error("too-many-triggers", place, message));
        }
        self.only_schedules(&at, triggers);
        let triggers = triggers.iter().enumerate();
        triggers.filter_map(|(index, trigger)| self.trigger(&at.index(index), trigger)).collect()
    }

    /// Warns of a workflow that nothing starts but a clock, which this version does not have.
    fn only_schedules(&mut self, at: &Pointer, triggers: &[Option<TriggerSource>]) {
        let starts = |trigger: &TriggerSource| trigger.event.is_some() || trigger.manual.0;
        let first = triggers
            .iter()
            .position(|trigger| trigger.as_ref().is_some_and(|it| it.schedule.is_some()));
        let Some(first) = first.filter(|_| !triggers.iter().flatten().any(starts)) else { return };
        let place = self.key_place(&at.index(first).key("schedule"));
        let message = "schedules are checked, but nothing starts them in this version";
        let problem = Problem::warning("not-yet", place, message);
        let hint = "add `- manual: {}`, and let cron start it: `tenure run <workflow>`";
        self.report(problem.hint(hint));
    }

    fn trigger(&mut self, at: &Pointer, trigger: &Option<TriggerSource>) -> Option<Trigger> {
        let Some(trigger) = trigger else {
            let place = self.place(at);
            self.report(Problem::error("trigger", place, "this trigger is empty"));
            return None;
        };
        let later = written(&[
            ("webhook", trigger.webhook),
            ("date", trigger.date),
            ("poll", trigger.poll),
            ("run", trigger.run),
        ]);
        for key in &later {
            self.not_yet(&at.key(*key), key);
        }
        let manual = trigger.manual.0;
        let kinds = usize::from(trigger.event.is_some())
            + usize::from(manual)
            + usize::from(trigger.schedule.is_some());
        if kinds == 0 && later.is_empty() {
            let problem = Problem::error("trigger", self.place(at), "this trigger starts nothing");
            let hint = "a trigger is one of `event: TYPE`, `manual: {}` and `schedule: { … }`";
            self.report_missing(at, problem.hint(hint));
        }
        if kinds + later.len() > 1 {
            let problem =
                Problem::error("trigger", self.place(at), "this is several triggers at once");
            self.report(problem.hint("begin each with a `-` of its own"));
        }
        if trigger.condition.is_some() && trigger.event.is_none() && later.is_empty() {
            let place = self.key_place(&at.key("if"));
            let problem = Problem::error("misplaced-key", place, "\"if\" belongs to `event`");
            self.report(problem.hint("elsewhere, let the first step be a `stop` with an `if`"));
        }
        if let Some(event_type) = &trigger.event {
            return self.event(at, event_type, trigger);
        }
        if let Some(schedule) = &trigger.schedule {
            return self.schedule(&at.key("schedule"), schedule).map(Trigger::Schedule);
        }
        manual.then_some(Trigger::Manual)
    }

    fn event(&mut self, at: &Pointer, written: &str, trigger: &TriggerSource) -> Option<Trigger> {
        let event_type = self.event_type(&at.key("event"), written);
        let condition = trigger
            .condition
            .as_ref()
            .map(|value| self.condition(&at.key("if"), value, &View::at(Spot::Trigger)));
        Some(Trigger::Event { event_type: event_type?, condition: lift(condition)? })
    }

    fn event_type(&mut self, at: &Pointer, written: &str) -> Option<EventPattern> {
        let (stem, prefix) = match written.strip_suffix('*') {
            Some(stem) => (stem, true),
            None => (written, false),
        };
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        if written.is_empty() || written.len() > EVENT_TYPE_MAX || !stem.chars().all(allowed) {
            let shown: String = written.chars().take(80).collect();
            let message = format!("\"{shown}\" is not an event type");
            let problem = Problem::error("event-type", self.place(at), message);
            self.report(problem.hint(
                "a type is like `identity.user.created`; a `*` at its end stands for any rest",
            ));
            return None;
        }
        let known = if prefix { is_known_stem(stem) } else { is_known_type(stem) };
        let full = format!("{OWN_PREFIX}{stem}");
        let meant = if is_known_type(&full) || (prefix && is_known_stem(&full)) {
            Some(format!("did you mean \"{OWN_PREFIX}{written}\"?"))
        } else {
            did_you_mean(stem, KNOWN_TYPES.iter().copied())
        };
        if !known && (stem.starts_with(OWN_PREFIX) || meant.is_some()) {
            let message = format!("no identity source sends \"{written}\"");
            let problem = Problem::warning("event-type", self.place(at), message);
            self.report(problem.hint_if(meant));
        }
        Some(if prefix {
            EventPattern::Prefix(stem.to_owned())
        } else {
            EventPattern::Exact(stem.to_owned())
        })
    }

    fn schedule(&mut self, at: &Pointer, source: &ScheduleSource) -> Option<Schedule> {
        for key in written(&[("catch_up", source.catch_up), ("overlap", source.overlap)]) {
            self.not_yet(&at.key(key), key);
        }
        let zone = source.timezone.as_deref();
        let (key, schedule) = match (&source.cron, &source.every, &source.at) {
            (Some(pattern), None, None) => ("cron", Schedule::cron(pattern, zone)),
            (None, Some(every), None) => {
                if zone.is_some() {
                    let place = self.key_place(&at.key("timezone"));
                    let message =
                        "\"timezone\" means nothing to `every`: intervals are counted in UTC";
                    self.report(Problem::error("misplaced-key", place, message));
                }
                ("every", Schedule::every(self.duration(&at.key("every"), &every.0)?))
            }
            (None, None, Some(instant)) => ("at", Schedule::at(instant, zone)),
            (None, None, None) => {
                let problem =
                    Problem::error("schedule", self.place(at), "this schedule never comes");
                let hint =
                    "say when: `cron: \"30 8 * * 1-5\"`, `every: 1h` or `at: 2026-03-01T09:00Z`";
                self.report_missing(at, problem.hint(hint));
                return None;
            }
            _ => {
                let message = "a schedule has one of `cron`, `every` and `at`";
                let problem = Problem::error("schedule", self.place(at), message);
                self.report(problem.hint("write one trigger for each"));
                return None;
            }
        };
        match schedule {
            Ok(schedule) => Some(schedule),
            Err(error) => {
                let key =
                    if matches!(error, ScheduleError::Zone { .. }) { "timezone" } else { key };
                let problem =
                    Problem::error("schedule", self.place(&at.key(key)), error.to_string());
                self.report(problem.hint_if(error.hint()));
                None
            }
        }
    }
}

/// Whether a type begins so.
fn is_known_stem(stem: &str) -> bool {
    KNOWN_TYPES.iter().any(|known| known.starts_with(stem))
}
