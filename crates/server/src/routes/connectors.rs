//! Connectors that workflows call.

mod list;
mod test;

pub(crate) use list::list;
pub(crate) use test::test;
