//! Whether what an expression refers to will be there.

use tenure_language::{Pointer, Problem, Reference, did_you_mean};

use super::Checker;
use super::kinds::Word;
use super::view::{Spot, View};
use super::visible::Unseen;

/// Names that no loop variable may take.
pub(super) const ROOTS: [&str; 8] =
    ["event", "input", "vars", "steps", "run", "error", "response", "secrets"];

const STEP_MEMBERS: [&str; 5] = ["status", "reason", "output", "response", "error"];
const RUN_MEMBERS: [&str; 5] = ["id", "started_at", "attempt", "workflow", "error"];
const ERROR_MEMBERS: [&str; 4] = ["name", "message", "step", "status"];
const RESPONSE_MEMBERS: [&str; 3] = ["status", "headers", "body"];
/// What CloudEvents itself calls the parts of an event.
const EVENT_MEMBERS: [&str; 9] = [
    "id",
    "source",
    "specversion",
    "type",
    "subject",
    "time",
    "datacontenttype",
    "dataschema",
    "data",
];

/// What is wrong with a reference, before it has a place.
struct Flaw {
    code: &'static str,
    message: String,
    hint: Option<String>,
    warning: bool,
}

impl Flaw {
    fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), hint: None, warning: false }
    }

    fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    fn hint_if(self, hint: Option<String>) -> Self {
        Self { hint, ..self }
    }

    fn warning(self) -> Self {
        Self { warning: true, ..self }
    }
}

impl Checker<'_> {
    /// Reports what the references of one text cannot see.
    pub(super) fn references(&mut self, at: &Pointer, references: &[Reference], view: &View) {
        for reference in references {
            if self.is_full() {
                return;
            }
            let path: Vec<&str> = reference.path.iter().map(String::as_str).collect();
            if let Err(flaw) = self.reference(&path, view) {
                let place = self.name_place(at, &path.join("."));
                let problem = if flaw.warning {
                    Problem::warning(flaw.code, place, flaw.message)
                } else {
                    Problem::error(flaw.code, place, flaw.message)
                };
                self.report(problem.hint_if(flaw.hint));
            }
        }
    }

    fn reference(&self, path: &[&str], view: &View) -> Result<(), Flaw> {
        let Some((root, rest)) = path.split_first() else { return Ok(()) };
        let bindings = view.bindings(&self.outline);
        if bindings.iter().any(|name| name == root) {
            return Ok(());
        }
        if *root == "secrets" {
            return Err(Flaw::new("secret", "a workflow never sees a secret")
                .hint("put it into the connector, which attaches it to each request"));
        }
        match (*root, view.spot) {
            ("event", _) => event(rest),
            ("input" | "vars" | "steps" | "run", Spot::Trigger) => Err(Flaw::new(
                "not-visible",
                format!("\"{root}\" does not exist before a run: a trigger sees `event` only"),
            )),
            ("vars" | "steps" | "run", Spot::Subject) => Err(Flaw::new(
                "not-visible",
                format!("\"{root}\" does not exist yet: a subject is made of `event` and `input`"),
            )),
            ("input", _) => self.input_member(rest),
            ("vars", _) => self.variable(rest, view),
            ("steps", _) => self.step_reference(rest, view),
            ("run", _) => self.run_member(rest, view),
            ("error", _) if view.error(&self.outline) => {
                member("error", rest, &ERROR_MEMBERS).map(|_| ())
            }
            ("response", _) if view.response => {
                member("response", rest, &RESPONSE_MEMBERS).map(|_| ())
            }
            _ => Err(self.unknown_root(root, &bindings)),
        }
    }

    /// Whether a reference can be made where it stands.
    pub(super) fn is_seen(&self, path: &[&str], view: &View) -> bool {
        self.reference(path, view).is_ok()
    }

    fn unknown_root(&self, root: &str, bindings: &[String]) -> Flaw {
        let flaw = Flaw::new("unknown-name", format!("\"{root}\" is not a name expressions know"));
        if self.outline.by_id(root).is_some() {
            return flaw.hint(format!("a step is `steps.{root}`"));
        }
        if self.outline.steps.iter().any(|entry| entry.vars.iter().any(|name| name == root)) {
            return flaw.hint(format!("a variable is `vars.{root}`"));
        }
        let familiar = match root {
            "error" => Some("`error` exists in `on_error` and in `on_failure` only"),
            "response" => Some("outside `output`, an answer is `steps.<id>.response`"),
            "env" | "environment" => Some("a workflow reads no environment: give it an `input`"),
            "now" | "today" => Some("`run.started_at` is when the run began"),
            "trigger" => Some("what started the run is `event`, or `input`"),
            "item" | "loop" | "each" => Some("a loop variable is named by `as`, beside `for_each`"),
            _ => None,
        };
        if let Some(familiar) = familiar {
            return flaw.hint(familiar);
        }
        let names = ROOTS[..5].iter().copied().chain(bindings.iter().map(String::as_str));
        flaw.hint_if(did_you_mean(root, names).or_else(|| {
            Some("expressions see event, input, vars, steps, run and loop variables".to_owned())
        }))
    }

    fn input_member(&self, rest: &[&str]) -> Result<(), Flaw> {
        let (Some(names), Some(name)) = (&self.inputs, rest.first()) else { return Ok(()) };
        if names.iter().any(|known| known == name) {
            return Ok(());
        }
        let flaw = Flaw::new("unknown-input", format!("\"{name}\" is not declared under `input`"));
        Err(flaw.hint_if(did_you_mean(name, names.iter().map(String::as_str))).warning())
    }

    fn variable(&self, rest: &[&str], view: &View) -> Result<(), Flaw> {
        let Some(name) = rest.first() else { return Ok(()) };
        if view.fresh.iter().any(|fresh| fresh == name) {
            return Ok(());
        }
        let mut unseen = None;
        for (number, entry) in self.outline.steps.iter().enumerate() {
            if entry.vars.iter().any(|var| var == name) {
                match self.outline.see(number, view) {
                    Ok(()) => return Ok(()),
                    Err(why) => unseen = unseen.or(Some((number, why))),
                }
            }
        }
        if let Some((number, why)) = unseen {
            let setter = self.step_name(number);
            let flaw = Flaw::new(
                "not-visible",
                format!("variable \"{name}\" is set by {setter}, which {}", self.verb(&why)),
            );
            return Err(flaw.hint_if(match why {
                Unseen::InLoop(_) => Some("what a loop sets is its iteration's own".to_owned()),
                _ => None,
            }));
        }
        let names = self.outline.steps.iter().flat_map(|entry| &entry.vars).map(String::as_str);
        Err(Flaw::new("unknown-var", format!("no step sets a variable \"{name}\""))
            .hint_if(did_you_mean(name, names)))
    }

    fn run_member(&self, rest: &[&str], view: &View) -> Result<(), Flaw> {
        let name = member("run", rest, &RUN_MEMBERS)?;
        if name == Some("error") && !view.failed_run(&self.outline) {
            return Err(Flaw::new("not-visible", "\"run.error\" exists in `on_failure` only"));
        }
        Ok(())
    }

    fn step_reference(&self, rest: &[&str], view: &View) -> Result<(), Flaw> {
        let Some((id, rest)) = rest.split_first() else {
            return Err(Flaw::new("dynamic-step", "\"steps\" is used without the id of a step")
                .hint("write the id out: `steps.<id>.output.<name>`"));
        };
        let Some(number) = self.outline.by_id(id) else {
            return Err(Flaw::new("unknown-step", format!("step \"{id}\" does not exist"))
                .hint_if(did_you_mean(id, self.outline.ids())));
        };
        if let Err(why) = self.outline.see(number, view) {
            let flaw = Flaw::new(
                "not-visible",
                format!("step \"{id}\" cannot be seen: it {}", self.verb(&why)),
            );
            return Err(flaw.hint_if(self.way_out(number, &why)));
        }
        let Some(entry) = self.outline.steps.get(number) else { return Ok(()) };
        let name = member(&format!("steps.{id}"), rest, &STEP_MEMBERS)?;
        let inner = rest.get(1..).unwrap_or_default();
        match name {
            Some("output") => self.step_output(number, inner),
            Some("response") if !matches!(entry.word, Word::Call | Word::Later | Word::Unclear) => {
                Err(Flaw::new(
                    "no-response",
                    format!("step \"{id}\" calls nothing, so it has no response"),
                ))
            }
            Some("response") => {
                member(&format!("steps.{id}.response"), inner, &RESPONSE_MEMBERS).map(|_| ())
            }
            Some("error") => {
                member(&format!("steps.{id}.error"), inner, &ERROR_MEMBERS).map(|_| ())
            }
            _ => Ok(()),
        }
    }

    fn step_output(&self, number: usize, inner: &[&str]) -> Result<(), Flaw> {
        let Some(entry) = self.outline.steps.get(number) else { return Ok(()) };
        let (Some(outputs), Some(name)) = (&entry.outputs, inner.first()) else { return Ok(()) };
        if outputs.iter().any(|known| known == name) {
            return Ok(());
        }
        let id = &entry.id;
        let flaw = Flaw::new("unknown-output", format!("step \"{id}\" has no output \"{name}\""));
        let meant = did_you_mean(name, outputs.iter().map(String::as_str));
        Err(flaw.hint_if(meant.or_else(|| match (entry.word, outputs.as_slice()) {
            (Word::Call, []) => {
                Some(format!("declare it there: `output: {{ {name}: $.body.{name} }}`"))
            }
            (Word::Set, _) => Some(format!("what `set` keeps is `vars.{name}`")),
            (_, []) => None,
            _ => Some(format!("it has {}", outputs.join(", "))),
        })))
    }

    /// What keeps a step out of sight, after "it".
    fn verb(&self, why: &Unseen) -> String {
        match why {
            Unseen::Itself => "is this very step".to_owned(),
            Unseen::Encloses => "contains this one and has not ended".to_owned(),
            Unseen::Later => "comes later".to_owned(),
            Unseen::OnFailure => "runs only after the workflow failed".to_owned(),
            Unseen::Elsewhere(owner, what) => {
                format!("is in another {what} of {}", self.step_name(*owner))
            }
            Unseen::InLoop(owner) => {
                format!("runs once for each item of {}", self.step_name(*owner))
            }
        }
    }

    fn way_out(&self, number: usize, why: &Unseen) -> Option<String> {
        match why {
            Unseen::Itself if self.outline.steps.get(number)?.word == Word::Call => {
                Some("in `output`, the answer is `response`".to_owned())
            }
            Unseen::InLoop(owner) => {
                let id = &self.outline.steps.get(*owner)?.id;
                Some(format!("after the loop, `steps.{id}.output.items` has what each item gave"))
            }
            _ => None,
        }
    }

    /// How people are told which step is meant.
    pub(super) fn step_name(&self, number: usize) -> String {
        match self.outline.steps.get(number) {
            Some(entry) if !entry.id.is_empty() => format!("step \"{}\"", entry.id),
            Some(entry) => format!("the step in line {}", entry.line),
            None => "the step".to_owned(),
        }
    }
}

/// Whether the first name after `owner` is one it has.
fn member<'p>(owner: &str, rest: &[&'p str], known: &[&str]) -> Result<Option<&'p str>, Flaw> {
    let Some(name) = rest.first() else { return Ok(None) };
    if known.contains(name) {
        return Ok(Some(name));
    }
    let flaw = Flaw::new("unknown-member", format!("\"{owner}\" has no \"{name}\""));
    Err(flaw.hint_if(
        did_you_mean(name, known.iter().copied())
            .or_else(|| Some(format!("it has {}", known.join(", ")))),
    ))
}

/// An event's own attributes are plain; people and changes are under `data`.
fn event(rest: &[&str]) -> Result<(), Flaw> {
    let [name, _, ..] = rest else { return Ok(()) };
    if *name == "data" {
        return Ok(());
    }
    let path = rest.join(".");
    let reason =
        if EVENT_MEMBERS.contains(name) { "is a plain value" } else { "is not part of an event" };
    Err(Flaw::new("event-member", format!("\"event.{name}\" {reason}"))
        .hint(format!("what an event is about is under `event.data`: `event.data.{path}`"))
        .warning())
}
