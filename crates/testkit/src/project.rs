//! A project in a directory that vanishes with the test.

use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// Writes `tenure.yaml`, connectors, workflows and whatever else a test needs.
#[derive(Debug)]
pub struct TempProject {
    directory: TempDir,
}

impl TempProject {
    /// An empty project that may call services on loopback.
    pub fn new() -> io::Result<Self> {
        let directory = TempDir::with_prefix("tenure-test-")?;
        let project = Self { directory };
        project.file("tenure.yaml", "egress: { allow_private: [127.0.0.0/8] }\n")
    }

    /// Writes a file, and the directories it lies in.
    pub fn file(self, name: &str, text: &str) -> io::Result<Self> {
        let path = self.path(name);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::fs::write(path, text)?;
        Ok(self)
    }

    /// Writes `connectors/<name>.yaml`.
    pub fn connector(self, name: &str, text: &str) -> io::Result<Self> {
        self.file(&format!("connectors/{name}.yaml"), text)
    }

    /// Writes `workflows/<name>.yaml`.
    pub fn workflow(self, name: &str, text: &str) -> io::Result<Self> {
        self.file(&format!("workflows/{name}.yaml"), text)
    }

    /// The project's directory.
    #[must_use]
    pub fn root(&self) -> &Path {
        self.directory.path()
    }

    /// Where a file of the project is.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }
}
