//! Which layer wins, and what is said about a wrong one.

use std::path::Path;

use super::*;

const FILE: &str = "listen: 127.0.0.1:1000\ndata: kept\nlog:\n  level: warn\negress:\n  allow_private: [127.0.0.1, 10.2.0.0/16]\n";

fn resolve(text: Option<&str>, flags: &SettingFlags, variables: &[(&str, &str)]) -> Loaded {
    try_resolve(text, flags, variables).unwrap()
}

fn try_resolve(
    text: Option<&str>,
    flags: &SettingFlags,
    variables: &[(&str, &str)],
) -> Result<Loaded, CommandError> {
    let environment = |name: &str| {
        variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
    };
    Config::resolve(Path::new("/project"), text, flags, &environment)
}

fn shown(loaded: &Loaded) -> String {
    let rows = loaded.config.rows();
    rows.iter().map(|(name, value, origin)| format!("{name} = {value} ({origin})\n")).collect()
}

#[test]
fn without_anything_the_defaults_hold() {
    insta::assert_snapshot!(shown(&resolve(None, &SettingFlags::default(), &[])), @r"
    listen = 127.0.0.1:7117 (default)
    data = /project/.tenure (default)
    log.level = info (default)
    log.format = human (default)
    limits.active_runs = 512 (default)
    limits.queued_runs = 100000 (default)
    egress.allow_private = none (default)
    ");
}

#[test]
fn flag_beats_environment_beats_file_beats_default() {
    let flags = SettingFlags { listen: Some("127.0.0.1:3000".into()), ..SettingFlags::default() };
    let variables = [
        ("TENURE_LISTEN", "127.0.0.1:2000"),
        ("TENURE_DATA", "/var/lib/tenure"),
        ("TENURE_LOG_FORMAT", ""),
    ];
    insta::assert_snapshot!(shown(&resolve(Some(FILE), &flags, &variables)), @r"
    listen = 127.0.0.1:3000 (--listen)
    data = /var/lib/tenure (TENURE_DATA)
    log.level = warn (tenure.yaml:4)
    log.format = human (default)
    limits.active_runs = 512 (default)
    limits.queued_runs = 100000 (default)
    egress.allow_private = 127.0.0.1, 10.2.0.0/16 (tenure.yaml:6)
    ");
}

#[test]
fn a_directory_in_the_file_lies_beside_the_file() {
    let loaded = resolve(Some("data: kept\n"), &SettingFlags::default(), &[]);
    assert_eq!(loaded.config.data.value, Path::new("/project/kept"));
    let flags = SettingFlags { data: Some("kept".into()), ..SettingFlags::default() };
    let loaded = resolve(Some("data: other\n"), &flags, &[]);
    assert_eq!(loaded.config.data.value, Path::new("kept"));
}

#[test]
fn every_problem_of_the_file_is_found_at_once() {
    let text = "listen: nowhere\nlog: { level: inf }\nlimits: { active_runs: 0 }\nlisen: x\nsecrets:\n  token: {}\n";
    let report = resolve(Some(text), &SettingFlags::default(), &[]).report.unwrap();
    let found: Vec<_> =
        report.problems.iter().map(|problem| (problem.place.line, problem.code)).collect();
    assert_eq!(
        found,
        [
            (1, "bad-setting"),
            (2, "bad-setting"),
            (3, "bad-setting"),
            (4, "unknown-key"),
            (6, "missing-key")
        ]
    );
}

#[test]
fn a_wrong_flag_or_variable_ends_the_command() {
    let flags = SettingFlags { log_level: Some("loud".into()), ..SettingFlags::default() };
    let error = try_resolve(None, &flags, &[]).unwrap_err();
    assert_eq!(error.to_string(), "--log-level is not usable");
    let error = try_resolve(None, &SettingFlags::default(), &[("TENURE_LISTEN", "x")]).unwrap_err();
    assert_eq!(error.to_string(), "TENURE_LISTEN is not usable");
}
