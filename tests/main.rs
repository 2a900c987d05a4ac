//! Scenarios that run the whole program.

#![expect(clippy::unwrap_used, reason = "a world that cannot be built fails its test")]

mod api;
mod commands;
mod corpus;
mod examples;
mod foreign;
mod fuzzed;
mod jsonpath_cts;
mod kill;
mod program;
mod reference;
mod secrets;
mod shipped;
mod skip;
mod telemetry;
