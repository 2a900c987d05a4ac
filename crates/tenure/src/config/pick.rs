//! One value out of a flag, the environment, the file and a default.

use std::fmt;

use tenure_language::{Document, Place, Pointer, Problem};

use crate::error::CommandError;

/// Where the value in force was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    /// On the command line.
    Flag(&'static str),
    /// In this environment variable.
    Environment(&'static str),
    /// In the project file.
    File {
        /// The file.
        file: String,
        /// Line, 1-based.
        line: usize,
    },
    /// Nowhere.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(name) | Self::Environment(name) => f.write_str(name),
            Self::File { file, line } => write!(f, "{file}:{line}"),
            Self::Default => f.write_str("default"),
        }
    }
}

/// A value in force and where it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Setting<T> {
    pub(crate) value: T,
    pub(crate) origin: Origin,
}

/// One setting: the names under which it may be written, and how it is read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Key<T> {
    /// In the file and in `tenure config`; nesting is written with a dot.
    pub(crate) name: &'static str,
    /// On the command line.
    pub(crate) flag: &'static str,
    /// In the environment.
    pub(crate) variable: &'static str,
    /// What holds when nobody writes anything.
    pub(crate) default: fn() -> T,
    /// Reads a value, or says what was expected of it.
    pub(crate) parse: fn(&str) -> Result<T, String>,
}

impl<T> Key<T> {
    fn pointer(&self) -> Pointer {
        self.name.split('.').fold(Pointer::root(), |pointer, key| pointer.key(key))
    }
}

/// Chooses values; the command line beats the environment beats the file.
pub(crate) struct Picker<'a> {
    environment: &'a dyn Fn(&str) -> Option<String>,
    document: Option<&'a Document>,
    problems: Vec<Problem>,
}

impl<'a> Picker<'a> {
    /// Chooses between these layers.
    pub(crate) fn new(
        environment: &'a dyn Fn(&str) -> Option<String>,
        document: Option<&'a Document>,
    ) -> Self {
        Self { environment, document, problems: Vec::new() }
    }

    /// Chooses one value.
    ///
    /// What the file says is read even if it is overridden, so that `check` finds it. A wrong
    /// value in the file is kept as a problem, one in a higher layer ends the command.
    pub(crate) fn pick<T>(
        &mut self,
        key: &Key<T>,
        flag: Option<String>,
        file: Option<String>,
    ) -> Result<Setting<T>, CommandError> {
        let in_file = file.and_then(|text| self.in_file(key, &text));
        // An empty variable is an unset one: that is how deployments blank a value.
        let variable = (self.environment)(key.variable).filter(|text| !text.is_empty());
        let upper = match (flag, variable) {
            (Some(text), _) => Some((text, Origin::Flag(key.flag))),
            (None, Some(text)) => Some((text, Origin::Environment(key.variable))),
            (None, None) => None,
        };
        let Some((text, origin)) = upper else {
            let default = || Setting { value: (key.default)(), origin: Origin::Default };
            return Ok(in_file.unwrap_or_else(default));
        };
        match (key.parse)(&text) {
            Ok(value) => Ok(Setting { value, origin }),
            Err(expected) => Err(CommandError::usage(format!("{origin} is not usable"))
                .because(format!("{:?} is not {expected}", shortened(&text)))
                .hint("`tenure config` prints what is in force and where it was written")),
        }
    }

    fn in_file<T>(&mut self, key: &Key<T>, text: &str) -> Option<Setting<T>> {
        let (file, place) = match self.document {
            Some(document) => (document.file().to_owned(), document.place(&key.pointer())),
            None => (String::new(), Place::default()),
        };
        match (key.parse)(text) {
            Ok(value) => Some(Setting { value, origin: Origin::File { file, line: place.line } }),
            Err(expected) => {
                let name = key.name;
                let message = format!("{name} is {:?}, which is not {expected}", shortened(text));
                self.problems.push(Problem::error("bad-setting", place, message));
                None
            }
        }
    }

    /// What was wrong in the file.
    pub(crate) fn into_problems(self) -> Vec<Problem> {
        self.problems
    }
}

/// The beginning of a text, so that a pasted file does not fill the screen.
fn shortened(text: &str) -> String {
    const LIMIT: usize = 60;
    if text.chars().count() <= LIMIT {
        return text.to_owned();
    }
    text.chars().take(LIMIT).chain(['…']).collect()
}
