//! Broken files, and what people are told about each.
//!
//! Every file under `corpus/` has something wrong with it that somebody once wrote or will
//! write. Its snapshot is the whole answer, as `tenure check` prints it. A new file is taken in
//! by `INSTA_UPDATE=always cargo test -p tests corpus`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::json;
use tenure_connector::{EnvironmentSecrets, Secret, SecretError, SecretSource};
use tenure_language::Report;
use tenure_workflow::{Known, KnownAction, KnownConnector, KnownInput};

/// Fewest files a folder may come down to.
const WORKFLOWS_MIN: usize = 60;
/// As above.
const CONNECTORS_MIN: usize = 30;

#[test]
fn broken_workflows_are_explained() {
    let known = project();
    let checked = check_all("workflows", |file, text| {
        let checked = tenure_workflow::check(file, text, &known);
        assert!(checked.plan.is_none(), "{file} became a plan");
        checked.report
    });
    assert!(checked >= WORKFLOWS_MIN, "only {checked} workflows are left");
}

#[test]
fn broken_connectors_are_explained() {
    let checked = check_all("connectors", |file, text| {
        let checked = tenure_connector::check(file, text, &OneSecret);
        assert!(checked.connector.is_none(), "{file} became a connector");
        let shown = checked.report.render(false);
        assert!(!shown.contains(OneSecret::VALUE), "{file}: the report shows a secret");
        checked.report
    });
    assert!(checked >= CONNECTORS_MIN, "only {checked} connectors are left");
}

#[test]
fn every_snapshot_belongs_to_a_file() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let entries = std::fs::read_dir(root.join("snapshots/corpus")).expect("there are snapshots");
    for entry in entries {
        let name = entry.expect("snapshots can be listed").file_name().into_string();
        let name = name.expect("snapshots have plain names");
        let stem = name.strip_suffix(".snap").expect("snapshots end in .snap");
        let (folder, file) = stem.split_once("__").expect("snapshots begin with their folder");
        let file = root.join("corpus").join(folder).join(format!("{file}.yaml"));
        assert!(file.exists(), "{name} is left from a file that is gone");
    }
}

/// Checks each file of a folder against its snapshot, and answers how many there are.
fn check_all(folder: &str, check: impl Fn(&str, &str) -> Report) -> usize {
    let files = files_of(folder);
    for path in &files {
        let name = path.file_stem().and_then(|stem| stem.to_str()).expect("files have plain names");
        let text = std::fs::read_to_string(path).expect("a corpus file can be read");
        let report = check(&format!("{folder}/{name}.yaml"), &text);
        assert!(report.has_errors(), "nothing is wrong with {folder}/{name}.yaml");
        insta::with_settings!({
            snapshot_path => "snapshots/corpus",
            prepend_module_to_snapshot => false,
            omit_expression => true,
        }, {
            insta::assert_snapshot!(format!("{folder}__{name}"), report.render(false));
        });
    }
    files.len()
}

fn files_of(folder: &str) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(folder);
    let entries = std::fs::read_dir(&root).expect("the corpus is there");
    let mut files: Vec<PathBuf> =
        entries.map(|entry| entry.expect("the corpus can be listed").path()).collect();
    files.sort();
    files
}

/// The project around the broken workflows.
fn project() -> Known {
    let text = KnownInput { required: true, schema: Some(json!({ "type": "string" })) };
    let post_message = KnownAction {
        input: BTreeMap::from([("channel".to_owned(), text.clone()), ("text".to_owned(), text)]),
    };
    let connector = |actions| KnownConnector { actions, enabled: true };
    Known::only(BTreeMap::from([
        ("directory".to_owned(), connector(BTreeMap::new())),
        ("chat".to_owned(), connector(BTreeMap::from([("post_message".to_owned(), post_message)]))),
    ]))
}

/// A place for secrets in which there is one: `token`.
struct OneSecret;

impl OneSecret {
    const VALUE: &str = "s3cr3t-value";
}

impl SecretSource for OneSecret {
    fn secret(&self, name: &str) -> Result<Option<Secret>, SecretError> {
        Ok((name == "token").then(|| Secret::new(Self::VALUE)))
    }

    fn how_to_give(&self, name: &str) -> String {
        EnvironmentSecrets.how_to_give(name)
    }
}
