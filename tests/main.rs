//! Scenarios that run the whole program.

#![expect(clippy::unwrap_used, reason = "a world that cannot be built fails its test")]

mod api;
mod corpus;
mod kill;
mod program;
mod reference;
mod skip;
