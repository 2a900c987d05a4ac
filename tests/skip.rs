//! Tests that need what this machine may not have.

use std::io::Write as _;

/// Set where everything must be there, as under `.ci/run`.
const VARIABLE: &str = "TENURE_TEST_SKIP_FAILS";

/// Says plainly that a test was skipped, and why.
///
/// # Panics
/// When skipping counts as a failure here.
pub(crate) fn skipped(test: &str, because: &str) {
    let said = format!("skipped: {test}, because {because}");
    assert!(std::env::var_os(VARIABLE).is_none_or(|value| value.is_empty()), "{said}");
    // Not `eprintln!`: what a test that passes prints is swallowed.
    let _ = writeln!(std::io::stderr(), "{said}");
}
