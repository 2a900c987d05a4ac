//! An ordered key-value store with atomic, checked, durable batches.
//!
//! Keys and values are bytes; keys are ordered bytewise. A batch is applied whole or not at
//! all, only when its checks hold, and [`Store::commit`] returns once it is on disk. What a
//! reader sees is on disk too: nobody acts on a value that a power cut could take back.
//!
//! Must not know: runs, workflows, settings, or what any key means. Must not read a clock.

mod batch;
mod blobs;
mod envelope;
mod memory;
mod private;
mod scan;
mod sled;
mod store;

pub use batch::{BATCH_MAX, Batch, Check, Expectation, KEY_MAX, VALUE_MAX, WRITES_MAX};
pub use memory::MemoryStore;
pub use scan::Scan;
pub use sled::{OpenError, SledOptions, SledStore, Usage};
pub use store::{CommitError, Store, StoreError};
