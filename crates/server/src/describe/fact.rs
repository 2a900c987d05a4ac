//! One fact, told.

use tenure_api::{EventKind, RunEvent, RunStatus, StepStatus};
use tenure_run::{Fact, RunId, StepError, What};

use super::attempts;

/// The fact with this number as clients see it.
///
/// What a run was given, keeps and answers is left out: it is asked for with the run.
#[must_use]
pub fn run_event(run: RunId, seq: u64, fact: &Fact) -> RunEvent {
    let told = tell(&fact.what);
    RunEvent {
        run: run.to_string(),
        seq,
        at: fact.at,
        kind: told.kind,
        run_status: told.run_status,
        step: fact.what.step().map(ToString::to_string),
        step_kind: told.step_kind.map(str::to_owned),
        step_status: told.step_status,
        text: told.text,
        attempts: told.attempts,
        until: told.until,
    }
}

/// What a fact says, apart from when and to whom.
struct Told {
    kind: EventKind,
    run_status: Option<RunStatus>,
    step_kind: Option<&'static str>,
    step_status: Option<StepStatus>,
    text: Option<String>,
    attempts: Vec<tenure_api::AttemptDetail>,
    until: Option<jiff::Timestamp>,
}

impl Told {
    fn new(kind: EventKind) -> Self {
        Self {
            kind,
            run_status: None,
            step_kind: None,
            step_status: None,
            text: None,
            attempts: Vec::new(),
            until: None,
        }
    }

    fn run(kind: EventKind, status: RunStatus) -> Self {
        Self { run_status: Some(status), ..Self::new(kind) }
    }

    fn step(kind: EventKind, status: StepStatus) -> Self {
        Self { step_status: Some(status), ..Self::new(kind) }
    }

    fn of(self, step_kind: &'static str) -> Self {
        Self { step_kind: Some(step_kind), ..self }
    }

    fn text(self, text: impl Into<String>) -> Self {
        Self { text: Some(text.into()), ..self }
    }
}

fn tell(what: &What) -> Told {
    use EventKind::{Note, RunChanged, RunCreated, RunEnded};
    match what {
        What::Created { workflow, initiator, .. } => Told::run(RunCreated, RunStatus::Queued)
            .text(format!("workflow {workflow}, started by {initiator}")),
        What::Started => Told::run(RunChanged, RunStatus::Running),
        What::CancelRequested { by } => Told::new(Note).text(format!("{by} asked to cancel")),
        What::Succeeded { reason, .. } => {
            Told { text: reason.clone(), ..Told::run(RunEnded, RunStatus::Succeeded) }
        }
        What::Failed { error } => Told::run(RunEnded, RunStatus::Failed).text(sentence(error)),
        What::Cancelled { by } => {
            Told::run(RunEnded, RunStatus::Cancelled).text(format!("cancelled by {by}"))
        }
        step => tell_step(step),
    }
}

fn tell_step(what: &What) -> Told {
    use EventKind::{StepAttempted, StepEnded, StepStarted, StepWaiting};
    match what {
        What::StepSkipped { reason, .. } => {
            Told::step(StepEnded, StepStatus::Skipped).text(reason.clone())
        }
        What::BranchesStarted { .. } => Told::step(StepStarted, StepStatus::Running).of("parallel"),
        What::BranchTaken { case: Some(case), .. } => Told::step(StepStarted, StepStatus::Running)
            .of("switch")
            .text(format!("case {}", case + 1)),
        What::BranchTaken { case: None, .. } => {
            Told::step(StepEnded, StepStatus::Succeeded).of("switch").text("no case holds")
        }
        What::LoopExpanded { items, .. } => {
            Told::step(StepStarted, StepStatus::Running).of("for_each").text(match items.len() {
                1 => "1 item".to_owned(),
                count => format!("{count} items"),
            })
        }
        What::VarsSet { .. } => Told::step(StepEnded, StepStatus::Succeeded).of("set"),
        What::TimerSet { until, .. } => {
            Told { until: Some(*until), ..Told::step(StepWaiting, StepStatus::Waiting).of("wait") }
        }
        What::TimerFired { .. } => Told::step(StepEnded, StepStatus::Succeeded).of("wait"),
        What::AttemptStarted { intent, .. } => Told::step(StepStarted, StepStatus::Running)
            .of("call")
            .text(format!("{}: {} {}", intent.connector, intent.method, intent.path)),
        What::AttemptPaused { retry_at, error, attempts: made, .. } => Told {
            until: Some(*retry_at),
            attempts: attempts(made),
            ..Told::step(StepWaiting, StepStatus::Waiting).of("call").text(error.message.clone())
        },
        What::StepInDoubt { error, attempts: made, .. } => Told {
            attempts: attempts(made),
            run_status: Some(RunStatus::NeedsAttention),
            ..Told::step(StepAttempted, StepStatus::Waiting).of("call").text(sentence(error))
        },
        What::StepSucceeded { attempts: made, .. } => {
            Told { attempts: attempts(made), ..Told::step(StepEnded, StepStatus::Succeeded) }
        }
        What::StepFailed { error, attempts: made, .. } => Told {
            attempts: attempts(made),
            ..Told::step(StepEnded, StepStatus::Failed).text(error.message.clone())
        },
        What::Stopped { reason, .. } => {
            Told::step(StepEnded, StepStatus::Succeeded).of("stop").text(reason.clone())
        }
        What::Created { .. }
        | What::Started
        | What::CancelRequested { .. }
        | What::Succeeded { .. }
        | What::Failed { .. }
        | What::Cancelled { .. } => Told::new(EventKind::Note),
    }
}

/// An error as one sentence that names its step.
fn sentence(error: &StepError) -> String {
    match &error.step {
        Some(step) => format!("step \"{step}\" failed: {}", error.message),
        None => error.message.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;
    use serde_json::{Map, json};
    use tenure_run::{AttemptRecord, StepPath};

    fn told(what: What) -> RunEvent {
        run_event(RunId::new(), 7, &Fact { at: Timestamp::UNIX_EPOCH, what })
    }

    #[test]
    fn an_attempt_that_was_repeated_is_told_with_its_waits() {
        let attempt = |number, outcome: &str, retry_in_ms| AttemptRecord {
            number,
            at: Timestamp::UNIX_EPOCH,
            took_ms: 12,
            outcome: outcome.to_owned(),
            retry_in_ms,
        };
        let event = told(What::StepSucceeded {
            step: StepPath::top("welcome"),
            output: Map::new(),
            response: None,
            attempts: vec![
                attempt(1, "429 Too Many Requests", Some(2000)),
                attempt(2, "200 OK", None),
            ],
        });
        assert_eq!((event.seq, event.kind), (7, EventKind::StepEnded));
        assert_eq!(event.step.as_deref(), Some("welcome"));
        assert_eq!(event.attempts[0].retry_in_ms, Some(2000));
        assert_eq!(event.attempts[1].outcome, "200 OK");
    }

    #[test]
    fn what_a_run_was_given_and_answers_is_not_told() {
        let secret = json!({ "salary": 4711 });
        let created = told(What::Created {
            workflow: "joiner".into(),
            version: "v".into(),
            subject: None,
            initiator: "event".into(),
            event: secret.clone(),
            input: secret.clone(),
        });
        let ended = told(What::Succeeded { output: secret, reason: None });
        for event in [created, ended] {
            assert!(!serde_json::to_string(&event).unwrap().contains("4711"));
        }
    }

    #[test]
    fn a_run_ends_with_its_status_and_why() {
        let mut error = StepError::new("http.503", "directory answered 503 Service Unavailable");
        error.step = Some(StepPath::top("account"));
        let event = told(What::Failed { error });
        assert_eq!(event.kind, EventKind::RunEnded);
        assert_eq!(event.run_status, Some(RunStatus::Failed));
        assert_eq!(
            event.text.as_deref(),
            Some(r#"step "account" failed: directory answered 503 Service Unavailable"#)
        );
    }
}
