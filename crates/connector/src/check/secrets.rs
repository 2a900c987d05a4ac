//! Texts that may name secrets: `${{ secrets.NAME }}`, and nothing cleverer.

use tenure_language::{Pointer, Problem};
use zeroize::Zeroizing;

use super::Checker;
use crate::secret::Secret;

/// Longest name of a secret.
const NAME_MAX: usize = 64;

/// A piece of such a text.
enum Piece<'a> {
    Literal(&'a str),
    /// What stands between the braces, and where it begins and ends.
    Hole(&'a str, usize, usize),
}

impl Checker<'_> {
    /// Resolves a text for a header or a credential; tells whether secrets are in it.
    pub(super) fn secret_text(&mut self, at: &Pointer, text: &str) -> Option<(Secret, bool)> {
        let mut filled = Zeroizing::new(String::with_capacity(text.len()));
        let (mut sensitive, mut whole) = (false, true);
        self.foreign_secret(at, text);
        for piece in pieces(text) {
            match piece {
                Piece::Literal(literal) => filled.push_str(literal),
                Piece::Hole(inner, start, end) => {
                    sensitive = true;
                    match self.hole(at, inner, start, end) {
                        Some(secret) => filled.push_str(secret.expose()),
                        None => whole = false,
                    }
                }
            }
        }
        if whole && !is_header_text(&filled) {
            let what = if sensitive { "the value, with its secrets," } else { "the value" };
            let message = format!("{what} is not one line of printable text");
            let hint = "a line break at the end of a secret is the usual cause";
            self.error("header", at, &message, hint);
            return None;
        }
        whole.then(|| (Secret::new(std::mem::take(&mut *filled)), sensitive))
    }

    fn hole(&mut self, at: &Pointer, inner: &str, start: usize, end: usize) -> Option<Secret> {
        let place = self.document.place_in(at, start, end);
        let Some(name) = inner.trim().strip_prefix("secrets.").filter(|name| is_name(name)) else {
            let message = "only ${{ secrets.NAME }} can stand here";
            let hint = "a connector sees no event and no step; NAME is letters, digits and \"_\"";
            self.report(Problem::error("secret", place, message).hint(hint));
            return None;
        };
        let problem = match self.secrets.secret(name) {
            Ok(Some(secret)) => return Some(secret),
            Ok(None) => {
                let message = format!("secret \"{name}\" is missing");
                let hint = self.secrets.how_to_give(name);
                if self.enabled {
                    Problem::error("missing-secret", place, message).hint(hint)
                } else {
                    Problem::warning("missing-secret", place, message).hint(hint)
                }
            }
            Err(error) => {
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                Problem::error("unreadable-secret", place, error.to_string()).hint_if(cause)
            }
        };
        self.report(problem);
        (!self.enabled).then(|| Secret::new(""))
    }
}

fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut at = 0;
    while let Some(found) = text[at..].find("${{") {
        let start = at + found;
        let inner = start + 3;
        let (inner_end, end) = match text[inner..].find("}}") {
            Some(length) => (inner + length, inner + length + 2),
            // Without its end it names no secret, which is the problem to report.
            None => (inner, text.len()),
        };
        pieces.push(Piece::Literal(&text[at..start]));
        pieces.push(Piece::Hole(&text[inner..inner_end], start, end));
        at = end;
    }
    pieces.push(Piece::Literal(&text[at..]));
    pieces
}

fn is_name(name: &str) -> bool {
    name.len() <= NAME_MAX
        && name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn is_header_text(text: &str) -> bool {
    http::HeaderValue::from_str(text).is_ok()
}
