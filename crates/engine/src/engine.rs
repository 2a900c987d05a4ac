//! The engine as the program holds it.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tenure_connector::Registry;
use tenure_run::{Program, Run, RunId, Summary};
use tenure_runlog::RunLog;
use tenure_workflow::{Known, Trigger, check};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::catalog::Catalog;
use crate::clock::Clock;
use crate::error::{CancelError, EngineError};
use crate::queue::Queue;
use crate::wait::Waiting;

/// What an engine is made from.
pub struct Parts {
    /// Where runs are kept.
    pub runlog: Arc<RunLog>,
    /// The connectors that steps call.
    pub registry: Arc<Registry>,
    /// The workflows in force.
    pub catalog: Catalog,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// How much at once.
    pub limits: Limits,
}

/// How much the engine takes on at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Runs that are driven at the same time; those that wait for long do not count.
    pub active_runs: usize,
    /// Runs that may queue for their turn; beyond it events are refused.
    pub queued_runs: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { active_runs: 512, queued_runs: 100_000 }
    }
}

/// Drives all runs of one run log.
#[derive(Clone)]
pub struct Engine {
    pub(crate) shared: Arc<Shared>,
}

/// What all drivers share.
pub(crate) struct Shared {
    pub(crate) runlog: Arc<RunLog>,
    pub(crate) registry: Arc<Registry>,
    pub(crate) catalog: RwLock<Arc<Catalog>>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) queue: Queue,
    pub(crate) waiting: Waiting,
    /// No new attempts from here on.
    pub(crate) closing: CancellationToken,
    /// Drop what is in hand.
    pub(crate) closed: CancellationToken,
    pub(crate) tasks: TaskTracker,
}

impl Engine {
    /// Takes up what an earlier process left, and begins to work.
    ///
    /// # Errors
    /// If the run log cannot be read or written.
    pub async fn start(parts: Parts) -> Result<Self, EngineError> {
        let Parts { runlog, registry, catalog, clock, limits } = parts;
        let shared = Arc::new(Shared {
            runlog,
            registry,
            catalog: RwLock::default(),
            clock,
            queue: Queue::new(limits),
            waiting: Waiting::default(),
            closing: CancellationToken::new(),
            closed: CancellationToken::new(),
            tasks: TaskTracker::new(),
        });
        let engine = Self { shared };
        engine.replace_catalog(catalog).await?;
        engine.shared.recover().await?;
        let timers = Arc::clone(&engine.shared);
        engine.shared.tasks.spawn(timers.watch_timers());
        engine.shared.tasks.spawn(Arc::clone(&engine.shared).tidy());
        Ok(engine)
    }

    /// Puts other workflows in force. Runs that have begun stay on their version.
    ///
    /// # Errors
    /// If the texts cannot be kept; the catalog stays as it was.
    pub async fn replace_catalog(&self, catalog: Catalog) -> Result<(), EngineError> {
        for plan in catalog.plans() {
            self.shared.runlog.keep_workflow(&plan.version.0, &plan.source).await?;
            if plan.triggers.iter().any(|trigger| matches!(trigger, Trigger::Schedule(_))) {
                // Said plainly: a nightly run that never comes is worse than none.
                tracing::warn!(workflow.name = plan.name, "its schedule does not start it yet");
            }
        }
        let mut current = self.shared.catalog.write().unwrap_or_else(PoisonError::into_inner);
        *current = Arc::new(catalog);
        Ok(())
    }

    /// The workflows in force.
    #[must_use]
    pub fn catalog(&self) -> Arc<Catalog> {
        self.shared.catalog()
    }

    /// The run log.
    #[must_use]
    pub fn runlog(&self) -> &Arc<RunLog> {
        &self.shared.runlog
    }

    /// The connectors.
    #[must_use]
    pub fn registry(&self) -> &Arc<Registry> {
        &self.shared.registry
    }

    /// One run, folded from its journal.
    ///
    /// # Errors
    /// If its journal or its workflow cannot be read.
    pub async fn run(&self, id: RunId) -> Result<Option<Run>, EngineError> {
        self.shared.load(id).await
    }

    /// Asks a run to end. Returns once the wish is on disk.
    ///
    /// Requests in hand get half a minute to end; nothing new is begun.
    ///
    /// # Errors
    /// If there is no such run, or it has ended.
    pub async fn cancel(&self, id: RunId, by: &str) -> Result<(), CancelError> {
        let failed = |source| CancelError::Engine { run: id, source };
        let summary = self.shared.runlog.summary(id).await.map_err(|error| failed(error.into()))?;
        match summary {
            None => return Err(CancelError::UnknownRun(id)),
            Some(summary) if summary.status.is_ended() => return Err(CancelError::Ended(id)),
            Some(_) => {}
        }
        let (told, answer) = oneshot::channel();
        self.shared.signal(id, crate::drive::Signal::Cancel { by: by.to_owned(), told });
        match answer.await {
            Ok(true) => Ok(()),
            Ok(false) => Err(CancelError::Ended(id)),
            Err(_) => Err(failed(EngineError::ShuttingDown)),
        }
    }

    /// Ends the work: no new attempts; those in hand get this long.
    ///
    /// What is not done by then goes on at the next start.
    pub async fn shutdown(&self, grace: Duration) {
        self.shared.closing.cancel();
        self.shared.tasks.close();
        if tokio::time::timeout(grace, self.shared.tasks.wait()).await.is_err() {
            self.shared.closed.cancel();
            self.shared.tasks.wait().await;
        }
    }
}

impl Shared {
    pub(crate) fn catalog(&self) -> Arc<Catalog> {
        Arc::clone(&self.catalog.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// One run, folded from its journal.
    pub(crate) async fn load(&self, id: RunId) -> Result<Option<Run>, EngineError> {
        let Some(summary) = self.runlog.summary(id).await? else { return Ok(None) };
        let program = self.program(&summary).await?;
        let entries = self.runlog.facts(id).await?;
        let run = Run::replay(id, program, entries.iter().map(|entry| &entry.fact));
        run.map(Some).map_err(|error| EngineError::Unreadable { run: id, why: error.to_string() })
    }

    /// The version a run is on: the one in force, or an older one from its kept text.
    async fn program(&self, summary: &Summary) -> Result<Arc<Program>, EngineError> {
        if let Some(program) = self.catalog().program(&summary.workflow)
            && program.plan().version.0 == summary.version
        {
            return Ok(Arc::clone(program));
        }
        if let Some(program) = self.queue.old_program(&summary.version) {
            return Ok(program);
        }
        let unreadable =
            |why: &str| EngineError::Unreadable { run: summary.run, why: why.to_owned() };
        let text = self.runlog.workflow(&summary.version).await?;
        let text = text.ok_or_else(|| unreadable("its workflow is not in the run log"))?;
        let checked = check(&summary.workflow, &text, &Known::anything());
        let plan = checked.plan.ok_or_else(|| unreadable("its workflow no longer checks"))?;
        let program = Program::new(plan);
        self.queue.keep_old_program(&summary.version, &program);
        Ok(program)
    }
}
