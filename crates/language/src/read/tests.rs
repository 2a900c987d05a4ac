use serde::Deserialize;

use super::*;

#[derive(Debug, Deserialize, PartialEq, Default)]
#[serde(deny_unknown_fields, default)]
struct Source {
    name: Option<String>,
    count: Option<u32>,
    enabled: Option<bool>,
    mode: Option<Mode>,
    steps: Vec<StepSource>,
    limits: Option<Limits>,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "snake_case")]
enum Mode {
    Queue,
    Skip,
}

#[derive(Debug, Deserialize, PartialEq, Default)]
#[serde(deny_unknown_fields, default)]
struct StepSource {
    id: Option<String>,
    call: Option<String>,
    after: Vec<String>,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
struct Limits {
    requests: u32,
}

fn read_source(text: &str) -> (Option<Source>, Vec<String>) {
    let document = Document::parse("f.yaml", text).unwrap();
    let (source, problems) = document.read::<Source>();
    let said = problems.iter().map(|p| {
        let hint = p.hint.as_deref().map(|hint| format!(" ({hint})")).unwrap_or_default();
        format!("{}:{} {} {}{hint}", p.place.line, p.place.column, p.code, p.message)
    });
    (source, said.collect())
}

#[test]
fn reads_what_fits() {
    let (source, problems) = read_source("name: x\nsteps:\n  - id: a\n    after: [b]\n");
    let source = source.unwrap();
    assert_eq!(problems, Vec::<String>::new());
    assert_eq!(source.name.as_deref(), Some("x"));
    assert_eq!(source.steps[0].after, ["b"]);
}

#[test]
fn all_problems_come_at_once_and_the_rest_is_read() {
    let (source, problems) = read_source(
        "\
nam: x
count: many
enabled: \"yes\"
mode: queu
steps:
  - id: a
    cal: github
    after: b
  - not a step
  - id: c
    call: 7
limits: { requests: -1 }
",
    );
    assert_eq!(
        problems,
        [
            "1:1 unknown-key unknown key \"nam\" (did you mean \"name\"?)",
            "2:8 wrong-type \"count\": expected a whole number, 0 or more, found text",
            "3:10 wrong-type \"enabled\": expected true or false, found text",
            "4:7 unknown-value \"mode\": unknown value \"queu\" (did you mean \"queue\"?)",
            "7:5 unknown-key unknown key \"cal\" (did you mean \"call\"?)",
            "8:12 wrong-type \"after\": expected a list, found text",
            "9:5 wrong-type item 2: expected a map, found text",
            "11:11 wrong-type \"call\": expected text, found a number",
            "12:21 wrong-type \"requests\": expected a whole number, 0 or more, found a number",
            "12:9 missing-key \"limits\": \"requests\" is missing",
        ]
    );
    let source = source.unwrap();
    assert_eq!(source.steps.len(), 3);
    assert_eq!(source.steps[2].id.as_deref(), Some("c"));
    assert_eq!(source.limits, None);
}

#[test]
fn values_are_not_repeated() {
    let (_, problems) =
        read_source("count: hunter2\nenabled: hunter2\nsteps: hunter2\nlimits: hunter2\n");
    assert_eq!(problems.len(), 4);
    assert!(problems.iter().all(|problem| !problem.contains("hunter2")), "{problems:?}");
}

#[test]
fn a_document_of_another_kind_is_not_read() {
    for text in ["- a\n", "just text\n", "12\n"] {
        let (source, problems) = read_source(text);
        assert_eq!(source, None);
        assert_eq!(problems.len(), 1, "{text}");
        assert!(problems[0].contains("expected a map"), "{problems:?}");
    }
}

#[test]
fn a_list_is_not_a_map_with_fields_in_order() {
    let (source, problems) = read_source("name: x\nlimits: [3]\n");
    assert_eq!(problems, ["2:9 wrong-type \"limits\": expected a map, found a list"]);
    assert_eq!(source.unwrap().limits, None);
}

#[test]
fn hidden_keys_are_in_no_hint() {
    let document = Document::parse("f.yaml", "zzz: 1\nlimit: 2\nsteps: [{ zzz: 1 }]\n").unwrap();
    let at_the_top = |at: &Pointer, key: &str| at.segments().len() == 1 && key != "steps";
    let (_, problems) = document.read_hiding::<Source>(at_the_top);
    let hints: Vec<_> = problems.iter().filter_map(|problem| problem.hint.as_deref()).collect();
    assert_eq!(hints, ["known here: steps", "known here: steps", "known here: id, call, after"]);
}

#[test]
fn the_number_of_problems_is_bounded() {
    let text: String = (0..400).map(|n| format!("key{n}: 1\n")).collect();
    let (_, problems) = read_source(&text);
    assert_eq!(problems.len(), PROBLEMS_MAX);
}
