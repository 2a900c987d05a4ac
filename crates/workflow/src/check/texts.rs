//! Compiling the texts of a workflow: conditions, texts with holes, values, durations.

use std::time::Duration;

use serde_json::Value;
use tenure_language::{
    CompileError, Expression, ForeignExpression, Pointer, Problem, Segment, Template, Text,
    parse_duration,
};

use super::Checker;
use super::view::View;

/// Whether a string is one expression and nothing else.
pub(super) fn is_one_hole(text: &str) -> bool {
    let inner = text.trim().strip_prefix("${{").and_then(|rest| rest.strip_suffix("}}"));
    inner.is_some_and(|inner| !inner.contains("${{") && !inner.trim().is_empty())
}

/// Keys below which people keep values of their own.
const OF_VALUES: [&str; 10] =
    ["set", "body", "with", "query", "headers", "form", "output", "input", "for_each", "expect"];
/// Keys whose value is true or false.
const OF_TRUTH: [&str; 4] = ["if", "when", "otherwise", "unsafe"];

/// Whether `yes` and `012` can be mistaken here: where only text is meant they cannot.
pub(super) fn may_be_value(at: &Pointer) -> bool {
    let key = |segment: &Segment, keys: &[&str]| match segment {
        Segment::Key(key) => keys.contains(&key.as_str()),
        Segment::Index(_) => false,
    };
    at.segments().iter().any(|segment| key(segment, &OF_VALUES))
        || at.segments().last().is_some_and(|segment| key(segment, &OF_TRUTH))
}

impl Checker<'_> {
    /// Compiles a condition, which is written as one expression.
    pub(super) fn condition(
        &mut self,
        at: &Pointer,
        value: &Value,
        view: &View,
    ) -> Option<Expression> {
        if let Some(text) = value.as_str().filter(|text| is_one_hole(text)) {
            return self.expression(at, text, view);
        }
        let problem = Problem::error("condition", self.place(at), "a condition is one expression");
        if let Some(foreign) = value.as_str().and_then(ForeignExpression::find) {
            self.report(problem.hint(foreign.hint()));
            return None;
        }
        let bare = match value {
            Value::String(text) => text.replace("${{", " ").replace("}}", " "),
            Value::Bool(value) => value.to_string(),
            _ => String::new(),
        };
        let bare = bare.split_whitespace().collect::<Vec<_>>().join(" ");
        self.report(if bare.is_empty() || bare.len() > 200 {
            problem.hint("write it as ${{ … }}")
        } else {
            problem.hint(format!("write ${{{{ {bare} }}}}"))
        });
        None
    }

    fn expression(&mut self, at: &Pointer, text: &str, view: &View) -> Option<Expression> {
        match Expression::compile(text) {
            Ok(expression) => {
                self.references(at, expression.references(), view);
                Some(expression)
            }
            Err(error) => {
                self.uncompiled(at, &error);
                None
            }
        }
    }

    /// Compiles a text that may have holes.
    pub(super) fn text(&mut self, at: &Pointer, text: &str, view: &View) -> Option<Text> {
        match Text::compile(text) {
            Ok(compiled) => {
                self.references(at, compiled.references(), view);
                self.foreign(at, text);
                self.printed(at, &compiled, view);
                Some(compiled)
            }
            Err(error) => {
                self.uncompiled(at, &error);
                None
            }
        }
    }

    /// Compiles a value whose texts may have holes.
    pub(super) fn template(
        &mut self,
        at: &Pointer,
        value: &Value,
        view: &View,
    ) -> Option<Template> {
        self.template_references(at, value, view);
        match Template::compile(value) {
            Ok(template) => Some(template),
            Err(errors) => {
                for (inner, error) in errors {
                    self.uncompiled(&at.join(&inner), &error);
                }
                None
            }
        }
    }

    /// Checks the references of each text on its own, so that each problem has its own place.
    fn template_references(&mut self, at: &Pointer, value: &Value, view: &View) {
        match value {
            Value::String(text) => {
                self.foreign(at, text);
                if text.contains("${{")
                    && let Ok(leaf) = Template::compile(value)
                {
                    self.references(at, leaf.references(), view);
                    self.printed_in(at, text, view);
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.template_references(&at.index(index), item, view);
                }
            }
            Value::Object(members) => {
                for (key, member) in members {
                    self.template_references(&at.key(key), member, view);
                }
            }
            _ => {}
        }
    }

    pub(super) fn uncompiled(&mut self, at: &Pointer, error: &CompileError) {
        let problem = self.document.compile_problem("expression", at, error);
        self.report(problem);
    }

    /// Reads a duration that is longer than nothing.
    pub(super) fn duration(&mut self, at: &Pointer, text: &str) -> Option<Duration> {
        match parse_duration(text) {
            Ok(duration) if duration.is_zero() => {
                let place = self.place(at);
                self.report(Problem::error("duration", place, "a duration is longer than nothing"));
                None
            }
            Ok(duration) => Some(duration),
            Err(error) => {
                let place = self.place(at);
                let problem = Problem::error("duration", place, error.to_string());
                let bare = text.bytes().all(|byte| byte.is_ascii_digit());
                let hint = format!("its unit is missing: write {text}s for seconds, or {text}ms");
                self.report(problem.hint_if(bare.then_some(hint)));
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_one_hole;

    #[test]
    fn one_expression_is_told_from_text() {
        for (text, expected) in [
            ("${{ a }}", true),
            ("  ${{ a }}\n", true),
            ("${{ a }} and ${{ b }}", false),
            ("${{ }}", false),
            ("a == b", false),
        ] {
            assert_eq!(is_one_hole(text), expected, "{text}");
        }
    }
}
