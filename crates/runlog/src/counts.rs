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
