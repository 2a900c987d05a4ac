//! Checking an expression and rewriting it into what the interpreter runs.
//!
//! The grammar is Jinja's, read only as closely as the rewriting needs: which words are
//! references, where the operands of a comparison and of `~` begin and end. The interpreter
//! has accepted the expression before, so this reader need not repeat its complaints.

use std::ops::Range;

use super::environment;
use super::filters::{KNOWN_FILTERS, KNOWN_TESTS};
use super::lexer::{self, Kind, Token};
use super::scope::{Lookup, Parameter, STEPS, Step, parameter_name};
use crate::error::CompileError;
use crate::path::Path;
use crate::suggest::did_you_mean;

/// Deepest nesting of an expression.
const DEPTH_MAX: usize = 48;

/// Most pieces of an expression: the interpreter's compiler recurses over chains too.
const TOKENS_MAX: usize = 800;

/// Most signs or `not`s in a row.
const PREFIXES_MAX: usize = 4;

/// Most members in a row that are looked up while the expression runs.
const MEMBERS_MAX: usize = 16;

pub(super) struct Rewritten {
    pub(super) code: String,
    pub(super) parameters: Vec<Parameter>,
    /// The whole expression is one reference that must be there.
    pub(super) only_parameter: bool,
}

type Read = Result<(), CompileError>;

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
    writer.expression()?;
    let rest = writer.peek();
    if rest.kind != Kind::End {
        return Err(writer.unexpected(rest));
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

struct Writer<'s> {
    source: &'s str,
    tokens: Vec<Token<'s>>,
    at: usize,
    out: String,
    parameters: Vec<Parameter>,
    depth: usize,
}

impl<'s> Writer<'s> {
    // === tokens ===

    fn peek(&self) -> Token<'s> {
        self.peek_at(0)
    }

    fn peek_at(&self, ahead: usize) -> Token<'s> {
        let last = self.tokens.len() - 1;
        self.tokens[(self.at + ahead).min(last)]
    }

    fn next(&mut self) -> Token<'s> {
        let token = self.peek();
        if token.kind != Kind::End {
            self.at += 1;
        }
        token
    }

    /// Copies the next piece.
    fn copy(&mut self) {
        let token = self.next();
        self.write(token.text);
    }

    fn write(&mut self, text: &str) {
        if !self.out.is_empty() {
            self.out.push(' ');
        }
        self.out.push_str(text);
    }

    fn is_sign(&self, ahead: usize, sign: &str) -> bool {
        let token = self.peek_at(ahead);
        token.kind == Kind::Sign && token.text == sign
    }

    fn is_word(&self, ahead: usize, word: &str) -> bool {
        let token = self.peek_at(ahead);
        token.kind == Kind::Word && token.text == word
    }

    fn expect(&mut self, sign: &str) -> Read {
        if !self.is_sign(0, sign) {
            let token = self.peek();
            return Err(self.unexpected_for(token, &format!("\"{sign}\" is expected")));
        }
        self.copy();
        Ok(())
    }

    fn error(&self, token: Token<'s>, message: impl Into<String>) -> CompileError {
        CompileError::new(token.start, token.end(), message)
    }

    fn unexpected(&self, token: Token<'s>) -> CompileError {
        self.unexpected_for(token, "something else is expected")
    }

    /// The interpreter's complaint if it has one, else ours.
    fn unexpected_for(&self, token: Token<'s>, expected: &str) -> CompileError {
        if let Err(error) = environment::check_syntax(self.source) {
            return in_its_words(self.source, &error, token.start..token.end());
        }
        match token.kind {
            Kind::End => self.error(token, format!("the expression ends too early, {expected}")),
            _ => self.error(token, format!("\"{}\" cannot stand here, {expected}", token.text)),
        }
    }

    // === grammar, loosest first ===

    fn expression(&mut self) -> Read {
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

    fn signed(&mut self) -> Read {
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
            let hint = did_you_mean(token.text, KNOWN_FILTERS).map_or_else(
                || "values are worked on with filters, such as name | upper".to_owned(),
                |_| format!("write it as a filter: value | {}", token.text),
            );
            let message = format!("there is no function \"{}\"", token.text);
            return Err(self.error(token, message).hint(hint));
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

    fn arguments(&mut self) -> Read {
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

    // === references and members ===

    fn reference(&mut self) -> Read {
        let root = self.next();
        let mut steps = Vec::new();
        while let Some(step) = self.static_step()? {
            steps.push(step);
        }
        if root.text == STEPS && !matches!(steps.first(), Some(Step::Key(_))) {
            return Err(self
                .error(root, "\"steps\" needs the id of a step, written out")
                .hint("write steps.<id>.output.<name>"));
        }
        let lookup = Lookup::new(root.text, steps);
        let select = self.selected()?;
        let guarded = select.is_none() && self.is_guarded();
        self.parameter(Parameter::Reference { lookup, guarded, select });
        Ok(())
    }

    /// The next member of a reference, if it is known before the expression runs.
    fn static_step(&mut self) -> Result<Option<Step>, CompileError> {
        let inner = self.peek_at(1);
        let step = if self.is_sign(0, ".") {
            match inner.kind {
                Kind::Word if self.is_sign(2, "(") => return Err(self.method(inner)),
                Kind::Word => Some((Step::Key(inner.text.to_owned()), 2)),
                Kind::Number => index(inner.text).map(|index| (Step::Index(index), 2)),
                _ => return Err(self.unexpected_for(inner, "a name is expected")),
            }
        } else if self.is_sign(0, "[") && self.is_sign(2, "]") {
            match inner.kind {
                Kind::Text => environment::literal(inner.text).map(|key| (Step::Key(key), 3)),
                Kind::Number => index(inner.text).map(|index| (Step::Index(index), 3)),
                _ => None,
            }
        } else {
            None
        };
        Ok(step.map(|(step, length)| {
            self.at += length;
            step
        }))
    }

    /// A `jsonpath` directly behind a reference selects before anything is converted.
    fn selected(&mut self) -> Result<Option<Path>, CompileError> {
        if !self.is_sign(0, "|") || !self.is_word(1, "jsonpath") {
            return Ok(None);
        }
        self.at += 2;
        self.path_literal().map(Some)
    }

    fn path_literal(&mut self) -> Result<Path, CompileError> {
        let name = self.tokens[self.at - 1];
        let literal = self.peek_at(1);
        let fits = self.is_sign(0, "(") && literal.kind == Kind::Text && self.is_sign(2, ")");
        let text = if fits { environment::literal(literal.text) } else { None };
        let Some(text) = text else {
            return Err(self
                .error(name, "jsonpath needs its path as quoted text, written out")
                .hint("write jsonpath(\"$.items[*].id\")"));
        };
        self.at += 3;
        Path::compile(&text).map_err(|error| {
            // Exact where the literal has no escapes in it.
            let exact = literal.text.get(1..literal.text.len() - 1) == Some(text.as_str());
            match exact {
                true => error.shifted(literal.start + 1),
                false => CompileError { start: literal.start, end: literal.end(), ..error },
            }
        })
    }

    /// Whether something that is missing is allowed, because of what follows.
    fn is_guarded(&self) -> bool {
        let default = self.is_word(1, "default") || self.is_word(1, "d");
        let test = if self.is_word(1, "not") { 2 } else { 1 };
        let defined = self.is_word(test, "defined") || self.is_word(test, "undefined");
        (self.is_sign(0, "|") && default) || (self.is_word(0, "is") && defined)
    }

    fn parameter(&mut self, parameter: Parameter) {
        let name = parameter_name(self.parameters.len());
        self.parameters.push(parameter);
        self.write(&name);
    }

    /// Members under computed keys, of whatever was written since `start`.
    fn members(&mut self, start: usize) -> Read {
        for _ in 0..MEMBERS_MAX {
            let inner = self.peek_at(1);
            if self.is_sign(0, "(") {
                return Err(self.error(self.peek(), "a value cannot be called"));
            }
            if self.is_sign(0, ".") {
                let key = match inner.kind {
                    Kind::Word if self.is_sign(2, "(") => return Err(self.method(inner)),
                    Kind::Word => format!("\"{}\"", inner.text),
                    Kind::Number => inner.text.to_owned(),
                    _ => return Err(self.unexpected_for(inner, "a name is expected")),
                };
                self.at += 2;
                self.out.push(',');
                self.write(&key);
                self.wrap(start);
            } else if self.is_sign(0, "[") {
                self.subscript(start)?;
            } else {
                return Ok(());
            }
        }
        match self.is_sign(0, ".") || self.is_sign(0, "[") {
            true => Err(self.error(self.peek(), "too many members follow one another")),
            false => Ok(()),
        }
    }

    fn subscript(&mut self, start: usize) -> Read {
        self.next();
        let written = self.out.len();
        if !self.is_sign(0, ":") {
            self.expression()?;
        }
        if !self.is_sign(0, ":") {
            self.out.insert(written, ',');
            if !self.is_sign(0, "]") {
                return Err(self.unexpected_for(self.peek(), "\"]\" is expected"));
            }
            self.next();
            self.wrap(start);
            return Ok(());
        }
        self.out.insert_str(written, " [");
        while self.is_sign(0, ":") {
            self.copy();
            if !self.is_sign(0, ":") && !self.is_sign(0, "]") {
                self.expression()?;
            }
        }
        self.expect("]")
    }

    fn wrap(&mut self, start: usize) {
        let call = if self.is_guarded() { " _find(" } else { " _member(" };
        self.out.insert_str(start, call);
        self.out.push(')');
    }

    fn method(&self, name: Token<'s>) -> CompileError {
        let filter = KNOWN_FILTERS.contains(&name.text);
        let hint = match filter {
            true => format!("write it as a filter: value | {}", name.text),
            false => "values are worked on with filters, such as name | upper".to_owned(),
        };
        self.error(name, format!("values have no methods, so no \"{}\"", name.text)).hint(hint)
    }

    // === filters and tests ===

    fn filter(&mut self) -> Read {
        let name = self.peek_at(1);
        if name.kind != Kind::Word {
            return Err(self.unexpected_for(name, "the name of a filter is expected"));
        }
        if !KNOWN_FILTERS.contains(&name.text) {
            let message = format!("there is no filter \"{}\"", name.text);
            return Err(self.error(name, message).hint_if(did_you_mean(name.text, KNOWN_FILTERS)));
        }
        self.copy();
        self.copy();
        if name.text == "jsonpath" {
            let path = self.path_literal()?;
            self.write("(");
            self.parameter(Parameter::Path(path));
            self.write(")");
        } else if self.is_sign(0, "(") {
            self.arguments()?;
        }
        Ok(())
    }

    fn test(&mut self) -> Read {
        self.copy();
        if self.is_word(0, "not") {
            self.copy();
        }
        let name = self.peek();
        let known = KNOWN_TESTS.contains(&name.text) || name.text == "null";
        if name.kind != Kind::Word || !known {
            let message = format!("there is no test \"{}\"", name.text);
            return Err(self.error(name, message).hint_if(did_you_mean(name.text, KNOWN_TESTS)));
        }
        self.next();
        self.write(if name.text == "null" { "none" } else { name.text });
        if self.is_sign(0, "(") {
            return self.arguments();
        }
        let argument = self.peek();
        let begins = match argument.kind {
            Kind::Text | Kind::Number => true,
            Kind::Word => !["and", "or", "else", "is", "if", "in", "not"].contains(&argument.text),
            Kind::Sign => ["-", "[", "{"].contains(&argument.text),
            Kind::End => false,
        };
        if begins {
            self.out.push('(');
            self.signed()?;
            self.out.push(')');
        }
        Ok(())
    }
}

fn index(number: &str) -> Option<usize> {
    number.bytes().all(|b| b.is_ascii_digit()).then(|| number.parse().ok())?
}
