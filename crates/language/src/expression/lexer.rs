//! The pieces an expression is made of.
//!
//! Knows string literals and brackets, so that a hole in a text ends where it really ends.
//! Whether the pieces make sense is decided elsewhere.

use crate::error::CompileError;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Word,
    Text,
    Number,
    Sign,
    End,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Token<'s> {
    pub(super) kind: Kind,
    pub(super) text: &'s str,
    pub(super) start: usize,
}

impl Token<'_> {
    pub(super) fn end(&self) -> usize {
        self.start + self.text.len()
    }
}

const LONG_SIGNS: [&str; 6] = ["//", "**", "==", "!=", ">=", "<="];

/// The next piece at or after `at`.
pub(super) fn next(source: &str, at: usize, after_dot: bool) -> Result<Token<'_>, CompileError> {
    let rest = &source[at..];
    let start = at + (rest.len() - rest.trim_start().len());
    let rest = &source[start..];
    let Some(first) = rest.chars().next() else {
        return Ok(Token { kind: Kind::End, text: "", start });
    };
    let (kind, length) = match first {
        '"' | '\'' => {
            (Kind::Text, text_length(rest, first).ok_or_else(|| unclosed(source, start))?)
        }
        'a'..='z' | 'A'..='Z' | '_' => (Kind::Word, length_while(rest, is_word)),
        '0'..='9' if after_dot => (Kind::Number, length_while(rest, |c| c.is_ascii_digit())),
        '0'..='9' => (Kind::Number, number_length(rest)),
        _ if LONG_SIGNS.iter().any(|sign| rest.starts_with(sign)) => (Kind::Sign, 2),
        other => (Kind::Sign, other.len_utf8()),
    };
    Ok(Token { kind, text: &rest[..length], start })
}

/// All pieces, the end included.
pub(super) fn tokens(source: &str) -> Result<Vec<Token<'_>>, CompileError> {
    let mut tokens: Vec<Token<'_>> = Vec::new();
    let mut at = 0;
    loop {
        let after_dot = tokens.last().is_some_and(|last| last.text == "." && last.end() == at);
        let token = next(source, at, after_dot)?;
        at = token.end();
        tokens.push(token);
        if token.kind == Kind::End {
            return Ok(tokens);
        }
    }
}

/// Where the expression that begins at `start` is closed by `}}`.
pub(crate) fn end_of_hole(source: &str, start: usize) -> Result<usize, CompileError> {
    let open = || {
        CompileError::new(start.saturating_sub(3), start, "\"${{\" is not closed")
            .hint("close it with \"}}\"")
    };
    let mut depth = 0usize;
    let mut at = start;
    loop {
        let token = next(source, at, false)?;
        match token.text {
            _ if token.kind == Kind::End => return Err(open()),
            "{" | "[" | "(" => depth += 1,
            "}" if depth == 0 && source[token.start..].starts_with("}}") => return Ok(token.start),
            "}" | "]" | ")" => depth = depth.saturating_sub(1),
            _ => {}
        }
        at = token.end();
    }
}

fn unclosed(source: &str, start: usize) -> CompileError {
    CompileError::new(start, source.len(), "the quoted text is not closed")
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

fn length_while(text: &str, fits: impl Fn(char) -> bool) -> usize {
    text.find(|c| !fits(c)).unwrap_or(text.len())
}

fn text_length(rest: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return Some(at + 1),
            _ => {}
        }
    }
    None
}

fn number_length(rest: &str) -> usize {
    let bytes = rest.as_bytes();
    let hex = rest.starts_with("0x") || rest.starts_with("0X");
    let mut fraction = false;
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let follows = |offset: usize| bytes.get(at + offset).is_some_and(u8::is_ascii_digit);
        match byte {
            b'.' if !fraction && follows(1) => fraction = true,
            b'+' | b'-' if !hex && at > 0 && matches!(bytes[at - 1], b'e' | b'E') && follows(1) => {
            }
            byte if byte.is_ascii_alphanumeric() || *byte == b'_' => {}
            _ => break,
        }
        at += 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_pieces() {
        let found: Vec<&str> =
            tokens(r#"a.1.0 | f("x\"}}") >= -1.5e+3"#).unwrap().iter().map(|t| t.text).collect();
        let expected =
            ["a", ".", "1", ".", "0", "|", "f", "(", r#""x\"}}""#, ")", ">=", "-", "1.5e+3", ""];
        assert_eq!(found, expected);
    }

    #[test]
    fn a_hole_ends_outside_of_text_and_maps() {
        for (source, end) in [
            ("${{ a }}", 6),
            ("${{ '}}' }} b", 9),
            ("${{ {'a': {'b': 1}} }}", 20),
            ("${{ {'a': {}}}}", 13),
        ] {
            assert_eq!(end_of_hole(source, 3), Ok(end), "{source}");
        }
        assert!(end_of_hole("${{ a }", 3).is_err());
        assert!(end_of_hole("${{ 'a }}", 3).is_err());
    }
}
