//! Checking an expression and rewriting it into what the interpreter runs.
//!
//! The grammar is Jinja's, read only as closely as the rewriting needs: which words are
//! references, where the operands of a comparison and of `~` begin and end. The interpreter
//! has accepted the expression before, so this reader need not repeat its complaints.

use std::ops::Range;

use super::environment;
use super::habits;
use super::lexer::{self, Kind, Token};
use super::scope::{Parameter, parameter_name};
use crate::error::CompileError;

/// Deepest nesting of an expression.
const DEPTH_MAX: usize = 48;

/// Most pieces of an expression: the interpreter's compiler recurses over chains too.
const TOKENS_MAX: usize = 800;

/// Most signs or `not`s in a row.
const PREFIXES_MAX: usize = 4;

pub(super) struct Rewritten {
    pub(super) code: String,
    pub(super) parameters: Vec<Parameter>,
    /// The whole expression is one reference that must be there.
    pub(super) only_parameter: bool,
}

pub(super) type Read = Result<(), CompileError>;

pub(super) fn rewrite(source: &str) -> Result<Rewritten, CompileError> {
    let tokens = lexer::tokens(source)?;
    if tokens.len() == 1 {
        return Err(CompileError::new(0, source.len(), "the expression is empty"));
    }
    if let Some(token) = tokens.get(TOKENS_MAX) {
        let message = format!("the expression has more than {TOKENS_MAX} words and signs");
        return Err(CompileError::new(token.start, token.end(), message));
    }
    check_nesting(&tokens)?;
    let mut writer =
        Writer { source, tokens, at: 0, out: String::new(), parameters: Vec::new(), depth: 0 };
    // Our own complaints name more, the interpreter's are complete: ours go first.
    let mut read = writer.expression();
    let rest = writer.peek();
    if read.is_ok() && rest.kind != Kind::End {
        read = Err(writer.unexpected(rest));
    }
    if let Err(error) = read {
        // A sign of another language explains whatever cannot be read from there on.
        let habit = habits::first_sign(&writer.tokens);
        return Err(habit.filter(|habit| error.end > habit.start).unwrap_or(error));
    }
    environment::check_syntax(source)
        .map_err(|error| in_its_words(source, &error, 0..source.len()))?;
    let only_parameter = writer.out.trim() == parameter_name(0)
        && matches!(writer.parameters.as_slice(), [Parameter::Reference { .. }]);
    Ok(Rewritten { code: writer.out, parameters: writer.parameters, only_parameter })
}

/// The interpreter's complaint about an expression as written.
fn in_its_words(source: &str, error: &minijinja::Error, nearby: Range<usize>) -> CompileError {
    let range = error.range().unwrap_or(nearby);
    let start = source.floor_char_boundary(range.start);
    let end = source.ceil_char_boundary(range.end);
    CompileError::new(start, end, error.detail().unwrap_or("the expression is not complete"))
}

/// Refuses what would nest too deep, before anything recursive reads it.
fn check_nesting(tokens: &[Token<'_>]) -> Read {
    let mut depth = 0usize;
    for token in tokens {
        match token.text {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEPTH_MAX {
            return Err(CompileError::new(
                token.start,
                token.end(),
                "the expression is nested too deep",
            ));
        }
    }
    Ok(())
}

pub(super) struct Writer<'s> {
    source: &'s str,
    pub(super) tokens: Vec<Token<'s>>,
    pub(super) at: usize,
    pub(super) out: String,
    pub(super) parameters: Vec<Parameter>,
    depth: usize,
}

impl<'s> Writer<'s> {
    // === tokens ===

    pub(super) fn peek(&self) -> Token<'s> {
        self.peek_at(0)
    }

    pub(super) fn peek_at(&self, ahead: usize) -> Token<'s> {
        let last = self.tokens.len() - 1;
        self.tokens[(self.at + ahead).min(last)]
    }

    pub(super) fn next(&mut self) -> Token<'s> {
        let token = self.peek();
        if token.kind != Kind::End {
            self.at += 1;
        }
        token
    }

    /// Copies the next piece.
    pub(super) fn copy(&mut self) {
        let token = self.next();
        self.write(token.text);
    }

    pub(super) fn write(&mut self, text: &str) {
        if !self.out.is_empty() {
            self.out.push(' ');
        }
        self.out.push_str(text);
    }

    pub(super) fn is_sign(&self, ahead: usize, sign: &str) -> bool {
        let token = self.peek_at(ahead);
        token.kind == Kind::Sign && token.text == sign
    }

    pub(super) fn is_word(&self, ahead: usize, word: &str) -> bool {
        let token = self.peek_at(ahead);
        token.kind == Kind::Word && token.text == word
    }

    pub(super) fn expect(&mut self, sign: &str) -> Read {
        if !self.is_sign(0, sign) {
            let token = self.peek();
            return Err(self.unexpected_for(token, &format!("\"{sign}\" is expected")));
        }
        self.copy();
        Ok(())
    }

    pub(super) fn error(&self, token: Token<'s>, message: impl Into<String>) -> CompileError {
        CompileError::new(token.start, token.end(), message)
    }

    fn unexpected(&self, token: Token<'s>) -> CompileError {
        self.unexpected_for(token, "something else is expected")
    }

    /// The interpreter's complaint if it has one, else ours.
    pub(super) fn unexpected_for(&self, token: Token<'s>, expected: &str) -> CompileError {
        if let Err(error) = environment::check_syntax(self.source) {
            return in_its_words(self.source, &error, token.start..token.end());
        }
        match token.kind {
            Kind::End => self.error(token, format!("the expression ends too early, {expected}")),
            _ => self.error(token, format!("\"{}\" cannot stand here, {expected}", token.text)),
        }
    }

    // === grammar, loosest first ===

    pub(super) fn expression(&mut self) -> Read {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(self.error(self.peek(), "the expression is nested too deep"));
        }
        self.either()?;
        while self.is_word(0, "if") {
            let word = self.peek();
            self.copy();
            self.either()?;
            if !self.is_word(0, "else") {
                return Err(self
                    .error(word, "\"if\" has no \"else\"")
                    .hint("write: value if condition else other"));
            }
            self.copy();
            self.expression()?;
        }
        self.depth -= 1;
        Ok(())
    }

    fn either(&mut self) -> Read {
        self.negation()?;
        while self.is_word(0, "or") || self.is_word(0, "and") {
            self.copy();
            self.negation()?;
        }
        Ok(())
    }

    fn negation(&mut self) -> Read {
        self.prefixes(|writer| writer.is_word(0, "not"))?;
        self.comparison()
    }

    fn comparison(&mut self) -> Read {
        let start = self.out.len();
        self.sum()?;
        let Some((call, length)) = self.comparison_call() else { return Ok(()) };
        for _ in 0..length {
            self.next();
        }
        self.out.insert_str(start, call);
        self.out.push(',');
        self.sum()?;
        self.out.push(')');
        if self.comparison_call().is_some() {
            return Err(self
                .error(self.peek(), "comparisons do not chain")
                .hint("join two comparisons with \"and\""));
        }
        Ok(())
    }

    fn comparison_call(&self) -> Option<(&'static str, usize)> {
        let token = self.peek();
        match (token.kind, token.text) {
            (Kind::Sign, "==") => Some((" _eq(", 1)),
            (Kind::Sign, "!=") => Some((" _ne(", 1)),
            (Kind::Sign, "<") => Some((" _lt(", 1)),
            (Kind::Sign, "<=") => Some((" _le(", 1)),
            (Kind::Sign, ">") => Some((" _gt(", 1)),
            (Kind::Sign, ">=") => Some((" _ge(", 1)),
            (Kind::Word, "in") => Some((" _in(", 1)),
            (Kind::Word, "not") if self.is_word(1, "in") => Some((" not _in(", 2)),
            _ => None,
        }
    }

    fn sum(&mut self) -> Read {
        self.concatenation()?;
        while self.is_sign(0, "+") || self.is_sign(0, "-") {
            self.copy();
            self.concatenation()?;
        }
        Ok(())
    }

    fn concatenation(&mut self) -> Read {
        let start = self.out.len();
        self.product()?;
        if !self.is_sign(0, "~") {
            return Ok(());
        }
        self.out.insert_str(start, " _concat(");
        while self.is_sign(0, "~") {
            self.next();
            self.out.push(',');
            self.product()?;
        }
        self.out.push(')');
        Ok(())
    }

    fn product(&mut self) -> Read {
        self.unary()?;
        while ["*", "/", "//", "%", "**"].iter().any(|sign| self.is_sign(0, sign)) {
            self.copy();
            self.unary()?;
        }
        Ok(())
    }

    fn unary(&mut self) -> Read {
        self.signed()?;
        loop {
            if self.is_sign(0, "|") {
                self.filter()?;
            } else if self.is_word(0, "is") {
                self.test()?;
            } else {
                return Ok(());
            }
        }
    }

    pub(super) fn signed(&mut self) -> Read {
        self.prefixes(|writer| writer.is_sign(0, "-"))?;
        let start = self.out.len();
        self.primary()?;
        self.members(start)
    }

    fn prefixes(&mut self, is_prefix: impl Fn(&Self) -> bool) -> Read {
        let first = self.at;
        while is_prefix(self) {
            if self.at - first == PREFIXES_MAX {
                let message = format!("\"{}\" comes too often in a row", self.peek().text);
                return Err(self.error(self.peek(), message));
            }
            self.copy();
        }
        Ok(())
    }

    fn primary(&mut self) -> Read {
        let token = self.peek();
        match (token.kind, token.text) {
            (Kind::Word, "true" | "True" | "false" | "False" | "none" | "None") => self.copy(),
            (Kind::Word, "null") => {
                self.next();
                self.write("none");
            }
            (Kind::Word, "if" | "else" | "and" | "or" | "not" | "in" | "is") => {
                return Err(self.unexpected_for(token, "a value is expected"));
            }
            (Kind::Word, _) if self.is_sign(1, "(") => return self.function(),
            (Kind::Word, _) => return self.reference(),
            (Kind::Number, _) => self.copy(),
            (Kind::Text, _) => {
                while self.peek().kind == Kind::Text {
                    self.copy();
                }
            }
            (Kind::Sign, "(") => return self.listed("(", ")"),
            (Kind::Sign, "[") => return self.listed("[", "]"),
            (Kind::Sign, "{") => return self.map(),
            _ => return Err(self.unexpected_for(token, "a value is expected")),
        }
        Ok(())
    }

    fn function(&mut self) -> Read {
        let token = self.peek();
        if token.text != "range" {
            let message = format!("there is no function \"{}\"", token.text);
            return Err(self.error(token, message).hint(habits::as_filter(token.text)));
        }
        self.copy();
        self.arguments()
    }

    fn listed(&mut self, open: &str, close: &str) -> Read {
        self.expect(open)?;
        while !self.is_sign(0, close) {
            self.expression()?;
            if !self.is_sign(0, close) {
                self.expect(",")?;
            }
        }
        self.expect(close)
    }

    fn map(&mut self) -> Read {
        self.expect("{")?;
        while !self.is_sign(0, "}") {
            let key = self.peek();
            if key.kind == Kind::Word && self.is_sign(1, ":") {
                return Err(self
                    .error(key, format!("the key \"{}\" has no quotes", key.text))
                    .hint(format!("write {{\"{}\": …}}", key.text)));
            }
            self.expression()?;
            self.expect(":")?;
            self.expression()?;
            if !self.is_sign(0, "}") {
                self.expect(",")?;
            }
        }
        self.expect("}")
    }

    pub(super) fn arguments(&mut self) -> Read {
        self.expect("(")?;
        while !self.is_sign(0, ")") {
            if self.is_sign(0, "*") || self.is_sign(0, "**") {
                return Err(self.error(self.peek(), "arguments are written out one by one"));
            }
            if self.peek().kind == Kind::Word && self.is_sign(1, "=") {
                self.copy();
                self.copy();
            }
            self.expression()?;
            if !self.is_sign(0, ")") {
                self.expect(",")?;
            }
        }
        self.expect(")")
    }
}
