//! Events that are delivered.

mod accept;

pub(crate) use accept::accept;
