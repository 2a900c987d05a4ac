//! Turns events into runs and drives each to its end.
//!
//! The engine is the small shell around `tenure_run`: it asks a run what is next and does it,
//! keeping to one order: intent on disk, request, result on disk, next. It knows nothing of
//! HTTP servers, files or terminals, and never sees a secret.

mod accept;
mod catalog;
mod clock;
mod drive;
mod engine;
mod error;
mod key;
mod perform;
mod queue;
mod recover;
mod settle;
mod start;
mod trace;
mod wait;

pub use accept::{NotStarted, Receipt};
pub use catalog::Catalog;
pub use clock::{Clock, SystemClock};
pub use engine::{Engine, Limits, Parts};
pub use error::{AcceptError, CancelError, EngineError, StartError};
pub use start::{StartRun, Started};
pub use trace::traceparent;

#[cfg(test)]
mod tests;
