//! Worlds for tests: scripted services, crashing stores, projects, time.
//!
//! Only tests use this crate. It must not know the engine or any workflow: it provides what
//! surrounds them. Nothing here decides whether a test passes.

mod crash;
mod project;
mod script;
mod time;

pub use crash::{CrashMoment, CrashingStore};
pub use project::TempProject;
pub use script::{Received, Reply, ScriptedService};
pub use time::{pass_time, wait_until};

#[cfg(test)]
mod tests;
