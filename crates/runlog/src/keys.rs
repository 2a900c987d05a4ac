//! The one ordered space of keys.
//!
//! | key | value |
//! |---|---|
//! | `j/` run, first number | facts that were appended together |
//! | `r/` run | summary |
//! | `t/` place | index of all runs by time |
//! | `s/` status, place | … by status |
//! | `w/` workflow, 0, outcome, place | … by workflow and outcome |
//! | `p/` digest of the subject, place | … by whom they are about |
//! | `u/` instant, run | timers |
//! | `d/` digest of source and value | deduplication |
//! | `x/` instant, digest | … by age |
//! | `e/` event | event as it was accepted |
//! | `v/` hash | text of a workflow version |
//! | `m/` name | about the log itself |
//!
//! A place is when a run was accepted, in milliseconds, and its identity: places sort by
//! time whatever clock made the identities. Numbers are big-endian. `t s w p u x` follow
//! from `r` and `d` and can be rebuilt.

use bytes::{BufMut, Bytes, BytesMut};
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use tenure_event::EventId;
use tenure_run::{RunId, RunStatus};

pub(crate) const RUN: &[u8] = b"r/";
pub(crate) const TIME: &[u8] = b"t/";
pub(crate) const STATUS: &[u8] = b"s/";
pub(crate) const DUE: &[u8] = b"u/";
pub(crate) const DEDUP: &[u8] = b"d/";
pub(crate) const AGE: &[u8] = b"x/";

/// Version of the indexes' layout; another one stored means that they are rebuilt.
pub(crate) const INDEXES: &[u8] = b"m/indexes";

/// Prefixes of everything that can be rebuilt.
pub(crate) const REBUILT: [&[u8]; 6] = [TIME, STATUS, b"w/", b"p/", DUE, AGE];

/// Bytes of a place: six for milliseconds, sixteen for the run.
pub(crate) const PLACE_LEN: usize = 22;

/// Where a run stands in every list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place([u8; PLACE_LEN]);

impl Place {
    pub(crate) fn new(created_at: Timestamp, run: RunId) -> Self {
        let mut bytes = [0; PLACE_LEN];
        bytes[..6].copy_from_slice(&millis(created_at));
        bytes[6..].copy_from_slice(run.as_bytes());
        Self(bytes)
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    pub(crate) fn run(&self) -> RunId {
        let mut run = [0; 16];
        run.copy_from_slice(&self.0[6..]);
        RunId::from_bytes(run)
    }

    /// Reads the place at the end of an index key.
    pub(crate) fn at_end_of(key: &[u8]) -> Option<Self> {
        key.last_chunk().copied().map(Self)
    }
}

/// Six bytes for an instant in milliseconds; what lies before 1970 counts as 1970.
pub(crate) fn millis(at: Timestamp) -> [u8; 6] {
    let millis = u64::try_from(at.as_millisecond()).unwrap_or(0);
    let [_, _, bytes @ ..] = millis.to_be_bytes();
    bytes
}

/// Twelve bytes for an exact instant.
fn instant(at: Timestamp) -> [u8; 12] {
    // Rounds towards the past, so that what is left over is never negative.
    let nanos = at.as_nanosecond();
    let (seconds, nanos) = (nanos.div_euclid(1_000_000_000), nanos.rem_euclid(1_000_000_000));
    let mut bytes = [0; 12];
    // Both fit: instants of jiff lie within ten thousand years of 1970.
    let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
    let nanos = u32::try_from(nanos).unwrap_or(0);
    bytes[..8].copy_from_slice(&(seconds.wrapping_sub(i64::MIN) as u64).to_be_bytes());
    bytes[8..].copy_from_slice(&nanos.to_be_bytes());
    bytes
}

fn read_instant(bytes: [u8; 12]) -> Option<Timestamp> {
    let (seconds, nanos) = bytes.split_first_chunk::<8>()?;
    let seconds = (u64::from_be_bytes(*seconds) as i64).wrapping_add(i64::MIN);
    let nanos = u32::from_be_bytes(*nanos.first_chunk()?);
    Timestamp::new(seconds, i32::try_from(nanos).ok()?).ok()
}

fn key(parts: &[&[u8]]) -> Bytes {
    let mut key = BytesMut::with_capacity(parts.iter().map(|part| part.len()).sum());
    for part in parts {
        key.put_slice(part);
    }
    key.freeze()
}

pub(crate) fn journal(run: RunId) -> Bytes {
    key(&[b"j/", run.as_bytes()])
}

pub(crate) fn journal_at(run: RunId, seq: u64) -> Bytes {
    key(&[b"j/", run.as_bytes(), &seq.to_be_bytes()])
}

/// The number of the first fact under a journal key.
pub(crate) fn journal_seq(key: &[u8]) -> Option<u64> {
    key.last_chunk().map(|bytes| u64::from_be_bytes(*bytes))
}

pub(crate) fn run(run: RunId) -> Bytes {
    key(&[RUN, run.as_bytes()])
}

/// The run at the end of a key.
pub(crate) fn run_at_end_of(key: &[u8]) -> Option<RunId> {
    key.last_chunk().copied().map(RunId::from_bytes)
}

pub(crate) fn by_time(place: &Place) -> Bytes {
    key(&[TIME, place.as_bytes()])
}

pub(crate) fn status_prefix(status: RunStatus) -> Bytes {
    key(&[STATUS, &[status_code(status)]])
}

pub(crate) fn by_status(status: RunStatus, place: &Place) -> Bytes {
    key(&[STATUS, &[status_code(status)], place.as_bytes()])
}

/// What the index by workflow tells apart: how runs ended, or that they have not.
///
/// A run changes its entry once, when it ends. Lists of one workflow's failures stay fast
/// however many runs of others have failed.
pub(crate) const OUTCOMES: [RunStatus; 4] =
    [RunStatus::Queued, RunStatus::Succeeded, RunStatus::Failed, RunStatus::Cancelled];

fn outcome_code(status: RunStatus) -> u8 {
    if status.is_ended() { status_code(status) } else { 0 }
}

pub(crate) fn workflow_prefix(workflow: &str, status: RunStatus) -> Bytes {
    key(&[b"w/", workflow.as_bytes(), &[0, outcome_code(status)]])
}

pub(crate) fn by_workflow(workflow: &str, status: RunStatus, place: &Place) -> Bytes {
    key(&[b"w/", workflow.as_bytes(), &[0, outcome_code(status)], place.as_bytes()])
}

pub(crate) fn subject_prefix(subject: &str) -> Bytes {
    key(&[b"p/", &digest(&[subject.as_bytes()])])
}

pub(crate) fn by_subject(subject: &str, place: &Place) -> Bytes {
    key(&[b"p/", &digest(&[subject.as_bytes()]), place.as_bytes()])
}

pub(crate) fn due(at: Timestamp, run: RunId) -> Bytes {
    key(&[DUE, &instant(at), run.as_bytes()])
}

/// The first key behind all timers up to and including an instant.
pub(crate) fn due_after(until: Timestamp) -> Bytes {
    key(&[DUE, &instant(until), &[0xff; 17]])
}

/// The instant and the run of a timer.
pub(crate) fn read_due(key: &[u8]) -> Option<(Timestamp, RunId)> {
    let (at, run) = key.strip_prefix(DUE)?.split_first_chunk::<12>()?;
    Some((read_instant(*at)?, run_at_end_of(run)?))
}

/// Sixteen bytes that name a source and a value.
pub(crate) fn dedup_digest(source: &str, value: &str) -> [u8; 16] {
    // The length keeps `ab`, `c` and `a`, `bc` apart.
    digest(&[&(source.len() as u64).to_be_bytes(), source.as_bytes(), value.as_bytes()])
}

pub(crate) fn dedup(digest: &[u8; 16]) -> Bytes {
    key(&[DEDUP, digest])
}

pub(crate) fn by_age(at: Timestamp, digest: &[u8; 16]) -> Bytes {
    key(&[AGE, &instant(at), digest])
}

/// The first key that is not older than an instant.
pub(crate) fn age(at: Timestamp) -> Bytes {
    key(&[AGE, &instant(at)])
}

pub(crate) fn event(event: EventId) -> Bytes {
    key(&[b"e/", event.as_bytes()])
}

pub(crate) fn workflow(hash: &str) -> Bytes {
    key(&[b"v/", hash.as_bytes()])
}

fn digest(parts: &[&[u8]]) -> [u8; 16] {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part);
    }
    let full: [u8; 32] = hasher.finalize().into();
    let mut half = [0; 16];
    half.copy_from_slice(&full[..16]);
    half
}

/// One byte for a status; those of runs that have not ended come first.
fn status_code(status: RunStatus) -> u8 {
    match status {
        RunStatus::Queued => 0,
        RunStatus::Running => 1,
        RunStatus::Waiting => 2,
        RunStatus::Paused => 3,
        RunStatus::NeedsAttention => 4,
        RunStatus::Succeeded => ENDED,
        RunStatus::Failed => 6,
        RunStatus::Cancelled => 7,
    }
}

/// Code of the first status that a run keeps for good.
const ENDED: u8 = 5;

/// The status in a key of the index by status.
pub(crate) fn read_status(key: &[u8]) -> Option<RunStatus> {
    let code = *key.strip_prefix(STATUS)?.first()?;
    RunStatus::ALL.into_iter().find(|status| status_code(*status) == code)
}

/// The first key behind all runs that have not ended.
pub(crate) fn live_end() -> Bytes {
    key(&[STATUS, &[ENDED]])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn places_sort_by_time_then_run() {
        let (low, high) = (RunId::from_bytes([1; 16]), RunId::from_bytes([2; 16]));
        let places = [
            Place::new(at("1960-01-01T00:00:00Z"), low),
            Place::new(at("2026-01-01T00:00:00Z"), high),
            Place::new(at("2026-01-01T00:00:00.001Z"), low),
            Place::new(at("2026-01-01T00:00:00.001Z"), high),
            Place::new(at("9999-01-01T00:00:00Z"), low),
        ];
        assert!(places.is_sorted());
        let key = by_workflow("joiner", RunStatus::Failed, &places[3]);
        assert_eq!(Place::at_end_of(&key), Some(places[3]));
        assert_eq!(places[3].run(), high);
    }

    #[test]
    fn timers_are_exact_and_ordered() {
        let instants = [
            "-001000-01-01T00:00:00Z",
            "1969-12-31T23:59:59.999999999Z",
            "1970-01-01T00:00:00Z",
            "2026-01-01T00:00:00Z",
            "2026-01-01T00:00:00.000000001Z",
            "9999-12-30T22:00:00Z",
        ];
        let run = RunId::from_bytes([0xff; 16]);
        let mut keys = Vec::new();
        for text in instants {
            let key = due(at(text), run);
            assert_eq!(read_due(&key), Some((at(text), run)), "{text}");
            keys.push(key);
            keys.push(due_after(at(text)));
        }
        assert!(keys.is_sorted());
        assert_eq!(read_due(b"u/short"), None);
    }

    #[test]
    fn statuses_are_read_back_and_live_ones_come_first() {
        let place = Place::new(at("2026-01-01T00:00:00Z"), RunId::from_bytes([0xff; 16]));
        for status in RunStatus::ALL {
            let key = by_status(status, &place);
            assert_eq!(read_status(&key), Some(status));
            assert_eq!(key < live_end(), !status.is_ended(), "{status}");
        }
    }

    #[test]
    fn sources_and_values_do_not_run_together() {
        assert_ne!(dedup_digest("ab", "c"), dedup_digest("a", "bc"));
        assert_eq!(dedup_digest("a", "b"), dedup_digest("a", "b"));
    }

    #[test]
    fn the_longest_workflow_name_fits() {
        let place = Place::new(at("2026-01-01T00:00:00Z"), RunId::from_bytes([0; 16]));
        assert!(
            by_workflow(&"w".repeat(64), RunStatus::Queued, &place).len() <= tenure_store::KEY_MAX
        );
    }
}
