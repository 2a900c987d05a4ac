//! Killed in the middle, nothing is lost and nothing is done twice.
//!
//! What the runs claim is compared with what really reached the services.

mod evidence;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::time::Duration;

use futures::StreamExt;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tenure_api::{RunStatus, StepStatus};
use tenure_playground::{Faults, Options, Playground, Service};
use tenure_testkit::TempProject;

use crate::api::{Api, event};
use crate::program::Daemon;
use evidence::Evidence;

const EVENTS: usize = 200;
const KILLS: usize = 20;

/// Chooses the moments again that a failed test had.
const SEED: &str = "TENURE_TEST_SEED";

/// Five steps, reads and writes; each request says whose it is.
const WORKFLOW: &str = r##"
name: onboard
subject: ${{ event.data.user.userName }}
triggers:
  - event: identity.user.created
steps:
  - id: look
    call: directory
    request: GET /Users
    query: { filter: "userName eq ${{ event.data.user.userName | to_json }}", run: "${{ run.id }}", step: look }
  - id: account
    call: directory
    request: POST /Users
    query: { run: "${{ run.id }}", step: account }
    body: { userName: "${{ event.data.user.userName }}" }
    output: { id: $.body.id }
  - id: team
    call: code_host
    request: PUT /orgs/acme/teams/everyone/memberships/${{ event.data.user.userName }}
    query: { run: "${{ run.id }}", step: team }
  - id: teams
    call: code_host
    request: GET /orgs/acme/members/${{ event.data.user.userName }}/teams
    query: { run: "${{ run.id }}", step: teams }
    output: { slugs: "$.body[*].slug" }
  - id: greet
    call: chat
    request: POST /chat.postMessage
    query: { run: "${{ run.id }}", step: greet }
    body: { channel: "#welcome", text: "Welcome ${{ event.data.user.userName }}!" }
output: { account: "${{ steps.account.output.id }}", teams: "${{ steps.teams.output.slugs }}" }
"##;

/// Connectors to a playground; all of them honour keys, or none does.
fn project(playground: &Playground, honours: bool) -> TempProject {
    let credentials = tenure_playground::Credentials::demo();
    let keys = if honours { "idempotency: { header: Idempotency-Key }\n" } else { "" };
    let connector = |service: Service, auth: &str| {
        let (name, url) = (service.name(), playground.addresses().base_url(service));
        format!("name: {name}\nbase_url: {url}\nauth: {auth}\n{keys}")
    };
    let basic = "{ basic: { username: tenure, password: \"${{ secrets.directory }}\" } }";
    let settings = "egress: { allow_private: [127.0.0.0/8] }\nsecrets:\n  \
                    directory: { file: directory }\n  chat: { file: chat }\n  \
                    code_host: { file: code_host }\n";
    let with_files = || {
        TempProject::new()?
            .file("tenure.yaml", settings)?
            .file("directory", &credentials.directory_password)?
            .file("chat", &credentials.chat_token)?
            .file("code_host", &credentials.code_host_key)?
            .connector("directory", &connector(Service::Directory, basic))?
            .connector(
                "chat",
                &connector(Service::Chat, "{ bearer: { token: \"${{ secrets.chat }}\" } }"),
            )?
            .connector(
                "code_host",
                &connector(
                    Service::CodeHost,
                    "{ header: { name: X-Api-Key, value: \"${{ secrets.code_host }}\" } }",
                ),
            )?
            .workflow("onboard", WORKFLOW)
    };
    with_files().unwrap()
}

/// Delivers what nobody acknowledged yet; what is acknowledged now comes back with its run.
async fn deliver(api: Api, persons: Vec<usize>) -> BTreeMap<usize, String> {
    let deliver = |person: usize| {
        let api = api.clone();
        async move {
            let user = serde_json::json!({ "userName": format!("p{person}") });
            let event = event("identity.user.created", &format!("e{person}"), &user);
            let accepted = api.deliver(&event).await?;
            assert_eq!(accepted.runs.len(), 1, "{accepted:?}");
            Some((person, accepted.runs[0].clone()))
        }
    };
    let answers = futures::stream::iter(persons).map(deliver).buffer_unordered(4);
    answers.filter_map(std::future::ready).collect().await
}

/// One life of the daemon, ended by SIGKILL; returns what it acknowledged.
async fn life(
    project: &TempProject,
    open: Vec<usize>,
    chance: &mut StdRng,
) -> BTreeMap<usize, String> {
    let daemon = Daemon::spawn(project.root());
    // Now and then it dies while it starts, in the middle of its recovery.
    if chance.random_ratio(1, 5) {
        tokio::time::sleep(Duration::from_millis(chance.random_range(1..300))).await;
        daemon.kill().await;
        return BTreeMap::new();
    }
    let delivering = tokio::spawn(deliver(daemon.api().await, open));
    tokio::time::sleep(Duration::from_millis(chance.random_range(5..400))).await;
    daemon.kill().await;
    delivering.await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_kills_lose_nothing_and_repeat_nothing() {
    let seed = std::env::var(SEED).map_or_else(|_| rand::random(), |seed| seed.parse().unwrap());
    let _ = writeln!(std::io::stderr(), "kills are at random, {SEED}={seed}");
    let mut chance = StdRng::seed_from_u64(seed);
    let playground = Playground::start(Options::default().unlimited()).await.unwrap();
    let slow = Faults { latency: Duration::from_millis(10), ..Faults::default() };
    for service in [Service::Directory, Service::CodeHost, Service::Chat] {
        playground.set_faults(service, slow.clone());
    }
    let project = project(&playground, true);

    let mut accepted: BTreeMap<usize, String> = BTreeMap::new();
    let mut kills = Vec::new();
    for number in 1..=KILLS {
        let known = EVENTS * number / KILLS;
        let open = (0..known).filter(|person| !accepted.contains_key(person)).collect();
        let acknowledged = life(&project, open, &mut chance).await;
        kills.push(jiff::Timestamp::now());
        accepted.extend(acknowledged);
    }
    let (daemon, api) = Daemon::start(project.root()).await;
    // All of them once more: what was acknowledged before is known, with its run of then.
    for (person, run) in deliver(api.clone(), (0..EVENTS).collect()).await {
        assert_eq!(accepted.entry(person).or_insert_with(|| run.clone()), &run);
    }
    assert_eq!(accepted.len(), EVENTS);
    let runs = api.all_ended(Duration::from_secs(90)).await;
    assert_eq!(runs.len(), EVENTS, "one run for each event");

    let evidence = Evidence::gather(&api, &playground, &runs).await;
    for (person, run) in &accepted {
        let detail = evidence.run(run);
        assert_eq!(detail.run.subject, Some(format!("p{person}")));
        assert_eq!(detail.run.status, RunStatus::Succeeded, "{detail:#?}");
        assert_eq!(detail.output["teams"], serde_json::json!(["everyone"]));
    }
    evidence.must_show_each_effect_once();
    evidence.must_show_no_request_after_a_finish();
    evidence.must_show_one_key_for_each_write();
    assert_eq!(playground.people().len(), EVENTS);
    assert_eq!(playground.messages().len(), EVENTS);
    assert_eq!(playground.memberships().len(), EVENTS);

    // Otherwise the kills hit nothing, and all of this shows nothing.
    let interrupted = evidence.interrupted(&kills);
    let repeated = evidence.repeated();
    assert!(interrupted >= 20 && repeated >= 5, "{interrupted} interrupted, {repeated} repeated");
    assert_eq!(daemon.terminate().await.code, Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_answer_and_a_refusal_survive_a_kill() {
    let playground = Playground::start(Options::default().unlimited()).await.unwrap();
    let lost = Faults { lose_answers: 2, method: Some("POST".to_owned()), ..Faults::default() };
    playground.set_faults(Service::Directory, lost);
    let refused = Faults {
        fail_next: 2,
        fail_status: 429,
        retry_after: Some(Duration::from_secs(2)),
        ..Faults::default()
    };
    playground.set_faults(Service::CodeHost, refused);
    let project = project(&playground, true);
    let (daemon, api) = Daemon::start(project.root()).await;
    assert_eq!(deliver(api, vec![1]).await.len(), 1);
    // Killed while the 429 is waited out.
    let refused = async {
        while !playground.log().entries().iter().any(|entry| entry.status == 429) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), refused).await.unwrap();
    daemon.kill().await;

    let (daemon, api) = Daemon::start(project.root()).await;
    let runs = api.all_ended(Duration::from_secs(30)).await;
    let evidence = Evidence::gather(&api, &playground, &runs).await;
    assert_eq!(runs.len(), 1);
    assert_eq!(runs[0].status, RunStatus::Succeeded, "{:#?}", evidence.run(&runs[0].id));
    evidence.must_show_each_effect_once();
    evidence.must_show_no_request_after_a_finish();
    evidence.must_show_one_key_for_each_write();
    let sent = |step: &str| evidence.of(&runs[0].id, step);
    let account = sent("account");
    assert_eq!(account.iter().filter(|entry| entry.lost).count(), 2);
    assert!(account.last().unwrap().replayed, "the first answer was given again");
    let team = sent("team");
    assert_eq!(team.iter().filter(|entry| entry.status == 429).count(), 2);
    let (first, next) = (&team[1], &team[2]);
    assert!(next.at.duration_since(first.at).as_millis() >= 1900, "{first:?} {next:?}");
    assert_eq!(daemon.terminate().await.code, Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_in_doubt_is_left_to_a_person() {
    let playground = Playground::start(Options::default().unlimited()).await.unwrap();
    let slow = Faults {
        latency: Duration::from_millis(600),
        method: Some("POST".to_owned()),
        ..Faults::default()
    };
    playground.set_faults(Service::Directory, slow);
    let project = project(&playground, false);
    let (daemon, api) = Daemon::start(project.root()).await;
    let run = deliver(api.clone(), vec![1]).await.remove(&1).unwrap();
    let sent = async {
        while api.show(&run).await.steps[1].status != StepStatus::Running {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    };
    tokio::time::timeout(Duration::from_secs(30), sent).await.unwrap();
    daemon.kill().await;

    let (daemon, api) = Daemon::start(project.root()).await;
    let stuck = async {
        while api.show(&run).await.run.status != RunStatus::NeedsAttention {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), stuck).await.unwrap();
    let detail = api.show(&run).await;
    assert!(detail.run.reason.is_some_and(|reason| reason.contains("account")));
    // The service went on with the request whose sender died.
    let arrived = async {
        while playground.people().is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), arrived).await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let evidence = Evidence::gather(&api, &playground, &api.runs().await).await;
    assert_eq!(evidence.of(&run, "account").len(), 1, "nobody guessed");
    assert_eq!(daemon.terminate().await.code, Some(0));
}
