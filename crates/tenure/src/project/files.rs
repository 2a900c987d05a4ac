//! Which files make a project.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

use tenure_language::{Place, Problem, Report};

use crate::config::FILE_NAME;
use crate::error::CommandError;

/// Most connector files, and most workflow files, of one project.
const FILES_MAX: usize = 2_000;
/// Largest file that is read whole; the language refuses what is longer than its own bound.
const FILE_LENGTH_MAX: u64 = 2 * 1024 * 1024;

/// One file as written.
#[derive(Debug, Clone)]
pub(crate) struct SourceFile {
    /// Its path below the project, as problems name it.
    pub(crate) name: String,
    /// What it says.
    pub(crate) text: String,
}

/// The files of a project besides `tenure.yaml`.
#[derive(Debug, Default)]
pub(crate) struct Files {
    /// `connectors/*.yaml`.
    pub(crate) connectors: Vec<SourceFile>,
    /// `workflows/*.yaml`, or the files in the project itself when it has no such directory.
    pub(crate) workflows: Vec<SourceFile>,
    /// Files that could not be read.
    pub(crate) unreadable: Vec<Report>,
}

impl Files {
    /// Reads the files of the project in this directory.
    ///
    /// A file that somebody named and that stands in neither place is taken for a workflow.
    pub(crate) fn read(root: &Path, named: Option<&str>) -> Result<Self, CommandError> {
        let mut files = Self::default();
        let connectors = listed(root, "connectors")?.unwrap_or_default();
        let mut workflows = match listed(root, "workflows")? {
            Some(found) => found,
            None => listed(root, "")?.unwrap_or_default(),
        };
        if let Some(named) = named.filter(|named| *named != FILE_NAME)
            && !connectors.iter().chain(&workflows).any(|name| name == named)
        {
            workflows.push(named.to_owned());
        }
        files.connectors = files.read_all(root, connectors);
        files.workflows = files.read_all(root, workflows);
        Ok(files)
    }

    fn read_all(&mut self, root: &Path, names: Vec<String>) -> Vec<SourceFile> {
        let mut read = Vec::with_capacity(names.len());
        for name in names {
            match read_text(&root.join(&name)) {
                Ok(text) => read.push(SourceFile { name, text }),
                Err(error) => self.unreadable.push(unreadable(name, &error)),
            }
        }
        read
    }
}

/// The project that a path given to `check` belongs to, and the one file that is meant.
pub(crate) fn belonging_to(path: &Path) -> Result<(PathBuf, Option<String>), CommandError> {
    let path = path.canonicalize().map_err(|error| {
        CommandError::usage(format!("{} cannot be read", path.display())).caused_by(&error)
    })?;
    if path.is_dir() {
        let inner = |name: &str| path.file_name() == Some(OsStr::new(name));
        let outer = path.parent().filter(|outer| outer.join(FILE_NAME).is_file());
        return Ok(match outer {
            Some(outer) if !is_project(&path) && (inner("workflows") || inner("connectors")) => {
                (outer.to_owned(), None)
            }
            _ => (path, None),
        });
    }
    let directory = path.parent().unwrap_or(Path::new("/"));
    let root = directory
        .ancestors()
        .take(2)
        .find(|directory| is_project(directory))
        .unwrap_or(directory)
        .to_owned();
    let name = path.strip_prefix(&root).unwrap_or(&path);
    Ok((root, Some(shown(name))))
}

/// The nearest directory at or above this one that holds a `tenure.yaml`; else this one.
pub(crate) fn nearest_project(from: &Path) -> PathBuf {
    from.ancestors()
        .find(|directory| directory.join(FILE_NAME).is_file())
        .unwrap_or(from)
        .to_owned()
}

/// Says which directory below this one holds a project, if one does.
pub(crate) fn nearby(root: &Path) -> Option<String> {
    let mut names: Vec<_> = std::fs::read_dir(root)
        .ok()?
        .take(FILES_MAX)
        .filter_map(Result::ok)
        .filter(|entry| entry.path().join(FILE_NAME).is_file())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    let name = names.first()?;
    Some(format!("there is a project in {name}/: `cd {name}`, or add `-C {name}`"))
}

fn is_project(directory: &Path) -> bool {
    directory.join(FILE_NAME).is_file()
        || directory.join("connectors").is_dir()
        || directory.join("workflows").is_dir()
}

/// The YAML files in a directory of the project, in the order of their names.
fn listed(root: &Path, inner: &str) -> Result<Option<Vec<String>>, CommandError> {
    let directory = root.join(inner);
    let entries = match std::fs::read_dir(&directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            let message = format!("{} cannot be read", directory.display());
            return Err(CommandError::usage(message).caused_by(&error));
        }
    };
    let mut names: Vec<String> = entries
        .filter_map(Result::ok)
        .filter(|entry| is_yaml(&entry.path()) && entry.path().is_file())
        // Wherever it stands, it says where a project is.
        .filter(|entry| entry.file_name() != FILE_NAME)
        .map(|entry| shown(&Path::new(inner).join(entry.file_name())))
        .collect();
    names.sort();
    if names.len() > FILES_MAX {
        let message = format!("{} holds {} files", directory.display(), names.len());
        return Err(CommandError::usage(message).because(format!("at most {FILES_MAX} are read")));
    }
    Ok(Some(names))
}

/// Editors' backups and hidden files are not meant.
fn is_yaml(path: &Path) -> bool {
    let hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
    let extension = path.extension().and_then(OsStr::to_str);
    !hidden && matches!(extension, Some("yaml" | "yml"))
}

fn shown(name: &Path) -> String {
    name.to_string_lossy().replace('\\', "/")
}

fn read_text(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(FILE_LENGTH_MAX).read_to_string(&mut text)?;
    Ok(text)
}

fn unreadable(file: String, error: &io::Error) -> Report {
    let message = match error.kind() {
        ErrorKind::InvalidData => "the file is not UTF-8 text".to_owned(),
        _ => format!("the file cannot be read: {error}"),
    };
    let problem = Problem::error("unreadable", Place::default(), message);
    Report::new(&file, "", vec![problem])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(names: &[&str]) -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        for name in names {
            let path = directory.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "name: x\n").unwrap();
        }
        directory
    }

    fn names(files: &[SourceFile]) -> Vec<&str> {
        files.iter().map(|file| file.name.as_str()).collect()
    }

    #[test]
    fn a_project_is_its_two_directories() {
        let tree = tree(&[
            "tenure.yaml",
            "connectors/b.yaml",
            "connectors/a.yml",
            "connectors/notes.txt",
            "workflows/.hidden.yaml",
            "workflows/joiner.yaml",
            "other.yaml",
        ]);
        let files = Files::read(tree.path(), None).unwrap();
        assert_eq!(names(&files.connectors), ["connectors/a.yml", "connectors/b.yaml"]);
        assert_eq!(names(&files.workflows), ["workflows/joiner.yaml"]);
    }

    #[test]
    fn a_file_that_was_named_is_read_wherever_it_stands() {
        let tree = tree(&["connectors/a.yaml", "workflows/joiner.yaml", "draft.yaml"]);
        let read = |named| {
            let files = Files::read(tree.path(), Some(named)).unwrap();
            names(&files.workflows).into_iter().map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(read("draft.yaml"), ["workflows/joiner.yaml", "draft.yaml"]);
        assert_eq!(read("workflows/joiner.yaml"), ["workflows/joiner.yaml"]);
        assert_eq!(read("connectors/a.yaml"), ["workflows/joiner.yaml"]);
        assert_eq!(read("tenure.yaml"), ["workflows/joiner.yaml"]);
    }

    #[test]
    fn a_directory_of_workflows_is_a_project_too() {
        let tree = tree(&["joiner.yaml", "tenure.yaml", "connectors/chat.yaml"]);
        let files = Files::read(tree.path(), None).unwrap();
        assert_eq!(names(&files.workflows), ["joiner.yaml"]);
        assert_eq!(names(&files.connectors), ["connectors/chat.yaml"]);
    }

    #[test]
    fn a_project_below_is_found_and_is_no_workflow() {
        let tree = tree(&["workflows/tenure.yaml", "workflows/workflows/joiner.yaml", "docs/a.md"]);
        assert_eq!(names(&Files::read(tree.path(), None).unwrap().workflows), [""; 0]);
        assert!(nearby(tree.path()).unwrap().contains("-C workflows"));
        assert_eq!(nearby(&tree.path().join("docs")), None);
    }

    #[test]
    fn a_path_belongs_to_the_project_around_it() {
        let tree = tree(&["tenure.yaml", "workflows/joiner.yaml"]);
        let root = tree.path().canonicalize().unwrap();
        let check = |path: &str, file: Option<&str>| {
            let found = belonging_to(&tree.path().join(path)).unwrap();
            assert_eq!(found, (root.clone(), file.map(str::to_owned)), "{path}");
        };
        check("", None);
        check("workflows", None);
        check("workflows/joiner.yaml", Some("workflows/joiner.yaml"));
        check("tenure.yaml", Some("tenure.yaml"));
        assert!(belonging_to(&tree.path().join("absent.yaml")).is_err());
    }

    #[test]
    fn a_file_that_is_no_text_is_reported() {
        let tree = tree(&["tenure.yaml", "workflows/joiner.yaml"]);
        std::fs::write(tree.path().join("workflows/odd.yaml"), [0xff]).unwrap();
        let files = Files::read(tree.path(), None).unwrap();
        assert_eq!(names(&files.workflows), ["workflows/joiner.yaml"]);
        assert_eq!(files.unreadable.len(), 1);
        assert_eq!(files.unreadable[0].file, "workflows/odd.yaml");
    }
}
