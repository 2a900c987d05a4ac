//! A run with all its steps.

use serde_json::Value;
use tenure_api::{ResponseDetail, RunDetail, RunError, RunSummary, StepDetail};
use tenure_language::Scope;
use tenure_run::{Outcome, Response, Run, StepStatus, StepView, Summary, WaitingFor};

use super::{attempts, run_status, step_status};

/// A run in one line.
#[must_use]
pub fn run_summary(summary: &Summary) -> RunSummary {
    RunSummary {
        id: summary.run.to_string(),
        workflow: summary.workflow.clone(),
        version: summary.version.clone(),
        status: run_status(summary.status),
        reason: summary.reason.clone(),
        subject: summary.subject.clone(),
        created_at: summary.created_at,
        updated_at: summary.updated_at,
        ended_at: summary.ended_at,
        wake_at: summary.wake_at,
    }
}

/// A run with its steps as a tree.
#[must_use]
pub fn run_detail(run: &Run) -> RunDetail {
    let (output, error) = match run.outcome() {
        Some(Outcome::Succeeded { output, .. }) => (output.clone(), None),
        Some(Outcome::Failed(error)) => {
            let error = RunError {
                name: error.name.clone(),
                message: error.message.clone(),
                step: error.step.as_ref().map(ToString::to_string),
            };
            (Value::Null, Some(error))
        }
        Some(Outcome::Cancelled { .. }) | None => (Value::Null, None),
    };
    RunDetail {
        run: run_summary(&run.summary()),
        initiator: Some(run.initiator().to_owned()),
        input: run.input().clone(),
        steps: tree(run.steps().into_iter().map(|view| with_items(run, view)).collect()),
        output,
        error,
    }
}

/// A loop that succeeded says how many items it had, and how many of them failed.
fn with_items(run: &Run, view: StepView) -> StepView {
    if view.kind != "for_each" || view.status != StepStatus::Succeeded || view.reason.is_some() {
        return view;
    }
    let scope = run.scope(&view.path);
    let seen = scope.lookup("steps", Some(&view.path.id));
    let count = |name: &str| seen.as_ref()?.get("output")?.get(name)?.as_u64();
    let reason = count("succeeded").zip(count("failed")).map(|(succeeded, failed)| {
        let items = match succeeded + failed {
            1 => "1 item".to_owned(),
            items => format!("{items} items"),
        };
        if failed == 0 { items } else { format!("{items}, {failed} failed") }
    });
    StepView { reason, ..view }
}

/// Steps in order, each with its depth, become steps inside steps.
fn tree(views: Vec<StepView>) -> Vec<StepDetail> {
    // The steps that are still open, outermost first; index 0 is the whole run.
    let mut open: Vec<Vec<StepDetail>> = vec![Vec::new()];
    for view in views {
        close(&mut open, view.depth + 1);
        // A step without the step around it would be a defect of the fold; it is shown anyway.
        while open.len() < view.depth + 1 {
            open.push(Vec::new());
        }
        if let Some(level) = open.last_mut() {
            level.push(step(view));
        }
    }
    close(&mut open, 1);
    open.pop().unwrap_or_default()
}

/// Hands the innermost steps to the step around them until `depth` levels are open.
fn close(open: &mut Vec<Vec<StepDetail>>, depth: usize) {
    while open.len() > depth {
        let inner = open.pop().unwrap_or_default();
        match open.last_mut().map(|level| (level.is_empty(), level)) {
            Some((false, level)) => {
                if let Some(around) = level.last_mut() {
                    around.steps.extend(inner);
                }
            }
            Some((true, level)) => level.extend(inner),
            None => {}
        }
    }
}

fn step(view: StepView) -> StepDetail {
    let until = match view.waiting_for {
        Some(WaitingFor::Until(at) | WaitingFor::RetryAt(at)) => Some(at),
        Some(WaitingFor::Person) | None => None,
    };
    StepDetail {
        path: view.path.to_string(),
        kind: view.kind.to_owned(),
        within: view.within,
        target: view.target,
        status: step_status(view.status),
        reason: view.reason.or_else(|| view.error.map(|error| error.message)),
        until,
        attempts: attempts(&view.attempts),
        started_at: view.started_at,
        ended_at: view.ended_at,
        output: if view.output.is_empty() { Value::Null } else { Value::Object(view.output) },
        response: view.response.map(response),
        steps: Vec::new(),
    }
}

fn response(kept: Response) -> ResponseDetail {
    ResponseDetail { status: kept.status, headers: kept.headers, body: kept.body }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tenure_run::StepPath;

    fn view(id: &str, depth: usize) -> StepView {
        StepView {
            path: StepPath::top(id),
            depth,
            within: None,
            kind: "set",
            target: None,
            status: StepStatus::Succeeded,
            reason: None,
            started_at: None,
            ended_at: None,
            waiting_for: None,
            attempts: Vec::new(),
            intent: None,
            output: serde_json::Map::new(),
            response: None,
            error: None,
        }
    }

    fn shown(steps: &[StepDetail]) -> String {
        let shown = |step: &StepDetail| match shown(&step.steps).as_str() {
            "" => step.path.clone(),
            inner => format!("{}({inner})", step.path),
        };
        steps.iter().map(shown).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn depths_become_a_tree() {
        let check = |steps: &[(&str, usize)], expected: &str| {
            let views = steps.iter().map(|(id, depth)| view(id, *depth)).collect();
            assert_eq!(shown(&tree(views)), expected);
        };
        check(&[], "");
        check(&[("a", 0), ("b", 0)], "a b");
        check(&[("a", 0), ("b", 1), ("c", 2), ("d", 1), ("e", 0)], "a(b(c) d) e");
        check(&[("a", 0), ("b", 1), ("c", 2), ("d", 0), ("e", 1)], "a(b(c)) d(e)");
    }
}
