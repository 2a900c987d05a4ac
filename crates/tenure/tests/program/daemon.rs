//! What runs until it is told to end.

use std::io::BufReader;
use std::process::Stdio;

use crate::project::{Daemon, HELLO, Project, hello, until};

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
fn a_workflow_that_the_daemon_has_not_read_is_said_so() {
    let project = hello();
    let mut daemon = project.daemon();
    project.write("workflows/bye.yaml", &HELLO.replace("hello", "bye"));
    let unread = project.tenure(&["run", "workflows/bye.yaml"]).with(2);
    assert!(unread.err.contains("has not read workflow \"bye\" yet"), "{}", unread.err);
    assert!(unread.err.contains(&format!("kill -HUP {}", daemon.child.id())), "{}", unread.err);
    project.write("workflows/hello.yaml", &HELLO.replace("Hello", "Good day"));
    let other = project.tenure(&["run", "hello"]).with(0);
    assert!(other.err.contains("another version of \"hello\""), "{}", other.err);
    daemon.signal("-HUP");
    daemon.logs("project was read again");
    assert_eq!(project.tenure(&["run", "workflows/bye.yaml"]).with(0).err, "");
}

#[test]
fn the_playground_ends_with_its_terminal() {
    let project = Project::new(&[]);
    let mut command = project.command(&[], &["playground"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let err = BufReader::new(child.stderr.take().unwrap());
    let said = until(&mut BufReader::new(child.stdout.take().unwrap()), "Ctrl-C");
    assert!(said.contains("curl http://127.0.0.1:"), "{said}");
    let playground = Daemon { child, err };
    playground.signal("-HUP");
    assert_eq!(playground.ends(), Some(0));
}
