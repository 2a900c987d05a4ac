//! What clients of the daemon see.

mod world;

use axum::http::StatusCode;
use serde_json::{Value, json};
use tenure_engine::Limits;

use crate::Access;
use world::{TOKEN, World};

#[tokio::test]
async fn an_event_is_accepted_once() {
    let world = World::new().await;
    let first = world.deliver("hr-1", "ann").await;
    assert_eq!(first.status, StatusCode::ACCEPTED, "{}", first.text);
    assert_eq!(first.json()["runs"].as_array().unwrap().len(), 1);
    let again = world.deliver("hr-1", "ann").await;
    assert_eq!(again.status, StatusCode::OK);
    assert_eq!(again.json()["duplicate"], true);
    assert_eq!(again.json()["runs"], first.json()["runs"]);
    assert_eq!(again.json()["event_id"], first.json()["event_id"]);
}

#[tokio::test]
async fn an_event_says_what_it_did_not_start() {
    let answer = World::new().await.deliver("hr-1", "root").await;
    assert_eq!(answer.status, StatusCode::ACCEPTED);
    assert_eq!(answer.json()["runs"], json!([]));
    assert_eq!(answer.json()["not_started"][0]["workflow"], "joiner");
    let reason = answer.json()["not_started"][0]["reason"].as_str().unwrap().to_owned();
    assert!(reason.contains("its condition is false"), "{reason}");
}

#[tokio::test]
async fn what_is_no_event_is_refused_with_a_problem() {
    let world = World::new().await;
    let check = async |headers: &[(&str, &str)], body: &str, expected: (u16, &str)| {
        let answer = world.send("POST", "/api/v1/events", headers, body).await;
        assert_eq!(answer.problem(), (expected.0, expected.1.to_owned()), "{body:.80}");
    };
    let json = ("content-type", "application/json");
    check(&[], "{}", (415, "media-type")).await;
    check(&[("content-type", "text/plain")], "{}", (415, "media-type")).await;
    check(&[json, ("ce-specversion", "1.0")], "{}", (415, "media-type")).await;
    check(&[json], "{", (400, "bad-request")).await;
    check(&[json], &"[".repeat(100), (400, "bad-request")).await;
    check(&[json], "{}", (400, "bad-event")).await;
    check(&[json], &"1".repeat(1024 * 1024 + 1), (413, "too-large")).await;
    check(&[json, ("content-length", "99999999")], "{}", (413, "too-large")).await;
}

#[tokio::test]
async fn a_run_is_begun_or_awaited() {
    let world = World::new().await;
    let path = "/api/v1/workflows/report/runs";
    let begun = world.post(path, &[], r#"{"days":3}"#).await;
    assert_eq!(begun.status, StatusCode::ACCEPTED, "{}", begun.text);
    let run = begun.json()["run"].as_str().unwrap().to_owned();
    assert_eq!(begun.header("location"), format!("/api/v1/runs/{run}"));
    assert_eq!(begun.header("preference-applied"), "");

    let awaited = world.post(path, &[("prefer", "wait=10")], r#"{"days":3}"#).await;
    assert_eq!(awaited.status, StatusCode::OK);
    assert_eq!(awaited.header("preference-applied"), "wait=10");
    assert_eq!(awaited.json()["run"]["status"], "succeeded");
    assert_eq!(awaited.json()["output"], json!({ "days": 3 }));
    assert_eq!(awaited.json()["steps"][0]["path"], "keep");
}

#[tokio::test]
async fn a_loop_says_how_many_items_failed() {
    let world = World::new().await;
    let says = async |input: &str| world.ended("each", input).await["steps"][0]["reason"].clone();
    assert_eq!(says(r#"{"days":[1,6,7]}"#).await, "3 items, 2 failed");
    assert_eq!(says(r#"{"days":[1]}"#).await, "1 item");
}

#[tokio::test]
async fn an_answer_ends_its_line() {
    let world = World::new().await;
    for path in ["/healthz", "/api/v1/runs", "/api/v1/runs/nobody"] {
        assert!(world.get(path).await.text.ends_with("}\n"), "{path}");
    }
}

#[tokio::test]
async fn a_run_says_whether_the_command_line_began_it() {
    let world = World::new().await;
    let path = "/api/v1/workflows/report/runs";
    for (agent, word) in [("tenure/0.1.0", "cli"), ("curl/8.5.0", "api")] {
        let headers = [("prefer", "wait=10"), ("user-agent", agent)];
        assert_eq!(world.post(path, &headers, "").await.json()["initiator"], word);
    }
}

#[tokio::test]
async fn no_body_is_an_empty_input() {
    let run = World::new().await.ended("report", "").await;
    assert_eq!(run["input"], json!({}));
}

#[tokio::test(start_paused = true)]
async fn a_run_that_takes_longer_is_answered_as_begun() {
    let world = World::new().await;
    let path = "/api/v1/workflows/settle/runs";
    let answer = world.post(path, &[("prefer", "wait=30")], "").await;
    assert_eq!(answer.status, StatusCode::ACCEPTED);
    assert_eq!(answer.header("preference-applied"), "wait=30");
    assert_eq!(answer.json()["status"], "waiting");
}

#[tokio::test]
async fn a_repeated_key_begins_nothing() {
    let world = World::new().await;
    let path = "/api/v1/workflows/report/runs";
    let key = [("idempotency-key", "monday")];
    let first = world.post(path, &key, r#"{"days":3}"#).await;
    let again = world.post(path, &[("idempotency-key", "\"monday\"")], r#"{"days":3}"#).await;
    assert_eq!(again.status, StatusCode::ACCEPTED);
    assert_eq!(again.json()["run"], first.json()["run"]);
    assert_eq!(again.json()["duplicate"], true);
    let other = world.post(path, &key, r#"{"days":4}"#).await;
    assert_eq!(other.problem(), (422, "key-reused".to_owned()));
}

#[tokio::test]
async fn a_run_that_cannot_begin_says_why() {
    let world = World::new().await;
    let check = async |path: &str, body: &str, expected: (u16, &str), hint: &str| {
        let answer = world.post(path, &[], body).await;
        assert_eq!(answer.problem(), (expected.0, expected.1.to_owned()), "{}", answer.text);
        assert!(answer.text.contains(hint), "{}", answer.text);
    };
    check("/api/v1/workflows/reprot/runs", "", (404, "not-found"), "report").await;
    check("/api/v1/workflows/joiner/runs", "", (409, "conflict"), "manual").await;
    let wrong = r#"{"days":"s3cret"}"#;
    check("/api/v1/workflows/report/runs", wrong, (422, "bad-input"), "input.days").await;
    let answer = world.post("/api/v1/workflows/report/runs", &[], wrong).await;
    assert!(!answer.text.contains("s3cret"), "a value is quoted: {}", answer.text);
}

#[tokio::test]
async fn a_run_may_be_begun_with_an_event() {
    let world = World::new().await;
    let event = r#"{"specversion":"1.0","id":"1","source":"/hr","type":"identity.user.created",
        "data":{"user":{"userName":"ann"}}}"#;
    let headers = [("content-type", "application/cloudevents+json"), ("prefer", "wait=10")];
    let path = "/api/v1/workflows/joiner/runs";
    let answer = world.send("POST", path, &headers, event).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    assert_eq!(answer.json()["output"], json!({ "name": "ann" }));
}

#[tokio::test]
async fn runs_are_listed_page_by_page() {
    let world = World::new().await;
    for days in 0..3 {
        world.ended("report", &json!({ "days": days }).to_string()).await;
    }
    world.deliver("hr-1", "ann").await;
    let page = world.get("/api/v1/runs?workflow=report&limit=2").await.json();
    assert_eq!(page["items"].as_array().unwrap().len(), 2);
    let cursor = page["next_cursor"].as_str().unwrap();
    let rest = world.get(&format!("/api/v1/runs?workflow=report&limit=2&cursor={cursor}")).await;
    assert_eq!(rest.json()["items"].as_array().unwrap().len(), 1);
    assert_eq!(rest.json()["next_cursor"], Value::Null);
    let subject = world.get("/api/v1/runs?subject=ann").await.json();
    assert_eq!(subject["items"][0]["workflow"], "joiner");
    for wrong in ["status=done", "limit=0", "cursor=x", "since=yesterday", "colour=red"] {
        let answer = world.get(&format!("/api/v1/runs?{wrong}")).await;
        assert_eq!(answer.problem(), (400, "bad-request".to_owned()), "{wrong}");
    }
}

#[tokio::test]
async fn a_run_is_followed_from_anywhere_to_its_end() {
    let world = World::new().await;
    let run = world.ended("report", r#"{"days":1}"#).await;
    let path = format!("/api/v1/runs/{}/events", run["run"]["id"].as_str().unwrap());
    let whole = world.get(&path).await;
    assert_eq!(whole.header("content-type"), "text/event-stream");
    let ids = |text: &str| -> Vec<u64> {
        let ids = text.lines().filter_map(|line| line.strip_prefix("id: "));
        ids.map(|id| id.parse().unwrap()).collect()
    };
    let all = ids(&whole.text);
    let last = *all.last().unwrap();
    assert_eq!(all, (0..=last).collect::<Vec<_>>());
    assert!(whole.text.contains(r#""kind":"run_ended""#));

    let rest = world.send("GET", &path, &[("last-event-id", "1")], "").await;
    assert_eq!(ids(&rest.text), (2..=last).collect::<Vec<_>>());
    let seen = last.to_string();
    let nothing = world.send("GET", &path, &[("last-event-id", &seen)], "").await;
    assert_eq!(nothing.status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn a_run_that_waits_is_cancelled_once() {
    let world = World::new().await;
    let begun = world.post("/api/v1/workflows/settle/runs", &[], "").await;
    let run = begun.json()["run"].as_str().unwrap().to_owned();
    let cancel = format!("/api/v1/runs/{run}/cancel");
    let answer = world.post(&cancel, &[], "").await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.text);
    let followed = world.get(&format!("/api/v1/runs/{run}/events")).await;
    assert!(followed.text.contains(r#""run_status":"cancelled""#), "{}", followed.text);
    assert_eq!(world.post(&cancel, &[], "").await.problem(), (409, "conflict".to_owned()));
    for unknown in ["0193b1c2d3e47f60a1b2c3d4e5f60718", "nonsense"] {
        let answer = world.post(&format!("/api/v1/runs/{unknown}/cancel"), &[], "").await;
        assert_eq!(answer.problem(), (404, "not-found".to_owned()));
    }
}

#[tokio::test]
async fn only_the_token_opens_the_api() {
    let world = World::with_token().await;
    let shown = format!("Bearer {TOKEN}");
    let with = async |token: &str| {
        let headers = [("authorization", token), ("host", "tenure.example.com")];
        world.send("GET", "/api/v1/runs", &headers, "").await
    };
    assert_eq!(with(&shown).await.status, StatusCode::OK);
    let wrong = with("Bearer correct horse batterie").await;
    assert_eq!(wrong.problem(), (401, "unauthorized".to_owned()));
    assert!(wrong.header("www-authenticate").starts_with("Bearer"));
    assert_eq!(world.get("/api/v1/runs").await.problem().0, 401);
    assert_eq!(world.get("/healthz").await.status, StatusCode::OK);
}

#[tokio::test]
async fn other_sites_are_kept_out() {
    let world = World::new().await;
    let host = world.send("GET", "/healthz", &[("host", "evil.example")], "").await;
    assert_eq!(host.problem(), (421, "misdirected".to_owned()));
    let origin =
        world.send("POST", "/api/v1/runs/x/cancel", &[("origin", "https://evil.example")], "");
    assert_eq!(origin.await.problem(), (403, "foreign-origin".to_owned()));
}

#[tokio::test]
async fn a_daemon_with_too_much_to_do_says_when_to_come_back() {
    let limits = Limits { active_runs: 1, queued_runs: 0 };
    let world = World::with(Access::ThisMachine, limits).await;
    let refused = world.deliver("hr-1", "ann").await;
    assert_eq!(refused.problem(), (503, "overloaded".to_owned()));
    assert_eq!(refused.header("retry-after"), "5");
    assert_eq!(world.get("/api/v1/runs").await.json()["items"], json!([]));
}

#[tokio::test]
async fn a_daemon_that_ends_takes_nothing_more() {
    let world = World::new().await;
    assert_eq!(world.get("/readyz").await.status, StatusCode::OK);
    world.app.close();
    let refused = world.deliver("hr-1", "ann").await;
    assert_eq!(refused.problem(), (503, "closing".to_owned()));
    assert_eq!(refused.header("retry-after"), "10");
    let ready = world.get("/readyz").await;
    assert_eq!(ready.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(ready.json()["checks"][0]["ok"], false);
    assert_eq!(world.get("/healthz").await.json()["instance"], "this-start");
}

#[tokio::test]
async fn workflows_and_routes_are_found() {
    let world = World::new().await;
    let list = world.get("/api/v1/workflows").await.json();
    let names: Vec<_> = list["items"].as_array().unwrap().iter().map(|it| &it["name"]).collect();
    assert_eq!(names, ["each", "joiner", "report", "settle"]);
    assert_eq!(list["items"][1]["triggers"][0]["on"], "identity.user.created");
    assert_eq!(list["items"][0]["steps"], 2);
    assert_eq!(world.get("/api/v1/connectors").await.json(), json!({ "items": [] }));
    assert_eq!(world.get("/nowhere").await.problem(), (404, "not-found".to_owned()));
    assert_eq!(world.get("/api/v1/events").await.problem().0, 405);
    let test = world.post("/api/v1/connectors/chat/test", &[], "").await;
    assert_eq!(test.problem(), (404, "not-found".to_owned()));
}
