//! Small real HTTP services to try workflows on.
//!
//! A people directory, a chat, a code host, a personnel office and a status page, each on
//! its own loopback port and each with another kind of authentication. They limit, fail
//! and lose answers when told to, and they remember every request, so that a person can
//! watch a workflow and a test can prove what really reached the other side.
//!
//! This crate must not know the engine, connectors or workflows as code: it is the other
//! side. It only carries the shipped YAML files as text, to write a project that fits it.

mod answer;
mod chat;
mod code_host;
mod controls;
mod directory;
mod door;
mod faults;
mod front;
mod keys;
mod limit;
mod log;
mod options;
mod personnel;
mod playground;
mod project;
mod status_page;
mod wire;

#[cfg(test)]
mod tests;

pub use chat::Message;
pub use code_host::Membership;
pub use faults::{FaultError, Faults};
pub use limit::Limit;
pub use log::{Entry, Log};
pub use options::{Addresses, Credentials, Options, Ports, Service};
pub use personnel::Notice;
pub use playground::{Playground, PlaygroundError};
pub use project::{Project, ProjectError, project_files, write_project};
