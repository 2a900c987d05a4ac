//! Where in the file a problem is shown.

use serde_json::Value;
use tenure_language::{Place, Pointer};

use super::Checker;

/// Keys whose values hold steps of their own.
const INNER_STEPS: [&str; 4] = ["steps", "switch", "parallel", "on_error"];

impl Checker<'_> {
    pub(super) fn place(&self, at: &Pointer) -> Place {
        self.document.place(at)
    }

    pub(super) fn key_place(&self, at: &Pointer) -> Place {
        self.document.key_place(at)
    }

    /// The first occurrence of a dotted name in what stands at `at`.
    pub(super) fn name_place(&self, at: &Pointer, name: &str) -> Place {
        let place = self.place(at);
        let raw = self.document.text().get(place.start..place.end).unwrap_or_default();
        raw.match_indices(name)
            .find(|(offset, _)| {
                let before = raw.get(..*offset).and_then(|lead| lead.chars().next_back());
                let after = raw.get(offset + name.len()..).and_then(|rest| rest.chars().next());
                !before.is_some_and(|c| is_name(c) || c == '.') && !after.is_some_and(is_name)
            })
            .map_or(place, |(offset, _)| {
                let start = place.start + offset;
                self.byte_place(place, start, start + name.len())
            })
    }

    fn byte_place(&self, around: Place, start: usize, end: usize) -> Place {
        let text = self.document.text();
        let Some(lead) = text.get(around.start..start) else { return around };
        if text.get(start..end).is_none() {
            return around;
        }
        let line = around.line + lead.matches('\n').count();
        let first = text.get(..start).and_then(|all| all.rfind('\n')).map_or(0, |at| at + 1);
        let column = text.get(first..start).map_or(0, |lead| lead.chars().count()) + 1;
        Place { start, end: end.max(start), line, column }
    }

    /// Whether the reader complained about this map itself, not about steps inside it.
    pub(super) fn is_unread(&self, at: &Pointer) -> bool {
        let whole = self.place(at);
        let inner: Vec<Place> = match at.find(self.document.value()) {
            Some(Value::Object(map)) => INNER_STEPS
                .iter()
                .filter(|key| map.contains_key(**key))
                .map(|key| self.place(&at.key(*key)))
                .collect(),
            _ => Vec::new(),
        };
        self.unread.iter().any(|place| {
            contains(whole, *place) && !inner.iter().any(|inner| strictly_inside(*inner, *place))
        })
    }
}

fn contains(outer: Place, inner: Place) -> bool {
    outer.start <= inner.start && inner.end <= outer.end
}

fn strictly_inside(outer: Place, inner: Place) -> bool {
    contains(outer, inner) && outer != inner
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}
