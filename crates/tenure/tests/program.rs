//! The program as it is called: what it prints where, and how it ends.

#![expect(clippy::unwrap_used, reason = "helpers of tests break off like tests do")]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Output, Stdio};

use tempfile::TempDir;

const HELLO: &str = "\
name: hello
triggers:
  - manual: {}
input:
  type: object
  properties: { name: { type: string } }
steps:
  - id: greet
    set: { greeting: 'Hello, ${{ input.name | default(\"world\") }}!' }
output: { greeting: '${{ vars.greeting }}' }
";

const REFUSE: &str = "\
name: refuse
triggers:
  - manual: {}
steps:
  - { id: no, fail: not today }
";

/// A project in a directory of its own, away from settings of whoever runs the tests.
struct Project {
    root: TempDir,
}

impl Project {
    fn new(files: &[(&str, &str)]) -> Self {
        let root = tempfile::tempdir().unwrap();
        let project = Self { root };
        for (name, text) in files {
            project.write(name, text);
        }
        project
    }

    fn path(&self) -> &Path {
        self.root.path()
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn tenure(&self, arguments: &[&str]) -> Ended {
        self.tenure_with(&[], arguments)
    }

    fn tenure_with(&self, variables: &[(&str, &str)], arguments: &[&str]) -> Ended {
        Ended::from(self.command(variables, arguments).output().unwrap())
    }

    fn command(&self, variables: &[(&str, &str)], arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tenure"));
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("TENURE_") {
                command.env_remove(name);
            }
        }
        command.envs(variables.iter().copied()).current_dir(self.path()).args(arguments);
        command
    }

    /// A daemon that takes deliveries by now.
    fn daemon(&self) -> Daemon {
        let mut command = self.command(&[], &["serve", "--listen", "127.0.0.1:0"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let err = BufReader::new(child.stderr.take().unwrap());
        until(&mut out, "keeping runs in");
        Daemon { child, err }
    }
}

/// A daemon; ended at once if a test breaks off.
struct Daemon {
    child: Child,
    err: BufReader<ChildStderr>,
}

impl Daemon {
    fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args([name, &id]).status().unwrap().success());
    }

    fn logs(&mut self, text: &str) -> String {
        until(&mut self.err, text)
    }

    fn ends(mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // Nothing to end when it has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads lines up to one that holds this text; returns all of them.
fn until(lines: &mut impl BufRead, text: &str) -> String {
    let mut read = String::new();
    while !read.lines().last().is_some_and(|line| line.contains(text)) {
        let length = lines.read_line(&mut read).unwrap();
        assert_ne!(length, 0, "the daemon ended before it said {text:?}: {read}");
    }
    read
}

#[derive(Debug)]
struct Ended {
    code: Option<i32>,
    out: String,
    err: String,
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Ended {
    fn with(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self:?}");
        self
    }

    fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}", self.out))
    }
}

fn hello() -> Project {
    Project::new(&[("tenure.yaml", ""), ("workflows/hello.yaml", HELLO)])
}

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
fn a_daemon_without_a_token_stays_on_this_machine() {
    let project = hello();
    let outside = project.tenure(&["serve", "--listen", "0.0.0.0:0"]).with(2);
    assert!(outside.err.contains("without a token"), "{}", outside.err);
    let short = project.tenure_with(&[("TENURE_TOKEN", "short")], &["serve"]).with(2);
    assert!(!short.err.contains("short\""), "the token is printed: {}", short.err);
    project.write("workflows/hello.yaml", "name: hello\n");
    project.tenure(&["serve"]).with(2);
}

#[test]
fn commands_talk_to_the_daemon_that_holds_the_runs() {
    let project = hello();
    let daemon = project.daemon();
    let run = project.tenure(&["run", "hello", "name=Ann"]).with(0);
    assert!(run.out.contains("in the daemon at 127.0.0.1"), "{}", run.out);
    assert!(run.out.contains("Hello, Ann!"), "{}", run.out);
    let watched = project.tenure(&["runs", "watch", "last"]).with(0);
    assert!(watched.out.contains("greet"), "{}", watched.out);
    let list = project.tenure(&["runs", "list", "--format", "json"]).with(0).json();
    assert_eq!(list["items"][0]["status"], "succeeded");
    project.tenure(&["connectors", "list"]).with(0);
    project.tenure(&["connectors", "test", "absent"]).with(2);
    project.tenure(&["runs", "cancel", "last"]).with(1);
    let second = project.tenure(&["serve", "--listen", "127.0.0.1:0"]).with(1);
    assert!(second.err.contains("a daemon runs already"), "{}", second.err);
    daemon.signal("-TERM");
    assert_eq!(daemon.ends(), Some(0));
    assert!(!project.path().join(".tenure/daemon.json").exists());
    project.tenure(&["runs", "show", "last"]).with(0);
}

#[test]
fn a_file_that_broke_keeps_its_version_of_before() {
    let project = hello();
    let mut daemon = project.daemon();
    project.write("workflows/hello.yaml", &HELLO.replace("steps:", "step:"));
    project.write("workflows/bye.yaml", &HELLO.replace("hello", "bye").replace("Hello", "Bye"));
    daemon.signal("-HUP");
    let said = daemon.logs("project was read again");
    assert!(said.contains("file=\"workflows/hello.yaml\" line=7 column=1"), "{said}");
    assert!(said.contains("its version of before stays"), "{said}");
    project.tenure(&["run", "bye"]).with(0);
    project.tenure(&["run", "hello"]).with(2);
    project.write("workflows/hello.yaml", &HELLO.replace("Hello", "Good day"));
    daemon.signal("-HUP");
    daemon.logs("project was read again");
    assert!(project.tenure(&["run", "hello"]).with(0).out.contains("Good day, world!"));
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
