//! What is refused, and what is said about it.

use crate::project::{Project, hello};

#[test]
fn a_workflow_that_does_not_exist_is_said_first() {
    let project = hello();
    project.write("workflows/odd.yaml", "name: odd\nstep: []\n");
    let misspelt = project.tenure(&["run", "helo"]).with(2);
    assert_eq!(
        misspelt.err,
        "error: workflow \"helo\" does not exist\nhint: did you mean \"hello\"?\n\
         hint: `tenure check` finds problems in workflows/odd.yaml\n"
    );
    let broken = project.tenure(&["run", "odd"]).with(2);
    assert!(broken.err.contains("workflows/odd.yaml:2:1"), "{}", broken.err);
    let json = project.tenure(&["run", "odd", "--format", "json"]).with(2);
    let error: serde_json::Value = serde_json::from_str(&json.err).unwrap();
    assert_eq!(error["error"], "1 file cannot be used");
    assert_eq!(error["files"][0]["file"], "workflows/odd.yaml");
}

#[test]
fn a_directory_without_a_project_says_where_one_is() {
    let empty = Project::new(&[]);
    let served = empty.tenure(&["serve", "--listen", "127.0.0.1:0"]).with(2);
    assert!(served.err.contains("holds nothing to serve"), "{}", served.err);
    assert!(served.err.contains("tenure init"), "{}", served.err);
    assert!(!empty.path().join(".tenure").exists());
    let above = Project::new(&[("workflows/tenure.yaml", "")]);
    let checked = above.tenure(&["check"]).with(2);
    assert!(checked.err.contains("there is a project in workflows/"), "{}", checked.err);
}

#[test]
fn the_demo_leaves_what_is_not_its_own() {
    let project = hello();
    let refused = project.tenure(&["demo", "--once", "--dir", "."]).with(2);
    assert!(refused.err.contains("tenure.yaml is there already"), "{}", refused.err);
    assert_eq!(std::fs::read_to_string(project.path().join("tenure.yaml")).unwrap(), "");
    assert!(!project.path().join("secrets").exists());
    project.tenure(&["demo", "--once", "--dir", "shown"]).with(0);
    project.write("shown/events/mover.json", "{}");
    let again = project.tenure(&["demo", "--once", "--dir", "shown"]).with(0);
    assert!(again.out.contains("shown, as it was left"), "{}", again.out);
    let mover = project.path().join("shown/events/mover.json");
    assert_eq!(std::fs::read_to_string(mover).unwrap(), "{}");
}
