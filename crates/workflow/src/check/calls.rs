//! `call`: which connector is asked for what, and how patiently.

use std::num::NonZeroU32;

use serde_json::{Map, Value};
use tenure_language::{Expect, Pointer, Problem, Template, did_you_mean, is_id};

use crate::known::{KnownAction, KnownConnector};
use crate::plan::{Call, Retry, Target};
use crate::source::{RetrySource, StepSource};

use super::Checker;
use super::steps::lift;
use super::view::View;

/// Most attempts of one step.
const ATTEMPTS_MAX: u32 = 50;
/// Keys that describe a request, which an action brings with it.
const OF_REQUEST: [&str; 5] = ["query", "headers", "body", "form", "text"];

impl<'a> Checker<'a> {
    pub(super) fn call(&mut self, at: &Pointer, step: &StepSource, view: &View) -> Option<Call> {
        let connector = step.call.clone()?;
        let found = self.connector(&at.key("call"), &connector);
        let target = self.target(at, step, &connector, found, view);
        let expect = step.expect.as_ref().map(|value| self.expect(&at.key("expect"), value));
        let output = self.outputs(&at.key("output"), step.output.as_ref(), view);
        let retry = step.retry.as_ref().map(|retry| self.retry(&at.key("retry"), retry));
        let key = step.idempotency_key.as_ref();
        let key = key.map(|key| self.text(&at.key("idempotency_key"), key, view));
        Some(Call {
            connector,
            target: target?,
            expect: lift(expect)?,
            output: output?,
            retry: lift(retry)?,
            idempotency_key: lift(key)?,
        })
    }

    fn target(
        &mut self,
        at: &Pointer,
        step: &StepSource,
        connector: &str,
        found: Option<&'a KnownConnector>,
        view: &View,
    ) -> Option<Target> {
        match (&step.request, &step.action) {
            (Some(request), None) => {
                if step.with.is_some() {
                    self.belongs_to(at, "with", "action");
                }
                self.request(at, request, step, view).map(Target::Request)
            }
            (None, Some(action)) => {
                for key in OF_REQUEST {
                    self.belongs_to(at, key, "request");
                }
                let known = found.and_then(|found| self.action(at, connector, found, action));
                self.with(at, step, known, action, view)
                    .map(|with| Target::Action { name: action.clone(), with })
            }
            (Some(_), Some(_)) => {
                let place = self.key_place(&at.key("action"));
                let message = "a call has `request` or `action`, not both";
                self.report(Problem::error("call", place, message));
                None
            }
            (None, None) => {
                let place = self.place(&at.key("call"));
                let message = format!("the call of \"{connector}\" does not say what is asked");
                let problem = Problem::error("call", place, message);
                let hint =
                    "add `request: GET /path`, or `action:` with a name the connector defines";
                self.report_missing(at, problem.hint(hint));
                None
            }
        }
    }

    /// Reports a key that goes with another than the one that was chosen.
    fn belongs_to(&mut self, at: &Pointer, key: &str, owner: &str) {
        let at = at.key(key);
        if at.find(self.document.value()).is_none() {
            return;
        }
        let place = self.key_place(&at);
        let message = format!("\"{key}\" belongs to `{owner}`");
        let problem = Problem::error("misplaced-key", place, message);
        self.report(if owner == "request" {
            problem.hint("an action brings its own request: give its inputs under `with`")
        } else {
            problem.hint("a request is written out: `query`, `headers`, `body`, `form` or `text`")
        });
    }

    fn connector(&mut self, at: &Pointer, name: &str) -> Option<&'a KnownConnector> {
        let known = self.known;
        if !known.strict || known.broken_connectors.contains(name) {
            return None;
        }
        let place = self.place(at);
        let Some(connector) = known.connectors.get(name) else {
            let message = format!("connector \"{name}\" does not exist");
            let problem = Problem::error("unknown-connector", place, message);
            let meant = did_you_mean(name, known.connectors.keys().map(String::as_str));
            let hint = self.call_meant(name).or(meant);
            self.report(problem.hint(hint.unwrap_or_else(|| {
                let file = if is_id(name) { name } else { "chat" };
                format!("a connector is a file of its own, such as connectors/{file}.yaml")
            })));
            return None;
        };
        if !connector.enabled {
            let message = format!("connector \"{name}\" is disabled, so this step will fail");
            let problem = Problem::warning("disabled-connector", place, message);
            self.report(problem.hint("nothing is sent to it until its file says `enabled: true`"));
        }
        Some(connector)
    }

    /// What to write instead of what is no name at all.
    fn call_meant(&self, written: &str) -> Option<String> {
        if written.contains("://") {
            let hint = "`call` names a connector: put the address into its `base_url`";
            return Some(hint.to_owned());
        }
        if written.contains(['/', ' ']) {
            return Some("write `call: <connector>` and `request: GET /path`".to_owned());
        }
        let (connector, action) = written.split_once(['.', ':'])?;
        let known = self.known.connectors.contains_key(connector) && is_id(action);
        known.then(|| format!("write `call: {connector}` and `action: {action}`"))
    }

    fn action(
        &mut self,
        at: &Pointer,
        connector: &str,
        known: &'a KnownConnector,
        name: &str,
    ) -> Option<&'a KnownAction> {
        let action = known.actions.get(name);
        if action.is_none() {
            let place = self.place(&at.key("action"));
            let message = format!("connector \"{connector}\" has no action \"{name}\"");
            let problem = Problem::error("unknown-action", place, message);
            let names: Vec<&str> = known.actions.keys().map(String::as_str).collect();
            let meant = did_you_mean(name, names.iter().copied());
            self.report(problem.hint(meant.unwrap_or_else(|| {
                if names.is_empty() {
                    "it defines none: write the `request` out, or add the action to it".to_owned()
                } else {
                    format!("it has {}", names.join(", "))
                }
            })));
        }
        action
    }
}

impl Checker<'_> {
    fn with(
        &mut self,
        at: &Pointer,
        step: &StepSource,
        known: Option<&KnownAction>,
        action: &str,
        view: &View,
    ) -> Option<Template> {
        let nothing = Value::Object(Map::new());
        let at_with = at.key("with");
        let with = step.with.as_ref().unwrap_or(&nothing);
        let Some(given) = with.as_object() else {
            let problem = Problem::error("with", self.place(&at_with), "`with` is a map of inputs");
            self.report(problem.hint("write `with: { channel: \"#welcome\" }`"));
            return None;
        };
        if let Some(known) = known {
            let place = if step.with.is_some() {
                self.key_place(&at_with)
            } else {
                self.place(&at.key("action"))
            };
            let unknown = |name: &&String| !known.input.contains_key(*name);
            let misspelt: Vec<&String> = given.keys().filter(unknown).collect();
            let meant =
                |name: &str| misspelt.iter().any(|wrong| did_you_mean(wrong, [name]).is_some());
            for (name, input) in &known.input {
                if input.required && !given.contains_key(name) && !meant(name) {
                    let message = format!("action \"{action}\" needs input \"{name}\"");
                    self.report(Problem::error("missing-input", place, message));
                }
            }
            for (name, value) in given {
                self.input_of_action(&at_with.key(name), known, action, name, value);
            }
        }
        self.template(&at_with, with, view)
    }

    fn input_of_action(
        &mut self,
        at: &Pointer,
        known: &KnownAction,
        action: &str,
        name: &str,
        value: &Value,
    ) {
        let Some(input) = known.input.get(name) else {
            let message = format!("action \"{action}\" has no input \"{name}\"");
            let problem = Problem::error("unknown-input", self.key_place(at), message);
            let names: Vec<&str> = known.input.keys().map(String::as_str).collect();
            let meant = did_you_mean(name, names.iter().copied());
            self.report(problem.hint_if(
                meant.or_else(|| {
                    (!names.is_empty()).then(|| format!("it has {}", names.join(", ")))
                }),
            ));
            return;
        };
        let Some(schema) = input.schema.as_ref().filter(|_| is_constant(value)) else { return };
        let Ok(validator) = jsonschema::validator_for(schema) else { return };
        let complaint = validator.iter_errors(value).next().map(|error| error.to_string());
        if let Some(complaint) = complaint {
            let message =
                format!("input \"{name}\" of action \"{action}\" does not fit: {complaint}");
            let place = self.place(at);
            self.report(Problem::error("input-value", place, message));
        }
    }

    fn expect(&mut self, at: &Pointer, value: &Value) -> Option<Expect> {
        match Expect::read(value) {
            Ok(expect) => Some(expect),
            Err(message) => {
                let wrong = value.as_array().into_iter().flatten();
                let wrong = wrong.map(Expect::read).position(|item| item.is_err());
                let place = self.place(&wrong.map_or(at.clone(), |index| at.index(index)));
                self.report(Problem::error("expect", place, message));
                None
            }
        }
    }

    fn retry(&mut self, at: &Pointer, source: &RetrySource) -> Option<Retry> {
        let attempts = source.max_attempts.map(|number| self.attempts(at, number));
        let initial = source.initial_delay.as_ref();
        let initial = initial.map(|time| self.duration(&at.key("initial_delay"), &time.0));
        let longest = source.max_delay.as_ref();
        let longest = longest.map(|time| self.duration(&at.key("max_delay"), &time.0));
        let (max_attempts, initial_delay, max_delay) =
            (lift(attempts)?, lift(initial)?, lift(longest)?);
        if let (Some(initial), Some(longest)) = (initial_delay, max_delay)
            && initial > longest
        {
            let place = self.place(&at.key("initial_delay"));
            let message = "`initial_delay` is longer than `max_delay`";
            self.report(Problem::error("retry", place, message));
        }
        let unsafe_writes = source.unsafe_writes.unwrap_or(false);
        Some(Retry { max_attempts, initial_delay, max_delay, unsafe_writes })
    }

    fn attempts(&mut self, at: &Pointer, number: u32) -> Option<NonZeroU32> {
        let attempts = NonZeroU32::new(number).filter(|number| number.get() <= ATTEMPTS_MAX);
        if attempts.is_none() {
            let place = self.place(&at.key("max_attempts"));
            let message = format!("`max_attempts` is a number from 1 to {ATTEMPTS_MAX}");
            let problem = Problem::error("retry", place, message);
            self.report(problem.hint("the first attempt counts: 1 means no retry"));
        }
        attempts
    }
}

/// Whether a value is the same in every run.
fn is_constant(value: &Value) -> bool {
    match value {
        Value::String(text) => !text.contains("${{"),
        Value::Array(items) => items.iter().all(is_constant),
        Value::Object(members) => members.values().all(is_constant),
        _ => true,
    }
}
