//! Whether a run's journal is what was once written.

use std::cmp::Ordering;

use bytes::Bytes;
use tenure_run::RunId;
use tenure_store::Scan;

use crate::journal::{self, Hash};
use crate::{RunLog, RunLogError, keys};

/// What a look at every entry of a run has shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    /// Entries that are intact, from the first on.
    pub intact: u64,
    /// The first thing that is not as it was written, if there is one.
    pub broken: Option<Broken>,
}

/// Where a chain breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// Number of the first entry that is changed or missing.
    pub seq: u64,
    /// What does not add up.
    pub reason: &'static str,
}

impl RunLog {
    /// Recomputes the hash chain of a run and names the first entry that breaks it.
    pub async fn verify(&self, run: RunId) -> Result<Verification, RunLogError> {
        let (record, _) = self.record(run).await?.ok_or(RunLogError::Unknown(run))?;
        let mut chain = Chain { run, last: Hash::origin(run), intact: 0, broken: None };
        let scan = Scan::prefix(keys::journal(run));
        self.each(scan, |key, value| {
            chain.check(&key, value);
            Ok(())
        })
        .await
        .map_err(|error| error.concerns(|| format!("journal of run {run}")))?;
        let Chain { last, intact, broken, .. } = chain;
        let next_seq = record.summary.next_seq;
        let broken = broken.or_else(|| match intact.cmp(&next_seq) {
            Ordering::Less => Some(Broken { seq: intact, reason: "is missing" }),
            Ordering::Equal if last == record.head => None,
            _ => Some(Broken { seq: next_seq, reason: "is not what the summary says" }),
        });
        Ok(Verification { intact, broken })
    }
}

/// A chain that is being recomputed.
struct Chain {
    run: RunId,
    last: Hash,
    intact: u64,
    broken: Option<Broken>,
}

impl Chain {
    /// Takes in the next stored value, unless the chain is broken already.
    fn check(&mut self, key: &[u8], value: Bytes) {
        if self.broken.is_none()
            && let Err(reason) = self.extend(key, value)
        {
            self.broken = Some(Broken { seq: self.intact, reason });
        }
    }

    fn extend(&mut self, key: &[u8], value: Bytes) -> Result<(), &'static str> {
        let decoded = journal::decode(self.run, key, value);
        let (entries, head) = decoded.map_err(|_| "cannot be read")?;
        for entry in entries {
            if entry.seq != self.intact {
                return Err("is missing");
            }
            let (hash, follows) = entry.follows(self.last);
            if !follows {
                return Err("is not what was written");
            }
            self.last = hash;
            self.intact += 1;
        }
        if head == self.last { Ok(()) } else { Err("is missing, or not what was written") }
    }
}

#[cfg(test)]
mod tests {
    use tenure_run::RunStatus;
    use tenure_store::Batch;

    use super::*;
    use crate::world::{World, fact};

    /// A run with facts 0 · 1 2 3 · 4 · 5, in four values.
    async fn four_values() -> (World, RunId) {
        let world = World::new().await;
        let run = world.begin("joiner", "ann", 0).await;
        let summary = world.summary(run).await.unwrap().unwrap();
        let facts = [fact(1, "one"), fact(1, "two"), fact(1, "three")];
        world.append(run, 1, &facts, &summary).await.unwrap();
        world.append(run, 4, &[fact(2, "four")], &summary).await.unwrap();
        world.append(run, 5, &[fact(2, "five")], &summary).await.unwrap();
        (world, run)
    }

    /// Harms a journal, and expects the first broken entry to be named.
    async fn check(harm: impl AsyncFnOnce(&World, RunId), seq: u64, reason: &'static str) {
        let (world, run) = four_values().await;
        assert_eq!(world.verify(run).await.unwrap(), Verification { intact: 6, broken: None });
        harm(&world, run).await;
        let found = world.verify(run).await.unwrap();
        assert_eq!(found.broken, Some(Broken { seq, reason }));
        assert_eq!(found.intact, seq);
    }

    async fn replace(world: &World, run: RunId, seq: u64, old: &str, new: &str) {
        let key = keys::journal_at(run, seq);
        let value = world.store.get(&key).await.unwrap().unwrap();
        let value = journal::tamper(value, old, new);
        world.store.commit(Batch::new().put(key, value)).await.unwrap();
    }

    #[tokio::test]
    async fn a_changed_entry_is_named() {
        let wrong = "is not what was written";
        check(async |world, run| replace(world, run, 1, "two", "TWO").await, 2, wrong).await;
        check(async |world, run| replace(world, run, 1, "three", "THREE").await, 3, wrong).await;
        check(async |world, run| replace(world, run, 4, "four", "FOUR").await, 4, wrong).await;
    }

    #[tokio::test]
    async fn a_missing_value_is_named() {
        let delete = async |world: &World, key: Bytes| {
            world.store.commit(Batch::new().delete(key)).await.unwrap();
        };
        let gone = "is missing";
        check(async |world, run| delete(world, keys::journal_at(run, 0)).await, 0, gone).await;
        check(async |world, run| delete(world, keys::journal_at(run, 1)).await, 1, gone).await;
        check(async |world, run| delete(world, keys::journal_at(run, 5)).await, 5, gone).await;
    }

    #[tokio::test]
    async fn a_swapped_journal_is_noticed() {
        let swap = async |world: &World, run| {
            let other = world.begin("joiner", "bob", 0).await;
            let theirs = world.store.get(&keys::journal_at(other, 0)).await.unwrap().unwrap();
            let batch = Batch::new().put(keys::journal_at(run, 0), theirs);
            world.store.commit(batch).await.unwrap();
        };
        check(swap, 0, "is not what was written").await;
        let truncate = async |world: &World, run| {
            let key = keys::journal_at(run, 4);
            let batch = Batch::new().put(key, Bytes::from_static(b"\x01short"));
            world.store.commit(batch).await.unwrap();
        };
        check(truncate, 4, "cannot be read").await;
    }

    #[tokio::test]
    async fn a_run_that_goes_on_stays_intact() {
        let (world, run) = four_values().await;
        world.set_status(run, 9, RunStatus::Succeeded).await;
        assert_eq!(world.verify(run).await.unwrap().intact, 7);
        let unknown = world.verify(RunId::new()).await;
        assert!(matches!(unknown, Err(RunLogError::Unknown(_))));
    }
}
