//! The programs run, and say what their texts promise.

use std::path::PathBuf;
use std::process::Command;

/// Runs an example that cargo built along with this test.
fn output(name: &str) -> String {
    let test: PathBuf = std::env::current_exe().unwrap();
    let built = test.ancestors().nth(2).unwrap().join("examples").join(name);
    let output = Command::new(&built)
        .output()
        .unwrap_or_else(|error| panic!("{} cannot be run: {error}", built.display()));
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    said
}

#[test]
fn the_engine_is_embedded() {
    assert_eq!(output("embed"), "succeeded: \"Ann, all suppliers are up\"\n");
}

#[test]
fn a_connector_is_used_alone() {
    let expected = "\
message 1, attempt 1: 200 OK
message 2, attempt 1: 200 OK
message 3, attempt 1: 429 Too Many Requests
message 3, attempt 2: 200 OK
the chat has 3 messages
";
    assert_eq!(output("connector_alone"), expected);
}
