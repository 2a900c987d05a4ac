//! A plan with the place of every step looked up once.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use serde_json::{Map, Value};
use tenure_language::Reference;
use tenure_workflow::{Block, Call, Kind, OnError, Output, Plan, Step, Target, Wait};

/// A plan, and where each of its steps stands.
///
/// Made once per version and shared by all its runs.
#[derive(Debug)]
pub struct Program {
    plan: Arc<Plan>,
    addresses: HashMap<String, Address>,
    /// Steps whose response something refers to, beyond its status.
    bodies: HashSet<String>,
    /// Every variable that some step sets, as null: what it is until then.
    unset: Map<String, Value>,
}

/// The way from a root block to a step.
#[derive(Debug, Clone)]
pub(crate) struct Address {
    pub(crate) root: Root,
    /// Steps around it, outermost first, and the part of each that is entered.
    pub(crate) around: Vec<(usize, Into)>,
    /// Position in its block.
    pub(crate) index: usize,
}

/// The two blocks of a workflow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Root {
    Steps,
    OnFailure,
}

/// Which block of a step is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Into {
    Case(usize),
    Branch(usize),
    Item,
    Handler,
}

impl Program {
    /// Looks up the place of every step.
    #[must_use]
    pub fn new(plan: Arc<Plan>) -> Arc<Self> {
        let mut index = Index::default();
        index.block(&plan.steps, Root::Steps, &[]);
        index.block(&plan.on_failure, Root::OnFailure, &[]);
        if let Some(output) = &plan.output {
            index.note(output.references());
        }
        let Index { addresses, bodies, unset } = index;
        Arc::new(Self { plan, addresses, bodies, unset })
    }

    /// The plan itself.
    #[must_use]
    pub fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    /// The step with this id.
    #[must_use]
    pub fn step(&self, id: &str) -> Option<&Step> {
        let address = self.addresses.get(id)?;
        self.block_of(address)?.steps.get(address.index)
    }

    /// Whether something refers to the body or the headers of this step's response.
    ///
    /// Bodies that nobody reads are not kept: they cost disk and hold personal data.
    #[must_use]
    pub fn keeps_body(&self, id: &str) -> bool {
        self.bodies.contains(id)
    }

    /// All variables, before any is set.
    pub(crate) fn unset(&self) -> &Map<String, Value> {
        &self.unset
    }

    pub(crate) fn address(&self, id: &str) -> Option<&Address> {
        self.addresses.get(id)
    }

    pub(crate) fn root(&self, root: Root) -> &Block {
        match root {
            Root::Steps => &self.plan.steps,
            Root::OnFailure => &self.plan.on_failure,
        }
    }

    fn block_of(&self, address: &Address) -> Option<&Block> {
        address.around.iter().try_fold(self.root(address.root), |block, (index, into)| {
            enter(block.steps.get(*index)?, *into)
        })
    }
}

/// The block of a step that is meant, if the step has it.
pub(crate) fn enter(step: &Step, into: Into) -> Option<&Block> {
    match (into, &step.kind, &step.on_error) {
        (Into::Case(case), Kind::Switch(cases), _) => Some(&cases.get(case)?.steps),
        (Into::Branch(branch), Kind::Parallel(branches), _) => Some(&branches.get(branch)?.steps),
        (Into::Item, Kind::ForEach(each), _) => Some(&each.steps),
        (Into::Handler, _, OnError::Steps(handler)) => Some(handler),
        _ => None,
    }
}

#[derive(Default)]
struct Index {
    addresses: HashMap<String, Address>,
    bodies: HashSet<String>,
    unset: Map<String, Value>,
}

impl Index {
    fn block(&mut self, block: &Block, root: Root, around: &[(usize, Into)]) {
        for (index, step) in block.steps.iter().enumerate() {
            let address = Address { root, around: around.to_vec(), index };
            self.addresses.insert(step.id.clone(), address);
            let inside = |this: &mut Self, into: Into, block: &Block| {
                let mut around = around.to_vec();
                around.push((index, into));
                this.block(block, root, &around);
            };
            if let OnError::Steps(handler) = &step.on_error {
                inside(self, Into::Handler, handler);
            }
            match &step.kind {
                Kind::Switch(cases) => {
                    for (case, content) in cases.iter().enumerate() {
                        inside(self, Into::Case(case), &content.steps);
                    }
                }
                Kind::Parallel(branches) => {
                    for (branch, content) in branches.iter().enumerate() {
                        inside(self, Into::Branch(branch), &content.steps);
                    }
                }
                Kind::ForEach(each) => inside(self, Into::Item, &each.steps),
                _ => {}
            }
            self.read_by(step);
        }
    }

    /// Notes what a step refers to.
    fn read_by(&mut self, step: &Step) {
        if let Some(condition) = &step.condition {
            self.note(condition.references());
        }
        match &step.kind {
            Kind::Call(call) => self.read_by_call(call),
            Kind::Set(vars) => vars.iter().for_each(|(name, value)| {
                self.unset.insert(name.clone(), Value::Null);
                self.note(value.references());
            }),
            Kind::Switch(cases) => cases
                .iter()
                .filter_map(|case| case.when.as_ref())
                .for_each(|when| self.note(when.references())),
            Kind::ForEach(each) => {
                self.note(each.items.references());
                if let Some(key) = &each.key {
                    self.note(key.references());
                }
            }
            Kind::Wait(Wait::Until(text) | Wait::ForComputed(text))
            | Kind::Stop(text)
            | Kind::Fail(text) => self.note(text.references()),
            Kind::Wait(Wait::For(_)) | Kind::Parallel(_) => {}
        }
    }

    fn read_by_call(&mut self, call: &Call) {
        match &call.target {
            Target::Request(request) => self.note(&request.references()),
            Target::Action { with, .. } => self.note(with.references()),
        }
        for (_, output) in &call.output {
            if let Output::Compute(template) = output {
                self.note(template.references());
            }
        }
        if let Some(key) = &call.idempotency_key {
            self.note(key.references());
        }
    }

    fn note<'a>(&mut self, references: impl IntoIterator<Item = &'a Reference>) {
        for reference in references {
            let mut path = reference.path.iter().map(String::as_str);
            if path.next() != Some("steps") {
                continue;
            }
            let Some(step) = path.next() else { continue };
            let beyond_status = matches!(
                (path.next(), path.next()),
                (Some("response"), None | Some("body" | "headers")) | (None, _)
            );
            if beyond_status {
                self.bodies.insert(step.to_owned());
            }
        }
    }
}
