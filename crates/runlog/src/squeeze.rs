//! Makes stored text small: LZ4 with a dictionary of what run logs are full of.
//!
//! Facts are short and repeat the same names, so compressing each value by itself gains
//! little; against a dictionary they shrink to what is particular about them.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use tenure_store::VALUE_MAX;

/// Never changes: what was stored is read with it. Better words make another dictionary,
/// under another number.
const DICTIONARY: &[u8] = include_bytes!("squeeze.dictionary");

const PLAIN: u8 = 0;
const FIRST_DICTIONARY: u8 = 1;

/// Puts bytes into their stored form.
pub(crate) fn squeeze(plain: &[u8]) -> Bytes {
    let squeezed = lz4_flex::block::compress_with_dict(plain, DICTIONARY);
    let mut bytes = BytesMut::with_capacity(squeezed.len() + 5);
    match u32::try_from(plain.len()) {
        Ok(len) if squeezed.len() + 4 < plain.len() => {
            bytes.put_u8(FIRST_DICTIONARY);
            bytes.put_u32(len);
            bytes.put_slice(&squeezed);
        }
        _ => {
            bytes.put_u8(PLAIN);
            bytes.put_slice(plain);
        }
    }
    bytes.freeze()
}

/// Gets back what was squeezed; `None` for what never was.
pub(crate) fn expand(mut stored: Bytes) -> Option<Bytes> {
    let kind = stored.has_remaining().then(|| stored.get_u8())?;
    if kind == PLAIN {
        return Some(stored);
    }
    if kind != FIRST_DICTIONARY || stored.remaining() < 4 {
        return None;
    }
    let len = usize::try_from(stored.get_u32()).ok().filter(|len| *len <= VALUE_MAX)?;
    let plain = lz4_flex::block::decompress_with_dict(&stored, len, DICTIONARY).ok()?;
    (plain.len() == len).then(|| plain.into())
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;

    #[test]
    fn everything_comes_back() {
        let texts: [&[u8]; 5] =
            [b"", b"x", b"{\"kind\":\"started\"}", &[0; 100_000], &DICTIONARY[100..900]];
        for text in texts {
            assert_eq!(expand(squeeze(text)).as_deref(), Some(text));
        }
        let noise: Vec<u8> = (0..40).flat_map(|seed: u8| Sha256::digest([seed]).to_vec()).collect();
        let stored = squeeze(&noise);
        assert_eq!(stored.len(), noise.len() + 1, "noise is kept as it is");
        assert_eq!(expand(stored).as_deref(), Some(&noise[..]));
    }

    #[test]
    fn familiar_text_becomes_small() {
        let text =
            br#"{"at":"2026-11-23T09:00:00Z","what":{"kind":"step_succeeded","step":"create",
            "response":{"status":201},"attempts":[{"number":1,"at":"2026-11-23T09:00:00Z",
            "took_ms":12,"outcome":"201 Created"}]}}"#;
        let stored = squeeze(text);
        assert!(stored.len() * 2 < text.len(), "{} of {} bytes", stored.len(), text.len());
    }

    #[test]
    fn what_was_never_squeezed_is_refused() {
        let stored = squeeze(&DICTIONARY[..500]);
        for len in 0..stored.len() {
            assert_eq!(expand(stored.slice(..len)), None, "cut to {len}");
        }
        assert_eq!(expand(Bytes::from_static(&[9, 1, 2])), None);
        assert_eq!(expand(Bytes::from_static(&[1, 255, 255, 255, 255, 0])), None, "too long");
    }

    /// A dictionary that changed could not read what it wrote.
    #[test]
    fn the_dictionary_is_the_first_one() {
        let digest = crate::journal::Hash(Sha256::digest(DICTIONARY).into());
        assert_eq!(&digest.to_string()[..16], "1d4e5deed6b04e29");
    }
}
