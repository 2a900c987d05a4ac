//! Problems, as RFC 9457 shapes them.

use serde::{Deserialize, Serialize};

/// Why a request was refused (RFC 9457, `application/problem+json`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Names the kind of problem: `urn:tenure:problem:` and a stable word.
    #[serde(rename = "type")]
    pub kind: String,
    /// The kind in words, the same for all problems of one kind.
    pub title: String,
    /// Status of the answer.
    pub status: u16,
    /// What was wrong this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Each single mistake, when there are several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<String>,
}

impl Problem {
    /// Media type of a problem.
    pub const MEDIA_TYPE: &'static str = "application/problem+json";
    const PREFIX: &'static str = "urn:tenure:problem:";

    /// A problem of the kind that `word` names.
    #[must_use]
    pub fn new(word: &str, status: u16, title: impl Into<String>) -> Self {
        Self {
            kind: format!("{}{word}", Self::PREFIX),
            title: title.into(),
            status,
            detail: None,
            hint: None,
            errors: Vec::new(),
        }
    }

    /// The stable word of its kind; empty for problems that are not ours.
    #[must_use]
    pub fn word(&self) -> &str {
        self.kind.strip_prefix(Self::PREFIX).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_reads_back_and_names_its_kind() {
        let mut problem = Problem::new("unknown-run", 404, "There is no such run");
        problem.detail = Some("no run has the id 17".into());
        let text = serde_json::to_string(&problem).unwrap();
        assert_eq!(
            text,
            r#"{"type":"urn:tenure:problem:unknown-run","title":"There is no such run","status":404,"detail":"no run has the id 17"}"#
        );
        let read: Problem = serde_json::from_str(&text).unwrap();
        assert_eq!(read, problem);
        assert_eq!(read.word(), "unknown-run");
    }

    #[test]
    fn a_foreign_problem_has_no_word() {
        let text = r#"{"type":"about:blank","title":"Bad Gateway","status":502}"#;
        assert_eq!(serde_json::from_str::<Problem>(text).unwrap().word(), "");
    }
}
