//! Commands that end by themselves.

use crate::project::{HELLO, Project, REFUSE, hello};

#[test]
fn check_ends_with_two_when_something_is_wrong() {
    let project = hello();
    let sound = project.tenure(&["check"]).with(0);
    assert_eq!(sound.out, "checked 1 workflow, 0 connectors: no problems\n");
    project.write("workflows/hello.yaml", &HELLO.replace("steps:", "step:"));
    let wrong = project.tenure(&["check"]).with(2);
    assert!(wrong.out.contains("workflows/hello.yaml:7:1"), "{}", wrong.out);
    let json = project.tenure(&["check", "--format", "json"]).with(2).json();
    assert_eq!(json["ok"], false);
    assert_eq!(json["files"][0]["file"], "workflows/hello.yaml");
    project.tenure(&["check", "absent"]).with(2);
    project.write("draft.yaml", "name: draft\nstep: []\n");
    let draft = project.tenure(&["check", "draft.yaml"]).with(2);
    assert!(draft.out.contains("draft.yaml:2:1"), "{}", draft.out);
    assert!(!draft.out.contains("hello.yaml"), "{}", draft.out);
    let empty = Project::new(&[]).tenure(&["check"]).with(2);
    assert!(empty.err.contains("holds nothing to check"), "{}", empty.err);
}

#[test]
fn run_ends_as_the_run_does() {
    let project = hello();
    project.write("workflows/refuse.yaml", REFUSE);
    let succeeded = project.tenure(&["run", "hello", "name=Ann"]).with(0);
    assert!(succeeded.out.contains("✓ succeeded"), "{}", succeeded.out);
    assert!(succeeded.out.contains("Hello, Ann!"), "{}", succeeded.out);
    assert!(!succeeded.out.contains('\x1b'), "colours without a terminal: {}", succeeded.out);
    let json = project.tenure(&["run", "hello", "--format", "json"]).with(0).json();
    assert_eq!(json["output"]["greeting"], "Hello, world!");
    let failed = project.tenure(&["run", "refuse"]).with(1);
    assert!(failed.out.contains("not today"), "{}", failed.out);
}

#[test]
fn run_ends_with_two_when_nothing_was_begun() {
    let project = hello();
    let unknown = project.tenure(&["run", "helo"]).with(2);
    assert_eq!(
        unknown.err,
        "error: workflow \"helo\" does not exist\nhint: did you mean \"hello\"?\n"
    );
    project.tenure(&["run", "hello", "name"]).with(2);
    let input = project.tenure(&["run", "hello", "name:=5"]).with(2);
    assert!(input.err.contains("input.name"), "{}", input.err);
    project.tenure(&["run", "hello", "--listen", "nowhere"]).with(2);
    project.tenure(&["runn"]).with(2);
    project.tenure(&["--help"]).with(0);
}

#[test]
fn a_file_may_be_run_and_its_run_looked_at() {
    let project = hello();
    project.tenure(&["run", "workflows/hello.yaml", "--data", "runs"]).with(0);
    let list =
        project.tenure(&["runs", "list", "--data", "runs", "--format", "json"]).with(0).json();
    assert_eq!(list["items"][0]["workflow"], "hello");
    let shown = project.tenure(&["runs", "show", "last", "--data", "runs"]).with(0);
    assert!(shown.out.contains("greet  ✓ succeeded"), "{}", shown.out);
    project.tenure(&["runs", "watch", "last", "--data", "runs"]).with(0);
    let nobody = project.tenure(&["runs", "cancel", "last", "--data", "runs"]).with(1);
    assert!(nobody.err.contains("no daemon holds"), "{}", nobody.err);
    project.tenure(&["runs", "show", "nonsense", "--data", "runs"]).with(2);
    project.tenure(&["runs", "list"]).with(1);
}

#[test]
fn config_says_where_each_value_was_written() {
    let project =
        Project::new(&[("tenure.yaml", "listen: 127.0.0.1:1000\nlog: { level: warn }\n")]);
    let variables = [("TENURE_LISTEN", "127.0.0.1:2000"), ("TENURE_TOKEN", "a token nobody sees")];
    let config = project.tenure_with(&variables, &["config", "--data", "runs", "--format", "json"]);
    let config = config.with(0);
    assert!(!config.out.contains("nobody sees"), "{}", config.out);
    let settings = &config.json()["settings"];
    let origin = |name: &str| settings[name]["origin"].as_str().unwrap().to_owned();
    assert_eq!(settings["listen"]["value"], "127.0.0.1:2000");
    assert_eq!(origin("listen"), "TENURE_LISTEN");
    assert_eq!(origin("data"), "--data");
    assert_eq!(origin("log.level"), "tenure.yaml:2");
    assert_eq!(origin("log.format"), "default");
    assert_eq!(origin("token"), "TENURE_TOKEN");
    project.write("tenure.yaml", "listen: nowhere\n");
    project.tenure(&["config"]).with(2);
}

#[test]
fn a_project_that_was_made_runs() {
    let project = Project::new(&[]);
    project.tenure(&["init", "people"]).with(0);
    project.tenure(&["init", "people"]).with(2);
    project.tenure(&["-C", "people", "check"]).with(0);
    project.tenure(&["-C", "people", "run", "hello", "name=Ann"]).with(0);
    let event = ["--event", "people/events/ann-joins.json", "--format", "json"];
    let arguments = [&["-C", "people", "run", "joiner"], &event[..]].concat();
    let joined = project.tenure(&arguments).with(0).json();
    assert_eq!(joined["run"]["subject"], "ann@example.com");
}

#[test]
fn completions_name_every_command() {
    let project = Project::new(&[]);
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = project.tenure(&["completions", shell]).with(0).out;
        for command in ["check", "serve", "connectors", "demo"] {
            assert!(script.contains(command), "{shell} does not know {command}");
        }
    }
}

#[test]
fn config_names_secrets_and_never_shows_them() {
    let token = "auth: { bearer: { token: \"${{ secrets.chat_token }}\" } }";
    let chat = format!("name: chat\nbase_url: https://chat.example.com\n{token}\n");
    let project = Project::new(&[("tenure.yaml", ""), ("connectors/chat.yaml", &chat)]);
    let variables = [("TENURE_SECRET_CHAT_TOKEN", "s3cret")];
    let config = project.tenure_with(&variables, &["config"]).with(0);
    assert!(config.out.contains("TENURE_SECRET_CHAT_TOKEN"), "{}", config.out);
    assert!(!config.out.contains("s3cret"), "{}", config.out);
    assert!(!project.tenure(&["config"]).with(0).out.contains("chat_token"));
}

#[test]
fn a_run_is_found_by_a_part_of_its_id() {
    let project = hello();
    let ids = [(); 2].map(|()| {
        let run = project.tenure(&["run", "hello", "--format", "json"]).with(0).json();
        run["run"]["id"].as_str().unwrap().to_owned()
    });
    let shown = |part: &str| project.tenure(&["runs", "show", part, "--format", "json"]);
    let (_, end) = ids[0].split_at(20);
    assert_eq!(shown(end).with(0).json()["run"]["id"], ids[0]);
    assert_eq!(shown(&ids[1][..31].to_uppercase()).with(0).json()["run"]["id"], ids[1]);
    let both = project.tenure(&["runs", "show", &ids[0][..4]]).with(2);
    assert!(both.err.contains("may be any of 2"), "{}", both.err);
    shown("ffffffff").with(2);
    let listed = project.tenure(&["runs", "list", "--since", "2020-01-01", "--format", "json"]);
    assert_eq!(listed.with(0).json()["items"].as_array().unwrap().len(), 2);
}
