//! From JSON to the interpreter's values and back.

use minijinja::value::{Value as Dynamic, ValueKind};
use serde_json::{Map, Number, Value};

/// Most values, and most bytes of text, that one result may hold.
const RESULT_VALUES_MAX: usize = 500_000;
const RESULT_BYTES_MAX: usize = 16 * 1024 * 1024;
const RESULT_DEPTH_MAX: usize = 128;

/// What a value is, in people's words.
pub(crate) fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a map",
    }
}

/// How a value reads inside text.
///
/// Numbers and booleans as in JSON; null, lists and maps have no place in text.
pub(crate) fn text_of(value: Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(value) => Ok(value.to_string()),
        other => Err(no_text(kind_of(&other))),
    }
}

pub(super) fn no_text(kind: &str) -> String {
    let way = match kind {
        "a list" => "; use `| join(\", \")` or `| to_json`",
        "a map" => "; use `| to_json`",
        "null" => "; use `| default(…)`",
        _ => "",
    };
    format!("{kind} cannot stand in text{way}")
}

/// What an interpreter's value is, in people's words.
pub(super) fn dynamic_kind(value: &Dynamic) -> &'static str {
    match value.kind() {
        ValueKind::Undefined => "missing",
        ValueKind::None => "null",
        ValueKind::Bool => "true or false",
        ValueKind::Number => "a number",
        ValueKind::String => "text",
        ValueKind::Seq | ValueKind::Iterable => "a list",
        ValueKind::Map => "a map",
        _ => "not a JSON value",
    }
}

pub(super) fn to_dynamic(value: &Value) -> Dynamic {
    match value {
        Value::Null => Dynamic::from(()),
        Value::Bool(value) => Dynamic::from(*value),
        Value::Number(number) => {
            if let Some(whole) = number.as_i64() {
                Dynamic::from(whole)
            } else if let Some(whole) = number.as_u64() {
                Dynamic::from(whole)
            } else {
                Dynamic::from(number.as_f64().unwrap_or(f64::NAN))
            }
        }
        Value::String(text) => Dynamic::from(text.as_str()),
        Value::Array(items) => Dynamic::from(items.iter().map(to_dynamic).collect::<Vec<_>>()),
        Value::Object(members) => Dynamic::from_pairs(
            members.iter().map(|(key, value)| (key.as_str(), to_dynamic(value))),
        ),
    }
}

/// Back to JSON, within bounds.
pub(super) fn to_json(value: &Dynamic) -> Result<Value, String> {
    Budget { values: RESULT_VALUES_MAX, bytes: RESULT_BYTES_MAX }.json(value, 0)
}

struct Budget {
    values: usize,
    bytes: usize,
}

impl Budget {
    fn json(&mut self, value: &Dynamic, depth: usize) -> Result<Value, String> {
        let too_large = || "the result is too large".to_owned();
        if depth > RESULT_DEPTH_MAX {
            return Err("the result is nested too deep".to_owned());
        }
        self.values = self.values.checked_sub(1).ok_or_else(too_large)?;
        match value.kind() {
            ValueKind::None => Ok(Value::Null),
            ValueKind::Bool => Ok(Value::Bool(value.is_true())),
            ValueKind::Number => number(value).map(Value::Number),
            ValueKind::String => {
                let text = value.as_str().unwrap_or_default();
                self.bytes = self.bytes.checked_sub(text.len()).ok_or_else(too_large)?;
                Ok(Value::String(text.to_owned()))
            }
            ValueKind::Seq | ValueKind::Iterable => {
                let items = value.try_iter().map_err(|error| super::environment::words(&error))?;
                let items = items.map(|item| self.json(&item, depth + 1));
                items.collect::<Result<_, _>>().map(Value::Array)
            }
            ValueKind::Map => self.map(value, depth),
            ValueKind::Undefined | ValueKind::Invalid => Err("the result is missing".to_owned()),
            _ => Err("the result cannot be kept as JSON".to_owned()),
        }
    }

    fn map(&mut self, value: &Dynamic, depth: usize) -> Result<Value, String> {
        let mut members = Map::new();
        let keys = value.try_iter().map_err(|error| super::environment::words(&error))?;
        for key in keys {
            let Some(name) = key.as_str() else {
                return Err(format!("a key of a map is text, this is {}", dynamic_kind(&key)));
            };
            let member = value.get_item(&key).map_err(|error| super::environment::words(&error))?;
            self.bytes = self
                .bytes
                .checked_sub(name.len())
                .ok_or_else(|| "the result is too large".to_owned())?;
            members.insert(name.to_owned(), self.json(&member, depth + 1)?);
        }
        Ok(Value::Object(members))
    }
}

fn number(value: &Dynamic) -> Result<Number, String> {
    if value.is_integer() {
        if let Some(whole) = value.as_i64() {
            return Ok(whole.into());
        }
        return u64::try_from(value.clone())
            .map(Number::from)
            .map_err(|_| "the result is a whole number too large to keep".to_owned());
    }
    f64::try_from(value.clone())
        .ok()
        .and_then(Number::from_f64)
        .ok_or_else(|| "the result is not a finite number".to_owned())
}
