//! The filters and tests an expression may name.
//!
//! | filter | does |
//! |---|---|
//! | `jsonpath("$.…")` | selects with a JSONPath, which is compiled along with the expression |
//! | `default(value)` | takes the place of what is missing or null |
//! | `pick(key, default)` | the member of a map under a computed key |
//! | `keys`, `values` | the keys, or the members, of a map as a list |
//! | `intersect(list)`, `difference(list)` | items that are, or are not, in the other list |
//! | `to_json`, `from_json` | between a value and its JSON text |
//! | `slug` | text as `lower-case-words`, for names and addresses |
//! | `b64encode`, `b64decode` | Base64, standard alphabet |
//! | `join`, `string`, `sort`, `min`, `max` | as in Jinja, strict about types |
//!
//! Everything else in `KNOWN_FILTERS` is Jinja's own. All are pure: nothing here knows the
//! time or rolls dice. All are bounded: their work is counted, their texts end at 4 MiB.

use std::borrow::Cow;
use std::collections::HashSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use minijinja::value::{Kwargs, Value, ValueKind};
use minijinja::{Environment, Error, State};

use super::convert::{self, dynamic_kind};
use super::environment::complaint;
use super::operators::{self, member, text};
use super::scope::BoundPath;
use super::work::{BoundedText, Work, check_length, too_long};

/// Every filter an expression may name.
pub(super) const KNOWN_FILTERS: [&str; 52] = [
    "abs",
    "b64decode",
    "b64encode",
    "batch",
    "bool",
    "capitalize",
    "chain",
    "count",
    "d",
    "default",
    "dictsort",
    "difference",
    "first",
    "float",
    "from_json",
    "groupby",
    "int",
    "intersect",
    "items",
    "join",
    "jsonpath",
    "last",
    "length",
    "lines",
    "list",
    "lower",
    "map",
    "max",
    "min",
    "pick",
    "reject",
    "rejectattr",
    "replace",
    "reverse",
    "round",
    "select",
    "selectattr",
    "slice",
    "slug",
    "sort",
    "split",
    "string",
    "sum",
    "title",
    "to_json",
    "tojson",
    "trim",
    "unique",
    "upper",
    "zip",
    "keys",
    "values",
];

/// Every test an expression may name after `is`.
pub(super) const KNOWN_TESTS: [&str; 24] = [
    "boolean",
    "defined",
    "divisibleby",
    "endingwith",
    "eq",
    "even",
    "false",
    "float",
    "ge",
    "gt",
    "in",
    "integer",
    "le",
    "lt",
    "mapping",
    "ne",
    "none",
    "number",
    "odd",
    "sequence",
    "startingwith",
    "string",
    "true",
    "undefined",
];

const UNWANTED_FILTERS: [&str; 7] = ["attr", "e", "escape", "format", "indent", "pprint", "safe"];

pub(super) fn install(environment: &mut Environment<'static>) {
    for unwanted in UNWANTED_FILTERS {
        environment.remove_filter(unwanted);
    }
    environment.add_filter("jsonpath", jsonpath);
    environment.add_filter("default", default);
    environment.add_filter("d", default);
    environment.add_filter("pick", pick);
    environment.add_filter("keys", keys);
    environment.add_filter("values", values);
    environment.add_filter("intersect", intersect);
    environment.add_filter("difference", difference);
    environment.add_filter("to_json", to_json);
    environment.add_filter("tojson", to_json);
    environment.add_filter("from_json", from_json);
    environment.add_filter("slug", slug);
    environment.add_filter("b64encode", b64encode);
    environment.add_filter("b64decode", b64decode);
    environment.add_filter("join", join);
    environment.add_filter("string", |value: Value| text(&value));
    environment.add_filter("trim", trim);
    environment.add_filter("sort", sort);
    environment.add_filter("unique", |state: &State<'_, '_>, value: Value, kwargs: Kwargs| {
        Work::of(state).order(&value)?;
        minijinja::filters::unique(state, value, kwargs)
    });
    environment.add_filter("min", |state: &State<'_, '_>, value: Value, kwargs: Kwargs| {
        Work::of(state).order(&value)?;
        one_kind(&value)?;
        minijinja::filters::min(state, value, kwargs)
    });
    environment.add_filter("max", |state: &State<'_, '_>, value: Value, kwargs: Kwargs| {
        Work::of(state).order(&value)?;
        one_kind(&value)?;
        minijinja::filters::max(state, value, kwargs)
    });
    operators::install(environment);
}

fn jsonpath(state: &State<'_, '_>, value: &Value, path: &Value) -> Result<Value, Error> {
    let Some(BoundPath(path)) = path.downcast_object_ref::<BoundPath>() else {
        return Err(complaint("jsonpath needs its path as quoted text, written out"));
    };
    Work::of(state).visit(value)?;
    let json = convert::to_json(value).map_err(complaint)?;
    Ok(convert::to_dynamic(&path.select(&json)))
}

fn default(value: &Value, other: Option<Value>, also_empty: Option<bool>) -> Value {
    let empty = also_empty.unwrap_or(false) && !value.is_true();
    if value.is_undefined() || value.is_none() || empty {
        return other.unwrap_or_else(|| Value::from(""));
    }
    value.clone()
}

fn pick(value: &Value, key: &Value, other: Option<Value>) -> Result<Value, Error> {
    let found = member(value, key, other.is_none())?;
    match other {
        Some(other) if found.is_undefined() || found.is_none() => Ok(other),
        _ => Ok(found),
    }
}

fn keys(state: &State<'_, '_>, value: &Value) -> Result<Value, Error> {
    Work::of(state).add(value.len().unwrap_or(0) as u64)?;
    match value.kind() {
        ValueKind::Map => Ok(Value::from(value.try_iter()?.collect::<Vec<_>>())),
        _ => Err(complaint(format!("keys needs a map, this is {}", dynamic_kind(value)))),
    }
}

fn values(state: &State<'_, '_>, value: &Value) -> Result<Value, Error> {
    Work::of(state).add(value.len().unwrap_or(0) as u64)?;
    match value.kind() {
        ValueKind::Map => {
            let values = value.try_iter()?.map(|key| value.get_item(&key));
            Ok(Value::from(values.collect::<Result<Vec<_>, _>>()?))
        }
        _ => Err(complaint(format!("values needs a map, this is {}", dynamic_kind(value)))),
    }
}

fn intersect(state: &State<'_, '_>, value: &Value, other: &Value) -> Result<Value, Error> {
    let mut work = Work::of(state);
    work.visit(value)?;
    work.visit(other)?;
    let other: HashSet<Value> = list(other)?.into_iter().collect();
    Ok(Value::from(list(value)?.into_iter().filter(|v| other.contains(v)).collect::<Vec<_>>()))
}

fn difference(state: &State<'_, '_>, value: &Value, other: &Value) -> Result<Value, Error> {
    let mut work = Work::of(state);
    work.visit(value)?;
    work.visit(other)?;
    let other: HashSet<Value> = list(other)?.into_iter().collect();
    Ok(Value::from(list(value)?.into_iter().filter(|v| !other.contains(v)).collect::<Vec<_>>()))
}

fn list(value: &Value) -> Result<Vec<Value>, Error> {
    iterate(value).map(Iterator::collect)
}

fn iterate(value: &Value) -> Result<minijinja::value::ValueIter, Error> {
    match value.kind() {
        ValueKind::Seq | ValueKind::Iterable => value.try_iter(),
        _ => Err(complaint(format!("a list is needed, this is {}", dynamic_kind(value)))),
    }
}

fn to_json(state: &State<'_, '_>, value: &Value) -> Result<String, Error> {
    Work::of(state).visit(value)?;
    let json = convert::to_json(value).map_err(complaint)?;
    let mut text = BoundedText::default();
    // Nothing else can go wrong, since every JSON value has a text.
    serde_json::to_writer(&mut text, &json).map_err(|_| too_long())?;
    text.finish()
}

fn from_json(state: &State<'_, '_>, value: &str) -> Result<Value, Error> {
    // No value is shorter than one sign and its comma.
    Work::of(state).add((value.len() / 2) as u64)?;
    let json: serde_json::Value =
        serde_json::from_str(value).map_err(|_| complaint("from_json needs JSON text"))?;
    Ok(convert::to_dynamic(&json))
}

fn slug(value: &str) -> String {
    let mut slug = String::with_capacity(value.len());
    for c in value.chars().flat_map(char::to_lowercase) {
        let plain = match c {
            'ä' | 'æ' => "ae",
            'ö' | 'œ' => "oe",
            'ü' => "ue",
            'ß' => "ss",
            'à' | 'á' | 'â' | 'ã' | 'å' | 'ą' => "a",
            'ç' | 'ć' | 'č' => "c",
            'è' | 'é' | 'ê' | 'ë' | 'ę' | 'ě' => "e",
            'ì' | 'í' | 'î' | 'ï' => "i",
            'ł' => "l",
            'ñ' | 'ń' | 'ň' => "n",
            'ò' | 'ó' | 'ô' | 'õ' | 'ø' => "o",
            'ř' => "r",
            'ś' | 'š' => "s",
            'ù' | 'ú' | 'û' | 'ů' => "u",
            'ý' | 'ÿ' => "y",
            'ź' | 'ż' | 'ž' => "z",
            c if c.is_ascii_alphanumeric() => {
                slug.push(c);
                continue;
            }
            _ if slug.is_empty() || slug.ends_with('-') => "",
            _ => "-",
        };
        slug.push_str(plain);
    }
    slug.truncate(slug.trim_end_matches('-').len());
    slug
}

fn b64encode(value: &str) -> Result<String, Error> {
    check_length(value.len().div_ceil(3).saturating_mul(4))?;
    Ok(STANDARD.encode(value))
}

fn b64decode(value: &str) -> Result<String, Error> {
    let wrong = || complaint("b64decode needs Base64 of UTF-8 text");
    let bytes = STANDARD.decode(value).map_err(|_| wrong())?;
    String::from_utf8(bytes).map_err(|_| wrong())
}

fn join(state: &State<'_, '_>, value: &Value, separator: Option<&str>) -> Result<String, Error> {
    let (mut work, mut joined) = (Work::of(state), BoundedText::default());
    for (index, part) in iterate(value)?.enumerate() {
        work.visit(&part)?;
        if index > 0 {
            joined.push(separator.unwrap_or(""))?;
        }
        joined.push(&text(&part)?)?;
    }
    joined.finish()
}

fn trim(
    state: &State<'_, '_>,
    value: Cow<'_, str>,
    signs: Option<Cow<'_, str>>,
) -> Result<String, Error> {
    let Some(signs) = signs else { return Ok(value.trim().to_owned()) };
    let signs: Vec<char> = signs.chars().collect();
    // Each sign of the text is compared with each of those.
    Work::of(state).add(value.len().saturating_mul(signs.len()) as u64 / 8)?;
    Ok(value.trim_matches(&signs[..]).to_owned())
}

fn sort(state: &State<'_, '_>, value: Value, kwargs: Kwargs) -> Result<Value, Error> {
    Work::of(state).order(&value)?;
    if !kwargs.has("attribute") {
        one_kind(&value)?;
    }
    minijinja::filters::sort(state, value, kwargs)
}

/// Fails unless all items of a list are of one type.
fn one_kind(value: &Value) -> Result<(), Error> {
    let mut kinds = value.try_iter()?.map(|item| dynamic_kind(&item));
    let Some(first) = kinds.next() else { return Ok(()) };
    match kinds.find(|kind| *kind != first) {
        Some(other) => Err(complaint(format!("{first} is compared with {other}"))),
        None => Ok(()),
    }
}
