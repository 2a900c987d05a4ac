//! Whether one step can be seen from another.
//!
//! A step is seen once it has ended for whoever looks: it stands earlier, in no sibling branch
//! or case, and in no loop unless both are in the same iteration of it. What was not taken is
//! seen too, as null.

use super::outline::{Entry, Outline, Part, Region, Section};
use super::view::{Spot, View};

/// Why a step cannot be seen.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unseen {
    /// It is the one that looks.
    Itself,
    /// The one that looks is part of it.
    Encloses,
    /// It comes later.
    Later,
    /// It runs only after the workflow failed.
    OnFailure,
    /// It is in another case or branch of this step.
    Elsewhere(usize, &'static str),
    /// It runs once for each item of this loop.
    InLoop(usize),
}

impl Outline {
    /// Whether the step with this number can be seen.
    pub(super) fn see(&self, target: usize, view: &View) -> Result<(), Unseen> {
        let Some(entry) = self.steps.get(target) else { return Ok(()) };
        let Some(number) = view.number() else {
            return from_the_end(entry);
        };
        let Some(looking) = self.steps.get(number) else { return Ok(()) };
        if target == number {
            return Err(if view.spot == Spot::Item(number) {
                Unseen::Encloses
            } else {
                Unseen::Itself
            });
        }
        if let Some(around) = looking.around.iter().find(|region| region.owner == target) {
            return if around.part == Part::OnError { Ok(()) } else { Err(Unseen::Encloses) };
        }
        if entry.section == Section::OnFailure && looking.section == Section::Main {
            return Err(Unseen::OnFailure);
        }
        if target > number {
            return Err(Unseen::Later);
        }
        let shared = shared(&entry.around, &looking.around);
        let mut rest = entry.around.iter().skip(shared);
        if let (Some(theirs), Some(ours)) = (entry.around.get(shared), looking.around.get(shared))
            && let Some(what) = siblings(theirs, ours)
        {
            return Err(Unseen::Elsewhere(theirs.owner, what));
        }
        match rest.find(|region| region.part == Part::Loop) {
            Some(region) => Err(Unseen::InLoop(region.owner)),
            None => Ok(()),
        }
    }
}

fn from_the_end(entry: &Entry) -> Result<(), Unseen> {
    if entry.section == Section::OnFailure {
        return Err(Unseen::OnFailure);
    }
    match entry.around.iter().find(|region| region.part == Part::Loop) {
        Some(region) => Err(Unseen::InLoop(region.owner)),
        None => Ok(()),
    }
}

/// How many blocks two steps stand in together.
fn shared(one: &[Region], other: &[Region]) -> usize {
    one.iter().zip(other).take_while(|(one, other)| one == other).count()
}

/// Whether two blocks of one step exclude each other, and what they are called.
fn siblings(one: &Region, other: &Region) -> Option<&'static str> {
    if one.owner != other.owner {
        return None;
    }
    match (&one.part, &other.part) {
        (Part::Case(_), Part::Case(_)) => Some("case"),
        (Part::Branch(_), Part::Branch(_)) => Some("branch"),
        _ => None,
    }
}
