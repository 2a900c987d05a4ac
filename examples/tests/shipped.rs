//! The joiner, the mover and the leaver, each met as it is shipped.

use serde_json::json;
use tenure_playground::{Faults, Service};

use crate::world::{World, event, failure, output};

#[tokio::test]
async fn a_person_joins_moves_and_leaves() {
    let world = World::shipped().await;
    let joined = output(&world.send(event("joiner", "1", json!({}))).await);
    assert_eq!(joined["account"], world.playground.people()[0]["id"]);
    assert_eq!(joined["teams"], json!(["engineering", "on-call", "design"]));
    assert_eq!(world.teams(), ["annberg@design", "annberg@engineering", "annberg@on-call"]);
    assert_eq!(world.playground.chat_members(), ["ann@acme.example"]);
    assert_eq!(world.told(), ["#everyone: Welcome Ann Berg!", "#welcome: Welcome Ann Berg!"]);

    let moved = output(&world.send(event("mover", "2", json!({ "handover": "50ms" }))).await);
    assert_eq!(moved["granted"], json!(["finance"]));
    assert_eq!(moved["revoked"], json!(["engineering", "on-call"]));
    assert_eq!(world.teams(), ["annberg@design", "annberg@finance"]);
    let extension = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
    assert_eq!(world.playground.people()[0][extension]["department"], "Finance");

    let left = output(&world.send(event("leaver", "3", json!({ "hold": "50ms" }))).await);
    assert_eq!(left["had_account"], true);
    assert_eq!(world.playground.people().len(), 0);
    assert_eq!(world.teams().len(), 0);
    assert_eq!(world.playground.chat_members().len(), 0);
    let notices = world.playground.notices();
    let notices: Vec<&str> = notices.iter().map(|notice| notice.what.as_str()).collect();
    assert_eq!(notices, ["joined", "moved to Finance", "left"]);
}

#[tokio::test]
async fn joining_twice_finds_the_account_and_leaving_twice_finds_none() {
    let world = World::shipped().await;
    let first = output(&world.send(event("joiner", "1", json!({}))).await);
    let second = output(&world.send(event("joiner", "2", json!({}))).await);
    assert_eq!(first["account"], second["account"]);
    assert_eq!(world.playground.people().len(), 1);
    for (id, had_account) in [("3", true), ("4", false)] {
        let left = output(&world.send(event("leaver", id, json!({ "hold": "50ms" }))).await);
        assert_eq!(left["had_account"], had_account);
    }
}

#[tokio::test]
async fn a_contractor_gets_less_and_a_stranger_nothing() {
    let world = World::shipped().await;
    let attributes = json!({ "userType": "contractor", "teams": ["design", "engineering"] });
    let joined = output(&world.send(event("joiner", "1", attributes)).await);
    assert_eq!(joined["teams"], json!(["design"]));
    assert_eq!(world.told(), ["#contractors: Welcome Ann Berg!"]);

    let refused = world.send(event("joiner", "2", json!({ "userType": "robot" }))).await;
    assert_eq!(failure(&refused), "Nobody has said what a robot gets");
    let told = world.told();
    assert!(told[1].starts_with("#it-alerts: Joining failed:"), "{told:?}");
    assert!(told[1].ends_with("(suppliers: up)"), "{told:?}");
}

#[tokio::test]
async fn a_team_that_refuses_does_not_stop_a_joiner() {
    let world = World::shipped().await;
    let faults = Faults {
        fail_next: 1,
        fail_status: 403,
        path: Some("/on-call/".to_owned()),
        ..Faults::default()
    };
    world.playground.set_faults(Service::CodeHost, faults);
    output(&world.send(event("joiner", "1", json!({}))).await);
    assert_eq!(world.teams(), ["annberg@design", "annberg@engineering"]);
    assert!(world.told().contains(&"#it-alerts: Ann Berg could not join on-call".to_owned()));
}

#[tokio::test]
async fn people_are_handled_by_hand_too() {
    let world = World::shipped().await;
    let user = json!({
        "userName": "bo@acme.example",
        "displayName": "Bo Lind",
        "attributes": { "department": "Sales", "handover": "50ms", "hold": "50ms" },
    });
    output(&world.start("joiner", json!({ "user": user })).await);
    assert_eq!(world.teams(), ["bo@sales"]);
    let same = world.start("mover", json!({ "user": user })).await;
    assert_eq!(output(&same)["revoked"], json!([]), "nothing changes, so it stops early");
    output(&world.start("leaver", json!({ "user": user })).await);
    assert_eq!(world.playground.people().len(), 0);
    let gone = world.start("mover", json!({ "user": user })).await;
    assert_eq!(failure(&gone), "bo@acme.example has no account in the directory");
}

#[tokio::test]
async fn a_lost_answer_leaves_one_account() {
    let world = World::shipped().await;
    let faults = Faults { lose_answers: 1, method: Some("POST".to_owned()), ..Faults::default() };
    world.playground.set_faults(Service::Directory, faults);
    output(&world.send(event("joiner", "1", json!({}))).await);
    assert_eq!(world.playground.people().len(), 1);
}
