//! Every command, in a project and against the services of the demo.

mod daemon;
mod requests;
mod runs;

use serde_json::json;
use tenure_playground::{Options, Playground};
use tenure_testkit::TempProject;

use crate::program::tenure;
use crate::shipped::shipped;

/// Asks one service one thing.
const STATUS: &str = "
name: status
triggers:
  - manual: {}
input:
  type: object
  properties: { word: { type: string } }
steps:
  - id: ask
    call: status_page
    request: GET /status
    output: { state: $.body.state }
output:
  state: ${{ steps.ask.output.state }}
  word: ${{ input.word | default(\"first\") }}
";

/// Waits for longer than any test does.
const PAUSE: &str = "
name: pause
subject: ${{ input.who | default(\"somebody\") }}
triggers:
  - manual: {}
steps:
  - { id: before, set: { done: 1 } }
  - { id: rest, wait: 1h }
  - { id: after, set: { done: 2 } }
";

const REFUSE: &str = "
name: refuse
triggers:
  - manual: {}
steps:
  - { id: never, fail: not today }
";

/// The shipped project with three workflows more, and the services it calls.
pub(crate) struct World {
    pub(crate) playground: Playground,
    pub(crate) project: TempProject,
}

impl World {
    pub(crate) async fn start() -> Self {
        let playground = Playground::start(Options::default().unlimited()).await.unwrap();
        let project = shipped(&playground).workflow("status", STATUS).unwrap();
        let project = project.workflow("pause", PAUSE).unwrap();
        let project = project.workflow("refuse", REFUSE).unwrap();
        Self { playground, project }
    }

    /// Runs the program in the project.
    pub(crate) async fn tenure(&self, arguments: &[&str]) -> crate::program::Ended {
        tenure(self.project.root(), arguments).await
    }

    /// Writes a file over what is there.
    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.project.path(name), text).unwrap();
    }
}

#[tokio::test]
async fn a_new_project_is_checked_and_run() {
    let directory = tempfile::tempdir().unwrap();
    tenure(directory.path(), &["init", "people"]).await.with(0).saying("tenure check");
    let people = directory.path().join("people");
    tenure(&people, &["check"]).await.with(0).saying("no problems");
    let run = tenure(&people, &["run", "hello", "name=Ann", "--format", "json"]).await.with(0);
    assert_eq!(run.json()["output"]["greeting"], "Hello, Ann!");
    let event = ["run", "joiner", "--event", "events/ann-joins.json"];
    tenure(&people, &event).await.with(0).saying("succeeded");
    tenure(directory.path(), &["init", "people"]).await.with(2).saying("is there already");
}

#[tokio::test]
async fn problems_are_told_to_people_and_to_programs() {
    let world = World::start().await;
    world.tenure(&["check"]).await.with(0).saying("6 workflows, 5 connectors: no problems");
    world.write("workflows/status.yaml", &STATUS.replace("call: status_page", "call: statuspage"));
    let people = world.tenure(&["check"]).await.with(2);
    people.saying("workflows/status.yaml:10:11").saying("did you mean \"status_page\"?");
    let programs = world.tenure(&["check", "--format", "json"]).await.with(2).json();
    let problem = &programs["files"][0]["problems"][0];
    assert_eq!((&problem["line"], &problem["column"]), (&json!(10), &json!(11)), "{programs:#}");
    // A run of it is not begun; what is sound can still be run.
    world.tenure(&["run", "status"]).await.with(2).saying("statuspage");
    world.tenure(&["run", "refuse"]).await.with(1).saying("warning");
    world.tenure(&["serve", "--listen", "127.0.0.1:0"]).await.with(2).saying("statuspage");
}

#[tokio::test]
async fn a_run_ends_the_program_as_it_ended() {
    let world = World::start().await;
    let run = world.tenure(&["run", "status", "word=hi", "--format", "json"]).await.with(0).json();
    assert_eq!(run["output"], json!({ "state": "up", "word": "hi" }));
    world.tenure(&["run", "refuse"]).await.with(1).saying("not today");
    world.tenure(&["run", "status", "word:=5"]).await.with(2).saying("input.word");
    world.tenure(&["run", "nobody"]).await.with(2).saying("does not exist");
    world.tenure(&["run"]).await.with(2).saying("Usage");
    let joiner = ["run", "joiner", "--event", "events/joiner.json"];
    world.tenure(&joiner).await.with(0).saying("succeeded");
    assert_eq!(world.playground.people().len(), 1);
    // What was run here is kept, and can be looked at without a daemon.
    world.tenure(&["runs", "list"]).await.with(0).saying("joiner").saying("ann@acme.example");
    world.tenure(&["runs", "show", "last"]).await.with(0).saying("directory POST /Users");
    world.tenure(&["runs", "cancel", "last"]).await.with(1).saying("no daemon holds");
}

#[tokio::test]
async fn connectors_are_listed_and_tried() {
    let world = World::start().await;
    let list = world.tenure(&["connectors", "list"]).await.with(0);
    for shown in ["directory", "basic", "bearer", "header", "query", "none"] {
        assert!(list.out.contains(shown), "{shown}: {}", list.out);
    }
    for name in ["directory", "chat", "code_host", "personnel", "status_page"] {
        world.tenure(&["connectors", "test", name]).await.with(0).saying("replied 200");
    }
    world.write("secrets/chat_token", "somebody-else");
    let refused = world.tenure(&["connectors", "test", "chat"]).await.with(1);
    assert!(!refused.saying("401").out.contains("somebody-else"));
    world.tenure(&["connectors", "test", "fax"]).await.with(2).saying("fax");
}

#[tokio::test]
async fn the_rest_of_the_commands_answer() {
    let world = World::start().await;
    let config = ["config", "--listen", "127.0.0.1:7200"];
    world.tenure(&config).await.with(0).saying("127.0.0.1:7200").saying("--listen");
    for shell in ["bash", "zsh", "fish"] {
        world.tenure(&["completions", shell]).await.with(0).saying("connectors");
    }
    world.tenure(&["--version"]).await.with(0).saying("tenure 0.");
    world.tenure(&["fax"]).await.with(2).saying("fax");
    world.tenure(&["check", "absent.yaml"]).await.with(2).saying("cannot be read");
}

#[tokio::test]
async fn the_demo_waits_a_refusal_out_and_tries_again() {
    let directory = tempfile::tempdir().unwrap();
    let demo = tenure(directory.path(), &["demo", "--once"]).await.with(0);
    let demo = demo.saying("succeeded").saying("Welcome Ann Berg!");
    let refused = demo.out.lines().find(|line| line.contains("429 Too Many Requests"));
    assert!(refused.is_some_and(|line| line.contains("waited")), "{}", demo.out);
    assert!(demo.out.contains("503 Service Unavailable"), "{}", demo.out);
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0, "nothing stays behind");
}
