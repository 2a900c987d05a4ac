//! `tenure runs list`: runs, newest first.

use anyhow::Result;
use clap::Args;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use tenure_api::{RunQuery, RunStatus};
use tenure_language::parse_duration;

use super::Source;
use crate::cli::Format;
use crate::error::{CommandError, Exit};
use crate::terminal::{Table, Terminal, ago, clock_time, marks, took};

/// List runs, newest first
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  tenure runs list --status failed --since 24h
  tenure runs list --subject ann@example.com --format json")]
pub(crate) struct Arguments {
    /// Runs of this workflow only
    #[arg(long)]
    workflow: Option<String>,
    /// Runs in this status only
    #[arg(long, value_parser = RunStatus::ALL.map(RunStatus::word))]
    status: Option<String>,
    /// Runs about exactly this subject
    #[arg(long)]
    subject: Option<String>,
    /// Runs accepted since then: a day, a time, or how long ago, such as 2026-11-23 or 24h
    #[arg(long, value_name = "WHEN")]
    since: Option<String>,
    /// Runs accepted before then
    #[arg(long, value_name = "WHEN")]
    until: Option<String>,
    /// Most runs that are listed
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=500))]
    limit: u16,
    /// Where to go on: the cursor that an earlier list ended with
    #[arg(long)]
    cursor: Option<String>,
    /// How the list is printed
    #[arg(long, value_enum, default_value_t)]
    pub(super) format: Format,
}

/// Prints runs.
pub(super) async fn perform(arguments: Arguments, source: &Source) -> Result<Exit> {
    let now = Timestamp::now();
    let query = RunQuery {
        workflow: arguments.workflow,
        status: arguments.status,
        subject: arguments.subject,
        since: arguments.since.map(|text| instant(&text, now)).transpose()?,
        until: arguments.until.map(|text| instant(&text, now)).transpose()?,
        limit: Some(arguments.limit.to_string()),
        cursor: arguments.cursor,
    };
    let page = source.list(&query).await?;
    let mut terminal = Terminal::stdout();
    if arguments.format == Format::Json {
        terminal.pretty_json(&page)?;
        return Ok(Exit::Succeeded);
    }
    if page.items.is_empty() {
        terminal.line("no runs")?;
        return Ok(Exit::Succeeded);
    }
    let mut table = Table::new(["RUN", "WORKFLOW", "SUBJECT", "STATUS", "ACCEPTED", "TOOK"]);
    for run in page.items {
        let time = run.ended_at.map(|end| took(end.duration_since(run.created_at).unsigned_abs()));
        let waits = run.wake_at.map(|until| format!("until {}", clock_time(until, now)));
        table.row([
            run.id,
            run.workflow,
            run.subject.unwrap_or_default(),
            marks::run(run.status).shown(0),
            ago(run.created_at, now),
            time.or(waits).unwrap_or_default(),
        ]);
    }
    for line in table.lines() {
        terminal.line(line)?;
    }
    if let Some(cursor) = page.next_cursor {
        terminal.line(format!("\nmore: add --cursor {cursor}"))?;
    }
    Ok(Exit::Succeeded)
}

/// A time as written, the beginning of a day here, or so long before now.
fn instant(text: &str, now: Timestamp) -> Result<String, CommandError> {
    if text.parse::<Timestamp>().is_ok() {
        return Ok(text.to_owned());
    }
    let wrong = || {
        CommandError::usage(format!("{text:?} is neither a time nor how long ago"))
            .hint("write 2026-11-23, 2026-11-23T08:00:00Z, or 24h")
    };
    if let Ok(here) = text.parse::<DateTime>() {
        let zoned = here.to_zoned(TimeZone::system()).map_err(|_| wrong())?;
        return Ok(zoned.timestamp().to_string());
    }
    let duration = parse_duration(text).map_err(|_| wrong())?;
    let span = Span::try_from(duration).map_err(|_| wrong())?;
    now.checked_sub(span).map(|then| then.to_string()).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_may_be_how_long_ago() {
        let now: Timestamp = "2026-11-23T08:00:00Z".parse().unwrap();
        assert_eq!(instant("24h", now).unwrap(), "2026-11-22T08:00:00Z");
        assert_eq!(instant("2026-01-01T00:00:00Z", now).unwrap(), "2026-01-01T00:00:00Z");
        assert!(instant("yesterday", now).is_err());
        let day: Timestamp = instant("2026-11-23", now).unwrap().parse().unwrap();
        let there = day.to_zoned(TimeZone::system());
        assert_eq!(there.strftime("%Y-%m-%d %H:%M").to_string(), "2026-11-23 00:00");
        assert!(instant("2026-13-01", now).is_err());
    }
}
