//! The contract of a store, checked over every store there is.
#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it should be")]

#[path = "contract/suite.rs"]
mod suite;

use std::sync::Arc;

use tenure_store::{MemoryStore, SledOptions, SledStore, Store};

/// Runs each clause of the contract as a test of its own, on a fresh store.
macro_rules! contract {
    ($store:ident: $open:expr; $($clause:ident)+) => {
        mod $store {
            use super::*;
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
                async fn $clause() {
                    let dir = tempfile::tempdir().unwrap();
                    let open: fn(&std::path::Path) -> Arc<dyn Store> = $open;
                    suite::$clause(open(dir.path())).await;
                }
            )+
        }
    };
}

macro_rules! every_clause {
    ($($store:ident: $open:expr;)+) => {
        $(contract! { $store: $open;
            values_come_back
            deletes_come_before_puts
            a_refused_batch_changes_nothing
            checks_see_all_batches_before
            a_conflict_names_the_first_key
            a_conflict_leaves_others_alone
            limits_hold
            scans_are_ordered_and_bounded
            scans_page_without_gaps
            scans_agree_with_a_model
            scans_see_batches_whole
            large_values_come_back
            large_values_are_compared
            large_batches_are_applied
            one_writer_wins_each_round
            counters_lose_nothing
            a_closed_store_says_so
        })+
    };
}

every_clause! {
    memory: |_| Arc::new(MemoryStore::new());
    sled: |dir| Arc::new(SledStore::open(dir, SledOptions::default()).unwrap());
}
