//! Opening a generation, also one that a crash left untidy.
//!
//! sled writes `snap.*` files while opening, as a short cut for the next opening. A half
//! written one makes a healthy database unopenable, and none is needed: without a snapshot
//! sled reads its whole log.

use std::error::Error;
use std::fs;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::Duration;

use crate::OpenError;

/// Where snapshots go that could not be read, inside the generation.
const ASIDE: &str = "aside";

/// How long a database of this very process may take to let go of its file.
const RELEASE: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(5);

/// Opens the sled database of one generation.
pub(super) fn open(dir: &Path, cache: u64) -> Result<sled::Db, OpenError> {
    let io = |source| OpenError::Io { dir: dir.to_owned(), source };
    for unfinished in snapshots(dir).map_err(io)? {
        if unfinished.ends_with(".generating") {
            fs::remove_file(dir.join(&unfinished)).map_err(io)?;
            tracing::warn!(file = unfinished, "removed an unfinished snapshot");
        }
    }
    let first = match open_released(dir, cache) {
        Ok(db) => return Ok(db),
        Err(error) => error,
    };
    let moved = match first {
        Unopened::Damaged(_) => set_aside(dir).map_err(io)?,
        Unopened::Other(_) => 0,
    };
    if moved == 0 {
        return Err(first.named(dir));
    }
    tracing::warn!(files = moved, "set snapshots aside that could not be read");
    open_released(dir, cache).map_err(|error| error.named(dir))
}

enum Unopened {
    Damaged(Box<dyn Error + Send + Sync>),
    Other(io::Error),
}

impl Unopened {
    fn named(self, dir: &Path) -> OpenError {
        match self {
            Self::Damaged(source) => OpenError::Damaged { dir: dir.to_owned(), source },
            Self::Other(source) => OpenError::Io { dir: dir.to_owned(), source },
        }
    }
}

/// Opens the database, waiting for one of this process that is just being closed.
///
/// sled gives its file lock back some moments after the last handle is gone. Other
/// processes are no concern here: they do not get past the directory's own lock.
fn open_released(dir: &Path, cache: u64) -> Result<sled::Db, Unopened> {
    let mut waited = Duration::ZERO;
    loop {
        match open_once(dir, cache) {
            Err(Unopened::Other(error)) if is_locked(&error) && waited < RELEASE => {
                std::thread::park_timeout(PAUSE);
                waited += PAUSE;
            }
            answer => return answer,
        }
    }
}

fn open_once(dir: &Path, cache: u64) -> Result<sled::Db, Unopened> {
    let config = sled::Config::new()
        .path(dir)
        .cache_capacity(cache)
        // Its thread also cleans segments; without it a database only grows.
        .flush_every_ms(Some(500))
        .mode(sled::Mode::HighThroughput);
    // Some kinds of damage end in an assertion of sled's.
    match catch_unwind(AssertUnwindSafe(|| config.open())) {
        Ok(Ok(db)) => Ok(db),
        Ok(Err(sled::Error::Io(error))) => Err(Unopened::Other(error)),
        Ok(Err(error)) => Err(Unopened::Damaged(error.into())),
        Err(_) => Err(Unopened::Damaged("sled gave up reading its log".into())),
    }
}

fn is_locked(error: &io::Error) -> bool {
    error.to_string().contains("could not acquire lock")
}

fn set_aside(dir: &Path) -> io::Result<usize> {
    let found = snapshots(dir)?;
    if !found.is_empty() {
        fs::create_dir_all(dir.join(ASIDE))?;
    }
    for name in &found {
        fs::rename(dir.join(name), dir.join(ASIDE).join(name))?;
    }
    Ok(found.len())
}

fn snapshots(dir: &Path) -> io::Result<Vec<String>> {
    let mut found = Vec::new();
    match fs::read_dir(dir) {
        Ok(entries) => {
            for entry in entries {
                let name = entry?.file_name().to_string_lossy().into_owned();
                if name.starts_with("snap.") {
                    found.push(name);
                }
            }
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CACHE: u64 = 1 << 20;

    /// Fills a database, lets `harm` work on its directory, and expects all entries back.
    fn check(harm: impl FnOnce(&Path)) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for round in 0..2u32 {
            let db = open(dir.path(), CACHE).unwrap();
            for number in 0..500u32 {
                db.insert(number.to_be_bytes(), &round.to_be_bytes()).unwrap();
            }
            db.flush().unwrap();
        }
        harm(dir.path());
        let db = open(dir.path(), CACHE).unwrap();
        assert_eq!(db.iter().count(), 500);
        assert!(db.iter().values().all(|value| value.unwrap().as_ref() == [0, 0, 0, 1]));
        drop(db);
        dir
    }

    fn snapshot(dir: &Path) -> std::path::PathBuf {
        let name = snapshots(dir).unwrap().pop().expect("sled wrote a snapshot");
        dir.join(name)
    }

    #[test]
    fn an_undisturbed_database_opens() {
        check(|_| {});
    }

    #[test]
    fn an_unfinished_snapshot_is_removed() {
        let dir = check(|dir| fs::write(dir.join("snap.FFFFFFFF.generating"), b"half").unwrap());
        assert!(!dir.path().join("snap.FFFFFFFF.generating").exists());
    }

    #[test]
    fn a_damaged_snapshot_is_set_aside() {
        let dir = check(|dir| {
            let path = snapshot(dir);
            let len = fs::metadata(&path).unwrap().len();
            fs::File::options().write(true).open(path).unwrap().set_len(len / 2).unwrap();
        });
        assert_eq!(fs::read_dir(dir.path().join(ASIDE)).unwrap().count(), 1);
    }

    #[test]
    fn a_damaged_configuration_is_an_error_with_the_directory() {
        let dir = tempfile::tempdir().unwrap();
        drop(open(dir.path(), CACHE).unwrap());
        fs::write(dir.path().join("conf"), b"segment_size: nonsense").unwrap();
        let error = open(dir.path(), CACHE).unwrap_err();
        let expected = format!("database in {} cannot be read;", dir.path().display());
        assert!(error.to_string().starts_with(&expected), "{error}");
        assert!(error.source().is_some());
    }
}
