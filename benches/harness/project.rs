//! A project on disk for the daemon that is measured.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use tempfile::TempDir;

use crate::workload::{NAP, W1, W2};

/// A project directory that vanishes when it is dropped.
#[derive(Debug)]
pub(crate) struct Project {
    directory: TempDir,
}

impl Project {
    /// Writes a project whose steps call this service.
    pub(crate) fn new(service: &str) -> Result<Self> {
        let project = Self { directory: scratch()? };
        project.file("tenure.yaml", "egress: { allow_private: [127.0.0.0/8] }\n")?;
        let connector = format!("name: service\nbase_url: {service}\nauth: none\n");
        project.file("connectors/service.yaml", &connector)?;
        project.file("workflows/w1.yaml", &W1.workflow())?;
        project.file("workflows/w2.yaml", &W2.workflow())?;
        project.file("workflows/nap.yaml", NAP)?;
        Ok(project)
    }

    fn file(&self, name: &str, text: &str) -> Result<()> {
        let path = self.root().join(name);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::fs::write(&path, text).with_context(|| format!("{name} cannot be written"))
    }

    pub(crate) fn root(&self) -> &Path {
        self.directory.path()
    }

    /// Where the daemon keeps its runs.
    pub(crate) fn data(&self) -> PathBuf {
        self.root().join(".tenure")
    }

    /// Bytes that the runs take: what the files say, and what the disk has given.
    pub(crate) fn size(&self) -> Result<Size> {
        let mut size = Size::default();
        size.add(&self.data()).context("the data directory cannot be measured")?;
        Ok(size)
    }
}

/// A directory beside the program, on the disk that also holds the checkout.
///
/// The system's own directory for such things may be memory, which flushes nothing.
pub(crate) fn scratch() -> Result<TempDir> {
    let program = std::env::current_exe()?;
    let place = program.parent().context("the program lies in a directory")?;
    TempDir::with_prefix_in("bench-", place).context("no directory to measure in")
}

/// Bytes of all files below a directory.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Size {
    /// Their lengths.
    pub(crate) length: u64,
    /// Blocks that they take.
    pub(crate) blocks: u64,
}

impl Size {
    fn add(&mut self, directory: &Path) -> std::io::Result<()> {
        for entry in std::fs::read_dir(directory)? {
            let entry = entry?;
            let metadata = entry.metadata()?;
            if metadata.is_dir() {
                self.add(&entry.path())?;
            } else {
                self.length += metadata.len();
                self.blocks += metadata.blocks() * 512;
            }
        }
        Ok(())
    }
}
