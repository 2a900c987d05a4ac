//! The program that is measured, as a process.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use futures::future::BoxFuture;
use reqwest::{Client, StatusCode};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

use crate::load::{Bounds, Round, repeat};
use crate::project::Project;
use crate::workload::event;

/// Longest wait for a daemon to start or to end.
const PATIENCE: Duration = Duration::from_secs(60);
/// Longest that one round of load may take.
const ROUND_MAX: Duration = Duration::from_secs(300);
/// What the system counts processor time in.
const TICK: Duration = Duration::from_millis(10);

/// Where the program is.
#[derive(Debug)]
pub(crate) struct Program(PathBuf);

impl Program {
    /// Takes the given program, or builds it from this checkout.
    pub(crate) async fn find(given: Option<PathBuf>) -> Result<Self> {
        if let Some(path) = given {
            let path = path.canonicalize();
            return Ok(Self(path.context("the program that is to be measured does not exist")?));
        }
        let own = std::env::current_exe()?;
        let path = own.with_file_name("tenure");
        let release = own.parent().is_some_and(|folder| folder.ends_with("release"));
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("no checkout")?;
        let mut build = Command::new("cargo");
        build.args(["build", "--quiet", "--package", "tenure-tenure"]).current_dir(root);
        if release {
            build.arg("--release");
        }
        ensure!(build.status().await?.success(), "the program cannot be built");
        ensure!(path.exists(), "the program was built elsewhere; name it with --program");
        Ok(Self(path))
    }
}

/// A daemon; killed if it is dropped before it was stopped.
#[derive(Debug)]
pub(crate) struct Daemon {
    child: Child,
    /// Kept open: a daemon that cannot print would fail.
    _printed: Lines<BufReader<ChildStdout>>,
    url: String,
    client: Client,
}

impl Daemon {
    /// Starts a daemon; it takes deliveries when this returns.
    pub(crate) async fn start(program: &Program, project: &Project) -> Result<Self> {
        let log = std::fs::File::create(project.root().join("log"))?;
        let mut child = Command::new(&program.0)
            .args(["serve", "--listen", "127.0.0.1:0"])
            .current_dir(project.root())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .context("the daemon cannot be started")?;
        let printed = child.stdout.take().context("the daemon prints where it listens")?;
        let mut printed = BufReader::new(printed).lines();
        let url = timeout(PATIENCE, address(&mut printed)).await;
        let Ok(Ok(url)) = url else {
            let log = std::fs::read_to_string(project.root().join("log")).unwrap_or_default();
            bail!("the daemon does not say where it listens\n{log}");
        };
        let client = client()?;
        Ok(Self { child, _printed: printed, url, client })
    }

    /// Starts a run and waits for its end.
    pub(crate) fn run(
        &self,
        workflow: &'static str,
    ) -> impl Fn(u64) -> BoxFuture<'static, Result<()>> + Clone + use<> {
        let client = self.client.clone();
        let url = format!("{}/api/v1/workflows/{workflow}/runs", self.url);
        move |number| {
            let request = client
                .post(&url)
                .header("content-type", "application/cloudevents+json")
                .header("prefer", "wait=60")
                .body(event(workflow, number).to_string());
            Box::pin(async move {
                let answer = request.send().await?;
                let status = answer.status();
                let text = answer.text().await?;
                ensure!(status == StatusCode::OK, "a run was answered {status}: {text}");
                let run: Value = serde_json::from_str(&text)?;
                ensure!(run["run"]["status"] == "succeeded", "a run did not succeed: {text}");
                Ok(())
            })
        }
    }

    /// Delivers one event.
    pub(crate) async fn deliver(&self, workflow: &str, number: u64) -> Result<()> {
        deliver(&self.client, &self.url, workflow, number).await
    }

    /// Delivers events from a number on, and waits until their runs have ended or wait.
    pub(crate) async fn fill(
        &self,
        workflow: &'static str,
        first: u64,
        count: u64,
    ) -> Result<Round> {
        let bounds = Bounds { callers: 64, time: ROUND_MAX, count };
        let (client, url) = (self.client.clone(), self.url.clone());
        let round = repeat(bounds, move |number| {
            let (client, url) = (client.clone(), url.clone());
            async move { deliver(&client, &url, workflow, first + number).await }
        });
        let round = round.await?;
        ensure!(round.operations as u64 == count, "the events took too long to deliver");
        let began = Instant::now();
        while self.any("queued").await? || self.any("running").await? {
            ensure!(began.elapsed() < ROUND_MAX, "the runs took too long");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(round)
    }

    /// Whether any run has this status.
    async fn any(&self, status: &str) -> Result<bool> {
        let url = format!("{}/api/v1/runs?status={status}&limit=1", self.url);
        let page: Value = self.client.get(url).send().await?.error_for_status()?.json().await?;
        let runs = page["items"].as_array().context("the daemon lists its runs")?;
        Ok(!runs.is_empty())
    }

    /// Bytes of memory that it holds now.
    pub(crate) fn memory(&self) -> Result<u64> {
        let id = self.child.id().context("the daemon has ended")?;
        let status = std::fs::read_to_string(format!("/proc/{id}/status"))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.trim().strip_suffix(" kB"));
        let kib: u64 = kib.context("the system says what a process holds")?.trim().parse()?;
        Ok(kib * 1024)
    }

    /// Processor time that it has used so far.
    pub(crate) fn worked(&self) -> Result<Duration> {
        let id = self.child.id().context("the daemon has ended")?;
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat"))?;
        // The name in parentheses may hold anything; the numbers behind it are counted.
        let numbers = stat.rsplit_once(')').map(|(_, numbers)| numbers.split_whitespace());
        let ticks = numbers.context("the system counts what a process does")?.skip(11).take(2);
        let ticks: u64 = ticks.map(|it| it.parse::<u64>().unwrap_or(0)).sum();
        Ok(TICK * u32::try_from(ticks)?)
    }

    /// Ends it as an operator would.
    pub(crate) async fn stop(mut self) -> Result<()> {
        let id = self.child.id().context("the daemon ended by itself")?;
        let told = Command::new("kill").arg("-TERM").arg(id.to_string()).status().await?;
        ensure!(told.success(), "the daemon cannot be told to end");
        let ended = timeout(PATIENCE, self.child.wait()).await;
        let status = ended.context("the daemon does not end")??;
        ensure!(status.success(), "the daemon ended with {status}");
        Ok(())
    }
}

/// A client as anybody would make one.
pub(crate) fn client() -> Result<Client> {
    let client = Client::builder().no_proxy().tcp_nodelay(true).timeout(ROUND_MAX).build();
    client.context("no client can be made")
}

async fn deliver(client: &Client, url: &str, workflow: &str, number: u64) -> Result<()> {
    let request = client
        .post(format!("{url}/api/v1/events"))
        .header("content-type", "application/cloudevents+json")
        .body(event(workflow, number).to_string());
    let answer = request.send().await?;
    let status = answer.status();
    ensure!(status == StatusCode::ACCEPTED, "an event was answered {status}");
    // Read to its end, so that the connection can be used again.
    answer.bytes().await?;
    Ok(())
}

async fn address(printed: &mut Lines<BufReader<ChildStdout>>) -> Result<String> {
    while let Some(line) = printed.next_line().await? {
        if let Some(url) = line.strip_prefix("listening on ") {
            return Ok(url.trim().to_owned());
        }
    }
    bail!("the daemon ended")
}
