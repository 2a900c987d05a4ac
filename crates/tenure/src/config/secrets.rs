//! Where connectors get their secrets from.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use tenure_connector::{EnvironmentSecrets, Secret, SecretError, SecretSource};
use tenure_language::{Document, Place, Problem, is_id};

use super::{secret_pointer, source::SecretFileSource};

/// Longest secret that is read, in bytes.
const LENGTH_MAX: usize = 64 * 1024;

/// A secret that is kept in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SecretFile {
    /// The file that holds it, and nothing else.
    pub(crate) path: PathBuf,
    /// Line of `tenure.yaml` that says so, 1-based.
    pub(crate) line: usize,
}

/// The secrets that the project file places in files, by name.
pub(super) fn files(
    root: &Path,
    written: BTreeMap<String, SecretFileSource>,
    document: Option<&Document>,
    problems: &mut Vec<Problem>,
) -> BTreeMap<String, SecretFile> {
    let mut files = BTreeMap::new();
    for (name, source) in written {
        let pointer = secret_pointer(&name);
        let place = document.map_or_else(Place::default, |document| document.key_place(&pointer));
        if !is_id(&name) {
            let message = format!("secret {name:?} has no usable name");
            let problem = Problem::error("bad-id", place, message);
            problems.push(problem.hint("small letters, digits and underscores, a letter first"));
        } else if let Some(file) = source.file.filter(|file| !file.is_empty()) {
            files.insert(name, SecretFile { path: root.join(file), line: place.line });
        } else {
            let message = format!("secret {name:?} does not say which file holds it");
            let problem = Problem::error("missing-key", place, message);
            problems.push(problem.hint(format!("{name}: {{ file: secrets/{name} }}")));
        }
    }
    files
}

/// The environment first, then the files that the project names.
#[derive(Debug, Clone)]
pub(crate) struct ProjectSecrets {
    files: BTreeMap<String, SecretFile>,
}

impl ProjectSecrets {
    /// Secrets of a project with these files.
    pub(crate) fn new(files: BTreeMap<String, SecretFile>) -> Self {
        Self { files }
    }
}

impl SecretSource for ProjectSecrets {
    fn secret(&self, name: &str) -> Result<Option<Secret>, SecretError> {
        if let Some(secret) = EnvironmentSecrets.secret(name)? {
            return Ok(Some(secret));
        }
        self.files.get(name).map(|file| read(name, &file.path)).transpose()
    }

    fn how_to_give(&self, name: &str) -> String {
        let variables = EnvironmentSecrets.how_to_give(name);
        format!("{variables}, or name a file in tenure.yaml: secrets: {{ {name}: {{ file: … }} }}")
    }
}

/// Names of the secrets that a connector's text asks for.
pub(crate) fn secrets_in(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split("${{").skip(1).filter_map(|rest| {
        let (hole, _) = rest.split_once("}}")?;
        let name = hole.trim().strip_prefix("secrets.")?;
        is_id(name).then(|| name.to_owned())
    })
}

/// The variable that gives a secret, if the environment has one.
pub(crate) fn in_environment(name: &str) -> Option<String> {
    let spellings = [name.to_uppercase(), name.to_owned()];
    let variables = spellings.iter().flat_map(|name| {
        let variable = format!("TENURE_SECRET_{name}");
        [variable.clone(), format!("{variable}_FILE")]
    });
    variables.into_iter().find(|variable| std::env::var_os(variable).is_some())
}

/// The content of a file without its last line break.
fn read(name: &str, path: &Path) -> Result<Secret, SecretError> {
    let name = || name.to_owned();
    let mut text = String::new();
    let read = File::open(path)
        .and_then(|file| file.take(LENGTH_MAX as u64 + 2).read_to_string(&mut text));
    read.map_err(|source| match source.kind() {
        ErrorKind::InvalidData => SecretError::NotText { name: name() },
        _ => SecretError::File { name: name(), path: path.to_owned(), source },
    })?;
    let kept = text.strip_suffix('\n').unwrap_or(&text);
    let kept = kept.strip_suffix('\r').unwrap_or(kept).len();
    if kept > LENGTH_MAX {
        return Err(SecretError::TooLong { name: name() });
    }
    // Cut in place: a copy would stay behind in memory.
    text.truncate(kept);
    Ok(Secret::new(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project(directory: &Path) -> ProjectSecrets {
        let file = |name: &str| SecretFile { path: directory.join(name), line: 1 };
        ProjectSecrets::new(BTreeMap::from([
            ("here".to_owned(), file("here")),
            ("absent".to_owned(), file("absent")),
            ("binary".to_owned(), file("binary")),
            ("endless".to_owned(), file("endless")),
        ]))
    }

    #[test]
    fn the_secrets_of_a_text_are_found_by_name() {
        let text = "auth: { bearer: { token: \"${{ secrets.chat_token }}\" } }\nx: ${{ other.a }}";
        assert_eq!(secrets_in(text).collect::<Vec<_>>(), ["chat_token"]);
        assert_eq!(secrets_in("${{ secrets. }} ${{ secrets.a").count(), 0);
    }

    #[test]
    fn a_secret_is_read_from_the_file_that_the_project_names() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("here"), "s3cret\n").unwrap();
        std::fs::write(directory.path().join("binary"), [0xff, 0xfe]).unwrap();
        std::fs::write(directory.path().join("endless"), vec![b'x'; LENGTH_MAX + 1]).unwrap();
        let secrets = project(directory.path());
        assert!(secrets.secret("here").unwrap().is_some());
        assert!(secrets.secret("unknown").unwrap().is_none());
        assert!(matches!(secrets.secret("absent"), Err(SecretError::File { .. })));
        assert!(matches!(secrets.secret("binary"), Err(SecretError::NotText { .. })));
        assert!(matches!(secrets.secret("endless"), Err(SecretError::TooLong { .. })));
    }
}
