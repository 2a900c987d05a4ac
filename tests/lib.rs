//! What fuzz targets call.
//!
//! `scenarios` feeds these functions for a moment at each test run, `fuzz/` for as long as
//! somebody wants.

pub mod targets;
