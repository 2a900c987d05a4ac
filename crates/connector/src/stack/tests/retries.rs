//! What is tried again, when, and what is not.

use std::num::NonZeroU32;
use std::time::Duration;

use tenure_language::{Expect, Method};
use tokio::time::Instant;

use crate::call::Call;
use crate::connector::RetrySettings;
use crate::failure::FailureKind;
use crate::scripted::{Turn, call, client, error, get, post, status};
use crate::transport::WireError;

const S: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn pauses_grow_and_are_drawn_below_their_ceiling() {
    let yaml = "retry: { max_attempts: 6, initial_delay: 100ms, max_delay: 1s }";
    let (client, script) = client(yaml, |_, _| status(500, &[]));
    let failure = client.send(get()).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Http(500));
    let times = script.times();
    assert_eq!(times.len(), 6);
    let pauses = times.windows(2).map(|pair| pair[1] - pair[0]);
    for (pause, ceiling) in pauses.zip([100, 200, 400, 800, 1000]) {
        assert!(pause <= ceiling + 1, "{pause} over {ceiling}");
    }
    let told: Vec<bool> = failure.attempts.iter().map(|it| it.retry_in.is_some()).collect();
    assert_eq!(told, [true, true, true, true, true, false]);
}

#[tokio::test(start_paused = true)]
async fn a_hint_is_waited_out_and_only_ever_lengthened() {
    for (hint, least) in [
        (("retry-after", "2"), 2000),
        (("retry-after", "Fri, 01 May 2026 10:00:03 GMT"), 3000),
        (("x-ratelimit-reset", "1777629604"), 4000),
    ] {
        let (client, script) =
            client("", move |n, _| if n == 0 { status(429, &[hint]) } else { status(200, &[]) });
        let answer = client.send(post()).await.unwrap();
        assert_eq!(answer.attempts.len(), 2);
        assert_eq!(answer.attempts[0].outcome, "429 Too Many Requests");
        let waited = script.times()[1];
        assert!((least..=least + least / 10 + 1).contains(&waited), "{waited} for {hint:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_long_hint_is_not_slept() {
    let (client, script) = client("", |_, _| status(429, &[("retry-after", "600")]));
    let began = Instant::now();
    let failure = client.send(get()).await.unwrap_err();
    let FailureKind::Pause { after } = failure.kind else { panic!("{failure:?}") };
    assert!((600 * S..=660 * S).contains(&after), "{after:?}");
    assert_eq!(began.elapsed(), Duration::ZERO);
    assert_eq!((failure.attempts.len(), failure.status, script.count()), (1, Some(429), 1));
    assert!(
        failure.message.starts_with(
            "connector \"chat\": replied 429 Too Many Requests; the next attempt is due in 1"
        ),
        "{}",
        failure.message
    );
    // Everybody else is told so before anything is sent, and no attempt is burnt.
    let failure = client.send(post()).await.unwrap_err();
    assert!(matches!(failure.kind, FailureKind::Pause { .. }), "{failure:?}");
    assert_eq!((failure.attempts.len(), script.count()), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn a_used_up_quota_without_an_end_is_a_minute() {
    let (client, _) = client("", |_, _| status(403, &[("x-ratelimit-remaining", "0")]));
    let failure = client.send(post()).await.unwrap_err();
    let FailureKind::Pause { after } = failure.kind else { panic!("{failure:?}") };
    assert!(after >= 60 * S);
}

/// Sends one call whose first attempt ends so, and any later one well.
async fn check(
    call: Call,
    yaml: &str,
    first: impl Fn() -> crate::scripted::Turn + Send + Sync + 'static,
    expect: &str,
) {
    let (client, script) =
        client(yaml, move |n, _| if n == 0 { first() } else { status(200, &[]) });
    let said = match client.send(call).await {
        Ok(answer) => format!("ok after {}", answer.attempts.len()),
        Err(failure) => format!("{} after {}", failure.name(), failure.attempts.len()),
    };
    assert_eq!(said, expect, "{:?}", script.sent());
}

#[tokio::test(start_paused = true)]
async fn a_write_of_unknown_outcome_is_not_repeated() {
    let reset = || error(WireError::Interrupted("connection reset".to_owned()));
    let hang = || status(200, &[]).after(Duration::from_secs(3600));
    check(post(), "", || status(500, &[]), "unknown after 1").await;
    check(post(), "", || status(503, &[]), "unknown after 1").await;
    check(post(), "", reset, "unknown after 1").await;
    check(post(), "timeout: 5s", hang, "unknown after 1").await;
    check(get(), "timeout: 5s", hang, "ok after 2").await;
    check(get(), "", reset, "ok after 2").await;
    check(call(Method::Put, "/x"), "", || status(502, &[]), "ok after 2").await;
}

#[tokio::test(start_paused = true)]
async fn a_write_somebody_vouches_for_is_repeated() {
    let keyed = "idempotency: { header: Idempotency-Key }";
    check(post(), keyed, || status(500, &[]), "ok after 2").await;
    check(post(), keyed, || status(409, &[]), "ok after 2").await;
    check(post(), "", || status(409, &[]), "http.409 after 1").await;
    let unkeyed = Call { idempotency_key: None, ..post() };
    check(unkeyed, keyed, || status(500, &[]), "unknown after 1").await;
    let accepted = RetrySettings { unsafe_writes: true, ..RetrySettings::default() };
    let accepted = Call { retry: Some(accepted), ..post() };
    check(accepted, "", || status(500, &[]), "ok after 2").await;
}

/// Sends one call whose attempts end like these in turn, the last one again and again.
async fn ends(call: &Call, yaml: &str, turns: &[fn() -> Turn], expect: &str) {
    let script = turns.to_vec();
    let (client, _) = client(yaml, move |n, _| script[n.min(script.len() - 1)]());
    let failure = client.send(call.clone()).await.unwrap_err();
    let said = format!("{} after {}", failure.name(), failure.attempts.len());
    assert_eq!(said, expect, "{failure}");
    let told = failure.message.ends_with("was carried out is not known");
    assert_eq!(told, failure.kind == FailureKind::InDoubt, "{failure}");
}

fn reset() -> Turn {
    error(WireError::Interrupted("connection reset".to_owned()))
}

fn refused() -> Turn {
    error(WireError::NeverSent("connection refused".to_owned()))
}

fn hang() -> Turn {
    status(200, &[]).after(3600 * S)
}

#[tokio::test(start_paused = true)]
async fn a_write_that_may_have_happened_is_in_doubt_when_its_attempts_are_used_up() {
    let keyed = "idempotency: { header: Idempotency-Key }";
    let accepted = RetrySettings { unsafe_writes: true, ..RetrySettings::default() };
    let accepted = Call { retry: Some(accepted), ..post() };
    let [put, delete] = [Method::Put, Method::Delete].map(|method| call(method, "/x"));
    let plain = [(&accepted, ""), (&put, ""), (&delete, "")];
    for (call, yaml) in [(&post(), keyed), (&call(Method::Patch, "/x"), keyed)].iter().chain(&plain)
    {
        ends(call, yaml, &[reset], "unknown after 3").await;
        ends(call, &format!("{yaml}\ntimeout: 5s"), &[hang], "unknown after 3").await;
        // What did nothing does not tell what an earlier attempt did.
        ends(call, yaml, &[reset, refused], "unknown after 3").await;
        ends(call, yaml, &[reset, || status(429, &[("retry-after", "1")])], "unknown after 3")
            .await;
        ends(call, yaml, &[reset, || status(401, &[])], "unknown after 2").await;
        ends(call, yaml, &[refused], "connect after 3").await;
        ends(call, yaml, &[|| status(429, &[("retry-after", "1")])], "http.429 after 3").await;
        ends(call, yaml, &[|| status(503, &[("retry-after", "1")])], "http.503 after 3").await;
        ends(call, yaml, &[|| status(400, &[])], "http.400 after 1").await;
        ends(call, yaml, &[|| status(401, &[])], "auth after 1").await;
    }
    for (call, yaml) in [(&post(), keyed), (&accepted, "")] {
        ends(call, yaml, &[|| status(500, &[])], "unknown after 3").await;
    }
    // Of these methods a service may say that they failed.
    for call in [&put, &delete] {
        ends(call, "", &[|| status(500, &[])], "http.500 after 3").await;
        ends(call, "", &[reset, || status(500, &[])], "unknown after 3").await;
        ends(call, "", &[reset, || status(404, &[])], "http.404 after 2").await;
    }
    // With a key, the answer to a repetition is the answer to all.
    ends(&post(), keyed, &[reset, || status(422, &[])], "http.422 after 2").await;
    ends(&post(), keyed, &[reset, || status(409, &[])], "unknown after 3").await;
    ends(&post(), keyed, &[|| status(409, &[])], "http.409 after 3").await;
    ends(&accepted, "", &[reset, || status(409, &[])], "unknown after 2").await;
    ends(&get(), "", &[reset], "timeout after 3").await;
    ends(&get(), "", &[|| status(500, &[])], "http.500 after 3").await;
}

#[tokio::test(start_paused = true)]
async fn a_write_whose_answer_cannot_be_had_is_in_doubt() {
    let large = || error(WireError::TooLarge);
    ends(&post(), "", &[large], "unknown after 1").await;
    ends(&call(Method::Put, "/x"), "", &[large], "unknown after 1").await;
    ends(&get(), "", &[large], "refused after 1").await;
    let deep = || {
        let mut turn = status(201, &[("content-type", "application/json")]);
        let reply = turn.result.as_mut().unwrap();
        reply.body = "[".repeat(100).into();
        turn
    };
    for (call, kind) in [(post(), FailureKind::InDoubt), (get(), FailureKind::Refused)] {
        let (client, _) = client("", move |_, _| deep());
        let failure = client.send(call).await.unwrap_err();
        assert_eq!((failure.kind, failure.status), (kind, Some(201)));
        assert_eq!(failure.attempts.len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_never_sent_is_repeated() {
    let refused = || error(WireError::NeverSent("connection refused".to_owned()));
    check(post(), "", refused, "ok after 2").await;
    check(post(), "", || status(425, &[]), "ok after 2").await;
    check(post(), "", || status(503, &[("retry-after", "1")]), "ok after 2").await;
    check(post(), "", || status(403, &[("retry-after", "1")]), "ok after 2").await;
}

#[tokio::test(start_paused = true)]
async fn what_cannot_get_better_is_not_repeated() {
    let certificate = || error(WireError::Certificate("UnknownIssuer".to_owned()));
    check(get(), "", || status(401, &[]), "auth after 1").await;
    check(get(), "", || status(403, &[]), "http.403 after 1").await;
    check(get(), "", || status(404, &[]), "http.404 after 1").await;
    check(get(), "", certificate, "connect after 1").await;
    check(get(), "", || error(WireError::TooLarge), "refused after 1").await;
}

#[tokio::test(start_paused = true)]
async fn an_expected_status_is_success_whatever_it_is() {
    let expect = Expect::read(&serde_json::json!([404, 503])).unwrap();
    let expecting = Call { expect, ..get() };
    check(expecting.clone(), "", || status(503, &[]), "ok after 1").await;
    check(expecting, "", || status(200, &[]), "http.200 after 1").await;
}

#[tokio::test(start_paused = true)]
async fn attempts_are_counted_over_durable_waits() {
    let (client, script) = client("", |_, _| status(502, &[]));
    let failure = client.send(Call { attempts_before: 1, ..get() }).await.unwrap_err();
    let numbers: Vec<u32> = failure.attempts.iter().map(|attempt| attempt.number).collect();
    assert_eq!((numbers, script.count()), (vec![2, 3], 2));
    let once = RetrySettings { max_attempts: NonZeroU32::MIN, ..RetrySettings::default() };
    let failure = client.send(Call { retry: Some(once), ..get() }).await.unwrap_err();
    assert_eq!(failure.attempts.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_deadline_ends_a_call_wherever_it_is() {
    let deadline = |call: Call| Call { deadline: Some(Instant::now() + 3 * S), ..call };
    for (method, kind) in [
        (Method::Get, FailureKind::Timeout),
        (Method::Post, FailureKind::InDoubt),
        (Method::Put, FailureKind::InDoubt),
        (Method::Delete, FailureKind::InDoubt),
    ] {
        let (client, _) = client("", |_, _| status(200, &[]).after(10 * S));
        let began = Instant::now();
        let failure = client.send(deadline(call(method, "/x"))).await.unwrap_err();
        assert_eq!((failure.kind, began.elapsed()), (kind, 3 * S));
        assert_eq!(failure.attempts[0].outcome, "timeout");
    }
    // A write that may have happened stays so while the next attempt waits its turn.
    let yaml = "timeout: 1s\nidempotency: { header: Idempotency-Key }\nretry: { initial_delay: 1ms }\nrate_limit: { requests: 1, per: 10s }";
    let (doubted, script) = client(yaml, |_, _| hang());
    let failure = doubted.send(deadline(post())).await.unwrap_err();
    assert_eq!((failure.kind, script.count()), (FailureKind::InDoubt, 1), "{failure}");
    // Nothing is in flight while a turn is waited for.
    let (client, script) = client("rate_limit: { requests: 1, per: 10s }", |_, _| status(200, &[]));
    client.send(get()).await.unwrap();
    let failure = client.send(deadline(post())).await.unwrap_err();
    assert_eq!((failure.kind, script.count()), (FailureKind::Timeout, 1));
    assert_eq!(failure.message, "connector \"chat\": deadline");
}

#[tokio::test(start_paused = true)]
async fn no_pause_is_begun_that_the_deadline_would_cut_short() {
    let (client, script) = client("", |_, _| status(503, &[("retry-after", "5")]));
    let began = Instant::now();
    let call = Call { deadline: Some(began + 3 * S), ..get() };
    let failure = client.send(call).await.unwrap_err();
    assert_eq!((failure.kind, script.count()), (FailureKind::Http(503), 1));
    assert_eq!(began.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn the_key_and_the_trace_go_along() {
    let yaml = "idempotency: { header: X-Request-Key }";
    let (client, script) =
        client(yaml, |n, _| if n == 0 { status(500, &[]) } else { status(200, &[]) });
    client.send(post()).await.unwrap();
    client.send(get()).await.unwrap();
    let sent = script.sent();
    let keys: Vec<Option<&str>> = sent.iter().map(|sent| sent.header("x-request-key")).collect();
    assert_eq!(keys, [Some("key-1"), Some("key-1"), None], "writes only, the same each time");
    assert!(sent.iter().all(|sent| sent.header("traceparent").is_some()));
    assert_eq!(sent[0].body, r#"{"text":"hello"}"#);
    assert_eq!(sent[0].header("content-type"), Some("application/json"));
}
