//! The shipped project, with connectors that point at a playground.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::options::{Addresses, Credentials, Service};

/// What the project says about itself.
const SETTINGS: &str = "\
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
    let mut settings = SETTINGS.to_owned();
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

/// Writes the project into a directory, over what an earlier one left there.
///
/// # Errors
/// When a file or directory cannot be written.
pub fn write_project(
    root: &Path,
    addresses: &Addresses,
    credentials: &Credentials,
) -> io::Result<Project> {
    for (name, text) in project_files(addresses, credentials) {
        let path = root.join(&name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        if name.starts_with("secrets/") {
            write_secret(&path, &text)?;
        } else {
            fs::write(&path, text)?;
        }
    }
    Ok(Project { root: root.to_owned() })
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

/// Writes a file that only its owner can read, from its first moment on.
fn write_secret(path: &Path, value: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(path)?.write_all(value.as_bytes())
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
        for _ in 0..2 {
            let project = write_project(dir.path(), world.addresses(), &credentials).unwrap();
            assert!(project.event("mover").is_file());
        }
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
        write_secret(&path, "x").unwrap();
        assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o077, 0);
    }
}
