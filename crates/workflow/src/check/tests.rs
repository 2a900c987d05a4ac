//! What the check says, text by text.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::json;

use super::{Checked, check};
use crate::known::{Known, KnownAction, KnownConnector, KnownInput};

mod blocks;
mod calls;
mod habits;
mod plans;
mod properties;
mod references;
mod triggers;
mod whole;

/// A project with a directory, a chat that has one action, and a connector out of use.
fn project() -> Known {
    let input = |required, schema| KnownInput { required, schema };
    let post_message = KnownAction {
        input: BTreeMap::from([
            ("channel".to_owned(), input(true, Some(json!({ "type": "string" })))),
            ("text".to_owned(), input(true, None)),
            ("thread".to_owned(), input(false, None)),
        ]),
    };
    let connector = |actions, enabled| KnownConnector { actions, enabled };
    Known::only(BTreeMap::from([
        ("directory".to_owned(), connector(BTreeMap::new(), true)),
        (
            "chat".to_owned(),
            connector(BTreeMap::from([("post_message".to_owned(), post_message)]), true),
        ),
        ("payroll".to_owned(), connector(BTreeMap::new(), false)),
    ]))
}

/// Checks a whole file.
fn checked(text: &str) -> Checked {
    check("workflow.yaml", text, &project())
}

/// Problems of a whole file, one a line, with hints below.
fn problems(text: &str) -> String {
    let checked = checked(text);
    let mut lines = String::new();
    for problem in &checked.report.problems {
        let place = problem.place;
        let (severity, code) = (problem.severity.as_str(), problem.code);
        writeln!(lines, "{}:{} {severity}[{code}] {}", place.line, place.column, problem.message)
            .unwrap();
        if let Some(hint) = &problem.hint {
            writeln!(lines, "     {hint}").unwrap();
        }
    }
    assert_eq!(checked.plan.is_none(), checked.report.has_errors(), "{lines}");
    if lines.is_empty() { "fine".to_owned() } else { lines }
}

/// Problems of steps, in a workflow that is right otherwise; the steps begin in line 4.
fn check_steps(steps: &str) -> String {
    problems(&format!("name: joiner\ntriggers: [{{ manual: {{}} }}]\nsteps:\n{steps}"))
}
