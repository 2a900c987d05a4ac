//! Values nobody may read back.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use zeroize::Zeroizing;

/// Longest secret that is read, in bytes.
const LENGTH_MAX: usize = 64 * 1024;

/// A value that cannot be shown.
///
/// It has no `Display` that tells, its `Debug` prints `(secret)`, it implements no
/// serialization, and its memory is overwritten when the last copy goes.
#[derive(Clone)]
pub struct Secret(Arc<Zeroizing<String>>);

impl Secret {
    /// Takes a value into custody.
    #[must_use]
    pub fn new(value: impl Into<String>) -> Self {
        Self(Arc::new(Zeroizing::new(value.into())))
    }

    /// The value, for the wire only.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

/// Where secrets come from.
pub trait SecretSource: Send + Sync {
    /// Looks a secret up by its name; `None` means nobody gave it.
    ///
    /// # Errors
    /// When the secret was given but cannot be read.
    fn secret(&self, name: &str) -> Result<Option<Secret>, SecretError>;

    /// How a person can give this secret, for hints.
    fn how_to_give(&self, name: &str) -> String;
}

/// Why a secret that was given cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The file it is said to be in cannot be read.
    #[error("file {path:?}, which holds secret {name:?}, cannot be read")]
    File {
        /// Name of the secret.
        name: String,
        /// Where it should have been.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// It is not text.
    #[error("secret {name:?} is not UTF-8 text")]
    NotText {
        /// Name of the secret.
        name: String,
    },
    /// It is larger than any credential.
    #[error("secret {name:?} is longer than {LENGTH_MAX} bytes")]
    TooLong {
        /// Name of the secret.
        name: String,
    },
}

/// Secrets from environment variables and the files they name.
///
/// Secret `github_token` is `TENURE_SECRET_GITHUB_TOKEN`, or the content of the file
/// that `TENURE_SECRET_GITHUB_TOKEN_FILE` names, without its last line break. The
/// variable's name may also be spelt exactly like the secret's.
#[derive(Debug, Clone, Copy, Default)]
pub struct EnvironmentSecrets;

impl SecretSource for EnvironmentSecrets {
    fn secret(&self, name: &str) -> Result<Option<Secret>, SecretError> {
        find(name, |variable| std::env::var_os(variable))
    }

    fn how_to_give(&self, name: &str) -> String {
        let variable = variable(&name.to_uppercase());
        format!("set {variable}, or {variable}_FILE to the path of a file that holds it")
    }
}

fn variable(name: &str) -> String {
    format!("TENURE_SECRET_{name}")
}

fn find(
    name: &str,
    environment: impl Fn(&str) -> Option<std::ffi::OsString>,
) -> Result<Option<Secret>, SecretError> {
    for variable in [variable(&name.to_uppercase()), variable(name)] {
        if let Some(value) = environment(&variable) {
            let value =
                value.into_string().map_err(|_| SecretError::NotText { name: name.to_owned() })?;
            return bounded(name, value).map(Some);
        }
        if let Some(path) = environment(&format!("{variable}_FILE")) {
            return from_file(name, PathBuf::from(path)).map(Some);
        }
    }
    Ok(None)
}

fn from_file(name: &str, path: PathBuf) -> Result<Secret, SecretError> {
    use std::io::Read;
    let mut bytes = Zeroizing::new(Vec::new());
    std::fs::File::open(&path)
        .and_then(|file| file.take(LENGTH_MAX as u64 + 2).read_to_end(&mut bytes))
        .map_err(|source| SecretError::File { name: name.to_owned(), path, source })?;
    let text =
        std::str::from_utf8(&bytes).map_err(|_| SecretError::NotText { name: name.to_owned() })?;
    let text = text.strip_suffix('\n').unwrap_or(text);
    bounded(name, text.strip_suffix('\r').unwrap_or(text).to_owned())
}

fn bounded(name: &str, value: String) -> Result<Secret, SecretError> {
    if value.len() > LENGTH_MAX {
        return Err(SecretError::TooLong { name: name.to_owned() });
    }
    Ok(Secret::new(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, environment: &[(&str, &str)], expect: Option<&str>) {
        let found = find(name, |variable| {
            environment.iter().find(|(key, _)| *key == variable).map(|(_, value)| value.into())
        })
        .unwrap();
        assert_eq!(found.as_ref().map(Secret::expose), expect);
    }

    #[test]
    fn a_secret_comes_from_a_variable() {
        check("chat_token", &[("TENURE_SECRET_CHAT_TOKEN", "xoxb-1")], Some("xoxb-1"));
        check("chat_token", &[("TENURE_SECRET_chat_token", "xoxb-2")], Some("xoxb-2"));
        check("chat_token", &[("TENURE_SECRET_OTHER", "x")], None);
        check("chat_token", &[("TENURE_SECRET_CHAT_TOKEN", "")], Some(""));
    }

    #[test]
    fn a_secret_comes_from_a_file_without_its_last_line_break() {
        let directory = tempfile::tempdir().unwrap();
        for (content, expect) in
            [("s3cret", "s3cret"), ("s3cret\n", "s3cret"), ("a\r\n", "a"), ("a\n\n", "a\n")]
        {
            let path = directory.path().join("secret");
            std::fs::write(&path, content).unwrap();
            check("token", &[("TENURE_SECRET_TOKEN_FILE", path.to_str().unwrap())], Some(expect));
        }
    }

    #[test]
    fn a_file_that_is_absent_is_an_error_that_names_it() {
        let error = find("token", |variable| {
            (variable == "TENURE_SECRET_TOKEN_FILE").then(|| "/nowhere/token".into())
        })
        .unwrap_err();
        assert_eq!(
            error.to_string(),
            r#"file "/nowhere/token", which holds secret "token", cannot be read"#
        );
    }

    #[test]
    fn a_secret_is_bounded() {
        let long = "x".repeat(LENGTH_MAX + 1);
        let error = find("token", |_| Some((&long).into())).unwrap_err();
        assert!(matches!(error, SecretError::TooLong { .. }), "{error}");
    }

    #[test]
    fn nothing_formats_its_content() {
        let secret = Secret::new("hunter2");
        assert_eq!(format!("{secret} {secret:?} {secret:#?}"), "(secret) (secret) (secret)");
    }
}
