//! What programs ask of the daemon, and what they can rely on.

use serde_json::{Value, json};

use super::World;
use crate::api::{Answer, Api, event, read};
use crate::program::Daemon;

const STATUS_RUNS: &str = "/api/v1/workflows/status/runs";

#[tokio::test]
async fn an_answer_can_wait_for_the_end() {
    let world = World::start().await;
    let (daemon, api) = Daemon::start(world.project.root()).await;
    let ended = api.post_with(STATUS_RUNS, &json!({}), &[("prefer", "wait=30")]).await;
    assert_eq!(ended.header("preference-applied"), Some("wait=30"));
    let run = ended.json(200);
    assert_eq!(run["run"]["status"], "succeeded");
    assert_eq!(run["output"]["state"], "up");
    let location = format!("/api/v1/runs/{}", run["run"]["id"].as_str().unwrap());
    assert_eq!(ended.header("location"), Some(location.as_str()));

    let path = "/api/v1/workflows/pause/runs";
    let open = api.post_with(path, &json!({}), &[("prefer", "wait=1")]).await;
    assert_eq!(open.json(202)["status"], "waiting");
    let at_once = api.post(STATUS_RUNS, &json!({})).await;
    assert_eq!(at_once.header("preference-applied"), None);
    at_once.json(202);
    let wrong = api.post(STATUS_RUNS, &json!({ "word": 5 })).await;
    assert!(wrong.json(422)["errors"][0].as_str().unwrap().contains("word"), "{}", wrong.text);
    assert_eq!(wrong.header("content-type"), Some("application/problem+json"));
    assert_eq!(daemon.terminate().await.code, Some(0));
}

#[tokio::test]
async fn a_repeated_start_is_one_run() {
    let world = World::start().await;
    let (daemon, api) = Daemon::start(world.project.root()).await;
    let start = async |api: &Api, key: &str, word: &str| -> Answer {
        api.post_with(STATUS_RUNS, &json!({ "word": word }), &[("idempotency-key", key)]).await
    };
    let first = start(&api, "k1", "a").await.json(202);
    let again = start(&api, "k1", "a").await.json(202);
    assert_eq!((&again["run"], &again["duplicate"]), (&first["run"], &json!(true)));
    assert_eq!(start(&api, "k1", "b").await.json(422)["type"], "urn:tenure:problem:key-reused");
    assert_ne!(start(&api, "k2", "a").await.json(202)["run"], first["run"]);
    assert_eq!(daemon.terminate().await.code, Some(0));
    // The key outlives the process.
    let (daemon, api) = Daemon::start(world.project.root()).await;
    assert_eq!(start(&api, "k1", "a").await.json(202)["run"], first["run"]);
    assert_eq!(api.runs().await.len(), 2);
    assert_eq!(daemon.terminate().await.code, Some(0));
}

#[tokio::test]
async fn a_redelivered_event_is_one_run() {
    let world = World::start().await;
    let (daemon, api) = Daemon::start(world.project.root()).await;
    let user = json!({ "userName": "bo@acme.example", "displayName": "Bo", "active": true });
    let joins = event("identity.user.created", "1", &user);
    let first = api.deliver(&joins).await.unwrap();
    let again = api.deliver(&joins).await.unwrap();
    assert!(!first.duplicate && again.duplicate);
    assert_eq!((&again.runs, &again.event_id), (&first.runs, &first.event_id));
    let inactive = json!({ "userName": "cy", "displayName": "Cy", "active": false });
    let ignored = api.deliver(&event("identity.user.created", "2", &inactive)).await.unwrap();
    assert_eq!(ignored.runs, Vec::<String>::new());
    let why = ignored.not_started.iter().find(|it| it.workflow == "joiner").unwrap();
    assert!(why.reason.contains("its condition is false"), "{why:?}");
    let nameless = json!({ "specversion": "1.0", "source": "/t", "type": "x" });
    let refused = api.request(reqwest::Method::POST, "/api/v1/events");
    let refused = refused.header("content-type", "application/cloudevents+json");
    let refused = read(refused.body(nameless.to_string()).send().await.unwrap()).await;
    assert!(refused.json(400)["detail"].as_str().unwrap().contains("\"id\""));
    assert_eq!(daemon.terminate().await.code, Some(0));
}

/// The facts of a stream, with the ids of their server-sent events.
fn facts(stream: &str) -> Vec<(u64, Value)> {
    let field = |block: &str, name: &str| {
        block.lines().find_map(|line| line.strip_prefix(name)).map(|value| value.trim().to_owned())
    };
    let read = |block: &str| {
        let id = field(block, "id:")?.parse().unwrap();
        Some((id, serde_json::from_str(&field(block, "data:")?).unwrap()))
    };
    stream.split("\n\n").filter_map(read).collect()
}

#[tokio::test]
async fn a_stream_goes_on_where_it_broke_off() {
    let world = World::start().await;
    let (daemon, api) = Daemon::start(world.project.root()).await;
    let run = api.run("status", &json!({})).await.run.id;
    let path = format!("/api/v1/runs/{run}/events");
    let whole = api.get(&path).await;
    assert!(whole.header("content-type").unwrap().starts_with("text/event-stream"));
    let all = facts(&whole.text);
    let ids: Vec<u64> = all.iter().map(|(id, _)| *id).collect();
    assert_eq!(ids, (0..all.len() as u64).collect::<Vec<_>>());
    assert_eq!(all.last().unwrap().1["run_status"], "succeeded");
    for last in 0..all.len() as u64 {
        let rest = api.request(reqwest::Method::GET, &path).header("last-event-id", last);
        let rest = read(rest.send().await.unwrap()).await;
        let wanted = &all[usize::try_from(last).unwrap() + 1..];
        assert_eq!(facts(&rest.text), wanted, "after {last}");
        assert_eq!(rest.status, if wanted.is_empty() { 204 } else { 200 });
    }
    let wrong = api.request(reqwest::Method::GET, &path).header("last-event-id", "x");
    assert_eq!(wrong.send().await.unwrap().status().as_u16(), 400);
    assert_eq!(api.get("/api/v1/runs/nobody/events").await.status, 404);
    assert_eq!(daemon.terminate().await.code, Some(0));
}

#[tokio::test]
async fn what_cannot_be_is_refused_as_a_problem() {
    let world = World::start().await;
    let (daemon, api) = Daemon::start(world.project.root()).await;
    let check = |answer: Answer, status: u16, word: &str| {
        let problem = answer.json(status);
        assert_eq!(problem["type"], format!("urn:tenure:problem:{word}"), "{problem}");
        assert_eq!(problem["status"], status);
    };
    check(api.get("/api/v1/fax").await, 404, "not-found");
    check(api.get("/api/v1/runs/nobody").await, 404, "not-found");
    check(api.get("/api/v1/runs?status=done").await, 400, "bad-request");
    check(api.get("/api/v1/runs?limit=0").await, 400, "bad-request");
    check(api.get("/api/v1/events").await, 405, "method-not-allowed");
    check(api.post("/api/v1/workflows/nobody/runs", &json!({})).await, 404, "not-found");
    let text = api.request(reqwest::Method::POST, "/api/v1/events");
    let text = text.header("content-type", "text/plain").body("{}");
    check(read(text.send().await.unwrap()).await, 415, "media-type");
    let broken = api.request(reqwest::Method::POST, STATUS_RUNS);
    let broken = broken.header("content-type", "application/json").body("{");
    check(read(broken.send().await.unwrap()).await, 400, "bad-request");
    assert_eq!(daemon.terminate().await.code, Some(0));
}
