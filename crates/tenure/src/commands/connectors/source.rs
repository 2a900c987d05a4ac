//! Where connectors are found: in the daemon, or in the project.

use tenure_connector::Registry;

use crate::cli::SettingFlags;
use crate::client::Client;
use crate::error::CommandError;
use crate::project::{self, Project};
use crate::telemetry::{Audience, Telemetry};
use crate::{daemon, wiring};

/// Where connectors are found.
pub(super) enum Source {
    /// In the daemon that holds the data directory.
    Daemon(Client),
    /// In the project here.
    Project {
        /// The connectors that have no mistakes.
        registry: Registry,
        /// Names of the files that have.
        broken: Vec<String>,
    },
}

impl Source {
    /// Finds out who knows the connectors of the project here.
    pub(super) async fn open(settings: &SettingFlags) -> Result<Self, CommandError> {
        let root = project::root(settings)?;
        let project = Project::load(&root, settings)?;
        if let Some((_, client)) = daemon::holder_of(&project.config.data.value).await? {
            return Ok(Self::Daemon(client));
        }
        let telemetry = Telemetry::start(&project.config, Audience::Screen)?;
        let registry = wiring::registry(&project, telemetry.injector());
        let broken = project.reports.iter().filter(|report| report.has_errors());
        let broken = broken.map(|report| report.file.clone());
        let broken = broken.filter(|file| file.starts_with("connectors/")).collect();
        Ok(Self::Project { registry, broken })
    }
}

/// Says that some files were left out.
pub(super) fn left_out(broken: &[String]) -> String {
    format!("left out, because `tenure check` finds problems: {}", broken.join(", "))
}
