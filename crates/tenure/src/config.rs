//! What is in force, and where each value was written.
//!
//! The command line beats the environment, which beats `tenure.yaml`, which beats the default.

mod parse;
mod pick;
mod secrets;
mod source;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tenure_connector::Egress;
use tenure_engine::Limits;
use tenure_language::{Document, Pointer, Problem, Report};

use crate::cli::SettingFlags;
use crate::error::CommandError;
use pick::{Key, Picker, Written};
pub(crate) use pick::{Origin, Setting};
pub(crate) use secrets::{ProjectSecrets, RememberedSecrets, SecretFile};
use source::ConfigSource;

/// Name of the project file.
pub(crate) const FILE_NAME: &str = "tenure.yaml";
/// Variable that holds the bearer token of the daemon.
pub(crate) const TOKEN_VARIABLE: &str = "TENURE_TOKEN";

const LISTEN: Key = Key { name: "listen", flag: "--listen", variable: "TENURE_LISTEN" };
const DATA: Key = Key { name: "data", flag: "--data", variable: "TENURE_DATA" };
const LOG_LEVEL: Key = Key { name: "log.level", flag: "--log-level", variable: "TENURE_LOG_LEVEL" };
const LOG_FORMAT: Key =
    Key { name: "log.format", flag: "--log-format", variable: "TENURE_LOG_FORMAT" };
const ACTIVE_RUNS: Key =
    Key { name: "limits.active_runs", flag: "--active-runs", variable: "TENURE_ACTIVE_RUNS" };
const QUEUED_RUNS: Key =
    Key { name: "limits.queued_runs", flag: "--queued-runs", variable: "TENURE_QUEUED_RUNS" };
const ALLOW_PRIVATE: Key =
    Key { name: "egress.allow_private", flag: "--allow-private", variable: "TENURE_ALLOW_PRIVATE" };

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
        let mut picker = Picker::new(environment, document.as_ref());
        let written = |flag: &Option<String>, file| Written { flag: flag.clone(), file };
        let number = |value: Option<u64>| value.map(|value| value.to_string());
        let networks = Written {
            flag: (!flags.allow_private.is_empty()).then(|| flags.allow_private.join(",")),
            file: networks.map(|networks| networks.join(",")),
        };
        let default_listen = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 7117);
        let data = picker.pick(
            DATA,
            written(&flags.data, source.data),
            PathBuf::from(".tenure"),
            parse::path,
        )?;
        let config = Self {
            listen: picker.pick(
                LISTEN,
                written(&flags.listen, source.listen),
                default_listen,
                parse::listen,
            )?,
            data: beside(root, data),
            log_level: picker.pick(
                LOG_LEVEL,
                written(&flags.log_level, log.level),
                "info".to_owned(),
                parse::log_level,
            )?,
            log_format: picker.pick(
                LOG_FORMAT,
                written(&flags.log_format, log.format),
                LogFormat::Human,
                parse::log_format,
            )?,
            active_runs: picker.pick(
                ACTIVE_RUNS,
                written(&flags.active_runs, number(limits.active_runs)),
                Limits::default().active_runs,
                parse::count,
            )?,
            queued_runs: picker.pick(
                QUEUED_RUNS,
                written(&flags.queued_runs, number(limits.queued_runs)),
                Limits::default().queued_runs,
                parse::count,
            )?,
            allow_private: picker.pick(
                ALLOW_PRIVATE,
                networks,
                PrivateNetworks::default(),
                private_networks,
            )?,
            secrets: secrets::files(
                root,
                source.secrets.unwrap_or_default(),
                document.as_ref(),
                &mut problems,
            ),
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
        let row = |key: Key, value: String, origin: &Origin| {
            (key.name.to_owned(), value, origin.to_string())
        };
        let networks = &self.allow_private;
        let mut rows = vec![
            row(LISTEN, self.listen.value.to_string(), &self.listen.origin),
            row(DATA, self.data.value.display().to_string(), &self.data.origin),
            row(LOG_LEVEL, self.log_level.value.clone(), &self.log_level.origin),
            row(LOG_FORMAT, self.log_format.value.word().to_owned(), &self.log_format.origin),
            row(ACTIVE_RUNS, self.active_runs.value.to_string(), &self.active_runs.origin),
            row(QUEUED_RUNS, self.queued_runs.value.to_string(), &self.queued_runs.origin),
            row(ALLOW_PRIVATE, networks.value.shown(), &networks.origin),
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

fn private_networks(text: &str) -> Result<PrivateNetworks, String> {
    let written: Vec<String> = text
        .split(',')
        .map(|part| part.trim().to_owned())
        .filter(|part| !part.is_empty())
        .collect();
    let egress = Egress::allowing(&written)
        .map_err(|_| "a list of networks such as 10.2.0.0/16 or 127.0.0.1".to_owned())?;
    Ok(PrivateNetworks { written, egress })
}

/// The place of a secret in the file.
fn secret_pointer(name: &str) -> Pointer {
    Pointer::root().key("secrets").key(name)
}

#[cfg(test)]
mod tests;
