//! The small projects, each doing what its README says.

use std::fs;

use serde_json::json;

use crate::world::{World, output, repository};

#[tokio::test]
async fn a_ticket_is_told_to_the_chat() {
    let world = World::project("examples/webhook-to-chat").await;
    let path = repository("examples/webhook-to-chat/events/ticket.json");
    let mut event: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let text = "Laptop was stolen (ticket 4711, from ann@acme.example)";
    output(&world.send(event.clone()).await);
    assert_eq!(
        world.told(),
        [format!("#it: URGENT: {text}"), format!("#security: URGENT: {text}")]
    );

    event["id"] = json!("another");
    event["data"]["ticket"]["priority"] = json!("low");
    output(&world.send(event).await);
    assert!(world.told().contains(&format!("#it: {text}")), "{:?}", world.told());
}

#[tokio::test]
async fn two_directories_are_compared_page_by_page() {
    let world = World::project("examples/directory-comparison").await;
    let people = ["Grace@acme.example", "omar@acme.example", "ghost@acme.example"];
    for name in people {
        world.playground.add_person(json!({ "userName": name })).unwrap();
    }
    for size in [1, 2, 100] {
        let run = world.start("compare", json!({ "page_size": size })).await;
        assert_eq!(
            output(&run),
            json!({
                "without_account": ["liam@acme.example", "mei@acme.example", "noor@acme.example"],
                "without_person": ["ghost@acme.example"],
            }),
            "pages of {size}",
        );
    }
    let report = "#it: 3 without an account: liam@acme.example, mei@acme.example, \
                  noor@acme.example; 1 accounts without a person: ghost@acme.example";
    assert_eq!(world.told(), [report, report, report]);
}

#[tokio::test]
async fn directories_that_agree_are_not_reported() {
    let world = World::project("examples/directory-comparison").await;
    for person in world.playground.staff() {
        world.playground.add_person(json!({ "userName": person["email"] })).unwrap();
    }
    let run = world.start("compare", json!({})).await;
    assert_eq!(output(&run)["without_account"], json!([]));
    assert_eq!(world.told(), Vec::<String>::new());
}
