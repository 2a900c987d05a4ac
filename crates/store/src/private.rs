//! Files and directories that only their owner may read, whatever the umask.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::path::Path;

/// Creates a directory for its owner alone; one that is there stays as it is.
pub(crate) fn create_dir(dir: &Path) -> io::Result<()> {
    if let Some(parent) = dir.parent() {
        fs::create_dir_all(parent)?;
    }
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(dir) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && dir.is_dir() => Ok(()),
        created => created,
    }
}

/// Creates a directory that only the store uses; one that is there is closed to others.
///
/// So what sled creates in it, with modes of its own, is out of reach as well.
pub(crate) fn own_dir(dir: &Path) -> io::Result<()> {
    create_dir(dir)?;
    #[cfg(unix)]
    fs::set_permissions(dir, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
    Ok(())
}

/// Prepares to write a file that is created for its owner alone.
pub(crate) fn writing() -> OpenOptions {
    let mut options = File::options();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.write(true).create(true);
    options
}

/// Creates a file for its owner alone, or empties the one that is there.
pub(crate) fn create(path: &Path) -> io::Result<File> {
    writing().truncate(true).open(path)
}
