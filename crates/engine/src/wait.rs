//! Waiting for a run to end, in the process that drives it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tenure_run::{Run, RunId, Summary};
use tenure_runlog::RunLogError;
use tokio::sync::oneshot;

use crate::engine::Engine;
use crate::error::EngineError;

/// Everybody who waits for the end of a run.
#[derive(Debug, Default)]
pub(crate) struct Waiting(Mutex<HashMap<RunId, Vec<oneshot::Sender<Arc<Run>>>>>);

/// Waits for the end of one run for as long as it lives.
struct Listening<'a> {
    waiting: &'a Waiting,
    run: RunId,
    told: oneshot::Receiver<Arc<Run>>,
}

/// A run that is over.
enum Ended {
    /// Its driver handed it on.
    Now(Arc<Run>),
    /// It was over before anybody waited.
    Before,
}

impl Engine {
    /// Waits for a run to end; none if it has not after this long.
    ///
    /// # Errors
    /// If there is no such run, or the run log cannot be read.
    pub async fn wait(&self, id: RunId, longest: Duration) -> Result<Option<Summary>, RunLogError> {
        match self.until_ended(id, longest).await? {
            Some(_) => self.shared.runlog.summary(id).await,
            None => Ok(None),
        }
    }

    /// Waits for a run to end and shows it whole; none if it has not after this long.
    ///
    /// Cheaper than [`Engine::wait`] and [`Engine::run`]: the journal is not read again.
    ///
    /// # Errors
    /// If there is no such run, or its journal or its workflow cannot be read.
    pub async fn wait_and_show(
        &self,
        id: RunId,
        longest: Duration,
    ) -> Result<Option<Arc<Run>>, EngineError> {
        match self.until_ended(id, longest).await? {
            Some(Ended::Now(run)) => Ok(Some(run)),
            Some(Ended::Before) => Ok(self.run(id).await?.map(Arc::new)),
            None => Ok(None),
        }
    }

    async fn until_ended(
        &self,
        id: RunId,
        longest: Duration,
    ) -> Result<Option<Ended>, RunLogError> {
        // Listens first: an end between this and the look at the log is heard of.
        let mut listening = self.shared.waiting.listen(id);
        let summary = self.shared.runlog.summary(id).await?;
        if summary.ok_or(RunLogError::Unknown(id))?.status.is_ended() {
            return Ok(Some(Ended::Before));
        }
        match tokio::time::timeout(longest, &mut listening.told).await {
            Ok(told) => Ok(told.ok().map(Ended::Now)),
            Err(_) => Ok(None),
        }
    }
}

impl Waiting {
    /// Hands on a run whose end is on disk.
    pub(crate) fn tell(&self, run: Run) {
        let Some(listeners) = self.all().remove(&run.id()) else { return };
        let run = Arc::new(run);
        for listener in listeners {
            // Whoever waited may have given up.
            let _ = listener.send(Arc::clone(&run));
        }
    }

    fn listen(&self, run: RunId) -> Listening<'_> {
        let (sender, told) = oneshot::channel();
        self.all().entry(run).or_default().push(sender);
        Listening { waiting: self, run, told }
    }

    fn all(&self) -> MutexGuard<'_, HashMap<RunId, Vec<oneshot::Sender<Arc<Run>>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Listening<'_> {
    fn drop(&mut self) {
        self.told.close();
        let mut all = self.waiting.all();
        let Some(listeners) = all.get_mut(&self.run) else { return };
        listeners.retain(|listener| !listener.is_closed());
        if listeners.is_empty() {
            all.remove(&self.run);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_gives_up_is_forgotten() {
        let (waiting, run) = (Waiting::default(), RunId::new());
        let (one, two) = (waiting.listen(run), waiting.listen(run));
        drop(one);
        assert_eq!(waiting.all()[&run].len(), 1);
        drop(two);
        assert!(waiting.all().is_empty());
    }
}
