//! What is legal YAML and surprises people.

use crate::place::Place;
use crate::problem::Problem;

/// Words that older YAML reads as true or false.
const OLD_BOOLEANS: [&str; 12] =
    ["on", "off", "yes", "no", "y", "n", "On", "Off", "Yes", "No", "ON", "OFF"];

/// Digits that a number keeps exactly in every program that reads JSON.
const EXACT_DIGITS: usize = 15;

pub(crate) fn tag(place: Place, tag: Option<&str>) -> Problem {
    let name = tag.map_or_else(String::new, |tag| format!(" {tag}"));
    Problem::error("tag", place, format!("the tag{name} has no meaning here"))
        .hint("leave it out; put quotes around text that begins with \"!\"")
}

pub(crate) fn not_finite(place: Place) -> Problem {
    Problem::error("not-finite", place, "infinity and not-a-number cannot be kept as JSON")
        .hint("put quotes around it if text is meant")
}

pub(crate) fn key(place: Place, text: &str) -> Option<Problem> {
    (text == "<<").then(|| {
        Problem::error("merge-key", place, "\"<<\" does not merge maps in YAML 1.2")
            .hint("write the keys out")
    })
}

/// Whether a trap of this kind matters only where something else than text may be meant.
pub(crate) fn is_of_text(code: &str) -> bool {
    matches!(code, "boolean" | "number")
}

/// A key whose value a comment took away, as in `channel: #it`.
pub(crate) fn commented(file: &str, key: Place) -> Option<Problem> {
    let rest = file.get(key.end..)?.lines().next()?;
    let value = rest.trim_start_matches(['"', '\'']).trim_start().strip_prefix(':')?;
    let lead = value.len() - value.trim_start().len();
    let meant = value.trim().strip_prefix('#')?;
    if lead == 0 || !meant.starts_with(|c: char| c.is_alphanumeric()) {
        return None;
    }
    let start = key.end + rest.len() - value.len() + lead;
    let (end, skipped) = (key.end + rest.trim_end().len(), file.get(key.start..start)?);
    let column = key.column + skipped.chars().count();
    let place = Place { start, end, line: key.line, column };
    let word: String = value.trim().chars().take(60).collect();
    let message = "\" #\" begins a comment, so there is no value here";
    Some(
        Problem::warning("comment", place, message)
            .hint(format!("if it is meant, write \"{word}\" with quotes")),
    )
}

/// Looks at an unquoted scalar.
pub(crate) fn scalar(
    file: &str,
    place: Place,
    text: &str,
    yaml: &serde_yaml::Value,
) -> Option<Problem> {
    match yaml {
        serde_yaml::Value::Number(number) => number_trap(place, text, number),
        serde_yaml::Value::String(_) => {
            text_trap(place, text).or_else(|| comment_trap(file, place, text))
        }
        _ => None,
    }
}

fn number_trap(place: Place, text: &str, number: &serde_yaml::Number) -> Option<Problem> {
    let quote = format!("write \"{text}\" with quotes if it is an id or text");
    let warn =
        |message: String| Some(Problem::warning("number", place, message).hint(quote.clone()));
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let lower = text.to_ascii_lowercase();
    if number.as_f64().is_some_and(|value| !value.is_finite()) {
        return None;
    }
    if lower.starts_with("0x") || lower.starts_with("0o") || lower.starts_with("0b") {
        return warn(format!("{text} is the number {number}"));
    }
    if number.is_f64() && lower.contains('e') {
        return warn(format!("{text} is a number in exponent form, not an id"));
    }
    if number.is_f64() && lower.contains('.') && lower.ends_with('0') && !lower.ends_with(".0") {
        return warn(format!("{text} is the number {number}, its last zero is lost"));
    }
    if text.starts_with('+') {
        return warn(format!("{text} is the number {number}, its plus sign is lost"));
    }
    if digits > EXACT_DIGITS {
        return warn(format!("{text} is a number too long to be exact everywhere"));
    }
    None
}

fn text_trap(place: Place, text: &str) -> Option<Problem> {
    if OLD_BOOLEANS.contains(&text) {
        let message = format!("{text} is text here, not true or false");
        let problem = Problem::warning("boolean", place, message);
        return Some(problem.hint(format!("write true or false, or \"{text}\" with quotes")));
    }
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.len() > 1 && digits.starts_with('0') && digits.bytes().all(|b| b.is_ascii_digit()) {
        let message = format!("{text} is text here, not a number");
        let problem = Problem::warning("number", place, message);
        return Some(problem.hint(format!("write \"{text}\" with quotes, or no leading zero")));
    }
    None
}

/// An expression or path that a comment cut short.
fn comment_trap(file: &str, place: Place, text: &str) -> Option<Problem> {
    let after = file.get(place.end..)?.lines().next()?;
    let cut = after.trim_start().starts_with('#') && !after.starts_with('#');
    let open = text.matches("${{").count() > text.matches("}}").count()
        || (text.starts_with('$') && text.matches('[').count() > text.matches(']').count());
    (cut && open).then(|| {
        Problem::error("comment", place, "\" #\" begins a comment, which cuts this short")
            .hint("put double quotes around the whole value")
    })
}
