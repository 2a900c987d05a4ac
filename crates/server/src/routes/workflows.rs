//! Workflows that can run.

mod list;

pub(crate) use list::list;
