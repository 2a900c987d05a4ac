//! What every store must do, clause by clause.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tenure_store::{Batch, CommitError, KEY_MAX, Scan, Store, StoreError, VALUE_MAX};

type Shared = Arc<dyn Store>;

async fn put(store: &Shared, key: &str, value: &str) {
    store.commit(Batch::new().put(key.to_owned(), value.to_owned())).await.unwrap();
}

async fn text(store: &Shared, key: &str) -> Option<String> {
    let value = store.get(key.as_bytes()).await.unwrap()?;
    Some(String::from_utf8(value.to_vec()).unwrap())
}

async fn keys(store: &Shared, scan: Scan) -> Vec<String> {
    let entries = store.scan(scan).await.unwrap();
    entries.iter().map(|(key, _)| String::from_utf8(key.to_vec()).unwrap()).collect()
}

/// The key that stood in the way.
fn conflict(answer: Result<(), CommitError>) -> String {
    match answer {
        Err(CommitError::Conflict { key }) => String::from_utf8(key.to_vec()).unwrap(),
        other => panic!("a conflict was expected, not {other:?}"),
    }
}

pub(crate) async fn values_come_back(store: Shared) {
    assert_eq!(text(&store, "a").await, None);
    put(&store, "a", "1").await;
    put(&store, "a", "2").await;
    put(&store, "empty", "").await;
    assert_eq!(text(&store, "a").await.as_deref(), Some("2"));
    assert_eq!(text(&store, "empty").await.as_deref(), Some(""));
    store.commit(Batch::new().delete("a").delete("never there")).await.unwrap();
    assert_eq!(text(&store, "a").await, None);
    store.commit(Batch::new()).await.unwrap();
}

pub(crate) async fn deletes_come_before_puts(store: Shared) {
    put(&store, "a", "old").await;
    let batch = Batch::new().put("a", "new").delete("a").put("b", "1").put("b", "2");
    store.commit(batch).await.unwrap();
    assert_eq!(text(&store, "a").await.as_deref(), Some("new"));
    assert_eq!(text(&store, "b").await.as_deref(), Some("2"));
}

pub(crate) async fn a_refused_batch_changes_nothing(store: Shared) {
    put(&store, "a", "1").await;
    let batch = Batch::new().absent("a").put("a", "2").put("b", "2").delete("a");
    assert_eq!(conflict(store.commit(batch).await), "a");
    assert_eq!(text(&store, "a").await.as_deref(), Some("1"));
    assert_eq!(text(&store, "b").await, None);
}

pub(crate) async fn checks_see_all_batches_before(store: Shared) {
    store.commit(Batch::new().absent("a").put("a", "1")).await.unwrap();
    assert_eq!(conflict(store.commit(Batch::new().absent("a")).await), "a");
    assert_eq!(conflict(store.commit(Batch::new().is("a", "2")).await), "a");
    assert_eq!(conflict(store.commit(Batch::new().is("b", "")).await), "b");
    store.commit(Batch::new().is("a", "1").put("a", "2")).await.unwrap();
    assert_eq!(conflict(store.commit(Batch::new().is("a", "1")).await), "a");
    store.commit(Batch::new().is("a", "2").absent("b").delete("a")).await.unwrap();
    store.commit(Batch::new().absent("a")).await.unwrap();
}

pub(crate) async fn a_conflict_names_the_first_key(store: Shared) {
    put(&store, "b", "1").await;
    put(&store, "c", "1").await;
    let batch = Batch::new().absent("a").is("b", "1").absent("c").absent("b");
    assert_eq!(conflict(store.commit(batch).await), "c");
}

/// Batches of one group are judged one by one, whatever becomes of their neighbours.
pub(crate) async fn a_conflict_leaves_others_alone(store: Shared) {
    for round in 0..20 {
        let commits = (0..64).map(|number| {
            let (store, key) = (Arc::clone(&store), format!("{round}/{number}"));
            let batch = Batch::new().put(key, "1");
            let batch = if number % 2 == 0 { batch } else { batch.is("nothing", "there") };
            tokio::spawn(async move { (number, store.commit(batch).await) })
        });
        for commit in commits.collect::<Vec<_>>() {
            let (number, answer) = commit.await.unwrap();
            assert_eq!(answer.is_ok(), number % 2 == 0, "batch {number}: {answer:?}");
        }
        assert_eq!(keys(&store, Scan::prefix(format!("{round}/"))).await.len(), 32);
    }
}

pub(crate) async fn limits_hold(store: Shared) {
    let refused = |batch| {
        let store = Arc::clone(&store);
        async move {
            let answer = store.commit(batch).await;
            let too_large = CommitError::Store(StoreError::EmptyKey).to_string();
            match answer {
                Err(CommitError::Store(error @ StoreError::TooLarge { .. })) => error.to_string(),
                Err(CommitError::Store(StoreError::EmptyKey)) => too_large,
                other => panic!("a refusal was expected, not {other:?}"),
            }
        }
    };
    assert_eq!(refused(Batch::new().put("", "1").put("a", "1")).await, "key is empty");
    let long = refused(Batch::new().put("a", "1").put(vec![1; KEY_MAX + 1], "1")).await;
    assert!(long.starts_with("key length"), "{long}");
    let large = refused(Batch::new().put("a", vec![1; VALUE_MAX + 1])).await;
    assert!(large.starts_with("value size"), "{large}");
    assert_eq!(text(&store, "a").await, None);

    let longest = vec![255; KEY_MAX];
    store.commit(Batch::new().put(longest.clone(), "1")).await.unwrap();
    assert!(store.get(&longest).await.unwrap().is_some());
}

pub(crate) async fn scans_are_ordered_and_bounded(store: Shared) {
    let batch = ["b", "a", "c/2", "c/1", "c/10", "d", "c"];
    let batch = batch.into_iter().fold(Batch::new(), |batch, key| batch.put(key, key));
    store.commit(batch).await.unwrap();
    let check = |scan: Scan, expected: &'static [&'static str]| {
        let store = Arc::clone(&store);
        async move { assert_eq!(keys(&store, scan.clone()).await, expected, "{scan:?}") }
    };
    check(Scan::prefix(""), &["a", "b", "c", "c/1", "c/10", "c/2", "d"]).await;
    check(Scan::prefix("c/"), &["c/1", "c/10", "c/2"]).await;
    check(Scan::prefix("c/").reversed(), &["c/2", "c/10", "c/1"]).await;
    check(Scan::prefix("").limit(2), &["a", "b"]).await;
    check(Scan::prefix("").reversed().limit(2), &["d", "c/2"]).await;
    check(Scan::range("b", "c/1"), &["b", "c"]).await;
    check(Scan::range("b", "c/1").reversed(), &["c", "b"]).await;
    check(Scan::range("d", "b"), &[]).await;
    check(Scan::range("b", "b"), &[]).await;
    check(Scan::prefix("x"), &[]).await;
    check(Scan::prefix("").limit(0), &[]).await;
    let entries = store.scan(Scan::prefix("c/1").limit(1)).await.unwrap();
    assert_eq!(entries, [(Bytes::from("c/1"), Bytes::from("c/1"))]);
}

pub(crate) async fn scans_page_without_gaps(store: Shared) {
    let all: Vec<_> = (0..1000).map(|number| format!("p/{number:04}")).collect();
    let batch = all.iter().fold(Batch::new(), |batch, key| batch.put(key.clone(), "1"));
    store.commit(batch.put("q", "1").put("o", "1")).await.unwrap();
    for reverse in [false, true] {
        let start = Scan::prefix("p/").limit(77);
        let mut scan = if reverse { start.reversed() } else { start };
        let mut found = Vec::new();
        loop {
            let page = keys(&store, scan.clone()).await;
            let Some(last) = page.last() else { break };
            scan = scan.after(last.as_bytes());
            found.extend(page);
        }
        if reverse {
            found.reverse();
        }
        assert_eq!(found, all, "reverse: {reverse}");
    }
}

/// Random batches and scans, beside a map that does the same.
pub(crate) async fn scans_agree_with_a_model(store: Shared) {
    let keys = prop::collection::vec(0u8..4, 1..5);
    let changes = prop::collection::vec((keys.clone(), prop::option::of(0u8..255)), 1..60);
    let scans = prop::collection::vec((keys.clone(), keys, 0..30usize, any::<bool>()), 1..10);
    let store = &store;
    let mut model = BTreeMap::new();
    let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::default() });
    for _ in 0..60 {
        let tree = (changes.clone(), scans.clone()).new_tree(&mut runner).unwrap();
        let (changes, scans) = proptest::strategy::ValueTree::current(&tree);
        let mut batch = Batch::new();
        let mut last = BTreeMap::new();
        for (key, value) in changes {
            last.insert(Bytes::from(key), value.map(|byte| Bytes::from(vec![byte])));
        }
        for (key, value) in last {
            match value {
                Some(value) => {
                    batch = batch.put(key.clone(), value.clone());
                    model.insert(key, value);
                }
                None => {
                    batch = batch.delete(key.clone());
                    model.remove(&key);
                }
            }
        }
        store.commit(batch).await.unwrap();
        for (from, to, limit, reverse) in scans {
            let scan = Scan::range(from, to).limit(limit);
            let scan = if reverse { scan.reversed() } else { scan };
            let expected: Vec<_> = if scan.is_empty() {
                Vec::new()
            } else {
                let range = model.range::<[u8], _>(scan.bounds());
                let owned = |(key, value): (&Bytes, &Bytes)| (key.clone(), value.clone());
                if reverse {
                    range.rev().take(limit).map(owned).collect()
                } else {
                    range.take(limit).map(owned).collect()
                }
            };
            assert_eq!(store.scan(scan.clone()).await.unwrap(), expected, "{scan:?}");
        }
    }
}

/// While batches write the same number everywhere, no scan sees two numbers.
pub(crate) async fn scans_see_batches_whole(store: Shared) {
    let batch = |number: u32| {
        (0..400u32).fold(Batch::new(), |batch, key| {
            batch.put(key.to_be_bytes().to_vec(), number.to_be_bytes().to_vec())
        })
    };
    store.commit(batch(0)).await.unwrap();
    let done = Arc::new(AtomicBool::new(false));
    let readers = (0..3).map(|_| {
        let (store, done) = (Arc::clone(&store), Arc::clone(&done));
        tokio::spawn(async move {
            let mut scans = 0;
            while !done.load(Ordering::Relaxed) || scans == 0 {
                let entries = store.scan(Scan::prefix("")).await.unwrap();
                assert_eq!(entries.len(), 400);
                assert!(entries.iter().all(|(_, value)| *value == entries[0].1));
                scans += 1;
            }
        })
    });
    let readers = readers.collect::<Vec<_>>();
    for number in 1..60 {
        store.commit(batch(number)).await.unwrap();
    }
    done.store(true, Ordering::Relaxed);
    for reader in readers {
        reader.await.unwrap();
    }
}

/// Values around the sizes where stores change how they keep them.
const SIZES: [usize; 8] = [4095, 4096, 4097, 5000, 131_071, 131_073, 1 << 20, 3 << 20];

fn sized(size: usize) -> Bytes {
    (0..size).map(|index| (index % 251 + size % 7) as u8).collect()
}

pub(crate) async fn large_values_come_back(store: Shared) {
    for size in SIZES {
        let (key, twin) = (format!("{size:09}"), format!("{size:09} twin"));
        let batch = Batch::new().put(key, sized(size)).put(twin, sized(size));
        store.commit(batch).await.unwrap();
    }
    for size in SIZES {
        let found = store.get(format!("{size:09}").as_bytes()).await.unwrap();
        assert!(found == Some(sized(size)), "value of {size} bytes");
    }
    let entries = store.scan(Scan::prefix("")).await.unwrap();
    assert_eq!(entries.len(), 2 * SIZES.len());
    for (pair, size) in entries.chunks(2).zip(SIZES) {
        assert!(pair.iter().all(|(_, value)| *value == sized(size)), "scan of {size} bytes");
    }
    store.commit(Batch::new().delete(format!("{:09}", 5000)).put("000004097", "x")).await.unwrap();
    assert!(store.get(b"000005000").await.unwrap().is_none());
    assert!(store.get(b"000005000 twin").await.unwrap() == Some(sized(5000)));
    assert_eq!(text(&store, "000004097").await.as_deref(), Some("x"));
}

pub(crate) async fn large_values_are_compared(store: Shared) {
    for size in SIZES {
        let mut other = sized(size).to_vec();
        other[size - 1] ^= 1;
        store.commit(Batch::new().absent("k").put("k", sized(size))).await.unwrap();
        assert_eq!(conflict(store.commit(Batch::new().is("k", other)).await), "k");
        assert_eq!(conflict(store.commit(Batch::new().is("k", "short")).await), "k");
        store.commit(Batch::new().is("k", sized(size)).delete("k")).await.unwrap();
    }
}

pub(crate) async fn large_batches_are_applied(store: Shared) {
    let many = (0..20_000u32).fold(Batch::new(), |batch, number| {
        batch.put(format!("many/{number:05}"), vec![number as u8; 300])
    });
    store.commit(many).await.unwrap();
    assert_eq!(keys(&store, Scan::prefix("many/")).await.len(), 20_000);
    let wide = (0..4000u32).fold(Batch::new(), |batch, number| {
        batch.put(format!("wide/{number:0370}"), vec![number as u8; 4096])
    });
    store.commit(wide).await.unwrap();
    let entries = store.scan(Scan::prefix("wide/")).await.unwrap();
    assert_eq!(entries.len(), 4000);
    assert!(entries.iter().all(|(_, value)| value.len() == 4096));
}

pub(crate) async fn one_writer_wins_each_round(store: Shared) {
    for round in 0..30 {
        let writers = (0..32).map(|writer| {
            let store = Arc::clone(&store);
            let batch = Batch::new()
                .absent(format!("round/{round}"))
                .put(format!("round/{round}"), format!("{writer}"))
                .put(format!("writer/{round}/{writer}"), "won");
            tokio::spawn(async move { store.commit(batch).await.is_ok().then_some(writer) })
        });
        let mut winners = Vec::new();
        for writer in writers.collect::<Vec<_>>() {
            winners.extend(writer.await.unwrap());
        }
        let [winner] = winners[..] else { panic!("round {round} was won by {winners:?}") };
        assert_eq!(text(&store, &format!("round/{round}")).await, Some(winner.to_string()));
        let traces = keys(&store, Scan::prefix(format!("writer/{round}/"))).await;
        assert_eq!(traces, [format!("writer/{round}/{winner}")]);
    }
}

/// Compare-and-set loops on one key add up, because nobody overwrites unseen.
pub(crate) async fn counters_lose_nothing(store: Shared) {
    put(&store, "counter", "0").await;
    let writers = (0..8).map(|_| {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            let mut added = 0;
            while added < 25 {
                let seen = text(&store, "counter").await.unwrap();
                let next = (seen.parse::<u32>().unwrap() + 1).to_string();
                match store.commit(Batch::new().is("counter", seen).put("counter", next)).await {
                    Ok(()) => added += 1,
                    Err(CommitError::Conflict { .. }) => {}
                    Err(error) => panic!("{error}"),
                }
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    assert_eq!(text(&store, "counter").await.as_deref(), Some("200"));
}

pub(crate) async fn a_closed_store_says_so(store: Shared) {
    let waiting = (0..50).map(|number| {
        let store = Arc::clone(&store);
        tokio::spawn(async move { store.commit(Batch::new().put(format!("{number}"), "1")).await })
    });
    let waiting = waiting.collect::<Vec<_>>();
    store.close().await;
    for commit in waiting {
        let answer = commit.await.unwrap();
        assert!(matches!(answer, Ok(()) | Err(CommitError::Store(StoreError::Closed))));
    }
    assert!(matches!(store.get(b"k").await, Err(StoreError::Closed)));
    assert!(matches!(store.scan(Scan::prefix("")).await, Err(StoreError::Closed)));
    let answer = store.commit(Batch::new().put("k", "v")).await;
    assert!(matches!(answer, Err(CommitError::Store(StoreError::Closed))), "{answer:?}");
    store.close().await;
}
