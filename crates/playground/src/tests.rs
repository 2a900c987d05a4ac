//! The services as a caller meets them.

mod caller;

use std::time::Duration;

use serde_json::{Value, json};

use crate::{Faults, Limit, Options, Playground, PlaygroundError, Ports, Service};
use caller::{Answer, call};

const BASIC: (&str, &str) = ("authorization", "Basic dGVudXJlOnBsYXlncm91bmQtZGlyZWN0b3J5");
const BEARER: (&str, &str) = ("authorization", "Bearer playground-chat");
const HEADER: (&str, &str) = ("x-api-key", "playground-code-host");

async fn quick() -> Playground {
    Playground::start(Options { seed: Some(7), ..Options::default() }.unlimited()).await.unwrap()
}

async fn directory(world: &Playground, line: &str, body: Value) -> Answer {
    call(world.addresses().of(Service::Directory), line, &[BASIC], body).await
}

async fn post(world: &Playground, key: &str, text: &str) -> Answer {
    let chat = world.addresses().of(Service::Chat);
    let body = json!({ "channel": "#it", "text": text });
    call(chat, "POST /api/chat.postMessage", &[BEARER, ("idempotency-key", key)], body).await
}

#[tokio::test]
async fn strangers_are_told_nothing() {
    let world = quick().await;
    let paths = [
        (Service::Directory, "GET /scim/v2/Users"),
        (Service::Chat, "GET /api/auth.test"),
        (Service::CodeHost, "GET /user"),
        (Service::Personnel, "GET /v1/people?key=wrong"),
    ];
    for (service, line) in paths {
        let answer = call(world.addresses().of(service), line, &[], Value::Null).await;
        assert_eq!((answer.status, answer.body), (401, Value::Null), "{line}");
        assert!(!answer.head.to_lowercase().contains("www-authenticate"), "{line}");
    }
    let page = world.addresses().of(Service::StatusPage);
    assert_eq!(call(page, "GET /status", &[], Value::Null).await.status, 200);
    assert_eq!(world.log().entries()[3].path, "/v1/people");
}

#[tokio::test]
async fn a_user_lives_in_the_directory() {
    let world = quick().await;
    let given = json!({ "userName": "ann@acme.example", "displayName": "Ann" });
    let created = directory(&world, "POST /scim/v2/Users", given.clone()).await;
    assert_eq!(created.status, 201);
    assert!(created.head.contains("application/scim+json"));
    let again = directory(&world, "POST /scim/v2/Users", given).await;
    assert_eq!((again.status, &again.body["scimType"]), (409, &json!("uniqueness")));

    let found =
        "GET /scim/v2/Users?filter=userName%20eq%20%22ann%40acme.example%22&startIndex=1&count=1";
    let found = directory(&world, found, Value::Null).await;
    assert_eq!(found.body["totalResults"], 1);
    let id = found.body["Resources"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(created.body["id"], json!(id));

    let off = json!({ "Operations": [{ "op": "replace", "path": "active", "value": false }] });
    for effect in [true, false] {
        let patched = directory(&world, &format!("PATCH /scim/v2/Users/{id}"), off.clone()).await;
        assert_eq!((patched.status, &patched.body["active"]), (200, &json!(false)));
        assert_eq!(world.log().entries().last().unwrap().effect, effect);
    }
    assert_eq!(world.people()[0]["active"], false);
    let remove = format!("DELETE /scim/v2/Users/{id}");
    assert_eq!(directory(&world, &remove, Value::Null).await.status, 204);
    assert_eq!(directory(&world, &remove, Value::Null).await.status, 404);
    let wrong = directory(&world, "GET /scim/v2/Users?filter=userName", Value::Null).await;
    assert_eq!((wrong.status, &wrong.body["scimType"]), (400, &json!("invalidFilter")));
}

#[tokio::test]
async fn lists_come_in_pages() {
    let world = quick().await;
    for number in 0..5 {
        let given = json!({ "userName": format!("user{number}") });
        directory(&world, "POST /scim/v2/Users", given).await;
    }
    let check = async |query: &str, names: Value| {
        let page = directory(&world, &format!("GET /scim/v2/Users?{query}"), Value::Null).await;
        let found: Vec<&Value> = page.body["Resources"].as_array().unwrap().iter().collect();
        let found: Value = found.into_iter().map(|user| user["userName"].clone()).collect();
        assert_eq!((found, &page.body["totalResults"]), (names, &json!(5)), "{query}");
    };
    check("startIndex=1&count=2", json!(["user0", "user1"])).await;
    check("startIndex=5&count=2", json!(["user4"])).await;
    check("startIndex=6&count=2", json!([])).await;
    check("startIndex=0&count=1", json!(["user0"])).await;
    check("count=-1", json!([])).await;
}

#[tokio::test]
async fn a_key_is_honoured_once() {
    let world = quick().await;
    let first = post(&world, "k1", "hello").await;
    let second = post(&world, "k1", "hello").await;
    assert_eq!(first.body, second.body, "the first answer comes again");
    assert_eq!(post(&world, "k1", "other").await.status, 422);
    assert_eq!(post(&world, "k2", "hello").await.status, 200);
    assert_eq!(world.messages().len(), 2);
    let told: Vec<(bool, bool)> =
        world.log().entries().iter().map(|entry| (entry.effect, entry.replayed)).collect();
    assert_eq!(told, [(true, false), (false, true), (false, false), (true, false)]);
}

#[tokio::test]
async fn keys_can_be_ignored() {
    let options = Options { honour_keys: false, ..Options::default() }.unlimited();
    let world = Playground::start(options).await.unwrap();
    post(&world, "k1", "hello").await;
    post(&world, "k1", "hello").await;
    assert_eq!(world.messages().len(), 2);
}

#[tokio::test]
async fn a_lost_answer_had_its_effect() {
    let world = quick().await;
    world.set_faults(Service::Chat, Faults { lose_answers: 1, ..Faults::default() });
    assert_eq!(post(&world, "k1", "hello").await.status, 0);
    assert_eq!(world.messages().len(), 1);
    let entry = world.log().entries().pop().unwrap();
    assert!(entry.lost && entry.effect);
    assert_eq!(post(&world, "k1", "hello").await.status, 200, "a repetition gets the answer");
    assert_eq!(world.messages().len(), 1);
}

#[tokio::test]
async fn a_lost_request_had_none() {
    let world = quick().await;
    world.set_faults(Service::Chat, Faults { lose_requests: 1, ..Faults::default() });
    assert_eq!(post(&world, "k1", "hello").await.status, 0);
    assert_eq!(world.messages(), []);
    assert_eq!(post(&world, "k1", "hello").await.status, 200);
}

#[tokio::test]
async fn a_full_window_says_when_to_come_back() {
    let limit = Limit { requests: 1, per: Duration::from_secs(60) };
    let mut options = Options::default();
    options.limits.insert(Service::Chat, limit);
    let world = Playground::start(options).await.unwrap();
    assert_eq!(post(&world, "k1", "hello").await.status, 200);
    let refused = post(&world, "k2", "hello").await;
    assert_eq!(refused.status, 429);
    assert!(refused.head.to_lowercase().contains("retry-after: 60"), "{}", refused.head);
    let chat = world.addresses().of(Service::Chat);
    let stranger = call(chat, "GET /api/auth.test", &[], Value::Null).await;
    assert_eq!(stranger.status, 401, "who may not come in is not counted");
}

#[tokio::test]
async fn faults_are_set_over_http() {
    let world = quick().await;
    let chat = world.addresses().of(Service::Chat);
    let faults = json!({ "fail_next": 1, "fail_status": 502, "retry_after": 4 });
    let set = call(chat, "POST /_playground/faults", &[], faults.clone()).await;
    assert_eq!((set.status, &set.body["fail_status"]), (200, &json!(502)));
    let refused = call(chat, "POST /_playground/faults", &[], json!({ "fial": 1 })).await;
    assert_eq!(refused.body["error"], "fault \"fial\" is not known");

    let failed = post(&world, "k1", "hello").await;
    assert_eq!(failed.status, 502);
    assert!(failed.head.to_lowercase().contains("retry-after: 4"));
    assert_eq!(post(&world, "k1", "hello").await.status, 200, "a failure does not use a key up");

    call(chat, "POST /_playground/faults", &[], faults).await;
    assert_eq!(call(chat, "DELETE /_playground/faults", &[], Value::Null).await.status, 204);
    assert_eq!(post(&world, "k2", "hello").await.status, 200);
    let log = call(chat, "GET /_playground/log?since=1", &[], Value::Null).await;
    assert_eq!(log.body["last"], 3);
    assert_eq!(log.body["entries"][0]["idempotency_key"], "k1");
    assert_eq!(log.body["entries"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn teams_are_joined_and_left() {
    let world = quick().await;
    let host = world.addresses().of(Service::CodeHost);
    let ask = async |line: &str, body: Value| call(host, line, &[HEADER], body).await;
    let core = "/orgs/acme/teams/core/memberships/ann";
    assert_eq!(ask(&format!("PUT {core}"), Value::Null).await.status, 200);
    assert_eq!(ask(&format!("PUT {core}"), Value::Null).await.status, 200);
    let role = json!({ "role": "maintainer" });
    assert_eq!(ask("PUT /orgs/acme/teams/web/memberships/ann", role).await.status, 200);
    let odd = ask(&format!("PUT {core}"), json!({ "role": "king" })).await;
    assert_eq!(odd.status, 422);
    let effects: Vec<bool> = world.log().entries().iter().map(|entry| entry.effect).collect();
    assert_eq!(effects, [true, false, true, false]);

    let teams = ask("GET /orgs/acme/members/ann/teams", Value::Null).await;
    assert_eq!(teams.body[1], json!({ "slug": "web", "role": "maintainer" }));
    let members = ask("GET /orgs/acme/members?per_page=1&page=1", Value::Null).await;
    assert_eq!(members.body, json!([{ "login": "ann" }]));
    assert_eq!(ask(&format!("DELETE {core}"), Value::Null).await.status, 204);
    assert_eq!(ask(&format!("DELETE {core}"), Value::Null).await.status, 404);
    assert_eq!(world.memberships().len(), 1);
    assert_eq!(ask("DELETE /orgs/acme/members/ann", Value::Null).await.status, 204);
    assert_eq!(ask("GET /orgs/acme/members/ann", Value::Null).await.status, 404);
}

#[tokio::test]
async fn chat_members_come_and_go() {
    let world = quick().await;
    let chat = world.addresses().of(Service::Chat);
    let ann = json!({ "email": "Ann@acme.example", "name": "Ann" });
    let ask = async |method: &str| {
        call(chat, &format!("POST /api/{method}"), &[BEARER], ann.clone()).await.status
    };
    assert_eq!(ask("users.resetSessions").await, 404);
    assert_eq!(ask("users.invite").await, 200);
    assert_eq!(ask("users.invite").await, 409);
    assert_eq!(ask("users.resetSessions").await, 200);
    assert_eq!(world.chat_members(), ["ann@acme.example"]);
    assert_eq!(ask("users.remove").await, 200);
    assert_eq!(ask("users.remove").await, 404);
    assert_eq!(ask("chat.postMessage").await, 400);
}

#[tokio::test]
async fn the_personnel_office_knows_and_notes() {
    let world = quick().await;
    let office = world.addresses().of(Service::Personnel);
    let ask = async |method: &str, path: &str, body: Value| {
        let glue = if path.contains('?') { '&' } else { '?' };
        let line = format!("{method} /v1/{path}{glue}key=playground-personnel");
        call(office, &line, &[], body).await
    };
    let page = ask("GET", "people?offset=0&limit=2", Value::Null).await;
    assert_eq!((&page.body["total"], &page.body["next"]), (&json!(5), &json!(2)));
    let last = ask("GET", "people?offset=4&limit=2", Value::Null).await;
    assert_eq!(last.body["next"], Value::Null);
    let put = ask("PUT", "people/Ann@acme.example", json!({ "department": "Sales" })).await;
    assert_eq!(put.body["status"], "employed");
    assert_eq!(ask("GET", "people/ann@acme.example", Value::Null).await.status, 200);
    assert_eq!(world.staff().len(), 6);
    let notice = json!({ "email": "ann@acme.example", "what": "joined" });
    assert_eq!(ask("POST", "notices", notice).await.status, 201);
    assert_eq!(world.notices()[0].what, "joined");
    assert_eq!(ask("DELETE", "people/ann@acme.example", Value::Null).await.status, 204);
    assert_eq!(ask("GET", "people/ann@acme.example", Value::Null).await.status, 404);
}

#[tokio::test]
async fn a_restart_keeps_ports_and_log() {
    let dir = tempfile::tempdir().unwrap();
    let log_file = Some(dir.path().join("log.jsonl"));
    let mut started = None;
    // A row of five free ports is found by trying: others take ports, too.
    for _ in 0..50 {
        let free = quick().await;
        let first = free.addresses().of(Service::Directory).port();
        free.shutdown().await;
        let ports = Ports::starting_at(first);
        let options = Options { ports, log_file: log_file.clone(), ..Options::default() };
        let options = options.unlimited();
        match Playground::start(options.clone()).await {
            Ok(world) if ports.is_some() => started = Some((world, options)),
            Ok(_) | Err(PlaygroundError::Listen { .. }) => continue,
            Err(error) => panic!("{error}"),
        }
        break;
    }
    let (world, options) = started.unwrap();
    let addresses = *world.addresses();
    post(&world, "k1", "hello").await;
    world.shutdown().await;

    let world = Playground::start(options).await.unwrap();
    assert_eq!(*world.addresses(), addresses);
    post(&world, "k2", "hello").await;
    let keys: Vec<_> =
        world.log().entries().into_iter().filter_map(|entry| entry.idempotency_key).collect();
    assert_eq!(keys, ["k1", "k2"]);
}

#[tokio::test]
async fn only_loopback_is_listened_on() {
    let options = Options { listen: "0.0.0.0".parse().unwrap(), ..Options::default() };
    let refused = Playground::start(options).await.unwrap_err();
    assert_eq!(refused.to_string(), "address 0.0.0.0 is not a loopback address");
}
