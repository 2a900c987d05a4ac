//! Notices at opening that what was committed is no longer there.
//!
//! Where sled meets a damaged record it takes it for the end of its log, or leaves out the rest
//! of a segment, and opens as if nothing had been. So each group carries a tally of all entries,
//! under a key that no batch can use, and a file beside the generations names the last group
//! that reached the disk. It is written after the group's sync and may only ever lag behind:
//! neither a kill nor a power cut makes a whole database look like a damaged one.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

use bytes::Bytes;

use super::generation::{Generation, io_error};
use crate::envelope::{self, Content};
use crate::{OpenError, private};

/// Where the tally lies: batches with an empty key are refused.
pub(super) const KEY: &[u8] = b"";

/// Groups after which the file is synced; the kernel writes it back by itself within a minute.
const SYNC_EVERY: u64 = 512;

/// Longest content of the file: a number and its checksum.
const LENGTH_MAX: u64 = 64;

/// How many groups there were, and a sum over all entries after the last of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Tally {
    group: u64,
    sum: u64,
}

/// The tally of an open store and the file that remembers it.
#[derive(Debug)]
pub(super) struct Witness {
    path: PathBuf,
    /// Opened with the first group: a store that nobody wrote to needs none.
    file: Option<File>,
    tally: Tally,
    /// Unless what cannot be read was accepted: then there is nothing to compare with.
    readable: bool,
    /// Whether the file could not be written and somebody was told.
    silent: bool,
}

impl Witness {
    /// Compares a generation with what the file remembers, and goes on from there.
    ///
    /// Without a file nothing is compared: removing it is how people accept a loss.
    pub(super) fn examine(path: PathBuf, generation: &Generation) -> Result<Self, OpenError> {
        let remembered = read(&path).map_err(|error| at(&path, error))?;
        let found = Tally::find(generation).map_err(|error| at(generation.dir(), error))?;
        let counted = count(generation);
        let lost = |reason| OpenError::Lost {
            dir: generation.dir().to_owned(),
            reason,
            witness: path.clone(),
        };
        let group = found.unwrap_or_default().group;
        let readable = counted.is_ok();
        let sum = match (remembered, counted) {
            (Some(expected), _) if expected > group => {
                return Err(lost(format!(
                    "commit {expected} was on disk, now {group} is the last"
                )));
            }
            (Some(_), Ok(sum)) if found.is_some_and(|found| found.sum != sum) => {
                return Err(lost(format!("its entries are not those of commit {group}")));
            }
            (Some(_), Err(error)) => {
                return Err(lost(format!("its entries cannot be read: {error}")));
            }
            (_, Ok(sum)) => sum,
            // Accepted; whoever needs what cannot be read is told so.
            (None, Err(_)) => found.unwrap_or_default().sum,
        };
        if !readable || found.is_some_and(|found| found.sum != sum) {
            tracing::warn!(group, "database lacks some of what was committed, as was accepted");
        }
        Ok(Self { path, file: None, tally: Tally { group, sum }, readable, silent: false })
    }

    /// Adds a group that is about to be applied; returns what goes with it under [`KEY`].
    pub(super) fn add(
        &mut self,
        generation: &Generation,
        writes: &HashMap<Bytes, Option<Bytes>>,
    ) -> Result<Bytes, sled::Error> {
        let mut sum = self.tally.sum;
        for (key, value) in writes {
            if let Some(before) = generation.db.get(key)? {
                sum = sum.wrapping_sub(fingerprint(key, &before));
            }
            if let Some(value) = value {
                sum = sum.wrapping_add(fingerprint(key, value));
            }
        }
        self.tally = Tally { group: self.tally.group + 1, sum };
        Ok(self.tally.seal())
    }

    /// Remembers the group that was added last: it is on disk.
    ///
    /// A failure harms nothing that was committed, so it is said once and no more.
    pub(super) fn remember(&mut self) {
        if !self.readable {
            return;
        }
        match self.write() {
            Ok(()) => self.silent = false,
            Err(error) if !self.silent => {
                self.silent = true;
                tracing::warn!(%error, "witness cannot be written; a loss may go unnoticed");
            }
            Err(_) => {}
        }
    }

    fn write(&mut self) -> io::Result<()> {
        let group = self.tally.group;
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(private::writing().truncate(false).open(&self.path)?),
        };
        file.rewind()?;
        // One write call of one length: never half of one number and half of another.
        file.write_all(line(group).as_bytes())?;
        if group.is_multiple_of(SYNC_EVERY) { file.sync_data() } else { Ok(()) }
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        if let Some(file) = &self.file
            && let Err(error) = file.sync_all()
        {
            tracing::warn!(%error, "witness cannot be synced; a loss may go unnoticed");
        }
    }
}

impl Tally {
    fn find(generation: &Generation) -> io::Result<Option<Self>> {
        let Some(sealed) = generation.db.get(KEY).map_err(io_error)? else { return Ok(None) };
        let Content::Inline(bytes) = envelope::open(KEY, &sealed).map_err(io::Error::other)? else {
            return Ok(None);
        };
        Ok(bytes.split_first_chunk::<8>().and_then(|(group, sum)| {
            let (group, sum) = (u64::from_be_bytes(*group), sum.try_into().ok()?);
            Some(Self { group, sum: u64::from_be_bytes(sum) })
        }))
    }

    fn seal(self) -> Bytes {
        envelope::seal_inline(KEY, &[self.group.to_be_bytes(), self.sum.to_be_bytes()].concat())
    }
}

/// Sums all entries of a generation.
fn count(generation: &Generation) -> Result<u64, sled::Error> {
    let mut sum = 0u64;
    for entry in generation.db.iter() {
        let (key, sealed) = entry?;
        if !key.is_empty() {
            sum = sum.wrapping_add(fingerprint(&key, &sealed));
        }
    }
    Ok(sum)
}

/// Stands for one entry in the sum; the checksum in its head stands for the value.
fn fingerprint(key: &[u8], sealed: &[u8]) -> u64 {
    let head = sealed.first_chunk::<5>().map_or(0, |[_, sum @ ..]| u32::from_le_bytes(*sum));
    let mixed = u64::from(crc32c::crc32c(key)) << 32 | u64::from(head);
    // Spreads each bit over all others, so that sums of different entries differ.
    let mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ mixed >> 31
}

fn line(group: u64) -> String {
    let number = format!("{group:020}");
    format!("{number} {:08x}\n", crc32c::crc32c(number.as_bytes()))
}

/// Reads the file; one that is empty or damaged remembers nothing.
fn read(path: &Path) -> io::Result<Option<u64>> {
    let mut text = Vec::new();
    match File::open(path) {
        Ok(file) => file.take(LENGTH_MAX).read_to_end(&mut text)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let group = std::str::from_utf8(&text).ok().and_then(|text| {
        let group = text.split_once(' ')?.0.parse().ok()?;
        (line(group) == text).then_some(group)
    });
    if group.is_none() {
        tracing::warn!(file = %path.display(), "witness is damaged; a loss would go unnoticed");
    }
    Ok(group)
}

fn at(dir: &Path, source: io::Error) -> OpenError {
    OpenError::Io { dir: dir.to_owned(), source }
}
