//! Large values, each in a synced file named after its content.
//!
//! A file is on disk, and so is its name, before a batch that refers to it is handed in.
//! Files that nothing refers to any more are collected after a compaction; values that are
//! just being written are counted as in flight and left alone.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sha2::{Digest, Sha256};

use crate::envelope::BlobRef;
use crate::{StoreError, private};

/// Unfinished files end like this; whatever they hold was never acknowledged.
const UNFINISHED: &str = "new";

/// The directory of large values.
#[derive(Debug)]
pub(crate) struct Blobs {
    dir: PathBuf,
    needed: Mutex<Needed>,
    next: AtomicU64,
}

/// Values that a collection must leave alone, whatever the database says.
#[derive(Debug, Default)]
struct Needed {
    /// How many batches on their way refer to a value.
    in_flight: HashMap<BlobRef, usize>,
    /// While references are being gathered: every value announced since.
    announced: Option<HashSet<BlobRef>>,
}

/// Keeps one value from being collected until its batch is answered.
#[derive(Debug)]
pub(crate) struct InFlight {
    blobs: Arc<Blobs>,
    blob: BlobRef,
}

impl Blobs {
    /// Opens the directory and removes what a crash left unfinished.
    pub(crate) fn open(dir: PathBuf) -> io::Result<Self> {
        private::own_dir(&dir)?;
        for entry in fs::read_dir(&dir)? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == UNFINISHED) {
                fs::remove_file(path)?;
            }
        }
        Ok(Self { dir, needed: Mutex::default(), next: AtomicU64::new(0) })
    }

    /// Names a value and protects it from collection.
    pub(crate) fn announce(self: &Arc<Self>, value: &[u8]) -> InFlight {
        let blob = BlobRef { digest: Sha256::digest(value).into(), len: value.len() as u64 };
        let mut needed = self.needed();
        *needed.in_flight.entry(blob).or_default() += 1;
        if let Some(announced) = &mut needed.announced {
            announced.insert(blob);
        }
        drop(needed);
        InFlight { blobs: Arc::clone(self), blob }
    }

    /// Reads a value; `None` when its file is gone or is not what was written.
    pub(crate) fn read(&self, blob: &BlobRef) -> Result<Option<Vec<u8>>, StoreError> {
        match fs::read(self.path(blob)) {
            Ok(value) => Ok(matches(blob, &value).then_some(value)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(StoreError::io(format!("reading {blob}"), error)),
        }
    }

    /// Bytes of all files.
    pub(crate) fn size(&self) -> io::Result<u64> {
        fs::read_dir(&self.dir)?.try_fold(0, |sum, entry| match entry?.metadata() {
            Ok(metadata) => Ok(sum + metadata.len()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(sum),
            Err(error) => Err(error),
        })
    }

    /// Remembers from now on which values are announced.
    ///
    /// Comes before the references are gathered: a batch that is committed meanwhile may
    /// refer to a value that the gathering has already passed by.
    pub(crate) fn begin_collection(&self) {
        let mut needed = self.needed();
        needed.announced = Some(needed.in_flight.keys().copied().collect());
    }

    /// Forgets what was remembered without removing anything.
    pub(crate) fn cancel_collection(&self) {
        self.needed().announced = None;
    }

    /// Removes every file that is neither referred to nor announced since the beginning.
    ///
    /// `referred` may name more than what is live, never less. Does nothing before
    /// [`begin_collection`](Self::begin_collection).
    pub(crate) fn collect(&self, referred: &HashSet<BlobRef>) -> io::Result<usize> {
        let mut removed = 0;
        for entry in fs::read_dir(&self.dir)? {
            let entry = entry?;
            let Some(blob) = parse_name(&entry.file_name().to_string_lossy()) else { continue };
            if referred.contains(&blob) {
                continue;
            }
            // Held while the file goes: who announces the value later finds it missing and
            // writes it anew.
            let needed = self.needed();
            let announced = needed.announced.as_ref();
            if announced.is_some_and(|announced| !announced.contains(&blob)) {
                fs::remove_file(entry.path())?;
                removed += 1;
            }
        }
        self.cancel_collection();
        Ok(removed)
    }

    fn write(&self, blob: &BlobRef, value: &[u8]) -> io::Result<()> {
        let path = self.path(blob);
        if !fs::read(&path).is_ok_and(|found| found == value) {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let unfinished = self.dir.join(format!("{number}.{UNFINISHED}"));
            let mut file = private::create(&unfinished)?;
            file.write_all(value)?;
            file.sync_all()?;
            fs::rename(&unfinished, &path)?;
        }
        // Also for a file that was there: whoever wrote it may not have come this far yet.
        sync_dir(&self.dir)
    }

    fn path(&self, blob: &BlobRef) -> PathBuf {
        self.dir.join(name(blob))
    }

    fn needed(&self) -> MutexGuard<'_, Needed> {
        self.needed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl InFlight {
    pub(crate) fn blob(&self) -> &BlobRef {
        &self.blob
    }

    /// Writes the value and returns once it is on disk under its name.
    pub(crate) fn write(&self, value: &[u8]) -> Result<(), StoreError> {
        let written = self.blobs.write(&self.blob, value);
        written.map_err(|error| StoreError::io("writing a large value", error))
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let mut needed = self.blobs.needed();
        if let Some(count) = needed.in_flight.get_mut(&self.blob) {
            *count -= 1;
            if *count == 0 {
                needed.in_flight.remove(&self.blob);
            }
        }
    }
}

/// Makes the names in a directory durable.
pub(crate) fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

impl fmt::Display for BlobRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "blobs/{}", name(self))
    }
}

fn matches(blob: &BlobRef, value: &[u8]) -> bool {
    value.len() as u64 == blob.len && <[u8; 32]>::from(Sha256::digest(value)) == blob.digest
}

fn name(blob: &BlobRef) -> String {
    use std::fmt::Write as _;
    let mut name = String::with_capacity(80);
    for byte in blob.digest {
        let _ = write!(name, "{byte:02x}");
    }
    let _ = write!(name, "-{}", blob.len);
    name
}

fn parse_name(name: &str) -> Option<BlobRef> {
    let (hex, len) = name.split_once('-')?;
    let plain = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    if hex.len() != 64 || !hex.bytes().all(plain) {
        return None;
    }
    let mut digest = [0; 32];
    for (index, byte) in digest.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&hex[2 * index..2 * index + 2], 16).ok()?;
    }
    Some(BlobRef { digest, len: len.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(dir: &Path) -> Arc<Blobs> {
        Arc::new(Blobs::open(dir.to_owned()).unwrap())
    }

    #[test]
    fn a_value_comes_back_and_damage_does_not() {
        let dir = tempfile::tempdir().unwrap();
        let blobs = open(dir.path());
        let value = vec![42; 10_000];
        let in_flight = blobs.announce(&value);
        in_flight.write(&value).unwrap();
        in_flight.write(&value).unwrap();
        let blob = *in_flight.blob();
        assert_eq!(blobs.read(&blob).unwrap().as_deref(), Some(&value[..]));
        assert_eq!(blobs.size().unwrap(), 10_000);

        fs::write(blobs.path(&blob), vec![41; 10_000]).unwrap();
        assert_eq!(blobs.read(&blob).unwrap(), None);
        in_flight.write(&value).unwrap();
        assert_eq!(blobs.read(&blob).unwrap().as_deref(), Some(&value[..]), "written anew");
    }

    #[test]
    fn only_what_nobody_needs_is_collected() {
        let dir = tempfile::tempdir().unwrap();
        let blobs = open(dir.path());
        let write = |byte| {
            let value = vec![byte; 5000];
            let in_flight = blobs.announce(&value);
            in_flight.write(&value).unwrap();
            in_flight
        };
        let (referred, forgotten, early) = (write(1), write(2), write(3));
        let names = [*referred.blob(), *forgotten.blob(), *early.blob(), *write(4).blob()];
        let [referred_to, forgotten_one, early_one, late_one] = names;
        drop((referred, forgotten));
        let there = |blob| blobs.read(blob).unwrap().is_some();

        let referred = HashSet::from([referred_to]);
        assert_eq!(blobs.collect(&referred).unwrap(), 0, "no collection was begun");
        blobs.begin_collection();
        drop((early, write(4)));
        assert_eq!(blobs.collect(&referred).unwrap(), 1);
        assert!(there(&referred_to));
        assert!(!there(&forgotten_one));
        assert!(there(&early_one), "in flight when the collection began");
        assert!(there(&late_one), "announced and answered meanwhile");

        blobs.begin_collection();
        assert_eq!(blobs.collect(&referred).unwrap(), 2);
        assert!(blobs.needed().in_flight.is_empty());
    }

    #[test]
    fn unfinished_files_go_at_opening() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("7.new"), b"torn").unwrap();
        fs::write(dir.path().join("notes.txt"), b"somebody's").unwrap();
        let blobs = open(dir.path());
        assert!(!dir.path().join("7.new").exists());
        assert_eq!(blobs.collect(&HashSet::new()).unwrap(), 0);
        assert!(dir.path().join("notes.txt").exists());
    }

    #[test]
    fn names_are_read_back() {
        let blob = BlobRef { digest: std::array::from_fn(|index| index as u8 * 8), len: 4097 };
        assert_eq!(parse_name(&name(&blob)), Some(blob));
        for wrong in [
            "",
            "-",
            "ab-1",
            &format!("{}-x", "0".repeat(64)),
            &"é".repeat(40),
            &format!("{}-1", "+1".repeat(32)),
        ] {
            assert_eq!(parse_name(wrong), None, "{wrong}");
        }
    }
}
