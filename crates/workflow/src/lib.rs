//! What people write, checked into a plan.
//!
//! [`check`] reads a workflow's text and answers with every problem in it, each at its place,
//! and, when none is an error, with a [`Plan`]: compiled, nothing left that could be misspelt.
//!
//! This crate does not know what time it is, who runs the plan, what a connector is made of, or
//! where the text came from. It reads no file, no environment and no network, and never waits.

mod check;
mod known;
mod plan;
mod schedule;
mod source;

pub use check::{Checked, check};
pub use known::{Known, KnownAction, KnownConnector, KnownInput};
pub use plan::{
    Block, Branch, Call, Case, EventPattern, InputSchema, Kind, Loop, OnError, Output, Plan, Retry,
    Step, Target, Trigger, Version, Wait,
};
pub use schedule::{Schedule, ScheduleError};
