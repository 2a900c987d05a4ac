//! The shipped project, with connectors that point at a playground.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::options::{Addresses, Credentials, Service};

/// First line of the settings, by which a project is known again as one of these.
const MARK: &str = "# Written for the services of the playground";
/// What the project says about itself after that line.
const SETTINGS: &str = "\
# Change what you like: with that line it stays a project of the demo, which uses it as it is.
#
# The services of the playground listen on this machine, which connectors may not call unless
# the operator says so.
egress: { allow_private: [127.0.0.0/8, \"::1/128\"] }
secrets:
";

/// The shipped connectors, with the service that each is pointed at.
const CONNECTORS: [(&str, Service, &str); 5] = [
    (
        "connectors/directory.yaml",
        Service::Directory,
        include_str!("../../../workflows/connectors/directory.yaml"),
    ),
    (
        "connectors/chat.yaml",
        Service::Chat,
        include_str!("../../../workflows/connectors/chat.yaml"),
    ),
    (
        "connectors/code_host.yaml",
        Service::CodeHost,
        include_str!("../../../workflows/connectors/code_host.yaml"),
    ),
    (
        "connectors/personnel.yaml",
        Service::Personnel,
        include_str!("../../../workflows/connectors/personnel.yaml"),
    ),
    (
        "connectors/status_page.yaml",
        Service::StatusPage,
        include_str!("../../../workflows/connectors/status_page.yaml"),
    ),
];

/// How the base URL of a connector begins that calls this machine.
const LOCAL_BASE: &str = "base_url: http://127.0.0.1:";

/// What is written as it is shipped.
const FILES: [(&str, &str); 6] = [
    ("workflows/joiner.yaml", include_str!("../../../workflows/workflows/joiner.yaml")),
    ("workflows/mover.yaml", include_str!("../../../workflows/workflows/mover.yaml")),
    ("workflows/leaver.yaml", include_str!("../../../workflows/workflows/leaver.yaml")),
    ("events/joiner.json", include_str!("../../../workflows/events/joiner.json")),
    ("events/mover.json", include_str!("../../../workflows/events/mover.json")),
    ("events/leaver.json", include_str!("../../../workflows/events/leaver.json")),
];

/// A project that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    /// Its directory.
    pub root: PathBuf,
    /// Whether it was there already, and stayed as somebody left it.
    pub kept: bool,
}

/// Why a project was not written.
#[derive(Debug, Error)]
pub enum ProjectError {
    /// Writing would have gone over a file of somebody else.
    #[error("{} is there already", path.display())]
    Taken {
        /// The file.
        path: PathBuf,
    },
    /// A file cannot be read or written.
    #[error("{} cannot be read or written", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

impl Project {
    /// The event that starts this workflow, as a CloudEvents file.
    #[must_use]
    pub fn event(&self, workflow: &str) -> PathBuf {
        self.root.join("events").join(format!("{workflow}.json"))
    }
}

/// All files of the project, by their path below its directory.
#[must_use]
pub fn project_files(addresses: &Addresses, credentials: &Credentials) -> Vec<(String, String)> {
    let secrets = secrets(credentials);
    let mut settings = format!("{MARK}.\n{SETTINGS}");
    for (name, _) in secrets {
        settings.push_str(&format!("  {name}: {{ file: secrets/{name} }}\n"));
    }
    let mut files = vec![("tenure.yaml".to_owned(), settings)];
    for (name, service, text) in CONNECTORS {
        files.push((name.to_owned(), pointed_at(text, &addresses.base_url(service))));
    }
    files.extend(FILES.map(|(name, text)| (name.to_owned(), text.to_owned())));
    files.extend(secrets.map(|(name, value)| (format!("secrets/{name}"), value.to_owned())));
    files
}

/// Writes the project into a directory, never over a file of somebody else.
///
/// A project that was written earlier is used as it is now. Only base URLs that lead to this
/// machine are changed: the services have other ports each time.
///
/// # Errors
/// When a file is in the way, or cannot be read or written.
pub fn write_project(
    root: &Path,
    addresses: &Addresses,
    credentials: &Credentials,
) -> Result<Project, ProjectError> {
    let kept = is_written(root)?;
    if kept {
        point_again(root, addresses)?;
    } else {
        write_new(root, &project_files(addresses, credentials))?;
    }
    Ok(Project { root: root.to_owned(), kept })
}

/// Whether the directory holds a project that was written earlier.
fn is_written(root: &Path) -> Result<bool, ProjectError> {
    let path = root.join("tenure.yaml");
    match fs::read_to_string(&path) {
        Ok(text) => Ok(text.starts_with(MARK)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(source) => Err(ProjectError::File { path, source }),
    }
}

fn write_new(root: &Path, files: &[(String, String)]) -> Result<(), ProjectError> {
    if let Some(path) = files.iter().map(|(name, _)| root.join(name)).find(|path| path.exists()) {
        return Err(ProjectError::Taken { path });
    }
    for (name, text) in files {
        let path = root.join(name);
        let written = path.parent().map_or(Ok(()), fs::create_dir_all);
        let written = written.and_then(|()| write_file(&path, text, name.starts_with("secrets/")));
        written.map_err(|source| ProjectError::File { path, source })?;
    }
    Ok(())
}

/// Leads connectors that call this machine to the services that listen now.
fn point_again(root: &Path, addresses: &Addresses) -> Result<(), ProjectError> {
    for (name, service, _) in CONNECTORS {
        let path = root.join(name);
        let pointed = match fs::read_to_string(&path) {
            // It was taken out of the project.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(source) => return Err(ProjectError::File { path, source }),
            Ok(text) if !text.lines().any(|line| line.starts_with(LOCAL_BASE)) => continue,
            Ok(text) => pointed_at(&text, &addresses.base_url(service)),
        };
        fs::write(&path, pointed).map_err(|source| ProjectError::File { path, source })?;
    }
    Ok(())
}

/// Secrets by the names that the shipped connectors use.
fn secrets(credentials: &Credentials) -> [(&'static str, &str); 5] {
    [
        ("directory_username", &credentials.directory_username),
        ("directory_password", &credentials.directory_password),
        ("chat_token", &credentials.chat_token),
        ("code_host_key", &credentials.code_host_key),
        ("personnel_key", &credentials.personnel_key),
    ]
}

/// A connector's text with another base URL.
fn pointed_at(text: &str, base_url: &str) -> String {
    let mut pointed = String::with_capacity(text.len());
    for line in text.lines() {
        if line.starts_with("base_url:") {
            pointed.push_str("base_url: ");
            pointed.push_str(base_url);
        } else {
            pointed.push_str(line);
        }
        pointed.push('\n');
    }
    pointed
}

/// Writes a new file; a secret can be read by its owner only, from its first moment on.
fn write_file(path: &Path, text: &str, is_secret: bool) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    if is_secret {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(path)?.write_all(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Options, Playground};

    #[tokio::test]
    async fn connectors_point_at_the_services() {
        let world = Playground::start(Options::default()).await.unwrap();
        let dir = tempfile::tempdir().unwrap();
        let credentials = Credentials::demo();
        let project = write_project(dir.path(), world.addresses(), &credentials).unwrap();
        assert!(project.event("mover").is_file());
        for (name, service, _) in CONNECTORS {
            let text = fs::read_to_string(dir.path().join(name)).unwrap();
            let line = format!("base_url: {}\n", world.addresses().base_url(service));
            assert_eq!(text.matches(&line).count(), 1, "{name}");
            assert!(!text.contains("acme.example"), "{name}");
        }
        let secret = fs::read_to_string(dir.path().join("secrets/chat_token")).unwrap();
        assert_eq!(secret, credentials.chat_token);
    }

    #[cfg(unix)]
    #[test]
    fn secrets_are_their_owners_only() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("secret");
        write_file(&path, "x", true).unwrap();
        assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o077, 0);
    }

    fn addresses(port: u16) -> Addresses {
        Addresses { all: [([127, 0, 0, 1], port).into(); 5] }
    }

    fn base_url(root: &Path, connector: &str) -> String {
        let text = fs::read_to_string(root.join(format!("connectors/{connector}.yaml"))).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix("base_url: "));
        line.unwrap().to_owned()
    }

    #[test]
    fn what_somebody_changed_in_the_project_stays() {
        let dir = tempfile::tempdir().unwrap();
        let write = |port| write_project(dir.path(), &addresses(port), &Credentials::demo());
        assert!(!write(1000).unwrap().kept);
        let joiner = dir.path().join("workflows/joiner.yaml");
        let away = dir.path().join("connectors/chat.yaml");
        fs::write(&joiner, "name: mine\n").unwrap();
        fs::write(&away, "name: chat\nbase_url: https://chat.example.com\n").unwrap();
        fs::remove_file(dir.path().join("connectors/status_page.yaml")).unwrap();
        assert!(write(2000).unwrap().kept);
        assert_eq!(fs::read_to_string(joiner).unwrap(), "name: mine\n");
        assert_eq!(base_url(dir.path(), "directory"), "http://127.0.0.1:2000/scim/v2");
        assert_eq!(base_url(dir.path(), "chat"), "https://chat.example.com");
        assert!(!dir.path().join("connectors/status_page.yaml").exists());
    }

    #[test]
    fn a_project_of_somebody_else_is_left_alone() {
        for name in ["tenure.yaml", "workflows/joiner.yaml"] {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, "# mine\n").unwrap();
            let refused = write_project(dir.path(), &addresses(1000), &Credentials::demo());
            assert!(matches!(refused, Err(ProjectError::Taken { path: taken }) if taken == path));
            assert_eq!(fs::read_to_string(&path).unwrap(), "# mine\n");
            assert!(!dir.path().join("secrets").exists());
        }
    }
}
