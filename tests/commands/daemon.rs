//! The daemon's life: who may start it, what signals do.

use std::time::Duration;

use serde_json::json;
use tenure_api::{RunStatus, StepStatus};
use tenure_playground::{Faults, Service};

use super::{STATUS, World};
use crate::api::Api;
use crate::program::{Daemon, command, ended};

const TOKEN: &str = "0123456789abcdef0123456789abcdef";

/// Asks until the answer is as wanted.
async fn until(api: &Api, path: &str, holds: impl Fn(&serde_json::Value) -> bool) {
    let asked = async {
        while !holds(&api.get(path).await.json(200)) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), asked).await.expect("it becomes so in time");
}

#[tokio::test]
async fn a_broken_file_keeps_its_version_of_before() {
    let world = World::start().await;
    let (daemon, api) = Daemon::start(world.project.root()).await;
    world.write("workflows/status.yaml", &STATUS.replace("steps:", "stepz:"));
    world.write("workflows/refuse.yaml", &super::REFUSE.replace("refuse", "decline"));
    daemon.signal("HUP").await;
    daemon.says("stepz").await;
    daemon.says("its version of before stays").await;
    daemon.says("project was read again").await;
    assert_eq!(api.run("status", &json!({})).await.output["word"], "first");
    assert_eq!(api.run("decline", &json!({})).await.run.status, RunStatus::Failed);
    let gone = api.post("/api/v1/workflows/refuse/runs", &json!({})).await;
    assert_eq!(gone.status, 404, "{}", gone.text);

    let version = |workflows: &serde_json::Value| {
        let all = workflows["items"].as_array().unwrap();
        let found = all.iter().find(|workflow| workflow["name"] == "status").unwrap();
        found["version"].as_str().unwrap().to_owned()
    };
    let before = version(&api.get("/api/v1/workflows").await.json(200));
    world.write("workflows/status.yaml", &STATUS.replace("first", "second"));
    daemon.signal("HUP").await;
    until(&api, "/api/v1/workflows", |workflows| version(workflows) != before).await;
    assert_eq!(api.run("status", &json!({})).await.output["word"], "second");
    assert_eq!(daemon.terminate().await.code, Some(0));
}

#[tokio::test]
async fn a_request_in_hand_may_end_and_the_rest_goes_on_later() {
    let world = World::start().await;
    let slow = Faults { latency: Duration::from_millis(1500), ..Faults::default() };
    world.playground.set_faults(Service::CodeHost, slow);
    world.write(
        "workflows/slow.yaml",
        "name: slow\ntriggers:\n  - manual: {}\nsteps:\n  - id: join\n    call: code_host\n    \
         request: PUT /orgs/acme/teams/a/memberships/ann\n  - id: leave\n    call: code_host\n    \
         request: DELETE /orgs/acme/members/ann\n",
    );
    let (daemon, api) = Daemon::start(world.project.root()).await;
    let started = api.post("/api/v1/workflows/slow/runs", &json!({})).await.json(202);
    let run = started["run"].as_str().unwrap().to_owned();
    until(&api, &format!("/api/v1/runs/{run}"), |run| run["steps"][0]["status"] == "running").await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(daemon.terminate().await.code, Some(0));
    assert_eq!(world.playground.log_of(Service::CodeHost).len(), 1, "nothing new was begun");

    // What that one request did is known: it is not sent again.
    let (daemon, api) = Daemon::start(world.project.root()).await;
    api.all_ended(Duration::from_secs(30)).await;
    let detail = api.show(&run).await;
    assert_eq!(detail.run.status, RunStatus::Succeeded);
    assert!(detail.steps.iter().all(|step| step.status == StepStatus::Succeeded));
    let sent = world.playground.log_of(Service::CodeHost);
    let methods: Vec<_> = sent.iter().map(|entry| entry.method.as_str()).collect();
    assert_eq!(methods, ["PUT", "DELETE"]);
    assert_eq!(daemon.terminate().await.code, Some(0));
}

#[tokio::test]
async fn a_data_directory_has_one_daemon() {
    let world = World::start().await;
    let (daemon, api) = Daemon::start(world.project.root()).await;
    let second = world.tenure(&["serve", "--listen", "127.0.0.1:0"]).await.with(1);
    second.saying("a daemon runs already").saying("hint:");
    assert_eq!(api.get("/readyz").await.json(200)["ready"], true);
    assert_eq!(daemon.terminate().await.code, Some(0));
    // Whoever comes after a clean end finds no trace of it.
    assert!(!world.project.path(".tenure/daemon.json").exists());
    let (daemon, _) = Daemon::start(world.project.root()).await;
    daemon.kill().await;
    let (daemon, _) = Daemon::start(world.project.root()).await;
    assert_eq!(daemon.terminate().await.code, Some(0));
}

#[tokio::test]
async fn only_who_shows_the_token_is_served() {
    let world = World::start().await;
    let root = world.project.root();
    let everywhere = ["serve", "--listen", "0.0.0.0:0"];
    let refused = ended(command(root, everywhere)).await.with(2);
    refused.saying("without a token nobody may listen on 0.0.0.0").saying("TENURE_TOKEN");
    let mut short = command(root, everywhere);
    short.env("TENURE_TOKEN", "short");
    ended(short).await.with(2).saying("too short");

    let mut serve = command(root, everywhere);
    serve.env("TENURE_TOKEN", TOKEN);
    let daemon = Daemon::of(serve);
    let line = daemon.says("listening on ").await;
    let port = line.rsplit(':').next().unwrap();
    let api = Api::new(&format!("http://127.0.0.1:{port}"));
    let refused = api.get("/api/v1/runs").await;
    assert_eq!(refused.json(401)["type"], "urn:tenure:problem:unauthorized");
    assert!(refused.header("www-authenticate").unwrap().starts_with("Bearer"));
    assert_eq!(api.get("/healthz").await.status, 200, "a probe needs no token");
    for (token, status) in [(TOKEN, 200), ("0123456789abcdef", 401)] {
        let request = api.request(reqwest::Method::GET, "/api/v1/runs").bearer_auth(token);
        assert_eq!(request.send().await.unwrap().status().as_u16(), status);
    }
    world.tenure(&["runs", "list"]).await.with(1).saying("set TENURE_TOKEN");
    let mut list = command(root, ["runs", "list"]);
    list.env("TENURE_TOKEN", TOKEN);
    ended(list).await.with(0).saying("no runs");
    let ended = daemon.terminate().await.with(0);
    assert!(!ended.out.contains(TOKEN), "{}", ended.out);
}

#[tokio::test]
async fn a_page_of_another_site_is_kept_out() {
    let world = World::start().await;
    let (daemon, api) = Daemon::start(world.project.root()).await;
    for (name, value, status) in [
        ("host", "evil.example", 421),
        ("origin", "https://evil.example", 403),
        ("origin", "http://localhost:3000", 200),
    ] {
        let request = api.request(reqwest::Method::GET, "/api/v1/runs").header(name, value);
        assert_eq!(request.send().await.unwrap().status().as_u16(), status, "{name}: {value}");
    }
    assert_eq!(daemon.terminate().await.code, Some(0));
}
