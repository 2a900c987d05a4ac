//! What a screen needs to know of a run before it is drawn.

use std::collections::HashSet;

use tenure_workflow::{Block, Kind, OnError, Plan, Step};

/// What a workflow's steps need on the screen, and what their failures mean.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shape {
    /// Columns of the longest path that a step has in a run of few items.
    pub(super) longest_path: usize,
    /// Steps that may fail without failing what is around them.
    pub(super) forgiven: HashSet<String>,
}

impl Shape {
    /// The shape of a run of this workflow.
    pub(crate) fn of(plan: &Plan) -> Self {
        let mut shape = Self::default();
        shape.block(&plan.steps, 0);
        shape.block(&plan.on_failure, 0);
        shape
    }

    /// The shape of a run of which only the paths of its steps are known.
    pub(crate) fn wide(longest_path: usize) -> Self {
        Self { longest_path, ..Self::default() }
    }

    fn block(&mut self, block: &Block, around: usize) {
        for step in &block.steps {
            self.step(step, around);
        }
    }

    fn step(&mut self, step: &Step, around: usize) {
        let own = around + step.id.chars().count();
        self.longest_path = self.longest_path.max(own);
        match &step.on_error {
            OnError::Steps(steps) => self.block(steps, around),
            OnError::Continue => {
                self.forgiven.insert(step.id.clone());
            }
            OnError::Fail => {}
        }
        match &step.kind {
            Kind::Switch(cases) => cases.iter().for_each(|case| self.block(&case.steps, around)),
            Kind::Parallel(branches) => {
                branches.iter().for_each(|branch| self.block(&branch.steps, around));
            }
            // An item is written `loop[0]/step`.
            Kind::ForEach(each) => self.block(&each.steps, own + "[0]/".len()),
            _ => {}
        }
    }
}
