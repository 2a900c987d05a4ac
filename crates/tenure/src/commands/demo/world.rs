//! Everything the demo starts: services, a project, a daemon.

use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;
use tenure_playground::{
    Credentials, Faults, Options, Playground, Project as Written, ProjectError, Service as Other,
    write_project,
};

use crate::cli::SettingFlags;
use crate::error::CommandError;
use crate::project::Project;
use crate::service::Service;
use crate::telemetry::{Audience, Telemetry};
use crate::wiring;

/// The demo, running.
pub(super) struct World {
    /// The daemon.
    pub(super) service: Service,
    playground: Playground,
    written: Written,
    telemetry: Telemetry,
    /// Taken away with the demo, unless a directory was given.
    temporary: Option<TempDir>,
}

impl World {
    /// Starts the services, writes a project for them and starts its daemon.
    pub(super) async fn start(
        directory: Option<PathBuf>,
        settings: SettingFlags,
    ) -> Result<Self, CommandError> {
        let (root, temporary) = match directory {
            Some(root) => (root, None),
            None => {
                let made = tempfile::Builder::new().prefix("tenure-demo-").tempdir();
                let made = made.map_err(|error| {
                    CommandError::failed("no temporary directory could be made").caused_by(&error)
                })?;
                (made.path().to_owned(), Some(made))
            }
        };
        let playground = Playground::start(Options::default()).await.map_err(|error| {
            CommandError::failed("the services of the demo did not start").caused_by(&error)
        })?;
        // One failure that is worth a second attempt; the chat limits its callers all the time.
        let once = Faults { fail_next: 1, method: Some("PUT".to_owned()), ..Faults::default() };
        playground.set_faults(Other::CodeHost, once);
        let written = write_project(&root, playground.addresses(), &Credentials::demo());
        let written = written.map_err(|error| not_written(&error))?;
        let settings = free_address(settings);
        let project = Project::load(&root, &settings)?;
        wiring::must_be_sound(&project)?;
        let telemetry = Telemetry::start(&project.config, Audience::Screen)?;
        let service = Service::start(project, telemetry.injector()).await?;
        Ok(Self { service, playground, written, telemetry, temporary })
    }

    /// Directory of the project.
    pub(super) fn root(&self) -> &Path {
        &self.written.root
    }

    /// Whether the project was there already.
    pub(super) fn is_kept(&self) -> bool {
        self.written.kept
    }

    /// The services by name.
    pub(super) fn services(&self) -> String {
        let names = Other::ALL.map(|service| service.name().replace('_', " "));
        names.join(", ")
    }

    /// The event that starts a workflow; another one each time, or it would be a redelivery.
    pub(super) fn event(&self, workflow: &str) -> Result<Value, CommandError> {
        let path = self.written.event(workflow);
        let unusable = || CommandError::failed(format!("{} cannot be used", path.display()));
        let text = std::fs::read_to_string(&path).map_err(|error| unusable().caused_by(&error))?;
        let mut event: Value =
            serde_json::from_str(&text).map_err(|error| unusable().caused_by(&error))?;
        let id = uuid::Uuid::now_v7().simple().to_string();
        event.as_object_mut().ok_or_else(unusable)?.insert("id".to_owned(), id.into());
        Ok(event)
    }

    /// What the services know now, a line each.
    pub(super) fn effects(&self) -> Vec<(String, String)> {
        let people = self.playground.people();
        let people = people.iter().filter_map(|person| person.get("userName")?.as_str());
        let teams = self.playground.memberships();
        let teams = teams.iter().map(|membership| {
            format!("{} is {} of {}", membership.user, membership.role, membership.team)
        });
        let messages = self.playground.messages();
        let messages = messages.iter().map(|it| format!("{}: {}", it.channel, it.text));
        let notices = self.playground.notices();
        let notices = notices.iter().map(|notice| format!("{} {}", notice.email, notice.what));
        [
            (Other::Directory, people.map(str::to_owned).collect::<Vec<_>>()),
            (Other::CodeHost, teams.collect()),
            (Other::Chat, messages.collect()),
            (Other::Personnel, notices.collect()),
        ]
        .into_iter()
        .flat_map(|(service, lines)| labelled(service, lines))
        .collect()
    }

    /// Ends the daemon first: it may still ask something of the services.
    pub(super) async fn shutdown(self) {
        self.service.shutdown().await;
        self.playground.shutdown().await;
        self.telemetry.shutdown().await;
        if let Some(temporary) = self.temporary
            && let Err(error) = temporary.close()
        {
            tracing::warn!(error = &error as &dyn std::error::Error, "the project stays behind");
        }
    }
}

fn not_written(error: &ProjectError) -> CommandError {
    match error {
        ProjectError::Taken { .. } => CommandError::usage(error.to_string())
            .because("the demo writes over nothing that is not its own")
            .hint("choose another directory: `tenure demo --dir DIR`"),
        ProjectError::File { source, .. } => {
            CommandError::failed(error.to_string()).caused_by(source)
        }
    }
}

/// The name of a service beside its first line only.
fn labelled(service: Other, lines: Vec<String>) -> Vec<(String, String)> {
    let name = service.name().replace('_', " ");
    let names = std::iter::once(name).chain(std::iter::repeat(String::new()));
    names.zip(lines).collect()
}

/// The usual address may be a real daemon's.
fn free_address(mut settings: SettingFlags) -> SettingFlags {
    settings.listen.get_or_insert_with(|| "127.0.0.1:0".to_owned());
    settings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_is_named_once() {
        let lines = vec!["one".to_owned(), "two".to_owned()];
        let expected = [("code host", "one"), ("", "two")]
            .map(|(name, line)| (name.to_owned(), line.to_owned()));
        assert_eq!(labelled(Other::CodeHost, lines), expected);
        assert_eq!(labelled(Other::Chat, Vec::new()), []);
    }
}
