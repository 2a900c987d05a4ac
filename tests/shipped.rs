//! The shipped project, pointed at a playground.

use tenure_playground::{Credentials, Playground, project_files};
use tenure_testkit::TempProject;

/// A copy of everything that the demo writes.
pub(crate) fn shipped(playground: &Playground) -> TempProject {
    let mut project = TempProject::new().unwrap();
    for (name, text) in project_files(playground.addresses(), &Credentials::demo()) {
        project = project.file(&name, &text).unwrap();
    }
    project
}
