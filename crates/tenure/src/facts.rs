//! The facts of one run, from this process or from a daemon.

use std::pin::{Pin, pin};
use std::time::Duration;

use anyhow::Result;
use futures::{Stream, StreamExt};
use tenure_api::{RunEvent, RunStatus};
use tenure_run::RunId;
use tenure_runlog::{Entry, RunLog, RunLogError};
use tenure_server::{run_event, run_summary};
use tokio::time::{Instant, MissedTickBehavior};

use crate::client::{Client, Following};
use crate::error::CommandError;
use crate::screen::{REDRAW, Screen};

/// How often it is asked whether a run that may need a person really does.
const ATTENTION_CHECK: Duration = Duration::from_millis(500);

/// Where the facts of a run come from.
pub(crate) enum Facts {
    /// From the run log of this process.
    Here(Here),
    /// From a daemon.
    There(Box<There>),
}

/// A run in the run log of this process.
pub(crate) struct Here {
    run: RunId,
    runlog: std::sync::Arc<RunLog>,
    entries: Pin<Box<dyn Stream<Item = Result<Entry, RunLogError>> + Send>>,
}

/// A run that a daemon drives.
pub(crate) struct There {
    run: String,
    client: Client,
    following: Following,
}

/// Why drawing ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Drawn {
    /// The run ended.
    Ended,
    /// The run cannot go on without a person.
    Stuck,
    /// Whoever looked does so no longer.
    Interrupted,
}

impl Facts {
    /// Follows a run in this process's run log.
    pub(crate) fn here(runlog: &std::sync::Arc<RunLog>, run: RunId) -> Self {
        let runlog = std::sync::Arc::clone(runlog);
        let entries = Box::pin(runlog.follow(run, 0));
        Self::Here(Here { run, runlog, entries })
    }

    /// Follows a run that a daemon drives.
    pub(crate) fn there(client: &Client, run: &str) -> Self {
        let following = client.follow(run);
        Self::There(Box::new(There { run: run.to_owned(), client: client.clone(), following }))
    }

    /// The next fact; none after the run's end.
    pub(crate) async fn next(&mut self) -> Result<Option<RunEvent>> {
        match self {
            Self::There(there) => Ok(there.following.next().await?),
            Self::Here(here) => match here.entries.next().await {
                None => Ok(None),
                Some(Ok(entry)) => Ok(Some(run_event(here.run, entry.seq, &entry.fact))),
                Some(Err(error)) => Err(CommandError::failed("the run can no longer be followed")
                    .caused_by(&error)
                    .into()),
            },
        }
    }

    async fn status(&self) -> Option<RunStatus> {
        match self {
            Self::There(there) => Some(there.client.run(&there.run).await.ok()?.run.status),
            Self::Here(here) => {
                let summary = here.runlog.summary(here.run).await.ok()??;
                Some(run_summary(&summary).status)
            }
        }
    }

    /// Draws the run until it ends, is stuck, or `stop` comes.
    pub(crate) async fn draw(
        &mut self,
        screen: &mut Screen,
        stop: impl Future<Output = ()>,
    ) -> Result<Drawn> {
        let mut stop = pin!(stop);
        let mut tick = tokio::time::interval(REDRAW);
        tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let mut checked = Instant::now();
        loop {
            if screen.status() == RunStatus::NeedsAttention && checked.elapsed() > ATTENTION_CHECK {
                checked = Instant::now();
                // Other branches may still be at work: only the run as a whole says it is stuck.
                if self.status().await == Some(RunStatus::NeedsAttention) {
                    return Ok(Drawn::Stuck);
                }
            }
            let next = self.next();
            let mut next = pin!(next);
            let event = loop {
                tokio::select! {
                    event = &mut next => break Some(event?),
                    () = &mut stop => return Ok(Drawn::Interrupted),
                    _ = tick.tick() => screen.redraw()?,
                }
                if screen.status() == RunStatus::NeedsAttention
                    && checked.elapsed() > ATTENTION_CHECK
                {
                    break None;
                }
            };
            match event {
                Some(Some(event)) => screen.take(&event)?,
                Some(None) => return Ok(Drawn::Ended),
                None => {}
            }
        }
    }
}
