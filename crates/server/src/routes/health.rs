//! Whether the daemon lives and can work.

mod live;
mod ready;

pub(crate) use live::live;
pub(crate) use ready::ready;
