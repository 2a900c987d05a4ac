//! What lies in a data directory, and who may use it.
//!
//! ```text
//! LOCK         held by the process that uses the directory
//! CURRENT      names the generation that counts
//! gen-0001/    one sled database
//! WITNESS      names the last group of batches that reached the disk
//! blobs/       large values, shared by all generations
//! ```
//!
//! Only `CURRENT` decides. It is replaced by a rename, so it always names a whole generation;
//! every other generation is what an interrupted compaction left behind.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::blobs::sync_dir;
use crate::{OpenError, private};

const CURRENT: &str = "CURRENT";
const LOCK: &str = "LOCK";

/// A data directory that this process holds.
#[derive(Debug)]
pub(crate) struct Layout {
    dir: PathBuf,
    /// Released with the last handle, also when the process is killed.
    _lock: File,
}

impl Layout {
    /// Creates the directory if need be and takes it for this process.
    pub(crate) fn acquire(dir: &Path) -> Result<Self, OpenError> {
        let doing = |source| OpenError::Io { dir: dir.to_owned(), source };
        private::create_dir(dir).map_err(doing)?;
        let lock = private::writing().truncate(false).open(dir.join(LOCK));
        let lock = lock.map_err(doing)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { dir: dir.to_owned(), _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(OpenError::InUse { dir: dir.to_owned() }),
            Err(TryLockError::Error(source)) => Err(doing(source)),
        }
    }

    pub(crate) fn blobs(&self) -> PathBuf {
        self.dir.join("blobs")
    }

    pub(crate) fn witness(&self) -> PathBuf {
        self.dir.join("WITNESS")
    }

    pub(crate) fn generation(&self, number: u32) -> PathBuf {
        self.dir.join(format!("gen-{number:04}"))
    }

    /// Finds the generation that counts; `None` in a directory that was never in use.
    pub(crate) fn current(&self) -> Result<Option<u32>, OpenError> {
        let io = |source| OpenError::Io { dir: self.dir.clone(), source };
        match fs::read_to_string(self.dir.join(CURRENT)) {
            Ok(name) => match parse(name.trim_end()) {
                Some(number) if self.generation(number).is_dir() => Ok(Some(number)),
                _ => Err(self.unclear("CURRENT names no generation that is there")),
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                match self.generations().map_err(io)?.as_slice() {
                    [] => Ok(None),
                    [1] => self.first_start().map_err(io),
                    _ => Err(self.unclear("CURRENT is missing")),
                }
            }
            Err(error) => Err(io(error)),
        }
    }

    /// Makes a generation the one that counts, durably and at once.
    pub(crate) fn set_current(&self, number: u32) -> io::Result<()> {
        if fs::read_to_string(self.dir.join(CURRENT)).is_ok_and(|name| is_name(&name, number)) {
            return Ok(());
        }
        let unfinished = self.dir.join("CURRENT.new");
        let mut file = private::create(&unfinished)?;
        writeln!(file, "gen-{number:04}")?;
        file.sync_all()?;
        // The generation's own name must be on disk before anything points at it.
        sync_dir(&self.dir)?;
        fs::rename(&unfinished, self.dir.join(CURRENT))?;
        sync_dir(&self.dir)
    }

    /// Removes every generation but one.
    pub(crate) fn remove_others(&self, current: u32) -> io::Result<()> {
        for number in self.generations()? {
            if number != current {
                fs::remove_dir_all(self.generation(number))?;
                tracing::info!(generation = number, "removed a generation that no longer counts");
            }
        }
        Ok(())
    }

    /// Looks at a first generation that nothing points to.
    ///
    /// The very first start was interrupted. sled creates its settings before its data file,
    /// so without the latter there is nothing to lose, and the former may be torn.
    fn first_start(&self) -> io::Result<Option<u32>> {
        let first = self.generation(1);
        if first.join("db").exists() {
            return Ok(Some(1));
        }
        fs::remove_dir_all(first)?;
        Ok(None)
    }

    fn generations(&self) -> io::Result<Vec<u32>> {
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.dir)? {
            found.extend(parse(&entry?.file_name().to_string_lossy()));
        }
        found.sort_unstable();
        Ok(found)
    }

    fn unclear(&self, reason: &'static str) -> OpenError {
        OpenError::Unclear { dir: self.dir.clone(), reason }
    }
}

fn is_name(name: &str, number: u32) -> bool {
    parse(name.trim_end()) == Some(number)
}

fn parse(name: &str) -> Option<u32> {
    let digits = name.strip_prefix("gen-")?;
    let plain = digits.len() >= 4 && digits.bytes().all(|byte| byte.is_ascii_digit());
    if plain { digits.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Prepares a directory and says which generation is found in it.
    fn check(generations: &[&str], current: Option<&str>, expected: Result<Option<u32>, &str>) {
        let dir = tempfile::tempdir().unwrap();
        for name in generations {
            let name = dir.path().join(name);
            fs::create_dir_all(name.parent().unwrap()).unwrap();
            if name.ends_with("db") {
                fs::write(name, b"").unwrap();
            } else {
                fs::create_dir_all(name).unwrap();
            }
        }
        if let Some(text) = current {
            fs::write(dir.path().join(CURRENT), text).unwrap();
        }
        let layout = Layout::acquire(dir.path()).unwrap();
        let found = layout.current().map_err(|error| error.to_string());
        match (found, expected) {
            (Ok(found), Ok(expected)) => assert_eq!(found, expected),
            (Err(found), Err(expected)) => assert!(found.contains(expected), "{found}"),
            (found, expected) => panic!("found {found:?}, expected {expected:?}"),
        }
    }

    #[test]
    fn only_current_decides() {
        check(&[], None, Ok(None));
        check(&["gen-0001/db"], None, Ok(Some(1)));
        check(&["gen-0001/conf"], None, Ok(None));
        check(&["gen-0001/db", "gen-0002/db"], Some("gen-0001\n"), Ok(Some(1)));
        check(&["gen-0001/db", "gen-0002/db"], Some("gen-0002\n"), Ok(Some(2)));
        check(&["gen-0001/db"], Some("gen-0003\n"), Err("CURRENT names no generation"));
        check(&["gen-0001/db"], Some(""), Err("CURRENT names no generation"));
        check(&["gen-0001/db", "gen-0002/db"], None, Err("CURRENT is missing"));
        check(&["gen-0002/db"], None, Err("CURRENT is missing"));
    }

    #[test]
    fn switching_leaves_one_generation() {
        let dir = tempfile::tempdir().unwrap();
        let layout = Layout::acquire(dir.path()).unwrap();
        fs::create_dir_all(layout.generation(1)).unwrap();
        fs::create_dir_all(layout.generation(12345)).unwrap();
        layout.set_current(12345).unwrap();
        layout.remove_others(12345).unwrap();
        assert_eq!(layout.current().unwrap(), Some(12345));
        assert_eq!(layout.generations().unwrap(), [12345]);
    }

    #[test]
    fn a_directory_has_one_user() {
        let dir = tempfile::tempdir().unwrap();
        let first = Layout::acquire(dir.path()).unwrap();
        let second = Layout::acquire(dir.path()).unwrap_err();
        assert_eq!(
            second.to_string(),
            format!("data directory {} is in use by another process", dir.path().display())
        );
        drop(first);
        Layout::acquire(dir.path()).unwrap();
    }
}
