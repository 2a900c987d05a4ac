//! The sled store as its callers meet it: opened, harmed, killed, compacted.
//!
//! Long because every harm has its own way to be made.

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
    let witness = Witness::examine(layout.witness(), &generation).unwrap();
    SledStore::start(layout, generation, witness, SledOptions::default()).unwrap()
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
    let file = fs::read_dir(dir.path().join("blobs")).unwrap().next().unwrap().unwrap();
    fs::write(file.path(), vec![2; 9000]).unwrap();
    let store = open(dir.path());
    let check = |answer: Result<(), String>, key: &str| {
        let error = answer.unwrap_err();
        assert!(error.starts_with(&format!("value of key \"{key}\" is damaged")), "{error}");
    };
    let shown = |error: &dyn Error| error.to_string();
    check(store.get(b"bad").await.map(drop).map_err(|error| shown(&error)), "bad");
    check(store.get(b"large").await.map(drop).map_err(|error| shown(&error)), "large");
    for error in [
        store.get(b"large").await.unwrap_err(),
        store.scan(Scan::prefix("large")).await.unwrap_err(),
    ] {
        let expected = format!("its file blobs/{} is missing", file.file_name().display());
        assert_eq!(error.to_string().matches(&expected).count(), 1, "{error}");
    }
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

/// Writes what spreads over several segments: entries that change, go and come.
async fn lived_in(dir: &Path) {
    for round in 0..3u32 {
        let store = open(dir);
        for start in 0..40u32 {
            let (first, last) = (start * 50, start * 50 + 50);
            fill(&store, first..last, &vec![round as u8; 200 + 7 * start as usize]).await;
            store
                .commit(Batch::new().delete((first + round).to_be_bytes().to_vec()))
                .await
                .unwrap();
        }
        store.close().await;
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to.join(entry.file_name()));
        } else {
            fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}

/// Harms the data file of a copy; says why it is refused, or that nothing is lost.
async fn refusal(original: &Path, before: &[(Bytes, Bytes)], harm: impl Fn(&mut Vec<u8>)) -> bool {
    let dir = tempfile::tempdir().unwrap();
    copy(original, dir.path());
    let path = dir.path().join("gen-0001/db");
    let mut bytes = fs::read(&path).unwrap();
    harm(&mut bytes);
    fs::write(&path, bytes).unwrap();
    match SledStore::open(dir.path(), SledOptions::default()) {
        Ok(store) => {
            // What can be read is what was written; damage may show itself as an error.
            if let Ok(found) = store.scan(Scan::prefix("")).await {
                assert!(found == before, "entries are gone and nobody noticed");
            }
            false
        }
        Err(OpenError::Lost { .. } | OpenError::Damaged { .. }) => {
            let again = SledStore::open(dir.path(), SledOptions::default());
            assert!(again.is_err(), "once refused, always refused");
            true
        }
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test]
async fn a_flipped_byte_never_loses_anything_unnoticed() {
    let dir = tempfile::tempdir().unwrap();
    lived_in(dir.path()).await;
    let store = open(dir.path());
    let before = all(&store).await;
    store.close().await;
    // Without a snapshot sled reads its whole log, which is where it stops at damage.
    for entry in fs::read_dir(dir.path().join("gen-0001")).unwrap() {
        let path = entry.unwrap().path();
        if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("snap.")) {
            fs::remove_file(path).unwrap();
        }
    }
    let len = fs::metadata(dir.path().join("gen-0001/db")).unwrap().len() as usize;
    let mut refused = 0;
    for at in (0..60).map(|step| step * (len / 60) + 1000) {
        let harm = |bytes: &mut Vec<u8>| bytes[at] ^= 0x10;
        refused += usize::from(refusal(dir.path(), &before, harm).await);
    }
    assert!(refused > 10, "only {refused} of 60 were refused");
    assert!(refusal(dir.path(), &before, Vec::clear).await, "emptied");
    assert!(refusal(dir.path(), &before, |bytes| bytes.truncate(len / 2)).await, "cut short");
}

#[tokio::test]
async fn a_loss_names_the_way_out() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    fill(&store, 0..10, b"v").await;
    fill(&store, 10..20, b"v").await;
    store.close().await;
    fs::remove_dir_all(dir.path().join("gen-0001")).unwrap();
    fs::remove_file(dir.path().join("CURRENT")).unwrap();
    for _ in 0..2 {
        let error = SledStore::open(dir.path(), SledOptions::default()).unwrap_err();
        let shown = dir.path().display();
        assert_eq!(
            error.to_string(),
            format!(
                "database in {shown}/gen-0001 has lost what was committed: commit 2 was on disk, \
                 now 0 is the last; restore a backup of the whole data directory, or remove \
                 {shown}/WITNESS to accept the loss"
            )
        );
    }
    fs::remove_file(dir.path().join("WITNESS")).unwrap();
    let store = open(dir.path());
    assert_eq!(all(&store).await, []);
    fill(&store, 0..1, b"new").await;
    store.close().await;
    assert_eq!(all(&open(dir.path())).await.len(), 1);
}

#[tokio::test]
async fn a_witness_that_lags_or_is_damaged_refuses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    fill(&store, 0..1, b"v").await;
    let early = fs::read(dir.path().join("WITNESS")).unwrap();
    fill(&store, 1..2, b"v").await;
    store.compact().await.unwrap();
    store.close().await;
    for witness in [&early[..], b"", b"00000000000000000009 00000000\n", &[0xff; 5000]] {
        fs::write(dir.path().join("WITNESS"), witness).unwrap();
        let store = open(dir.path());
        assert_eq!(all(&store).await.len(), 2);
        store.close().await;
    }
}

#[cfg(unix)]
#[tokio::test]
async fn what_is_kept_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("data");
    let store = open(&dir);
    fill(&store, 0..1, &[1; 6000]).await;
    store.close().await;
    let mode = |name: &str| {
        let metadata = fs::metadata(dir.join(name)).unwrap();
        metadata.permissions().mode() & 0o777
    };
    for name in ["", "blobs", "gen-0001"] {
        assert_eq!(mode(name), 0o700, "{name}");
    }
    let blob = fs::read_dir(dir.join("blobs")).unwrap().next().unwrap().unwrap().file_name();
    for name in ["CURRENT", "LOCK", "WITNESS", &format!("blobs/{}", blob.display())] {
        assert_eq!(mode(name), 0o600, "{name}");
    }
    // A directory of an earlier version is closed too.
    fs::set_permissions(dir.join("blobs"), fs::Permissions::from_mode(0o755)).unwrap();
    open(&dir);
    assert_eq!(mode("blobs"), 0o700);
}
