//! Facts on disk: those appended together are one value, each chained to the one before.
//!
//! An entry's hash is SHA-256 over the hash before it, its number and its bytes; the first
//! one follows from the run. A value holds the last hash in full, and eight bytes of each
//! entry's, enough to tell which entry was changed.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use sha2::{Digest, Sha256};
use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use tenure_run::{Fact, RunId};

use crate::{RunLogError, keys, squeeze};

const VERSION: u8 = 1;
const MARK: usize = 8;

/// The hash of one entry, and through it of all before.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Hash(pub(crate) [u8; 32]);

/// One fact of one run, as it was kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Its number, from 0 without gaps.
    pub seq: u64,
    /// What happened.
    pub fact: Fact,
    /// Its hash.
    pub hash: Hash,
}

impl Entry {
    /// When it happened.
    pub fn at(&self) -> Timestamp {
        self.fact.at
    }
}

impl Hash {
    /// The hash that the first entry of a run follows.
    pub(crate) fn origin(run: RunId) -> Self {
        Self(
            Sha256::new()
                .chain_update(b"tenure run ")
                .chain_update(run.as_bytes())
                .finalize()
                .into(),
        )
    }

    fn next(self, seq: u64, bytes: &[u8]) -> Self {
        let hasher = Sha256::new().chain_update(self.0).chain_update(seq.to_be_bytes());
        Self(hasher.chain_update(bytes).finalize().into())
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut text = [0; 64];
        for (pair, byte) in text.chunks_exact_mut(2).zip(self.0) {
            pair[0] = DIGITS[usize::from(byte >> 4)];
            pair[1] = DIGITS[usize::from(byte & 0xf)];
        }
        // Each append writes one: at once, not digit by digit.
        f.write_str(std::str::from_utf8(&text).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hash({self})")
    }
}

impl FromStr for Hash {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let mut bytes = [0; 32];
        if text.len() != 64 || !text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(());
        }
        for (index, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[2 * index..2 * index + 2], 16).map_err(|_| ())?;
        }
        Ok(Self(bytes))
    }
}

/// Facts in their stored form.
#[derive(Debug)]
pub(crate) struct Group {
    /// The stored form.
    pub(crate) bytes: Bytes,
    /// Hash of each fact, in order.
    pub(crate) hashes: Vec<Hash>,
}

impl Group {
    /// The hash that the next fact follows.
    pub(crate) fn head(&self, before: Hash) -> Hash {
        self.hashes.last().copied().unwrap_or(before)
    }
}

/// Puts facts that are appended together into their stored form.
pub(crate) fn encode(
    run: RunId,
    first_seq: u64,
    facts: &[Fact],
    before: Hash,
) -> Result<Group, RunLogError> {
    let mut entries = BytesMut::with_capacity(256 * facts.len());
    let mut hashes = Vec::with_capacity(facts.len());
    let mut last = before;
    for (seq, fact) in (first_seq..).zip(facts) {
        let fact = serde_json::to_vec(fact).map_err(|source| RunLogError::Unwritable {
            what: format!("run {run}: fact {seq}"),
            source,
        })?;
        last = last.next(seq, &fact);
        put_len(&mut entries, fact.len());
        entries.put_slice(&last.0[..MARK]);
        entries.put_slice(&fact);
        hashes.push(last);
    }
    Ok(Group { bytes: assemble(last, &entries), hashes })
}

fn assemble(head: Hash, entries: &[u8]) -> Bytes {
    let entries = squeeze::squeeze(entries);
    let mut bytes = BytesMut::with_capacity(33 + entries.len());
    bytes.put_u8(VERSION);
    bytes.put_slice(&head.0);
    bytes.put_slice(&entries);
    bytes.freeze()
}

/// Changes the facts of a stored value behind the chain's back.
#[cfg(test)]
pub(crate) fn tamper(value: Bytes, old: &str, new: &str) -> Bytes {
    let head = Hash(*value[1..].first_chunk().unwrap());
    let mut entries = squeeze::expand(value.slice(33..)).unwrap().to_vec();
    let at = entries.windows(old.len()).position(|part| part == old.as_bytes()).unwrap();
    entries[at..at + old.len()].copy_from_slice(new.as_bytes());
    assemble(head, &entries)
}

/// One stored entry before it is believed.
#[derive(Debug)]
pub(crate) struct Raw {
    pub(crate) seq: u64,
    pub(crate) bytes: Bytes,
    mark: [u8; MARK],
}

impl Raw {
    /// The hash it has after another one, and whether that is the one it was stored with.
    pub(crate) fn follows(&self, before: Hash) -> (Hash, bool) {
        let hash = before.next(self.seq, &self.bytes);
        (hash, hash.0[..MARK] == self.mark)
    }

    /// Reads the fact.
    pub(crate) fn fact(&self, run: RunId) -> Result<Fact, RunLogError> {
        serde_json::from_slice(&self.bytes).map_err(|source| RunLogError::Unreadable {
            what: format!("run {run}: fact {}", self.seq),
            source,
        })
    }
}

/// Takes a stored value apart: its entries, and the hash of the last one.
pub(crate) fn decode(
    run: RunId,
    key: &[u8],
    value: Bytes,
) -> Result<(Vec<Raw>, Hash), RunLogError> {
    let first_seq = keys::journal_seq(key)
        .ok_or_else(|| RunLogError::wrong(format!("run {run}"), "key of a fact is cut short"))?;
    let wrong = |seq, reason| RunLogError::wrong(format!("run {run}: fact {seq}"), reason);
    let mut rest = value;
    if rest.len() < 33 {
        return Err(wrong(first_seq, "shorter than its head"));
    }
    if rest.get_u8() != VERSION {
        return Err(wrong(first_seq, "format version is unknown"));
    }
    let mut head = [0; 32];
    rest.copy_to_slice(&mut head);
    let expanded = squeeze::expand(rest);
    let mut rest = expanded.ok_or_else(|| wrong(first_seq, "cannot be expanded"))?;
    let mut entries = Vec::new();
    let mut seq = first_seq;
    while rest.has_remaining() {
        let len = get_len(&mut rest).ok_or_else(|| wrong(seq, "length is cut short"))?;
        if rest.remaining() < MARK || rest.remaining() - MARK < len {
            return Err(wrong(seq, "cut short"));
        }
        let mut mark = [0; MARK];
        rest.copy_to_slice(&mut mark);
        entries.push(Raw { seq, bytes: rest.split_to(len), mark });
        seq += 1;
    }
    Ok((entries, Hash(head)))
}

/// Writes a length in as few bytes as it needs, seven bits in each.
fn put_len(bytes: &mut BytesMut, mut len: usize) {
    while len > 0x7f {
        bytes.put_u8(len as u8 | 0x80);
        len >>= 7;
    }
    bytes.put_u8(len as u8);
}

fn get_len(bytes: &mut Bytes) -> Option<usize> {
    let mut len = 0;
    for shift in (0..35).step_by(7) {
        let byte = bytes.has_remaining().then(|| bytes.get_u8())?;
        len |= usize::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(len);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use tenure_run::What;

    fn facts(count: usize) -> Vec<Fact> {
        let by = |number| What::CancelRequested { by: "x".repeat(number * 70) };
        (0..count).map(|number| Fact { at: Timestamp::UNIX_EPOCH, what: by(number) }).collect()
    }

    #[test]
    fn facts_come_back_in_order() {
        let run = RunId::from_bytes([3; 16]);
        let origin = Hash::origin(run);
        for count in [1, 2, 30] {
            let group = encode(run, 7, &facts(count), origin).unwrap();
            let key = keys::journal_at(run, 7);
            let (entries, head) = decode(run, &key, group.bytes.clone()).unwrap();
            assert_eq!(head, group.head(origin));
            let mut last = origin;
            for (index, entry) in entries.iter().enumerate() {
                let (hash, intact) = entry.follows(last);
                assert!(intact && hash == group.hashes[index]);
                assert_eq!(entry.seq, 7 + index as u64);
                assert_eq!(entry.fact(run).unwrap(), facts(count)[index]);
                last = hash;
            }
            assert_eq!((entries.len(), last), (count, head));
        }
    }

    #[test]
    fn the_chain_depends_on_everything_before() {
        let (one, two) = (RunId::from_bytes([1; 16]), RunId::from_bytes([2; 16]));
        let head = |run, first, before| encode(run, first, &facts(2), before).unwrap().hashes[1];
        let base = head(one, 0, Hash::origin(one));
        assert_ne!(base, head(one, 1, Hash::origin(one)), "number");
        assert_ne!(base, head(one, 0, Hash::origin(two)), "what came before");
        assert_eq!(base, head(two, 0, Hash::origin(one)), "nothing else");
    }

    #[test]
    fn cut_values_are_refused() {
        let run = RunId::from_bytes([3; 16]);
        let key = keys::journal_at(run, 0);
        let whole = encode(run, 0, &facts(3), Hash::origin(run)).unwrap().bytes;
        for len in 0..whole.len() {
            assert!(decode(run, &key, whole.slice(..len)).is_err(), "cut to {len}");
        }
        let mut other = whole.to_vec();
        other[0] = 9;
        let error = decode(run, &key, other.into()).unwrap_err().to_string();
        assert!(error.ends_with("fact 0 is stored wrongly: format version is unknown"), "{error}");
    }

    #[test]
    fn hashes_are_read_back() {
        let hash = Hash::origin(RunId::from_bytes([9; 16]));
        assert_eq!(hash.to_string().parse(), Ok(hash));
        assert_eq!("é".repeat(32).parse::<Hash>(), Err(()));
    }
}
