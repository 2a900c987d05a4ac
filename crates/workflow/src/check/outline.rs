//! Where each step stands, taken before anything is compiled.

use std::collections::HashMap;

use tenure_language::{Document, Pointer};

use crate::source::{OnErrorSource, StepSource, StepsSource, WorkflowSource};

use super::ids::corrected;
use super::kinds::{Word, word_of};

/// All steps of a workflow in the order they are written.
#[derive(Debug, Default)]
pub(super) struct Outline {
    pub(super) steps: Vec<Entry>,
    by_id: HashMap<String, usize>,
    by_pointer: HashMap<Pointer, usize>,
}

/// One step, as others may refer to it.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) id: String,
    pub(super) at: Pointer,
    pub(super) line: usize,
    pub(super) section: Section,
    /// Blocks around it, outermost first.
    pub(super) around: Vec<Region>,
    pub(super) word: Word,
    /// What it keeps; none if that cannot be known.
    pub(super) outputs: Option<Vec<String>>,
    /// Variables it sets.
    pub(super) vars: Vec<String>,
    /// Names of its loop variable, if it is a loop.
    pub(super) binding: String,
}

/// Which of the two lists at the top a step belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Section {
    Main,
    OnFailure,
}

/// A block that stands in a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Region {
    /// Number of the step.
    pub(super) owner: usize,
    pub(super) part: Part,
}

/// Which block of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    Case(usize),
    Branch(usize),
    Loop,
    OnError,
}

/// Name of a loop variable that was given none.
pub(super) const DEFAULT_BINDING: &str = "item";

impl Outline {
    pub(super) fn of(document: &Document, source: &WorkflowSource) -> Self {
        let mut outline = Self::default();
        let lists = [
            ("steps", Section::Main, &source.steps),
            ("on_failure", Section::OnFailure, &source.on_failure),
        ];
        for (key, section, steps) in lists {
            if let Some(steps) = steps {
                outline.block(document, &Pointer::root().key(key), section, &[], steps);
            }
        }
        outline
    }

    /// Number of the step with this id, the first if several share it.
    pub(super) fn by_id(&self, id: &str) -> Option<usize> {
        self.by_id.get(id).copied()
    }

    /// Number of the step that stands here.
    pub(super) fn by_pointer(&self, at: &Pointer) -> Option<usize> {
        self.by_pointer.get(at).copied()
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = &str> {
        self.steps.iter().map(|entry| entry.id.as_str())
    }

    fn block(
        &mut self,
        document: &Document,
        at: &Pointer,
        section: Section,
        around: &[Region],
        steps: &StepsSource,
    ) {
        for (index, step) in steps.iter().enumerate() {
            if let Some(step) = step {
                self.step(document, &at.index(index), section, around, step);
            }
        }
    }

    fn step(
        &mut self,
        document: &Document,
        at: &Pointer,
        section: Section,
        around: &[Region],
        step: &StepSource,
    ) {
        let owner = self.steps.len();
        let id = step.id.clone().unwrap_or_default();
        if !id.is_empty() {
            self.by_id.entry(id.clone()).or_insert(owner);
            // Whoever refers to the id as it should have been written makes no second mistake.
            self.by_id.entry(corrected(&id)).or_insert(owner);
        }
        self.by_pointer.insert(at.clone(), owner);
        let unread = step.output.is_none() && at.key("output").find(document.value()).is_some();
        let word = word_of(step);
        self.steps.push(Entry {
            id,
            at: at.clone(),
            line: document.place(at).line,
            section,
            around: around.to_vec(),
            word,
            outputs: if unread { None } else { outputs_of(word, step) },
            vars: step.set.iter().flat_map(|set| set.0.iter().map(|(k, _)| k.clone())).collect(),
            binding: step.binding.clone().unwrap_or_else(|| DEFAULT_BINDING.to_owned()),
        });

        let inside = |part| {
            let mut regions = around.to_vec();
            regions.push(Region { owner, part });
            regions
        };
        for (number, case) in step.switch.iter().flatten().enumerate() {
            if let Some(steps) = case.as_ref().and_then(|case| case.steps.as_ref()) {
                let at = at.key("switch").index(number).key("steps");
                self.block(document, &at, section, &inside(Part::Case(number)), steps);
            }
        }
        for (number, (name, steps)) in step.parallel.iter().flat_map(|all| &all.0).enumerate() {
            let at = at.key("parallel").key(name);
            self.block(document, &at, section, &inside(Part::Branch(number)), steps);
        }
        if let Some(steps) = &step.steps {
            self.block(document, &at.key("steps"), section, &inside(Part::Loop), steps);
        }
        if let Some(OnErrorSource::Steps(steps)) = &step.on_error {
            self.block(document, &at.key("on_error"), section, &inside(Part::OnError), steps);
        }
    }
}

fn outputs_of(word: Word, step: &StepSource) -> Option<Vec<String>> {
    let names = |names: &[&str]| Some(names.iter().map(|&name| name.to_owned()).collect());
    match word {
        Word::Call => Some(
            step.output.iter().flat_map(|o| o.0.iter().map(|(name, _)| name.clone())).collect(),
        ),
        Word::ForEach => names(&["items", "succeeded", "failed"]),
        Word::Switch => names(&["case"]),
        Word::Later | Word::Unclear => None,
        Word::Set | Word::Parallel | Word::Wait | Word::Stop | Word::Fail => names(&[]),
    }
}
