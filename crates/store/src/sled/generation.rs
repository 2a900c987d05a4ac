//! One sled database and the handle that syncs it.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use crate::blobs::sync_dir;
use crate::{OpenError, private};

/// One open generation.
#[derive(Debug)]
pub(super) struct Generation {
    pub(super) db: sled::Db,
    pub(super) number: u32,
    dir: PathBuf,
    /// A second handle of sled's data file: `flush` hands the data to the kernel, only
    /// `fdatasync` takes it to the disk.
    file: File,
}

impl Generation {
    pub(super) fn open(dir: PathBuf, number: u32, cache: u64) -> Result<Self, OpenError> {
        if let Err(source) = private::own_dir(&dir) {
            return Err(OpenError::Io { dir, source });
        }
        let db = super::recover::open(&dir, cache)?;
        match File::options().read(true).write(true).open(dir.join("db")) {
            Ok(file) => Ok(Self { db, number, dir, file }),
            Err(source) => Err(OpenError::Io { dir, source }),
        }
    }

    /// Takes everything that was applied to the disk.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.db.flush().map_err(io_error)?;
        self.file.sync_data()
    }

    /// Takes everything to the disk, also the names of files.
    pub(super) fn sync_all(&self) -> io::Result<()> {
        self.db.flush().map_err(io_error)?;
        self.file.sync_all()?;
        File::open(self.dir.join("conf"))?.sync_all()?;
        sync_dir(&self.dir)
    }

    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Bytes that the database takes.
    pub(super) fn size(&self) -> io::Result<u64> {
        Ok(fs::metadata(self.dir.join("db"))?.len())
    }

    /// Makes a generation whose every sync fails.
    #[cfg(test)]
    pub(super) fn unplugged(mut self) -> Self {
        // The kernel refuses to sync a character device.
        self.file = File::open("/dev/null").unwrap();
        self
    }
}

/// Gives an error of sled's the shape of all others.
pub(super) fn io_error(error: sled::Error) -> io::Error {
    match error {
        sled::Error::Io(error) => error,
        other => io::Error::other(other),
    }
}
