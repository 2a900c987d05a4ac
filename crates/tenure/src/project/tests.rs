//! Projects with mistakes, and projects that change.

use std::path::Path;

use super::*;

const HELLO: &str =
    "name: hello\ntriggers:\n  - manual: {}\nsteps:\n  - id: greet\n    set: { text: hello }\n";
const CHAT: &str = "name: chat\nbase_url: https://chat.example.com\n";

fn write(root: &Path, name: &str, text: &str) {
    let path = root.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

fn load(root: &Path) -> Project {
    Project::load(root, &SettingFlags::default()).unwrap()
}

fn found(project: &Project) -> Vec<(&str, &'static str)> {
    let reports = project.reports.iter();
    reports
        .flat_map(|report| report.problems.iter().map(|it| (report.file.as_str(), it.code)))
        .collect()
}

#[test]
fn problems_of_all_files_come_at_once() {
    let root = tempfile::tempdir().unwrap();
    write(root.path(), "tenure.yaml", "listen: nowhere\n");
    write(root.path(), "connectors/chat.yaml", "name: chat\nbase_url: https://u:p@example.com\n");
    write(root.path(), "workflows/a.yaml", HELLO);
    write(root.path(), "workflows/b.yaml", "name: b\nsteps: [{ id: x }]\n");
    let project = load(root.path());
    let files: Vec<_> = project.reports.iter().map(|report| report.file.as_str()).collect();
    assert_eq!(files, ["tenure.yaml", "connectors/chat.yaml", "workflows/b.yaml"]);
    assert!(project.has_errors());
    assert_eq!(project.workflows().len(), 1);
}

#[test]
fn a_broken_connector_is_not_an_unknown_one() {
    let root = tempfile::tempdir().unwrap();
    let call = "steps: [{ id: x, call: chat, action: post }]\n";
    write(root.path(), "connectors/chat.yaml", "name: chat\nbase_url: nowhere\n");
    write(
        root.path(),
        "workflows/a.yaml",
        &format!("name: a\ntriggers: [{{ manual: {{}} }}]\n{call}"),
    );
    assert_eq!(found(&load(root.path())), [("connectors/chat.yaml", "base-url")]);
}

#[test]
fn a_name_belongs_to_one_file() {
    let root = tempfile::tempdir().unwrap();
    write(root.path(), "workflows/a.yaml", HELLO);
    write(root.path(), "workflows/b.yaml", HELLO);
    let project = load(root.path());
    assert_eq!(found(&project), [("workflows/b.yaml", "duplicate-name")]);
    assert_eq!(project.reports[0].problems[0].place.line, 1);
    assert_eq!(project.workflows().len(), 1);
}

#[test]
fn a_file_that_broke_keeps_its_version_of_before() {
    let root = tempfile::tempdir().unwrap();
    write(root.path(), "tenure.yaml", "listen: 127.0.0.1:1000\n");
    write(root.path(), "connectors/chat.yaml", CHAT);
    write(root.path(), "workflows/hello.yaml", HELLO);
    write(root.path(), "workflows/gone.yaml", &HELLO.replace("hello", "gone"));
    let before = load(root.path());
    assert!(!before.has_errors(), "{:?}", before.reports);
    assert_eq!(before.connectors.len(), 1);

    write(root.path(), "tenure.yaml", "listen: [\n");
    write(root.path(), "connectors/chat.yaml", "name: chat\nbase_url: nowhere\n");
    write(root.path(), "workflows/hello.yaml", "name: hello\nsteps: []\nstep: []\n");
    write(root.path(), "workflows/new.yaml", &HELLO.replace("hello", "new"));
    std::fs::remove_file(root.path().join("workflows/gone.yaml")).unwrap();
    let after = before.reload(&SettingFlags::default()).unwrap();
    assert!(after.has_errors());
    assert_eq!(after.config.listen.value.port(), 1000);
    let names: Vec<_> = after.workflows().iter().map(|plan| plan.name.clone()).collect();
    assert_eq!(names, ["hello", "new"]);
    let connectors = &after.connectors;
    assert_eq!(connectors["connectors/chat.yaml"].base_url.as_str(), "https://chat.example.com/");
}

#[test]
fn a_connector_that_broke_keeps_its_secrets_too() {
    let root = tempfile::tempdir().unwrap();
    let secrets = "secrets: { kept_for_test: { file: token } }\n";
    let chat =
        format!("{CHAT}auth: {{ bearer: {{ token: \"${{{{ secrets.kept_for_test }}}}\" }} }}\n");
    write(root.path(), "tenure.yaml", secrets);
    write(root.path(), "token", "s3cret");
    write(root.path(), "connectors/chat.yaml", &chat);
    let before = load(root.path());
    assert!(!before.has_errors(), "{:?}", before.reports);
    std::fs::remove_file(root.path().join("token")).unwrap();
    let after = before.reload(&SettingFlags::default()).unwrap();
    assert!(after.has_errors());
    assert_eq!(after.connectors.len(), 1);
}
