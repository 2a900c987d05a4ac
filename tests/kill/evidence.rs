//! What the services saw, laid beside what the runs say.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use tenure_api::{RunDetail, RunSummary, StepStatus};
use tenure_playground::{Entry, Playground};

use crate::api::Api;

/// All runs, and all requests by run and step.
pub(super) struct Evidence {
    runs: BTreeMap<String, RunDetail>,
    sent: BTreeMap<(String, String), Vec<Entry>>,
}

impl Evidence {
    /// Reads every run and sorts the services' log by whose each request was.
    pub(super) async fn gather(api: &Api, playground: &Playground, runs: &[RunSummary]) -> Self {
        let mut details = BTreeMap::new();
        for run in runs {
            details.insert(run.id.clone(), api.show(&run.id).await);
        }
        let mut sent: BTreeMap<_, Vec<Entry>> = BTreeMap::new();
        for entry in playground.log().entries() {
            let of = (parameter(&entry, "run"), parameter(&entry, "step"));
            assert!(details.contains_key(&of.0), "nobody's request: {entry:?}");
            sent.entry(of).or_default().push(entry);
        }
        Self { runs: details, sent }
    }

    pub(super) fn run(&self, id: &str) -> &RunDetail {
        self.runs.get(id).unwrap_or_else(|| panic!("run {id} is lost"))
    }

    /// The requests of one step, in the order in which they were answered.
    pub(super) fn of(&self, run: &str, step: &str) -> &[Entry] {
        self.sent.get(&(run.to_owned(), step.to_owned())).map_or(&[], Vec::as_slice)
    }

    /// Each write changed something exactly once, and each step was sent at all.
    pub(super) fn must_show_each_effect_once(&self) {
        for (id, run) in &self.runs {
            for step in &run.steps {
                let sent = self.of(id, &step.path);
                assert!(!sent.is_empty(), "{} of {id} was never sent", step.path);
                let wanted = usize::from(sent[0].method != "GET");
                let effects = sent.iter().filter(|entry| entry.effect).count();
                assert_eq!(effects, wanted, "{} of {id}: {sent:#?}", step.path);
            }
        }
    }

    /// Nothing was sent for a step after the fact that ended it, nor before its turn.
    pub(super) fn must_show_no_request_after_a_finish(&self) {
        for (id, run) in &self.runs {
            let mut before = run.run.created_at;
            for step in &run.steps {
                assert_eq!(step.status, StepStatus::Succeeded, "{} of {id}", step.path);
                let ended = step.ended_at.unwrap();
                for entry in self.of(id, &step.path) {
                    // The log's times are those of the answers.
                    assert!(entry.at <= ended, "{} of {id} ended {ended}: {entry:?}", step.path);
                    assert!(entry.at >= before, "{} of {id} not before {before}", step.path);
                }
                before = ended;
            }
        }
    }

    /// However often a write was sent, its key was the same, and nobody else's.
    pub(super) fn must_show_one_key_for_each_write(&self) {
        let mut taken = BTreeSet::new();
        for ((run, step), entries) in &self.sent {
            if entries[0].method == "GET" {
                continue;
            }
            let keys: BTreeSet<_> =
                entries.iter().map(|entry| entry.idempotency_key.clone()).collect();
            assert_eq!(keys.len(), 1, "{step} of {run}: {entries:#?}");
            let key = keys.into_iter().next().flatten();
            assert!(key.is_some(), "{step} of {run} has no key");
            assert!(taken.insert(key), "{step} of {run} has somebody else's key");
            let bodies: BTreeSet<_> = entries.iter().map(|entry| &entry.body_digest).collect();
            assert_eq!(bodies.len(), 1, "{step} of {run} was sent with another body");
        }
    }

    /// How often a kill found a run between its beginning and its end.
    pub(super) fn interrupted(&self, kills: &[Timestamp]) -> usize {
        let spans = self.runs.values().map(|run| (run.run.created_at, run.run.ended_at));
        spans
            .map(|(begun, ended)| {
                let within =
                    |kill: &&Timestamp| begun < **kill && ended.is_some_and(|it| **kill < it);
                kills.iter().filter(within).count()
            })
            .sum()
    }

    /// How many steps were sent more than once.
    pub(super) fn repeated(&self) -> usize {
        self.sent.values().filter(|entries| entries.len() > 1).count()
    }
}

fn parameter(entry: &Entry, name: &str) -> String {
    let query = entry.path.split_once('?').map_or("", |(_, query)| query);
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let found = pairs.find(|(known, _)| *known == name);
    found.unwrap_or_else(|| panic!("no {name} in {entry:?}")).1.to_owned()
}
