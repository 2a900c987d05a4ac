//! Expressions as other tools write them.
//!
//! `{{ … }}`, `={{ … }}`, `${ … }` and `$.…` are plain text here and would be sent as they
//! stand. Prose may hold braces too, so only what reads like a reference counts.

use crate::expression::end_of_hole;

/// Longest text that is looked at.
const TEXT_MAX: usize = 64 * 1024;

/// What expressions of this project see.
const ROOTS: [&str; 9] =
    ["event", "input", "vars", "steps", "run", "error", "response", "item", "secrets"];

/// A piece of text that another tool would have evaluated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignExpression {
    /// First byte.
    pub start: usize,
    /// First byte after it.
    pub end: usize,
    /// The same as it is written here, if its names can be taken over.
    pub meant: Option<String>,
}

impl ForeignExpression {
    /// Finds the first one in a text.
    #[must_use]
    pub fn find(text: &str) -> Option<Self> {
        if text.len() > TEXT_MAX {
            return None;
        }
        whole(text).or_else(|| in_braces(text))
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        match &self.meant {
            Some(meant) => format!("write \"{meant}\""),
            None => {
                "an expression is written \"${{ … }}\" and sees event, input, vars, steps and run"
                    .to_owned()
            }
        }
    }

    fn new(start: usize, end: usize, inner: &str) -> Self {
        let inner = inner.trim();
        let taken = inner.starts_with(|c: char| c.is_ascii_alphabetic()) && inner.len() <= 200;
        Self { start, end, meant: taken.then(|| format!("${{{{ {inner} }}}}")) }
    }
}

/// A text that is a path and nothing else: `$.input.a`, `$input.a`, `event.data.user.id`.
fn whole(text: &str) -> Option<ForeignExpression> {
    let path = text.trim();
    let start = text.len() - text.trim_start().len();
    let end = start + path.len();
    if let Some(rest) = path.strip_prefix("$.") {
        let root = root_of(rest)?;
        let known = is_path(rest) && ROOTS.contains(&root);
        return is_path(rest).then(|| {
            let found = ForeignExpression::new(start, end, rest);
            if known { found } else { ForeignExpression { meant: None, ..found } }
        });
    }
    let (rest, marked) = match path.strip_prefix('$') {
        Some(rest) => (rest, true),
        None => (path, false),
    };
    let mut names = rest.split('.');
    let meant = match (names.next()?, names.next()?, names.next()) {
        (root, _, _) if marked => ROOTS.contains(&root),
        ("event", "data", Some(_)) => true,
        ("steps", _, Some(part)) => ["output", "response", "error", "status"].contains(&part),
        _ => false,
    };
    (meant && is_path(rest)).then(|| ForeignExpression::new(start, end, rest))
}

/// The first `{{ … }}` or `${ … }` that holds a reference.
fn in_braces(text: &str) -> Option<ForeignExpression> {
    let mut at = 0;
    loop {
        let found = at + text.get(at..)?.find(['{', '$'])?;
        let rest = &text[found..];
        if rest.starts_with("${{") {
            at = end_of_hole(text, found + 3).ok()? + 2;
            continue;
        }
        let (open, close) = match rest {
            _ if rest.starts_with("{{") => (2, "}}"),
            _ if rest.starts_with("${") => (2, "}"),
            _ => {
                at = found + 1;
                continue;
            }
        };
        let inner = found + open;
        let length = text[inner..].find(close)?;
        let end = inner + length + close.len();
        let start = if text[..found].ends_with('=') && found == 1 { 0 } else { found };
        let alone = start == text.len() - text.trim_start().len() && end == text.trim_end().len();
        if is_reference(&text[inner..inner + length], alone) {
            return Some(ForeignExpression::new(start, end, &text[inner..inner + length]));
        }
        at = end;
    }
}

/// Whether braces hold a reference: a path, a root of ours, or one name and nothing around it.
fn is_reference(inner: &str, alone: bool) -> bool {
    let inner = inner.trim();
    if let Some(rest) = inner.strip_prefix(['$', '.']) {
        return rest.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '(' | '.' | '['));
    }
    let Some(root) = root_of(inner) else { return false };
    let rest = &inner[root.len()..];
    let member =
        rest.starts_with('[') || rest.strip_prefix('.').is_some_and(|rest| root_of(rest).is_some());
    let ends = rest.is_empty() || rest.trim_start().starts_with('|');
    member || (ends && (alone || ROOTS.contains(&root)))
}

fn root_of(text: &str) -> Option<&str> {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
    text.get(..end).filter(|name| name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_'))
}

fn is_path(text: &str) -> bool {
    text.len() <= 200
        && !text.ends_with('.')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '[' | ']'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_other_tools_evaluate_is_found() {
        for (text, found, hint) in [
            ("{{ input.a }}", "{{ input.a }}", "write \"${{ input.a }}\""),
            ("Hi {{ event.data.user.name }}!", "{{ event.data.user.name }}", "write \"${{ event."),
            ("={{ input.a | upper }}", "={{ input.a | upper }}", "write \"${{ input.a | upper }}"),
            ("{{ $json.email }}", "{{ $json.email }}", "an expression is written"),
            ("{{ .Values.a }}", "{{ .Values.a }}", "an expression is written"),
            ("{{ email }}", "{{ email }}", "write \"${{ email }}\""),
            ("a ${ input.a } b", "${ input.a }", "write \"${{ input.a }}\""),
            ("${input.a}", "${input.a}", "write \"${{ input.a }}\""),
            ("$.input.a", "$.input.a", "write \"${{ input.a }}\""),
            ("$.email", "$.email", "an expression is written"),
            ("$input.a[0]", "$input.a[0]", "write \"${{ input.a[0] }}\""),
            ("event.data.user.id", "event.data.user.id", "write \"${{ event.data.user.id }}\""),
            ("${{ a.b }} {{ a.c }}", "{{ a.c }}", "write \"${{ a.c }}\""),
        ] {
            let Some(foreign) = ForeignExpression::find(text) else { panic!("{text} is missed") };
            assert_eq!(&text[foreign.start..foreign.end], found, "{text}");
            assert!(foreign.hint().starts_with(hint), "{text}: {}", foreign.hint());
        }
    }

    #[test]
    fn prose_with_braces_is_left_alone() {
        for text in [
            "",
            "plain",
            "${{ input.a }}",
            "write {{ x }} in braces",
            "{{ not closed",
            "costs $5.00",
            "$.50",
            "{ a: { b: 1 }}",
            "a {{1}} b",
            "input.csv",
            "event.data",
            "see steps.md",
            "$",
            "${",
            "{{}}",
        ] {
            assert_eq!(ForeignExpression::find(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in "(\\PC|\\$|\\{\\{|\\$\\{|\\}\\}|\\}|=|a\\.b){0,24}") {
            if let Some(found) = ForeignExpression::find(&text) {
                prop_assert!(text.get(found.start..found.end).is_some());
            }
        }
    }
}
