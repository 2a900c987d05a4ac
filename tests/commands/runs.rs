//! `tenure runs` and `tenure run` while a daemon holds the data directory.

use serde_json::json;

use super::World;
use crate::program::{Daemon, command};

#[tokio::test]
async fn runs_are_listed_shown_watched_and_cancelled() {
    let world = World::start().await;
    let (daemon, api) = Daemon::start(world.project.root()).await;
    world.tenure(&["runs", "list"]).await.with(0).saying("no runs");
    world.tenure(&["run", "status"]).await.with(0).saying("in the daemon at");
    world.tenure(&["run", "refuse"]).await.with(1).saying("not today");
    let started = api.post("/api/v1/workflows/pause/runs", &json!({ "who": "ann" })).await;
    let run = started.json(202)["run"].as_str().unwrap().to_owned();

    let all = world.tenure(&["runs", "list", "--format", "json"]).await.with(0).json();
    let workflows: Vec<_> = all["items"].as_array().unwrap().iter().collect();
    let workflows: Vec<_> = workflows.iter().map(|run| run["workflow"].as_str().unwrap()).collect();
    assert_eq!(workflows, ["pause", "refuse", "status"], "newest first");
    let failed = world.tenure(&["runs", "list", "--status", "failed"]).await.with(0);
    assert!(failed.out.contains("refuse") && !failed.out.contains("status "), "{}", failed.out);
    world.tenure(&["runs", "list", "--subject", "ann"]).await.with(0).saying("pause");
    world.tenure(&["runs", "list", "--subject", "bo"]).await.with(0).saying("no runs");
    world.tenure(&["runs", "list", "--status", "done"]).await.with(2);
    world.tenure(&["runs", "list", "--limit", "1"]).await.with(0).saying("more: add --cursor");

    world.tenure(&["runs", "show", &run]).await.with(0).saying("waiting").saying("ann");
    world.tenure(&["runs", "show", "nobody"]).await.with(2);
    let watching = Daemon::of(command(world.project.root(), ["runs", "watch", "last"]));
    watching.says("rest").await;
    world.tenure(&["runs", "cancel", &run]).await.with(0).saying("was asked to end");
    watching.wait().await.with(1).saying("cancelled");
    let shown = world.tenure(&["runs", "show", "last", "--format", "json"]).await.with(0).json();
    assert_eq!(shown["run"]["status"], "cancelled");
    assert_eq!(shown["steps"][0]["status"], "succeeded");
    assert_eq!(shown["steps"][1]["status"], "cancelled");
    assert_ne!(shown["steps"][2]["status"], "succeeded");
    let again = world.tenure(&["runs", "cancel", &run]).await;
    assert_eq!(again.code, Some(1), "{again:?}");
    world.tenure(&["runs", "watch", &run]).await.with(1);
    assert_eq!(daemon.terminate().await.code, Some(0));
}

#[tokio::test]
async fn watching_gives_programs_a_fact_a_line() {
    let world = World::start().await;
    world.tenure(&["run", "status"]).await.with(0);
    let watched = world.tenure(&["runs", "watch", "last", "--format", "json"]).await.with(0);
    let facts: Vec<serde_json::Value> =
        watched.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for (number, fact) in facts.iter().enumerate() {
        assert_eq!(fact["seq"], number, "{fact}");
    }
    assert_eq!(facts.first().unwrap()["kind"], "run_created");
    assert_eq!(facts.last().unwrap()["run_status"], "succeeded");
}

#[tokio::test]
async fn connectors_are_the_daemons_while_it_runs() {
    let world = World::start().await;
    let (daemon, _) = Daemon::start(world.project.root()).await;
    world.tenure(&["connectors", "test", "directory"]).await.with(0).saying("replied 200");
    // Not read again yet: the daemon still has the connector that this file has lost.
    std::fs::remove_file(world.project.path("connectors/personnel.yaml")).unwrap();
    world.tenure(&["connectors", "list"]).await.with(0).saying("personnel");
    assert_eq!(daemon.terminate().await.code, Some(0));
    let gone = world.tenure(&["connectors", "list"]).await.with(0);
    assert!(!gone.out.contains("personnel"), "{}", gone.out);
}
