//! The real program, started as a person would start it.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::api::Api;

/// Longest a process may take for what it is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

static PROGRAM: OnceLock<PathBuf> = OnceLock::new();

/// Where the program is; built when it is first asked for.
///
/// cargo tells a test only about programs of its own package. Naming a test beside the
/// program gives every dependency the features it has in this build: nothing is built twice.
pub(crate) fn program() -> &'static Path {
    PROGRAM.get_or_init(|| {
        let test = std::env::current_exe().unwrap();
        let built = test.ancestors().nth(2).unwrap();
        let name = built.file_name().and_then(OsStr::to_str).unwrap();
        let profile = if name == "debug" { "dev" } else { name };
        let output = std::process::Command::new(env!("CARGO"))
            .args(["build", "--locked", "--quiet", "--workspace", "--profile", profile])
            .args(["--bin", "tenure", "--test", "architecture", "--target-dir"])
            .arg(built.parent().unwrap())
            .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "the program cannot be built: {said}");
        built.join(format!("tenure{}", std::env::consts::EXE_SUFFIX))
    })
}

/// The program in this directory, away from the settings of whoever runs the tests.
pub(crate) fn command<I, S>(directory: &Path, arguments: I) -> Command
where
    I: IntoIterator<Item = S>,
    S: AsRef<OsStr>,
{
    let mut command = Command::new(program());
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        if ["TENURE_", "OTEL_", "RUST_"].iter().any(|prefix| name.starts_with(prefix)) {
            command.env_remove(name);
        }
    }
    command.args(arguments).current_dir(directory).kill_on_drop(true);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs the program to its end.
pub(crate) async fn tenure(directory: &Path, arguments: &[&str]) -> Ended {
    ended(command(directory, arguments)).await
}

/// Runs a command to its end.
pub(crate) async fn ended(mut command: Command) -> Ended {
    let output = tokio::time::timeout(PATIENCE, command.output()).await;
    let output = output.expect("the program ends in time").unwrap();
    Ended {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// What a command printed, and how it ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ended {
    /// The same, if it ended with this code.
    pub(crate) fn with(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{}{}", self.out, self.err);
        self
    }

    /// The same, if it printed this.
    pub(crate) fn saying(self, text: &str) -> Self {
        let said = format!("{}{}", self.out, self.err);
        assert!(said.contains(text), "{text:?} is not in:\n{said}");
        self
    }

    /// The document that it printed.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}", self.out))
    }
}

/// `tenure serve`, or any other program that stays.
#[derive(Debug)]
pub(crate) struct Daemon {
    child: Child,
    said: Arc<Mutex<String>>,
    lines: watch::Receiver<usize>,
    readers: Vec<JoinHandle<()>>,
}

impl Daemon {
    /// `tenure serve` on a free port; it may not listen yet.
    pub(crate) fn spawn(directory: &Path) -> Self {
        Self::of(command(directory, ["serve", "--listen", "127.0.0.1:0"]))
    }

    /// A daemon that takes requests.
    pub(crate) async fn start(directory: &Path) -> (Self, Api) {
        let daemon = Self::spawn(directory);
        let api = daemon.api().await;
        (daemon, api)
    }

    /// Starts a command that stays, and reads along.
    pub(crate) fn of(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let said = Arc::new(Mutex::new(String::new()));
        let (count, lines) = watch::channel(0);
        let count = Arc::new(count);
        let out = child.stdout.take().map(|out| follow(out, Arc::clone(&said), Arc::clone(&count)));
        let err = child.stderr.take().map(|err| follow(err, Arc::clone(&said), count));
        Self { child, said, lines, readers: out.into_iter().chain(err).collect() }
    }

    /// Everything it printed so far.
    pub(crate) fn said(&self) -> String {
        self.said.lock().unwrap().clone()
    }

    /// Waits until it has printed this, and returns the whole line.
    pub(crate) async fn says(&self, text: &str) -> String {
        let mut lines = self.lines.clone();
        let found = async {
            loop {
                lines.borrow_and_update();
                if let Some(line) = self.said().lines().find(|line| line.contains(text)) {
                    return Some(line.to_owned());
                }
                // Ends once both streams have: nothing more will be said.
                lines.changed().await.ok()?;
            }
        };
        let found = tokio::time::timeout(PATIENCE, found).await.ok().flatten();
        found.unwrap_or_else(|| panic!("{text:?} was not said:\n{}", self.said()))
    }

    /// Its API, once it listens.
    pub(crate) async fn api(&self) -> Api {
        let line = self.says("listening on ").await;
        Api::new(line.rsplit(' ').next().unwrap())
    }

    /// Sends it a signal by name.
    pub(crate) async fn signal(&self, name: &str) {
        let process = self.child.id().expect("it runs").to_string();
        let sent = Command::new("kill").args(["-s", name, &process]).status().await.unwrap();
        assert!(sent.success());
    }

    /// Kills it: SIGKILL, so it can do nothing about it.
    pub(crate) async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }

    /// Asks it to end, and waits for that.
    pub(crate) async fn terminate(self) -> Ended {
        self.signal("TERM").await;
        self.wait().await
    }

    /// Waits for its end.
    pub(crate) async fn wait(mut self) -> Ended {
        let status = tokio::time::timeout(PATIENCE, self.child.wait()).await;
        let status = status.unwrap_or_else(|_| panic!("does not end:\n{}", self.said())).unwrap();
        for reader in self.readers.drain(..) {
            reader.await.unwrap();
        }
        Ended { code: status.code(), out: self.said(), err: String::new() }
    }
}

fn follow(
    stream: impl AsyncRead + Unpin + Send + 'static,
    said: Arc<Mutex<String>>,
    count: Arc<watch::Sender<usize>>,
) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut lines = BufReader::new(stream).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            let mut said = said.lock().unwrap();
            said.push_str(&line);
            said.push('\n');
            count.send_modify(|count| *count += 1);
        }
    })
}
