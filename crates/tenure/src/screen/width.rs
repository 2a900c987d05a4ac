//! How wide the paths of a workflow's steps are.

use tenure_workflow::{Block, Kind, OnError, Plan, Step};

/// Columns of the longest path that a step of this workflow has in a run of few items.
pub(crate) fn longest_path(plan: &Plan) -> usize {
    block(&plan.steps, 0).max(block(&plan.on_failure, 0))
}

fn block(block: &Block, around: usize) -> usize {
    block.steps.iter().map(|it| step(it, around)).max().unwrap_or(0)
}

fn step(step: &Step, around: usize) -> usize {
    let own = around + step.id.chars().count();
    let handler = match &step.on_error {
        OnError::Steps(steps) => block(steps, around),
        OnError::Fail | OnError::Continue => 0,
    };
    let inside = match &step.kind {
        Kind::Switch(cases) => cases.iter().map(|case| block(&case.steps, around)).max(),
        Kind::Parallel(branches) => branches.iter().map(|it| block(&it.steps, around)).max(),
        // An item is written `loop[0]/step`.
        Kind::ForEach(each) => Some(block(&each.steps, own + "[0]/".len())),
        _ => None,
    };
    own.max(handler).max(inside.unwrap_or(0))
}
