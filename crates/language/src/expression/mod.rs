//! Expressions: Jinja syntax over JSON values, compiled once.
//!
//! An expression is read twice. First it is checked and rewritten (`compile`): what it refers
//! to becomes a parameter, comparisons and joins become calls that insist on fitting types,
//! and each `jsonpath("…")` is compiled along. The result is an ordinary minijinja expression
//! that knows nothing of the scope. At evaluation the parameters are found by walking the
//! JSON, so only what is referred to is converted.
//!
//! What differs from plain Jinja:
//!
//! - a member of null is null, so what refers to a skipped step sees null;
//! - a member that a map does not have is an error, unless `| default(…)` or `is defined`
//!   directly follows; `default` also takes the place of null;
//! - comparing values of different types is an error (null equals only null);
//! - null, lists and maps do not turn into text by themselves;
//! - `if` needs its `else`, comparisons do not chain, values have no methods.

mod compile;
mod convert;
mod environment;
mod filters;
mod habits;
mod lexer;
mod names;
mod operators;
mod scope;
mod work;

use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use crate::error::{CompileError, EvalError};

pub(crate) use convert::{kind_of, text_of};
pub(crate) use lexer::end_of_hole;
pub use scope::{Reference, Scope};

/// Longest expression.
pub(crate) const SOURCE_MAX: usize = 8 * 1024;

/// A compiled expression.
#[derive(Clone)]
pub struct Expression(Arc<Compiled>);

struct Compiled {
    source: String,
    references: Vec<Reference>,
    parameters: Vec<scope::Parameter>,
    body: Body,
}

enum Body {
    /// Nothing but one parameter: its value needs no interpreter.
    Parameter,
    Code(minijinja::Expression<'static, 'static>),
}

impl Expression {
    /// Compiles an expression, written bare or as one `${{ … }}`.
    ///
    /// # Errors
    /// Says what is wrong and which bytes of `source` it is about.
    pub fn compile(source: &str) -> Result<Self, CompileError> {
        let (inner, offset) = bare(source)?;
        let rewritten = compile::rewrite(inner).map_err(|error| error.shifted(offset))?;
        let body = match rewritten.only_parameter {
            true => Body::Parameter,
            false => {
                let code = environment::compile(rewritten.code);
                Body::Code(code.map_err(|error| {
                    CompileError::new(offset, offset + inner.len(), error.to_string())
                })?)
            }
        };
        let references = scope::references(&rewritten.parameters);
        let source = inner.trim().to_owned();
        let parameters = rewritten.parameters;
        Ok(Self(Arc::new(Compiled { source, references, parameters, body })))
    }

    /// Evaluates over a scope.
    ///
    /// # Errors
    /// Something is missing, does not fit, or takes too long. Values are never repeated.
    pub fn eval(&self, scope: &dyn Scope) -> Result<Value, EvalError> {
        let failed = |reason: String| EvalError::of(&self.0.source, reason);
        match (&self.0.body, self.0.parameters.as_slice()) {
            (Body::Parameter, [only]) => only.json(scope).map_err(failed),
            (Body::Code(code), parameters) => {
                let context = scope::context(parameters, scope);
                let value =
                    code.eval(context).map_err(|error| failed(environment::words(&error)))?;
                convert::to_json(&value).map_err(failed)
            }
            (Body::Parameter, _) => Ok(Value::Null),
        }
    }

    /// Evaluates a condition; null counts as false.
    ///
    /// # Errors
    /// As `eval`, and if the result is neither true nor false.
    pub fn holds(&self, scope: &dyn Scope) -> Result<bool, EvalError> {
        match self.eval(scope)? {
            Value::Bool(holds) => Ok(holds),
            Value::Null => Ok(false),
            other => Err(EvalError::of(
                &self.0.source,
                format!("a condition is true or false, this is {}", kind_of(&other)),
            )),
        }
    }

    /// Everything it refers to, each once.
    #[must_use]
    pub fn references(&self) -> &[Reference] {
        &self.0.references
    }

    /// What it refers to, if it is one reference that nothing is done with.
    #[must_use]
    pub(crate) fn only_reference(&self) -> Option<Reference> {
        match (&self.0.body, self.0.parameters.as_slice()) {
            (Body::Parameter, [only]) => only.whole(),
            _ => None,
        }
    }

    /// The expression as written, without `${{ }}`.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.0.source
    }
}

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Expression").field(&self.0.source).finish()
    }
}

impl PartialEq for Expression {
    fn eq(&self, other: &Self) -> bool {
        self.0.source == other.0.source
    }
}

/// The inside of `${{ … }}`, and where it begins.
fn bare(source: &str) -> Result<(&str, usize), CompileError> {
    if source.len() > SOURCE_MAX {
        let message = format!("an expression is longer than {} KiB", SOURCE_MAX / 1024);
        return Err(CompileError::new(0, source.len(), message));
    }
    let trimmed = source.trim();
    let lead = source.len() - source.trim_start().len();
    if !trimmed.starts_with("${{") {
        return Ok((source, 0));
    }
    let end = end_of_hole(trimmed, 3).map_err(|error| error.shifted(lead))?;
    if end + 2 < trimmed.len() {
        return Err(CompileError::new(
            lead + end + 2,
            lead + trimmed.len(),
            "a single expression is expected here, nothing may follow its \"}}\"",
        ));
    }
    Ok((&trimmed[3..end], lead + 3))
}

#[cfg(test)]
mod tests;
