//! What the READMEs say is true: every example is checked, every filter computed.
//!
//! A ```` ```yaml ```` block is a whole file, or says which part of one it is by a comment right
//! above it, such as `<!-- fragment: step -->`. Parts are put into a small file around them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::{Value, json};
use tenure_connector::{Connector, EnvironmentSecrets, Secret, SecretError, SecretSource};
use tenure_language::{Document, Expression, Report};
use tenure_testkit::TempProject;
use tenure_workflow::{Known, KnownAction, KnownConnector, KnownInput};

use crate::program::tenure;

/// The pages whose examples are checked.
const PAGES: [&str; 2] = ["README.md", "workflows/README.md"];
/// Fewest blocks the pages may come down to, so that a changed fence is noticed.
const BLOCKS_MIN: usize = 8;

/// What every fragment of a workflow may refer to.
const STEPS: &str = "
steps:
  - id: facts
    set:
      user: ${{ event.data.user }}
      login: ${{ vars.user.userName }}
      teams: ${{ vars.user.attributes.teams }}
  - id: account
    call: directory
    request: POST /Users
    body: { userName: \"${{ vars.login }}\" }
    output: { id: $.body.id }
";
const TRIGGERS: &str = "
triggers:
  - event: identity.user.created
";

#[tokio::test]
async fn every_example_passes_the_check() {
    let known = shipped();
    let mut seen = 0;
    for page in PAGES {
        for block in blocks(page) {
            check(&block, &known).await;
            seen += 1;
        }
    }
    assert!(seen >= BLOCKS_MIN, "only {seen} examples are left");
}

#[test]
fn every_filter_does_what_its_row_says() {
    let rows = table("workflows/README.md", "| filter |");
    for row in &rows {
        let [_, _, examples, results] = row.as_slice() else { panic!("odd row {row:?}") };
        let (examples, results) = (spans(examples), spans(results));
        assert_eq!(examples.len(), results.len(), "{row:?}");
        for (example, result) in examples.iter().zip(&results) {
            let expected: Value = serde_json::from_str(result).unwrap();
            let expression = Expression::compile(example)
                .unwrap_or_else(|error| panic!("{example}: {}", error.message));
            assert_eq!(expression.eval(&json!({})).as_ref(), Ok(&expected), "{example}");
        }
    }
    same(&names(&rows), &listed("KNOWN_FILTERS"), "filter");
}

#[test]
fn every_test_has_its_row() {
    let rows = table("workflows/README.md", "| test |");
    let mut known = listed("KNOWN_TESTS");
    // Read as `none`.
    known.insert("null".to_owned());
    same(&names(&rows), &known, "test");
}

// === blocks ===

/// One example of a page.
struct Block {
    /// Page and line, for whoever has to mend it.
    place: String,
    /// Which part of a file it is; none if it is a whole one.
    fragment: Option<String>,
    text: String,
}

fn blocks(page: &str) -> Vec<Block> {
    let text = read(page);
    let mut blocks: Vec<Block> = Vec::new();
    let mut open = false;
    let mut above = "";
    for (index, line) in text.lines().enumerate() {
        if open {
            match blocks.last_mut() {
                _ if line == "```" => open = false,
                Some(block) => block.text.extend([line, "\n"]),
                None => {}
            }
        } else if line.trim_start().starts_with("```yaml") {
            assert_eq!(line, "```yaml", "{page}:{} is not plainly fenced", index + 1);
            open = true;
            let place = format!("{page}:{}", index + 1);
            let fragment = above.strip_prefix("<!-- fragment: ");
            let fragment = fragment.and_then(|rest| rest.strip_suffix(" -->"));
            blocks.push(Block {
                place,
                fragment: fragment.map(str::to_owned),
                text: String::new(),
            });
        }
        above = line;
    }
    assert!(!open, "{page} ends inside of an example");
    blocks
}

/// Fails unless nothing at all is to be said about an example.
async fn check(block: &Block, known: &Known) {
    let place = &block.place;
    match block.fragment.as_deref() {
        Some("step") => {
            let steps: String = block.text.lines().map(|line| format!("  {line}\n")).collect();
            workflow(place, &format!("name: reference{TRIGGERS}{STEPS}{steps}"), known);
        }
        Some("workflow") => {
            let missing = |key: &str, part: &'static str| {
                let written = block.text.lines().any(|line| line.starts_with(key));
                if written { "" } else { part }
            };
            let (triggers, steps) = (missing("triggers:", TRIGGERS), missing("steps:", STEPS));
            workflow(place, &format!("name: reference{triggers}{steps}{}", block.text), known);
        }
        Some(other) => panic!("{place}: there are no fragments of kind {other:?}"),
        None => whole(block, known).await,
    }
}

async fn whole(block: &Block, known: &Known) {
    let Block { place, text, .. } = block;
    let document = Document::parse(place, text).unwrap_or_else(|report| silent(place, &report));
    let Value::Object(keys) = document.value() else { panic!("{place} is not a map") };
    if keys.contains_key("base_url") {
        connector(place, text);
    } else if keys.contains_key("steps") {
        workflow(place, text, known);
    } else if keys.keys().all(|key| SETTINGS.contains(&key.as_str())) {
        let project = TempProject::new().unwrap().file("tenure.yaml", text).unwrap();
        tenure(project.root(), &["check"]).await.with(0).saying("no problems");
    } else {
        panic!("{place} is no whole file: say which part it is, as in <!-- fragment: step -->");
    }
}

/// The keys of `tenure.yaml`, by which it is told from other files.
const SETTINGS: [&str; 6] = ["listen", "data", "log", "limits", "egress", "secrets"];

fn workflow(place: &str, text: &str, known: &Known) {
    let checked = tenure_workflow::check(place, text, known);
    if checked.plan.is_none() || !checked.report.problems.is_empty() {
        silent(place, &checked.report)
    }
}

fn connector(place: &str, text: &str) -> Connector {
    let checked = tenure_connector::check(place, text, &AnySecret);
    match checked.connector {
        Some(connector) if checked.report.problems.is_empty() => connector,
        _ => silent(place, &checked.report),
    }
}

/// Shows what should have been silent.
fn silent(place: &str, report: &Report) -> ! {
    panic!("{place} has problems:\n{}\n{}", report.render(false), report.text)
}

/// The connectors of the shipped project, as its workflows know them.
fn shipped() -> Known {
    let folder = root().join("workflows/connectors");
    let mut connectors = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let connector = connector(&path.display().to_string(), &text);
        let actions = connector.actions.iter().map(|(name, action)| {
            let input = action.input.iter().map(|(name, input)| {
                let schema = Some(input.schema());
                (name.clone(), KnownInput { required: input.required, schema })
            });
            (name.clone(), KnownAction { input: input.collect() })
        });
        let actions = actions.collect();
        let known = KnownConnector { actions, enabled: connector.enabled };
        connectors.insert(connector.name.clone(), known);
    }
    Known::only(connectors)
}

/// A place where every secret is.
struct AnySecret;

impl SecretSource for AnySecret {
    fn secret(&self, name: &str) -> Result<Option<Secret>, SecretError> {
        Ok(Some(Secret::new(name)))
    }

    fn how_to_give(&self, name: &str) -> String {
        EnvironmentSecrets.how_to_give(name)
    }
}

// === tables ===

/// The rows of the one table whose head begins so, cell by cell.
fn table(page: &str, head: &str) -> Vec<Vec<String>> {
    let text = read(page);
    let mut lines = text.lines().skip_while(|line| !line.starts_with(head)).skip(2);
    let rows: Vec<Vec<String>> =
        lines.by_ref().take_while(|line| line.starts_with('|')).map(cells).collect();
    assert!(!rows.is_empty(), "{page} has no table {head:?}");
    assert!(!lines.any(|line| line.starts_with(head)), "{page} has two tables {head:?}");
    rows
}

/// A `|` inside of a cell is written `\|`.
fn cells(row: &str) -> Vec<String> {
    let row = row.replace(r"\|", "\0");
    let row = row.trim_matches(|c| c == '|' || c == ' ');
    row.split(" | ").map(|cell| cell.trim().replace('\0', "|")).collect()
}

/// What stands between backticks.
fn spans(cell: &str) -> Vec<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The names in the first cells, without what stands in brackets.
fn names(rows: &[Vec<String>]) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for span in rows.iter().filter_map(|row| row.first()).flat_map(|cell| spans(cell)) {
        let name = span.split('(').next().unwrap_or_default().to_owned();
        assert!(names.insert(name), "{span:?} is in two rows");
    }
    names
}

/// A list of names in the sources of the filters, which the crate keeps to itself.
fn listed(list: &str) -> BTreeSet<String> {
    let text = read("crates/language/src/expression/filters.rs");
    let (_, rest) = text.split_once(&format!("const {list}: ")).unwrap();
    let (_, rest) = rest.split_once("= [").unwrap();
    let (inside, _) = rest.split_once("];").unwrap();
    inside.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

fn same(told: &BTreeSet<String>, known: &BTreeSet<String>, what: &str) {
    let untold: Vec<_> = known.difference(told).collect();
    let unknown: Vec<_> = told.difference(known).collect();
    assert!(untold.is_empty(), "no row tells of {what} {untold:?}");
    assert!(unknown.is_empty(), "there is no {what} {unknown:?}");
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

fn read(file: &str) -> String {
    std::fs::read_to_string(root().join(file)).unwrap()
}
