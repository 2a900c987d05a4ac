//! Where a step stands in a run.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// One step of one run: its id, and the loop items it stands in, outermost first.
///
/// Ids are unique in a workflow and loop items are frozen when the loop starts, so a path
/// means the same step before and after any crash. Written `teams[3]/join`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StepPath {
    /// Loops around the step, with the item's index.
    pub items: Vec<(String, u32)>,
    /// Id of the step.
    pub id: String,
}

impl StepPath {
    /// A step that stands in no loop.
    #[must_use]
    pub fn top(id: &str) -> Self {
        Self { items: Vec::new(), id: id.to_owned() }
    }
}

impl fmt::Display for StepPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (id, index) in &self.items {
            write!(f, "{id}[{index}]/")?;
        }
        f.write_str(&self.id)
    }
}

/// A text that is not the path of a step.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not the path of a step")]
pub struct ParsePathError;

impl FromStr for StepPath {
    type Err = ParsePathError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts: Vec<&str> = text.split('/').collect();
        let id = parts.pop().filter(|id| !id.is_empty()).ok_or(ParsePathError)?;
        let items = parts.into_iter().map(|part| {
            let (id, index) = part.strip_suffix(']')?.split_once('[')?;
            Some((id.to_owned(), index.parse().ok()?))
        });
        let items = items.collect::<Option<_>>().ok_or(ParsePathError)?;
        Ok(Self { items, id: id.to_owned() })
    }
}

impl Serialize for StepPath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for StepPath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
