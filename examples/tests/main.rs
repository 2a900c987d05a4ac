//! What is shipped is sound, and does what it says against the playground.

#![expect(clippy::unwrap_used, reason = "a world that cannot be built fails its test")]

mod programs;
mod shipped;
mod small;
mod sound;
mod world;
