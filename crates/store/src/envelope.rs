//! How a value looks on disk: a version, a checksum, and the value or where it is.
//!
//! One value has exactly one sealed form under a key, so two values are equal if and only if
//! their sealed forms are. The checksum covers the key: a value that turns up under another
//! key is damage too.

use bytes::{Bytes, BytesMut};

use crate::StoreError;

/// Largest value that is stored beside its key, in bytes.
///
/// A leaf page of sled holds up to 16 values and must stay far below 128 KiB: larger pages
/// go to files that sled never syncs.
pub(crate) const INLINE_MAX: usize = 4096;

/// Format version in the low four bits, where the value lies in the high four.
const INLINE: u8 = 0x01;
const BLOB: u8 = 0x11;

const HEADER: usize = 5;

/// Names a value that lies in a file of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct BlobRef {
    /// SHA-256 of the value.
    pub(crate) digest: [u8; 32],
    /// Its length in bytes.
    pub(crate) len: u64,
}

/// What a sealed value holds.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Content<'a> {
    /// The value itself.
    Inline(&'a [u8]),
    /// The name of the file that holds it.
    Blob(BlobRef),
}

/// Seals a value that is stored beside its key.
pub(crate) fn seal_inline(key: &[u8], value: &[u8]) -> Bytes {
    seal(INLINE, key, &[value])
}

/// Seals the name of a value in a file of its own.
pub(crate) fn seal_blob(key: &[u8], blob: &BlobRef) -> Bytes {
    seal(BLOB, key, &[&blob.digest, &blob.len.to_le_bytes()])
}

fn seal(kind: u8, key: &[u8], parts: &[&[u8]]) -> Bytes {
    let len = parts.iter().map(|part| part.len()).sum::<usize>();
    let mut sealed = BytesMut::with_capacity(HEADER + len);
    sealed.extend_from_slice(&[kind, 0, 0, 0, 0]);
    for part in parts {
        sealed.extend_from_slice(part);
    }
    let sum = checksum(kind, key, &sealed[HEADER..]);
    sealed[1..HEADER].copy_from_slice(&sum.to_le_bytes());
    sealed.freeze()
}

/// Opens a sealed value; damage is an error that names the key.
pub(crate) fn open<'a>(key: &[u8], sealed: &'a [u8]) -> Result<Content<'a>, StoreError> {
    let Some((header, payload)) = sealed.split_first_chunk::<HEADER>() else {
        return Err(StoreError::damaged(key, "shorter than its header"));
    };
    let [kind, sum @ ..] = *header;
    if kind != INLINE && kind != BLOB {
        return Err(StoreError::damaged(key, "format version is unknown"));
    }
    if u32::from_le_bytes(sum) != checksum(kind, key, payload) {
        return Err(StoreError::damaged(key, "checksum differs"));
    }
    if kind == INLINE {
        return Ok(Content::Inline(payload));
    }
    let Some((digest, len)) = payload.split_first_chunk::<32>() else {
        return Err(StoreError::damaged(key, "file name is cut short"));
    };
    let len = <[u8; 8]>::try_from(len)
        .map_err(|_| StoreError::damaged(key, "file length is cut short"))?;
    Ok(Content::Blob(BlobRef { digest: *digest, len: u64::from_le_bytes(len) }))
}

fn checksum(kind: u8, key: &[u8], payload: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c_append(crc32c::crc32c(&[kind]), key), payload)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_value_opens() {
        for value in [&b""[..], b"v", &[0xff; INLINE_MAX]] {
            let sealed = seal_inline(b"k", value);
            assert_eq!(sealed.len(), value.len() + HEADER);
            assert_eq!(open(b"k", &sealed).unwrap(), Content::Inline(value));
        }
        let blob = BlobRef { digest: [7; 32], len: 5000 };
        assert_eq!(open(b"k", &seal_blob(b"k", &blob)).unwrap(), Content::Blob(blob));
    }

    #[test]
    fn every_changed_bit_is_noticed() {
        for sealed in
            [seal_inline(b"k", b"value"), seal_blob(b"k", &BlobRef { digest: [1; 32], len: 9 })]
        {
            for bit in 0..sealed.len() * 8 {
                let mut changed = sealed.to_vec();
                changed[bit / 8] ^= 1 << (bit % 8);
                let error = open(b"k", &changed).unwrap_err();
                assert!(error.to_string().contains("value of key \"k\" is damaged"), "{error}");
            }
            assert!(open(b"other", &sealed).is_err(), "a value under another key");
            for len in 0..sealed.len() {
                assert!(open(b"k", &sealed[..len]).is_err(), "cut to {len}");
            }
        }
    }
}
