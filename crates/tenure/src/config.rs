//! What is in force, and where each value was written.
//!
//! The command line beats the environment, which beats `tenure.yaml`, which beats the default.

mod keys;
mod parse;
mod pick;
mod secrets;
mod source;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tenure_connector::Egress;
use tenure_language::{Document, Pointer, Problem, Report};

use crate::cli::SettingFlags;
use crate::error::CommandError;
use pick::Picker;
pub(crate) use pick::{Origin, Setting};
pub(crate) use secrets::{ProjectSecrets, SecretFile, in_environment, secrets_in};
use source::ConfigSource;

/// Name of the project file.
pub(crate) const FILE_NAME: &str = "tenure.yaml";
/// Variable that holds the bearer token of the daemon.
pub(crate) const TOKEN_VARIABLE: &str = "TENURE_TOKEN";

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogFormat {
    /// For people.
    Human,
    /// One JSON object a line.
    Json,
}

impl LogFormat {
    /// The word people write for it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Human => "human",
            Self::Json => "json",
        }
    }
}

/// Networks that connectors may reach although they are private.
#[derive(Debug, Clone, Default)]
pub(crate) struct PrivateNetworks {
    /// As written, for showing.
    pub(crate) written: Vec<String>,
    /// As checked.
    pub(crate) egress: Egress,
}

/// Everything that can be set.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    /// Where the daemon listens.
    pub(crate) listen: Setting<SocketAddr>,
    /// Where runs are kept.
    pub(crate) data: Setting<PathBuf>,
    /// What is logged; a command may have its own idea of the default.
    pub(crate) log_level: Setting<String>,
    /// How it is logged.
    pub(crate) log_format: Setting<LogFormat>,
    /// Most runs at work at the same time.
    pub(crate) active_runs: Setting<usize>,
    /// Most runs that wait for their turn before deliveries are refused.
    pub(crate) queued_runs: Setting<usize>,
    /// Private networks that connectors may reach.
    pub(crate) allow_private: Setting<PrivateNetworks>,
    /// Secrets that are kept in files.
    pub(crate) secrets: BTreeMap<String, SecretFile>,
}

/// The settings of a project, and what is wrong with its file.
#[derive(Debug)]
pub(crate) struct Loaded {
    /// Values in force; for a value that is wrong in the file, the next layer's.
    pub(crate) config: Config,
    /// Problems of the file; none when there is no file.
    pub(crate) report: Option<Report>,
}

/// What the file adds.
#[derive(Debug, Default)]
struct FileLayer {
    document: Option<Document>,
    source: ConfigSource,
    problems: Vec<Problem>,
    unreadable: Option<Report>,
}

impl FileLayer {
    fn read(text: Option<&str>) -> Self {
        let Some(text) = text else { return Self::default() };
        match Document::parse(FILE_NAME, text) {
            Err(report) => Self { unreadable: Some(report), ..Self::default() },
            // Nothing but comments is a project of which nothing was said.
            Ok(document) if document.value().is_null() => Self::default(),
            Ok(document) => {
                let (source, mut problems) = document.read::<ConfigSource>();
                problems.extend(document.traps());
                let source = source.unwrap_or_default();
                Self { document: Some(document), source, problems, unreadable: None }
            }
        }
    }
}

impl Config {
    /// Reads the settings of the project in this directory.
    pub(crate) fn load(root: &Path, flags: &SettingFlags) -> Result<Loaded, CommandError> {
        let path = root.join(FILE_NAME);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => Some(text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => {
                let message = format!("{} cannot be read", path.display());
                return Err(CommandError::usage(message).caused_by(&error));
            }
        };
        let environment = |name: &str| std::env::var(name).ok();
        Self::resolve(root, text.as_deref(), flags, &environment)
    }

    /// Chooses every value from these layers.
    fn resolve(
        root: &Path,
        text: Option<&str>,
        flags: &SettingFlags,
        environment: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Loaded, CommandError> {
        let FileLayer { document, source, mut problems, unreadable } = FileLayer::read(text);
        let log = source.log.unwrap_or_default();
        let limits = source.limits.unwrap_or_default();
        let networks = source.egress.unwrap_or_default().allow_private;
        let secrets = source.secrets.unwrap_or_default();
        let flags = flags.clone();
        let networks_flag =
            (!flags.allow_private.is_empty()).then(|| flags.allow_private.join(","));
        let number = |value: Option<u64>| value.map(|value| value.to_string());
        let mut picker = Picker::new(environment, document.as_ref());
        let config = Self {
            listen: picker.pick(&keys::LISTEN, flags.listen, source.listen)?,
            data: beside(root, picker.pick(&keys::DATA, flags.data, source.data)?),
            log_level: picker.pick(&keys::LOG_LEVEL, flags.log_level, log.level)?,
            log_format: picker.pick(&keys::LOG_FORMAT, flags.log_format, log.format)?,
            active_runs: picker.pick(
                &keys::ACTIVE_RUNS,
                flags.active_runs,
                number(limits.active_runs),
            )?,
            queued_runs: picker.pick(
                &keys::QUEUED_RUNS,
                flags.queued_runs,
                number(limits.queued_runs),
            )?,
            allow_private: picker.pick(
                &keys::ALLOW_PRIVATE,
                networks_flag,
                networks.map(|networks| networks.join(",")),
            )?,
            secrets: secrets::files(root, secrets, document.as_ref(), &mut problems),
        };
        problems.extend(picker.into_problems());
        let report = unreadable.or_else(|| {
            document
                .map(|document| Report::new(document.file(), Arc::clone(document.text()), problems))
        });
        Ok(Loaded { config, report })
    }

    /// Every setting with its value and origin, in the order they are shown.
    pub(crate) fn rows(&self) -> Vec<(String, String, String)> {
        let row = |name: &str, value: String, origin: &Origin| {
            (name.to_owned(), value, origin.to_string())
        };
        let networks = &self.allow_private;
        let mut rows = vec![
            row(keys::LISTEN.name, self.listen.value.to_string(), &self.listen.origin),
            row(keys::DATA.name, self.data.value.display().to_string(), &self.data.origin),
            row(keys::LOG_LEVEL.name, self.log_level.value.clone(), &self.log_level.origin),
            row(
                keys::LOG_FORMAT.name,
                self.log_format.value.word().to_owned(),
                &self.log_format.origin,
            ),
            row(
                keys::ACTIVE_RUNS.name,
                self.active_runs.value.to_string(),
                &self.active_runs.origin,
            ),
            row(
                keys::QUEUED_RUNS.name,
                self.queued_runs.value.to_string(),
                &self.queued_runs.origin,
            ),
            row(keys::ALLOW_PRIVATE.name, networks.value.shown(), &networks.origin),
        ];
        for (name, file) in &self.secrets {
            let value = format!("file {}", file.path.display());
            rows.push((format!("secrets.{name}"), value, format!("{FILE_NAME}:{}", file.line)));
        }
        rows
    }
}

impl PrivateNetworks {
    fn shown(&self) -> String {
        if self.written.is_empty() { "none".to_owned() } else { self.written.join(", ") }
    }
}

/// A data directory in the file is meant relative to the file.
fn beside(root: &Path, data: Setting<PathBuf>) -> Setting<PathBuf> {
    match data.origin {
        Origin::File { .. } | Origin::Default => {
            Setting { value: root.join(data.value), origin: data.origin }
        }
        Origin::Flag(_) | Origin::Environment(_) => data,
    }
}

/// The place of a secret in the file.
fn secret_pointer(name: &str) -> Pointer {
    Pointer::root().key("secrets").key(name)
}

#[cfg(test)]
mod tests;
