//! What a call keeps of its response.

use serde_json::Value;
use tenure_language::{ForeignExpression, Path, Pointer, Problem, did_you_mean};

use crate::plan::Output;
use crate::source::Ordered;

use super::Checker;
use super::view::View;

/// Most outputs of one step.
const OUTPUTS_MAX: usize = 100;
/// What a response has.
const RESPONSE: [&str; 3] = ["status", "headers", "body"];

impl Checker<'_> {
    pub(super) fn outputs(
        &mut self,
        at: &Pointer,
        source: Option<&Ordered<Value>>,
        view: &View,
    ) -> Option<Vec<(String, Output)>> {
        let Some(Ordered(entries)) = source else { return Some(Vec::new()) };
        if entries.len() > OUTPUTS_MAX {
            let message = format!("a step has at most {OUTPUTS_MAX} outputs");
            let place = self.place(at);
            self.report(Problem::error("too-many-outputs", place, message));
        }
        let mut compiled = Some(Vec::new());
        for (name, value) in entries {
            let at = at.key(name);
            let named = self.name(self.key_place(&at), "output", name);
            match (&mut compiled, self.output_value(&at, value, view)) {
                (Some(compiled), Some(output)) if named => compiled.push((name.clone(), output)),
                _ => compiled = None,
            }
        }
        compiled
    }

    fn output_value(&mut self, at: &Pointer, value: &Value, view: &View) -> Option<Output> {
        match value {
            Value::String(text) if text.contains("${{") => {
                self.template(at, value, &view.clone().with_response()).map(Output::Compute)
            }
            Value::String(text) if text.starts_with('$') => self.selection(at, text),
            _ => {
                let message = "an output is a JSONPath over the response, or an expression";
                let problem = Problem::error("output", self.place(at), message);
                let foreign = value.as_str().and_then(ForeignExpression::find);
                self.report(match value.as_str().and_then(path_meant) {
                    _ if foreign.is_some() => problem.hint_if(foreign.map(|it| it.hint())),
                    Some(path) => problem.hint(format!("write {path}")),
                    None => problem.hint("write $.body.id, or ${{ response.body.id }}"),
                });
                None
            }
        }
    }

    fn selection(&mut self, at: &Pointer, text: &str) -> Option<Output> {
        let path = match Path::compile(text) {
            Ok(path) => path,
            Err(error) => {
                let problem = self.document.compile_problem("jsonpath", at, &error);
                self.report(problem);
                return None;
            }
        };
        let first = first_name(text);
        if let Some(first) = first.filter(|first| !RESPONSE.contains(first)) {
            let message = format!("a response has no \"{first}\": it has status, headers and body");
            let problem = Problem::error("output", self.place(at), message);
            let rest = text.strip_prefix("$.").unwrap_or_default();
            let meant = did_you_mean(first, RESPONSE).filter(|_| first.len() > 2);
            self.report(match rest.strip_prefix("response.") {
                Some(rest) => {
                    problem.hint(format!("the path begins at the response itself: $.{rest}"))
                }
                None => problem.hint(meant.unwrap_or_else(|| format!("write $.body.{rest}"))),
            });
            return None;
        }
        Some(Output::Select(path))
    }
}

/// The first member a path of the plain kind goes into.
fn first_name(path: &str) -> Option<&str> {
    let rest = path.strip_prefix("$.")?;
    let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
    rest.get(..end).filter(|name| !name.is_empty())
}

/// The path that was meant by a text without its `$`.
fn path_meant(text: &str) -> Option<String> {
    let text = text.trim().trim_start_matches('.');
    let text = text.strip_prefix("response.").unwrap_or(text);
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '[' | ']' | '*');
    if text.is_empty() || !text.chars().all(plain) {
        return None;
    }
    let first = text.split(['.', '[']).next().unwrap_or_default();
    if RESPONSE.contains(&first) {
        Some(format!("$.{text}"))
    } else {
        Some(format!("$.body.{text}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_member_of_a_path_is_found() {
        for (path, expected) in [
            ("$.body.id", Some("body")),
            ("$.id", Some("id")),
            ("$..id", None),
            ("$['body']", None),
            ("$.*", None),
            ("$", None),
        ] {
            assert_eq!(first_name(path), expected, "{path}");
        }
    }

    #[test]
    fn a_path_without_its_dollar_is_completed() {
        for (text, expected) in [
            ("body.id", Some("$.body.id")),
            ("response.body.id", Some("$.body.id")),
            ("id", Some("$.body.id")),
            ("a b", None),
        ] {
            assert_eq!(path_meant(text).as_deref(), expected, "{text}");
        }
    }
}
