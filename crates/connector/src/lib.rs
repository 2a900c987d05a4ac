//! A name becomes an HTTP client that is authenticated, limited and patient.
//!
//! A connector file is read (`source`), checked ([`check()`]) into a [`Connector`], and becomes
//! a [`Client`] in the [`Registry`]. A client's layers are listed in `stack`, in their order.
//!
//! This crate must not know what a workflow, a run or a person is, nor where connector files
//! are kept. Secrets come through a [`SecretSource`] and leave on the wire only; time comes
//! from a clock that is given. reqwest is used in `transport` and nowhere else, tower,
//! governor and backoff in `stack` and nowhere else.

mod action;
mod address;
mod answer;
mod call;
mod check;
mod client;
mod connector;
mod egress;
mod failure;
pub mod hints;
mod judge;
mod prepare;
mod probe;
mod redact;
mod registry;
#[cfg(test)]
mod scripted;
mod secret;
mod source;
mod stack;
mod surroundings;
mod transport;

pub use action::{Action, ActionError, Input, InputKind};
pub use call::{Answer, Attempt, Body, Call};
pub use check::{Checked, check};
pub use client::Client;
pub use connector::{
    Auth, Connector, HeaderText, Idempotency, Rate, RateLimit, RetrySettings, TestRequest,
};
pub use egress::{Blocked, Egress, EgressError};
pub use failure::{Failure, FailureKind};
pub use probe::{Probe, Verdict as ProbeVerdict};
pub use registry::{Registry, Unavailable};
pub use secret::{EnvironmentSecrets, Secret, SecretError, SecretSource};
pub use surroundings::{Clock, Injector, Surroundings};
pub use transport::{Reply, Transport, Wire, WireError};
