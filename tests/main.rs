//! Scenarios that run the whole program.
