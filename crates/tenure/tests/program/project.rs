//! A project of its own, the program run in it, and what it said.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Output, Stdio};

use tempfile::TempDir;

pub(crate) const HELLO: &str = "\
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

pub(crate) const REFUSE: &str = "\
name: refuse
triggers:
  - manual: {}
steps:
  - { id: no, fail: not today }
";

/// A project in a directory of its own, away from settings of whoever runs the tests.
pub(crate) struct Project {
    root: TempDir,
}

impl Project {
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let root = tempfile::tempdir().unwrap();
        let project = Self { root };
        for (name, text) in files {
            project.write(name, text);
        }
        project
    }

    pub(crate) fn path(&self) -> &Path {
        self.root.path()
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub(crate) fn tenure(&self, arguments: &[&str]) -> Ended {
        self.tenure_with(&[], arguments)
    }

    pub(crate) fn tenure_with(&self, variables: &[(&str, &str)], arguments: &[&str]) -> Ended {
        Ended::from(self.command(variables, arguments).output().unwrap())
    }

    pub(crate) fn command(&self, variables: &[(&str, &str)], arguments: &[&str]) -> Command {
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
    pub(crate) fn daemon(&self) -> Daemon {
        let mut command = self.command(&[], &["serve", "--listen", "127.0.0.1:0"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let err = BufReader::new(child.stderr.take().unwrap());
        until(&mut out, "keeping runs in");
        Daemon { child, err }
    }
}

/// A daemon; ended at once if a test breaks off.
pub(crate) struct Daemon {
    pub(crate) child: Child,
    pub(crate) err: BufReader<ChildStderr>,
}

impl Daemon {
    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args([name, &id]).status().unwrap().success());
    }

    pub(crate) fn logs(&mut self, text: &str) -> String {
        until(&mut self.err, text)
    }

    pub(crate) fn ends(mut self) -> Option<i32> {
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
pub(crate) fn until(lines: &mut impl BufRead, text: &str) -> String {
    let mut read = String::new();
    while !read.lines().last().is_some_and(|line| line.contains(text)) {
        let length = lines.read_line(&mut read).unwrap();
        assert_ne!(length, 0, "the daemon ended before it said {text:?}: {read}");
    }
    read
}

#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
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
    pub(crate) fn with(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self:?}");
        self
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}", self.out))
    }
}

pub(crate) fn hello() -> Project {
    Project::new(&[("tenure.yaml", ""), ("workflows/hello.yaml", HELLO)])
}
