//! What expressions refer to, and how that is found.

use std::borrow::Cow;
use std::sync::Arc;

use minijinja::value::{Object, ObjectRepr, Value as Dynamic};
use serde_json::{Map, Value};

use super::{convert, environment};
use crate::path::Path;

/// What an expression can see.
pub trait Scope {
    /// Value of a root name (`event`, `input`, `vars`, `run`, a loop variable), or of one
    /// member of `steps`.
    ///
    /// `member` is given for the root `steps` only, and always there.
    fn lookup(&self, root: &str, member: Option<&str>) -> Option<Cow<'_, Value>>;
}

impl Scope for Map<String, Value> {
    fn lookup(&self, root: &str, member: Option<&str>) -> Option<Cow<'_, Value>> {
        let found = self.get(root)?;
        match member {
            Some(member) => found.get(member).map(Cow::Borrowed),
            None => Some(Cow::Borrowed(found)),
        }
    }
}

impl Scope for Value {
    fn lookup(&self, root: &str, member: Option<&str>) -> Option<Cow<'_, Value>> {
        self.as_object()?.lookup(root, member)
    }
}

/// The root whose members are looked up one by one.
pub(super) const STEPS: &str = "steps";

/// Something an expression refers to, as far as that is known before it runs.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Reference {
    /// From the root inward: `["steps", "account", "output", "id"]`.
    ///
    /// Ends where an index is computed.
    pub path: Vec<String>,
}

/// One step of a way through a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    Key(String),
    Index(usize),
}

impl Step {
    fn text(&self) -> String {
        match self {
            Self::Key(key) => key.clone(),
            Self::Index(index) => index.to_string(),
        }
    }
}

/// A value that is found before an expression runs.
#[derive(Debug, Clone)]
pub(super) enum Parameter {
    Reference {
        lookup: Lookup,
        /// Missing is allowed here, because `default` or `is defined` follows.
        guarded: bool,
        /// Selected from what is found.
        select: Option<Path>,
    },
    /// A compiled path for the filter `jsonpath`.
    Path(Path),
}

impl Parameter {
    /// Whether both are one reference, from which nothing is selected.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (
                Self::Reference { lookup, guarded, select: None },
                Self::Reference { lookup: others, guarded: as_guarded, select: None },
            ) => lookup == others && guarded == as_guarded,
            _ => false,
        }
    }

    /// The reference, if nothing is selected from it.
    pub(super) fn whole(&self) -> Option<Reference> {
        match self {
            Self::Reference { lookup, select: None, .. } => Some(lookup.reference()),
            Self::Reference { .. } | Self::Path(_) => None,
        }
    }
}

/// A way from a root of the scope inward.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Lookup {
    root: String,
    steps: Vec<Step>,
}

/// What was found on the way.
enum Found<'a> {
    Value(&'a Value),
    Null,
    Missing,
}

impl Lookup {
    pub(super) fn new(root: &str, steps: Vec<Step>) -> Self {
        Self { root: root.to_owned(), steps }
    }

    fn reference(&self) -> Reference {
        let path = std::iter::once(self.root.clone()).chain(self.steps.iter().map(Step::text));
        Reference { path: path.collect() }
    }

    /// Finds the value and hands it on; it is borrowed from the scope where that is possible.
    fn find<T>(&self, scope: &dyn Scope, use_it: impl FnOnce(Found<'_>) -> T) -> T {
        let (member, steps) = match self.steps.split_first() {
            Some((Step::Key(member), steps)) if self.root == STEPS => {
                (Some(member.as_str()), steps)
            }
            _ => (None, self.steps.as_slice()),
        };
        match scope.lookup(&self.root, member) {
            Some(base) => use_it(walk(&base, steps)),
            None => use_it(Found::Missing),
        }
    }

    fn missing(&self) -> String {
        format!("{} is missing", self.reference().path.join("."))
    }
}

/// A member of null is null; a member that is not there is missing.
fn walk<'a>(base: &'a Value, steps: &[Step]) -> Found<'a> {
    let mut at = base;
    for step in steps {
        let next = match (at, step) {
            (Value::Null, _) => return Found::Null,
            (Value::Object(map), Step::Key(key)) => map.get(key),
            (Value::Array(items), Step::Index(index)) => items.get(*index),
            _ => None,
        };
        match next {
            Some(next) => at = next,
            None => return Found::Missing,
        }
    }
    Found::Value(at)
}

impl Parameter {
    /// As JSON, for an expression that is nothing else.
    pub(super) fn json(&self, scope: &dyn Scope) -> Result<Value, String> {
        match self {
            Self::Reference { lookup, select, .. } => lookup.find(scope, |found| match found {
                Found::Value(value) => Ok(selected(select.as_ref(), value)),
                Found::Null => Ok(selected(select.as_ref(), &Value::Null)),
                Found::Missing => Err(lookup.missing()),
            }),
            Self::Path(path) => Ok(Value::String(path.source().to_owned())),
        }
    }

    fn dynamic(&self, scope: &dyn Scope) -> Dynamic {
        let (lookup, guarded, select) = match self {
            Self::Reference { lookup, guarded, select } => (lookup, *guarded, select.as_ref()),
            Self::Path(path) => return Dynamic::from_object(BoundPath(path.clone())),
        };
        lookup.find(scope, |found| match (found, select) {
            (Found::Missing, _) if guarded => Dynamic::UNDEFINED,
            // An invalid value: using it is an error, not using it is fine.
            (Found::Missing, _) => Dynamic::from(environment::complaint(lookup.missing())),
            (Found::Value(value), Some(path)) => convert::to_dynamic(&path.select(value)),
            (Found::Null, Some(path)) => convert::to_dynamic(&path.select(&Value::Null)),
            (Found::Value(value), None) => convert::to_dynamic(value),
            (Found::Null, None) => Dynamic::from(()),
        })
    }
}

fn selected(path: Option<&Path>, value: &Value) -> Value {
    path.map_or_else(|| value.clone(), |path| path.select(value))
}

pub(super) fn references(parameters: &[Parameter]) -> Vec<Reference> {
    let mut references: Vec<Reference> = Vec::new();
    for parameter in parameters {
        if let Parameter::Reference { lookup, .. } = parameter {
            let reference = lookup.reference();
            if !references.contains(&reference) {
                references.push(reference);
            }
        }
    }
    references
}

/// Name of a parameter in the rewritten expression.
pub(super) fn parameter_name(index: usize) -> String {
    format!("_{index}")
}

/// All parameters of one evaluation.
pub(super) fn context(parameters: &[Parameter], scope: &dyn Scope) -> Dynamic {
    let values = parameters.iter().map(|parameter| parameter.dynamic(scope)).collect();
    Dynamic::from_object(Context(values))
}

#[derive(Debug)]
struct Context(Vec<Dynamic>);

impl Object for Context {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Map
    }

    fn get_value(self: &Arc<Self>, key: &Dynamic) -> Option<Dynamic> {
        self.get_value_by_str(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Dynamic> {
        let index: usize = key.strip_prefix('_')?.parse().ok()?;
        self.0.get(index).cloned()
    }
}

/// A compiled path on its way to the filter `jsonpath`.
#[derive(Debug)]
pub(super) struct BoundPath(pub(super) Path);

impl Object for BoundPath {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }
}
