//! A range of keys to read.

use std::ops::Bound;

use bytes::Bytes;

/// A range of keys, a direction and a limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scan {
    /// Smallest key that belongs to it.
    pub from: Bytes,
    /// First key beyond it; without one it goes to the last key there is.
    pub to: Option<Bytes>,
    /// Most entries to read.
    pub limit: usize,
    /// Whether the largest key comes first.
    pub reverse: bool,
}

impl Scan {
    /// Covers the keys from `from` up to, not including, `to`.
    pub fn range(from: impl Into<Bytes>, to: impl Into<Bytes>) -> Self {
        Self { from: from.into(), to: Some(to.into()), limit: usize::MAX, reverse: false }
    }

    /// Covers the keys that begin with a prefix.
    pub fn prefix(prefix: impl Into<Bytes>) -> Self {
        let from = prefix.into();
        let to = successor(&from);
        Self { from, to, limit: usize::MAX, reverse: false }
    }

    /// Reads no more than this many entries.
    #[must_use]
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    /// Starts at the largest key.
    #[must_use]
    pub fn reversed(mut self) -> Self {
        self.reverse = true;
        self
    }

    /// Goes on behind a key that was already read, in its own direction.
    #[must_use]
    pub fn after(mut self, key: &[u8]) -> Self {
        if self.reverse {
            let key = Bytes::copy_from_slice(key);
            self.to = Some(self.to.map_or(key.clone(), |to| to.min(key)));
        } else {
            let mut next = Vec::with_capacity(key.len() + 1);
            next.extend_from_slice(key);
            next.push(0);
            self.from = self.from.max(Bytes::from(next));
        }
        self
    }

    /// Ends with a key that belongs to it, in its own direction.
    #[must_use]
    pub(crate) fn up_to(mut self, last: &Bytes) -> Self {
        if self.reverse {
            self.from = last.clone();
        } else {
            self.to = Some([last, &[0][..]].concat().into());
        }
        self
    }

    /// Whether no key can lie in it.
    pub fn is_empty(&self) -> bool {
        self.limit == 0 || self.to.as_ref().is_some_and(|to| *to <= self.from)
    }

    /// The range as the collections of the standard library take it.
    ///
    /// Only meaningful when it [is not empty](Self::is_empty).
    pub fn bounds(&self) -> (Bound<&[u8]>, Bound<&[u8]>) {
        let end = self.to.as_ref().map_or(Bound::Unbounded, |to| Bound::Excluded(to.as_ref()));
        (Bound::Included(self.from.as_ref()), end)
    }
}

/// Finds the first key behind all keys with a prefix.
fn successor(prefix: &[u8]) -> Option<Bytes> {
    let kept = prefix.iter().rposition(|byte| *byte != u8::MAX)?;
    let mut next = prefix[..=kept].to_vec();
    next[kept] += 1;
    Some(Bytes::from(next))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_ends_before_its_successor() {
        let check = |prefix: &[u8], to: Option<&[u8]>| {
            assert_eq!(Scan::prefix(prefix.to_vec()).to.as_deref(), to, "prefix {prefix:?}");
        };
        check(b"r/", Some(b"r0"));
        check(b"a\xff", Some(b"b"));
        check(b"a\xff\xff", Some(b"b"));
        check(b"\xff", None);
        check(b"", None);
    }

    #[test]
    fn after_excludes_a_key_and_up_to_includes_it() {
        let ahead = Scan::prefix("r/").after(b"r/a");
        assert_eq!(ahead.from.as_ref(), b"r/a\0");
        let back = Scan::prefix("r/").reversed().after(b"r/a");
        assert_eq!((back.from.as_ref(), back.to.as_deref()), (&b"r/"[..], Some(&b"r/a"[..])));
        let ahead = Scan::prefix("r/").up_to(&Bytes::from("r/a"));
        assert_eq!((ahead.from.as_ref(), ahead.to.as_deref()), (&b"r/"[..], Some(&b"r/a\0"[..])));
        let back = Scan::prefix("r/").reversed().up_to(&Bytes::from("r/a"));
        assert_eq!((back.from.as_ref(), back.to.as_deref()), (&b"r/a"[..], Some(&b"r0"[..])));
        assert!(Scan::range("b", "a").is_empty());
        assert!(Scan::range("a", "b").limit(0).is_empty());
        assert!(!Scan::prefix("").is_empty());
    }
}
