//! What people bring along from other tools, and what is written here instead.

use serde_json::Value;
use tenure_language::{Document, ForeignExpression, Pointer, Problem, Segment};

use super::Checker;

/// Ways to authenticate that a later version may have, and what to do until then.
const LATER: [(&str, &str); 14] = [
    ("oauth", TOKEN),
    ("oauth2", TOKEN),
    ("oidc", TOKEN),
    ("client_credentials", TOKEN),
    ("jwt", TOKEN),
    ("mtls", PROXY),
    ("tls", PROXY),
    ("certificate", PROXY),
    ("client_certificate", PROXY),
    ("digest", PROXY),
    ("ntlm", PROXY),
    ("kerberos", PROXY),
    ("aws", PROXY),
    ("hmac", PROXY),
];
const TOKEN: &str = "until then, let another program fetch the token into a file that \
     `tenure.yaml` names, and write `auth: { bearer: { token: \"${{ secrets.NAME }}\" } }`";
const PROXY: &str =
    "until then, put a proxy of yours in between that does it, and name that in `base_url`";

/// Keys of `auth` that say what another one says here.
const KINDS: [(&str, &str); 8] = [
    ("type", BEARER),
    ("kind", BEARER),
    ("token", BEARER),
    ("access_token", BEARER),
    ("username", BASIC),
    ("password", BASIC),
    ("api_key", HEADER),
    ("apikey", HEADER),
];
const BEARER: &str = "the kind is a key: `auth: { bearer: { token: \"${{ secrets.NAME }}\" } }`";
const BASIC: &str = "the kind is a key: `auth: { basic: { username: …, password: … } }`";
const HEADER: &str =
    "write `auth: { header: { name: X-Api-Key, value: \"${{ secrets.NAME }}\" } }`";

/// Keys of a `retry` that other tools have.
const RETRY_WORDS: [(&str, &str); 9] = [
    ("delay", "initial_delay"),
    ("backoff", "initial_delay"),
    ("interval", "initial_delay"),
    ("wait", "initial_delay"),
    ("attempts", "max_attempts"),
    ("times", "max_attempts"),
    ("count", "max_attempts"),
    ("max", "max_attempts"),
    ("max_retries", "max_attempts"),
];

/// Keys below which people keep values of their own.
const OF_VALUES: [&str; 5] = ["query", "headers", "body", "form", "default"];
/// Keys whose value is true or false.
const OF_TRUTH: [&str; 2] = ["enabled", "required"];

/// Whether `yes` and `012` can be mistaken here: where only text is meant they cannot.
pub(super) fn may_be_value(at: &Pointer) -> bool {
    let key = |segment: &Segment, keys: &[&str]| match segment {
        Segment::Key(key) => keys.contains(&key.as_str()),
        Segment::Index(_) => false,
    };
    at.segments().iter().any(|segment| key(segment, &OF_VALUES))
        || at.segments().last().is_some_and(|segment| key(segment, &OF_TRUTH))
}

/// Says what a problem of the reader means in words of this tool.
pub(super) fn translated(document: &Document, mut problem: Problem) -> Problem {
    let Value::Object(keys) = document.value() else { return problem };
    let root = Pointer::root();
    for key in ["auth", "retry", "rate_limit"] {
        let (at, Some(value)) = (root.key(key), keys.get(key)) else { continue };
        if document.place(&at) == problem.place {
            return of_shape(key, value, problem);
        }
        let inner = value.as_object().into_iter().flat_map(|map| map.keys());
        let wrong = inner.into_iter().find(|it| document.key_place(&at.key(*it)) == problem.place);
        let Some(wrong) = wrong.filter(|_| problem.code == "unknown-key") else { continue };
        let word = wrong.to_ascii_lowercase().replace('-', "_");
        let find = |list: &[(&str, &'static str)]| {
            list.iter().find(|(known, _)| *known == word).map(|(_, meant)| *meant)
        };
        if key == "auth"
            && let Some(meanwhile) = find(&LATER)
        {
            return not_yet(problem, wrong, meanwhile);
        }
        let hint = match key {
            "auth" => find(&KINDS).map(str::to_owned),
            "retry" => find(&RETRY_WORDS).map(|meant| format!("did you mean \"{meant}\"?")),
            _ => None,
        };
        problem = problem.hint_if(hint);
    }
    problem
}

/// A value of another shape than is expected.
fn of_shape(key: &str, value: &Value, problem: Problem) -> Problem {
    match (key, value) {
        ("auth", Value::String(word)) => {
            let word = word.to_ascii_lowercase().replace('-', "_");
            match (word.as_str(), LATER.iter().find(|(known, _)| *known == word)) {
                (_, Some((known, meanwhile))) => not_yet(problem, known, meanwhile),
                ("bearer", _) => problem.hint(BEARER),
                ("basic", _) => problem.hint(BASIC),
                ("header" | "query", _) => problem.hint(HEADER),
                _ => problem,
            }
        }
        ("retry", Value::Number(number)) => {
            problem.hint(format!("write `retry: {{ max_attempts: {number} }}`"))
        }
        ("rate_limit", Value::Number(number)) => {
            problem.hint(format!("write `rate_limit: {{ requests: {number}, per: 1m }}`"))
        }
        ("rate_limit", Value::String(_)) => {
            problem.hint("write `rate_limit: { requests: 80, per: 1m }`")
        }
        _ => problem,
    }
}

fn not_yet(problem: Problem, word: &str, meanwhile: &str) -> Problem {
    let message = format!("\"{word}\" is not part of this version of Tenure");
    Problem::error("not-yet", problem.place, message).hint(meanwhile)
}

/// The inputs a JSON Schema names, each as it is described here, if `input` of an action is one.
pub(super) fn schema_properties(input: Option<&Value>) -> Option<Vec<(String, String)>> {
    let map = input?.as_object()?;
    let properties = map.get("properties").and_then(Value::as_object);
    // An input may be called "type" or "properties": then it is described by a map of words.
    let is_schema = map.get("type").is_some_and(Value::is_string)
        || map.get("required").is_some_and(Value::is_array)
        || properties
            .is_some_and(|inner| !inner.is_empty() && inner.values().all(Value::is_object));
    if !is_schema {
        return None;
    }
    let required = |name: &str| {
        let names = map.get("required").and_then(Value::as_array);
        names.is_some_and(|names| names.iter().any(|it| it == name))
    };
    let described = |(name, value): (&String, &Value)| {
        let kind = value.get("type").and_then(Value::as_str).unwrap_or("any");
        let kind: String = kind.chars().take(20).collect();
        let required = if required(name) { ", required: true" } else { "" };
        (name.clone(), format!("{{ type: {kind}{required} }}"))
    };
    Some(properties.into_iter().flatten().map(described).collect())
}

/// Whether a text asks for a secret in the way of another tool.
pub(super) fn asks_elsewhere(text: &str) -> bool {
    let text = text.trim();
    let name = text.strip_prefix('$').map(|name| name.trim_matches(['{', '}', '(', ')']));
    let variable = name.is_some_and(|name| {
        name.len() >= 3
            && name.starts_with(|first: char| first.is_ascii_uppercase())
            && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
    });
    variable || ForeignExpression::find(text).is_some()
}

impl Checker<'_> {
    /// Warns of a secret that is asked for in the way of another tool.
    pub(super) fn foreign_secret(&mut self, at: &Pointer, text: &str) {
        if !asks_elsewhere(text) {
            return;
        }
        let meant = ForeignExpression::find(text).and_then(|found| found.meant);
        // Anything else may be a credential after all, and is not repeated.
        let meant = meant.filter(|meant| meant.starts_with("${{ secrets."));
        let meant = meant.unwrap_or_else(|| "${{ secrets.NAME }}".to_owned());
        let place = self.place(at);
        let message = "this is sent as it stands: no secret is looked for";
        let problem = Problem::warning("foreign-expression", place, message);
        self.report(problem.hint(format!("write \"{meant}\"")));
    }

    /// Warns of an expression that is written as another tool has it.
    pub(super) fn foreign(&mut self, at: &Pointer, value: &Value) {
        match value {
            Value::String(text) => {
                let Some(found) = ForeignExpression::find(text) else { return };
                let place = self.document.place_in(at, found.start, found.end);
                let message = "this is plain text here and is never evaluated";
                let hint = match &found.meant {
                    Some(_) => found.hint(),
                    None => "an expression is written \"${{ … }}\" and sees `input`".to_owned(),
                };
                self.report(Problem::warning("foreign-expression", place, message).hint(hint));
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.foreign(&at.index(index), item);
                }
            }
            Value::Object(members) => {
                for (key, member) in members {
                    self.foreign(&at.key(key), member);
                }
            }
            _ => {}
        }
    }
}
