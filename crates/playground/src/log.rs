//! Every request that arrived whole, and whether it changed anything.
//!
//! This is the evidence: what a workflow claims to have done is compared with it.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::options::Service;

/// One request as a service saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Counts up over all services, from 1, over restarts too when a file is kept.
    pub number: u64,
    /// When it was answered.
    pub at: Timestamp,
    /// Who answered.
    pub service: Service,
    /// The method.
    pub method: String,
    /// Path and query, without any key.
    pub path: String,
    /// The `Idempotency-Key` it carried.
    pub idempotency_key: Option<String>,
    /// The `traceparent` it carried.
    pub traceparent: Option<String>,
    /// Start of the SHA-256 of its body, in hex: equal bodies are equal here.
    pub body_digest: String,
    /// The status decided on, also when the answer was lost.
    pub status: u16,
    /// Whether anything changed.
    pub effect: bool,
    /// Whether a first answer was given again.
    pub replayed: bool,
    /// Whether the connection was cut instead of answering.
    pub lost: bool,
}

impl Entry {
    /// The entry as the log file and `GET /_playground/log` hold it.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "number": self.number,
            "at": self.at.to_string(),
            "service": self.service.name(),
            "method": self.method,
            "path": self.path,
            "idempotency_key": self.idempotency_key,
            "traceparent": self.traceparent,
            "body_digest": self.body_digest,
            "status": self.status,
            "effect": self.effect,
            "replayed": self.replayed,
            "lost": self.lost,
        })
    }

    /// Reads what [`Entry::to_json`] wrote.
    #[must_use]
    pub fn from_json(value: &Value) -> Option<Self> {
        let text = |name: &str| value[name].as_str().map(str::to_owned);
        Some(Self {
            number: value["number"].as_u64()?,
            at: value["at"].as_str()?.parse().ok()?,
            service: Service::named(value["service"].as_str()?)?,
            method: text("method")?,
            path: text("path")?,
            idempotency_key: text("idempotency_key"),
            traceparent: text("traceparent"),
            body_digest: text("body_digest")?,
            status: u16::try_from(value["status"].as_u64()?).ok()?,
            effect: value["effect"].as_bool()?,
            replayed: value["replayed"].as_bool()?,
            lost: value["lost"].as_bool()?,
        })
    }
}

/// The latest entries, and a file with all of them when asked for.
#[derive(Debug)]
pub struct Log {
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    entries: VecDeque<Entry>,
    capacity: usize,
    numbered: u64,
    file: Option<File>,
}

impl Log {
    /// Opens a log; a file that exists is read back and continued.
    pub(crate) fn open(file: Option<&Path>, capacity: usize) -> io::Result<Self> {
        let mut inner = Inner { entries: VecDeque::new(), capacity, numbered: 0, file: None };
        if let Some(path) = file {
            inner.read_back(path)?;
            inner.file = Some(continued(path)?);
        }
        Ok(Self { inner: Mutex::new(inner) })
    }

    /// Numbers an entry and keeps it.
    pub(crate) fn add(&self, mut entry: Entry) {
        let mut inner = self.lock();
        inner.numbered += 1;
        entry.number = inner.numbered;
        if let Some(file) = &mut inner.file {
            // One write a line: a killed process leaves whole lines, the last one perhaps not.
            let line = format!("{}\n", entry.to_json());
            if let Err(error) = file.write_all(line.as_bytes()) {
                tracing::warn!(%error, "a log entry was not written");
            }
        }
        inner.keep(entry);
    }

    /// All entries still kept, oldest first.
    #[must_use]
    pub fn entries(&self) -> Vec<Entry> {
        self.lock().entries.iter().cloned().collect()
    }

    /// Entries after that number, oldest first.
    #[must_use]
    pub fn since(&self, number: u64) -> Vec<Entry> {
        self.lock().entries.iter().filter(|entry| entry.number > number).cloned().collect()
    }

    /// The number of the latest entry; 0 when there is none.
    #[must_use]
    pub fn last_number(&self) -> u64 {
        self.lock().numbered
    }

    /// Forgets what is in memory; the file stays.
    pub fn clear(&self) {
        self.lock().entries.clear();
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn keep(&mut self, entry: Entry) {
        if self.entries.len() >= self.capacity {
            self.entries.pop_front();
        }
        if self.capacity > 0 {
            self.entries.push_back(entry);
        }
    }

    fn read_back(&mut self, path: &Path) -> io::Result<()> {
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        for line in BufReader::new(file).split(b'\n') {
            // A torn line is what a killed process leaves: its request was never answered.
            let value: Option<Value> = serde_json::from_slice(&line?).ok();
            if let Some(entry) = value.as_ref().and_then(Entry::from_json) {
                self.numbered = self.numbered.max(entry.number);
                self.keep(entry);
            }
        }
        Ok(())
    }
}

/// Opens a file for appending, on a line of its own.
fn continued(path: &Path) -> io::Result<File> {
    let torn =
        std::fs::read(path).is_ok_and(|bytes| bytes.last().is_some_and(|&last| last != b'\n'));
    let mut file = OpenOptions::new().create(true).append(true).open(path)?;
    if torn {
        file.write_all(b"\n")?;
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(path: &str) -> Entry {
        Entry {
            number: 0,
            at: "2026-11-23T18:40:29Z".parse().unwrap(),
            service: Service::Chat,
            method: "POST".to_owned(),
            path: path.to_owned(),
            idempotency_key: Some("k".to_owned()),
            traceparent: None,
            body_digest: "e3b0".to_owned(),
            status: 200,
            effect: true,
            replayed: false,
            lost: false,
        }
    }

    fn paths(log: &Log) -> Vec<String> {
        log.entries().into_iter().map(|entry| entry.path).collect()
    }

    #[test]
    fn only_the_latest_are_kept() {
        let log = Log::open(None, 2).unwrap();
        for path in ["/a", "/b", "/c"] {
            log.add(entry(path));
        }
        assert_eq!(paths(&log), ["/b", "/c"]);
        assert_eq!(log.last_number(), 3);
        assert_eq!(log.since(2).len(), 1);
        log.clear();
        assert_eq!(log.entries(), []);
    }

    #[test]
    fn a_file_outlives_a_restart_and_a_torn_line() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("log.jsonl");
        let log = Log::open(Some(&file), 10).unwrap();
        log.add(entry("/a"));
        log.add(entry("/b"));
        drop(log);
        OpenOptions::new().append(true).open(&file).unwrap().write_all(b"{\"number\":3,").unwrap();

        let log = Log::open(Some(&file), 10).unwrap();
        assert_eq!(paths(&log), ["/a", "/b"]);
        log.add(entry("/c"));
        drop(log);

        let log = Log::open(Some(&file), 10).unwrap();
        assert_eq!(paths(&log), ["/a", "/b", "/c"]);
        assert_eq!(log.last_number(), 3);
    }

    #[test]
    fn an_entry_is_read_as_written() {
        let mut written = entry("/a?b=c");
        written.number = 7;
        assert_eq!(Entry::from_json(&written.to_json()), Some(written));
        assert_eq!(Entry::from_json(&json!({})), None);
    }
}
