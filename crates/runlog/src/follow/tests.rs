use std::collections::HashMap;
use std::time::Duration;

use tenure_run::RunStatus;

use super::*;
use crate::world::World;

async fn seqs(stream: BoxStream<'static, Result<Entry, RunLogError>>) -> Vec<u64> {
    let entries: Vec<_> = stream.try_collect().await.unwrap();
    entries.iter().map(|entry| entry.seq).collect()
}

#[tokio::test]
async fn a_run_is_followed_from_disk_to_its_end() {
    let world = World::new().await;
    let run = world.begin("joiner", "ann", 0).await;
    for second in 1..5 {
        world.set_status(run, second, RunStatus::Running).await;
    }
    let live = tokio::spawn(seqs(world.follow(run, 0)));
    let late = tokio::spawn(seqs(world.follow(run, 3)));
    let ahead = tokio::spawn(seqs(world.follow(run, 7)));
    tokio::task::yield_now().await;
    for second in 5..9 {
        world.set_status(run, second, RunStatus::Waiting).await;
        tokio::task::yield_now().await;
    }
    world.set_status(run, 9, RunStatus::Succeeded).await;
    assert_eq!(live.await.unwrap(), Vec::from_iter(0..10));
    assert_eq!(late.await.unwrap(), Vec::from_iter(3..10));
    assert_eq!(ahead.await.unwrap(), Vec::from_iter(7..10));
    assert_eq!(seqs(world.follow(run, 0)).await, Vec::from_iter(0..10), "after its end");
    assert_eq!(seqs(world.follow(run, 10)).await, [] as [u64; 0], "nothing left");
    assert_eq!(world.listeners().count.load(Ordering::Relaxed), 0, "nobody is forgotten");
}

#[tokio::test]
async fn followers_of_other_runs_cost_nothing() {
    let world = World::new().await;
    let (one, other) =
        (world.begin("joiner", "ann", 0).await, world.begin("joiner", "bob", 0).await);
    let following = Following::start(&world.log, Some(one));
    world.listeners().hear(other, || panic!("nobody follows it"));
    assert!(following.listener.next().is_none());
    world.set_status(one, 1, RunStatus::Running).await;
    assert!(following.listener.next().is_some());
}

#[tokio::test]
async fn following_an_unknown_run_is_an_error() {
    let world = World::new().await;
    let first = world.follow(RunId::new(), 0).next().await;
    assert!(matches!(first, Some(Err(RunLogError::Unknown(_)))));
}

/// Followers that begin at any moment, with appends going on, see every number once.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_missed_between_disk_and_live() {
    let world = World::new().await;
    for _ in 0..20 {
        let run = world.begin("joiner", "ann", 0).await;
        let followers: Vec<_> = (0..4)
            .map(|pause| {
                let log = world.log.clone();
                tokio::spawn(async move {
                    for _ in 0..pause * 10 {
                        tokio::task::yield_now().await;
                    }
                    seqs(log.follow(run, 0)).await
                })
            })
            .collect();
        for second in 1..100 {
            world.set_status(run, second, RunStatus::Running).await;
        }
        world.set_status(run, 100, RunStatus::Cancelled).await;
        for follower in followers {
            let seen = tokio::time::timeout(Duration::from_secs(20), follower).await;
            assert_eq!(seen.unwrap().unwrap(), Vec::from_iter(0..101));
        }
    }
}

/// A listener that does not listen costs a bounded queue, and still misses nothing.
#[tokio::test]
async fn a_slow_listener_catches_up_from_disk() {
    let world = World::new().await;
    let mut all = world.follow_all();
    let mut runs = Vec::new();
    for number in 0..40 {
        runs.push(world.begin("joiner", "ann", number).await);
    }
    for second in 0..20 {
        for run in &runs {
            world.set_status(*run, 100 + second, RunStatus::Running).await;
        }
    }
    let listener = Arc::clone(&world.listeners().all().of_all[0]);
    assert_eq!(listener.unheard().queue.len(), QUEUE_MAX);
    assert_eq!(listener.unheard().missed.len(), 40);

    let mut seen: HashMap<RunId, Vec<Entry>> = HashMap::new();
    for heard in 0..40 * 21 {
        let (run, entry) = all.next().await.unwrap().unwrap();
        seen.entry(run).or_default().push(entry);
        if heard == 300 {
            world.set_status(runs[0], 500, RunStatus::Running).await;
        }
    }
    let (run, entry) = all.next().await.unwrap().unwrap();
    seen.entry(run).or_default().push(entry);
    for run in &runs {
        assert_eq!(seen[run], world.facts(*run).await.unwrap(), "in order, each once");
    }
    drop(all);
    assert_eq!(world.listeners().count.load(Ordering::Relaxed), 0);
}
