//! What is shipped to be copied works when it is copied.
//!
//! `examples/tests` drives the same projects with the engine alone; here it is the program.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tenure_api::RunStatus;
use tenure_playground::{Credentials, Options, Playground, Service, project_files};
use tenure_testkit::TempProject;

use crate::program::{Daemon, command, ended, tenure};

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

/// A copy of a shipped project, pointed at a playground, with secrets given as it asks.
struct Copy {
    playground: Playground,
    project: TempProject,
}

impl Copy {
    async fn of(path: &str) -> Self {
        let playground = Playground::start(Options::default().unlimited()).await.unwrap();
        let mut project = TempProject::new().unwrap();
        for file in files(&repository(path)) {
            let text = std::fs::read_to_string(repository(path).join(&file)).unwrap();
            let service = Path::new(&file).file_stem().and_then(|stem| stem.to_str());
            let service = service.and_then(Service::named);
            let address = service.map(|service| playground.addresses().base_url(service));
            let text = match address.filter(|_| file.starts_with("connectors")) {
                Some(address) => text.replace(&base_url(&text), &address),
                None => text,
            };
            project = project.file(&file, &text).unwrap();
        }
        Self { playground, project }
    }

    /// The program, with the secrets in the environment and loopback allowed.
    fn command(&self, arguments: &[&str]) -> tokio::process::Command {
        let mut command = command(self.project.root(), arguments);
        command.env("TENURE_ALLOW_PRIVATE", "127.0.0.0/8");
        for (name, value) in project_files(self.playground.addresses(), &Credentials::demo()) {
            if let Some(name) = name.strip_prefix("secrets/") {
                command.env(format!("TENURE_SECRET_{}", name.to_uppercase()), value);
            }
        }
        command
    }
}

/// The files of a project, by their paths below it.
fn files(root: &Path) -> Vec<String> {
    let mut open = vec![root.to_owned()];
    let mut found = Vec::new();
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                found.push(path.strip_prefix(root).unwrap().display().to_string());
            }
        }
    }
    found
}

fn base_url(text: &str) -> String {
    let line = text.lines().find_map(|line| line.strip_prefix("base_url: "));
    line.expect("a connector has a base URL").to_owned()
}

#[tokio::test]
async fn shipped_projects_pass_the_check_as_they_are() {
    for path in ["workflows", "examples/webhook-to-chat", "examples/directory-comparison"] {
        let root = repository(path);
        let checked = tenure(&root, &["check", "."]).await.with(0);
        checked.saying("no problems");
    }
}

#[tokio::test]
async fn a_webhook_is_told_to_the_chat() {
    let copy = Copy::of("examples/webhook-to-chat").await;
    let daemon = Daemon::of(copy.command(&["serve", "--listen", "127.0.0.1:0"]));
    let api = daemon.api().await;
    let event = std::fs::read_to_string(copy.project.path("events/ticket.json")).unwrap();
    let event: Value = serde_json::from_str(&event).unwrap();
    let accepted = api.deliver(&event).await.unwrap();
    let runs = api.all_ended(std::time::Duration::from_secs(30)).await;
    assert_eq!(runs.len(), accepted.runs.len());
    assert_eq!(runs[0].status, RunStatus::Succeeded);
    let told = copy.playground.messages();
    assert!(told.iter().any(|it| it.text.starts_with("URGENT: Laptop was stolen")), "{told:?}");
    assert_eq!(daemon.terminate().await.code, Some(0));
}

#[tokio::test]
async fn directories_are_compared_from_the_command_line() {
    let copy = Copy::of("examples/directory-comparison").await;
    for name in ["omar@acme.example", "ghost@acme.example"] {
        copy.playground.add_person(json!({ "userName": name })).unwrap();
    }
    let run = copy.command(&["run", "compare", "page_size:=1", "--format", "json"]);
    let run = ended(run).await.with(0).json();
    assert_eq!(run["output"]["without_person"], json!(["ghost@acme.example"]));
    assert!(!run["output"]["without_account"].as_array().unwrap().is_empty());
    assert_eq!(copy.playground.messages().len(), 1);
}
