//! The normalized lifecycle event.
//!
//! Whatever an identity provider sends becomes an [`Event`]: a CloudEvents 1.0 envelope
//! around a person, a group and what changed. This crate is pure. It knows no provider,
//! no clock and no network; identity and time are given to it.

mod envelope;
mod kinds;
mod parse;

pub use envelope::{Event, EventId};
pub use kinds::{KNOWN_TYPES, is_known_type};
pub use parse::{MAX_ATTRIBUTES, MAX_DEPTH, ParseError};
