//! Marks and colours of statuses.
//!
//! The word is always there; mark and colour only help the eye.

use anstyle::{AnsiColor, Style};
use tenure_api::{RunStatus, StepStatus};

/// For what matters least.
pub(crate) const DIM: Style = Style::new().dimmed();
/// For headings and names.
pub(crate) const BOLD: Style = Style::new().bold();

const GREEN: Style = AnsiColor::Green.on_default();
const RED: Style = AnsiColor::Red.on_default();
const YELLOW: Style = AnsiColor::Yellow.on_default();
const BLUE: Style = AnsiColor::Blue.on_default();

/// How one status looks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Look {
    /// One column wide.
    pub(crate) mark: &'static str,
    /// The word for people.
    pub(crate) word: &'static str,
    /// Its colour.
    pub(crate) style: Style,
}

impl Look {
    /// Mark and word, the word filled up to `width` columns.
    pub(crate) fn shown(self, width: usize) -> String {
        let Self { mark, word, style } = self;
        format!("{style}{mark} {word:<width$}{style:#}")
    }
}

/// How the status of a run looks.
pub(crate) fn run(status: RunStatus) -> Look {
    let (mark, word, style) = match status {
        RunStatus::Queued => ("·", "queued", DIM),
        RunStatus::Running => ("▸", "running", BLUE),
        RunStatus::Waiting => ("◦", "waiting", BLUE),
        RunStatus::Paused => ("‖", "paused", YELLOW),
        RunStatus::NeedsAttention => ("!", "needs attention", YELLOW),
        RunStatus::Succeeded => ("✓", "succeeded", GREEN),
        RunStatus::Failed => ("✗", "failed", RED),
        RunStatus::Cancelled => ("−", "cancelled", YELLOW),
    };
    Look { mark, word, style }
}

/// How the status of a step looks.
pub(crate) fn step(status: StepStatus) -> Look {
    let (mark, word, style) = match status {
        StepStatus::Pending => ("·", "pending", DIM),
        StepStatus::Running => ("▸", "running", BLUE),
        StepStatus::Waiting => ("◦", "waiting", BLUE),
        StepStatus::Succeeded => ("✓", "succeeded", GREEN),
        StepStatus::Failed => ("✗", "failed", RED),
        StepStatus::Skipped => ("−", "skipped", DIM),
        StepStatus::Cancelled => ("−", "cancelled", YELLOW),
    };
    Look { mark, word, style }
}

/// Whether a check passed.
pub(crate) fn passed(ok: bool) -> Look {
    if ok {
        Look { mark: "✓", word: "ok", style: GREEN }
    } else {
        Look { mark: "✗", word: "failed", style: RED }
    }
}
