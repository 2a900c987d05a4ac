use std::fs;
use std::time::Duration;

use super::*;

fn open(dir: &Path) -> SledStore {
    SledStore::open(dir, SledOptions::default()).unwrap()
}

async fn fill(store: &SledStore, keys: std::ops::Range<u32>, value: &[u8]) {
    for chunk in keys.collect::<Vec<_>>().chunks(1000) {
        let batch = chunk
            .iter()
            .fold(Batch::new(), |batch, key| batch.put(key.to_be_bytes().to_vec(), value.to_vec()));
        store.commit(batch).await.unwrap();
    }
}

async fn all(store: &SledStore) -> Vec<(Bytes, Bytes)> {
    store.scan(Scan::prefix("")).await.unwrap()
}

#[tokio::test]
async fn everything_is_there_after_reopening() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    fill(&store, 0..1500, b"small").await;
    fill(&store, 100..200, &[7; 6000]).await;
    let before = all(&store).await;
    drop(store);
    for _ in 0..3 {
        let store = open(dir.path());
        assert_eq!(all(&store).await, before);
        store.close().await;
    }
}

#[tokio::test]
async fn a_second_store_is_told_that_the_directory_is_in_use() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let error = SledStore::open(dir.path(), SledOptions::default()).unwrap_err();
    assert!(matches!(error, OpenError::InUse { .. }), "{error}");
    store.close().await;
    open(dir.path());
}

#[tokio::test]
async fn closing_waits_for_what_was_handed_in() {
    let dir = tempfile::tempdir().unwrap();
    let store = Arc::new(open(dir.path()));
    let commits: Vec<_> = (0..200u32)
        .map(|key| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                store.commit(Batch::new().put(key.to_be_bytes().to_vec(), "v")).await.is_ok()
            })
        })
        .collect();
    tokio::task::yield_now().await;
    store.close().await;
    let mut acknowledged = 0;
    for commit in commits {
        acknowledged += usize::from(commit.await.unwrap());
    }
    assert_eq!(all(&open(dir.path())).await.len(), acknowledged);
}

/// Opens a store whose disk refuses every sync.
fn unplugged(dir: &Path) -> SledStore {
    let layout = Layout::acquire(dir).unwrap();
    let generation = Generation::open(layout.generation(1), 1, 1 << 20).unwrap().unplugged();
    SledStore::start(layout, generation, SledOptions::default()).unwrap()
}

#[tokio::test]
async fn a_failed_sync_ends_everything() {
    let dir = tempfile::tempdir().unwrap();
    let store = unplugged(dir.path());
    assert!(store.get(b"k").await.unwrap().is_none());
    let error = store.commit(Batch::new().put("k", "v")).await.unwrap_err();
    assert_eq!(error.to_string(), "store has failed and needs a restart");
    let CommitError::Store(cause @ StoreError::Failed(_)) = error else { panic!("{error:?}") };
    assert!(cause.source().is_some(), "the cause is kept");
    assert!(matches!(store.get(b"k").await, Err(StoreError::Failed(_))));
    assert!(matches!(store.scan(Scan::prefix("")).await, Err(StoreError::Failed(_))));
    let again = store.commit(Batch::new().put("k", "v")).await;
    assert!(matches!(again, Err(CommitError::Store(StoreError::Failed(_)))), "{again:?}");
    assert!(matches!(store.compact().await, Err(StoreError::Failed(_))));
}

#[tokio::test]
async fn damage_names_its_key_and_harms_nobody_else() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    store
        .commit(Batch::new().put("good", "1").put("bad", "1").put("large", vec![1; 9000]))
        .await
        .unwrap();
    store.close().await;
    {
        let db = recover::open(&dir.path().join("gen-0001"), 1 << 20).unwrap();
        let mut value = db.get("bad").unwrap().unwrap().to_vec();
        *value.last_mut().unwrap() ^= 1;
        db.insert("bad", value).unwrap();
        db.flush().unwrap();
    }
    for entry in fs::read_dir(dir.path().join("blobs")).unwrap() {
        fs::write(entry.unwrap().path(), vec![2; 9000]).unwrap();
    }
    let store = open(dir.path());
    let check = |answer: Result<(), String>, key: &str| {
        let error = answer.unwrap_err();
        assert!(error.starts_with(&format!("value of key \"{key}\" is damaged")), "{error}");
    };
    let shown = |error: &dyn Error| error.to_string();
    check(store.get(b"bad").await.map(drop).map_err(|error| shown(&error)), "bad");
    check(store.get(b"large").await.map(drop).map_err(|error| shown(&error)), "large");
    check(store.scan(Scan::prefix("bad")).await.map(drop).map_err(|error| shown(&error)), "bad");
    let checked = store.commit(Batch::new().is("bad", "1").put("x", "1")).await;
    check(checked.map_err(|error| shown(&error)), "bad");
    assert_eq!(store.get(b"good").await.unwrap().as_deref(), Some(&b"1"[..]));
    store.commit(Batch::new().is("good", "1").put("bad", "2")).await.unwrap();
    assert_eq!(store.get(b"bad").await.unwrap().as_deref(), Some(&b"2"[..]), "put right");
}

#[tokio::test(flavor = "multi_thread")]
async fn compaction_keeps_what_is_live_and_gives_space_back() {
    let dir = tempfile::tempdir().unwrap();
    let store = Arc::new(open(dir.path()));
    fill(&store, 0..20_000, &[1; 700]).await;
    fill(&store, 0..200, &[2; 5000]).await;
    for start in (300..20_000).step_by(1000) {
        let deletes = (start..(start + 1000).min(20_000))
            .fold(Batch::new(), |batch, key: u32| batch.delete(key.to_be_bytes().to_vec()));
        store.commit(deletes).await.unwrap();
    }
    fill(&store, 0..100, b"small again").await;
    let (before, live) = (store.usage().await.unwrap(), all(&store).await);

    // Writers go on; what they are told is there must be there.
    let writers: Vec<_> = (0..4u32)
        .map(|writer| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                for round in 0..200u32 {
                    let key = format!("w/{writer}/{}", round % 50);
                    let value =
                        vec![round as u8; 20 * round as usize + 100 * (round as usize % 50)];
                    store.commit(Batch::new().put(key, value)).await.unwrap();
                }
            })
        })
        .collect();
    let after = store.compact().await.unwrap();
    for writer in writers {
        writer.await.unwrap();
    }
    assert_eq!((before.generation, after.generation), (1, 2));
    assert!(after.disk * 3 < before.disk, "from {} to {} bytes", before.disk, after.disk);
    let expected: Vec<_> = live.clone();
    let unchanged: Vec<_> =
        all(&store).await.into_iter().filter(|(key, _)| key.len() == 4).collect();
    assert_eq!(unchanged, expected);
    let check_writers = |entries: Vec<(Bytes, Bytes)>| {
        assert_eq!(entries.len(), 200);
        for (key, value) in entries {
            let slot: usize =
                String::from_utf8_lossy(&key).rsplit('/').next().unwrap().parse().unwrap();
            let round = slot + 150;
            assert_eq!(value, vec![round as u8; 20 * round + 100 * slot], "{key:?}");
        }
    };
    check_writers(store.scan(Scan::prefix("w/")).await.unwrap());
    store.close().await;
    assert!(!dir.path().join("gen-0001").exists());

    let store = open(dir.path());
    assert_eq!(store.usage().await.unwrap().generation, 2);
    check_writers(store.scan(Scan::prefix("w/")).await.unwrap());
    let third = store.compact().await.unwrap();
    assert_eq!(third.generation, 3);
    let blobs = fs::read_dir(dir.path().join("blobs")).unwrap().count();
    let large = all(&store).await.into_iter().filter(|(_, value)| value.len() > 4096);
    let large: std::collections::HashSet<_> = large.map(|(_, value)| value).collect();
    assert_eq!(blobs, large.len(), "one file for each large value that is live");
}

#[tokio::test]
async fn leftovers_of_a_compaction_are_ignored() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    fill(&store, 0..100, b"v").await;
    store.close().await;
    // Stopped while copying: the new generation is there but nothing points to it.
    drop(Generation::open(dir.path().join("gen-0002"), 2, 1 << 20).unwrap());
    fs::write(dir.path().join("CURRENT.new"), "gen-0002").unwrap();
    let store = open(dir.path());
    assert_eq!(all(&store).await.len(), 100);
    assert!(!dir.path().join("gen-0002").exists());
    assert_eq!(store.compact().await.unwrap().generation, 2);
    store.close().await;
    // Stopped after the switch: the old generation is still there.
    drop(Generation::open(dir.path().join("gen-0001"), 1, 1 << 20).unwrap());
    let store = open(dir.path());
    assert_eq!(all(&store).await.len(), 100);
    assert!(!dir.path().join("gen-0001").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn compaction_starts_by_itself_when_much_is_wasted() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    fill(&store, 0..10, b"v").await;
    for round in 0..40u8 {
        fill(&store, 0..5000, &[round; 900]).await;
    }
    for start in (10..5000).step_by(1000) {
        let deletes = (start..(start + 1000).min(5000))
            .fold(Batch::new(), |batch, key: u32| batch.delete(key.to_be_bytes().to_vec()));
        store.commit(deletes).await.unwrap();
    }
    assert_eq!(store.usage().await.unwrap().generation, 1, "below the threshold");
    store.close().await;
    let store = SledStore::open(
        dir.path(),
        SledOptions { compact_above: 1 << 20, ..SledOptions::default() },
    )
    .unwrap();
    let waited = tokio::time::timeout(Duration::from_secs(30), async {
        while store.usage().await.unwrap().generation == 1 {
            tokio::task::yield_now().await;
        }
    });
    waited.await.expect("compaction has started by itself");
    assert_eq!(all(&store).await.len(), 10);
}

#[tokio::test]
async fn closing_during_a_compaction_leaves_a_whole_store() {
    let dir = tempfile::tempdir().unwrap();
    for _ in 0..5 {
        let store = Arc::new(open(dir.path()));
        fill(&store, 0..3000, &[3; 500]).await;
        let compaction = {
            let store = Arc::clone(&store);
            tokio::spawn(async move { store.compact().await })
        };
        tokio::task::yield_now().await;
        store.close().await;
        let answer = compaction.await.unwrap();
        assert!(matches!(answer, Ok(_) | Err(StoreError::Closed)), "{answer:?}");
        drop(store);
        assert_eq!(all(&open(dir.path())).await.len(), 3000);
    }
}
