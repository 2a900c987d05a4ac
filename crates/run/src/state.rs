//! The state of a run: a tree that mirrors the plan.

use std::sync::atomic::{AtomicUsize, Ordering};

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::fact::{AttemptRecord, Intent, Item, Response, StepError};
use crate::program::{Address, Into};
use tenure_workflow::Block;

/// What has become of the steps of one block.
#[derive(Debug, Clone, Default)]
pub(crate) struct BlockState {
    pub(crate) steps: Vec<StepState>,
    /// Values that `set` kept; only roots and loop items hold any.
    pub(crate) vars: Map<String, Value>,
}

/// What has become of one step.
#[derive(Debug, Clone, Default)]
pub(crate) struct StepState {
    pub(crate) progress: Progress,
    pub(crate) reason: Option<String>,
    pub(crate) started_at: Option<Timestamp>,
    pub(crate) ended_at: Option<Timestamp>,
    pub(crate) attempts: Vec<AttemptRecord>,
    pub(crate) output: Map<String, Value>,
    pub(crate) response: Option<Response>,
    pub(crate) error: Option<StepError>,
    pub(crate) inner: Inner,
    pub(crate) handler: Option<Box<BlockState>>,
}

/// How far a step has come.
#[derive(Debug, Clone, Default)]
pub(crate) enum Progress {
    #[default]
    Pending,
    /// Its blocks are being done.
    Open,
    /// A request of this process is under way.
    InHand(Intent),
    /// A request was under way when an earlier process ended.
    Interrupted(Intent),
    /// A wait.
    Timer(Timestamp),
    /// A pause between attempts.
    Retry {
        at: Timestamp,
        attempts: u32,
        /// Whether one of them may have been carried out.
        in_doubt: bool,
    },
    /// A write that may have happened.
    Doubt,
    Succeeded,
    Failed,
    Skipped,
}

/// The blocks of a step that has some.
#[derive(Debug, Clone, Default)]
pub(crate) enum Inner {
    #[default]
    None,
    Case(usize, Box<BlockState>),
    Branches(Vec<BlockState>),
    Items(Items),
}

/// The items of a loop.
#[derive(Debug, Default)]
pub(crate) struct Items {
    pub(crate) items: Vec<(Item, BlockState)>,
    /// How many leading items are known to be over. Only a memory of what `next` found out:
    /// it changes what is looked at, never what is decided.
    over: AtomicUsize,
}

impl Clone for Items {
    fn clone(&self) -> Self {
        Self { items: self.items.clone(), over: AtomicUsize::new(self.over()) }
    }
}

impl Items {
    pub(crate) fn new(items: Vec<Item>, block: &Block) -> Self {
        let items = items.into_iter().map(|item| (item, BlockState::open(block))).collect();
        Self { items, over: AtomicUsize::new(0) }
    }

    pub(crate) fn over(&self) -> usize {
        self.over.load(Ordering::Relaxed)
    }

    pub(crate) fn remember_over(&self, count: usize) {
        self.over.fetch_max(count, Ordering::Relaxed);
    }
}

impl BlockState {
    /// A block whose steps are all pending.
    pub(crate) fn open(block: &Block) -> Self {
        let steps = block.steps.iter().map(|_| StepState::default()).collect();
        Self { steps, vars: Map::new() }
    }

    /// The step at an address, with these loop items around it.
    pub(crate) fn step(&self, address: &Address, items: &[(String, u32)]) -> Option<&StepState> {
        let mut items = items.iter();
        let mut block = self;
        for (index, into) in &address.around {
            block = block.steps.get(*index)?.inside(*into, &mut items)?;
        }
        block.steps.get(address.index)
    }

    /// As [`BlockState::step`], to be changed; also the block that holds its variables.
    pub(crate) fn step_mut(
        &mut self,
        address: &Address,
        items: &[(String, u32)],
    ) -> Option<&mut StepState> {
        let mut items = items.iter();
        let mut block = self;
        for (index, into) in &address.around {
            block = block.steps.get_mut(*index)?.inside_mut(*into, &mut items)?;
        }
        block.steps.get_mut(address.index)
    }

    /// The variables that a step at this address keeps its values in.
    pub(crate) fn vars_mut(
        &mut self,
        address: &Address,
        items: &[(String, u32)],
    ) -> Option<&mut Map<String, Value>> {
        let last_item = address.around.iter().rposition(|(_, into)| *into == Into::Item);
        let Some(last_item) = last_item else { return Some(&mut self.vars) };
        let mut items = items.iter();
        let mut block = self;
        for (index, into) in &address.around[..=last_item] {
            block = block.steps.get_mut(*index)?.inside_mut(*into, &mut items)?;
        }
        Some(&mut block.vars)
    }
}

impl StepState {
    /// The block of this step that is meant, if it has been opened.
    pub(crate) fn inside<'a>(
        &self,
        into: Into,
        items: &mut impl Iterator<Item = &'a (String, u32)>,
    ) -> Option<&BlockState> {
        match (into, &self.inner) {
            (Into::Handler, _) => self.handler.as_deref(),
            (Into::Case(case), Inner::Case(taken, block)) if case == *taken => Some(block),
            (Into::Branch(branch), Inner::Branches(branches)) => branches.get(branch),
            (Into::Item, Inner::Items(all)) => {
                let (_, index) = items.next()?;
                all.items.get(usize::try_from(*index).ok()?).map(|(_, block)| block)
            }
            _ => None,
        }
    }

    fn inside_mut<'a>(
        &mut self,
        into: Into,
        items: &mut impl Iterator<Item = &'a (String, u32)>,
    ) -> Option<&mut BlockState> {
        match into {
            Into::Handler => self.handler.as_deref_mut(),
            Into::Case(case) => match &mut self.inner {
                Inner::Case(taken, block) => (case == *taken).then_some(block),
                _ => None,
            },
            Into::Branch(branch) => match &mut self.inner {
                Inner::Branches(branches) => branches.get_mut(branch),
                _ => None,
            },
            Into::Item => match &mut self.inner {
                Inner::Items(all) => {
                    let (_, index) = items.next()?;
                    all.items.get_mut(usize::try_from(*index).ok()?).map(|(_, block)| block)
                }
                _ => None,
            },
        }
    }
}

impl Progress {
    /// The word for it in an error about a fact that cannot be.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Open => "open",
            Self::InHand(_) => "in hand",
            Self::Interrupted(_) => "interrupted",
            Self::Timer(_) => "waiting",
            Self::Retry { .. } => "waiting to be tried again",
            Self::Doubt => "in doubt",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}
