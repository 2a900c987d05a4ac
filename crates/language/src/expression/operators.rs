//! The calls that stand for operators, strict about types.

use std::cmp::Ordering;

use minijinja::value::{Rest, Value, ValueKind};
use minijinja::{Environment, Error, State};

use super::convert::{self, dynamic_kind, no_text};
use super::environment::complaint;
use super::work::{BoundedText, Work};

pub(super) fn install(environment: &mut Environment<'static>) {
    environment.add_function("_concat", |parts: Rest<Value>| -> Result<String, Error> {
        let mut whole = BoundedText::default();
        parts.iter().try_for_each(|part| whole.push(&text(part)?))?;
        whole.finish()
    });
    environment.add_function("_member", |value: Value, key: Value| member(&value, &key, true));
    environment.add_function("_find", |value: Value, key: Value| member(&value, &key, false));
    environment.add_function("_eq", equal);
    environment.add_test("eq", equal);
    environment.add_function("_ne", different);
    environment.add_test("ne", different);
    environment.add_function("_in", within);
    environment.add_test("in", within);
    orders(environment, "_lt", "lt", Ordering::is_lt);
    orders(environment, "_le", "le", Ordering::is_le);
    orders(environment, "_gt", "gt", Ordering::is_gt);
    orders(environment, "_ge", "ge", Ordering::is_ge);
}

fn orders(
    environment: &mut Environment<'static>,
    function: &'static str,
    test: &'static str,
    fits: fn(Ordering) -> bool,
) {
    let ordered = move |state: &State<'_, '_>, a: Value, b: Value| order(state, &a, &b).map(fits);
    environment.add_function(function, ordered);
    environment.add_test(test, ordered);
}

fn equal(state: &State<'_, '_>, a: Value, b: Value) -> Result<bool, Error> {
    comparable(&a, &b)?;
    Work::of(state).compare(&a, &b)?;
    Ok(a == b)
}

fn different(state: &State<'_, '_>, a: Value, b: Value) -> Result<bool, Error> {
    equal(state, a, b).map(|same| !same)
}

fn order(state: &State<'_, '_>, a: &Value, b: &Value) -> Result<Ordering, Error> {
    comparable(a, b)?;
    Work::of(state).compare(a, b)?;
    match a.kind() {
        ValueKind::Number | ValueKind::String if a.kind() == b.kind() => Ok(a.cmp(b)),
        _ => {
            let odd = if matches!(a.kind(), ValueKind::Number | ValueKind::String) { b } else { a };
            Err(complaint(format!("{} has no order", dynamic_kind(odd))))
        }
    }
}

/// Fails unless both are of one type, or one of them is null.
fn comparable(a: &Value, b: &Value) -> Result<(), Error> {
    let (left, right) = (dynamic_kind(a), dynamic_kind(b));
    if left == "missing" || right == "missing" {
        return Err(complaint("something it compares is missing"));
    }
    if left == right || left == "null" || right == "null" {
        return Ok(());
    }
    Err(complaint(format!("{left} is compared with {right}")))
}

fn within(state: &State<'_, '_>, part: Value, whole: Value) -> Result<bool, Error> {
    let mut work = Work::of(state);
    match whole.kind() {
        ValueKind::String => match (whole.as_str(), part.as_str()) {
            (Some(text), Some(part)) => {
                work.visit(&whole)?;
                Ok(text.contains(part))
            }
            _ => Err(complaint(format!("{} is looked for in text", dynamic_kind(&part)))),
        },
        ValueKind::Seq | ValueKind::Iterable => {
            for item in whole.try_iter()? {
                work.compare(&item, &part)?;
                if item == part {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        ValueKind::Map => Ok(!whole.get_item(&part)?.is_undefined()),
        _ => Err(complaint(format!("{} holds nothing to look in", dynamic_kind(&whole)))),
    }
}

/// A member under a computed key: null of null, an error or undefined where there is none.
pub(super) fn member(value: &Value, key: &Value, needed: bool) -> Result<Value, Error> {
    let found = match value.kind() {
        ValueKind::None => return Ok(Value::from(())),
        ValueKind::Undefined => Value::UNDEFINED,
        _ => value.get_item(key)?,
    };
    if !needed || !found.is_undefined() {
        return Ok(found);
    }
    Err(complaint(match key.as_i64() {
        Some(_) => format!("{} has no such item", dynamic_kind(value)),
        None => format!("{} has no such member", dynamic_kind(value)),
    }))
}

/// How a value reads inside text.
pub(super) fn text(value: &Value) -> Result<String, Error> {
    match value.kind() {
        ValueKind::String => Ok(value.as_str().unwrap_or_default().to_owned()),
        ValueKind::Bool => Ok(value.is_true().to_string()),
        ValueKind::Number => {
            let json = convert::to_json(value).map_err(complaint)?;
            Ok(json.to_string())
        }
        _ => Err(complaint(no_text(dynamic_kind(value)))),
    }
}
