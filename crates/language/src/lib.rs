//! What all written files share: YAML with places, problems, expressions, JSONPath.
//!
//! Text comes in, checked and compiled values go out; nothing is parsed while a run runs.
//! All problems of a text are found at once, and each knows where it stands.
//!
//! This crate must not know what a workflow or a connector is, and must not touch the
//! clock, the environment, the network or an executor: the same text and the same scope
//! always give the same answer. `serde_yaml`, `saphyr-parser`, `minijinja`, `jsonpath-rust`
//! and `annotate-snippets` are used here and nowhere else.

mod document;
mod duration;
mod error;
mod expect;
mod expression;
mod foreign;
mod path;
mod place;
mod pointer;
mod problem;
mod read;
mod report;
mod request;
mod spans;
mod strict;
mod suggest;
mod template;
mod text;
mod traps;

pub use document::Document;
pub use duration::{DurationError, parse_duration};
pub use error::{CompileError, EvalError};
pub use expect::{Expect, StatusRange};
pub use expression::{Expression, Reference, Scope};
pub use foreign::ForeignExpression;
pub use path::Path;
pub use place::Place;
pub use pointer::{Pointer, Segment};
pub use problem::{Problem, Severity};
pub use report::Report;
pub use request::{BodyTemplate, FilledBody, FilledRequest, Method, RequestLine, RequestTemplate};
pub use suggest::{did_you_mean, is_id};
pub use template::Template;
pub use text::Text;
