//! Takes up what was left: after a start, and when a timer fires.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tenure_run::{RunStatus, Summary};

use crate::engine::Shared;
use crate::error::EngineError;

/// Runs that are read at once.
const PAGE: usize = 512;
/// Longest sleep between two looks at the timers, in case the clock was set.
const LONGEST_SLEEP: Duration = Duration::from_secs(60);
/// Shortest: runs whose timer is due but whose turn has not come are looked at again.
const SHORTEST_SLEEP: Duration = Duration::from_millis(200);

impl Shared {
    /// Has every run driven that is neither over nor asleep.
    pub(crate) async fn recover(self: &Arc<Self>) -> Result<(), EngineError> {
        // All first, then the work: a run that is driven moves in the index that is read.
        let mut left = Vec::new();
        let mut cursor = None;
        loop {
            let (page, more) = self.runlog.live(cursor.as_ref(), PAGE).await?;
            for id in page {
                let summary = self.runlog.summary(id).await?;
                let under_way = |summary: Summary| match summary.status {
                    RunStatus::Queued | RunStatus::Running => Some(id),
                    // A timer wakes it, or a person does.
                    _ => None,
                };
                left.extend(summary.and_then(under_way));
            }
            cursor = more;
            if cursor.is_none() {
                break;
            }
        }
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
