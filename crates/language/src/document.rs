//! One YAML file: its text, its value, and where everything stands.

use std::collections::HashMap;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde_json::{Map, Number, Value};

use crate::error::CompileError;
use crate::place::{Lines, Place};
use crate::pointer::Pointer;
use crate::problem::Problem;
use crate::report::Report;
use crate::spans::{self, Node, Shape};
use crate::{read, traps};

/// Longest file.
const TEXT_MAX: usize = 1024 * 1024;

/// Most problems reported of one file.
pub(crate) const PROBLEMS_MAX: usize = 200;

/// One YAML file: its text, its value, and the place of every key and value.
#[derive(Debug, Clone)]
pub struct Document {
    file: String,
    text: Arc<str>,
    value: Value,
    places: HashMap<Pointer, Places>,
    traps: Vec<(Pointer, Problem)>,
}

#[derive(Debug, Clone, Copy)]
struct Places {
    key: Option<Place>,
    value: Place,
}

impl Document {
    /// Reads a YAML 1.2 text.
    ///
    /// Scalars are text unless they are plainly a number, `true`, `false` or `null`: a date
    /// stays the text it is.
    ///
    /// # Errors
    /// Syntax, keys that come twice, anything two parsers read differently, and bounds
    /// (1 MiB, 64 levels, a budget for aliases).
    pub fn parse(file: &str, text: &str) -> Result<Self, Report> {
        // Some editors write a mark before the text; it is not part of it.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let refuse = |problems| Report::new(file, text, problems);
        if text.len() > TEXT_MAX {
            let message = format!("the file is larger than {} KiB", TEXT_MAX / 1024);
            let problem = Problem::error(
                "too-large",
                Place { line: 1, column: 1, ..Place::default() },
                message,
            );
            return Err(Report::new(file, "", vec![problem]));
        }
        let lines = Lines::new(text);
        if let Some(at) = text.find(unprintable) {
            let message = "the file holds a character that YAML does not allow";
            let problem = Problem::error("syntax", lines.place(at, at + 1), message)
                .hint("save the file as plain UTF-8 text");
            return Err(refuse(vec![problem]));
        }
        let node = spans::read(text, &lines).map_err(|problem| refuse(vec![problem]))?;
        let duplicates = node.as_ref().map(spans::duplicate_keys).unwrap_or_default();
        if !duplicates.is_empty() {
            return Err(refuse(duplicates));
        }
        let yaml: serde_yaml::Value = serde_yaml::from_str(text).map_err(|error| {
            let at = error.location().map_or(0, |location| location.index());
            refuse(vec![spans::syntax_problem(text, &lines, at, &plain_message(&error))])
        })?;
        let mut builder =
            Builder { text, places: HashMap::new(), fatal: Vec::new(), traps: Vec::new() };
        let place = lines.place(0, 0);
        let value = match &node {
            Some(node) => builder.value(&Pointer::root(), None, node, &yaml),
            None => {
                builder.places.insert(Pointer::root(), Places { key: None, value: place });
                Value::Null
            }
        };
        if !builder.fatal.is_empty() {
            return Err(refuse(builder.fatal));
        }
        builder.traps.truncate(PROBLEMS_MAX);
        Ok(Self {
            file: file.to_owned(),
            text: text.into(),
            value,
            places: builder.places,
            traps: builder.traps,
        })
    }

    /// Name of the file, as people know it.
    #[must_use]
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The text as written.
    #[must_use]
    pub fn text(&self) -> &Arc<str> {
        &self.text
    }

    /// What the text stands for.
    #[must_use]
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// Where a value stands, or else the nearest value around it.
    #[must_use]
    pub fn place(&self, pointer: &Pointer) -> Place {
        let mut at = Some(pointer.clone());
        while let Some(pointer) = at {
            if let Some(places) = self.places.get(&pointer) {
                return places.value;
            }
            at = pointer.parent();
        }
        Place { line: 1, column: 1, ..Place::default() }
    }

    /// Where the key of a value stands; the value's place if it has no key.
    #[must_use]
    pub fn key_place(&self, pointer: &Pointer) -> Place {
        let key = self.places.get(pointer).and_then(|places| places.key);
        key.unwrap_or_else(|| self.place(pointer))
    }

    /// Where a part of a scalar stands, given as bytes of its value.
    ///
    /// Exact where the value stands in the text as it is; else the whole scalar.
    #[must_use]
    pub fn place_in(&self, pointer: &Pointer, start: usize, end: usize) -> Place {
        let place = self.place(pointer);
        let Some(Value::String(value)) = pointer.find(&self.value) else { return place };
        let raw = self.text.get(place.start..place.end).unwrap_or("");
        let offset = match raw.bytes().next() {
            _ if raw == value => 0,
            Some(b'"' | b'\'') if raw.get(1..raw.len().saturating_sub(1)) == Some(value) => 1,
            _ => return place,
        };
        let lead = raw.get(..start + offset).unwrap_or("");
        let line = place.line + lead.matches('\n').count();
        let column = match lead.rfind('\n') {
            Some(at) => lead[at + 1..].chars().count() + 1,
            None => place.column + lead.chars().count(),
        };
        let inside = |at: usize| (place.start + offset + at).min(place.end);
        Place { start: inside(start), end: inside(end).max(inside(start)), line, column }
    }

    /// A problem with a piece of text at this pointer that does not compile.
    #[must_use]
    pub fn compile_problem(
        &self,
        code: &'static str,
        pointer: &Pointer,
        error: &CompileError,
    ) -> Problem {
        let place = self.place_in(pointer, error.start, error.end);
        Problem::error(code, place, error.message.clone()).hint_if(error.hint.clone())
    }

    /// What is legal YAML and probably not what was meant.
    #[must_use]
    pub fn traps(&self) -> Vec<Problem> {
        self.traps_where(|_| true)
    }

    /// The traps, but those in text that stands where only text is meant: a `y` is no
    /// surprise in a description.
    #[must_use]
    pub fn traps_where(&self, may_be_value: impl Fn(&Pointer) -> bool) -> Vec<Problem> {
        let shown = self.traps.iter().filter(|(at, problem)| {
            !traps::is_of_text(problem.code)
                || !at.find(&self.value).is_some_and(Value::is_string)
                || may_be_value(at)
        });
        shown.map(|(_, problem)| problem.clone()).collect()
    }

    /// Reads the value as a source type, with all problems at once.
    ///
    /// What cannot be read is reported with its place, left out, and reading goes on. There is
    /// no value only if the document as a whole is not what is expected.
    #[must_use]
    pub fn read<T: DeserializeOwned>(&self) -> (Option<T>, Vec<Problem>) {
        read::read(self, |_, _| false)
    }

    /// As `read`, but hints do not name the keys that are `hidden` where they stand: those
    /// that are known and refused.
    #[must_use]
    pub fn read_hiding<T: DeserializeOwned>(
        &self,
        hidden: impl Fn(&Pointer, &str) -> bool,
    ) -> (Option<T>, Vec<Problem>) {
        read::read(self, hidden)
    }
}

/// Characters that YAML 1.2 (5.1) does not allow in a text.
fn unprintable(c: char) -> bool {
    (c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\u{85}'))
        || matches!(c, '\u{fffe}' | '\u{ffff}')
}

/// The parser's words without the place, which the report adds itself.
fn plain_message(error: &serde_yaml::Error) -> String {
    let message = error.to_string();
    let end = message.find(" at line ").unwrap_or(message.len());
    message[..end].to_owned()
}

/// Holds the two parsers' readings against each other and builds one value.
struct Builder<'t> {
    text: &'t str,
    places: HashMap<Pointer, Places>,
    fatal: Vec<Problem>,
    traps: Vec<(Pointer, Problem)>,
}

impl Builder<'_> {
    fn value(
        &mut self,
        pointer: &Pointer,
        key: Option<Place>,
        node: &Node,
        yaml: &serde_yaml::Value,
    ) -> Value {
        self.places.insert(pointer.clone(), Places { key, value: node.place });
        let mut yaml = yaml;
        while let serde_yaml::Value::Tagged(tagged) = yaml {
            yaml = &tagged.value;
        }
        if node.tag.is_some() {
            self.traps.push((pointer.clone(), traps::tag(node.place, node.tag.as_deref())));
        }
        match (&node.shape, yaml) {
            (Shape::Alias, yaml) => self.plain(pointer, node.place, yaml),
            (Shape::List(items), serde_yaml::Value::Sequence(values))
                if items.len() == values.len() =>
            {
                let items = items.iter().zip(values).enumerate();
                let values = items
                    .map(|(at, (item, value))| self.value(&pointer.index(at), None, item, value));
                Value::Array(values.collect())
            }
            (Shape::Map(members), serde_yaml::Value::Mapping(values)) => {
                self.map(pointer, members, values, node.place)
            }
            (Shape::Scalar { text, plain }, yaml) if agrees(text, *plain, yaml) => {
                if *plain {
                    let trap = traps::scalar(self.text, node.place, text, yaml);
                    self.traps.extend(trap.map(|trap| (pointer.clone(), trap)));
                }
                self.plain(pointer, node.place, yaml)
            }
            _ => self.disagree(node.place),
        }
    }

    fn map(
        &mut self,
        pointer: &Pointer,
        members: &[(Node, Node)],
        values: &serde_yaml::Mapping,
        place: Place,
    ) -> Value {
        if members.len() != values.len() {
            return self.disagree(place);
        }
        let mut map: Map<String, Value> = Map::with_capacity(members.len());
        for ((key, node), (yaml_key, yaml)) in members.iter().zip(values) {
            let Shape::Scalar { text, plain } = &key.shape else {
                self.fatal.push(spans::key_problem(self.text, place, key));
                continue;
            };
            if !agrees(text, *plain, yaml_key) {
                self.disagree(key.place);
                continue;
            }
            if *plain {
                let trap = traps::key(key.place, text);
                self.traps.extend(trap.map(|trap| (pointer.key(text), trap)));
            }
            let value = self.value(&pointer.key(text), Some(key.place), node, yaml);
            if value.is_null() {
                let trap = traps::commented(self.text, key.place);
                self.traps.extend(trap.map(|trap| (pointer.key(text), trap)));
            }
            map.insert(text.clone(), value);
        }
        Value::Object(map)
    }

    /// A value whose parts have no places of their own.
    fn plain(&mut self, pointer: &Pointer, place: Place, yaml: &serde_yaml::Value) -> Value {
        match yaml {
            serde_yaml::Value::Null => Value::Null,
            serde_yaml::Value::Bool(value) => Value::Bool(*value),
            serde_yaml::Value::String(value) => Value::String(value.clone()),
            serde_yaml::Value::Number(number) => match json_number(number) {
                Some(number) => Value::Number(number),
                None => {
                    self.traps.push((pointer.clone(), traps::not_finite(place)));
                    Value::Null
                }
            },
            serde_yaml::Value::Sequence(items) => {
                Value::Array(items.iter().map(|item| self.plain(pointer, place, item)).collect())
            }
            serde_yaml::Value::Mapping(members) => Value::Object(
                members
                    .iter()
                    .filter_map(|(key, value)| {
                        Some((key_text(key)?, self.plain(pointer, place, value)))
                    })
                    .collect(),
            ),
            serde_yaml::Value::Tagged(tagged) => {
                self.traps.push((pointer.clone(), traps::tag(place, None)));
                self.plain(pointer, place, &tagged.value)
            }
        }
    }

    fn disagree(&mut self, place: Place) -> Value {
        let message = "this can be read in two ways";
        self.fatal.push(
            Problem::error("ambiguous", place, message)
                .hint("write it more simply: quote the value, or indent it as a block"),
        );
        Value::Null
    }
}

fn json_number(number: &serde_yaml::Number) -> Option<Number> {
    if let Some(whole) = number.as_u64() {
        return Some(whole.into());
    }
    if let Some(whole) = number.as_i64() {
        return Some(whole.into());
    }
    number.as_f64().and_then(Number::from_f64)
}

fn key_text(key: &serde_yaml::Value) -> Option<String> {
    match key {
        serde_yaml::Value::String(text) => Some(text.clone()),
        serde_yaml::Value::Bool(value) => Some(value.to_string()),
        serde_yaml::Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Whether a scalar as one parser saw it can be the value the other one read.
fn agrees(text: &str, plain: bool, yaml: &serde_yaml::Value) -> bool {
    match yaml {
        serde_yaml::Value::String(value) => value == text,
        serde_yaml::Value::Null => plain && matches!(text, "" | "~" | "null" | "Null" | "NULL"),
        serde_yaml::Value::Bool(value) => plain && text.eq_ignore_ascii_case(&value.to_string()),
        serde_yaml::Value::Number(_) => {
            plain && text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.'))
        }
        serde_yaml::Value::Tagged(tagged) => agrees(text, plain, &tagged.value),
        serde_yaml::Value::Sequence(_) | serde_yaml::Value::Mapping(_) => false,
    }
}

#[cfg(test)]
mod tests;
