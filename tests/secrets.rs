//! Secrets leave on the wire and nowhere else.
//!
//! Five services, one for each kind of authentication, fail in every way and send the
//! credentials they were shown back. Then everything that Tenure kept, said and answered is
//! searched for them, in each form they could have taken.

mod forms;

use std::path::Path;

use serde_json::{Value, json};
use tenure_testkit::{Received, Reply, ScriptedService, TempProject};

use crate::api::Api;
use crate::program::{Daemon, Ended, command, ended};
use forms::{Form, find, forms};

/// Secrets as hard to hide as they get: each form of them looks different.
const SECRETS: [(&str, &str); 5] = [
    ("basic_name", "basic-n\u{e4}me/S3cr+et"),
    ("basic_word", "b\"asic\\word/ S3cr+et&=%41\u{fc}"),
    ("bearer", "bearer/S3cr+et~token=="),
    ("header", "header\"S3cr\\et/+=&%41;x"),
    ("query", "qu\"ery\\S3cr et/+=&%41\u{fc}"),
];

/// What is no secret and must be found, or the search would show nothing.
const MARKER: &str = "no-secret-at-all/31337";

const KINDS: [(&str, &str); 5] = [
    ("open", "none"),
    (
        "basic",
        "{ basic: { username: \"${{ secrets.basic_name }}\", password: \"${{ secrets.basic_word }}\" } }",
    ),
    ("bearer", "{ bearer: { token: \"${{ secrets.bearer }}\" } }"),
    ("header", "{ header: { name: X-Key, value: \"${{ secrets.header }}\" } }"),
    ("query", "{ query: { name: key, value: \"${{ secrets.query }}\" } }"),
];

/// One step for each kind; each keeps all of its answer.
fn workflow(name: &str, prefix: &str) -> String {
    let steps = KINDS.map(|(kind, _)| {
        format!(
            "  - id: {kind}\n    call: {prefix}{kind}\n    request: PUT /things/1\n    \
             body: {{ marker: \"${{{{ input.marker }}}}\" }}\n    on_error: continue\n    \
             output: {{ all: $, body: $.body, headers: $.headers }}\n"
        )
    });
    format!(
        "name: {name}\ntriggers:\n  - manual: {{}}\nsteps:\n{}  - id: last\n    \
         call: {prefix}query\n    request: PUT /things/2\n    text: ${{{{ input.marker }}}}\n",
        steps.concat()
    )
}

struct World {
    services: Vec<ScriptedService>,
    stranger: ScriptedService,
    project: TempProject,
}

impl World {
    async fn start() -> Self {
        let mut project = TempProject::new().unwrap();
        let mut services = Vec::new();
        let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        for (kind, auth) in KINDS {
            let service = ScriptedService::start().await.unwrap();
            for (prefix, url) in [("", service.base_url()), ("gone_", format!("http://{closed}"))] {
                let name = format!("{prefix}{kind}");
                let text = format!(
                    "name: {name}\nbase_url: {url}\nauth: {auth}\ntest: GET /me\n\
                     retry: {{ max_attempts: 2, initial_delay: 10ms }}\n"
                );
                project = project.connector(&name, &text).unwrap();
            }
            services.push(service);
        }
        let project = project.workflow("ask", &workflow("ask", "")).unwrap();
        let project = project.workflow("ask_gone", &workflow("ask_gone", "gone_")).unwrap();
        Self { services, stranger: ScriptedService::start().await.unwrap(), project }
    }

    fn command(&self, arguments: &[&str]) -> tokio::process::Command {
        let mut command = command(self.project.root(), arguments);
        for (name, value) in SECRETS {
            command.env(format!("TENURE_SECRET_{}", name.to_uppercase()), value);
        }
        command
    }

    async fn tenure(&self, arguments: &[&str]) -> Ended {
        ended(self.command(arguments)).await
    }

    /// Lets each service answer so from now on, with what it was shown sent back.
    fn answer(&self, status: u16, header: Option<(&str, String)>) {
        for ((kind, _), service) in KINDS.iter().zip(&self.services) {
            let own = SECRETS.iter().filter(|(name, _)| name.starts_with(kind));
            let own: Vec<&str> = own.map(|(_, secret)| *secret).collect();
            let shown: Vec<String> =
                own.iter().flat_map(|secret| forms(secret)).map(|(_, text)| text).collect();
            let basic = forms::basic(&own.join(":"));
            let mut reply = Reply::json(status, &json!({ "shown": shown, "basic": basic }));
            for secret in own.iter().filter(|secret| secret.is_ascii()) {
                reply = reply.header("x-request-id", secret).header("etag", secret);
            }
            if let Some((name, value)) = &header {
                reply = reply.header(name, value);
            }
            service.otherwise(reply);
        }
    }

    fn received(&self) -> Vec<Received> {
        self.services.iter().flat_map(ScriptedService::received).collect()
    }
}

/// Everything the daemon answers.
async fn answers(api: &Api) -> Vec<(String, String)> {
    let mut paths: Vec<String> = ["runs?limit=500", "connectors", "workflows"]
        .map(|path| format!("/api/v1/{path}"))
        .into_iter()
        .chain(["/healthz", "/readyz", "/api/v1/runs/nobody"].map(str::to_owned))
        .collect();
    for run in api.runs().await {
        paths.push(format!("/api/v1/runs/{}", run.id));
        paths.push(format!("/api/v1/runs/{}/events", run.id));
    }
    let mut answers = Vec::new();
    for path in paths {
        let answer = api.get(&path).await;
        answers.push((path, format!("{:?}\n{}", answer.headers, answer.text)));
    }
    for prefix in ["", "gone_"] {
        for (kind, _) in KINDS {
            let path = format!("/api/v1/connectors/{prefix}{kind}/test");
            let answer = api.post(&path, &Value::Null).await;
            answers.push((path, format!("{:?}\n{}", answer.headers, answer.text)));
        }
    }
    answers
}

/// All files below a directory.
fn files(directory: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push((path.display().to_string(), std::fs::read(&path).unwrap()));
        }
    }
    found
}

fn must_be_clean(place: &str, content: &[u8]) {
    let found: Vec<(&str, Form)> = SECRETS
        .iter()
        .flat_map(|(name, secret)| find(content, secret).into_iter().map(move |it| (*name, it)))
        .collect();
    assert!(found.is_empty(), "{place} holds {found:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_is_kept_said_or_answered() {
    let world = World::start().await;
    let serve = ["serve", "--listen", "127.0.0.1:0", "--log-level", "trace"];
    let daemon = Daemon::of(world.command(&serve));
    let api = daemon.api().await;
    let input = json!({ "marker": MARKER });
    let elsewhere = || Some(("location", format!("{}/elsewhere", world.stranger.base_url())));
    for (status, header) in [
        (200, None),
        (401, None),
        (403, None),
        (404, None),
        (500, None),
        (302, elsewhere()),
        (307, elsewhere()),
        (429, Some(("retry-after", "0".to_owned()))),
    ] {
        world.answer(status, header);
        api.run("ask", &input).await;
    }
    api.run("ask_gone", &input).await;
    let answers = answers(&api).await;
    world.answer(500, None);
    let printed = [
        world.tenure(&["runs", "list"]).await.with(0),
        world.tenure(&["runs", "show", "last"]).await.with(0),
        world.tenure(&["runs", "show", "last", "--format", "json"]).await.with(0),
        world.tenure(&["connectors", "list"]).await.with(0),
        world.tenure(&["connectors", "test", "query"]).await.with(1),
        world.tenure(&["config"]).await.with(0),
        world.tenure(&["check", "--format", "json"]).await.with(0),
    ];
    let logged = daemon.terminate().await.with(0);
    let alone = world.command(&["run", "ask", "marker=x", "--log-level", "trace"]);
    let alone = ended(alone).await;

    // The services were shown every secret, and the stranger none.
    let shown = world.received();
    let shown: Vec<String> =
        shown.iter().map(|it| format!("{} {:?}", it.path, it.headers)).collect();
    for (name, secret) in SECRETS {
        let seen = shown.iter().any(|shown| !find(shown.as_bytes(), secret).is_empty());
        assert!(seen || name.starts_with("basic"), "{name} was not sent");
    }
    assert!(shown.iter().any(|shown| shown.contains("Basic ")), "no name and password was sent");
    for received in world.stranger.received() {
        must_be_clean(
            "the stranger",
            format!("{} {:?}", received.path, received.headers).as_bytes(),
        );
        must_be_clean("the stranger", &received.body);
    }
    let kept = files(&world.project.path(".tenure"));
    let has_marker =
        |content: &[u8]| content.windows(MARKER.len()).any(|it| it == MARKER.as_bytes());
    assert!(kept.iter().any(|(_, content)| has_marker(content)), "the search finds nothing");
    for (file, content) in &kept {
        must_be_clean(file, content);
    }
    assert!(logged.out.contains("TRACE"), "{}", logged.out);
    for ended in printed.iter().chain([&logged, &alone]) {
        must_be_clean("what was printed", ended.out.as_bytes());
        must_be_clean("what was printed", ended.err.as_bytes());
    }
    assert!(answers.iter().any(|(_, text)| text.contains("(secret)")), "nothing was sent back");
    for (path, text) in &answers {
        must_be_clean(path, text.as_bytes());
    }
}

#[tokio::test]
async fn a_missing_secret_is_named_and_no_other_shown() {
    let world = World::start().await;
    let mut check = world.command(&["check"]);
    check.env_remove("TENURE_SECRET_BEARER");
    let said = ended(check).await.with(2).saying("bearer").saying("TENURE_SECRET_BEARER");
    must_be_clean("what was printed", format!("{}{}", said.out, said.err).as_bytes());
}

#[tokio::test]
async fn a_secret_written_where_its_name_belongs_is_not_repeated() {
    let world = World::start().await;
    let (_, secret) = SECRETS[2];
    let text = format!(
        "name: bearer\nbase_url: http://127.0.0.1\nauth: {{ bearer: {{ token: '{secret}' }} }}\n"
    );
    std::fs::write(world.project.path("connectors/bearer.yaml"), text).unwrap();
    let check = world.tenure(&["check", "--format", "json"]).await.with(0);
    let problems = check.json()["files"][0]["problems"].to_string();
    must_be_clean("the problems", problems.as_bytes());
}
