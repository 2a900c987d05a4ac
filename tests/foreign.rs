//! The shipped workflows against a SCIM service that nobody here wrote.
//!
//! `scim2-server` from PyPI: `pip install 'scim2-server>=0.8.3,<0.9'`, then either on the
//! path or named by `TENURE_TEST_SCIM_SERVER`.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use tenure_api::{RunDetail, RunStatus};
use tenure_playground::{Options, Playground, Service};
use tenure_testkit::TempProject;
use tokio::process::{Child, Command};

use crate::api::{Api, event, http};
use crate::program::Daemon;
use crate::shipped::shipped;
use crate::skip::skipped;

const VARIABLE: &str = "TENURE_TEST_SCIM_SERVER";
const NAME: &str = "scim2-server";
const TOKEN: &str = "token-of-a-foreign-directory";

/// Where the service's program is; none when this machine does not have it.
fn installed() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os(VARIABLE).filter(|named| !named.is_empty()) {
        let named = PathBuf::from(named);
        assert!(named.is_file(), "{VARIABLE} names {}, which is no file", named.display());
        return Some(named);
    }
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(NAME)).find(|file| file.is_file())
}

/// The service, running.
struct Directory {
    base: String,
    http: reqwest::Client,
    _child: Child,
}

impl Directory {
    async fn start(program: &Path) -> Self {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let child = Command::new(program)
            .args(["--hostname", "127.0.0.1", "--bearer-token", TOKEN])
            .args(["--port", &port.to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let base = format!("http://127.0.0.1:{port}/v2");
        let directory = Self { base, http: http(), _child: child };
        let ready = async {
            while directory.ask("/ServiceProviderConfig").await.is_none() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), ready).await.expect("it starts in time");
        directory
    }

    async fn ask(&self, path: &str) -> Option<Value> {
        let request = self.http.get(format!("{}{path}", self.base)).bearer_auth(TOKEN);
        let answer = request.send().await.ok()?.error_for_status().ok()?;
        serde_json::from_str(&answer.text().await.ok()?).ok()
    }

    /// All users, asked for past Tenure.
    async fn users(&self) -> Vec<Value> {
        let list = self.ask("/Users").await.expect("the users are listed");
        list["Resources"].as_array().cloned().unwrap_or_default()
    }
}

/// A project whose directory is the foreign one; its other services are ours.
struct World {
    directory: Directory,
    playground: Playground,
    daemon: Daemon,
    api: Api,
    _project: TempProject,
}

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

impl World {
    async fn start(program: &Path) -> Self {
        let directory = Directory::start(program).await;
        let playground = Playground::start(Options::default().unlimited()).await.unwrap();
        let project = shipped(&playground);
        let variant = std::fs::read_to_string(repository("workflows/variants/directory.yaml"));
        let compare = repository("examples/directory-comparison");
        let compared = std::fs::read_to_string(compare.join("connectors/directory.yaml")).unwrap();
        let (_, actions) = compared.split_once("\nactions:\n").expect("it has actions");
        let workflow = std::fs::read_to_string(compare.join("workflows/compare.yaml")).unwrap();
        let connector = format!("{}{actions}", pointed_at(&variant.unwrap(), &directory.base));
        // The office pages too; its connector of the example is the one that can.
        let office = std::fs::read_to_string(compare.join("connectors/personnel.yaml")).unwrap();
        let (_, office_actions) = office.split_once("\nactions:\n").expect("it has actions");
        let ours = std::fs::read_to_string(project.path("connectors/personnel.yaml")).unwrap();
        let settings = std::fs::read_to_string(project.path("tenure.yaml")).unwrap();
        let project = project
            .connector("directory", &connector)
            .and_then(|it| it.connector("personnel", &format!("{ours}{office_actions}")))
            .and_then(|it| it.workflow("compare", &workflow))
            .and_then(|it| it.file("secrets/directory_token", TOKEN))
            .and_then(|it| {
                let token = "  directory_token: { file: secrets/directory_token }\n";
                it.file("tenure.yaml", &format!("{settings}{token}"))
            })
            .unwrap();
        let (daemon, api) = Daemon::start(project.root()).await;
        Self { directory, playground, daemon, api, _project: project }
    }

    /// Delivers one of the shipped events, with other attributes, and waits for its run's end.
    async fn send(&self, name: &str, attributes: &Value) -> RunDetail {
        let path = repository("workflows/events").join(format!("{name}.json"));
        let text = std::fs::read_to_string(path).unwrap();
        let mut document: Value = serde_json::from_str(&text).unwrap();
        for (key, value) in attributes.as_object().into_iter().flatten() {
            document["data"]["user"]["attributes"][key] = value.clone();
        }
        let accepted = self.api.deliver(&document).await.unwrap();
        assert_eq!(accepted.runs.len(), 1, "{accepted:?}");
        self.api.all_ended(Duration::from_secs(30)).await;
        let detail = self.api.show(&accepted.runs[0]).await;
        assert_eq!(detail.run.status, RunStatus::Succeeded, "{detail:#?}");
        detail
    }
}

/// A connector's text with another base URL.
fn pointed_at(text: &str, base: &str) -> String {
    let here = |line: &str| match line.strip_prefix("base_url:") {
        Some(_) => format!("base_url: {base}\n"),
        None => format!("{line}\n"),
    };
    text.lines().map(here).collect()
}

#[tokio::test]
async fn a_person_joins_moves_and_leaves_elsewhere() {
    let test = "a_person_joins_moves_and_leaves_elsewhere";
    let Some(program) = installed() else {
        return skipped(
            test,
            "scim2-server is not on the path and TENURE_TEST_SCIM_SERVER not set",
        );
    };
    let world = World::start(&program).await;
    let joined = world.send("joiner", &json!({})).await;
    let users = world.directory.users().await;
    assert_eq!(users.len(), 1);
    assert_eq!(joined.output["account"], users[0]["id"]);
    assert_eq!(users[0]["userName"], "ann@acme.example");
    assert_eq!(users[0]["displayName"], "Ann Berg");
    assert_eq!(users[0]["active"], true);
    assert_eq!(users[0]["emails"][0]["value"], "ann@acme.example");

    // Somebody who has an account keeps it: its answer is 409, and the look-up finds it.
    let user = json!({ "userName": "ann@acme.example", "displayName": "Ann Berg" });
    let again = world.api.run("joiner", &json!({ "user": user })).await;
    assert_eq!(again.output["account"], users[0]["id"], "{again:#?}");
    assert_eq!(world.directory.users().await.len(), 1);

    world.send("mover", &json!({ "handover": "100ms" })).await;
    let extension = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
    assert_eq!(world.directory.users().await[0][extension]["department"], "Finance");

    // Locked out at once, deleted after the hold: both are looked at.
    let leaving = event(
        "identity.user.deactivated",
        "leaves",
        &json!({ "userName": "ann@acme.example", "attributes": { "hold": "3s" } }),
    );
    let leaving = world.api.deliver(&leaving).await.unwrap();
    let locked = async {
        while world.directory.users().await[0]["active"] != false {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(2), locked).await.expect("locked out during the hold");
    world.api.all_ended(Duration::from_secs(30)).await;
    let left = world.api.show(&leaving.runs[0]).await;
    assert_eq!(left.run.status, RunStatus::Succeeded, "{left:#?}");
    assert_eq!(left.output["had_account"], true);
    assert_eq!(world.directory.users().await, Vec::<Value>::new());
    assert_eq!(world.playground.log_of(Service::Directory).len(), 0, "ours was not asked");
    assert_eq!(world.daemon.terminate().await.code, Some(0));
}

#[tokio::test]
async fn all_pages_of_a_foreign_directory_are_read() {
    let test = "all_pages_of_a_foreign_directory_are_read";
    let Some(program) = installed() else {
        return skipped(
            test,
            "scim2-server is not on the path and TENURE_TEST_SCIM_SERVER not set",
        );
    };
    let world = World::start(&program).await;
    for number in 0..7 {
        let user = json!({ "userName": format!("p{number}@acme.example"), "displayName": "P" });
        let run = world.api.run("joiner", &json!({ "user": user })).await;
        assert_eq!(run.run.status, RunStatus::Succeeded, "{run:#?}");
    }
    let expected: Vec<String> = (0..7).map(|number| format!("p{number}@acme.example")).collect();
    for size in [1, 3, 7, 100] {
        let run = world.api.run("compare", &json!({ "page_size": size })).await;
        assert_eq!(run.output["without_person"], json!(expected), "pages of {size}: {run:#?}");
    }
    assert_eq!(world.daemon.terminate().await.code, Some(0));
}
