//! A workflow after checking: compiled, nothing left that could be misspelt.
//!
//! Everything here is immutable and shared by all runs of one version. Wrong values
//! cannot be expressed: ids are unique, references resolve, durations are bounded.

use std::collections::BTreeSet;
use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use tenure_language::{Expect, Expression, Path, RequestTemplate, Template, Text};

use crate::schedule::Schedule;

/// One version of one workflow, ready to run.
#[derive(Debug)]
pub struct Plan {
    /// Name, unique in a project.
    pub name: String,
    /// What it is for, in a person's words.
    pub description: Option<String>,
    /// Identity of exactly this text.
    pub version: Version,
    /// The text it was compiled from, kept so that a run can finish on it.
    pub source: Arc<str>,
    /// Whom a run is about.
    pub subject: Option<Text>,
    /// What starts it.
    pub triggers: Vec<Trigger>,
    /// What a manual run must give.
    pub input: Option<InputSchema>,
    /// What it does.
    pub steps: Block,
    /// What it does after it failed.
    pub on_failure: Block,
    /// What a finished run answers.
    pub output: Option<Template>,
}

impl Plan {
    /// Names of the connectors that its steps call.
    #[must_use]
    pub fn connectors(&self) -> BTreeSet<&str> {
        let mut names = BTreeSet::new();
        let mut blocks = vec![&self.steps, &self.on_failure];
        while let Some(block) = blocks.pop() {
            for step in &block.steps {
                if let OnError::Steps(handler) = &step.on_error {
                    blocks.push(handler);
                }
                match &step.kind {
                    Kind::Call(call) => {
                        names.insert(call.connector.as_str());
                    }
                    Kind::Switch(cases) => blocks.extend(cases.iter().map(|case| &case.steps)),
                    Kind::ForEach(each) => blocks.push(&each.steps),
                    Kind::Parallel(branches) => {
                        blocks.extend(branches.iter().map(|branch| &branch.steps));
                    }
                    Kind::Set(_) | Kind::Wait(_) | Kind::Stop(_) | Kind::Fail(_) => {}
                }
            }
        }
        names
    }
}

/// Identity of a workflow text: the SHA-256 of its bytes, in hex.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Version(pub String);

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What starts a run.
#[derive(Debug)]
pub enum Trigger {
    /// An event of this type, if the condition holds.
    Event {
        /// Exact type, or a prefix when it ends in `*`.
        event_type: EventPattern,
        /// Must hold over `event`.
        condition: Option<Expression>,
    },
    /// A person or a program asks for it.
    Manual,
    /// The clock.
    Schedule(Schedule),
}

/// Matches event types, exactly or by prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventPattern {
    /// This type only.
    Exact(String),
    /// Any type that begins so (written with a `*` at the end).
    Prefix(String),
}

impl EventPattern {
    /// Whether an event of this type is meant.
    #[must_use]
    pub fn matches(&self, event_type: &str) -> bool {
        match self {
            Self::Exact(exact) => exact == event_type,
            Self::Prefix(prefix) => event_type.starts_with(prefix.as_str()),
        }
    }
}

/// Steps that run one after the other.
#[derive(Debug, Default)]
pub struct Block {
    /// In order.
    pub steps: Vec<Step>,
}

/// One thing a run does.
#[derive(Debug)]
pub struct Step {
    /// Unique in the whole workflow, also across branches.
    pub id: String,
    /// False skips this step, and only this step.
    pub condition: Option<Expression>,
    /// Bound on the step with all its attempts and waits.
    pub timeout: Option<Duration>,
    /// What a failure of this step means.
    pub on_error: OnError,
    /// What it does.
    pub kind: Kind,
    /// Line in the source, 1-based.
    pub line: usize,
}

/// What a failed step means for the block it stands in.
#[derive(Debug, Default)]
pub enum OnError {
    /// The block fails.
    #[default]
    Fail,
    /// The next step runs as if nothing had been.
    Continue,
    /// These run; if they succeed the block goes on. They see `error`.
    Steps(Block),
}

/// What a step does.
#[derive(Debug)]
pub enum Kind {
    /// Calls another system.
    Call(Box<Call>),
    /// Keeps values under `vars`, evaluated top to bottom.
    Set(Vec<(String, Template)>),
    /// Takes the first case that holds.
    Switch(Vec<Case>),
    /// Does the same for each item.
    ForEach(Box<Loop>),
    /// Does branches side by side.
    Parallel(Vec<Branch>),
    /// Waits.
    Wait(Wait),
    /// Ends the run as succeeded, with this reason.
    Stop(Text),
    /// Ends the run as failed, with this reason.
    Fail(Text),
}

impl Kind {
    /// The word people write for it.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Call(_) => "call",
            Self::Set(_) => "set",
            Self::Switch(_) => "switch",
            Self::ForEach(_) => "for_each",
            Self::Parallel(_) => "parallel",
            Self::Wait(_) => "wait",
            Self::Stop(_) => "stop",
            Self::Fail(_) => "fail",
        }
    }
}

/// One call of a connector.
#[derive(Debug)]
pub struct Call {
    /// Name of the connector.
    pub connector: String,
    /// What is asked of it.
    pub target: Target,
    /// Statuses that count as success; the action's own, else 2xx, when absent.
    pub expect: Option<Expect>,
    /// What is kept of the response.
    pub output: Vec<(String, Output)>,
    /// Overrides the connector's retry settings, field by field.
    pub retry: Option<Retry>,
    /// Replaces the key made from run and step.
    pub idempotency_key: Option<Text>,
}

/// What a call asks of its connector.
#[derive(Debug)]
pub enum Target {
    /// A request written in the workflow.
    Request(RequestTemplate),
    /// A named action that the connector defines, with its inputs.
    Action {
        /// Name of the action.
        name: String,
        /// Its inputs: always a map.
        with: Template,
    },
}

/// How one output is taken from `{ status, headers, body }`.
#[derive(Debug)]
pub enum Output {
    /// A JSONPath over the response.
    Select(Path),
    /// An expression over the scope, with `response` in it.
    Compute(Template),
}

/// Overrides of retry settings on one step.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Retry {
    /// Attempts in all, the first included.
    pub max_attempts: Option<NonZeroU32>,
    /// Pause before the second attempt.
    pub initial_delay: Option<Duration>,
    /// Longest pause.
    pub max_delay: Option<Duration>,
    /// The author accepts that a write may happen twice.
    pub unsafe_writes: bool,
}

/// One case of a switch.
#[derive(Debug)]
pub struct Case {
    /// None: `otherwise`.
    pub when: Option<Expression>,
    /// What is done when it holds.
    pub steps: Block,
}

/// The same steps for each item of a list.
#[derive(Debug)]
pub struct Loop {
    /// Must yield a list.
    pub items: Template,
    /// Name of the loop variable.
    pub binding: String,
    /// Stable identity of an item; its index when absent.
    pub key: Option<Expression>,
    /// Items in hand at the same time.
    pub concurrency: NonZeroU32,
    /// Whether failed items fail the loop at its end.
    pub items_may_fail: bool,
    /// What is done for each.
    pub steps: Block,
}

/// One named branch of a parallel step.
#[derive(Debug)]
pub struct Branch {
    /// Unique among its siblings.
    pub name: String,
    /// What it does.
    pub steps: Block,
}

/// How long a step waits.
#[derive(Debug)]
pub enum Wait {
    /// This long, from when the step starts.
    For(Duration),
    /// A duration written as text, known when the step starts.
    ForComputed(Text),
    /// Until an instant (RFC 3339), known when the step starts; a past one is now.
    Until(Text),
}

/// A JSON Schema that the input of a manual run must satisfy.
#[derive(Debug)]
pub struct InputSchema {
    /// As written, for forms and documentation.
    pub schema: serde_json::Value,
    /// Compiled.
    pub(crate) validator: jsonschema::Validator,
}

impl InputSchema {
    /// Every way in which an input misses the schema; empty when it fits.
    ///
    /// Messages name the place and the rule, never the value: an input can hold anything.
    #[must_use]
    pub fn violations(&self, input: &serde_json::Value) -> Vec<String> {
        self.validator
            .iter_errors(input)
            .take(20)
            .map(|error| {
                let place = error.instance_path().to_string();
                let place = if place.is_empty() {
                    "input".to_owned()
                } else {
                    format!("input{}", place.replace('/', "."))
                };
                format!("{place}: {}", error.masked())
            })
            .collect()
    }
}
