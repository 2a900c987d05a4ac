//! Taking in an event and the runs it starts, all in one batch.

use bytes::Bytes;
use jiff::Timestamp;
use tenure_event::{Event, EventId};
use tenure_run::{Fact, RunId, Summary};
use tenure_store::{Batch, CommitError};

use crate::append::Uncounted;
use crate::journal::{self, Group, Hash};
use crate::record::{DedupRecord, EventRecord, Record, from_json, to_json};
use crate::{AcceptError, RunLog, RunLogError, index, keys};

/// Two events, or two requests, with the same key are the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DedupKey {
    /// Who gave the value, such as an event's source.
    pub source: String,
    /// What it is known by there.
    pub value: String,
}

/// An event with the identity it gets here.
#[derive(Debug, Clone, PartialEq)]
pub struct NewEvent {
    /// Its identity in this log.
    pub id: EventId,
    /// The event.
    pub event: Event,
}

/// A run that begins.
#[derive(Debug, Clone, PartialEq)]
pub struct NewRun {
    /// What has happened so far; at least one fact.
    pub facts: Vec<Fact>,
    /// Its summary; `next_seq` and `head` are not looked at.
    pub summary: Summary,
}

/// What is taken in together.
#[derive(Debug, Clone, PartialEq)]
pub struct Acceptance {
    /// When.
    pub at: Timestamp,
    /// Refuses a second acceptance with the same key.
    pub dedup: Option<DedupKey>,
    /// The event, if one is the cause.
    pub event: Option<NewEvent>,
    /// The runs that begin, in order.
    pub runs: Vec<NewRun>,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Accepted {
    /// It was taken in, and is on disk.
    New,
    /// It had been taken in before; nothing was changed.
    Duplicate {
        /// The runs that began then.
        runs: Vec<RunId>,
        /// The event that was taken in then.
        event_id: Option<EventId>,
    },
}

/// One run on its way into the log.
struct Begun<'a> {
    new: &'a NewRun,
    record: Record,
    group: Group,
}

impl RunLog {
    /// Takes in an event and its runs and returns once all of it is on disk.
    pub async fn accept(&self, acceptance: Acceptance) -> Result<Accepted, AcceptError> {
        let _among = self.among_others().await;
        let event_id = acceptance.event.as_ref().map(|event| event.id);
        let begun = acceptance.runs.iter().map(|run| begin(run, event_id));
        let begun = begun.collect::<Result<Vec<_>, _>>()?;
        let runs: Vec<RunId> = begun.iter().map(|begun| begun.record.summary.run).collect();

        let mut batch = Batch::new();
        let mut dedup_key = None;
        if let Some(dedup) = &acceptance.dedup {
            let digest = keys::dedup_digest(&dedup.source, &dedup.value);
            let kept = DedupRecord { at: acceptance.at, event: event_id, runs: runs.clone() };
            let kept = to_json(&kept, || "deduplication key".to_owned())?;
            let key = keys::dedup(&digest);
            let age = keys::by_age(acceptance.at, &digest);
            batch = batch.absent(key.clone()).put(key.clone(), kept).put(age, Bytes::new());
            dedup_key = Some(key);
        }
        if let Some(NewEvent { id, event }) = acceptance.event {
            let kept = EventRecord { at: acceptance.at, event, runs };
            batch = batch.put(keys::event(id), kept.encode(id)?);
        }
        for Begun { record, group, .. } in &begun {
            let run = record.summary.run;
            batch = batch.absent(keys::run(run)).put(keys::run(run), record.encode()?);
            batch = batch.put(keys::journal_at(run, 0), group.bytes.clone());
            batch = index::change(batch, None, &record.summary);
        }

        let uncounted = Uncounted(self);
        let committed = self.store().commit(batch).await;
        match committed {
            Ok(()) => {}
            Err(CommitError::Store(error)) => return Err(error.into()),
            Err(CommitError::Conflict { key }) => {
                uncounted.settled();
                return self.refused(&key, dedup_key.as_ref()).await;
            }
        }
        for Begun { record, .. } in &begun {
            self.counts().changed(None, Some(&record.summary));
        }
        uncounted.settled();
        for Begun { new, record, group } in &begun {
            self.publish(&record.summary, 0, &new.facts, group);
        }
        Ok(Accepted::New)
    }

    /// Says what stood in the way.
    async fn refused(&self, key: &Bytes, dedup: Option<&Bytes>) -> Result<Accepted, AcceptError> {
        let what = || "deduplication key".to_owned();
        if dedup != Some(key) {
            let run =
                keys::run_at_end_of(key).ok_or_else(|| RunLogError::Contended { what: what() })?;
            return Err(AcceptError::Exists(run));
        }
        // It may have expired just now; whoever asks tries again.
        let kept = self.store().get(key).await?;
        let kept = kept.ok_or_else(|| RunLogError::Contended { what: what() })?;
        let DedupRecord { event, runs, .. } = from_json(&kept, what)?;
        Ok(Accepted::Duplicate { runs, event_id: event })
    }
}

fn begin(new: &NewRun, event: Option<EventId>) -> Result<Begun<'_>, AcceptError> {
    let run = new.summary.run;
    if new.facts.is_empty() {
        return Err(AcceptError::Empty(run));
    }
    let origin = Hash::origin(run);
    let group = journal::encode(run, 0, &new.facts, origin)?;
    let head = group.head(origin);
    let next_seq = new.facts.len() as u64;
    let summary = Summary { next_seq, head: head.to_string(), ..new.summary.clone() };
    Ok(Begun { new, record: Record { summary, head, event }, group })
}

#[cfg(test)]
mod tests {
    use futures::future::join_all;

    use super::*;
    use crate::world::{World, at, event, new_run};

    #[tokio::test]
    async fn event_runs_and_key_come_together() {
        let world = World::new().await;
        let (event_id, accepted) = world.accept_event("e1", 0, &["joiner", "notify"]).await;
        assert_eq!(accepted, Accepted::New);
        let kept = world.event(event_id).await.unwrap().unwrap();
        assert_eq!((kept.id, kept.at, kept.event), (event_id, at(0), event("e1")));
        assert_eq!(kept.runs.len(), 2);
        for (run, workflow) in kept.runs.iter().zip(["joiner", "notify"]) {
            let summary = world.summary(*run).await.unwrap().unwrap();
            assert_eq!((summary.workflow.as_str(), summary.next_seq), (workflow, 1));
            assert_eq!(world.facts(*run).await.unwrap().len(), 1);
        }
        assert!(world.event(EventId::new()).await.unwrap().is_none());
    }

    #[tokio::test]
    async fn a_duplicate_answers_with_the_first_runs() {
        let world = World::new().await;
        let (event_id, _) = world.accept_event("e1", 0, &["joiner"]).await;
        let runs = world.event(event_id).await.unwrap().unwrap().runs;
        let before = world.dump().await;
        let (_, again) = world.accept_event("e1", 60, &["joiner", "another"]).await;
        assert_eq!(again, Accepted::Duplicate { runs, event_id: Some(event_id) });
        assert_eq!(world.dump().await, before, "nothing was changed");
        let (_, other) = world.accept_event("e2", 60, &[]).await;
        assert_eq!(other, Accepted::New);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn of_many_deliveries_one_is_taken_in() {
        let world = World::new().await;
        for round in 0..20 {
            let deliveries = (0..8).map(|_| {
                let acceptance = Acceptance {
                    at: at(0),
                    dedup: Some(DedupKey { source: "hr".into(), value: round.to_string() }),
                    event: None,
                    runs: vec![new_run("joiner", "ann", 0)],
                };
                let (log, run) = (world.log.clone(), acceptance.runs[0].summary.run);
                tokio::spawn(async move { (run, log.accept(acceptance).await.unwrap()) })
            });
            let answers: Vec<_> =
                join_all(deliveries).await.into_iter().map(Result::unwrap).collect();
            let new: Vec<_> =
                answers.iter().filter(|(_, answer)| *answer == Accepted::New).collect();
            let [(first, _)] = new[..] else { panic!("taken in {} times", new.len()) };
            let duplicate = Accepted::Duplicate { runs: vec![*first], event_id: None };
            let others = answers.iter().filter(|(run, _)| run != first);
            assert!(others.into_iter().all(|(_, answer)| *answer == duplicate));
        }
    }

    #[tokio::test]
    async fn a_run_begins_once_and_with_a_fact() {
        let world = World::new().await;
        let new = new_run("joiner", "ann", 0);
        let accept = |runs| {
            let acceptance = Acceptance { at: at(0), dedup: None, event: None, runs };
            world.accept(acceptance)
        };
        assert_eq!(accept(vec![new.clone()]).await.unwrap(), Accepted::New);
        let error = accept(vec![new_run("joiner", "bob", 1), new.clone()]).await.unwrap_err();
        assert_eq!(error.to_string(), format!("run {} exists already", new.summary.run));
        let empty = NewRun { facts: Vec::new(), ..new_run("joiner", "ann", 0) };
        assert!(matches!(accept(vec![empty]).await, Err(AcceptError::Empty(_))));
        assert_eq!(world.count_by_status().await.unwrap().values().sum::<u64>(), 1);
    }
}
