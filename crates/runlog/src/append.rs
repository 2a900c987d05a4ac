//! Adding facts to a run.

use std::sync::Arc;

use tenure_run::{Fact, RunId, Summary};
use tenure_store::{Batch, CommitError};

use crate::follow::Heard;
use crate::journal::{self, Entry, Group};
use crate::record::Record;
use crate::{AppendError, RunLog, RunLogError, index, keys};

impl RunLog {
    /// Appends facts and returns once they are on disk.
    ///
    /// Entries of one run are numbered without gaps. A number that is already taken is
    /// refused: two drivers of one run would otherwise both believe they are right. The
    /// summary, its indexes and its timer change in the same batch; `next_seq`, `head` and
    /// `created_at` of the given summary are not looked at.
    pub async fn append(
        &self,
        run: RunId,
        first_seq: u64,
        facts: &[Fact],
        summary: &Summary,
    ) -> Result<(), AppendError> {
        if facts.is_empty() {
            return Err(AppendError::Nothing(run));
        }
        let _among = self.among_others().await;
        let stored = self.record(run).await?.ok_or(RunLogError::Unknown(run))?;
        let (before, stored) = stored;
        let taken = || AppendError::Taken { run, seq: first_seq };
        if before.summary.next_seq != first_seq {
            return Err(taken());
        }
        let group = journal::encode(run, first_seq, facts, before.head)?;
        let after = advance(&before, summary, &group);
        // Every append changes the summary, so this refuses whoever comes second.
        let batch = Batch::new()
            .is(keys::run(run), stored)
            .put(keys::run(run), after.encode()?)
            .put(keys::journal_at(run, first_seq), group.bytes.clone());
        let batch = index::change(batch, Some(&before.summary), &after.summary);
        let uncounted = Uncounted(self);
        match self.store().commit(batch).await {
            Ok(()) => {}
            Err(CommitError::Conflict { .. }) => {
                uncounted.settled();
                return Err(taken());
            }
            Err(CommitError::Store(error)) => return Err(error.into()),
        }
        self.counts().changed(Some(&before.summary), Some(&after.summary));
        uncounted.settled();
        self.publish(&after.summary, first_seq, facts, &group);
        Ok(())
    }

    /// Passes facts on to those who follow.
    pub(crate) fn publish(&self, summary: &Summary, first_seq: u64, facts: &[Fact], group: &Group) {
        self.listeners().hear(summary.run, || {
            let facts = facts.iter().zip(&group.hashes);
            let entries = (first_seq..).zip(facts).map(|(seq, (fact, hash))| Entry {
                seq,
                fact: fact.clone(),
                hash: *hash,
            });
            let entries: Arc<[Entry]> = entries.collect();
            Heard { run: summary.run, entries, ended: summary.status.is_ended() }
        });
    }
}

fn advance(before: &Record, summary: &Summary, group: &Group) -> Record {
    let head = group.head(before.head);
    let summary = Summary {
        run: before.summary.run,
        created_at: before.summary.created_at,
        next_seq: before.summary.next_seq + group.hashes.len() as u64,
        head: head.to_string(),
        ..summary.clone()
    };
    Record { summary, head, event: before.event }
}

/// Makes counts start over if whoever commits stops waiting for the answer.
pub(crate) struct Uncounted<'a>(pub(crate) &'a RunLog);

impl Uncounted<'_> {
    pub(crate) fn settled(self) {
        std::mem::forget(self);
    }
}

impl Drop for Uncounted<'_> {
    fn drop(&mut self) {
        self.0.forget_counts();
    }
}

#[cfg(test)]
mod tests {
    use futures::future::join_all;
    use tenure_run::RunStatus;

    use super::*;
    use crate::world::{World, at, fact};

    #[tokio::test]
    async fn facts_are_numbered_and_chained() {
        let world = World::new().await;
        let run = world.begin("joiner", "ann", 0).await;
        let mut summary = world.summary(run).await.unwrap().unwrap();
        assert_eq!(summary.next_seq, 1);
        summary.status = RunStatus::Running;
        world.append(run, 1, &[fact(1, "a"), fact(1, "b")], &summary).await.unwrap();
        world.append(run, 3, &[fact(2, "c")], &summary).await.unwrap();

        let entries = world.facts(run).await.unwrap();
        let seqs: Vec<_> = entries.iter().map(|entry| entry.seq).collect();
        assert_eq!(seqs, [0, 1, 2, 3]);
        assert_eq!(entries[3].fact, fact(2, "c"));
        assert_eq!(entries[3].at(), at(2));
        let summary = world.summary(run).await.unwrap().unwrap();
        assert_eq!((summary.next_seq, summary.status), (4, RunStatus::Running));
        assert_eq!(summary.head, entries[3].hash.to_string());

        for (first, end) in [(0, 1), (1, 2), (2, 3), (2, 4), (3, 9), (4, 9), (2, 2)] {
            let found = world.facts_between(run, first, end).await.unwrap();
            let expected = entries.iter().filter(|entry| (first..end).contains(&entry.seq));
            assert_eq!(found, expected.cloned().collect::<Vec<_>>(), "{first}..{end}");
        }
    }

    #[tokio::test]
    async fn only_the_next_number_is_free() {
        let world = World::new().await;
        let run = world.begin("joiner", "ann", 0).await;
        let summary = world.summary(run).await.unwrap().unwrap();
        let before = world.dump().await;
        for seq in [0, 2] {
            let error = world.append(run, seq, &[fact(1, "a")], &summary).await.unwrap_err();
            assert_eq!(error.to_string(), format!("run {run}: fact {seq} is not the next one"));
        }
        let nothing = world.append(run, 1, &[], &summary).await.unwrap_err();
        assert!(matches!(nothing, AppendError::Nothing(_)));
        let unknown = world.append(RunId::new(), 0, &[fact(1, "a")], &summary).await.unwrap_err();
        assert!(matches!(unknown, AppendError::Log(RunLogError::Unknown(_))));
        assert_eq!(world.dump().await, before, "nothing was changed");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn of_two_drivers_one_is_refused() {
        let world = World::new().await;
        let run = world.begin("joiner", "ann", 0).await;
        let summary = world.summary(run).await.unwrap().unwrap();
        for seq in 1..50 {
            let drivers = ["one", "two", "three"].map(|name| {
                let (log, summary) = (world.log.clone(), summary.clone());
                tokio::spawn(async move {
                    let answer = log.append(run, seq, &[fact(1, name)], &summary).await;
                    answer.map(|()| name)
                })
            });
            let answers = join_all(drivers).await.into_iter().map(Result::unwrap);
            let (won, lost): (Vec<_>, Vec<_>) = answers.partition(Result::is_ok);
            assert_eq!(won.len(), 1);
            assert!(lost.iter().all(|lost| matches!(lost, Err(AppendError::Taken { .. }))));
            let kept = world.facts_between(run, seq, seq + 1).await.unwrap();
            assert_eq!(kept[0].fact, fact(1, won[0].as_ref().unwrap()));
        }
        assert_eq!(world.verify(run).await.unwrap().intact, 50);
    }

    #[tokio::test]
    async fn a_run_keeps_its_place() {
        let world = World::new().await;
        let run = world.begin("joiner", "ann", 0).await;
        world.change(run, 5, |summary| summary.created_at = at(1000)).await;
        assert_eq!(world.summary(run).await.unwrap().unwrap().created_at, at(0));
    }
}
