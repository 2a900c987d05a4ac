//! Runs and facts in the words of the API.
//!
//! The one place that turns what is kept into what is shown: lists, streams and the terminal of a
//! run without a daemon all read it from here.

mod detail;
mod fact;

pub use detail::{run_detail, run_summary};
pub use fact::run_event;

use tenure_api as api;
use tenure_run::{AttemptRecord, RunStatus, StepStatus};

pub(crate) fn run_status(status: RunStatus) -> api::RunStatus {
    match status {
        RunStatus::Queued => api::RunStatus::Queued,
        RunStatus::Running => api::RunStatus::Running,
        RunStatus::Waiting => api::RunStatus::Waiting,
        RunStatus::Paused => api::RunStatus::Paused,
        RunStatus::NeedsAttention => api::RunStatus::NeedsAttention,
        RunStatus::Succeeded => api::RunStatus::Succeeded,
        RunStatus::Failed => api::RunStatus::Failed,
        RunStatus::Cancelled => api::RunStatus::Cancelled,
    }
}

pub(crate) fn step_status(status: StepStatus) -> api::StepStatus {
    match status {
        StepStatus::Pending => api::StepStatus::Pending,
        StepStatus::Running => api::StepStatus::Running,
        StepStatus::Waiting => api::StepStatus::Waiting,
        StepStatus::Succeeded => api::StepStatus::Succeeded,
        StepStatus::Failed => api::StepStatus::Failed,
        StepStatus::Skipped => api::StepStatus::Skipped,
        StepStatus::Cancelled => api::StepStatus::Cancelled,
    }
}

pub(crate) fn attempt(record: &AttemptRecord) -> api::AttemptDetail {
    api::AttemptDetail {
        number: record.number,
        started_at: record.at,
        duration_ms: record.took_ms,
        outcome: record.outcome.clone(),
        retry_in_ms: record.retry_in_ms,
    }
}

pub(crate) fn attempts(records: &[AttemptRecord]) -> Vec<api::AttemptDetail> {
    records.iter().map(attempt).collect()
}
