//! What an expression may see from where it stands.

use super::outline::{Outline, Part, Section};

/// What an expression may see from where it stands.
#[derive(Debug, Clone)]
pub(super) struct View {
    pub(super) spot: Spot,
    /// Whether the answer to a call is at hand.
    pub(super) response: bool,
    /// Variables set further up in the same step.
    pub(super) fresh: Vec<String>,
}

/// Where an expression stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spot {
    /// A trigger's condition: there is no run yet.
    Trigger,
    /// The subject: a run begins, and has nothing but its event and input.
    Subject,
    /// A step, or the blocks it decides about.
    Step(usize),
    /// Inside the loop of a step, before any of its steps.
    Item(usize),
    /// The output of the workflow: all its steps have ended.
    End,
}

impl View {
    pub(super) fn at(spot: Spot) -> Self {
        Self { spot, response: false, fresh: Vec::new() }
    }

    pub(super) fn step(number: usize) -> Self {
        Self::at(Spot::Step(number))
    }

    pub(super) fn with_response(mut self) -> Self {
        self.response = true;
        self
    }

    /// Number of the step it stands in.
    pub(super) fn number(&self) -> Option<usize> {
        match self.spot {
            Spot::Step(number) | Spot::Item(number) => Some(number),
            Spot::Trigger | Spot::Subject | Spot::End => None,
        }
    }

    /// Loop variables, innermost last.
    pub(super) fn bindings(&self, outline: &Outline) -> Vec<String> {
        let Some(number) = self.number() else { return Vec::new() };
        let around = outline.steps.get(number).map_or(&[][..], |entry| &entry.around);
        let loops = around.iter().filter(|region| region.part == Part::Loop).map(|r| r.owner);
        let own = matches!(self.spot, Spot::Item(_)).then_some(number);
        loops
            .chain(own)
            .filter_map(|owner| outline.steps.get(owner))
            .flat_map(|entry| [entry.binding.clone(), index_name(&entry.binding)])
            .collect()
    }

    /// Whether a failure is at hand: of a step, or of the run.
    pub(super) fn error(&self, outline: &Outline) -> bool {
        let Some(entry) = self.number().and_then(|number| outline.steps.get(number)) else {
            return false;
        };
        entry.section == Section::OnFailure
            || entry.around.iter().any(|region| region.part == Part::OnError)
    }

    /// Whether the run as a whole has failed.
    pub(super) fn failed_run(&self, outline: &Outline) -> bool {
        self.number()
            .and_then(|number| outline.steps.get(number))
            .is_some_and(|entry| entry.section == Section::OnFailure)
    }
}

/// Name under which the position of a loop variable's item is seen.
pub(super) fn index_name(binding: &str) -> String {
    format!("{binding}_index")
}
