//! What is done over and over, by a workflow and by hand.

use std::fmt::Write as _;

use anyhow::{Context, Result, ensure};
use reqwest::Client;
use serde_json::{Value, json};

/// One HTTP call of a workload.
#[derive(Debug, Clone, Copy)]
enum Call {
    /// Reads a person.
    Find,
    /// Writes an account, with the name of the person found last.
    Make,
    /// Reads the account made last.
    Look,
}

/// Calls one after the other, some of them with what an earlier one was answered.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Workload {
    /// Name of the workflow.
    pub(crate) name: &'static str,
    calls: &'static [Call],
}

use Call::{Find, Look, Make};

/// Three steps.
pub(crate) const W1: Workload = Workload { name: "w1", calls: &[Find, Make, Look] };
/// Ten steps.
pub(crate) const W2: Workload =
    Workload { name: "w2", calls: &[Find, Make, Look, Find, Make, Look, Find, Make, Look, Find] };
/// A step that waits for longer than anybody measures.
pub(crate) const NAP: &str = "name: nap
subject: ${{ event.data.user.userName }}
triggers: [{ event: bench.nap }]
steps: [{ id: nap, wait: 30d }]
";

impl Workload {
    pub(crate) fn steps(&self) -> usize {
        self.calls.len()
    }

    /// The workflow that makes the calls.
    pub(crate) fn workflow(&self) -> String {
        let name = self.name;
        let mut text = format!(
            "name: {name}\nsubject: ${{{{ event.data.user.userName }}}}\n\
             triggers: [{{ event: bench.{name} }}]\nsteps:\n"
        );
        let (mut found, mut made) = (0, 0);
        for (number, call) in self.calls.iter().enumerate() {
            let rest = match call {
                Find => {
                    found = number;
                    "request: GET /people/${{ event.data.user.id }}\n    \
                     output: { name: $.body.name }"
                        .to_owned()
                }
                Make => {
                    made = number;
                    format!(
                        "request: POST /accounts\n    expect: [201]\n    \
                         body: {{ name: '${{{{ steps.find_{found}.output.name }}}}', active: true }}\n    \
                         output: {{ id: $.body.id }}"
                    )
                }
                Look => {
                    format!("request: GET /accounts/${{{{ steps.make_{made}.output.id }}}}")
                }
            };
            let word = call.word();
            // Writing to a text cannot fail.
            let _ = writeln!(text, "  - id: {word}_{number}\n    call: service\n    {rest}");
        }
        text
    }

    /// The same calls by hand, as a program of one's own would make them.
    pub(crate) async fn by_hand(&self, client: &Client, service: &str) -> Result<()> {
        let (mut name, mut id) = (String::new(), String::new());
        for call in self.calls {
            let request = match call {
                Find => client.get(format!("{service}/people/2819c223")),
                Make => client
                    .post(format!("{service}/accounts"))
                    .json(&json!({ "name": name, "active": true })),
                Look => client.get(format!("{service}/accounts/{id}")),
            };
            let answer: Value = request.send().await?.error_for_status()?.json().await?;
            let text = |key: &str| {
                let text = answer[key].as_str().map(str::to_owned);
                text.with_context(|| format!("the answer has no {key}"))
            };
            match call {
                Find => name = text("name")?,
                Make => id = text("id")?,
                Look => ensure!(answer["active"] == true, "the account is active"),
            }
        }
        Ok(())
    }
}

impl Call {
    fn word(self) -> &'static str {
        match self {
            Find => "find",
            Make => "make",
            Look => "look",
        }
    }
}

/// The event with this number that starts a workflow.
pub(crate) fn event(workflow: &str, number: u64) -> Value {
    json!({
        "specversion": "1.0",
        "id": number.to_string(),
        "source": "/tenants/acme/connections/personnel",
        "type": format!("bench.{workflow}"),
        "subject": "users/2819c223",
        "time": "2026-11-23T08:00:00Z",
        "datacontenttype": "application/json",
        "data": { "user": {
            "id": "2819c223",
            "userName": format!("ann{}@acme.example", number % 1000),
            "displayName": "Ann Berg",
            "active": true,
            "attributes": { "userType": "employee", "department": "Engineering" },
        } },
    })
}
