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
        self.listeners().hear(|| {
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
