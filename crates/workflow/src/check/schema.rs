//! `input` of a workflow: the JSON Schema that what a run is given must satisfy.

use serde_json::{Map, Value};
use tenure_language::{Pointer, Problem, Segment, did_you_mean};

use crate::plan::InputSchema;

use super::Checker;

/// Words that say what a value must be.
const DEMANDS: [&str; 47] = [
    "$anchor",
    "$defs",
    "$dynamicAnchor",
    "$dynamicRef",
    "$id",
    "$ref",
    "$schema",
    "$vocabulary",
    "additionalItems",
    "additionalProperties",
    "allOf",
    "anyOf",
    "const",
    "contains",
    "contentEncoding",
    "contentMediaType",
    "definitions",
    "dependencies",
    "dependentRequired",
    "dependentSchemas",
    "else",
    "enum",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "if",
    "maxContains",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minContains",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "multipleOf",
    "not",
    "oneOf",
    "pattern",
    "patternProperties",
    "prefixItems",
    "properties",
    "propertyNames",
    "required",
    "then",
    "type",
    "uniqueItems",
];
/// Words that only describe, or that somebody may well call an input.
const NOTES: [&str; 13] = [
    "$comment",
    "contentSchema",
    "default",
    "deprecated",
    "description",
    "examples",
    "format",
    "items",
    "readOnly",
    "title",
    "unevaluatedItems",
    "unevaluatedProperties",
    "writeOnly",
];
/// Words whose value is a schema, or for `items` a list of them.
const ONE: [&str; 12] = [
    "additionalItems",
    "additionalProperties",
    "contains",
    "else",
    "if",
    "items",
    "not",
    "propertyNames",
    "then",
    "unevaluatedItems",
    "unevaluatedProperties",
    "contentSchema",
];
/// Words whose value is a map of schemas.
const NAMED: [&str; 5] =
    ["$defs", "definitions", "dependentSchemas", "patternProperties", "properties"];
/// Words whose value is a list of schemas.
const LISTED: [&str; 5] = ["allOf", "anyOf", "items", "oneOf", "prefixItems"];
/// Types a schema can name.
const TYPES: [&str; 7] = ["string", "number", "integer", "boolean", "object", "array", "null"];
/// Formats that are enforced.
const FORMATS: [&str; 19] = [
    "date",
    "date-time",
    "duration",
    "email",
    "hostname",
    "idn-email",
    "idn-hostname",
    "ipv4",
    "ipv6",
    "iri",
    "iri-reference",
    "json-pointer",
    "regex",
    "relative-json-pointer",
    "time",
    "uri",
    "uri-reference",
    "uri-template",
    "uuid",
];

impl Checker<'_> {
    pub(super) fn input(&mut self, at: &Pointer, schema: &Value) -> Option<InputSchema> {
        let Some(map) = schema.as_object() else {
            let problem = Problem::error("input", self.place(at), "`input` is a JSON Schema");
            self.report(problem.hint("write `input: { type: object, properties: { … } }`"));
            return None;
        };
        if names_inputs(map) {
            self.inputs = Some(map.keys().cloned().collect());
            let message = "this is no JSON Schema, so it would accept anything";
            let problem = Problem::error("input", self.key_place(at), message);
            self.report(problem.hint(format!("write `input: {}`", as_schema(map))));
            return None;
        }
        if map.get("type").is_some_and(|kind| kind != "object") {
            let place = self.place(&at.key("type"));
            let problem = Problem::error("input", place, "the input of a run is an object");
            self.report(problem.hint("write `type: object`, and what it holds under `properties`"));
            return None;
        }
        if let Some(properties) = map.get("properties").and_then(Value::as_object) {
            self.inputs = Some(properties.keys().cloned().collect());
        }
        self.keywords(at, schema);
        let built = jsonschema::options()
            .with_pattern_options(jsonschema::PatternOptions::regex())
            .should_validate_formats(true)
            .build(schema);
        match built {
            Ok(validator) => Some(InputSchema { schema: schema.clone(), validator }),
            Err(error) => {
                let inside = pointer_of(error.instance_path().as_str());
                self.no_schema(&at.join(&inside), &inside, &error.masked().to_string());
                None
            }
        }
    }

    /// Says why a schema cannot be used.
    fn no_schema(&mut self, at: &Pointer, inside: &Pointer, complaint: &str) {
        let place = self.place(at);
        let problem = |message: &str| Problem::error("input", place, message);
        let last = |back: usize| match inside.segments().iter().rev().nth(back) {
            Some(Segment::Key(key)) => Some(key.as_str()),
            _ => None,
        };
        let value = at.find(self.document.value());
        let problem = match (last(0), value) {
            (Some("type"), _) => {
                problem("the schema names a type that does not exist").hint(format!(
                    "types are {} and null",
                    TYPES.split_last().map_or(String::new(), |(_, rest)| rest.join(", "))
                ))
            }
            (Some("required"), Some(Value::String(name))) if name.len() <= 64 => {
                problem("`required` is a list of names").hint(format!("write `required: [{name}]`"))
            }
            (Some("required"), Some(Value::Bool(_))) => {
                let name = last(1).unwrap_or("name");
                problem("`required` is a list of names, beside `properties`")
                    .hint(format!("write `required: [{name}]` there"))
            }
            _ => problem(&format!("the schema is not valid: {complaint}")),
        };
        self.report(problem);
    }

    /// Warns of words that JSON Schema does not know, and would pass over in silence.
    fn keywords(&mut self, at: &Pointer, schema: &Value) {
        let Some(map) = schema.as_object() else { return };
        for (key, value) in map {
            let inner = at.key(key);
            if !is_keyword(key) && !key.starts_with("x-") {
                let place = self.key_place(&inner);
                let message = format!("\"{key}\" is no word of JSON Schema and demands nothing");
                let words = DEMANDS.iter().chain(&NOTES).copied();
                let nested = "what an object holds stands under `properties`".to_owned();
                let hint = did_you_mean(key, words).or(value.is_object().then_some(nested));
                self.report(Problem::warning("schema-keyword", place, message).hint_if(hint));
                continue;
            }
            let format =
                value.as_str().filter(|format| key == "format" && !FORMATS.contains(format));
            if let Some(format) = format {
                let shown: String = format.chars().take(60).collect();
                let message = format!("format \"{shown}\" is not known and demands nothing");
                let problem = Problem::warning("schema-keyword", self.place(&inner), message);
                self.report(problem.hint_if(did_you_mean(format, FORMATS)));
            }
            if ONE.contains(&key.as_str()) {
                self.keywords(&inner, value);
            }
            if NAMED.contains(&key.as_str()) {
                for (name, schema) in value.as_object().into_iter().flatten() {
                    self.keywords(&inner.key(name), schema);
                }
            }
            if LISTED.contains(&key.as_str()) {
                for (index, schema) in value.as_array().into_iter().flatten().enumerate() {
                    self.keywords(&inner.index(index), schema);
                }
            }
        }
    }
}

fn is_keyword(key: &str) -> bool {
    DEMANDS.contains(&key) || NOTES.contains(&key)
}

/// Whether a map lists inputs as an action of a connector does, and is no schema at all.
fn names_inputs(map: &Map<String, Value>) -> bool {
    // An input may be called "type" or "title": its value tells.
    let demands = |(key, value): (&String, &Value)| {
        DEMANDS.contains(&key.as_str()) && !(key == "type" && value.is_object())
    };
    let names = |(key, value): (&String, &Value)| value.is_object() || !is_keyword(key);
    !map.iter().any(demands) && map.iter().any(names)
}

/// The schema that was meant by a list of inputs.
fn as_schema(map: &Map<String, Value>) -> String {
    const SHOWN: usize = 4;
    let kind = |value: &Value| {
        let word = value.get("type").and_then(Value::as_str).or(value.as_str()).unwrap_or("");
        TYPES.into_iter().find(|known| *known == word).unwrap_or("string")
    };
    let shown: Vec<(&String, &Value)> =
        map.iter().filter(|(name, _)| name.len() <= 64).take(SHOWN).collect();
    let properties: Vec<String> =
        shown.iter().map(|(name, value)| format!("{name}: {{ type: {} }}", kind(value))).collect();
    let required: Vec<&str> = shown
        .iter()
        .filter(|(_, value)| value.get("required") == Some(&Value::Bool(true)))
        .map(|(name, _)| name.as_str())
        .collect();
    let required = match required.as_slice() {
        [] => String::new(),
        names => format!("required: [{}], ", names.join(", ")),
    };
    let rest = if shown.len() < map.len() { ", …" } else { "" };
    format!("{{ type: object, {required}properties: {{ {}{rest} }} }}", properties.join(", "))
}

/// A JSON Pointer as a way into our document.
fn pointer_of(text: &str) -> Pointer {
    text.split('/').skip(1).fold(Pointer::root(), |at, part| {
        let part = part.replace("~1", "/").replace("~0", "~");
        part.parse().map_or_else(|_| at.key(&part), |index| at.index(index))
    })
}
