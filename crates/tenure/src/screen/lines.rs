//! The lines of a screen.

use std::time::Duration;

use jiff::Timestamp;
use tenure_api::{RunEvent, RunStatus, StepStatus};

use super::OpenStep;
use crate::terminal::{clock_time, marks, rows, took};

const SPINNER: [&str; 4] = ["◐", "◓", "◑", "◒"];

/// A step that has ended, with its attempts if it took more than one.
pub(super) fn ended(
    event: &RunEvent,
    open: Option<&OpenStep>,
    failed_items: usize,
    column: usize,
) -> Vec<String> {
    let status = event.step_status.unwrap_or(StepStatus::Succeeded);
    let path = event.step.as_deref().unwrap_or_default();
    let time = open.map(|open| event.at.duration_since(open.since).unsigned_abs());
    let asked = open.and_then(|open| open.text.as_deref());
    // Why a step failed or was skipped matters more than what it asked for.
    let text = match (event.text.as_deref(), asked) {
        (None, Some(items)) if failed_items > 0 => format!("{items}, {failed_items} failed"),
        (text, asked) => text.or(asked).unwrap_or_default().to_owned(),
    };
    let mut lines = vec![rows::step(path, column, marks::step(status), time, &text)];
    let before = open.map(|open| open.attempts.as_slice()).unwrap_or_default();
    let attempts: Vec<_> = before.iter().chain(&event.attempts).collect();
    if rows::are_worth_a_row(attempts.iter().copied()) {
        lines.extend(attempts.into_iter().map(|made| rows::attempt(made, column)));
    }
    lines
}

/// A step that waits, where nothing is drawn again.
///
/// How long it waits counts from its beginning, which may be long ago when it is told again.
pub(super) fn waiting(event: &RunEvent, column: usize, now: Timestamp) -> String {
    let path = event.step.as_deref().unwrap_or_default();
    let text = until(event.until, event.text.as_deref(), event.at, now);
    rows::step(path, column, marks::step(StepStatus::Waiting), None, &text)
}

/// A step at work.
pub(super) fn open_line(step: &OpenStep, column: usize, spinning: u128, now: Timestamp) -> String {
    let mut look = marks::step(step.status);
    if step.status == StepStatus::Running {
        let at = usize::try_from(spinning).unwrap_or_default() % SPINNER.len();
        look.mark = SPINNER.get(at).copied().unwrap_or(look.mark);
    }
    let time = now.duration_since(step.since);
    let time = (!time.is_negative()).then(|| whole_tenths(time.unsigned_abs()));
    let text = match step.status {
        StepStatus::Waiting => until(step.until, step.text.as_deref(), now, now),
        _ => step.text.clone().unwrap_or_default(),
    };
    rows::step(&step.path, column, look, time, &text)
}

/// How a run ended.
pub(super) fn outcome(status: RunStatus, time: Option<Duration>, reason: Option<&str>) -> String {
    let look = marks::run(status);
    let time = time.map(|time| format!(" in {}", took(time))).unwrap_or_default();
    let reason = reason.map(|reason| format!(": {reason}")).unwrap_or_default();
    format!("{}{time}{reason}", look.shown(0))
}

fn until(until: Option<Timestamp>, why: Option<&str>, since: Timestamp, now: Timestamp) -> String {
    let until = until.map(|until| {
        let left = until.duration_since(since);
        let time = clock_time(until, now);
        if left.is_positive() {
            format!("until {time} (in {})", took(left.unsigned_abs()))
        } else {
            format!("until {time}")
        }
    });
    match (until, why) {
        (Some(until), Some(why)) => format!("{until}: {why}"),
        (Some(until), None) => until,
        (None, why) => why.unwrap_or_default().to_owned(),
    }
}

/// Milliseconds that change with each drawing would flicker.
fn whole_tenths(time: Duration) -> Duration {
    let millis = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    Duration::from_millis(millis / 100 * 100)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tenure_api::{AttemptDetail, EventKind};

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millisecond(1_000_000 + millis).unwrap()
    }

    fn event(status: StepStatus, text: Option<&str>, attempts: Vec<AttemptDetail>) -> RunEvent {
        RunEvent {
            run: "r".into(),
            seq: 1,
            at: at(2312),
            kind: EventKind::StepEnded,
            run_status: None,
            step: Some("teams[0]/join".into()),
            step_kind: None,
            step_status: Some(status),
            text: text.map(str::to_owned),
            attempts,
            until: None,
        }
    }

    fn open(text: &str) -> OpenStep {
        OpenStep {
            path: "teams[0]/join".into(),
            status: StepStatus::Running,
            text: Some(text.to_owned()),
            since: at(0),
            until: None,
            attempts: Vec::new(),
        }
    }

    fn made(number: u32, outcome: &str, retry_in_ms: Option<u64>) -> AttemptDetail {
        let duration_ms = 12;
        let outcome = outcome.to_owned();
        AttemptDetail { number, started_at: at(0), duration_ms, outcome, retry_in_ms }
    }

    fn plain(lines: &[String]) -> String {
        anstream::adapter::strip_str(&lines.join("\n")).to_string()
    }

    #[test]
    fn a_step_that_took_two_attempts_shows_both() {
        let attempts = vec![made(1, "429 Too Many Requests", Some(2000)), made(2, "200 OK", None)];
        let event = event(StepStatus::Succeeded, None, attempts);
        let lines = ended(&event, Some(&open("chat: POST /api/messages")), 0, 14);
        insta::assert_snapshot!(plain(&lines), @r"
          teams[0]/join   ✓ succeeded       2.3 s   chat: POST /api/messages
                            attempt 1       12 ms   429 Too Many Requests, waited 2.0 s
                            attempt 2       12 ms   200 OK
        ");
    }

    #[test]
    fn a_step_that_took_one_attempt_is_one_line() {
        let event = event(StepStatus::Succeeded, None, vec![made(1, "200 OK", None)]);
        assert_eq!(ended(&event, None, 0, 14).len(), 1);
    }

    #[test]
    fn a_step_that_failed_says_why() {
        let event = event(StepStatus::Failed, Some("chat replied 403 Forbidden"), vec![]);
        let lines = ended(&event, Some(&open("chat: POST /api/messages")), 0, 14);
        insta::assert_snapshot!(plain(&lines), @"  teams[0]/join   ✗ failed          2.3 s   chat replied 403 Forbidden");
    }

    #[test]
    fn a_loop_that_went_on_says_how_many_items_failed() {
        let event = event(StepStatus::Succeeded, None, vec![]);
        let line = |failed| plain(&ended(&event, Some(&open("3 items")), failed, 14));
        assert!(line(2).ends_with("3 items, 2 failed"), "{}", line(2));
        assert!(line(0).ends_with("3 items"), "{}", line(0));
    }

    #[test]
    fn a_wait_of_another_day_names_the_day() {
        let event = RunEvent { until: Some(at(9_000)), ..event(StepStatus::Waiting, None, vec![]) };
        let line = |now| plain(&[waiting(&event, 14, now)]);
        assert_eq!(line(at(0)).matches('-').count(), 0, "{}", line(at(0)));
        let later = at(0) + jiff::Span::new().hours(72);
        assert_eq!(line(later).matches('-').count(), 2, "{}", line(later));
        assert!(line(later).ends_with("(in 6.6 s)"), "{}", line(later));
    }

    #[test]
    fn a_run_ends_in_one_line() {
        let line =
            |status, reason| plain(&[outcome(status, Some(Duration::from_millis(2312)), reason)]);
        assert_eq!(line(RunStatus::Succeeded, None), "✓ succeeded in 2.3 s");
        assert_eq!(
            line(RunStatus::Failed, Some("step \"join\" failed: no answer")),
            "✗ failed in 2.3 s: step \"join\" failed: no answer"
        );
    }
}
