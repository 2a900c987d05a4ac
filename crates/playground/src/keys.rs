//! What `Idempotency-Key` promised: once, however often it is asked.

use std::collections::{HashMap, VecDeque};

use axum::http::StatusCode;
use bytes::Bytes;

/// Keys remembered; the oldest are forgotten first.
const KEYS_MAX: usize = 100_000;
/// Longest key accepted.
pub(crate) const KEY_LENGTH_MAX: usize = 255;

/// A first answer, kept to be given again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(crate) status: StatusCode,
    pub(crate) content_type: Option<String>,
    pub(crate) body: Bytes,
}

/// What is known about a key that just arrived.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Known {
    /// Never seen: do it, then `finish` or `forget`.
    New,
    /// Done before with the same request.
    Done(Kept),
    /// Being done right now.
    Busy,
    /// Used before for another request.
    Misused,
}

#[derive(Debug)]
struct Use {
    fingerprint: String,
    kept: Option<Kept>,
}

/// All keys one service remembers.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    uses: HashMap<String, Use>,
    order: VecDeque<String>,
}

impl Keys {
    /// Notes a key with the fingerprint of its request.
    pub(crate) fn begin(&mut self, key: &str, fingerprint: &str) -> Known {
        if let Some(known) = self.uses.get(key) {
            if known.fingerprint != fingerprint {
                return Known::Misused;
            }
            return known.kept.clone().map_or(Known::Busy, Known::Done);
        }
        if self.order.len() >= KEYS_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.uses.remove(&oldest);
        }
        self.order.push_back(key.to_owned());
        self.uses.insert(key.to_owned(), Use { fingerprint: fingerprint.to_owned(), kept: None });
        Known::New
    }

    /// Keeps the first answer.
    pub(crate) fn finish(&mut self, key: &str, kept: Kept) {
        if let Some(known) = self.uses.get_mut(key) {
            known.kept = Some(kept);
        }
    }

    /// Lets a key be tried again: its request was not carried out.
    pub(crate) fn forget(&mut self, key: &str) {
        self.uses.remove(key);
        self.order.retain(|known| known != key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(body: &'static str) -> Kept {
        Kept {
            status: StatusCode::CREATED,
            content_type: None,
            body: Bytes::from_static(body.as_bytes()),
        }
    }

    #[test]
    fn a_key_answers_once_and_then_the_same() {
        let mut keys = Keys::default();
        assert_eq!(keys.begin("k", "a"), Known::New);
        assert_eq!(keys.begin("k", "a"), Known::Busy);
        keys.finish("k", kept("first"));
        assert_eq!(keys.begin("k", "a"), Known::Done(kept("first")));
        assert_eq!(keys.begin("k", "b"), Known::Misused);
    }

    #[test]
    fn a_forgotten_key_is_new() {
        let mut keys = Keys::default();
        assert_eq!(keys.begin("k", "a"), Known::New);
        keys.forget("k");
        assert_eq!(keys.begin("k", "b"), Known::New);
    }

    #[test]
    fn the_oldest_key_makes_room() {
        let mut keys = Keys::default();
        for number in 0..=KEYS_MAX {
            assert_eq!(keys.begin(&number.to_string(), "a"), Known::New);
        }
        assert_eq!(keys.uses.len(), KEYS_MAX);
        assert_eq!(keys.begin("1", "a"), Known::Busy);
        assert_eq!(keys.begin("0", "a"), Known::New);
    }
}
