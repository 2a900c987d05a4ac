//! Signs and names that other languages have, and what is written here instead.

use super::filters::{KNOWN_FILTERS, KNOWN_TESTS};
use super::lexer::{Kind, Token};
use crate::error::CompileError;
use crate::suggest::did_you_mean;

/// Names of other languages, in lower case and without separators.
const NAMES: [(&str, &str); 44] = [
    ("contains", "write `value in list`"),
    ("includes", "write `value in list`"),
    ("indexof", "write `value in text`"),
    ("startswith", "write `text is startingwith(\"x\")`"),
    ("hasprefix", "write `text is startingwith(\"x\")`"),
    ("endswith", "write `text is endingwith(\"x\")`"),
    ("hassuffix", "write `text is endingwith(\"x\")`"),
    ("touppercase", "write `text | upper`"),
    ("toupper", "write `text | upper`"),
    ("upcase", "write `text | upper`"),
    ("tolowercase", "write `text | lower`"),
    ("tolower", "write `text | lower`"),
    ("downcase", "write `text | lower`"),
    ("strip", "write `text | trim`"),
    ("substring", "write `text[0:3]`"),
    ("substr", "write `text[0:3]`"),
    ("truncate", "write `text[0:3]`"),
    ("tostring", "write `value | string`"),
    ("str", "write `value | string`"),
    ("parseint", "write `text | int`"),
    ("number", "write `text | int` or `text | float`"),
    ("len", "write `value | length`"),
    ("size", "write `value | length`"),
    ("concat", "join text with `~`, and lists with `one | chain(other)`"),
    ("format", "join text with `~`: \"Hello \" ~ name"),
    ("push", "write `list | chain([value])`"),
    ("append", "write `list | chain([value])`"),
    ("coalesce", "write `value | default(other)`"),
    ("ifnull", "write `value | default(other)`"),
    ("get", "write `map | pick(\"key\", other)`"),
    ("filter", "write `list | selectattr(\"name\", \"eq\", value)` or `list | select(\"gt\", 1)`"),
    ("find", "write `list | selectattr(\"name\", \"eq\", value) | first`"),
    ("any", "write `list | select(\"gt\", 1) | length > 0`"),
    ("ternary", "write `value if condition else other`"),
    ("iif", "write `value if condition else other`"),
    ("now", "expressions have no clock: `run.started_at` is when the run began"),
    ("today", "expressions have no clock: `run.started_at` is when the run began"),
    ("date", "expressions do not calculate with dates: let the event or an input bring them"),
    ("strftime", "expressions do not calculate with dates: let the event or an input bring them"),
    ("match", "expressions have no patterns: try `in`, `split`, or `is startingwith(\"x\")`"),
    ("test", "expressions have no patterns: try `in`, `split`, or `is startingwith(\"x\")`"),
    ("success", "what follows a failure is `on_error` of a step, or `on_failure`"),
    ("failure", "what follows a failure is `on_error` of a step, or `on_failure`"),
    ("always", "what follows a failure is `on_error` of a step, or `on_failure`"),
];

/// What to do about a filter, function or method that does not exist.
pub(super) fn instead_of(name: &str) -> Option<&'static str> {
    let plain: String =
        name.chars().filter(|c| *c != '_').map(|c| c.to_ascii_lowercase()).collect();
    NAMES.iter().find(|(known, _)| *known == plain).map(|(_, hint)| *hint)
}

/// What to write instead of a call of this name.
pub(super) fn as_filter(name: &str) -> String {
    if KNOWN_FILTERS.contains(&name) {
        return format!("write it as a filter: value | {name}");
    }
    if let Some(instead) = instead_of(name) {
        return instead.to_owned();
    }
    let meant = did_you_mean(name, KNOWN_FILTERS);
    meant.map_or_else(
        || "values are worked on with filters, such as name | upper".to_owned(),
        |meant| format!("values are worked on with filters, as in name | upper; {meant}"),
    )
}

/// The filters that are used most, for whoever looked for another one.
pub(super) const COMMON_FILTERS: &str = "filters are default, join, split, replace, lower, upper, length, first, map, selectattr \
     and more: the reference lists all";

/// All tests, for whoever looked for another one.
pub(super) fn tests() -> String {
    format!("tests are {}", KNOWN_TESTS.join(", "))
}

/// The first sign that is an operator elsewhere and not here.
pub(super) fn first_sign(tokens: &[Token<'_>]) -> Option<CompileError> {
    let mut open: Vec<&str> = Vec::new();
    for (at, token) in tokens.iter().enumerate().filter(|(_, token)| token.kind == Kind::Sign) {
        match token.text {
            "(" | "[" | "{" => open.push(token.text),
            ")" | "]" | "}" => drop(open.pop()),
            _ => {}
        }
        let follows = tokens.get(at + 1).filter(|next| next.start == token.end());
        let follows = follows.map_or("", |next| next.text);
        let (sign, hint) = match (token.text, follows) {
            ("&", "&") => ("&&", "write `and`"),
            ("&", _) => ("&", "write `and`; text is joined with `~`"),
            ("|", "|") => ("||", "write `or`; in place of what is missing, `| default(…)`"),
            ("!", _) => ("!", "write `not`"),
            ("==", "=") => ("===", "write `==`"),
            ("!=", "=") => ("!==", "write `!=`"),
            ("<", ">") => ("<>", "write `!=`"),
            ("=", ">") => ("=>", "there are no functions here: lists have filters such as `map`"),
            ("=", _) if !names_argument(tokens, at, &open) => ("=", "write `==`"),
            ("?", "?") => ("??", "write `value | default(other)`"),
            ("?", ".") => ("?.", "write `.`: a member of null is null"),
            ("?", _) => ("?", "write `value if condition else other`"),
            ("`", _) => ("`", "put text into quotes, and join it with `~`"),
            _ => continue,
        };
        let message = format!("expressions have no \"{sign}\"");
        return Some(CompileError::new(token.start, token.start + sign.len(), message).hint(hint));
    }
    None
}

/// Whether a `=` gives an argument its name, as in `sort(reverse=true)`.
fn names_argument(tokens: &[Token<'_>], at: usize, open: &[&str]) -> bool {
    let before = |ahead: usize| at.checked_sub(ahead).and_then(|at| tokens.get(at));
    open.last() == Some(&"(")
        && before(1).is_some_and(|name| name.kind == Kind::Word)
        && before(2).is_some_and(|sign| matches!(sign.text, "(" | ","))
}
