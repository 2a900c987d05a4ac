//! Where runs are read from: the daemon, or the data directory that no daemon holds.

use std::path::PathBuf;
use std::sync::Arc;

use tenure_api::{Page, RunDetail, RunQuery, RunSummary};
use tenure_run::{Program, Run, RunId, RunStatus};
use tenure_runlog::{Filter, RunLog, RunLogError};
use tenure_server::{run_detail, run_summary};
use tenure_workflow::Known;

use crate::cli::SettingFlags;
use crate::client::Client;
use crate::config::Config;
use crate::error::CommandError;
use crate::facts::Facts;
use crate::{daemon, project, wiring};

/// The word for the newest run.
pub(super) const LAST: &str = "last";
/// Shortest part of an id that is looked for.
const PART_MIN: usize = 4;
/// Most pages of runs in which it is looked for, 500 runs each.
const PAGES_MAX: usize = 20;

/// Where runs are read from.
pub(super) enum Source {
    /// The daemon that holds the data directory.
    Daemon(Client),
    /// The data directory itself.
    Here {
        /// The directory.
        data: PathBuf,
        /// What it keeps.
        runlog: Arc<RunLog>,
    },
}

impl Source {
    /// Finds out who holds the data directory of the project here.
    pub(super) async fn open(settings: &SettingFlags) -> Result<Self, CommandError> {
        let root = project::root(settings)?;
        let data = Config::load(&root, settings)?.config.data.value;
        if let Some((_, client)) = daemon::holder_of(&data).await? {
            return Ok(Self::Daemon(client));
        }
        if !data.is_dir() {
            return Err(CommandError::failed(format!("{} keeps no runs yet", data.display()))
                .hint("`tenure run` or `tenure serve` makes it; --data names another one"));
        }
        let runlog = Arc::new(wiring::run_log(&data).await?);
        Ok(Self::Here { data, runlog })
    }

    /// The daemon; an error for what cannot be done without one.
    pub(super) fn daemon(&self) -> Result<&Client, CommandError> {
        match self {
            Self::Daemon(client) => Ok(client),
            Self::Here { data, .. } => {
                Err(CommandError::failed(format!("no daemon holds {}", data.display()))
                    .hint("`tenure serve` starts one"))
            }
        }
    }

    /// Lists runs, newest first.
    pub(super) async fn list(&self, query: &RunQuery) -> Result<Page<RunSummary>, CommandError> {
        let runlog = match self {
            Self::Daemon(client) => return client.runs(query).await,
            Self::Here { runlog, .. } => runlog,
        };
        let cursor = query.cursor.as_deref().map(|text| parsed("cursor", text)).transpose()?;
        let limit = query.limit.as_deref().map(|text| parsed("limit", text)).transpose()?;
        let page = runlog.list(&filter(query)?, cursor.as_ref(), limit.unwrap_or(50)).await;
        let page = page.map_err(|error| unreadable(&error))?;
        Ok(Page {
            items: page.runs.iter().map(run_summary).collect(),
            next_cursor: page.next.map(|cursor| cursor.to_string()),
        })
    }

    /// The id that is meant: an id, its beginning or end, or the word for the newest run.
    pub(super) async fn meant(&self, id: &str) -> Result<String, CommandError> {
        if id != LAST {
            return match run_id(id) {
                Ok(id) => Ok(id.to_string()),
                Err(_) if is_part(id) => self.with_part(&id.to_lowercase()).await,
                Err(error) => Err(error),
            };
        }
        let query = RunQuery { limit: Some("1".to_owned()), ..RunQuery::default() };
        let page = self.list(&query).await?;
        let newest = page.items.into_iter().next().map(|run| run.id);
        newest.ok_or_else(|| CommandError::failed("there are no runs yet"))
    }

    /// The one run whose id begins or ends so, among the newest.
    async fn with_part(&self, part: &str) -> Result<String, CommandError> {
        let mut found = Vec::new();
        let mut query = RunQuery { limit: Some("500".to_owned()), ..RunQuery::default() };
        for _ in 0..PAGES_MAX {
            let page = self.list(&query).await?;
            let ids = page.items.into_iter().map(|run| run.id);
            found.extend(ids.filter(|id| id.starts_with(part) || id.ends_with(part)));
            query.cursor = page.next_cursor;
            if query.cursor.is_none() {
                break;
            }
        }
        let count = found.len();
        match (found.pop(), count) {
            (Some(id), 1) => Ok(id),
            (None, _) => Err(unknown(part)),
            (Some(oldest), _) => {
                Err(CommandError::usage(format!("run {part:?} may be any of {count}"))
                    .because(format!("the oldest of them is {oldest}"))
                    .hint(
                        "give more of the id; ids that begin at the same time differ in their ends",
                    ))
            }
        }
    }

    /// One run with all its steps.
    pub(super) async fn show(&self, id: &str) -> Result<RunDetail, CommandError> {
        let runlog = match self {
            Self::Daemon(client) => return client.run(id).await,
            Self::Here { runlog, .. } => runlog,
        };
        let run = run_id(id)?;
        let summary = runlog.summary(run).await.map_err(|error| unreadable(&error))?;
        let summary = summary.ok_or_else(|| unknown(id))?;
        let text = runlog.workflow(&summary.version).await.map_err(|error| unreadable(&error))?;
        let checked =
            text.map(|text| tenure_workflow::check(&summary.workflow, &text, &Known::anything()));
        let plan = checked.and_then(|checked| checked.plan).ok_or_else(|| {
            CommandError::failed(format!("run {id} cannot be shown"))
                .because("the version of its workflow cannot be read any more")
        })?;
        let entries = runlog.facts(run).await.map_err(|error| unreadable(&error))?;
        let facts = entries.iter().map(|entry| &entry.fact);
        let folded = Run::replay(run, Program::new(plan), facts).map_err(|error| {
            CommandError::failed(format!("run {id} cannot be shown")).caused_by(&error)
        })?;
        Ok(run_detail(&folded))
    }

    /// What happens to a run, from its beginning.
    pub(super) async fn follow(&self, id: &str) -> Result<Facts, CommandError> {
        match self {
            Self::Daemon(client) => Ok(Facts::there(client, id)),
            Self::Here { runlog, .. } => {
                // Nobody drives it: only what is over can be followed to an end.
                if !self.show(id).await?.run.status.is_ended() {
                    self.daemon()?;
                }
                Ok(Facts::here(runlog, run_id(id)?))
            }
        }
    }
}

fn filter(query: &RunQuery) -> Result<Filter, CommandError> {
    let instant = |name: &str, text: &Option<String>| {
        text.as_deref().map(|text| parsed(name, text)).transpose()
    };
    Ok(Filter {
        workflow: query.workflow.clone(),
        status: query
            .status
            .as_deref()
            .map(|text| parsed::<RunStatus>("status", text))
            .transpose()?,
        subject: query.subject.clone(),
        since: instant("since", &query.since)?,
        until: instant("until", &query.until)?,
    })
}

fn parsed<T: std::str::FromStr>(name: &str, text: &str) -> Result<T, CommandError>
where
    T::Err: std::fmt::Display,
{
    text.parse().map_err(|error| {
        CommandError::usage(format!("{name} {text:?} cannot be used")).because(format!("{error}"))
    })
}

fn run_id(text: &str) -> Result<RunId, CommandError> {
    text.parse().map_err(|_| unknown(text))
}

fn unknown(id: &str) -> CommandError {
    CommandError::usage(format!("run {id:?} does not exist"))
        .hint("`tenure runs list` shows ids; `last` is the newest run")
}

/// Whether a text is enough of an id to look for.
fn is_part(text: &str) -> bool {
    text.len() >= PART_MIN && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn unreadable(error: &RunLogError) -> CommandError {
    CommandError::failed("the run log cannot be read").caused_by(error)
}
