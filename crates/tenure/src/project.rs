//! A project: its settings, its connectors and its workflows, checked together.

mod files;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tenure_connector::{Connector, SecretSource};
use tenure_language::{Document, Pointer, Problem, Report};
use tenure_workflow::{Known, KnownAction, KnownConnector, KnownInput, Plan};

use crate::cli::SettingFlags;
use crate::config::{Config, FILE_NAME, Loaded, ProjectSecrets, secrets_in};
use crate::error::CommandError;
use files::{Files, SourceFile};
pub(crate) use files::{belonging_to, nearby, nearest_project};

/// What a project consists of, and everything that is wrong with it.
#[derive(Debug)]
pub(crate) struct Project {
    /// Its directory.
    pub(crate) root: PathBuf,
    /// Its settings.
    pub(crate) config: Config,
    /// Its connectors, by file.
    pub(crate) connectors: BTreeMap<String, Connector>,
    /// Its workflows, by file.
    pub(crate) plans: BTreeMap<String, Arc<Plan>>,
    /// Names that its workflow files declare, wrong as the rest may be.
    pub(crate) declared: BTreeSet<String>,
    /// Names of the secrets that its connector files ask for.
    pub(crate) secret_names: BTreeSet<String>,
    /// What was read: how many files of each kind.
    pub(crate) counts: Counts,
    /// A report for each file with problems, warnings among them.
    pub(crate) reports: Vec<Report>,
}

/// How many files were read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Workflow files.
    pub(crate) workflows: usize,
    /// Connector files.
    pub(crate) connectors: usize,
}

/// The directory of the project that a command is about.
pub(crate) fn root(flags: &SettingFlags) -> Result<PathBuf, CommandError> {
    if let Some(directory) = &flags.project {
        if !directory.is_dir() {
            let message = format!("project {} is not a directory", directory.display());
            return Err(CommandError::usage(message).hint("`tenure init DIR` makes a project"));
        }
        return Ok(directory.clone());
    }
    let here = std::env::current_dir().map_err(|error| {
        CommandError::usage("the current directory cannot be read").caused_by(&error)
    })?;
    Ok(nearest_project(&here))
}

impl Project {
    /// Reads and checks the project in this directory.
    pub(crate) fn load(root: &Path, flags: &SettingFlags) -> Result<Self, CommandError> {
        Self::load_over(root, flags, None, None)
    }

    /// Reads and checks a project and one file that somebody named, if one was.
    pub(crate) fn load_with(
        root: &Path,
        flags: &SettingFlags,
        named: Option<&str>,
    ) -> Result<Self, CommandError> {
        Self::load_over(root, flags, named, None)
    }

    /// Reads the project again; a file that is broken now keeps its version of before.
    pub(crate) fn reload(&self, flags: &SettingFlags) -> Result<Self, CommandError> {
        Self::load_over(&self.root, flags, None, Some(self))
    }

    fn load_over(
        root: &Path,
        flags: &SettingFlags,
        named: Option<&str>,
        before: Option<&Self>,
    ) -> Result<Self, CommandError> {
        let Loaded { config, report } = Config::load(root, flags)?;
        let mut files = Files::read(root, named)?;
        let broken = report.as_ref().is_some_and(Report::has_errors);
        let mut project = Self {
            root: root.to_owned(),
            config: before.filter(|_| broken).map_or(config, |before| before.config.clone()),
            connectors: BTreeMap::new(),
            plans: BTreeMap::new(),
            declared: files.workflows.iter().filter_map(declared_name).collect(),
            secret_names: files.connectors.iter().flat_map(|it| secrets_in(&it.text)).collect(),
            counts: Counts { workflows: files.workflows.len(), connectors: files.connectors.len() },
            reports: report.into_iter().collect(),
        };
        let secrets = project.secrets();
        project.reports.append(&mut files.unreadable);
        project.read_connectors(&files.connectors, &secrets, before);
        project.read_workflows(&files, before);
        project.reports.retain(|report| !report.problems.is_empty());
        Ok(project)
    }

    /// Where its connectors get their secrets from.
    fn secrets(&self) -> ProjectSecrets {
        ProjectSecrets::new(self.config.secrets.clone())
    }

    /// Refuses a directory that holds nothing of a project; says where one is.
    pub(crate) fn must_exist(&self, wish: &str) -> Result<(), CommandError> {
        if self.counts != Counts::default() || self.root.join(FILE_NAME).is_file() {
            return Ok(());
        }
        let root = self.root.canonicalize().unwrap_or_else(|_| self.root.clone());
        let error = CommandError::usage(format!("{} holds nothing to {wish}", root.display()));
        Err(match nearby(&self.root) {
            Some(hint) => error.hint(hint),
            None => {
                error.hint("a project has workflows/ and connectors/; `tenure init DIR` makes one")
            }
        })
    }

    /// Whether something is wrong that a run would trip over.
    pub(crate) fn has_errors(&self) -> bool {
        self.reports.iter().any(Report::has_errors)
    }

    /// Its workflows, in the order of their names.
    pub(crate) fn workflows(&self) -> Vec<Arc<Plan>> {
        let mut plans: Vec<_> = self.plans.values().cloned().collect();
        plans.sort_by(|one, other| one.name.cmp(&other.name));
        plans
    }

    /// Whether a workflow calls a connector whose file is broken.
    pub(crate) fn lacks_connector_of(&self, plan: &Plan) -> bool {
        let usable = |name: &str| self.connectors.values().any(|connector| connector.name == name);
        plan.connectors().into_iter().any(|name| !usable(name))
    }

    fn read_connectors(
        &mut self,
        files: &[SourceFile],
        secrets: &dyn SecretSource,
        before: Option<&Self>,
    ) {
        let mut names = Names::new("connector");
        for file in files {
            let checked = tenure_connector::check(&file.name, &file.text, secrets);
            let mut report = checked.report;
            let connector = match checked.connector {
                Some(connector) if !report.has_errors() => {
                    names.take(file, &connector.name, &mut report).then_some(connector)
                }
                _ => None,
            };
            // The version of before comes with the secrets it had.
            let kept = || before?.connectors.get(&file.name).cloned();
            if let Some(connector) = connector.or_else(kept) {
                self.connectors.insert(file.name.clone(), connector);
            }
            self.reports.push(report);
        }
    }

    fn read_workflows(&mut self, files: &Files, before: Option<&Self>) {
        let known = self.known(files);
        let mut names = Names::new("workflow");
        for file in &files.workflows {
            let checked = tenure_workflow::check(&file.name, &file.text, &known);
            let mut report = checked.report;
            let plan = match checked.plan {
                Some(plan) if !report.has_errors() => {
                    names.take(file, &plan.name, &mut report).then_some(plan)
                }
                _ => None,
            };
            let kept = || before?.plans.get(&file.name).cloned();
            if let Some(plan) = plan.or_else(kept) {
                self.plans.insert(file.name.clone(), plan);
            }
            self.reports.push(report);
        }
    }

    /// What the workflows of this project may refer to.
    fn known(&self, files: &Files) -> Known {
        let connectors = self.connectors.values();
        let connectors = connectors.map(|connector| (connector.name.clone(), known(connector)));
        let mut known = Known::only(connectors.collect());
        known.broken_connectors = files.connectors.iter().filter_map(declared_name).collect();
        known.broken_connectors.retain(|name| !known.connectors.contains_key(name));
        known.workflows = self.declared.clone();
        known
    }
}

/// The names taken by files of one kind.
struct Names {
    kind: &'static str,
    taken: BTreeMap<String, String>,
}

impl Names {
    fn new(kind: &'static str) -> Self {
        Self { kind, taken: BTreeMap::new() }
    }

    /// Takes a name for a file; the second one to want it gets a problem.
    fn take(&mut self, file: &SourceFile, name: &str, report: &mut Report) -> bool {
        let Some(other) = self.taken.get(name) else {
            self.taken.insert(name.to_owned(), file.name.clone());
            return true;
        };
        let place = Document::parse(&file.name, &file.text)
            .map(|document| document.place(&Pointer::root().key("name")))
            .unwrap_or_default();
        let message = format!("{} {name:?} has its name from {other} already", self.kind);
        let problem = Problem::error("duplicate-name", place, message);
        report.problems.push(problem.hint("give one of the two another name"));
        false
    }
}

/// The name that a file declares, wrong as the rest may be.
fn declared_name(file: &SourceFile) -> Option<String> {
    let document = Document::parse(&file.name, &file.text).ok()?;
    document.value().get("name")?.as_str().map(str::to_owned)
}

fn known(connector: &Connector) -> KnownConnector {
    let actions = connector.actions.iter().map(|(name, action)| {
        let input = action.input.iter().map(|(name, input)| {
            let known = KnownInput { required: input.required, schema: Some(input.schema()) };
            (name.clone(), known)
        });
        (name.clone(), KnownAction { input: input.collect() })
    });
    KnownConnector { actions: actions.collect(), enabled: connector.enabled }
}

#[cfg(test)]
mod tests;
