//! Takes up what was left: after a start, and when a timer fires.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tenure_run::RunStatus;
use tenure_runlog::Filter;

use crate::engine::Shared;
use crate::error::EngineError;

/// Runs that are read at once.
const PAGE: usize = 512;
/// Longest sleep between two looks at the timers, in case the clock was set.
const LONGEST_SLEEP: Duration = Duration::from_secs(60);
/// How long a delivery is known again: longer than any sender repeats one.
const KEYS_KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);
/// How often old keys are looked for.
const TIDY_EVERY: Duration = Duration::from_secs(3600);

/// Shortest: runs whose timer is due but whose turn has not come are looked at again.
const SHORTEST_SLEEP: Duration = Duration::from_millis(200);

impl Shared {
    /// Has every run driven that is neither over nor asleep: a timer or a person wakes the rest.
    pub(crate) async fn recover(self: &Arc<Self>) -> Result<(), EngineError> {
        // All first, then the work: a run that is driven moves in the index that is read.
        let mut left = Vec::new();
        for status in [RunStatus::Running, RunStatus::Queued] {
            let filter = Filter { status: Some(status), ..Filter::default() };
            let mut cursor = None;
            loop {
                let page = self.runlog.list(&filter, cursor.as_ref(), PAGE).await?;
                left.extend(page.runs.iter().map(|summary| summary.run));
                cursor = page.next;
                if cursor.is_none() {
                    break;
                }
            }
        }
        // The oldest has waited longest.
        left.sort_unstable();
        let taken_up = left.len();
        for id in left {
            self.enqueue(id, None);
        }
        if taken_up > 0 {
            tracing::info!(runs = taken_up, "takes up runs that were under way");
        }
        Ok(())
    }

    /// Wakes sleeping runs when their time has come, until the engine closes.
    pub(crate) async fn watch_timers(self: Arc<Self>) {
        loop {
            let sleep = match self.wake_due().await {
                Ok(sleep) => sleep,
                Err(error) => {
                    let error: &dyn std::error::Error = &error;
                    tracing::error!(error, "cannot read the timers");
                    LONGEST_SLEEP
                }
            };
            tokio::select! {
                () = tokio::time::sleep(sleep) => {}
                () = self.queue.timers.notified() => {}
                () = self.closing.cancelled() => return,
            }
        }
    }

    /// Forgets deliveries that nobody repeats any more, until the engine closes.
    pub(crate) async fn tidy(self: Arc<Self>) {
        loop {
            tokio::select! {
                () = tokio::time::sleep(TIDY_EVERY) => {}
                () = self.closing.cancelled() => return,
            }
            let before = self.clock.now() - KEYS_KEPT;
            match self.runlog.expire_dedup(before).await {
                Ok(0) => {}
                Ok(expired) => tracing::info!(expired, "forgot deliveries that are old"),
                Err(error) => {
                    let error: &dyn std::error::Error = &error;
                    tracing::error!(error, "cannot forget old deliveries");
                }
            }
        }
    }

    /// Wakes what is due, and says how long nothing else will be.
    async fn wake_due(self: &Arc<Self>) -> Result<Duration, EngineError> {
        let now = self.clock.now();
        let mut limit = PAGE;
        loop {
            let due = self.runlog.due(now, limit).await?;
            let full = due.len() == limit;
            let mut woken = 0;
            for (_, id) in due {
                if !self.queue.is_known(id) {
                    self.enqueue(id, None);
                    woken += 1;
                }
            }
            if !full {
                break;
            }
            if woken == 0 {
                // The first window is full of runs whose turn has not come: look further.
                limit *= 2;
            }
        }
        let next = self.runlog.next_due().await?;
        Ok(next.map_or(LONGEST_SLEEP, |at| until(now, at).clamp(SHORTEST_SLEEP, LONGEST_SLEEP)))
    }
}

/// How long it is from one time to another; nothing if that has passed.
pub(crate) fn until(now: Timestamp, at: Timestamp) -> Duration {
    Duration::try_from(at.duration_since(now)).unwrap_or(Duration::ZERO)
}
