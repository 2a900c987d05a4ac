//! One verb, one file.

pub(crate) mod connectors;
pub(crate) mod events;
pub(crate) mod health;
pub(crate) mod runs;
pub(crate) mod workflows;
