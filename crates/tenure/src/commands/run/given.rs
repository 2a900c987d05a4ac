//! What a run is given on the command line.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde_json::{Map, Value};
use tenure_language::Document;

use crate::error::CommandError;

const FILE_LENGTH_MAX: u64 = 2 * 1024 * 1024;

/// Input and event of a run.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Given {
    /// The input; null when an event takes its place.
    pub(super) input: Value,
    /// The event, as a CloudEvents document.
    pub(super) event: Option<Value>,
}

impl Given {
    /// Puts files and single values together; single values win.
    pub(super) fn read(
        values: &[String],
        input: Option<&Path>,
        event: Option<&Path>,
    ) -> Result<Self, CommandError> {
        let input = input.map(read).transpose()?.unwrap_or_default();
        let event = event.map(read).transpose()?;
        let input = match merge(input, values)? {
            Value::Null if event.is_none() => Value::Object(Map::new()),
            input => input,
        };
        Ok(Self { input, event })
    }
}

fn merge(input: Value, values: &[String]) -> Result<Value, CommandError> {
    if values.is_empty() {
        return Ok(input);
    }
    let mut merged = match input {
        Value::Null => Map::new(),
        Value::Object(map) => map,
        _ => {
            return Err(CommandError::usage("single values need an input that is a map")
                .hint("leave out --input, or give everything in its file"));
        }
    };
    for text in values {
        let (name, value) = value(text)?;
        merged.insert(name, value);
    }
    Ok(Value::Object(merged))
}

/// `name=text`, or `name:=json`.
///
/// Text is never guessed to be a number: an employee id such as `12e4` or `007` stays what it is.
fn value(text: &str) -> Result<(String, Value), CommandError> {
    let wrong = || {
        CommandError::usage(format!("input {text:?} is not NAME=TEXT"))
            .hint("write name=Ann for text, days:=30 for a number, a list or a map")
    };
    let (name, value) = text.split_once('=').ok_or_else(wrong)?;
    let (name, value) = match name.strip_suffix(':') {
        None => (name, Value::String(value.to_owned())),
        Some(name) => {
            let value = serde_json::from_str(value).map_err(|error| {
                CommandError::usage(format!("input {name:?} is not JSON")).caused_by(&error)
            })?;
            (name, value)
        }
    };
    if name.is_empty() { Err(wrong()) } else { Ok((name.to_owned(), value)) }
}

/// Reads JSON or YAML; every mistake is shown where it stands.
fn read(path: &Path) -> Result<Value, CommandError> {
    let name = path.display().to_string();
    let mut text = String::new();
    let read = if name == "-" {
        std::io::stdin().lock().take(FILE_LENGTH_MAX).read_to_string(&mut text)
    } else {
        File::open(path).and_then(|file| file.take(FILE_LENGTH_MAX).read_to_string(&mut text))
    };
    read.map_err(|error| CommandError::usage(format!("{name} cannot be read")).caused_by(&error))?;
    Document::parse(&name, &text).map(|document| document.value().clone()).map_err(|report| {
        CommandError::usage(format!("{name} is neither JSON nor YAML")).about(report)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn merged(input: Value, values: &[&str]) -> Option<Value> {
        let values: Vec<_> = values.iter().map(|text| (*text).to_owned()).collect();
        merge(input, &values).ok()
    }

    #[test]
    fn values_are_text_unless_said_otherwise() {
        let given =
            merged(Value::Null, &["id=12e4", "days:=30", "who=a=b", "tags:=[\"x\"]", "no="]);
        let expected = json!({"id": "12e4", "days": 30, "who": "a=b", "tags": ["x"], "no": ""});
        assert_eq!(given, Some(expected));
    }

    #[test]
    fn single_values_beat_the_file() {
        let given = merged(json!({"name": "Ann", "days": 1}), &["name=Bo"]);
        assert_eq!(given, Some(json!({"name": "Bo", "days": 1})));
        assert_eq!(merged(json!([1]), &[]), Some(json!([1])));
    }

    #[test]
    fn what_is_no_value_is_refused() {
        for wrong in ["name", "=Ann", ":=1", "days:=soon"] {
            assert_eq!(merged(Value::Null, &[wrong]), None, "{wrong}");
        }
        assert_eq!(merged(json!([1]), &["a=b"]), None);
    }

    #[test]
    fn a_file_may_be_json_or_yaml() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("person");
        for text in ["{\"name\": \"Ann\"}", "name: Ann\n"] {
            std::fs::write(&path, text).unwrap();
            let given = Given::read(&[], Some(&path), Some(&path)).unwrap();
            assert_eq!(given.input, json!({"name": "Ann"}));
            assert_eq!(given.event, Some(json!({"name": "Ann"})));
        }
        assert!(Given::read(&[], Some(&directory.path().join("absent")), None).is_err());
        assert_eq!(Given::read(&[], None, Some(&path)).unwrap().input, Value::Null);
        assert_eq!(Given::read(&[], None, None).unwrap().input, json!({}));
    }
}
