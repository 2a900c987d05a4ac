//! Store, run log, connectors and engine, put together.

use std::path::Path;
use std::sync::Arc;

use tenure_connector::{Injector, Registry, Surroundings};
use tenure_engine::{Catalog, Engine, Limits, Parts, SystemClock};
use tenure_language::Report;
use tenure_runlog::RunLog;
use tenure_store::{OpenError, SledOptions, SledStore};

use crate::commands::check::counted;
use crate::config::Config;
use crate::error::CommandError;
use crate::project::Project;

/// Refuses a project with mistakes; the error shows each.
pub(crate) fn must_be_sound(project: &Project) -> Result<(), CommandError> {
    if !project.has_errors() {
        return Ok(());
    }
    let reports: Vec<_> = project.reports.iter().filter(|report| report.has_errors()).collect();
    let error = CommandError::usage(format!("{} cannot be used", counted(reports.len(), "file")))
        .hint("`tenure check` finds all of this without running anything");
    Err(reports.into_iter().cloned().fold(error, CommandError::about))
}

/// The connectors of a project, as clients.
pub(crate) fn registry(project: &Project, injector: Option<Injector>) -> Registry {
    let egress = project.config.allow_private.value.egress.clone();
    let mut surroundings = Surroundings::new(egress);
    if let Some(injector) = injector {
        surroundings = surroundings.injector(injector);
    }
    Registry::new(surroundings, project.connectors.values().cloned())
}

/// An engine over the data directory of a project.
pub(crate) async fn engine(
    project: &Project,
    injector: Option<Injector>,
) -> Result<Engine, CommandError> {
    let registry = Arc::new(registry(project, injector));
    let data = &project.config.data.value;
    let runlog = run_log(data).await?;
    let parts = Parts {
        runlog: Arc::new(runlog),
        registry,
        catalog: Catalog::new(project.workflows()),
        clock: Arc::new(SystemClock),
        limits: limits(&project.config),
    };
    Engine::start(parts).await.map_err(|error| {
        CommandError::failed(format!("runs in {} cannot be taken up", data.display()))
            .caused_by(&error)
    })
}

fn limits(config: &Config) -> Limits {
    Limits { active_runs: config.active_runs.value, queued_runs: config.queued_runs.value }
}

/// The run log in a data directory; nobody else can hold it meanwhile.
pub(crate) async fn run_log(data: &Path) -> Result<RunLog, CommandError> {
    let directory = data.to_owned();
    let opened =
        tokio::task::spawn_blocking(move || SledStore::open(directory, SledOptions::default()));
    let store = match opened.await {
        Ok(opened) => opened.map_err(|error| unopened(&error))?,
        Err(error) => {
            return Err(
                CommandError::failed("the run log broke off while it was opened").caused_by(&error)
            );
        }
    };
    RunLog::open(Arc::new(store)).await.map_err(|error| {
        CommandError::failed(format!("the run log in {} cannot be read", data.display()))
            .caused_by(&error)
    })
}

fn unopened(error: &OpenError) -> CommandError {
    let message = CommandError::failed(error.to_string());
    let message = match std::error::Error::source(error) {
        Some(source) => message.caused_by(source),
        None => message,
    };
    match error {
        OpenError::InUse { .. } => message
            .hint("another tenure that does not answer holds it; end that one, or use --data DIR"),
        _ => message,
    }
}

/// Says in the log what is wrong with each file.
pub(crate) fn log_reports(reports: &[Report]) {
    for report in reports {
        for problem in &report.problems {
            let (file, line, column) =
                (report.file.as_str(), problem.place.line, problem.place.column);
            match problem.severity {
                tenure_language::Severity::Error => {
                    tracing::error!(file, line, column, code = problem.code, "{}", problem.message);
                }
                tenure_language::Severity::Warning => {
                    tracing::warn!(file, line, column, code = problem.code, "{}", problem.message);
                }
            }
        }
    }
}
