//! JSONPath (RFC 9535): compiled once, selected without parsing.
//!
//! `jsonpath-rust` reads the text. What it accepts and the RFC does not is refused here, and
//! what it selects in another order, or wrongly, is selected here (`select`): order of
//! `$..['a','d']`, ill-typed function calls, filters inside filters, patterns compiled for
//! each node. Beyond the RFC a path is bounded: patterns are written out, filters do not nest,
//! and a `$` inside a filter names one node.

mod check;
mod pattern;
mod select;

use std::fmt;
use std::sync::Arc;

use jsonpath_rust::parser::parse_json_path;
use serde_json::Value;

use crate::error::CompileError;
use check::{Segment, Selector};

/// Longest path.
const SOURCE_MAX: usize = 2 * 1024;

/// A compiled JSONPath.
#[derive(Clone)]
pub struct Path(Arc<Compiled>);

struct Compiled {
    source: String,
    segments: Vec<Segment>,
    /// The same as plain steps, if at most one node can match.
    singular: Option<Vec<Step>>,
}

enum Step {
    Key(String),
    Index(i64),
}

impl Path {
    /// Compiles a path such as `$.body.items[?@.active].id`.
    ///
    /// # Errors
    /// Says what is wrong and which bytes of `source` it is about.
    pub fn compile(source: &str) -> Result<Self, CompileError> {
        let whole = |message: &str| CompileError::new(0, source.len(), message);
        if source.len() > SOURCE_MAX {
            return Err(whole("the path is longer than 2 KiB"));
        }
        if !source.starts_with('$') {
            return Err(whole("a JSONPath begins with \"$\"").hint("write $.name, or $ for all"));
        }
        if let Some(at) = split_name(source) {
            let length = source[at..].chars().next().map_or(0, char::len_utf8);
            return Err(CompileError::new(
                at,
                at + length,
                "a name with a space in it is written ['like this']",
            ));
        }
        let query = parse_json_path(source).map_err(|error| {
            let start = column_in(&error.to_string())
                .and_then(|column| source.char_indices().nth(column - 1))
                .map_or(source.len() - 1, |(at, _)| at);
            CompileError::new(
                source.floor_char_boundary(start),
                source.len(),
                "this is not JSONPath (RFC 9535)",
            )
            .hint_if(hint(source))
        })?;
        let segments = check::segments(&query.segments).map_err(|message| whole(&message))?;
        let singular = segments.iter().map(step).collect();
        Ok(Self(Arc::new(Compiled { source: source.to_owned(), segments, singular })))
    }

    /// Whether at most one node can match.
    #[must_use]
    pub fn is_singular(&self) -> bool {
        self.0.singular.is_some()
    }

    /// The value or null if the path is singular, else a list of what matches.
    #[must_use]
    pub fn select(&self, value: &Value) -> Value {
        match &self.0.singular {
            Some(steps) => follow(value, steps).cloned().unwrap_or(Value::Null),
            None => {
                let nodes = select::select(&self.0.segments, value, value);
                Value::Array(nodes.into_iter().cloned().collect())
            }
        }
    }

    /// The path as written.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.0.source
    }
}

impl fmt::Debug for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Path").field(&self.0.source).finish()
    }
}

impl PartialEq for Path {
    fn eq(&self, other: &Self) -> bool {
        self.0.source == other.0.source
    }
}

fn step(segment: &Segment) -> Option<Step> {
    match segment {
        Segment::Child(selectors) => match selectors.as_slice() {
            [Selector::Name(name)] => Some(Step::Key(name.clone())),
            [Selector::Index(index)] => Some(Step::Index(*index)),
            _ => None,
        },
        Segment::Descendant(_) => None,
    }
}

fn follow<'v>(value: &'v Value, steps: &[Step]) -> Option<&'v Value> {
    steps.iter().try_fold(value, |value, step| match step {
        Step::Key(key) => value.as_object()?.get(key),
        Step::Index(index) => select::item(value.as_array()?, *index),
    })
}

/// Where a name is split by a space, which `jsonpath-rust` reads over.
fn split_name(source: &str) -> Option<usize> {
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    let mut quote = None;
    let mut escaped = false;
    let mut before = '$';
    let mut spaced = false;
    for (at, c) in source.char_indices() {
        match quote {
            Some(_) if escaped => escaped = false,
            Some(_) if c == '\\' => escaped = true,
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if c.is_whitespace() => {
                if before == '.' {
                    return Some(at);
                }
                spaced = true;
                continue;
            }
            None if matches!(c, '\'' | '"') => quote = Some(c),
            None if spaced && is_name(c) && is_name(before) => return Some(at),
            None => {}
        }
        before = c;
        spaced = false;
    }
    None
}

/// The column in a message such as `--> 1:6`, from 1.
fn column_in(message: &str) -> Option<usize> {
    let (_, after) = message.split_once("--> 1:")?;
    let digits = after.bytes().take_while(u8::is_ascii_digit).count();
    after.get(..digits)?.parse().ok().filter(|column| *column > 0)
}

fn hint(source: &str) -> Option<String> {
    let hint = if source.contains(" and ") || source.contains(" or ") {
        "a filter says && and ||"
    } else if source.contains("?(@") && source.contains("=~") {
        "a filter matches with match(@.name, 'pattern')"
    } else if source.contains('-') {
        "a name with other signs than letters, digits and _ is written ['like-this']"
    } else {
        return None;
    };
    Some(hint.to_owned())
}

#[cfg(test)]
mod tests;
