//! Kills a writing process at random moments and looks at what it leaves.
//!
//! The test runs its own binary again as the process that writes. It prints the number of
//! each batch once the batch is acknowledged; the test kills it, opens the directory and
//! expects every acknowledged batch whole, and every other one whole or not at all.
#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it should be")]

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::Rng;
use proptest::test_runner::{RngAlgorithm, TestRng};
use tenure_store::{Batch, Scan, SledOptions, SledStore, Store};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

/// Set for the process that writes: where.
const DIRECTORY: &str = "TENURE_STORE_CRASH_TEST_DIRECTORY";

/// Set beside it: number of the first batch, and whether compactions go on as well.
const FIRST: &str = "TENURE_STORE_CRASH_TEST_FIRST";
const COMPACT: &str = "TENURE_STORE_CRASH_TEST_COMPACT";

const ROUNDS: u32 = 60;
const WRITERS: u32 = 8;
const LATEST_KILL: Duration = Duration::from_millis(120);

fn options() -> SledOptions {
    SledOptions { cache: 16 << 20, ..SledOptions::default() }
}

/// What batch `number` writes: keys of several sizes, all holding the number.
fn entries(number: u32) -> impl Iterator<Item = (String, Vec<u8>)> {
    (0..5u32).map(move |part| {
        // Some values lie in files of their own.
        let size = if part == 4 && number.is_multiple_of(7) { 6000 } else { 10 + 50 * part };
        let value = number.to_be_bytes().into_iter().cycle().take(size as usize);
        (format!("{part}/{number:08}"), value.collect())
    })
}

/// Batches also take turns on one key, and every tenth removes what an earlier one wrote.
fn batch(number: u32) -> Batch {
    let batch = Batch::new().put("last", number.to_be_bytes().to_vec());
    let batch = entries(number).fold(batch, |batch, (key, value)| batch.put(key, value));
    match removed_by(number) {
        Some(victim) => {
            let victims = entries(victim).map(|(key, _)| key);
            victims.fold(batch, Batch::delete)
        }
        None => batch,
    }
}

/// The batch that another one removes; of the same writer, and acknowledged by then.
fn removed_by(number: u32) -> Option<u32> {
    (number.is_multiple_of(10)).then(|| number.checked_sub(WRITERS)).flatten()
}

/// The process that writes until it is killed.
#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn write_until_killed(dir: &Path, first: u32, compact: bool) {
    let store = Arc::new(SledStore::open(dir, options()).unwrap());
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let store = Arc::clone(&store);
        writers.spawn(async move {
            let mut number = first + writer;
            loop {
                store.commit(batch(number)).await.unwrap();
                // One write call a line, so that a line is whole or not there.
                let line = format!("\nacknowledged {number}\n");
                std::io::stdout().write_all(line.as_bytes()).unwrap();
                number += WRITERS;
            }
        });
    }
    if compact {
        loop {
            store.compact().await.unwrap();
        }
    }
    writers.join_all().await;
}

fn spawn(dir: &Path, first: u32, compact: bool) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "a_killed_writer", "--nocapture"]);
    command.env(DIRECTORY, dir).env(FIRST, first.to_string());
    if compact {
        command.env(COMPACT, "1");
    }
    command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap()
}

/// Reads what a process acknowledges until it is gone; says when it begins.
fn acknowledged(output: ChildStdout, begun: oneshot::Sender<()>) -> BTreeSet<u32> {
    let mut begun = Some(begun);
    let lines = BufReader::new(output).lines().map(Result::unwrap);
    let mut numbers = BTreeSet::new();
    for number in lines.filter_map(|line| line.strip_prefix("acknowledged ")?.parse().ok()) {
        numbers.insert(number);
        if let Some(begun) = begun.take() {
            begun.send(()).unwrap_or_default();
        }
    }
    numbers
}

/// The writing half of the tests below; alone it does nothing.
#[test]
fn a_killed_writer() {
    let Some(dir) = std::env::var_os(DIRECTORY) else { return };
    let first = std::env::var(FIRST).unwrap().parse().unwrap();
    write_until_killed(Path::new(&dir), first, std::env::var_os(COMPACT).is_some());
}

/// Looks at every batch up to `end`; returns how many acknowledged ones were found.
async fn inspect(dir: &Path, acknowledged: &BTreeSet<u32>, end: u32) -> usize {
    let store = SledStore::open(dir, options()).unwrap();
    let mut found = std::collections::BTreeMap::new();
    for (key, value) in store.scan(Scan::prefix("")).await.unwrap() {
        found.insert(String::from_utf8(key.to_vec()).unwrap(), value);
    }
    let whole = |number| {
        let present = entries(number).filter(|(key, _)| found.contains_key(key)).count();
        assert!(present == 0 || present == 5, "batch {number} is torn");
        if present == 5 {
            for (key, value) in entries(number) {
                assert!(found[&key] == value, "batch {number}: value of {key} differs");
            }
        }
        present == 5
    };
    let mut seen = 0;
    for number in 0..end {
        let remover = number + WRITERS;
        let removed = removed_by(remover) == Some(number);
        let there = whole(number);
        if removed && acknowledged.contains(&remover) {
            assert!(!there, "batch {number} is there, though {remover} removed it");
        } else if acknowledged.contains(&number) && !removed {
            assert!(there, "batch {number} was acknowledged and is lost");
        }
        seen += usize::from(there);
    }
    assert_eq!(found.len(), 5 * seen + usize::from(seen > 0), "nothing else is there");
    store.close().await;
    seen
}

async fn check(compact: bool) {
    let dir = tempfile::tempdir().unwrap();
    let mut random = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let (mut all, mut first, mut seen) = (BTreeSet::new(), 0, 0);
    for round in 0..ROUNDS {
        let mut child = spawn(dir.path(), first, compact);
        let output = child.stdout.take().unwrap();
        let (begun, begins) = oneshot::channel();
        let reader = std::thread::spawn(move || acknowledged(output, begun));
        // Every fourth process is killed while it opens the store, or soon after.
        if round % 4 != 0 {
            begins.await.unwrap();
        }
        let pause = LATEST_KILL * (random.next_u32() % 1000) / 1000;
        tokio::time::sleep(pause).await;
        // SIGKILL, to this very process.
        child.kill().unwrap();
        child.wait().unwrap();
        all.extend(reader.join().unwrap());
        // What was under way may be there as well; numbers are not used again.
        let end = all.last().map_or(first, |last| first.max(last + 1)) + 3 * WRITERS;
        seen = inspect(dir.path(), &all, end).await;
        first = end.next_multiple_of(WRITERS);
    }
    assert!(all.len() > 300, "only {} batches were acknowledged", all.len());
    assert!(seen > 150, "only {seen} batches are there");
}

#[tokio::test]
async fn a_kill_loses_nothing_that_was_acknowledged() {
    check(false).await;
}

#[tokio::test]
async fn a_kill_during_compaction_loses_nothing() {
    check(true).await;
}
