//! The one interpreter all expressions share: what it offers and how it fails.

use std::sync::LazyLock;

use minijinja::{Environment, Error, ErrorKind, Expression, UndefinedBehavior};

use super::filters;

/// Steps one evaluation may take; a step stands for about 64 bytes of memory too.
const FUEL: u64 = 200_000;

/// Most nested calls inside the interpreter.
const RECURSION_MAX: usize = 64;

static ENVIRONMENT: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    environment.set_recursion_limit(RECURSION_MAX);
    environment.set_debug(false);
    for unwanted in ["debug", "dict", "namespace"] {
        environment.remove_global(unwanted);
    }
    filters::install(&mut environment);
    environment
});

/// Compiles what the rewriting made.
pub(super) fn compile(code: String) -> Result<Expression<'static, 'static>, Error> {
    ENVIRONMENT.compile_expression_owned(code)
}

/// Whether an expression is well formed, before anything is rewritten.
pub(super) fn check_syntax(source: &str) -> Result<(), Error> {
    ENVIRONMENT.compile_expression_owned(source.to_owned()).map(drop)
}

/// What a string literal stands for.
pub(super) fn literal(token: &str) -> Option<String> {
    let value = ENVIRONMENT.compile_expression_owned(token.to_owned()).ok()?.eval(()).ok()?;
    value.as_str().map(str::to_owned)
}

/// Marks an error whose text is ours and may be shown.
#[derive(Debug, thiserror::Error)]
#[error("complaint")]
struct Complaint;

/// An error with a text that holds no values.
pub(super) fn complaint(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidOperation, message.into()).with_source(Complaint)
}

/// How the interpreter's own words begin where they name kinds of values, never values.
const SAFE_WORDS: [&str; 9] = [
    "tried to use ",
    "cannot calculate length ",
    "cannot join ",
    "cannot convert ",
    "can only sum ",
    "cannot round ",
    "value of type ",
    "missing keyword argument ",
    "unknown keyword argument ",
];

/// What an error says that holds no values.
///
/// The interpreter's own words may repeat what it worked on, so only those that are known
/// not to are passed on.
pub(super) fn words(error: &Error) -> String {
    let mut at: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(current) = at {
        if let Some(error) = current.downcast_ref::<Error>() {
            let ours = std::error::Error::source(error).is_some_and(|s| s.is::<Complaint>());
            if let (true, Some(detail)) = (ours, error.detail()) {
                return detail.to_owned();
            }
        }
        at = current.source();
    }
    let detail = error.detail().unwrap_or_default();
    if SAFE_WORDS.iter().any(|safe| detail.starts_with(safe)) {
        return detail.replace("none", "null").replace("undefined", "a missing value");
    }
    match error.kind() {
        ErrorKind::OutOfFuel => "it takes too many steps or too much memory",
        ErrorKind::UndefinedError => "something it uses is missing",
        ErrorKind::MissingArgument => "a filter or test needs one more argument",
        ErrorKind::TooManyArguments => "a filter or test has too many arguments",
        ErrorKind::UnknownFilter => "it names a filter that does not exist",
        ErrorKind::UnknownTest => "it names a test that does not exist",
        ErrorKind::InvalidOperation if detail.starts_with("unable to calculate") => {
            "the calculation has no result, such as a division by zero"
        }
        _ => "an operation does not fit what it is applied to",
    }
    .to_owned()
}
