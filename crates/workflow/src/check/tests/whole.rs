//! The file as a whole: its name, input and bounds.

use insta::assert_snapshot;

use super::{check_steps, checked, problems};

#[test]
fn a_workflow_has_a_name_and_steps() {
    assert_snapshot!(problems(
        r##"
description: Nothing else
"##,
    ), @"
    2:1 error[no-name] this workflow has no name
         add `name:`, such as `name: joiner`
    2:1 error[no-steps] this workflow has no steps
         add `steps:` with a list
    2:1 warning[no-triggers] nothing starts this workflow
         add `triggers:` with `- manual: {}` or `- event: identity.user.created`
    ");
}

#[test]
fn the_top_of_a_workflow_is_checked() {
    assert_snapshot!(problems(
        r##"
name: New Joiner
subject: Everybody
concurrency: { key: a }
limits: {}
stepz: []
triggers: [{ manual: {} }]
input: { type: array }
steps: []
"##,
    ), @r#"
    2:7 error[bad-id] workflow "New Joiner" is not a valid id
         write "new_joiner": ids are lower case letters, digits and _
    3:10 warning[constant-subject] every run would be about the same subject
         write an expression, such as ${{ event.data.user.id }}
    4:1 error[not-yet] "concurrency" is not part of this version of Tenure
    5:1 error[not-yet] "limits" is not part of this version of Tenure
    6:1 error[unknown-key] unknown key "stepz"
         did you mean "steps"?
    8:16 error[input] the input of a run is an object
         write `type: object`, and what it holds under `properties`
    "#);
}

#[test]
fn the_input_schema_is_checked() {
    assert_snapshot!(problems(
        r##"
name: joiner
triggers: [{ manual: {} }]
input:
  type: object
  properties:
    email: { type: text }
steps:
  - { id: a, wait: 1d }
"##,
    ), @"
    7:20 error[input] the schema names a type that does not exist
         types are string, number, integer, boolean, object, array and null
    ");
}

#[test]
fn a_file_that_is_no_workflow_says_so_once() {
    assert_snapshot!(problems(
        r##"
- just
- a list
"##,
    ), @"2:1 error[wrong-type] expected a map, found a list");
}

#[test]
fn no_number_of_warnings_hides_an_error() {
    let cases = "      - { when: \"${{ true }}\", steps: [] }\n".repeat(60);
    let step =
        |n| format!("  - id: s{n}\n    switch:\n      - {{ otherwise: true, steps: [] }}\n{cases}");
    let many: String = (0..20).map(step).collect();
    let steps = format!("{many}  - {{ id: last, wait: soon }}\n");
    assert!(check_steps(&steps).contains("\"soon\" is not a duration"));
}

#[test]
fn a_workflow_is_bounded() {
    let many: String = (0..501).map(|n| format!("  - {{ id: s{n}, wait: 1d }}\n")).collect();
    assert_snapshot!(check_steps(&many), @"
    504:5 error[too-many-steps] a workflow has at most 500 steps
         do more with fewer: `for_each` repeats steps for each item
    ");

    let mut deep = "[{ id: last, wait: 1d }]".to_owned();
    for level in 0..17 {
        deep = format!("[{{ id: p{level}, parallel: {{ b: {deep} }} }}]");
    }
    let deep = format!("name: deep\ntriggers: [{{ manual: {{}} }}]\nsteps: {deep}\n");
    assert_snapshot!(problems(&deep), @"3:432 error[too-deep] blocks stand at most 16 deep in each other");
}

#[test]
fn a_byte_order_mark_moves_no_place() {
    let report = checked("\u{feff}stepz: []\nname: joiner\n").report;
    let place = report.problems.iter().find(|it| it.code == "unknown-key").unwrap().place;
    assert_eq!(&report.text[place.start..place.end], "stepz");
}
