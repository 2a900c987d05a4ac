//! What is shipped is sound, and does what it says against the playground.

mod programs;
mod shipped;
mod small;
mod sound;
mod world;
