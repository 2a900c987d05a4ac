//! Named requests with declared inputs.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use tenure_language::{EvalError, Expect, FilledRequest, RequestTemplate, did_you_mean};

/// A request that a connector names, so that workflows need not know its shape.
#[derive(Debug, Clone)]
pub struct Action {
    /// What it does, in a person's words.
    pub description: Option<String>,
    /// What it wants to be given.
    pub input: BTreeMap<String, Input>,
    /// What it sends; its holes see `input` only.
    pub request: RequestTemplate,
    /// Statuses that count as success; the step's own go first.
    pub expect: Option<Expect>,
}

/// One input of an action.
#[derive(Debug, Clone, PartialEq)]
pub struct Input {
    /// What kind of value it is.
    pub kind: InputKind,
    /// Whether a call must give it.
    pub required: bool,
    /// Taken when a call does not give it.
    pub default: Option<Value>,
    /// What it is, in a person's words.
    pub description: Option<String>,
}

/// Kinds of values, in JSON Schema's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are JSON Schema's")]
pub enum InputKind {
    Any,
    String,
    Integer,
    Number,
    Boolean,
    Array,
    Object,
}

/// Why an action cannot be carried out with what it was given. Names inputs, never values.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ActionError {
    /// Inputs come as a map.
    #[error("inputs of an action are a map")]
    NotAMap,
    /// A required input is missing, or null.
    #[error("input \"{name}\" is missing")]
    Missing {
        /// Its name.
        name: String,
    },
    /// The action declares no such input.
    #[error("input \"{name}\" is not declared{}", .hint.as_ref().map(|it| format!("; {it}")).unwrap_or_default())]
    Unknown {
        /// Its name.
        name: String,
        /// What was probably meant.
        hint: Option<String>,
    },
    /// It is something else than declared.
    #[error("input \"{name}\" must be {expected}")]
    Kind {
        /// Its name.
        name: String,
        /// What it must be.
        expected: &'static str,
    },
    /// A hole of the request cannot be filled.
    #[error(transparent)]
    Eval(#[from] EvalError),
}

impl Action {
    /// Fills the request from inputs, which are checked first.
    ///
    /// # Errors
    /// When an input is missing, undeclared or of another kind, or a hole cannot be filled.
    pub fn fill(&self, with: &Value) -> Result<FilledRequest, ActionError> {
        let none = Map::new();
        let given = match with {
            Value::Object(given) => given,
            Value::Null => &none,
            _ => return Err(ActionError::NotAMap),
        };
        if let Some(name) = given.keys().find(|name| !self.input.contains_key(*name)) {
            let hint = did_you_mean(name, self.input.keys().map(String::as_str));
            return Err(ActionError::Unknown { name: name.clone(), hint });
        }
        let mut values = Map::new();
        for (name, input) in &self.input {
            let value = match given.get(name).filter(|value| !value.is_null()) {
                Some(value) if input.kind.fits(value) => value.clone(),
                Some(_) => {
                    let expected = input.kind.spoken();
                    return Err(ActionError::Kind { name: name.clone(), expected });
                }
                None if input.required => return Err(ActionError::Missing { name: name.clone() }),
                None => input.default.clone().unwrap_or(Value::Null),
            };
            values.insert(name.clone(), value);
        }
        Ok(self.request.fill(&json!({ "input": values }))?)
    }
}

impl Input {
    /// JSON Schema of its value.
    #[must_use]
    pub fn schema(&self) -> Value {
        match self.kind {
            InputKind::Any => json!({}),
            kind => json!({ "type": kind.word() }),
        }
    }
}

impl InputKind {
    pub(crate) const ALL: [Self; 7] = [
        Self::Any,
        Self::String,
        Self::Integer,
        Self::Number,
        Self::Boolean,
        Self::Array,
        Self::Object,
    ];

    /// The word people write for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::String => "string",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::Array => "array",
            Self::Object => "object",
        }
    }

    /// Whether a value is of this kind.
    #[must_use]
    pub fn fits(self, value: &Value) -> bool {
        match self {
            Self::Any => true,
            Self::String => value.is_string(),
            Self::Integer => value.is_i64() || value.is_u64(),
            Self::Number => value.is_number(),
            Self::Boolean => value.is_boolean(),
            Self::Array => value.is_array(),
            Self::Object => value.is_object(),
        }
    }

    fn spoken(self) -> &'static str {
        match self {
            Self::Any => "anything",
            Self::String => "text",
            Self::Integer => "a whole number",
            Self::Number => "a number",
            Self::Boolean => "true or false",
            Self::Array => "a list",
            Self::Object => "a map",
        }
    }
}
