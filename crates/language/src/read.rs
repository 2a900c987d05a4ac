//! Reading a document as a source type, with all problems at once.
//!
//! serde stops at the first problem. Here each failing part is reported, put aside and
//! reading begins again, until the rest fits.

use std::collections::HashMap;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use serde_path_to_error::Segment as PathSegment;

use crate::document::{Document, PROBLEMS_MAX};
use crate::pointer::{Pointer, Segment};
use crate::problem::Problem;
use crate::strict::Strict;
use crate::suggest::did_you_mean;

pub(crate) fn read<T: DeserializeOwned>(
    document: &Document,
    hidden: impl Fn(&Pointer, &str) -> bool,
) -> (Option<T>, Vec<Problem>) {
    let mut value = document.value().clone();
    let mut problems = Vec::new();
    let mut tried: HashMap<Pointer, usize> = HashMap::new();
    // Each round reports one part or tries the next stand-in for it, so the rounds are bounded.
    for _ in 0..PROBLEMS_MAX * (STAND_INS + 1) {
        let error = match serde_path_to_error::deserialize::<_, T>(Strict(&value)) {
            Ok(read) => return (Some(read), problems),
            Err(error) => error,
        };
        let mut pointer = pointer_of(error.path(), &value);
        let mut complaint = Complaint::of(&error.inner().to_string());
        if let Complaint::UnknownKey { key, known } = &mut complaint {
            pointer = owner_of_key(&value, &pointer, key).key(key.as_str());
            known.retain(|known| !hidden(&pointer, known));
        }
        let round = tried.entry(pointer.clone()).or_insert(0);
        if *round == 0 {
            problems.push(complaint.problem(document, &pointer));
        }
        let put_aside = put_aside(&mut value, &pointer, *round);
        *round += 1;
        if !put_aside || problems.len() >= PROBLEMS_MAX {
            break;
        }
    }
    (None, problems)
}

/// Values tried in place of a list's item, so that its neighbours keep their indexes.
const STAND_INS: usize = 5;

fn stand_in(round: usize) -> Option<Value> {
    match round {
        0 => Some(Value::Object(Map::new())),
        1 => Some(Value::String(String::new())),
        2 => Some(Value::Null),
        3 => Some(Value::Array(Vec::new())),
        4 => Some(Value::Number(1.into())),
        _ => None,
    }
}

/// Takes a part out, or puts something in its place; false if nothing is left to try.
fn put_aside(value: &mut Value, pointer: &Pointer, round: usize) -> bool {
    let Some(parent) = pointer.parent() else { return false };
    let Some(last) = pointer.segments().last() else { return false };
    match (parent.find_mut(value), last) {
        (Some(Value::Object(members)), Segment::Key(key)) => {
            members.shift_remove(key).is_some() || put_aside(value, &parent, round)
        }
        (Some(Value::Array(items)), Segment::Index(index)) => match stand_in(round) {
            Some(other) if *index < items.len() => {
                items[*index] = other;
                true
            }
            _ => put_aside(value, &parent, 0),
        },
        _ => put_aside(value, &parent, round),
    }
}

fn pointer_of(path: &serde_path_to_error::Path, value: &Value) -> Pointer {
    let mut pointer = Pointer::root();
    for segment in path.iter() {
        let next = match segment {
            PathSegment::Seq { index } => pointer.index(*index),
            PathSegment::Map { key } => pointer.key(key),
            PathSegment::Enum { variant } => pointer.key(variant),
            PathSegment::Unknown => break,
        };
        if next.find(value).is_none() {
            break;
        }
        pointer = next;
    }
    pointer
}

/// The map that holds an unknown key: here, or around here.
fn owner_of_key(value: &Value, pointer: &Pointer, key: &str) -> Pointer {
    let holds = |at: &Pointer| {
        at.find(value).and_then(Value::as_object).is_some_and(|map| map.contains_key(key))
    };
    let mut at = Some(pointer.clone());
    while let Some(pointer) = at {
        if holds(&pointer) {
            return pointer;
        }
        at = pointer.parent();
    }
    pointer.clone()
}

/// What serde complains about, in parts.
enum Complaint {
    UnknownKey { key: String, known: Vec<String> },
    UnknownValue { word: String, known: Vec<String> },
    Missing { key: String },
    Wrong { found: String, expected: String },
    Other { message: String },
}

impl Complaint {
    fn of(message: &str) -> Self {
        if let Some(rest) = message.strip_prefix("unknown field ") {
            let (key, known) = name_and_known(rest);
            return Self::UnknownKey { key, known };
        }
        if let Some(rest) = message.strip_prefix("unknown variant ") {
            let (word, known) = name_and_known(rest);
            return Self::UnknownValue { word, known };
        }
        if let Some(rest) = message.strip_prefix("missing field ") {
            return Self::Missing { key: quoted(rest).into_iter().next().unwrap_or_default() };
        }
        let rest = ["invalid type: ", "invalid value: ", "invalid length "]
            .iter()
            .find_map(|prefix| message.strip_prefix(prefix));
        match rest.and_then(|rest| rest.rsplit_once(", expected ")) {
            Some((found, expected)) => {
                Self::Wrong { found: found_words(found), expected: expected_words(expected) }
            }
            None => Self::Other { message: message.to_owned() },
        }
    }

    fn problem(&self, document: &Document, pointer: &Pointer) -> Problem {
        let place = document.place(pointer);
        match self {
            Self::UnknownKey { key, known } => {
                let message = format!("unknown key \"{}\"", short(key));
                let known = known.iter().map(String::as_str);
                let hint = did_you_mean(key, known.clone()).or_else(|| one_of(known.collect()));
                Problem::error("unknown-key", document.key_place(pointer), message).hint_if(hint)
            }
            Self::UnknownValue { word, known } => {
                let message = format!("{}unknown value \"{}\"", subject(pointer), short(word));
                let known = known.iter().map(String::as_str);
                let hint = did_you_mean(word, known.clone()).or_else(|| one_of(known.collect()));
                Problem::error("unknown-value", place, message).hint_if(hint)
            }
            Self::Missing { key } => {
                let message = format!("{}\"{key}\" is missing", subject(pointer));
                Problem::error("missing-key", place, message)
            }
            Self::Wrong { found, expected } => {
                let message = format!("{}expected {expected}, found {found}", subject(pointer));
                Problem::error("wrong-type", place, message)
            }
            Self::Other { message } => {
                Problem::error("wrong-value", place, format!("{}{message}", subject(pointer)))
            }
        }
    }
}

fn subject(pointer: &Pointer) -> String {
    match pointer.segments().last() {
        Some(Segment::Key(key)) => format!("\"{}\": ", short(key)),
        Some(Segment::Index(index)) => format!("item {}: ", index + 1),
        None => String::new(),
    }
}

fn short(word: &str) -> String {
    let shown: String = word.chars().take(60).collect();
    if shown.len() < word.len() { format!("{shown}…") } else { shown }
}

/// The first quoted name, and the names after "expected".
fn name_and_known(rest: &str) -> (String, Vec<String>) {
    match rest.rsplit_once(", expected ").or_else(|| rest.rsplit_once(", there are no ")) {
        Some((name, known)) => (name.trim_matches('`').to_owned(), quoted(known)),
        None => (rest.trim_matches('`').to_owned(), Vec::new()),
    }
}

fn quoted(text: &str) -> Vec<String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn one_of(known: Vec<&str>) -> Option<String> {
    match known.as_slice() {
        [] => None,
        [only] => Some(format!("known here: {only}")),
        known if known.len() <= 40 => Some(format!("known here: {}", known.join(", "))),
        _ => None,
    }
}

/// What was found, by its kind: the value itself may be long or private.
fn found_words(found: &str) -> String {
    let kind = found.split([' ', '`', '"']).next().unwrap_or("");
    match kind {
        "string" | "character" | "char" => "text".to_owned(),
        "integer" => "a number".to_owned(),
        "floating" => "a number with a fraction".to_owned(),
        "boolean" => "true or false".to_owned(),
        "null" | "unit" | "Option" => "nothing".to_owned(),
        "sequence" => "a list".to_owned(),
        "map" => "a map".to_owned(),
        _ => "something else".to_owned(),
    }
}

fn expected_words(expected: &str) -> String {
    let words = match expected {
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number, 0 or more",
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number",
        "f32" | "f64" => "a number",
        "a nonzero u32" | "a nonzero u64" | "a nonzero u16" | "a nonzero usize" => {
            "a whole number, 1 or more"
        }
        "a boolean" => "true or false",
        "a string" | "string or map" | "a borrowed string" => "text",
        "a sequence" => "a list",
        "a map" => "a map",
        _ if expected.starts_with("struct ") => "a map",
        _ if expected.starts_with("internally tagged") => "a map",
        other => return other.to_owned(),
    };
    words.to_owned()
}

#[cfg(test)]
mod tests;
