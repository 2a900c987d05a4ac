//! What all calls of a connector share: gate, bucket, places, breaker, budget.

use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use tokio::time::{advance, sleep};

use crate::call::{Answer, Call};
use crate::client::Client;
use crate::failure::{Failure, FailureKind};
use crate::scripted::{client, connector, get, post, registry, status};

const S: Duration = Duration::from_secs(1);

/// Starts calls that go on while the test looks.
fn start(
    client: &Arc<Client>,
    calls: usize,
) -> Vec<tokio::task::JoinHandle<Result<Answer, Failure>>> {
    let send = |call: Call| {
        let client = Arc::clone(client);
        tokio::spawn(async move { client.send(call).await })
    };
    (0..calls).map(|_| send(get())).collect()
}

async fn all_succeed(calls: Vec<tokio::task::JoinHandle<Result<Answer, Failure>>>) {
    for call in join_all(calls).await {
        call.unwrap().unwrap();
    }
}

fn is_pause(failure: &Failure) -> bool {
    matches!(failure.kind, FailureKind::Pause { .. })
}

#[tokio::test(start_paused = true)]
async fn a_pause_stops_everybody_and_one_probe_ends_it() {
    let (client, script) = client("", |n, _| match n {
        0 => status(429, &[("retry-after", "5")]),
        1 => status(200, &[]).after(2 * S),
        _ => status(200, &[]),
    });
    let mut calls = start(&client, 1);
    sleep(S).await;
    calls.extend(start(&client, 9));
    sleep(3 * S).await;
    assert_eq!(script.count(), 1, "nobody goes during the pause");
    sleep(2 * S).await;
    assert_eq!(script.count(), 2, "one probes, the others wait for what it finds");
    all_succeed(calls).await;
    let times = script.times();
    assert_eq!(times.len(), 11);
    assert!(times[1] >= 5000 && times[2..].iter().all(|at| *at >= times[1] + 2000), "{times:?}");
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_is_told_off_begins_the_pause_anew() {
    let (client, script) = client("retry: { max_attempts: 5 }", |n, _| match n {
        0 | 1 => status(429, &[("retry-after", "5")]),
        _ => status(200, &[]),
    });
    let mut calls = start(&client, 1);
    sleep(S).await;
    calls.extend(start(&client, 2));
    all_succeed(calls).await;
    let times = script.times();
    assert!(times[1] >= 5000 && times[2] >= times[1] + 5000, "{times:?}");
}

#[tokio::test(start_paused = true)]
async fn a_spent_quota_stops_the_next_call_before_it_is_refused() {
    let (client, script) = client("", |n, _| match n {
        0 => status(200, &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "10")]),
        _ => status(200, &[]),
    });
    client.send(post()).await.unwrap();
    client.send(post()).await.unwrap();
    let times = script.times();
    assert!(times[0] == 0 && (10_000..=11_000).contains(&times[1]), "{times:?}");
}

#[tokio::test(start_paused = true)]
async fn the_rate_is_kept_in_order() {
    let yaml = "rate_limit: { requests: 10, per: 1s, burst: 2 }";
    let (client, script) = client(yaml, |_, _| status(200, &[]));
    all_succeed(start(&client, 6)).await;
    let times = script.times();
    assert_eq!(times[..2], [0, 0]);
    for (at, expect) in times[2..].iter().zip([100, 200, 300, 400]) {
        assert!((expect..=expect + 5).contains(at), "{times:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_place_far_back_in_the_line_is_not_waited_for() {
    let yaml = "rate_limit: { requests: 6, per: 1m, burst: 1 }";
    let (client, script) = client(yaml, |_, _| status(200, &[]));
    let calls = start(&client, 8);
    let ended = join_all(calls).await;
    let sent = ended.iter().filter(|it| it.as_ref().unwrap().is_ok()).count();
    let paused: Vec<_> =
        ended.iter().filter_map(|it| it.as_ref().unwrap().as_ref().err()).collect();
    assert_eq!((sent, paused.len()), (script.count(), 8 - script.count()));
    assert!((3..=4).contains(&sent), "one at once, the others within twenty seconds: {sent}");
    assert!(paused.iter().all(|failure| is_pause(failure) && failure.attempts.is_empty()));
}

#[tokio::test(start_paused = true)]
async fn no_place_is_held_while_a_call_sleeps() {
    let yaml = "rate_limit: { concurrency: 1 }\nretry: { initial_delay: 10s, max_delay: 15s }";
    let (client, script) = client(yaml, |n, _| match n {
        0 => status(500, &[]),
        _ => status(200, &[]),
    });
    let mut calls = start(&client, 1);
    tokio::task::yield_now().await;
    calls.extend(start(&client, 1));
    sleep(Duration::from_millis(1)).await;
    assert_eq!(script.times(), [0, 0], "the second passes while the first rests");
    all_succeed(calls).await;
}

#[tokio::test(start_paused = true)]
async fn no_more_are_in_flight_than_allowed() {
    let (client, script) =
        client("rate_limit: { concurrency: 2 }", |_, _| status(200, &[]).after(S));
    all_succeed(start(&client, 6)).await;
    assert_eq!(script.times(), [0, 0, 1000, 1000, 2000, 2000]);
}

#[tokio::test(start_paused = true)]
async fn own_accord_retries_have_a_budget() {
    // 425 is asked to be repeated and says nothing about health, so only the budget stands in the way.
    let yaml = "retry: { max_attempts: 2, initial_delay: 1ms, max_delay: 1ms }";
    let (client, script) = client(yaml, |_, _| status(425, &[]));
    let ended = join_all(start(&client, 40)).await;
    let paused =
        ended.iter().filter(|it| is_pause(it.as_ref().unwrap().as_ref().unwrap_err())).count();
    let retried = script.count() - 40;
    assert!((10..=18).contains(&retried), "one a second over ten, and a fifth of forty: {retried}");
    assert_eq!(paused, 40 - retried);
}

#[tokio::test(start_paused = true)]
async fn a_service_that_is_down_is_left_alone() {
    let yaml = "retry: { max_attempts: 1 }";
    let (client, script) = client(yaml, |n, _| status(if n < 11 { 500 } else { 200 }, &[]));
    for _ in 0..10 {
        assert_eq!(client.send(get()).await.unwrap_err().kind, FailureKind::Http(500));
    }
    let failure = client.send(post()).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Pause { after: 30 * S });
    assert_eq!((script.count(), failure.attempts.len()), (10, 0), "nothing was sent");
    advance(30 * S).await;
    // The probe fails: twice as long.
    assert_eq!(client.send(get()).await.unwrap_err().kind, FailureKind::Http(500));
    let failure = client.send(get()).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Pause { after: 60 * S });
    advance(60 * S).await;
    client.send(get()).await.unwrap();
    client.send(get()).await.unwrap();
    assert_eq!(script.count(), 13);
}

#[tokio::test(start_paused = true)]
async fn a_half_open_circuit_lets_one_probe_through() {
    let yaml = "retry: { max_attempts: 1 }";
    let (client, script) = client(yaml, |n, _| match n {
        0..10 => status(500, &[]),
        10 => status(200, &[]).after(S),
        _ => status(200, &[]),
    });
    for _ in 0..10 {
        client.send(get()).await.unwrap_err();
    }
    advance(31 * S).await;
    let calls = start(&client, 5);
    sleep(S / 2).await;
    assert_eq!(script.count(), 11);
    all_succeed(calls).await;
    assert_eq!(script.count(), 15);
}

#[tokio::test(start_paused = true)]
async fn client_errors_do_not_open_the_circuit() {
    let (client, _) = client("retry: { max_attempts: 1 }", |_, _| status(404, &[]));
    for _ in 0..50 {
        assert_eq!(client.send(get()).await.unwrap_err().kind, FailureKind::Http(404));
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_waited_sees_that_the_circuit_opened() {
    let yaml = "retry: { max_attempts: 1 }\nrate_limit: { concurrency: 4 }";
    let (client, script) = client(yaml, |_, _| status(500, &[]).after(S));
    let ended = join_all(start(&client, 30)).await;
    let paused =
        ended.iter().filter(|it| is_pause(it.as_ref().unwrap().as_ref().unwrap_err())).count();
    assert!(script.count() <= 14, "{}", script.count());
    assert_eq!(paused, 30 - script.count());
}

#[tokio::test(start_paused = true)]
async fn a_reload_keeps_what_was_learnt() {
    let (registry, script) = registry("description: before", |n, _| match n {
        0 => status(429, &[("retry-after", "600")]),
        _ => status(200, &[]),
    });
    let send = async || registry.get("chat").unwrap().send(get()).await;
    assert!(is_pause(&send().await.unwrap_err()));
    registry.replace([connector("description: after")]);
    assert!(is_pause(&send().await.unwrap_err()));
    assert_eq!(script.count(), 1);
    registry.replace([connector("rate_limit: { concurrency: 3 }")]);
    send().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_disabled_connector_sends_nothing() {
    let (registry, script) = registry("enabled: false", |_, _| status(200, &[]));
    let unavailable = registry.get("chat").unwrap_err();
    assert_eq!(unavailable.to_string(), "connector \"chat\" is disabled");
    let failure = registry.find("chat").unwrap().send(get()).await.unwrap_err();
    assert_eq!((failure.kind, failure.message), (FailureKind::Disabled, unavailable.to_string()));
    assert_eq!(script.count(), 0);
    let probe = registry.find("chat").unwrap().test().await;
    assert_eq!((probe.status, script.count()), (Some(200), 1), "a test is sent all the same");
    let unknown = registry.get("chart").unwrap_err();
    assert_eq!(unknown.to_string(), "connector \"chart\" is not known");
}
