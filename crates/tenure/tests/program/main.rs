//! The program as it is called: what it prints where, and how it ends.

#![expect(clippy::unwrap_used, reason = "helpers of tests break off like tests do")]

mod commands;
mod daemon;
mod mistakes;
mod project;
