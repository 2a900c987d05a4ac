//! Why an expression, text or path cannot be compiled or evaluated.

use thiserror::Error;

/// A piece of text that does not compile.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct CompileError {
    /// What is wrong.
    pub message: String,
    /// First byte of the wrong piece, in the text that was compiled.
    pub start: usize,
    /// First byte after it.
    pub end: usize,
    /// What to do about it.
    pub hint: Option<String>,
}

impl CompileError {
    pub(crate) fn new(start: usize, end: usize, message: impl Into<String>) -> Self {
        Self { message: message.into(), start, end: end.max(start), hint: None }
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub(crate) fn hint_if(mut self, hint: Option<String>) -> Self {
        if hint.is_some() {
            self.hint = hint;
        }
        self
    }

    /// The same error in a longer text, in which this one begins at `offset`.
    pub(crate) fn shifted(mut self, offset: usize) -> Self {
        self.start += offset;
        self.end += offset;
        self
    }
}

/// A compiled piece that cannot be evaluated over what it was given.
///
/// The message names the expression as written. It never holds a value: values may be
/// personal, and errors are kept and shown.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct EvalError {
    /// What is wrong.
    pub message: String,
}

impl EvalError {
    pub(crate) fn of(source: &str, reason: impl std::fmt::Display) -> Self {
        let source = source.trim();
        let shown: String = source.chars().take(EXCERPT_MAX).collect();
        let dots = if shown.len() < source.len() { "…" } else { "" };
        Self { message: format!("`{shown}{dots}`: {reason}") }
    }
}

/// Characters of an expression that an error repeats.
const EXCERPT_MAX: usize = 120;
