//! What the calls of ours cost, counted before anything is done.
//!
//! The interpreter counts what its own filters visit, and what ours return. What ours visit,
//! and how large a result will be, only they know.

use std::io::{self, Write};

use minijinja::value::{Value, ValueKind};
use minijinja::{Error, State};

use super::environment::complaint;

/// Longest text a call of ours makes.
pub(super) const TEXT_MAX: usize = 4 * 1024 * 1024;

/// Values compared, or stretches of text searched, for one step of an evaluation.
const UNITS_PER_STEP: u64 = 24;

/// Bytes of text that are as much work as one value.
const STRETCH: usize = 64;

/// Counts the work of one call.
pub(super) struct Work<'s, 'v, 'e> {
    state: &'s State<'v, 'e>,
    units: u64,
}

impl<'s, 'v, 'e> Work<'s, 'v, 'e> {
    pub(super) fn of(state: &'s State<'v, 'e>) -> Self {
        Self { state, units: 0 }
    }

    /// Adds work that is about to be done; fails when the evaluation has done enough.
    pub(super) fn add(&mut self, units: u64) -> Result<(), Error> {
        self.units = self.units.saturating_add(units);
        let steps = self.units / UNITS_PER_STEP;
        self.units %= UNITS_PER_STEP;
        if steps == 0 { Ok(()) } else { self.state.consume_fuel(steps) }
    }

    /// Adds the work of looking at all of a value once.
    pub(super) fn visit(&mut self, value: &Value) -> Result<(), Error> {
        self.add(1)?;
        match value.kind() {
            ValueKind::String => self.add(stretches(value)),
            ValueKind::Seq | ValueKind::Iterable => {
                value.try_iter()?.try_for_each(|item| self.visit(&item))
            }
            ValueKind::Map => value.try_iter()?.try_for_each(|key| {
                self.visit(&key)?;
                self.visit(&value.get_item(&key)?)
            }),
            _ => Ok(()),
        }
    }

    /// Adds the work of telling whether two values are equal.
    pub(super) fn compare(&mut self, a: &Value, b: &Value) -> Result<(), Error> {
        match (a.kind(), b.kind()) {
            (ValueKind::String, ValueKind::String) => self.add(1 + stretches(a).min(stretches(b))),
            (left, right) if is_simple(left) || is_simple(right) => self.add(1),
            _ => self.visit(b),
        }
    }

    /// Adds the work of putting the items of a list in order, beyond their number.
    pub(super) fn order(&mut self, list: &Value) -> Result<(), Error> {
        let rounds = u64::from(list.len().unwrap_or(0).max(2).ilog2());
        for item in list.try_iter()? {
            let text = if item.kind() == ValueKind::String {
                stretches(&item)
            } else if is_simple(item.kind()) {
                0
            } else {
                // A key within may be as large as all of it.
                let mut size = Self { state: self.state, units: 0 };
                let before = size.spent();
                size.visit(&item)?;
                (size.spent() - before) * UNITS_PER_STEP + size.units
            };
            self.add(text.saturating_mul(rounds))?;
        }
        Ok(())
    }

    fn spent(&self) -> u64 {
        self.state.fuel_levels().map_or(0, |(spent, _)| spent)
    }
}

fn is_simple(kind: ValueKind) -> bool {
    !matches!(kind, ValueKind::Seq | ValueKind::Iterable | ValueKind::Map)
}

fn stretches(text: &Value) -> u64 {
    (text.as_str().map_or(0, str::len) / STRETCH) as u64
}

/// A text that grows to its bound and no further.
#[derive(Default)]
pub(super) struct BoundedText(Vec<u8>);

impl BoundedText {
    pub(super) fn push(&mut self, text: &str) -> Result<(), Error> {
        check_length(self.0.len().saturating_add(text.len()))?;
        self.0.extend_from_slice(text.as_bytes());
        Ok(())
    }

    pub(super) fn finish(self) -> Result<String, Error> {
        String::from_utf8(self.0).map_err(|_| complaint("the text it makes is not UTF-8"))
    }
}

impl Write for BoundedText {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > TEXT_MAX {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Fails if a text of this length is too long to be made.
pub(super) fn check_length(length: usize) -> Result<(), Error> {
    if length <= TEXT_MAX { Ok(()) } else { Err(too_long()) }
}

pub(super) fn too_long() -> Error {
    complaint(format!("the text it makes is longer than {} MiB", TEXT_MAX >> 20))
}

#[cfg(test)]
mod tests;
