//! A playground and an engine that knows one project.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use tenure_connector::{
    Connector, Egress, EnvironmentSecrets, Registry, Secret, SecretError, SecretSource,
    Surroundings,
};
use tenure_engine::{Catalog, Engine, Limits, Parts, StartRun, SystemClock};
use tenure_event::Event;
use tenure_playground::{Credentials, Options, Playground, Service, project_files};
use tenure_run::{Outcome, Run, RunId};
use tenure_runlog::RunLog;
use tenure_store::MemoryStore;
use tenure_workflow::{Known, KnownAction, KnownConnector, KnownInput, Plan};

/// The demo's secrets.
struct Demo(Vec<(String, String)>);

impl SecretSource for Demo {
    fn secret(&self, name: &str) -> Result<Option<Secret>, SecretError> {
        let file = format!("secrets/{name}");
        let found = self.0.iter().find(|(known, _)| *known == file);
        Ok(found.map(|(_, value)| Secret::new(value.clone())))
    }

    fn how_to_give(&self, name: &str) -> String {
        EnvironmentSecrets.how_to_give(name)
    }
}

/// One project at work.
pub(crate) struct World {
    pub(crate) playground: Playground,
    engine: Engine,
}

/// A directory of the repository.
pub(crate) fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

/// The files of one kind of a project, sorted.
pub(crate) fn files(project: &Path, kind: &str) -> Vec<(String, String)> {
    let listed = fs::read_dir(project.join(kind)).unwrap();
    let mut paths: Vec<PathBuf> = listed.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let read = |path: PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        (format!("{kind}/{name}"), fs::read_to_string(path).unwrap())
    };
    paths.into_iter().map(read).collect()
}

/// What workflows may ask of these connectors.
pub(crate) fn known<'a>(connectors: impl IntoIterator<Item = &'a Connector>) -> Known {
    let input = |input: &tenure_connector::Input| KnownInput {
        required: input.required,
        schema: Some(input.schema()),
    };
    let of = |connector: &Connector| {
        let actions = connector.actions.iter().map(|(name, action)| {
            let inputs = action.input.iter().map(|(name, it)| (name.clone(), input(it)));
            (name.clone(), KnownAction { input: inputs.collect() })
        });
        let known = KnownConnector { actions: actions.collect(), enabled: connector.enabled };
        (connector.name.clone(), known)
    };
    Known::only(connectors.into_iter().map(of).collect())
}

impl World {
    /// The project that the demo writes.
    pub(crate) async fn shipped() -> Self {
        let playground = Playground::start(Options::default().unlimited()).await.unwrap();
        let files = project_files(playground.addresses(), &Credentials::demo());
        Self::of(playground, &files).await
    }

    /// A project of this repository, its connectors pointed at a playground.
    pub(crate) async fn project(path: &str) -> Self {
        let playground = Playground::start(Options::default().unlimited()).await.unwrap();
        let root = repository(path);
        let mut texts = files(&root, "workflows");
        for (name, text) in files(&root, "connectors") {
            let service = Path::new(&name).file_stem().and_then(|name| name.to_str()).unwrap();
            let address = playground.addresses().base_url(Service::named(service).unwrap());
            let here = |line: &str| match line.strip_prefix("base_url: ") {
                Some(_) => format!("base_url: {address}\n"),
                None => format!("{line}\n"),
            };
            texts.push((name, text.lines().map(here).collect()));
        }
        let secrets = project_files(playground.addresses(), &Credentials::demo());
        texts.extend(secrets.into_iter().filter(|(name, _)| name.starts_with("secrets/")));
        Self::of(playground, &texts).await
    }

    async fn of(playground: Playground, files: &[(String, String)]) -> Self {
        let secrets = Demo(files.to_vec());
        let of_kind =
            |kind: &'static str| files.iter().filter(move |(name, _)| name.starts_with(kind));
        let connectors: Vec<Connector> = of_kind("connectors/")
            .map(|(name, text)| {
                let checked = tenure_connector::check(name, text, &secrets);
                checked.connector.unwrap_or_else(|| panic!("{}", checked.report.render(false)))
            })
            .collect();
        let known = known(&connectors);
        let plans: Vec<Arc<Plan>> = of_kind("workflows/")
            .map(|(name, text)| {
                let checked = tenure_workflow::check(name, text, &known);
                checked.plan.unwrap_or_else(|| panic!("{}", checked.report.render(false)))
            })
            .collect();
        let egress = Egress::allowing(["127.0.0.0/8"]).unwrap();
        let runlog = RunLog::open(Arc::new(MemoryStore::new())).await.unwrap();
        let engine = Engine::start(Parts {
            runlog: Arc::new(runlog),
            registry: Arc::new(Registry::new(Surroundings::new(egress), connectors)),
            catalog: Catalog::new(plans),
            clock: Arc::new(SystemClock),
            limits: Limits::default(),
        });
        Self { playground, engine: engine.await.unwrap() }
    }

    /// Sends an event and waits for the one run that it starts.
    pub(crate) async fn send(&self, event: Value) -> Run {
        let event = Event::from_value(event, Timestamp::now()).unwrap();
        let receipt = self.engine.accept(event).await.unwrap();
        let why: Vec<String> =
            receipt.not_started.iter().map(|it| format!("{}: {}", it.workflow, it.why)).collect();
        assert_eq!(receipt.runs.len(), 1, "{}", why.join("; "));
        self.ended(receipt.runs[0]).await
    }

    /// Starts a workflow by hand and waits for its run.
    pub(crate) async fn start(&self, workflow: &str, input: Value) -> Run {
        let wish = StartRun {
            workflow: workflow.to_owned(),
            input,
            event: None,
            initiator: "test".to_owned(),
            idempotency_key: None,
        };
        self.ended(self.engine.start_run(wish).await.unwrap().run).await
    }

    async fn ended(&self, run: RunId) -> Run {
        let ended = self.engine.wait(run, Duration::from_secs(60)).await.unwrap();
        let run = self.engine.run(run).await.unwrap().unwrap();
        assert!(ended.is_some(), "the run has not ended: {:#?}", run.steps());
        run
    }

    /// What the chat was told, as `channel: text`, sorted.
    pub(crate) fn told(&self) -> Vec<String> {
        let messages = self.playground.messages().into_iter();
        let mut told: Vec<String> =
            messages.map(|message| format!("{}: {}", message.channel, message.text)).collect();
        told.sort();
        told
    }

    /// Who is in which team, as `login@team`.
    pub(crate) fn teams(&self) -> Vec<String> {
        let memberships = self.playground.memberships().into_iter();
        memberships.map(|membership| format!("{}@{}", membership.user, membership.team)).collect()
    }
}

/// What a run answered; fails the test unless it succeeded.
pub(crate) fn output(run: &Run) -> Value {
    match run.outcome() {
        Some(Outcome::Succeeded { output, .. }) => output.clone(),
        other => panic!("{other:#?}\n{:#?}", run.steps()),
    }
}

/// Why a run failed; fails the test if it did not.
pub(crate) fn failure(run: &Run) -> String {
    match run.outcome() {
        Some(Outcome::Failed(error)) => error.message.clone(),
        other => panic!("{other:#?}"),
    }
}

/// A shipped event, its person changed a little.
pub(crate) fn event(workflow: &str, id: &str, attributes: Value) -> Value {
    let text = fs::read_to_string(repository(&format!("workflows/events/{workflow}.json")));
    let mut event: Value = serde_json::from_str(&text.unwrap()).unwrap();
    event["id"] = json!(id);
    for (name, value) in attributes.as_object().unwrap() {
        event["data"]["user"]["attributes"][name] = value.clone();
    }
    event
}
