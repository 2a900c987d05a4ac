//! The rules of the house, enforced over `cargo metadata` and the sources.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Which crate may use which: no arrows but these.
const ARROWS: &[(&str, &[&str])] = &[
    ("event", &[]),
    ("language", &[]),
    ("workflow", &["event", "language"]),
    ("run", &["event", "language", "workflow"]),
    ("connector", &["language"]),
    ("store", &[]),
    ("runlog", &["event", "run", "store"]),
    ("engine", &["event", "language", "workflow", "run", "connector", "runlog", "store"]),
    ("api", &[]),
    ("playground", &[]),
    (
        "server",
        &["api", "event", "language", "workflow", "run", "connector", "store", "runlog", "engine"],
    ),
    (
        "tenure",
        &[
            "api",
            "event",
            "language",
            "workflow",
            "run",
            "connector",
            "store",
            "runlog",
            "engine",
            "server",
            "playground",
        ],
    ),
    // For tests only; a test below sees to that.
    (
        "testkit",
        &[
            "event",
            "language",
            "workflow",
            "run",
            "connector",
            "store",
            "runlog",
            "engine",
            "playground",
        ],
    ),
];

/// Outside crates that have one home, and why it is one.
const HOMES: &[(&str, &[&str], &str)] = &[
    ("sled", &["crates/store/src/sled"], "one module knows its traps"),
    (
        "reqwest",
        &["crates/connector/src/transport", "crates/tenure/src/client", "benches/", "tests/"],
        "one place attaches credentials; the other is the program's own client",
    ),
    ("tower", &["crates/connector/src/"], "the stack is in one crate"),
    ("governor", &["crates/connector/src/"], "the stack is in one crate"),
    ("backoff", &["crates/connector/src/"], "unmaintained: one place to replace"),
    ("serde_yaml", &["crates/language/src/"], "archived: one place to replace"),
    ("saphyr_parser", &["crates/language/src/"], "one reader of YAML"),
    ("minijinja", &["crates/language/src/"], "one expression language"),
    ("jsonpath_rust", &["crates/language/src/"], "one selector"),
    ("annotate_snippets", &["crates/language/src/"], "one look for problems"),
    (
        "axum",
        &[
            "crates/server/src/",
            "crates/playground/src/",
            "crates/testkit/src/",
            "crates/connector/src/tests",
            "crates/connector/tests",
            "crates/tenure/src/serve",
            "tests/",
            "benches/",
        ],
        "one HTTP face",
    ),
    ("clap", &["crates/tenure/src/", "benches/"], "only the program has arguments"),
    (
        "anyhow",
        &["crates/tenure/src/", "tests/", "benches/", "examples/"],
        "libraries name their errors",
    ),
];

/// Where text of people, facts on disk and the words of the API are read and written.
const SERDE: &[&str] = &[
    "source.rs",
    "crates/event/src/envelope.rs",
    "crates/run/src/fact.rs",
    "crates/run/src/id.rs",
    "crates/run/src/status.rs",
    "crates/runlog/src/record.rs",
    "crates/api/src/",
    "crates/playground/src/",
    "tests/",
    "benches/",
    "examples/",
];

const BANNED_MODULES: &[&str] = &["util", "utils", "common", "helpers", "types", "misc", "manager"];

/// More lines than this want a reason, given as `//! Long because …` in the file.
const LONG: usize = 400;
/// More lines than this fail.
const TOO_LONG: usize = 600;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ has a parent").to_owned()
}

fn sources() -> Vec<(String, String)> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        let Ok(entries) = fs::read_dir(folder) else { return };
        for entry in entries.flatten() {
            let path = entry.path();
            if path.is_dir() && !path.ends_with("target") {
                walk(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    let root = root();
    let mut found = Vec::new();
    for folder in ["crates", "tests", "benches", "examples"] {
        walk(&root.join(folder), &mut found);
    }
    assert!(found.len() > 50, "the sources are found");
    let mut sources: Vec<_> = found
        .into_iter()
        .map(|path| {
            let name = path.strip_prefix(&root).expect("below the root").display().to_string();
            (name, fs::read_to_string(&path).expect("a source can be read"))
        })
        .collect();
    sources.sort();
    sources
}

fn packages() -> Vec<Value> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(root())
        .output()
        .expect("cargo metadata runs");
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo metadata is JSON");
    metadata["packages"].as_array().expect("packages").clone()
}

/// Own crates each package uses: for real, and in its own tests.
fn arrows() -> BTreeMap<String, (BTreeSet<String>, BTreeSet<String>)> {
    let short = |name: &str| name.strip_prefix("tenure-").unwrap_or(name).to_owned();
    let mut arrows = BTreeMap::new();
    for package in packages() {
        let mut uses = (BTreeSet::new(), BTreeSet::new());
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            let name = dependency["name"].as_str().unwrap_or_default();
            if !name.starts_with("tenure-") {
                continue;
            }
            let side = if dependency["kind"].is_null() { &mut uses.0 } else { &mut uses.1 };
            side.insert(short(name));
        }
        arrows.insert(short(package["name"].as_str().unwrap_or_default()), uses);
    }
    arrows
}

fn is_test(file: &str) -> bool {
    file.contains("/tests/") || file.ends_with("/tests.rs")
}

fn report(problems: &[String]) {
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn crates_use_only_what_the_house_allows() {
    let allowed: BTreeMap<&str, &[&str]> = ARROWS.iter().copied().collect();
    let mut problems = Vec::new();
    for (name, (uses, _)) in arrows() {
        if ["tests", "benches", "examples"].contains(&name.as_str()) {
            continue;
        }
        let Some(allowed) = allowed.get(name.as_str()) else {
            problems.push(format!("crate \"{name}\" has no room in the house"));
            continue;
        };
        let wrong = uses.iter().filter(|used| !allowed.contains(&used.as_str()));
        problems.extend(wrong.map(|used| format!("crate \"{name}\" must not use \"{used}\"")));
        if uses.contains("testkit") {
            problems.push(format!("crate \"{name}\" uses \"testkit\" outside its tests"));
        }
    }
    report(&problems);
}

#[test]
fn no_crate_uses_itself_not_even_in_tests() {
    let arrows = arrows();
    let mut problems = Vec::new();
    for start in arrows.keys() {
        let mut reached = BTreeSet::new();
        let mut open = vec![start.clone()];
        while let Some(name) = open.pop() {
            let Some((uses, in_tests)) = arrows.get(&name) else { continue };
            for used in uses.iter().chain(in_tests) {
                if used == start {
                    problems.push(format!("crate \"{start}\" is reached again from \"{name}\""));
                }
                if reached.insert(used.clone()) {
                    open.push(used.clone());
                }
            }
        }
    }
    report(&problems);
}

#[test]
fn outside_crates_have_one_home() {
    let mut problems = Vec::new();
    for (file, text) in sources() {
        for (name, homes, why) in HOMES {
            let at_home = homes.iter().any(|home| file.starts_with(home));
            // Tests may call a service as its framework does; a module of ours may bear the name.
            let is_ours = is_test(&file) || text.contains(&format!("\nmod {name};"));
            if at_home || is_ours || file == "tests/architecture.rs" {
                continue;
            }
            let uses = |line: &str| {
                let line = line.trim_start();
                !line.starts_with("//")
                    && (line.contains(&format!("use {name}::"))
                        || line.contains(&format!("use {name};"))
                        || line.contains(&format!(" {name}::"))
                        || line.contains(&format!("({name}::"))
                        || line.contains(&format!("<{name}::")))
            };
            if let Some(line) = text.lines().position(uses) {
                problems.push(format!("{file}:{}: {name} has another home: {why}", line + 1));
            }
        }
    }
    report(&problems);
}

#[test]
fn serde_stays_at_the_borders() {
    let mut problems = Vec::new();
    for (file, text) in sources() {
        let border = SERDE.iter().any(|border| file.starts_with(border) || file.ends_with(border));
        if border || is_test(&file) {
            continue;
        }
        let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        let derives = |line: &str| {
            line.trim_start().starts_with("#[derive(")
                && (line.contains("Serialize") || line.contains("Deserialize"))
        };
        if let Some(line) = code.lines().position(derives) {
            problems.push(format!("{file}:{}: serde is derived inside the house", line + 1));
        }
    }
    report(&problems);
}

#[test]
fn files_are_short_and_named_for_what_is_in_them() {
    let mut problems = Vec::new();
    for (file, text) in sources() {
        let lines = text.lines().count();
        let reasoned = text.lines().any(|line| line.starts_with("//! Long because "));
        if lines > TOO_LONG {
            problems.push(format!("{file}: {lines} lines, more than {TOO_LONG}"));
        } else if lines > LONG && !reasoned {
            problems.push(format!("{file}: {lines} lines and no `//! Long because …`"));
        }
        let path = Path::new(&file);
        let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        let folder = path.parent().and_then(Path::file_name).and_then(|name| name.to_str());
        let banned = |name: &str| BANNED_MODULES.contains(&name);
        if banned(stem) || (stem == "mod" && folder.is_some_and(banned)) {
            problems.push(format!("{file}: \"{stem}\" says nothing about what is in it"));
        }
        if !text.starts_with("//!") && !is_test(&file) {
            problems.push(format!("{file}: does not begin with what it is for"));
        }
    }
    report(&problems);
}

#[test]
fn the_map_names_every_crate() {
    let map = fs::read_to_string(root().join("crates/README.md")).expect("crates/README.md");
    let missing = ARROWS.iter().filter(|(name, _)| !map.contains(&format!("`{name}`")));
    report(&missing.map(|(name, _)| format!("the map does not name `{name}`")).collect::<Vec<_>>());
}

#[test]
fn nothing_is_switched_off_without_a_reason() {
    let mut problems = Vec::new();
    for (file, text) in sources() {
        if file == "tests/architecture.rs" {
            continue;
        }
        for (number, line) in text.lines().enumerate() {
            let line = line.trim_start();
            let ignored = line.starts_with("#[ignore]");
            let allowed = line.starts_with("#[allow(") || line.starts_with("#![allow(");
            if ignored || allowed {
                problems.push(format!("{file}:{}: {line}", number + 1));
            }
        }
    }
    report(&problems);
}
