//! The workflows that are in force.

use std::collections::BTreeMap;
use std::sync::Arc;

use tenure_run::Program;
use tenure_workflow::Plan;

/// The current version of each workflow, by name. Replaced whole, never changed.
#[derive(Debug, Default)]
pub struct Catalog {
    programs: BTreeMap<String, Arc<Program>>,
}

impl Catalog {
    /// Gathers plans; of two with one name the later is in force.
    #[must_use]
    pub fn new(plans: Vec<Arc<Plan>>) -> Self {
        let programs = plans.into_iter().map(|plan| (plan.name.clone(), Program::new(plan)));
        Self { programs: programs.collect() }
    }

    /// The workflow with this name.
    #[must_use]
    pub fn plan(&self, name: &str) -> Option<&Arc<Plan>> {
        self.programs.get(name).map(|program| program.plan())
    }

    /// All workflows, in order of their names.
    pub fn plans(&self) -> impl Iterator<Item = &Arc<Plan>> {
        self.programs.values().map(|program| program.plan())
    }

    pub(crate) fn program(&self, name: &str) -> Option<&Arc<Program>> {
        self.programs.get(name)
    }

    pub(crate) fn programs(&self) -> impl Iterator<Item = &Arc<Program>> {
        self.programs.values()
    }
}
