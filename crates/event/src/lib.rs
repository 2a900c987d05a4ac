//! The normalized lifecycle event.
