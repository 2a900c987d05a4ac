//! Patterns of `match()` and `search()`: I-Regexp (RFC 9485), compiled once.

use regex::{Regex, RegexBuilder};

/// Most memory a compiled pattern may take.
const PATTERN_BYTES_MAX: usize = 256 * 1024;

pub(super) fn compile(pattern: &str, whole: bool) -> Result<Regex, String> {
    let inner = translated(pattern);
    let source = if whole { format!(r"\A(?:{inner})\z") } else { inner };
    RegexBuilder::new(&source).size_limit(PATTERN_BYTES_MAX).build().map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => "the pattern is too large".to_owned(),
        _ => "the pattern is not a regular expression (RFC 9485)".to_owned(),
    })
}

/// A dot outside a class stands for anything but a line break (RFC 9485, 5.3).
fn translated(pattern: &str) -> String {
    let mut translated = String::with_capacity(pattern.len());
    let mut in_class = false;
    let mut escaped = false;
    for c in pattern.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '[' => in_class = true,
            ']' => in_class = false,
            '.' if !in_class => {
                translated.push_str(r"[^\n\r]");
                continue;
            }
            _ => {}
        }
        translated.push(c);
    }
    translated
}
