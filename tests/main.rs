//! Scenarios that run the whole program.

mod corpus;
