//! Words that other tools use for what is called differently here.

use tenure_language::{Document, Pointer, Problem};

/// What to write instead of a key of another tool.
const WORDS: [(&str, &str); 38] = [
    ("on", "what starts a workflow is listed under `triggers`"),
    ("trigger", "what starts a workflow is listed under `triggers`"),
    ("workflow", "the name of a workflow is `name`"),
    ("version", "a version is known by its text; there is no key for it"),
    ("jobs", "what a workflow does is listed under `steps`"),
    ("tasks", "what a workflow does is listed under `steps`"),
    ("do", "what a workflow does is listed under `steps`"),
    ("then", "what follows a condition is listed under `steps`"),
    ("inputs", "the schema of what a run is given is `input`"),
    ("outputs", "what is kept is `output`"),
    ("name", "a step is known by its `id`"),
    ("uses", "a step calls a connector: `call`"),
    ("connector", "a step calls a connector: `call`"),
    ("method", "write method and path together: `request: POST /Users`"),
    ("url", "write method and path together: `request: POST /Users`"),
    ("path", "write method and path together: `request: POST /Users`"),
    ("endpoint", "write method and path together: `request: POST /Users`"),
    ("get", "write method and path together: `request: GET /Users`"),
    ("post", "write method and path together: `request: POST /Users`"),
    ("put", "write method and path together: `request: PUT /Users/1`"),
    ("patch", "write method and path together: `request: PATCH /Users/1`"),
    ("delete", "write method and path together: `request: DELETE /Users/1`"),
    ("json", "JSON that is sent is `body`"),
    ("data", "JSON that is sent is `body`"),
    ("payload", "JSON that is sent is `body`"),
    ("params", "what follows the ? of an address is `query`"),
    ("accept", "statuses that count as success are `expect`"),
    ("foreach", "the list of a loop is `for_each`"),
    ("with_items", "the list of a loop is `for_each`"),
    ("max_parallel", "how many items are in hand at a time is `concurrency`"),
    ("sleep", "a step waits with `wait: 7d`"),
    ("for", "a step waits with `wait: 3s`"),
    ("cases", "a `switch` is a list: each case has `when` and `steps`"),
    ("delay", "a step waits with `wait: 7d`"),
    ("continue_on_error", "write `on_error: continue`"),
    ("retries", "write `retry: { max_attempts: 5 }`"),
    ("env", "a workflow reads no environment: give it an `input`"),
    ("secrets", "a workflow never sees a secret: put it into the connector"),
];

/// Words inside a case of a `switch`.
const CASE_WORDS: [(&str, &str); 4] = [
    ("if", "the condition of a case is `when`"),
    ("case", "the condition of a case is `when`"),
    ("else", "the last case may be `otherwise: true`"),
    ("default", "the last case may be `otherwise: true`"),
];

/// The one problem of a connector's file that is read as a workflow.
pub(super) fn connector_file(document: &Document) -> Option<Problem> {
    let at = Pointer::root().key("base_url");
    if document.value().get("steps").is_some() || at.find(document.value()).is_none() {
        return None;
    }
    let problem = Problem::error(
        "connector-file",
        document.key_place(&at),
        "this is a connector, not a workflow",
    );
    Some(problem.hint("connectors stand in `connectors/`, beside `workflows/`"))
}

/// Says what an unknown key is called here, where that is known.
pub(super) fn translated(document: &Document, mut problem: Problem) -> Problem {
    if problem.code != "unknown-key" {
        return problem;
    }
    let text = document.text().get(problem.place.start..problem.place.end).unwrap_or_default();
    let key = text.trim_matches(['"', '\'']).to_ascii_lowercase().replace('-', "_");
    let meant = CASE_WORDS.iter().chain(&WORDS).find(|(word, _)| *word == key);
    if let Some((_, hint)) = meant {
        problem.hint = Some((*hint).to_owned());
    }
    problem
}
