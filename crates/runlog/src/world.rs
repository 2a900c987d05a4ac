//! A log on a store in memory, and short ways to fill it.

use std::ops::Deref;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tenure_event::{Event, EventId};
use tenure_run::{Fact, RunId, RunStatus, Summary, What};
use tenure_store::{MemoryStore, Scan, Store};

use crate::{Acceptance, Accepted, DedupKey, NewEvent, NewRun, RunLog};

pub(crate) struct World {
    pub(crate) log: RunLog,
    pub(crate) store: Arc<dyn Store>,
}

impl Deref for World {
    type Target = RunLog;

    fn deref(&self) -> &RunLog {
        &self.log
    }
}

/// An instant this many seconds after the first one of a test.
pub(crate) fn at(seconds: i64) -> Timestamp {
    let start: Timestamp = "2026-11-23T09:00:00Z".parse().unwrap();
    start + SignedDuration::from_secs(seconds)
}

pub(crate) fn fact(seconds: i64, text: &str) -> Fact {
    Fact { at: at(seconds), what: What::CancelRequested { by: text.to_owned() } }
}

pub(crate) fn event(id: &str) -> Event {
    Event {
        id: id.to_owned(),
        source: "hr".to_owned(),
        event_type: "identity.user.created".to_owned(),
        subject: None,
        time: at(0),
        datacontenttype: None,
        dataschema: None,
        data: json!({ "user": { "id": id } }),
        extensions: serde_json::Map::new(),
    }
}

/// A run that was accepted at an instant, and waits to start.
pub(crate) fn new_run(workflow: &str, subject: &str, seconds: i64) -> NewRun {
    let run = RunId::new();
    let created = What::Created {
        workflow: workflow.to_owned(),
        version: "v1".to_owned(),
        subject: Some(subject.to_owned()),
        initiator: "test".to_owned(),
        event: Value::Null,
        input: Value::Null,
    };
    let summary = Summary {
        run,
        workflow: workflow.to_owned(),
        version: "v1".to_owned(),
        status: RunStatus::Queued,
        reason: None,
        subject: Some(subject.to_owned()),
        created_at: at(seconds),
        updated_at: at(seconds),
        ended_at: None,
        wake_at: None,
        next_seq: 0,
        head: String::new(),
    };
    NewRun { facts: vec![Fact { at: at(seconds), what: created }], summary }
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::over(Arc::new(MemoryStore::new())).await
    }

    pub(crate) async fn over(store: Arc<dyn Store>) -> Self {
        let log = RunLog::open(Arc::clone(&store)).await.unwrap();
        Self { log, store }
    }

    pub(crate) async fn begin(&self, workflow: &str, subject: &str, seconds: i64) -> RunId {
        let new = new_run(workflow, subject, seconds);
        let run = new.summary.run;
        let acceptance = Acceptance { at: at(seconds), dedup: None, event: None, runs: vec![new] };
        assert_eq!(self.accept(acceptance).await.unwrap(), Accepted::New);
        run
    }

    /// Accepts an event with a run for each of some workflows.
    pub(crate) async fn accept_event(
        &self,
        id: &str,
        seconds: i64,
        workflows: &[&str],
    ) -> (EventId, Accepted) {
        let event_id = EventId::new();
        let acceptance = Acceptance {
            at: at(seconds),
            dedup: Some(DedupKey { source: "hr".to_owned(), value: id.to_owned() }),
            event: Some(NewEvent { id: event_id, event: event(id) }),
            runs: workflows.iter().map(|workflow| new_run(workflow, id, seconds)).collect(),
        };
        (event_id, self.accept(acceptance).await.unwrap())
    }

    /// Appends one fact and changes the summary.
    pub(crate) async fn change(&self, run: RunId, seconds: i64, change: impl FnOnce(&mut Summary)) {
        let mut summary = self.summary(run).await.unwrap().unwrap();
        summary.updated_at = at(seconds);
        change(&mut summary);
        let seq = summary.next_seq;
        let facts = [fact(seconds, &format!("somebody at {seconds}"))];
        self.append(run, seq, &facts, &summary).await.unwrap();
    }

    pub(crate) async fn set_status(&self, run: RunId, seconds: i64, status: RunStatus) {
        self.change(run, seconds, |summary| {
            summary.status = status;
            summary.ended_at = status.is_ended().then(|| at(seconds));
        })
        .await;
    }

    /// Everything that is stored, as readable as keys allow.
    pub(crate) async fn dump(&self) -> Vec<(String, Vec<u8>)> {
        let entries = self.store.scan(Scan::prefix("")).await.unwrap();
        entries
            .iter()
            .map(|(key, value)| (key.escape_ascii().to_string(), value.to_vec()))
            .collect()
    }
}
