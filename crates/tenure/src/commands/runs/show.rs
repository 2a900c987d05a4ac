//! `tenure runs show`: one run with all its steps and attempts.

use anyhow::Result;
use clap::Args;
use jiff::Timestamp;
use tenure_api::{RunDetail, StepDetail, StepStatus};

use super::Source;
use crate::cli::Format;
use crate::error::Exit;
use crate::terminal::marks::{self, BOLD, DIM};
use crate::terminal::{Terminal, clock_time, rows, took};

/// Show one run with all its steps and attempts
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  tenure runs show last
  tenure runs show 0193b1c2d3e47f60a1b2c3d4e5f60718 --format json")]
pub(crate) struct Arguments {
    /// Id of the run, four or more characters of its beginning or end, or `last` for the newest
    run: String,
    /// How the run is printed
    #[arg(long, value_enum, default_value_t)]
    pub(super) format: Format,
}

/// Prints one run.
pub(super) async fn perform(arguments: Arguments, source: &Source) -> Result<Exit> {
    let detail = source.show(&source.meant(&arguments.run).await?).await?;
    let mut terminal = Terminal::stdout();
    if arguments.format == Format::Json {
        terminal.pretty_json(&detail)?;
        return Ok(Exit::Succeeded);
    }
    let now = Timestamp::now();
    for line in head(&detail, now) {
        terminal.line(line)?;
    }
    let mut drawn = Vec::new();
    steps(&detail.steps, 0, widest(&detail.steps, 0), now, &mut drawn);
    for line in drawn {
        terminal.row(line)?;
    }
    if !detail.output.is_null() {
        terminal.line(format!("\n{BOLD}output{BOLD:#}"))?;
        terminal.pretty_json(&detail.output)?;
    }
    Ok(Exit::Succeeded)
}

fn head(detail: &RunDetail, now: Timestamp) -> Vec<String> {
    let run = &detail.run;
    let field = |name: &str, value: String| format!("{DIM}{name:<9}{DIM:#} {value}");
    let mut lines = vec![
        format!("{BOLD}{}{BOLD:#}  {DIM}run {}{DIM:#}", run.workflow, run.id),
        String::new(),
        field("status", marks::run(run.status).shown(0)),
    ];
    if let Some(reason) = &run.reason {
        lines.push(field("because", reason.clone()));
    }
    if let Some(subject) = &run.subject {
        lines.push(field("subject", subject.clone()));
    }
    let by = detail.initiator.as_deref().map(|by| format!(", by {by}")).unwrap_or_default();
    lines.push(field("accepted", format!("{}{by}", clock_time(run.created_at, now))));
    if let Some(end) = run.ended_at {
        let time = took(end.duration_since(run.created_at).unsigned_abs());
        lines.push(field("ended", format!("{}, after {time}", clock_time(end, now))));
    }
    if let Some(until) = run.wake_at {
        lines.push(field("waits", format!("until {}", clock_time(until, now))));
    }
    // Versions are long; what tells two apart is at their beginning.
    lines.push(field("version", run.version.chars().take(12).collect()));
    lines.push(String::new());
    lines
}

fn widest(steps: &[StepDetail], depth: usize) -> usize {
    let widths = steps.iter().map(|step| {
        let own = 2 * depth + label(step).chars().count();
        own.max(widest(&step.steps, depth + 1))
    });
    widths.max().unwrap_or(0)
}

fn steps(all: &[StepDetail], depth: usize, column: usize, now: Timestamp, lines: &mut Vec<String>) {
    for step in all {
        let label = format!("{:indent$}{}", "", label(step), indent = 2 * depth);
        let time = match (step.started_at, step.ended_at) {
            (Some(start), Some(end)) if step.status != StepStatus::Skipped => {
                Some(end.duration_since(start).unsigned_abs())
            }
            _ => None,
        };
        lines.push(rows::step(&label, column, marks::step(step.status), time, &said(step, now)));
        if rows::are_worth_a_row(&step.attempts) {
            lines.extend(step.attempts.iter().map(|made| rows::attempt(made, column)));
        }
        lines.extend(answered(step).map(|body| rows::note("answered", &body, column)));
        if !step.output.is_null() {
            lines.push(rows::note("output", &rows::value(&step.output), column));
        }
        steps(&step.steps, depth + 1, column, now, lines);
    }
}

/// What there is to say of a step in its own line.
fn said(step: &StepDetail, now: Timestamp) -> String {
    match step.until {
        Some(until) if step.kind == "wait" && step.status == StepStatus::Waiting => {
            format!("until {}", clock_time(until, now))
        }
        _ => step.reason.as_ref().or(step.target.as_ref()).cloned().unwrap_or_default(),
    }
}

/// The beginning of the answer that a step failed with.
fn answered(step: &StepDetail) -> Option<String> {
    if step.status == StepStatus::Succeeded {
        return None;
    }
    let body = &step.response.as_ref()?.body;
    (!body.is_null()).then(|| rows::value(body))
}

/// The step's id, and what it stands in when order does not say it.
fn label(step: &StepDetail) -> String {
    let id = step.path.rsplit('/').next().unwrap_or(&step.path);
    match &step.within {
        Some(within) => format!("{id} ({within})"),
        None => id.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use tenure_api::{AttemptDetail, RunStatus, RunSummary};

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + second).unwrap()
    }

    fn step(path: &str, status: StepStatus) -> StepDetail {
        StepDetail {
            path: path.into(),
            kind: "call".into(),
            within: None,
            target: None,
            status,
            reason: None,
            until: None,
            attempts: Vec::new(),
            started_at: Some(at(0)),
            ended_at: Some(at(2)),
            output: serde_json::Value::Null,
            response: None,
            steps: Vec::new(),
        }
    }

    #[test]
    fn steps_stand_inside_steps_and_say_why() {
        let attempt = |number, outcome: &str, retry_in_ms| AttemptDetail {
            number,
            started_at: at(0),
            duration_ms: 10,
            outcome: outcome.into(),
            retry_in_ms,
        };
        let mut join = step("teams[0]/join", StepStatus::Succeeded);
        join.within = Some("platform".into());
        join.attempts =
            vec![attempt(1, "429 Too Many Requests", Some(2000)), attempt(2, "200 OK", None)];
        let mut teams = step("teams", StepStatus::Succeeded);
        teams.steps = vec![join];
        let mut laptop = step("laptop", StepStatus::Skipped);
        laptop.reason = Some("its condition is false".into());
        let mut drawn = Vec::new();
        let all = [teams, laptop];
        steps(&all, 0, widest(&all, 0), at(10), &mut drawn);
        insta::assert_snapshot!(anstream::adapter::strip_str(&drawn.join("\n")).to_string(), @r"
          teams              ✓ succeeded       2.0 s
            join (platform)  ✓ succeeded       2.0 s
                               attempt 1       10 ms   429 Too Many Requests, waited 2.0 s
                               attempt 2       10 ms   200 OK
          laptop             − skipped                 its condition is false
        ");
    }

    #[test]
    fn a_step_shows_what_was_answered_and_what_it_kept() {
        let answer = |status, body| {
            Some(tenure_api::ResponseDetail { status, headers: serde_json::Map::new(), body })
        };
        let mut greet = step("greet", StepStatus::Failed);
        greet.reason = Some("replied 400 Bad Request".into());
        greet.response = answer(400, json!({ "error": "no_channel" }));
        let mut account = step("account", StepStatus::Succeeded);
        account.output = json!({ "id": "7" });
        account.response = answer(201, json!({ "id": "7" }));
        let mut drawn = Vec::new();
        steps(&[account, greet], 0, 7, at(10), &mut drawn);
        insta::assert_snapshot!(anstream::adapter::strip_str(&drawn.join("\n")).to_string(), @r#"
          account  ✓ succeeded       2.0 s
                     output      {"id":"7"}
          greet    ✗ failed          2.0 s   replied 400 Bad Request
                     answered    {"error":"no_channel"}
        "#);
    }

    #[test]
    fn the_head_says_what_matters_first() {
        let detail = RunDetail {
            run: RunSummary {
                id: "0193".into(),
                workflow: "joiner".into(),
                version: "0123456789abcdef".into(),
                status: RunStatus::Failed,
                reason: Some("step \"join\" failed: no answer".into()),
                subject: Some("ann@example.com".into()),
                created_at: at(0),
                updated_at: at(2),
                ended_at: Some(at(2)),
                wake_at: None,
            },
            initiator: Some("event".into()),
            input: serde_json::Value::Null,
            steps: Vec::new(),
            output: serde_json::Value::Null,
            error: None,
        };
        let drawn = head(&detail, at(10)).join("\n");
        let drawn = anstream::adapter::strip_str(&drawn).to_string();
        for expected in [
            "joiner  run 0193",
            "status    ✗ failed",
            "because   step \"join\" failed: no answer",
            "subject   ann@example.com",
            "version   0123456789ab",
        ] {
            assert!(drawn.contains(expected), "{drawn}");
        }
    }
}
