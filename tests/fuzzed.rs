//! The fuzz targets, for a moment: valid texts broken at random, and any text at all.

use std::path::Path;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tests::targets;

/// Texts for each target; half of them come from something valid.
const CASES: u32 = 300;

/// Pieces that mean something to some parser.
const PIECES: [&str; 40] = [
    "${{",
    "}}",
    "steps",
    ".output",
    "| jsonpath(\"$.a\")",
    "[?@.a",
    "]",
    "{",
    "}",
    "[",
    ": ",
    "- ",
    "\n  ",
    "\n",
    "\"",
    "'",
    "\\",
    "&a ",
    "*a",
    "<<: ",
    "!!binary ",
    "#",
    "|\n",
    ">-",
    "..",
    "$",
    "@",
    "==",
    " if ",
    "for_each",
    "-1",
    "1e400",
    "99999999999999999999",
    "null",
    "~",
    "\t",
    "\u{feff}",
    "\u{1f600}",
    "\u{0}",
    "2026-11-23T08:00:00Z",
];

/// What happens to a valid text: pieces come, go and double.
#[derive(Debug, Clone)]
enum Damage {
    Insert(usize, &'static str),
    Remove(usize, usize),
    Double(usize, usize),
}

impl Damage {
    fn apply(&self, text: &mut String) {
        let at = |index: usize, text: &str| {
            let index = index % (text.len() + 1);
            (0..=index).rev().find(|index| text.is_char_boundary(*index)).unwrap_or(0)
        };
        match *self {
            Self::Insert(index, piece) => text.insert_str(at(index, text), piece),
            Self::Remove(index, length) => {
                let start = at(index, text);
                let end = at(start + length, text).max(start);
                text.replace_range(start..end, "");
            }
            Self::Double(index, length) => {
                let start = at(index, text);
                let end = at(start + length, text).max(start);
                let part = text[start..end].to_owned();
                text.insert_str(start, &part);
            }
        }
    }
}

fn damage() -> impl Strategy<Value = Damage> {
    prop_oneof![
        (any::<usize>(), prop::sample::select(PIECES.to_vec()))
            .prop_map(|(index, piece)| Damage::Insert(index, piece)),
        (any::<usize>(), 0..40_usize).prop_map(|(index, length)| Damage::Remove(index, length)),
        (any::<usize>(), 0..40_usize).prop_map(|(index, length)| Damage::Double(index, length)),
    ]
}

fn texts(valid: Vec<String>) -> impl Strategy<Value = String> {
    let damaged = (prop::sample::select(valid), prop::collection::vec(damage(), 0..6));
    let damaged = damaged.prop_map(|(mut text, damages)| {
        for damage in damages {
            damage.apply(&mut text);
        }
        text
    });
    let pieces = prop::collection::vec(prop::sample::select(PIECES.to_vec()), 0..12);
    prop_oneof![4 => damaged, 1 => pieces.prop_map(|pieces| pieces.concat()), 1 => ".{0,60}"]
}

fn feed(target: fn(&str), valid: Vec<String>) {
    assert!(!valid.is_empty());
    // What is found is written into the message; nothing is left in the sources.
    let config = Config { cases: CASES, failure_persistence: None, ..Config::default() };
    let fed = TestRunner::new(config).run(&texts(valid), |text| {
        target(&text);
        Ok(())
    });
    if let Err(error) = fed {
        panic!("{error}");
    }
}

fn all(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

/// The shipped files of one kind.
fn shipped(kind: &str) -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../workflows").join(kind);
    let entries = std::fs::read_dir(folder).unwrap();
    entries.map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap()).collect()
}

#[test]
fn workflow_files() {
    feed(targets::workflow, shipped("workflows"));
}

#[test]
fn connector_files() {
    feed(targets::connector, shipped("connectors"));
}

#[test]
fn expressions() {
    feed(
        targets::expression,
        all(&[
            "event.data.user.userName | upper",
            "steps.one.output.id == '1' and not input.yes",
            "input.number * 2 + 1",
            "event.data.user | jsonpath(\"$.teams[*]\")",
            "event.data.user.teams | map('upper') | join(', ')",
            "input.text if input.yes else vars.nothing",
            "range(1, 10, 3) | list",
            "{'a': [1, 2]} | to_json",
            "event.data.user.x.y.z",
        ]),
    );
}

#[test]
fn json_paths() {
    feed(
        targets::json_path,
        all(&[
            "$.a[2].b",
            "$.Resources[?@.active == true].id",
            "$..a",
            "$.a[-1:0:-1]",
            "$['a'][0, 1]",
            "$.Resources[?match(@.id, '[0-9]+') && length(@.id) > 0]",
            "$[?count(@.*) > 1]",
            "$.d.e['a']",
        ]),
    );
}

#[test]
fn hints_when_to_come_back() {
    let instants = [
        "120",
        "0",
        "Wed, 21 Oct 2026 07:28:00 GMT",
        "2026-11-23T08:00:00Z",
        "2026-11-23T08:00Z",
        "1795000060",
        "1795000060000",
        "30s",
        "1m30s",
        "0.25",
    ];
    feed(targets::retry_after, all(&instants));
    feed(targets::reset, all(&instants));
}

#[test]
fn events() {
    feed(targets::event, shipped("events"));
}
