//! How many runs there are in each status.
//!
//! Counted once, on first demand, by walking the index by status; kept up to date after
//! that. While the walk is under way, changes behind it are counted and changes ahead of it
//! are left to it.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tenure_run::{RunStatus, Summary};
use tenure_store::Scan;

use crate::keys::{self, Place};
use crate::{RunLog, RunLogError};

/// Runs that are counted while appends wait.
const CHUNK: usize = 5000;

/// The numbers, and how far the walk has come.
#[derive(Debug, Default)]
pub(crate) struct Counts(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    walked: Walked,
    by_status: BTreeMap<RunStatus, u64>,
}

#[derive(Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Walked {
    #[default]
    Nothing,
    UpTo(Bytes),
    Everything,
}

impl Counts {
    /// Takes in that a run has changed.
    pub(crate) fn changed(&self, before: Option<&Summary>, after: Option<&Summary>) {
        let mut state = self.state();
        if state.walked == Walked::Nothing {
            return;
        }
        if let Some(before) = before.filter(|summary| state.has_walked(summary)) {
            let count = state.by_status.entry(before.status).or_default();
            *count = count.saturating_sub(1);
        }
        if let Some(after) = after.filter(|summary| state.has_walked(summary)) {
            *state.by_status.entry(after.status).or_default() += 1;
        }
    }

    /// Starts over: something happened that was not counted.
    pub(crate) fn forget(&self) {
        *self.state() = State::default();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn has_walked(&self, summary: &Summary) -> bool {
        let place = Place::new(summary.created_at, summary.run);
        match &self.walked {
            Walked::Nothing => false,
            Walked::UpTo(key) => keys::by_status(summary.status, &place) <= *key,
            Walked::Everything => true,
        }
    }
}

impl RunLog {
    /// Counts the runs in each status; statuses without a run are left out.
    pub async fn count_by_status(&self) -> Result<BTreeMap<RunStatus, u64>, RunLogError> {
        loop {
            {
                let state = self.counts().state();
                if state.walked == Walked::Everything {
                    let counts = state.by_status.clone();
                    return Ok(counts.into_iter().filter(|(_, count)| *count > 0).collect());
                }
            }
            self.walk().await?;
        }
    }

    /// Counts some more of the index; nothing is appended meanwhile.
    async fn walk(&self) -> Result<(), RunLogError> {
        let _alone = self.alone().await;
        let scan = Scan::prefix(keys::STATUS).limit(CHUNK);
        let scan = match &self.counts().state().walked {
            Walked::Nothing => scan,
            Walked::UpTo(key) => scan.after(key),
            Walked::Everything => return Ok(()),
        };
        let page = self.store().scan(scan).await?;
        let mut state = self.counts().state();
        for (key, _) in &page {
            if let Some(status) = keys::read_status(key) {
                *state.by_status.entry(status).or_default() += 1;
            }
        }
        state.walked = match page.last() {
            Some((last, _)) if page.len() == CHUNK => Walked::UpTo(last.clone()),
            _ => Walked::Everything,
        };
        Ok(())
    }

    pub(crate) fn forget_counts(&self) {
        self.counts().forget();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::world::World;

    async fn check(world: &World) {
        let mut expected = BTreeMap::new();
        for (key, _) in world.store.scan(Scan::prefix(keys::STATUS)).await.unwrap() {
            *expected.entry(keys::read_status(&key).unwrap()).or_default() += 1;
        }
        assert_eq!(world.count_by_status().await.unwrap(), expected);
    }

    #[tokio::test]
    async fn counts_follow_every_change() {
        let world = World::new().await;
        check(&world).await;
        let run = world.begin("joiner", "ann", 0).await;
        world.begin("joiner", "bob", 1).await;
        check(&world).await;
        for status in RunStatus::ALL {
            world.set_status(run, 2, status).await;
            check(&world).await;
        }
        let again = World::over(world.store.clone()).await;
        check(&again).await;
    }

    /// Runs change while they are being counted.
    #[tokio::test(flavor = "multi_thread")]
    async fn counting_and_changing_go_together() {
        let world = World::new().await;
        let mut runs = Vec::new();
        for number in 0..7_000 {
            runs.push(world.begin("joiner", "ann", number).await);
        }
        let counting = {
            let log = world.log.clone();
            tokio::spawn(async move { log.count_by_status().await.unwrap() })
        };
        let changing = runs.chunks(1750).map(|runs| {
            let (world, runs) =
                (World { log: world.log.clone(), store: world.store.clone() }, runs.to_vec());
            tokio::spawn(async move {
                for (number, run) in runs.into_iter().enumerate() {
                    let status = RunStatus::ALL[number % RunStatus::ALL.len()];
                    world.set_status(run, 20_000, status).await;
                }
            })
        });
        for changing in changing.collect::<Vec<_>>() {
            changing.await.unwrap();
        }
        let counted = tokio::time::timeout(Duration::from_secs(60), counting).await;
        assert_eq!(counted.unwrap().unwrap().values().sum::<u64>(), 7_000);
        check(&world).await;
    }
}
