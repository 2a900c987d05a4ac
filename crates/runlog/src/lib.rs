//! What every run did, kept.
//!
//! The run log is append-only: facts of one run are numbered without gaps and chained by
//! hashes. Everything else it answers from, lists, timers, counts, follows from what is
//! stored and can be rebuilt. An accepted event, its runs and its deduplication key are
//! written in one batch, so none of them exists without the others.
//!
//! Must not know: what a step does, connectors, the network. Must not read a clock; every
//! instant is given to it.

mod accept;
mod append;
mod counts;
mod due;
mod error;
mod event;
mod follow;
mod forget;
mod index;
mod journal;
mod keys;
mod list;
mod log;
mod record;
mod squeeze;
mod verify;
mod workflow;
#[cfg(test)]
mod world;

pub use accept::{Acceptance, Accepted, DedupKey, NewEvent, NewRun};
pub use error::{AcceptError, AppendError, ForgetError, RunLogError};
pub use event::KeptEvent;
pub use forget::DEDUP_KEPT;
pub use journal::{Entry, Hash};
pub use list::{Cursor, CursorError, Filter, LIST_MAX, Page};
pub use log::RunLog;
pub use verify::{Broken, Verification};
