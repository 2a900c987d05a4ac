//! What is written together, and what must hold for it.

use bytes::Bytes;

use crate::StoreError;

/// Longest key, in bytes.
///
/// An index page of sled holds up to 256 keys and is written to a file of its own, without
/// fsync, once it reaches 128 KiB. Keys of this length stay below that.
pub const KEY_MAX: usize = 384;

/// Largest value, in bytes.
pub const VALUE_MAX: usize = 64 << 20;

/// Most puts and deletes in one batch.
pub const WRITES_MAX: usize = 20_000;

/// Most bytes of keys and values in one batch.
pub const BATCH_MAX: usize = 128 << 20;

/// Puts and deletes that happen together or not at all.
///
/// Deletes come first: a key that is both deleted and put holds the put value. The last put
/// of a key counts.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    /// What must hold, seen after every batch that was committed before.
    pub checks: Vec<Check>,
    /// Keys and their new values.
    pub puts: Vec<(Bytes, Bytes)>,
    /// Keys that vanish; a key that is not there is no error.
    pub deletes: Vec<Bytes>,
}

/// One condition of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// The key it is about.
    pub key: Bytes,
    /// What the key must hold.
    pub expect: Expectation,
}

/// What a checked key must hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expectation {
    /// Nothing: the key does not exist.
    Absent,
    /// Exactly this value.
    Is(Bytes),
}

impl Batch {
    /// Starts a batch that does nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Requires that a key does not exist.
    #[must_use]
    pub fn absent(mut self, key: impl Into<Bytes>) -> Self {
        self.checks.push(Check { key: key.into(), expect: Expectation::Absent });
        self
    }

    /// Requires that a key holds exactly this value.
    #[must_use]
    pub fn is(mut self, key: impl Into<Bytes>, value: impl Into<Bytes>) -> Self {
        self.checks.push(Check { key: key.into(), expect: Expectation::Is(value.into()) });
        self
    }

    /// Writes a value.
    #[must_use]
    pub fn put(mut self, key: impl Into<Bytes>, value: impl Into<Bytes>) -> Self {
        self.puts.push((key.into(), value.into()));
        self
    }

    /// Removes a key.
    #[must_use]
    pub fn delete(mut self, key: impl Into<Bytes>) -> Self {
        self.deletes.push(key.into());
        self
    }

    /// Whether it would change anything.
    pub fn writes_nothing(&self) -> bool {
        self.puts.is_empty() && self.deletes.is_empty()
    }

    /// Bytes of all keys and values it writes.
    pub fn size(&self) -> usize {
        let puts: usize = self.puts.iter().map(|(key, value)| key.len() + value.len()).sum();
        puts + self.deletes.iter().map(Bytes::len).sum::<usize>()
    }

    /// Refuses what no store accepts.
    ///
    /// Every store calls this first, so that a batch that one takes is never too large for
    /// another.
    pub fn validate(&self) -> Result<(), StoreError> {
        let keys = self.checks.iter().map(|check| &check.key);
        let keys = keys.chain(self.puts.iter().map(|(key, _)| key)).chain(&self.deletes);
        for key in keys {
            if key.is_empty() {
                return Err(StoreError::EmptyKey);
            }
            limit("key length in bytes", key.len(), KEY_MAX)?;
        }
        for (_, value) in &self.puts {
            limit("value size in bytes", value.len(), VALUE_MAX)?;
        }
        limit("number of writes in a batch", self.puts.len() + self.deletes.len(), WRITES_MAX)?;
        limit("batch size in bytes", self.size(), BATCH_MAX)
    }
}

fn limit(what: &'static str, size: usize, max: usize) -> Result<(), StoreError> {
    if size > max { Err(StoreError::TooLarge { what, size, max }) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(batch: Batch, expected: &str) {
        let answer = batch.validate().map_or_else(|error| error.to_string(), |()| "ok".to_owned());
        assert_eq!(answer, expected);
    }

    #[test]
    fn limits_are_named() {
        check(Batch::new().put("k", "v").delete("d").absent("a"), "ok");
        check(Batch::new().put("", "v"), "key is empty");
        check(Batch::new().absent(""), "key is empty");
        check(Batch::new().put(vec![b'k'; KEY_MAX], "v"), "ok");
        check(
            Batch::new().delete(vec![b'k'; KEY_MAX + 1]),
            "key length in bytes of 385 exceeds the limit of 384",
        );
        check(
            Batch::new().put("k", vec![0; VALUE_MAX + 1]),
            "value size in bytes of 67108865 exceeds the limit of 67108864",
        );
        let many =
            Batch { deletes: vec![Bytes::from_static(b"k"); WRITES_MAX + 1], ..Batch::new() };
        check(many, "number of writes in a batch of 20001 exceeds the limit of 20000");
    }

    #[test]
    fn size_counts_keys_and_values() {
        let batch = Batch::new().put("ab", "cde").delete("f").is("not", "counted");
        assert_eq!(batch.size(), 6);
        assert!(!batch.writes_nothing());
        assert!(Batch::new().absent("k").writes_nothing());
    }
}
