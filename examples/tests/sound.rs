//! Every project that is shipped is sound.

use std::fs;
use std::path::Path;

use tenure_connector::{EnvironmentSecrets, Secret, SecretError, SecretSource};

use crate::world::{files, known, repository};

/// Has every secret: what they are is the operator's affair.
struct AnySecret;

impl SecretSource for AnySecret {
    fn secret(&self, _: &str) -> Result<Option<Secret>, SecretError> {
        Ok(Some(Secret::new("replace-me")))
    }

    fn how_to_give(&self, name: &str) -> String {
        EnvironmentSecrets.how_to_give(name)
    }
}

/// Checks all files of a project; problems and warnings alike.
fn problems(project: &Path) -> String {
    let mut problems = String::new();
    let mut connectors = Vec::new();
    for (name, text) in files(project, "connectors") {
        let checked = tenure_connector::check(&name, &text, &AnySecret);
        problems.push_str(&checked.report.render(false));
        connectors.extend(checked.connector);
    }
    let known = known(&connectors);
    for (name, text) in files(project, "workflows") {
        let checked = tenure_workflow::check(&name, &text, &known);
        problems.push_str(&checked.report.render(false));
    }
    problems
}

#[test]
fn shipped_projects_have_no_problem() {
    for project in ["workflows", "examples/webhook-to-chat", "examples/directory-comparison"] {
        let found = problems(&repository(project));
        assert!(found.is_empty(), "{project}:\n{found}");
    }
}

#[test]
fn the_variant_of_the_directory_offers_the_same_actions() {
    let check = |name: &str| {
        let path = repository("workflows").join(name);
        let text = fs::read_to_string(path).unwrap();
        let checked = tenure_connector::check(name, &text, &AnySecret);
        assert_eq!(checked.report.problems, [], "{}", checked.report.render(false));
        (text.split("actions:").nth(1).unwrap().to_owned(), checked.connector.unwrap().auth.word())
    };
    let (shipped, variant) = (check("connectors/directory.yaml"), check("variants/directory.yaml"));
    assert_eq!(shipped.0, variant.0);
    assert_eq!((shipped.1, variant.1), ("basic", "bearer"));
}
