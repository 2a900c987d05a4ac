use super::*;
use proptest::prelude::*;
use serde_json::json;

fn parse(text: &str) -> Document {
    Document::parse("f.yaml", text).unwrap_or_else(|report| panic!("{}", report.render(false)))
}

/// Code, line, column of each problem.
fn problems(text: &str) -> Vec<(&'static str, usize, usize)> {
    let problems = match Document::parse("f.yaml", text) {
        Ok(document) => document.traps(),
        Err(report) => report.problems,
    };
    problems.iter().map(|p| (p.code, p.place.line, p.place.column)).collect()
}

/// The text at a place.
fn at(document: &Document, place: Place) -> &str {
    &document.text()[place.start..place.end]
}

#[test]
fn values_are_what_people_mean() {
    for (text, expected) in [
        ("", json!(null)),
        ("# nothing\n", json!(null)),
        ("---\n", json!(null)),
        ("a: 1\nb: [x, 2.5, true, null, ~]\n", json!({"a": 1, "b": ["x", 2.5, true, null, null]})),
        ("day: 2026-01-01\nat: 12:30\n", json!({"day": "2026-01-01", "at": "12:30"})),
        ("a: &x {b: 1}\nc: *x\n", json!({"a": {"b": 1}, "c": {"b": 1}})),
        ("t: |\n  one\n  two\n", json!({"t": "one\ntwo\n"})),
        ("t: >-\n  one\n  two\n", json!({"t": "one two"})),
        ("200: ok\ntrue: x\n", json!({"200": "ok", "true": "x"})),
        ("a: 'it''s'\nb: \"\\u00fc\\n\"\n", json!({"a": "it's", "b": "ü\n"})),
        ("if: ${{ a.b == \"x\" }}\n", json!({"if": "${{ a.b == \"x\" }}"})),
        ("\u{feff}a: 1\n", json!({"a": 1})),
        ("a: 1\r\nb: 2\r\n", json!({"a": 1, "b": 2})),
    ] {
        assert_eq!(parse(text).value(), &expected, "{text}");
    }
}

#[test]
fn every_key_and_value_has_its_place() {
    let text = "\
näme: jöiner
steps:
  - id: account
    body: { userName: \"${{ x }}\", n: [1, 2] }
  - id: 'b'
    text: |
      one
      two
last: 1
";
    let document = parse(text);
    let root = Pointer::root();
    let first = root.key("steps").index(0);
    for (pointer, line, column, expected) in [
        (root.key("näme"), 1, 7, "jöiner"),
        (first.key("id"), 3, 9, "account"),
        (first.key("body"), 4, 11, "{ userName: \"${{ x }}\", n: [1, 2] }"),
        (first.key("body").key("userName"), 4, 23, "\"${{ x }}\""),
        (first.key("body").key("n").index(1), 4, 42, "2"),
        (root.key("steps").index(1).key("id"), 5, 9, "'b'"),
        (root.key("last"), 9, 7, "1"),
        (
            first.key("nowhere").key("x"),
            3,
            5,
            "id: account\n    body: { userName: \"${{ x }}\", n: [1, 2] }",
        ),
    ] {
        let place = document.place(&pointer);
        assert_eq!((place.line, place.column), (line, column), "{pointer}");
        assert_eq!(at(&document, place), expected, "{pointer}");
    }
    let key = document.key_place(&first.key("body"));
    assert_eq!((at(&document, key), key.line, key.column), ("body", 4, 5));
    let block = document.place(&root.key("steps").index(1).key("text"));
    assert_eq!(block.line, 7);
    assert!(at(&document, block).ends_with("two"), "{:?}", at(&document, block));
}

#[test]
fn places_are_right_after_a_byte_order_mark_and_in_windows_lines() {
    for text in ["\u{feff}a: x\nb: y\n", "a: x\r\nb: y\r\n"] {
        let document = parse(text);
        for (key, value, line) in [("a", "x", 1), ("b", "y", 2)] {
            let place = document.place(&Pointer::root().key(key));
            assert_eq!((at(&document, place), place.line), (value, line), "{text:?}");
        }
    }
}

#[test]
fn a_part_of_a_scalar_has_its_place() {
    let document = parse("a: ${{ nö + x }}\nb: \"say ${{ y }}\"\nc: \"\\t${{ z }}\"\n");
    for (key, part, exact) in [("a", "x", true), ("b", "y", true), ("c", "z", false)] {
        let pointer = Pointer::root().key(key);
        let value = pointer.find(document.value()).and_then(Value::as_str).unwrap().to_owned();
        let start = value.find(part).unwrap();
        let place = document.place_in(&pointer, start, start + 1);
        match exact {
            true => assert_eq!(at(&document, place), part),
            false => assert_eq!(place, document.place(&pointer)),
        }
    }
    let place = document.place_in(&Pointer::root().key("a"), 10, 11);
    assert_eq!((place.line, place.column), (1, 13));
}

#[test]
fn refuses_what_cannot_be_read() {
    for (text, expected) in [
        ("a: 1\na: 2\n", vec![("duplicate-key", 2, 1)]),
        (
            "a: {b: 1, b: 2}\na: 3\nc: {d: 1, d: 1}\n",
            vec![("duplicate-key", 1, 11), ("duplicate-key", 2, 1), ("duplicate-key", 3, 11)],
        ),
        ("a: [1, 2\n", vec![("syntax", 2, 1)]),
        ("a: b: c\n", vec![("syntax", 1, 5)]),
        ("a: 1\n---\nb: 2\n", vec![("second-document", 3, 1)]),
        ("? [1, 2]\n: x\n", vec![("key", 1, 3)]),
        ("a: \u{7}\n", vec![("syntax", 1, 4)]),
        ("a: *nobody\n", vec![("syntax", 1, 4)]),
    ] {
        let found = problems(text);
        assert_eq!(found, expected, "{text}");
        assert!(Document::parse("f", text).is_err());
    }
}

#[test]
fn refuses_what_two_parsers_read_differently() {
    // A line break in YAML 1.1, an ordinary character in 1.2.
    for text in ["a: \"x\u{85}b\"\n", "a: ['x\u{85}b']\n"] {
        let Err(report) = Document::parse("f", text) else { panic!("{text:?} is read") };
        assert_eq!(report.problems[0].code, "ambiguous", "{}", report.render(false));
    }
}

#[test]
fn says_what_to_do_about_syntax() {
    for (text, hint) in [
        ("a: { b: ${{ x }} }\n", "double quotes"),
        ("a: [ ${{ x }} ]\n", "double quotes"),
        ("a: ${{ x ? y: z }}\n", "double quotes"),
        ("a:\n\tb: 1\n", "spaces"),
        ("a: b: c\n", "quotes around a value that contains \": \""),
        ("a: @x\n", "begins with @"),
        ("a: {{ input.b }}\n", "write \"${{ input.b }}\", with its quotes"),
        ("a: { b: {{ input.c | upper }} }\n", "write \"${{ input.c | upper }}\""),
        ("a: {{ input.b }}/c\n", "a brace begins a map"),
        ("a: [ {{ input.b }}/c ]\n", "a brace begins a map"),
        ("a: {{ \"b\" ~ input.c }}\n", "with its quotes"),
        ("a: { b: #it, c: d }\ne: f\n", "a comment: put quotes"),
    ] {
        let Err(report) = Document::parse("f", text) else { panic!("{text} is read") };
        let hint_found = report.problems[0].hint.clone().unwrap_or_default();
        assert!(hint_found.contains(hint), "{text}: {}", report.render(false));
    }
}

#[test]
fn size_is_bounded() {
    let code = |text: &str| Document::parse("f", text).map(drop).map_err(|r| r.problems[0].code);
    assert_eq!(code(&("[".repeat(70) + &"]".repeat(70))), Err("too-deep"));
    assert!(code(&"[".repeat(100_000)).is_err());
    assert!(code(&"- ".repeat(100_000)).is_err());
    assert_eq!(code(&("{a: ".repeat(70) + &"}".repeat(70))), Err("too-deep"));
    assert_eq!(code(&" ".repeat(TEXT_MAX + 1)), Err("too-large"));
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..9 {
        let items = vec![format!("*a{}", level - 1); 10].join(", ");
        bomb.push_str(&format!("a{level}: &a{level} [{items}]\n"));
    }
    assert_eq!(code(&bomb), Err("too-large"));
}

#[test]
fn traps_are_named() {
    for (text, expected) in [
        ("a: .inf\n", vec![("not-finite", 1, 4)]),
        ("a: [.nan, -.inf]\n", vec![("not-finite", 1, 5), ("not-finite", 1, 11)]),
        ("id: 1e3\nb: 12e4\n", vec![("number", 1, 5), ("number", 2, 4)]),
        ("a: &x {b: 1}\nc:\n  <<: *x\n", vec![("merge-key", 3, 3)]),
        ("a: !secret x\n", vec![("tag", 1, 4)]),
        ("a: !!str 12\n", vec![("tag", 1, 4)]),
        (
            "a: on\nb: yes\nc: \"no\"\nd: No\n",
            vec![("boolean", 1, 4), ("boolean", 2, 4), ("boolean", 4, 4)],
        ),
        ("a: 012\nb: -07\nc: '012'\n", vec![("number", 1, 4), ("number", 2, 4)]),
        ("a: 0x1F\nb: 0o17\n", vec![("number", 1, 4), ("number", 2, 4)]),
        ("version: 1.10\n", vec![("number", 1, 10)]),
        ("a: 12345678901234567890\n", vec![("number", 1, 4)]),
        ("a: ${{ x #y }}\n", vec![("comment", 1, 4)]),
        ("a: $.b[?@.c == 1 # d]\n", vec![("comment", 1, 4)]),
        ("a: 1.0\nb: 1.5\nc: 0\nd: -3\ne: x # y\nf: 0.0\n", vec![]),
        ("on: x\nyes: z\n", vec![]),
        ("a: #it\nb:  #it # no\n", vec![("comment", 1, 4), ("comment", 2, 5)]),
        ("a: # a note\n  b: 1\nc: ## it\nd: null\n", vec![]),
    ] {
        assert_eq!(problems(text), expected, "{text}");
    }
}

#[test]
fn traps_in_text_are_shown_where_values_are_meant() {
    let document = parse("id: y\nbody: { a: y, b: 12e4 }\nnumber: 12e4\n");
    let shown = document.traps_where(|at| at.to_string().starts_with("body"));
    let places: Vec<_> = shown.iter().map(|p| (p.code, p.place.line, p.place.column)).collect();
    assert_eq!(places, [("boolean", 2, 12), ("number", 2, 18), ("number", 3, 9)]);
}

#[test]
fn renders_a_syntax_error() {
    let report = Document::parse("w.yaml", "steps:\n  - { if: ${{ a }} }\n").unwrap_err();
    insta::assert_snapshot!(report.render(false), @r#"
    error[syntax]: while parsing a flow mapping, did not find expected ',' or '}'
     --> w.yaml:2:12
      |
    2 |   - { if: ${{ a }} }
      |            ^
      |
      = help: put double quotes around a value with ${{ }} inside [ ] or { }, or with ": " or " #" in it
    "#);
}

proptest! {
    #[test]
    fn never_panics(text in "([\\PC\n\t]|: |- |\\$\\{\\{|\n  |\"|'|\\[|\\{|&a|\\*a|!t|#|\\||>|\u{feff}|\u{85}|\u{2028}|\r){0,40}") {
        match Document::parse("f", &text) {
            Ok(document) => {
                let _ = Report::new("f", document.text().clone(), document.traps()).render(true);
            }
            Err(report) => {
                prop_assert!(report.has_errors());
                let _ = report.render(false);
            }
        }
    }

    #[test]
    fn what_json_says_yaml_says_too(text in "\\PC{0,20}", number in any::<i32>()) {
        let value = json!({"t": text, "n": number, "l": [{"x": null}, true]});
        let document = Document::parse("f", &value.to_string());
        prop_assert_eq!(document.map(|d| d.value().clone()).map_err(|r| r.render(false)), Ok(value));
    }
}
