//! The whole stack against a scripted transport, under a paused clock.

mod limits;
mod redirects;
mod retries;
