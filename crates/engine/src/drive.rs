//! Drives one run: asks what is next, and does it in the right order.

use std::sync::Arc;
use std::time::Duration;

use futures::stream::{FuturesUnordered, StreamExt as _};
use futures::{FutureExt as _, future::BoxFuture};
use jiff::Timestamp;
use tenure_run::{Fact, Next, Outcome, Run, RunId, RunStatus, StepPath, What};
use tenure_runlog::AppendError;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use tracing::Instrument as _;

use crate::engine::Shared;
use crate::error::EngineError;
use crate::perform::{Prepared, prepare};
use crate::recover::until;
use crate::settle::{abandoned, settle};

/// A wait up to this long stays in memory; a longer one costs disk only.
const SHORT_WAIT: Duration = Duration::from_secs(2);
/// How long requests in hand may take to end after a cancel.
const CANCEL_GRACE: Duration = Duration::from_secs(30);

/// What a run can be told while it is driven.
#[derive(Debug)]
pub(crate) enum Signal {
    /// End it.
    Cancel {
        /// Who wishes it.
        by: String,
        /// Told once the wish is on disk; false if the run had ended before.
        told: oneshot::Sender<bool>,
    },
}

type Signals = mpsc::UnboundedReceiver<Signal>;

/// Drives a run until it ends, sleeps or the engine closes; gives the signals back.
pub(crate) async fn drive(
    shared: &Arc<Shared>,
    id: RunId,
    run: Option<Run>,
    mut signals: Signals,
) -> Signals {
    let run = match run {
        Some(run) => Ok(Some(run)),
        None => shared.load(id).await.map(|run| {
            run.map(|mut run| {
                run.interrupt();
                run
            })
        }),
    };
    let outcome = match run {
        Ok(Some(run)) => {
            let span = tracing::info_span!(
                "run",
                run.id = %id,
                workflow.name = run.program().plan().name,
                otel.name = format!("run {}", run.program().plan().name),
            );
            let driver = Driver::new(shared, run);
            driver.drive(&mut signals).instrument(span).await
        }
        Ok(None) => Ok(()),
        Err(error) => Err(error),
    };
    if let Err(error) = outcome {
        report(id, &error);
        shared.queue.rest(id);
        while signals.try_recv().is_ok() {}
    }
    signals
}

/// Says once, where it is handled, that a run cannot go on now.
fn report(id: RunId, error: &EngineError) {
    if let EngineError::Append { source: AppendError::Taken { .. }, .. } = error {
        tracing::warn!(run.id = %id, "another driver has this run; leaves it to that one");
        return;
    }
    let error: &dyn std::error::Error = error;
    tracing::error!(run.id = %id, error, "the run cannot go on");
}

/// A request that ended, as the facts it became.
pub(crate) type Ended = (StepPath, What);

struct Driver<'a> {
    shared: &'a Arc<Shared>,
    run: Run,
    /// How many facts are on disk.
    kept: u64,
    /// Facts that are not on disk yet.
    pending: Vec<Fact>,
    calls: FuturesUnordered<BoxFuture<'static, Ended>>,
    /// After a cancel: when requests in hand are given up.
    give_up_at: Option<Instant>,
    told: Vec<oneshot::Sender<bool>>,
    /// Whether a request is due that a closing engine no longer begins.
    put_off: bool,
}

/// What the decisions came to.
enum Then {
    Send(Vec<Prepared>),
    Wait(Option<Timestamp>),
    Done,
}

impl<'a> Driver<'a> {
    fn new(shared: &'a Arc<Shared>, run: Run) -> Self {
        Self {
            kept: run.seq(),
            shared,
            run,
            pending: Vec::new(),
            calls: FuturesUnordered::new(),
            give_up_at: None,
            told: Vec::new(),
            put_off: false,
        }
    }

    async fn drive(mut self, signals: &mut Signals) -> Result<(), EngineError> {
        loop {
            // A wish that came while the run was queued is heard before anything is sent.
            while let Ok(signal) = signals.try_recv() {
                self.take_signal(signal)?;
            }
            match self.decide()? {
                Then::Send(requests) => {
                    self.keep_binding().await?;
                    for request in requests {
                        self.send(request);
                    }
                }
                Then::Wait(wake) => {
                    self.keep_binding().await?;
                    if !self.wait(wake, signals).await? {
                        self.tell_doubt();
                        return self.keep().await;
                    }
                }
                Then::Done => {
                    self.keep().await?;
                    self.tell_the_end();
                    self.shared.waiting.tell(self.run);
                    return Ok(());
                }
            }
        }
    }

    fn tell_the_end(&self) {
        match self.run.outcome() {
            Some(Outcome::Failed(error)) => {
                let step = error.step.as_ref().map(tracing::field::display);
                tracing::warn!(step.path = step, error.name, error.message, "run failed");
            }
            Some(Outcome::Cancelled { by }) => tracing::info!(by, "run cancelled"),
            _ => tracing::info!("run succeeded"),
        }
    }

    fn tell_doubt(&self) {
        if self.run.status() == RunStatus::NeedsAttention {
            let reason = self.run.summary().reason;
            tracing::warn!(reason, "run needs attention");
        }
    }

    /// Asks the run until something must be done outside.
    fn decide(&mut self) -> Result<Then, EngineError> {
        let now = self.shared.clock.now();
        let mut requests = Vec::new();
        loop {
            match self.run.next(now) {
                Next::Record(fact) => self.take_in(fact)?,
                Next::Perform(_) if self.shared.closing.is_cancelled() => {
                    self.put_off = true;
                    return Ok(Then::Wait(None));
                }
                Next::Perform(due) => {
                    for due in due {
                        match prepare(self.shared, &self.run, &due, now) {
                            Ok(request) => {
                                let (step, intent) = (due.step, request.intent.clone());
                                let what = What::AttemptStarted { step, intent };
                                self.take_in(Fact { at: now, what })?;
                                requests.push(request);
                            }
                            Err(what) => self.take_in(Fact { at: now, what: *what })?,
                        }
                    }
                }
                Next::Wait(_) | Next::Done(_) if !requests.is_empty() => {
                    return Ok(Then::Send(requests));
                }
                Next::Wait(wake) => return Ok(Then::Wait(wake)),
                Next::Done(_) => return Ok(Then::Done),
            }
        }
    }

    fn take_in(&mut self, fact: Fact) -> Result<(), EngineError> {
        self.run.apply(&fact).map_err(|error| EngineError::Unreadable {
            run: self.run.id(),
            why: error.to_string(),
        })?;
        tracing::debug!(
            fact = fact.what.kind(),
            step.path = fact.what.step().map(tracing::field::display)
        );
        self.pending.push(fact);
        Ok(())
    }

    /// Keeps what is pending, if anything of it must be on disk before more is done.
    async fn keep_binding(&mut self) -> Result<(), EngineError> {
        if self.pending.iter().any(|fact| fact.what.is_binding()) {
            self.keep().await
        } else {
            Ok(())
        }
    }

    async fn keep(&mut self) -> Result<(), EngineError> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let run = self.run.id();
        let mut summary = self.run.summary();
        if self.put_off {
            // The next start takes it up at once, whatever else the run waits for.
            summary.status = RunStatus::Running;
        }
        let kept = self.shared.runlog.append(run, self.kept, &self.pending, &summary).await;
        kept.map_err(|source| EngineError::Append { run, source })?;
        self.kept = self.run.seq();
        self.pending.clear();
        for told in self.told.drain(..) {
            // Whoever asked may have gone; the wish is kept all the same.
            let _ = told.send(true);
        }
        Ok(())
    }

    fn send(&mut self, request: Prepared) {
        let span = tracing::info_span!(
            "step",
            step.path = %request.step,
            connector.name = request.intent.connector,
            otel.name = format!("step {}", request.step.id),
        );
        let program = Arc::clone(self.run.program());
        let clock = Arc::clone(&self.shared.clock);
        let call = async move {
            let Prepared { step, call, client, outputs, .. } = request;
            let answer = client.send(call).await;
            let what = settle(&program, &step, outputs, answer, clock.now());
            (step, what)
        };
        self.calls.push(call.instrument(span).boxed());
    }

    /// Waits for news; false when there is nothing more to do for now.
    async fn wait(
        &mut self,
        wake: Option<Timestamp>,
        signals: &mut Signals,
    ) -> Result<bool, EngineError> {
        let now = self.shared.clock.now();
        let asleep = self.calls.is_empty();
        let closing = self.shared.closing.is_cancelled();
        if asleep && signals.is_empty() {
            let soon = wake.is_some_and(|at| until(now, at) <= SHORT_WAIT);
            if closing || !soon {
                self.shared.queue.timers.notify_one();
                return Ok(false);
            }
        }
        let wake = wake.map_or(Duration::from_secs(3600), |at| until(now, at));
        let give_up_at = self.give_up_at;
        tokio::select! {
            biased;
            Some(signal) = signals.recv() => self.take_signal(signal)?,
            Some((_, what)) = self.calls.next() => self.take_results(what)?,
            () = tokio::time::sleep(wake) => {}
            () = self.shared.closed.cancelled() => return Ok(false),
            () = self.shared.closing.cancelled(), if !closing && asleep => {}
            () = tokio::time::sleep_until(give_up_at.unwrap_or_else(Instant::now)),
                if give_up_at.is_some() => self.give_up()?,
        }
        Ok(true)
    }

    /// Takes in a result, and all others that are ready: they share one write.
    fn take_results(&mut self, first: What) -> Result<(), EngineError> {
        let mut what = Some(first);
        while let Some(fact) = what {
            let at = self.shared.clock.now();
            self.take_in(Fact { at, what: fact })?;
            what = self.calls.next().now_or_never().flatten().map(|(_, what)| what);
        }
        Ok(())
    }

    fn take_signal(&mut self, signal: Signal) -> Result<(), EngineError> {
        let Signal::Cancel { by, told } = signal;
        if self.run.outcome().is_some() {
            let _ = told.send(false);
            return Ok(());
        }
        let at = self.shared.clock.now();
        self.take_in(Fact { at, what: What::CancelRequested { by } })?;
        self.told.push(told);
        self.give_up_at.get_or_insert(Instant::now() + CANCEL_GRACE);
        Ok(())
    }

    /// Gives up the requests in hand: their outcome is unknown from now on.
    fn give_up(&mut self) -> Result<(), EngineError> {
        self.give_up_at = None;
        self.calls.clear();
        let at = self.shared.clock.now();
        for (step, intent) in self.run.in_hand() {
            self.take_in(Fact { at, what: abandoned(step, &intent) })?;
        }
        Ok(())
    }
}
