//! The HTTP face of the daemon.
//!
//! A request is read, bounded and checked here, handed to the engine, and its answer put into the
//! words of `tenure-api`. This crate decides nothing about runs, keeps nothing, and knows neither
//! files nor arguments nor signals: whoever starts it hands it an engine and a listener.

mod access;
mod app;
mod body;
mod caller;
mod connections;
mod describe;
mod idempotency;
mod json;
mod prefer;
mod probe;
mod problem;
mod router;
mod routes;
#[cfg(test)]
mod tests;

pub use access::{Access, Token};
pub use app::{App, AppParts};
pub use connections::{Served, serve};
pub use describe::{run_detail, run_event, run_summary};
pub use probe::{connector_summary, probe};
pub use router::router;
