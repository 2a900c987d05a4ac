//! The names an expression uses: references with their members, filters and tests.

use super::compile::{Read, Writer};
use super::environment;
use super::filters::{KNOWN_FILTERS, KNOWN_TESTS};
use super::habits;
use super::lexer::{Kind, Token};
use super::scope::{Lookup, Parameter, STEPS, Step, parameter_name};
use crate::error::CompileError;
use crate::path::Path;
use crate::suggest::did_you_mean;

/// Most members in a row that are looked up while the expression runs.
const MEMBERS_MAX: usize = 16;

impl<'s> Writer<'s> {
    // === references and members ===

    pub(super) fn reference(&mut self) -> Read {
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

    /// Whether something that is missing is allowed, because of what follows its members.
    fn is_guarded(&self) -> bool {
        let mut at = 0;
        while self.is_sign(at, ".") || self.is_sign(at, "[") {
            at += if self.is_sign(at, ".") { 2 } else { self.subscript_length(at) };
        }
        let default = self.is_word(at + 1, "default") || self.is_word(at + 1, "d");
        let test = at + if self.is_word(at + 1, "not") { 2 } else { 1 };
        let defined = self.is_word(test, "defined") || self.is_word(test, "undefined");
        (self.is_sign(at, "|") && default) || (self.is_word(at, "is") && defined)
    }

    /// How many pieces the subscript that opens at `ahead` has.
    fn subscript_length(&self, ahead: usize) -> usize {
        let mut depth = 0usize;
        let mut length = 0;
        loop {
            let token = self.peek_at(ahead + length);
            length += 1;
            match (token.kind, token.text) {
                (Kind::Sign, "[" | "(" | "{") => depth += 1,
                (Kind::Sign, "]" | ")" | "}") if depth <= 1 => return length,
                (Kind::Sign, "]" | ")" | "}") => depth -= 1,
                (Kind::End, _) => return length,
                _ => {}
            }
        }
    }

    /// What is named again is found and converted once.
    fn parameter(&mut self, parameter: Parameter) {
        let known = self.parameters.iter().position(|known| known.is_same(&parameter));
        let index = known.unwrap_or(self.parameters.len());
        if known.is_none() {
            self.parameters.push(parameter);
        }
        self.write(&parameter_name(index));
    }

    /// Members under computed keys, of whatever was written since `start`.
    pub(super) fn members(&mut self, start: usize) -> Read {
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

    pub(super) fn method(&self, name: Token<'s>) -> CompileError {
        self.error(name, format!("values have no methods, so no \"{}\"", name.text))
            .hint(habits::as_filter(name.text))
    }

    // === filters and tests ===

    pub(super) fn filter(&mut self) -> Read {
        let name = self.peek_at(1);
        if name.kind != Kind::Word {
            return Err(self.unexpected_for(name, "the name of a filter is expected"));
        }
        if !KNOWN_FILTERS.contains(&name.text) {
            let message = format!("there is no filter \"{}\"", name.text);
            let instead = habits::instead_of(name.text).map(str::to_owned);
            let hint = instead.or_else(|| did_you_mean(name.text, KNOWN_FILTERS));
            let hint = hint.unwrap_or_else(|| habits::COMMON_FILTERS.to_owned());
            return Err(self.error(name, message).hint(hint));
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

    pub(super) fn test(&mut self) -> Read {
        self.copy();
        if self.is_word(0, "not") {
            self.copy();
        }
        let name = self.peek();
        let known = KNOWN_TESTS.contains(&name.text) || name.text == "null";
        if name.kind != Kind::Word || !known {
            let message = format!("there is no test \"{}\"", name.text);
            let hint = did_you_mean(name.text, KNOWN_TESTS).unwrap_or_else(habits::tests);
            return Err(self.error(name, message).hint(hint));
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
