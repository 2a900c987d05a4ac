//! Selecting nodes, in the order of RFC 9535.

use std::cmp::Ordering;

use serde_json::{Number, Value};

use super::check::{Comparison, Condition, Operand, Query, Segment, Selector};

/// The nodes that the segments select from `current`.
pub(super) fn select<'v>(
    segments: &[Segment],
    root: &'v Value,
    current: &'v Value,
) -> Vec<&'v Value> {
    let mut nodes = vec![current];
    for segment in segments {
        let mut found = Vec::new();
        for node in nodes {
            match segment {
                Segment::Child(selectors) => children(selectors, root, node, &mut found),
                Segment::Descendant(selectors) => descend(selectors, root, node, &mut found),
            }
        }
        nodes = found;
    }
    nodes
}

/// A node comes before its children, each with all its selectors in their order.
fn descend<'v>(
    selectors: &[Selector],
    root: &'v Value,
    node: &'v Value,
    found: &mut Vec<&'v Value>,
) {
    children(selectors, root, node, found);
    match node {
        Value::Array(items) => items.iter().for_each(|item| descend(selectors, root, item, found)),
        Value::Object(members) => {
            members.values().for_each(|member| descend(selectors, root, member, found));
        }
        _ => {}
    }
}

fn children<'v>(
    selectors: &[Selector],
    root: &'v Value,
    node: &'v Value,
    found: &mut Vec<&'v Value>,
) {
    for selector in selectors {
        match (selector, node) {
            (Selector::Name(name), Value::Object(members)) => found.extend(members.get(name)),
            (Selector::Index(index), Value::Array(items)) => found.extend(item(items, *index)),
            (Selector::Wildcard, Value::Object(members)) => found.extend(members.values()),
            (Selector::Wildcard, Value::Array(items)) => found.extend(items),
            (Selector::Slice { start, end, step }, Value::Array(items)) => {
                slice(items, *start, *end, *step, found);
            }
            (Selector::Filter(condition), Value::Object(members)) => {
                found.extend(members.values().filter(|member| holds(condition, root, member)));
            }
            (Selector::Filter(condition), Value::Array(items)) => {
                found.extend(items.iter().filter(|item| holds(condition, root, item)));
            }
            _ => {}
        }
    }
}

/// An item by its index; a negative one counts from the end.
pub(super) fn item(items: &[Value], index: i64) -> Option<&Value> {
    items.get(position(items.len(), index)?)
}

fn position(length: usize, index: i64) -> Option<usize> {
    match usize::try_from(index) {
        Ok(index) => Some(index),
        Err(_) => length.checked_sub(usize::try_from(index.unsigned_abs()).ok()?),
    }
}

/// RFC 9535, 2.3.4.2.2.
fn slice<'v>(
    items: &'v [Value],
    start: Option<i64>,
    end: Option<i64>,
    step: i64,
    found: &mut Vec<&'v Value>,
) {
    let length = i64::try_from(items.len()).unwrap_or(i64::MAX);
    let from_end = |at: i64| if at < 0 { length.saturating_add(at) } else { at };
    let at = |position: i64| usize::try_from(position).ok().and_then(|at| items.get(at));
    if step > 0 {
        let end = from_end(end.unwrap_or(length)).clamp(0, length);
        let mut next = from_end(start.unwrap_or(0)).clamp(0, length);
        while next < end {
            found.extend(at(next));
            next = next.saturating_add(step);
        }
    } else if step < 0 {
        let end = end.map_or(-1, |end| from_end(end).clamp(-1, length - 1));
        let mut next = from_end(start.unwrap_or(length - 1)).clamp(-1, length - 1);
        while next > end {
            found.extend(at(next));
            next = next.saturating_add(step);
        }
    }
}

// === filters ===

fn holds(condition: &Condition, root: &Value, node: &Value) -> bool {
    match condition {
        Condition::Any(parts) => parts.iter().any(|part| holds(part, root, node)),
        Condition::All(parts) => parts.iter().all(|part| holds(part, root, node)),
        Condition::Not(part) => !holds(part, root, node),
        Condition::Exists(query) => !nodes(query, root, node).is_empty(),
        Condition::Compare(kind, left, right) => {
            compare(*kind, value(left, root, node).as_deref(), value(right, root, node).as_deref())
        }
        Condition::Matches(text, pattern) => value(text, root, node)
            .as_deref()
            .and_then(Value::as_str)
            .is_some_and(|text| pattern.is_match(text)),
    }
}

fn nodes<'v>(query: &Query, root: &'v Value, node: &'v Value) -> Vec<&'v Value> {
    select(&query.segments, root, if query.from_root { root } else { node })
}

/// A value that is borrowed from the document or was computed.
enum Operated<'v> {
    Borrowed(&'v Value),
    Computed(Value),
}

impl std::ops::Deref for Operated<'_> {
    type Target = Value;

    fn deref(&self) -> &Value {
        match self {
            Self::Borrowed(value) => value,
            Self::Computed(value) => value,
        }
    }
}

fn value<'v>(operand: &'v Operand, root: &'v Value, node: &'v Value) -> Option<Operated<'v>> {
    match operand {
        Operand::Literal(value) => Some(Operated::Borrowed(value)),
        Operand::Node(query) => one(query, root, node).map(Operated::Borrowed),
        Operand::OnlyValue(query) => match nodes(query, root, node).as_slice() {
            [only] => Some(Operated::Borrowed(only)),
            _ => None,
        },
        Operand::Count(query) => {
            Some(Operated::Computed(Value::from(nodes(query, root, node).len())))
        }
        Operand::Length(inner) => {
            let length = match &*value(inner, root, node)? {
                Value::String(text) => text.chars().count(),
                Value::Array(items) => items.len(),
                Value::Object(members) => members.len(),
                _ => return None,
            };
            Some(Operated::Computed(Value::from(length)))
        }
    }
}

/// The node of a singular query, without lists in between.
fn one<'v>(query: &Query, root: &'v Value, node: &'v Value) -> Option<&'v Value> {
    let from = if query.from_root { root } else { node };
    query.segments.iter().try_fold(from, |at, segment| match segment {
        Segment::Child(selectors) => match (selectors.as_slice(), at) {
            ([Selector::Name(name)], Value::Object(members)) => members.get(name),
            ([Selector::Index(index)], Value::Array(items)) => item(items, *index),
            _ => None,
        },
        Segment::Descendant(_) => None,
    })
}

/// RFC 9535, 2.3.5.2.2: nothing equals nothing; only numbers and texts have an order.
fn compare(kind: Comparison, left: Option<&Value>, right: Option<&Value>) -> bool {
    let equal = || match (left, right) {
        (None, None) => true,
        (Some(left), Some(right)) => same(left, right),
        _ => false,
    };
    let ordered = |wanted: Ordering| order(left, right) == Some(wanted);
    match kind {
        Comparison::Equal => equal(),
        Comparison::NotEqual => !equal(),
        Comparison::Less => ordered(Ordering::Less),
        Comparison::LessOrEqual => ordered(Ordering::Less) || equal(),
        Comparison::Greater => ordered(Ordering::Greater),
        Comparison::GreaterOrEqual => ordered(Ordering::Greater) || equal(),
    }
}

fn order(left: Option<&Value>, right: Option<&Value>) -> Option<Ordering> {
    match (left?, right?) {
        (Value::Number(left), Value::Number(right)) => number_order(left, right),
        (Value::String(left), Value::String(right)) => Some(left.cmp(right)),
        _ => None,
    }
}

fn number_order(left: &Number, right: &Number) -> Option<Ordering> {
    match (left.as_i128(), right.as_i128()) {
        (Some(left), Some(right)) => Some(left.cmp(&right)),
        _ => left.as_f64()?.partial_cmp(&right.as_f64()?),
    }
}

/// Deep equality in which 1 and 1.0 are the same number.
fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => {
            number_order(left, right) == Some(Ordering::Equal)
        }
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(l, r)| same(l, r))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left.iter().all(|(key, l)| right.get(key).is_some_and(|r| same(l, r)))
        }
        (left, right) => left == right,
    }
}
