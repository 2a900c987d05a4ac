//! A run as it happens, drawn from its facts and from nothing else.
//!
//! What is over is printed once and stays. On a terminal the steps at work are drawn below it,
//! again and again; elsewhere only what is over, and waits, are printed.

mod items;
mod lines;
mod shape;

use std::collections::HashSet;
use std::io;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tenure_api::{AttemptDetail, EventKind, RunEvent, RunStatus, StepStatus};

use crate::terminal::{Terminal, cut};
pub(crate) use shape::Shape;

use items::Items;
use lines::{ended, open_line, outcome, waiting};

/// How often steps at work are drawn again.
pub(crate) const REDRAW: Duration = Duration::from_millis(120);
/// Most steps at work that are drawn.
const OPEN_DRAWN_MAX: usize = 12;

/// A step that has begun and not ended.
#[derive(Debug, Clone)]
struct OpenStep {
    path: String,
    status: StepStatus,
    text: Option<String>,
    since: Timestamp,
    until: Option<Timestamp>,
    attempts: Vec<AttemptDetail>,
}

/// Draws one run.
#[derive(Debug)]
pub(crate) struct Screen {
    terminal: Terminal,
    /// Columns for the paths of steps.
    column: usize,
    /// Steps that may fail without failing what is around them.
    forgiven: HashSet<String>,
    open: Vec<OpenStep>,
    items: Items,
    /// Lines that are drawn below what stays.
    drawn: usize,
    began: Option<Timestamp>,
    seen: Option<Timestamp>,
    started: Instant,
    status: RunStatus,
    reason: Option<String>,
    hidden: bool,
}

impl Screen {
    /// A screen that shows nothing and only knows where the run stands.
    pub(crate) fn hidden() -> Self {
        Self { hidden: true, ..Self::new(Shape::default()) }
    }

    /// A screen for a run of this shape.
    pub(crate) fn new(shape: Shape) -> Self {
        Self {
            terminal: Terminal::stdout(),
            column: shape.longest_path.clamp(12, 36),
            forgiven: shape.forgiven,
            open: Vec::new(),
            items: Items::default(),
            drawn: 0,
            began: None,
            seen: None,
            started: Instant::now(),
            status: RunStatus::Queued,
            reason: None,
            hidden: false,
        }
    }

    /// Where the run stands, as far as was seen.
    pub(crate) fn status(&self) -> RunStatus {
        self.status
    }

    /// Prints a line that stays, above the steps at work.
    pub(crate) fn say(&mut self, text: impl AsRef<str>) -> io::Result<()> {
        self.erase()?;
        self.terminal.line(text)?;
        self.redraw()
    }

    /// Takes in one fact.
    pub(crate) fn take(&mut self, event: &RunEvent) -> io::Result<()> {
        self.began.get_or_insert(event.at);
        self.seen = Some(event.at);
        if let Some(status) = event.run_status {
            self.status = status;
        }
        if self.hidden {
            return Ok(());
        }
        match event.kind {
            EventKind::RunCreated | EventKind::RunChanged => {}
            EventKind::RunEnded => self.reason.clone_from(&event.text),
            EventKind::StepStarted | EventKind::StepAttempted => self.started(event),
            EventKind::StepWaiting => {
                self.started(event);
                if !self.terminal.is_live() {
                    let line = waiting(event, self.column, Timestamp::now());
                    self.terminal.line(line)?;
                }
            }
            EventKind::StepEnded => self.ended(event)?,
            EventKind::Note => {
                if let Some(text) = &event.text {
                    self.say(format!("  {text}"))?;
                }
            }
        }
        self.redraw()
    }

    /// Draws the steps at work again; does nothing where nobody sees it.
    pub(crate) fn redraw(&mut self) -> io::Result<()> {
        if !self.terminal.is_live() || self.hidden {
            return Ok(());
        }
        let width = self.terminal.width().saturating_sub(1);
        let now = Timestamp::now();
        let spinning = self.started.elapsed().as_millis() / REDRAW.as_millis();
        let mut text = self.erasure();
        let shown = self.open.iter().rev().take(OPEN_DRAWN_MAX).rev();
        self.drawn = 0;
        for step in shown {
            text.push_str(&cut(&open_line(step, self.column, spinning, now), width));
            text.push('\n');
            self.drawn += 1;
        }
        self.terminal.text(&text)
    }

    /// Prints how the run ended, after everything else.
    pub(crate) fn finish(&mut self) -> io::Result<()> {
        self.erase()?;
        let took = self.began.zip(self.seen);
        let took = took.map(|(began, seen)| seen.duration_since(began).unsigned_abs());
        self.terminal.line("")?;
        self.terminal.line(outcome(self.status, took, self.reason.as_deref()))
    }

    /// Takes the steps at work off the screen.
    pub(crate) fn erase(&mut self) -> io::Result<()> {
        let text = self.erasure();
        self.drawn = 0;
        if text.is_empty() { Ok(()) } else { self.terminal.text(&text) }
    }

    fn erasure(&self) -> String {
        // Up so many lines, then clear to the end of the screen.
        if self.drawn == 0 { String::new() } else { format!("\x1b[{}A\x1b[J", self.drawn) }
    }

    fn started(&mut self, event: &RunEvent) {
        let Some(path) = &event.step else { return };
        let status = event.step_status.unwrap_or(StepStatus::Running);
        if let Some(step) = self.open.iter_mut().find(|step| step.path == *path) {
            step.status = status;
            step.until = event.until;
            step.text = event.text.clone().or_else(|| step.text.take());
            step.attempts.extend(event.attempts.iter().cloned());
            return;
        }
        self.open.push(OpenStep {
            path: path.clone(),
            status,
            text: event.text.clone(),
            since: event.at,
            until: event.until,
            attempts: event.attempts.clone(),
        });
    }

    fn ended(&mut self, event: &RunEvent) -> io::Result<()> {
        let Some(path) = &event.step else { return Ok(()) };
        let open = self.open.iter().position(|step| step.path == *path);
        let open = open.map(|index| self.open.remove(index));
        let failed = event.step_status == Some(StepStatus::Failed);
        let id = path.rsplit('/').next().unwrap_or(path);
        self.items.ended(path, failed && !self.forgiven.contains(id));
        let failed_items = self.items.failed_of(path);
        self.erase()?;
        for line in ended(event, open.as_ref(), failed_items, self.column) {
            self.terminal.row(line)?;
        }
        Ok(())
    }
}
