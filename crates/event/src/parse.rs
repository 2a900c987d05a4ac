//! Reading a CloudEvents 1.0 document, structured mode.

use jiff::Timestamp;
use serde_json::{Map, Value};
use thiserror::Error;

use crate::Event;

/// Most attributes an envelope may have beside the standard ones.
pub const MAX_ATTRIBUTES: usize = 64;
/// Deepest nesting of `data`.
pub const MAX_DEPTH: usize = 64;
const MAX_TEXT: usize = 1024;

/// Why a document is not an event.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ParseError {
    /// Not a JSON object.
    #[error("the event is not a JSON object")]
    NotAnObject,
    /// A required attribute is absent.
    #[error("attribute {0:?} is missing")]
    Missing(&'static str),
    /// An attribute has the wrong type or form.
    #[error("attribute {name:?} {problem}")]
    Invalid {
        /// The attribute.
        name: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// More attributes than an envelope may have.
    #[error("the event has more than {MAX_ATTRIBUTES} extension attributes")]
    TooManyAttributes,
    /// Nested deeper than allowed.
    #[error("attribute \"data\" is nested deeper than {MAX_DEPTH} levels")]
    TooDeep,
}

impl Event {
    /// Reads a structured CloudEvents document (JSON Event Format, section 3).
    ///
    /// `received` becomes the time of an event that has none.
    ///
    /// # Errors
    /// Names the first attribute that CloudEvents 1.0 or our bounds do not allow. A missing
    /// `id` is refused rather than invented: without it a redelivery could not be told.
    pub fn from_value(document: Value, received: Timestamp) -> Result<Self, ParseError> {
        let Value::Object(mut document) = document else { return Err(ParseError::NotAnObject) };
        match required(&mut document, "specversion")?.as_str() {
            "1.0" => {}
            _ => return Err(invalid("specversion", "is not \"1.0\"")),
        }
        let event = Self {
            id: required(&mut document, "id")?,
            source: required(&mut document, "source")?,
            event_type: required(&mut document, "type")?,
            subject: optional(&mut document, "subject")?,
            time: match optional(&mut document, "time")? {
                None => received,
                Some(text) => {
                    text.parse().map_err(|_| invalid("time", "is not an RFC 3339 time"))?
                }
            },
            datacontenttype: optional(&mut document, "datacontenttype")?,
            dataschema: optional(&mut document, "dataschema")?,
            data: data(&mut document)?,
            extensions: extensions(document)?,
        };
        Ok(event)
    }
}

fn invalid(name: &str, problem: &'static str) -> ParseError {
    ParseError::Invalid { name: name.to_owned(), problem }
}

fn required(document: &mut Map<String, Value>, name: &'static str) -> Result<String, ParseError> {
    optional(document, name)?.ok_or(ParseError::Missing(name))
}

fn optional(document: &mut Map<String, Value>, name: &str) -> Result<Option<String>, ParseError> {
    match document.remove(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.is_empty() => Err(invalid(name, "is empty")),
        Some(Value::String(text)) if text.len() > MAX_TEXT => {
            Err(invalid(name, "is longer than 1024 bytes"))
        }
        Some(Value::String(text)) if text.chars().any(char::is_control) => {
            Err(invalid(name, "holds a control character"))
        }
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(invalid(name, "is not text")),
    }
}

fn data(document: &mut Map<String, Value>) -> Result<Value, ParseError> {
    if document.contains_key("data_base64") {
        return Err(invalid("data_base64", "is not supported, send JSON in \"data\""));
    }
    let data = document.remove("data").unwrap_or(Value::Null);
    if depth(&data) > MAX_DEPTH { Err(ParseError::TooDeep) } else { Ok(data) }
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

/// What is left must be extensions: lower-case letters and digits, and no nested values.
fn extensions(document: Map<String, Value>) -> Result<Map<String, Value>, ParseError> {
    if document.len() > MAX_ATTRIBUTES {
        return Err(ParseError::TooManyAttributes);
    }
    for (name, value) in &document {
        let named_well = !name.is_empty()
            && name.len() <= 64
            && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
        if !named_well {
            let shown = name.chars().take(64).collect::<String>();
            return Err(invalid(&shown, "is not a name of lower-case letters and digits"));
        }
        match value {
            Value::Array(_) | Value::Object(_) => {
                return Err(invalid(name, "is not a plain value"));
            }
            Value::String(text) if text.len() > MAX_TEXT => {
                return Err(invalid(name, "is longer than 1024 bytes"));
            }
            _ => {}
        }
    }
    Ok(document)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(document: Value) -> Result<Event, String> {
        let received = "2026-11-23T10:00:00Z".parse().unwrap();
        Event::from_value(document, received).map_err(|error| error.to_string())
    }

    fn valid() -> Value {
        json!({
            "specversion": "1.0", "id": "e1", "source": "/hr", "type": "identity.user.created",
            "subject": "users/1", "time": "2026-11-23T09:00:00Z", "correlationid": "c1",
            "data": { "user": { "email": "ann@acme.com" } }
        })
    }

    #[test]
    fn a_whole_event_is_read_and_written_again() {
        let event = read(valid()).unwrap();
        assert_eq!(event.extensions["correlationid"], "c1");
        assert_eq!(event.to_value(), read(event.to_value()).unwrap().to_value());
        let stored = serde_json::to_string(&event).unwrap();
        assert_eq!(serde_json::from_str::<Event>(&stored).unwrap(), event);
    }

    #[test]
    fn an_event_without_time_happened_when_it_was_received() {
        let mut document = valid();
        document.as_object_mut().unwrap().remove("time");
        assert_eq!(read(document).unwrap().time.to_string(), "2026-11-23T10:00:00Z");
    }

    #[test]
    fn each_fault_is_named() {
        let cases: &[(&str, Value, &str)] = &[
            ("id", Value::Null, r#"attribute "id" is missing"#),
            ("id", json!(""), r#"attribute "id" is empty"#),
            ("id", json!(7), r#"attribute "id" is not text"#),
            ("source", json!("a\nb"), r#"attribute "source" holds a control character"#),
            ("specversion", json!("0.3"), r#"attribute "specversion" is not "1.0""#),
            ("time", json!("yesterday"), r#"attribute "time" is not an RFC 3339 time"#),
            ("type", json!("x".repeat(2000)), r#"attribute "type" is longer than 1024 bytes"#),
            ("Bad", json!(1), r#"attribute "Bad" is not a name of lower-case letters and digits"#),
            ("ext", json!({}), r#"attribute "ext" is not a plain value"#),
        ];
        for (name, value, expected) in cases {
            let mut document = valid();
            document[*name] = value.clone();
            assert_eq!(read(document).unwrap_err(), *expected);
        }
        assert_eq!(read(json!([])).unwrap_err(), "the event is not a JSON object");
    }

    #[test]
    fn deep_data_is_refused() {
        let mut data = json!(1);
        for _ in 0..=MAX_DEPTH {
            data = json!([data]);
        }
        let mut document = valid();
        document["data"] = data;
        assert!(read(document).unwrap_err().contains("nested deeper"));
    }
}
