//! Retention: what is removed, and what must stay with it.

use jiff::{SignedDuration, Timestamp};
use tenure_event::EventId;
use tenure_run::RunId;
use tenure_store::{Batch, CommitError, Scan};

use crate::append::Uncounted;
use crate::record::{DedupRecord, EventRecord, from_json};
use crate::{ForgetError, RunLog, RunLogError, index, keys};

/// How long deduplication keys are kept at least.
///
/// Longer than any known source delivers again what it was not thanked for.
pub const DEDUP_KEPT: SignedDuration = SignedDuration::from_hours(14 * 24);

/// Keys that expire in one batch.
const CHUNK: usize = 1000;

/// How often an event that others change at the same time is tried again.
const TRIES_MAX: usize = 32;

impl RunLog {
    /// Removes a run that has ended, and its event with the last of its runs.
    ///
    /// The deduplication key stays until it expires: the event is not accepted anew. `false`
    /// when there is no such run.
    pub async fn forget(&self, run: RunId) -> Result<bool, ForgetError> {
        let _among = self.among_others().await;
        for _ in 0..TRIES_MAX {
            let Some((record, stored)) = self.record(run).await? else { return Ok(false) };
            if !record.summary.status.is_ended() {
                return Err(ForgetError::NotEnded(run));
            }
            let mut batch = Batch::new().is(keys::run(run), stored).delete(keys::run(run));
            let journal = Scan::prefix(keys::journal(run));
            self.each(journal, |key, _| {
                batch.deletes.push(key);
                Ok(())
            })
            .await?;
            for key in index::of(&record.summary) {
                batch = batch.delete(key);
            }
            if let Some(event) = record.event {
                batch = self.without_run(batch, event, run).await?;
            }
            let uncounted = Uncounted(self);
            match self.store().commit(batch).await {
                Ok(()) => {
                    self.counts().changed(Some(&record.summary), None);
                    uncounted.settled();
                    return Ok(true);
                }
                // Another run of the same event went at the same time.
                Err(CommitError::Conflict { .. }) => uncounted.settled(),
                Err(CommitError::Store(error)) => return Err(error.into()),
            }
        }
        Err(RunLogError::Contended { what: format!("run {run}") }.into())
    }

    /// Takes a run from its event, or the whole event when it was the last one.
    async fn without_run(
        &self,
        batch: Batch,
        event: EventId,
        run: RunId,
    ) -> Result<Batch, RunLogError> {
        let key = keys::event(event);
        let Some(bytes) = self.store().get(&key).await? else { return Ok(batch) };
        let mut kept = EventRecord::decode(event, bytes.clone())?;
        kept.runs.retain(|other| *other != run);
        let batch = batch.is(key.clone(), bytes);
        if kept.runs.is_empty() {
            return Ok(batch.delete(key));
        }
        Ok(batch.put(key, kept.encode(event)?))
    }

    /// Removes deduplication keys that are older than an instant, and says how many.
    ///
    /// Events that started no run go with their keys. Callers keep keys for [`DEDUP_KEPT`]
    /// at least.
    pub async fn expire_dedup(&self, before: Timestamp) -> Result<usize, RunLogError> {
        let mut expired = 0;
        loop {
            let scan = Scan::range(keys::AGE, keys::age(before)).limit(CHUNK);
            let page = self.store().scan(scan).await?;
            if page.is_empty() {
                return Ok(expired);
            }
            expired += page.len();
            let mut batch = Batch::new();
            for (age, _) in page {
                if let Some(digest) = age.last_chunk() {
                    let key = keys::dedup(digest);
                    batch = self.without_idle_event(batch, &key).await?;
                    batch = batch.delete(key);
                }
                batch = batch.delete(age);
            }
            self.write(batch).await?;
        }
    }

    async fn without_idle_event(&self, batch: Batch, key: &[u8]) -> Result<Batch, RunLogError> {
        let Some(bytes) = self.store().get(key).await? else { return Ok(batch) };
        let kept: DedupRecord = from_json(&bytes, || "deduplication key".to_owned())?;
        Ok(match kept.event {
            Some(event) if kept.runs.is_empty() => batch.delete(keys::event(event)),
            _ => batch,
        })
    }
}

#[cfg(test)]
mod tests {
    use tenure_run::RunStatus;

    use super::*;
    use crate::Accepted;
    use crate::world::{World, at};

    #[tokio::test]
    async fn forgetting_leaves_nothing_but_the_key() {
        let world = World::new().await;
        let empty = world.dump().await;
        let (event, _) = world.accept_event("e1", 0, &["joiner", "notify"]).await;
        let runs = world.event(event).await.unwrap().unwrap().runs;
        for run in &runs {
            assert!(matches!(world.forget(*run).await, Err(ForgetError::NotEnded(_))));
            world.change(*run, 1, |summary| summary.wake_at = Some(at(50))).await;
            world.set_status(*run, 2, RunStatus::Succeeded).await;
        }
        assert!(world.forget(runs[0]).await.unwrap());
        assert!(!world.forget(runs[0]).await.unwrap(), "a second time");
        assert_eq!(world.event(event).await.unwrap().unwrap().runs, runs[1..]);
        assert_eq!(world.count_by_status().await.unwrap()[&RunStatus::Succeeded], 1);
        assert!(world.forget(runs[1]).await.unwrap());
        assert_eq!(world.event(event).await.unwrap(), None);
        assert!(world.count_by_status().await.unwrap().is_empty());

        let (_, again) = world.accept_event("e1", 60, &["joiner"]).await;
        assert!(matches!(again, Accepted::Duplicate { .. }));
        assert_eq!(world.expire_dedup(at(0)).await.unwrap(), 0, "not older");
        assert_eq!(world.expire_dedup(at(1)).await.unwrap(), 1);
        assert_eq!(world.dump().await, empty);
        let (_, anew) = world.accept_event("e1", 60, &["joiner"]).await;
        assert_eq!(anew, Accepted::New);
    }

    #[tokio::test]
    async fn keys_expire_by_age() {
        let world = World::new().await;
        let mut events = Vec::new();
        for number in 0..2500 {
            let workflows: &[&str] = if number % 500 == 0 { &["joiner"] } else { &[] };
            events.push(world.accept_event(&number.to_string(), number, workflows).await.0);
        }
        assert_eq!(world.expire_dedup(at(2000)).await.unwrap(), 2000);
        for (number, event) in events.iter().enumerate() {
            let kept = world.event(*event).await.unwrap().is_some();
            assert_eq!(kept, number >= 2000 || number % 500 == 0, "event {number}");
        }
        let (_, young) = world.accept_event("2000", 3000, &[]).await;
        assert!(matches!(young, Accepted::Duplicate { .. }));
        let (_, old) = world.accept_event("1999", 3000, &[]).await;
        assert_eq!(old, Accepted::New);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn runs_of_one_event_are_forgotten_side_by_side() {
        let world = World::new().await;
        let (event, _) = world.accept_event("e1", 0, &["w"; 12]).await;
        let runs = world.event(event).await.unwrap().unwrap().runs;
        for run in &runs {
            world.set_status(*run, 1, RunStatus::Failed).await;
        }
        let forgetting = runs.into_iter().map(|run| {
            let log = world.log.clone();
            tokio::spawn(async move { log.forget(run).await })
        });
        for forgotten in futures::future::join_all(forgetting).await {
            assert!(forgotten.unwrap().unwrap());
        }
        assert_eq!(world.event(event).await.unwrap(), None);
    }
}
