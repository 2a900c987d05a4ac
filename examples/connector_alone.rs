//! A connector without any workflow: authenticated, limited and patient HTTP.
//!
//! The chat of the playground takes two requests in two seconds. The third is answered 429
//! with a Retry-After, which the client waits out.
//!
//! `cargo run -p examples --example connector_alone`

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;

use serde_json::json;
use tenure_connector::{
    Call, Egress, Registry, Secret, SecretError, SecretSource, Surroundings, check,
};
use tenure_playground::{Options, Playground, Service};

/// Any source of secrets will do; this one knows the playground's.
struct Demo;

impl SecretSource for Demo {
    fn secret(&self, name: &str) -> Result<Option<Secret>, SecretError> {
        Ok((name == "chat_token").then(|| Secret::new("playground-chat")))
    }

    fn how_to_give(&self, name: &str) -> String {
        format!("only the demo knows {name}")
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let world = Playground::start(Options::default()).await?;
    let text = include_str!("webhook-to-chat/connectors/chat.yaml")
        .replace("https://chat.acme.example/api", &world.addresses().base_url(Service::Chat));
    let checked = check("chat.yaml", &text, &Demo);
    let connector = checked.connector.ok_or_else(|| checked.report.render(false))?;

    let surroundings = Surroundings::new(Egress::allowing(["127.0.0.0/8"])?);
    let registry = Registry::new(surroundings, [connector]);
    let chat = registry.get("chat")?;
    let post = &chat.connector().actions["post_message"];
    for number in 1..=3 {
        let request =
            post.fill(&json!({ "channel": "#it", "text": format!("message {number}") }))?;
        let key = Some(format!("message-{number}"));
        let answer = chat.send(Call { idempotency_key: key, ..Call::new(request) }).await?;
        for attempt in &answer.attempts {
            println!("message {number}, attempt {}: {}", attempt.number, attempt.outcome);
        }
    }
    println!("the chat has {} messages", world.messages().len());
    world.shutdown().await;
    Ok(())
}
