//! Which index entries a run has, and how they change with it.

use bytes::Bytes;
use tenure_run::Summary;
use tenure_store::{Batch, Scan};

use crate::RunLogError;
use crate::keys::{self, Place};
use crate::log::RunLog;
use crate::record::{DedupRecord, Record, from_json};

/// Layout of the indexes; stored ones of another layout are rebuilt at the start.
const LAYOUT: &[u8] = b"1";

/// Keys that are removed or runs that are read at a time while indexes are rebuilt.
const CHUNK: usize = 2000;

/// The index keys of a run; their values are empty.
pub(crate) fn of(summary: &Summary) -> Vec<Bytes> {
    let place = Place::new(summary.created_at, summary.run);
    let mut keys = vec![
        keys::by_time(&place),
        keys::by_status(summary.status, &place),
        keys::by_workflow(&summary.workflow, summary.status, &place),
    ];
    keys.extend(summary.subject.as_ref().map(|subject| keys::by_subject(subject, &place)));
    if !summary.status.is_ended() {
        keys.extend(summary.wake_at.map(|wake_at| keys::due(wake_at, summary.run)));
    }
    keys
}

/// Adds to a batch what changes between two summaries of a run.
pub(crate) fn change(mut batch: Batch, before: Option<&Summary>, after: &Summary) -> Batch {
    let old = before.map(of).unwrap_or_default();
    let new = of(after);
    for key in old.iter().filter(|key| !new.contains(key)) {
        batch = batch.delete(key.clone());
    }
    for key in new.into_iter().filter(|key| !old.contains(key)) {
        batch = batch.put(key, Bytes::new());
    }
    batch
}

impl RunLog {
    /// Rebuilds the indexes if they are not of the layout that is in force.
    pub(crate) async fn upgrade_indexes(&self) -> Result<(), RunLogError> {
        let stored = self.store().get(keys::INDEXES).await?;
        if stored.as_deref() == Some(LAYOUT) {
            return Ok(());
        }
        self.rebuild_indexes().await
    }

    /// Makes all indexes anew from summaries and deduplication keys.
    ///
    /// Nothing is appended meanwhile. A crash in the middle is made good at the next start.
    pub async fn rebuild_indexes(&self) -> Result<(), RunLogError> {
        let _alone = self.alone().await;
        tracing::info!("rebuilding the indexes of the run log");
        self.write(Batch::new().delete(keys::INDEXES)).await?;
        for prefix in keys::REBUILT {
            self.remove_all(prefix).await?;
        }
        let mut scan = Scan::prefix(keys::RUN).limit(CHUNK);
        loop {
            let page = self.store().scan(scan.clone()).await?;
            let Some((last, _)) = page.last() else { break };
            scan = scan.after(last);
            let mut batch = Batch::new();
            for (key, value) in &page {
                let Some(run) = keys::run_at_end_of(key) else { continue };
                batch = change(batch, None, &Record::decode(run, value)?.summary);
            }
            self.write(batch).await?;
        }
        self.rebuild_ages().await?;
        self.forget_counts();
        self.write(Batch::new().put(keys::INDEXES, LAYOUT)).await
    }

    async fn rebuild_ages(&self) -> Result<(), RunLogError> {
        let mut scan = Scan::prefix(keys::DEDUP).limit(CHUNK);
        loop {
            let page = self.store().scan(scan.clone()).await?;
            let Some((last, _)) = page.last() else { return Ok(()) };
            scan = scan.after(last);
            let mut batch = Batch::new();
            for (key, value) in &page {
                let Some(digest) = key.last_chunk() else { continue };
                let kept: DedupRecord = from_json(value, || "deduplication key".to_owned())?;
                batch = batch.put(keys::by_age(kept.at, digest), Bytes::new());
            }
            self.write(batch).await?;
        }
    }

    async fn remove_all(&self, prefix: &'static [u8]) -> Result<(), RunLogError> {
        loop {
            let page = self.store().scan(Scan::prefix(prefix).limit(CHUNK)).await?;
            if page.is_empty() {
                return Ok(());
            }
            let batch = page.into_iter().fold(Batch::new(), |batch, (key, _)| batch.delete(key));
            self.write(batch).await?;
        }
    }

    /// Commits a batch that checks nothing.
    pub(crate) async fn write(&self, batch: Batch) -> Result<(), RunLogError> {
        let written = self.store().commit(batch).await;
        written.map_err(|error| RunLogError::refused(error, || "run log".to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use tenure_run::RunStatus;

    use super::*;
    use crate::world::{World, at};

    async fn filled() -> World {
        let world = World::new().await;
        for number in 0..60 {
            let workflow = ["joiner", "mover", "leaver"][number as usize % 3];
            let run = world.begin(workflow, &format!("person {}", number % 7), number).await;
            let status = RunStatus::ALL[number as usize % 8];
            world.change(run, 100, |summary| summary.wake_at = Some(at(number * 10))).await;
            world.set_status(run, 101, status).await;
            world.accept_event(&number.to_string(), number, &[]).await;
        }
        world
    }

    fn is_index(key: &str) -> bool {
        keys::REBUILT.iter().any(|prefix| key.as_bytes().starts_with(prefix))
    }

    #[tokio::test]
    async fn rebuilt_indexes_are_the_same_to_the_byte() {
        let world = filled().await;
        let before = world.dump().await;
        assert!(before.iter().filter(|(key, _)| is_index(key)).count() > 300);
        world.rebuild_indexes().await.unwrap();
        assert_eq!(world.dump().await, before);

        // Whatever is wrong with them, they come back.
        let entries = world.store.scan(Scan::prefix("")).await.unwrap();
        let mut batch = Batch::new().put("s/\x03nonsense", "").put("t/nonsense", "x");
        for (number, (key, _)) in entries.into_iter().enumerate() {
            if is_index(&key.escape_ascii().to_string()) && number % 3 == 0 {
                batch = batch.delete(key);
            }
        }
        world.store.commit(batch).await.unwrap();
        assert_ne!(world.dump().await, before);
        world.rebuild_indexes().await.unwrap();
        assert_eq!(world.dump().await, before);
        assert_eq!(world.count_by_status().await.unwrap().values().sum::<u64>(), 60);
    }

    #[tokio::test]
    async fn an_interrupted_rebuild_is_made_good_at_the_start() {
        let world = filled().await;
        let before = world.dump().await;
        let batch = Batch::new().delete(keys::INDEXES);
        world.store.commit(batch).await.unwrap();
        world.remove_all(keys::TIME).await.unwrap();
        world.remove_all(keys::AGE).await.unwrap();
        let again = World::over(world.store.clone()).await;
        assert_eq!(again.dump().await, before);
    }
}
