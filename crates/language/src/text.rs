//! Text with `${{ … }}` holes.

use serde_json::Value;

use crate::error::{CompileError, EvalError};
use crate::expression::{Expression, Reference, Scope, end_of_hole, text_of};

/// Longest text with holes.
const SOURCE_MAX: usize = 256 * 1024;

/// Most holes of one text.
const HOLES_MAX: usize = 256;

/// Longest filled text.
const FILLED_MAX: usize = 16 * 1024 * 1024;

/// A text whose holes are filled from a scope.
///
/// Texts, numbers, true and false may stand in a hole. Null, lists and maps may not: they
/// would end up in an address or a message nobody meant.
#[derive(Debug, Clone, PartialEq)]
pub struct Text {
    source: String,
    pieces: Vec<Piece>,
    references: Vec<Reference>,
}

#[derive(Debug, Clone, PartialEq)]
enum Piece {
    /// As written, and where it begins.
    Literal(String, usize),
    Hole(Expression),
}

impl Text {
    /// Compiles a text and every expression in it.
    ///
    /// # Errors
    /// Says what is wrong and which bytes of `source` it is about.
    pub fn compile(source: &str) -> Result<Self, CompileError> {
        let pieces = pieces(source)?;
        let mut references: Vec<Reference> = Vec::new();
        for piece in &pieces {
            let Piece::Hole(expression) = piece else { continue };
            for reference in expression.references() {
                if !references.contains(reference) {
                    references.push(reference.clone());
                }
            }
        }
        Ok(Self { source: source.to_owned(), pieces, references })
    }

    /// Fills the holes.
    ///
    /// # Errors
    /// A hole cannot be evaluated, or its value cannot stand in text.
    pub fn fill(&self, scope: &dyn Scope) -> Result<String, EvalError> {
        self.fill_with(scope, |value| value.to_owned())
    }

    /// Fills the holes with encoded values; the text around them stays as written.
    ///
    /// # Errors
    /// As `fill`.
    pub fn fill_with(
        &self,
        scope: &dyn Scope,
        encode: impl Fn(&str) -> String,
    ) -> Result<String, EvalError> {
        let mut filled = String::with_capacity(self.source.len());
        for piece in &self.pieces {
            match piece {
                Piece::Literal(text, _) => filled.push_str(text),
                Piece::Hole(expression) => {
                    filled.push_str(&encode(&hole(expression, scope)?));
                }
            }
            if filled.len() > FILLED_MAX {
                return Err(EvalError::of(&self.source, "the filled text is too long"));
            }
        }
        Ok(filled)
    }

    /// Everything its holes refer to, each once.
    #[must_use]
    pub fn references(&self) -> &[Reference] {
        &self.references
    }

    /// Whether it has no holes.
    #[must_use]
    pub fn is_constant(&self) -> bool {
        !self.pieces.iter().any(|piece| matches!(piece, Piece::Hole(_)))
    }

    /// What stands before the first hole.
    #[must_use]
    pub fn literal_prefix(&self) -> &str {
        match self.pieces.first() {
            Some(Piece::Literal(text, _)) => text,
            _ => "",
        }
    }

    /// The text as written.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// What its holes print as it is, with nothing done to it.
    pub fn printed(&self) -> impl Iterator<Item = Reference> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Literal(..) => None,
            Piece::Hole(expression) => expression.only_reference(),
        })
    }

    /// The texts between the holes, and where each begins.
    pub(crate) fn literals(&self) -> impl Iterator<Item = (&str, usize)> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Literal(text, start) => Some((text.as_str(), *start)),
            Piece::Hole(_) => None,
        })
    }

    /// The text with something in place of each hole.
    pub(crate) fn with_stand_ins(&self, stand_in: &str) -> String {
        let pieces = self.pieces.iter().map(|piece| match piece {
            Piece::Literal(text, _) => text.as_str(),
            Piece::Hole(_) => stand_in,
        });
        pieces.collect()
    }

    /// The expression, if the text is one hole and nothing else.
    pub(crate) fn only_hole(&self) -> Option<&Expression> {
        match self.pieces.as_slice() {
            [Piece::Hole(expression)] => Some(expression),
            _ => None,
        }
    }
}

fn hole(expression: &Expression, scope: &dyn Scope) -> Result<String, EvalError> {
    let value: Value = expression.eval(scope)?;
    text_of(value).map_err(|reason| EvalError::of(expression.source(), reason))
}

fn pieces(source: &str) -> Result<Vec<Piece>, CompileError> {
    if source.len() > SOURCE_MAX {
        let message = format!("the text is longer than {} KiB", SOURCE_MAX / 1024);
        return Err(CompileError::new(0, source.len(), message));
    }
    let mut pieces = Vec::new();
    let mut at = 0;
    while let Some(found) = source[at..].find("${{") {
        let start = at + found + 3;
        if found > 0 {
            pieces.push(Piece::Literal(source[at..start - 3].to_owned(), at));
        }
        let end = end_of_hole(source, start)?;
        let expression =
            Expression::compile(&source[start..end]).map_err(|error| error.shifted(start))?;
        pieces.push(Piece::Hole(expression));
        if pieces.len() > 2 * HOLES_MAX {
            return Err(CompileError::new(
                start,
                end,
                format!("a text has at most {HOLES_MAX} holes"),
            ));
        }
        at = end + 2;
    }
    if at < source.len() {
        pieces.push(Piece::Literal(source[at..].to_owned(), at));
    }
    Ok(pieces)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn fills_holes() {
        let scope = json!({"event": {"name": "Ada", "n": 3, "ok": true, "f": 1.5}});
        for (source, expected) in [
            ("plain", "plain"),
            ("", ""),
            ("Hi ${{ event.name }}!", "Hi Ada!"),
            ("${{ event.n }}/${{ event.ok }}/${{ event.f }}", "3/true/1.5"),
            ("a ${{ '}}' }} b", "a }} b"),
            ("${{ '${{' }} literal", "${{ literal"),
            ("cost: $5 {{ x }}", "cost: $5 {{ x }}"),
            ("${{ {'a': {'b': 'c'}}.a.b }}", "c"),
        ] {
            let text = Text::compile(source).unwrap();
            assert_eq!(text.fill(&scope).as_deref(), Ok(expected), "{source}");
        }
    }

    #[test]
    fn refuses_what_has_no_place_in_text() {
        let scope = json!({"a": null, "b": [1], "c": {"secret": "hunter2"}});
        for (source, reason) in [
            ("x ${{ a }}", "`a`: null cannot stand in text"),
            ("x ${{ b }}", "`b`: a list cannot stand in text"),
            ("x ${{ c }}", "`c`: a map cannot stand in text"),
            ("x ${{ d }}", "`d`: d is missing"),
        ] {
            let error = Text::compile(source).unwrap().fill(&scope).unwrap_err();
            assert!(error.message.starts_with(reason), "{}", error.message);
            assert!(!error.message.contains("hunter2"));
        }
    }

    #[test]
    fn errors_point_into_the_whole_text() {
        let error = Text::compile("Hi ${{ name | uper }}").unwrap_err();
        assert_eq!(("Hi ${{ name | uper }}").get(error.start..error.end), Some("uper"));
        let error = Text::compile("Hi ${{ name").unwrap_err();
        assert_eq!((error.start, error.end), (3, 6));
    }

    #[test]
    fn knows_what_stands_before_the_first_hole() {
        let text = Text::compile("/Users/${{ id }}/x").unwrap();
        assert_eq!(text.literal_prefix(), "/Users/");
        assert!(!text.is_constant());
        assert_eq!(Text::compile("${{ id }}").unwrap().literal_prefix(), "");
        assert!(Text::compile("abc").unwrap().is_constant());
    }

    proptest! {
        #[test]
        fn never_panics(source in "(\\PC|\\$\\{\\{|\\}\\}|['\"]){0,40}") {
            if let Ok(text) = Text::compile(&source) {
                let _ = text.fill(&json!({"a": 1}));
            }
        }
    }
}
