//! Every mode of the harness works; how fast is not asked.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// Runs a mode in small, and expects a figure above zero at each pointer.
fn check(arguments: &[&str], pointers: &[&str]) {
    let harness = Path::new(env!("CARGO_BIN_EXE_benches"));
    let directory = tempfile::tempdir().expect("a directory");
    let json = directory.path().join("figures.json");
    let mut command = Command::new(harness);
    command.args(arguments).arg("--json").arg(&json);
    // Tests of the whole workspace have built it; otherwise the harness builds it.
    let program = harness.with_file_name("tenure");
    if program.exists() {
        command.arg("--program").arg(program);
    }
    let output = command.output().expect("the harness starts");
    let printed = String::from_utf8_lossy(&output.stdout);
    let failed = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}\n{printed}\n{failed}");
    let figures = std::fs::read(&json).expect("figures are written");
    let figures: Value = serde_json::from_slice(&figures).expect("figures are JSON");
    for pointer in pointers {
        let figure = figures.pointer(pointer).and_then(Value::as_f64);
        assert!(figure.is_some_and(|figure| figure > 0.0), "{pointer} of {figures:#}");
    }
    assert!(printed.contains("| "), "a table is printed: {printed}");
}

#[test]
fn throughput() {
    check(
        &["throughput", "--rounds", "1", "--seconds", "30", "--count", "12", "--at", "1,4"],
        &["/throughput/0/share/median", "/throughput/0/runs", "/throughput/3/tenure_p99_ms/max"],
    );
}

#[test]
fn commits() {
    check(
        &["commits", "--rounds", "2", "--seconds", "30", "--count", "40", "--writers", "1,16"],
        &["/commits/rows/0/commits_per_second/median", "/commits/rows/1/p99_ms/min"],
    );
}

#[test]
fn start() {
    check(
        &["start", "--starts", "1", "--runs", "20"],
        &["/start/empty_ms/median", "/start/filled_ms/median"],
    );
}

#[test]
fn memory() {
    check(
        &["memory", "--waiting", "20", "--load", "20"],
        &["/memory/idle_bytes", "/memory/waiting_bytes", "/memory/loaded_bytes"],
    );
}

#[test]
fn disk() {
    check(&["disk", "--runs", "50"], &["/disk/as_it_lies/length", "/disk/compacted/length"]);
}
