//! The forms that a secret may take.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

/// How a secret was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Plain,
    Json,
    Debug,
    Header,
    Percent,
    PercentLower,
    Query,
    Base64,
    Base64Url,
}

/// The secret in each form.
pub(super) fn forms(secret: &str) -> Vec<(Form, String)> {
    let json = serde_json::Value::from(secret).to_string();
    let debug = format!("{secret:?}");
    let percent = utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string();
    let inner = |quoted: &str| quoted[1..quoted.len() - 1].to_owned();
    vec![
        (Form::Plain, secret.to_owned()),
        (Form::Json, inner(&json)),
        (Form::Debug, inner(&debug)),
        // A header's value as Rust prints it: only quotes are escaped.
        (Form::Header, secret.replace('"', "\\\"")),
        (Form::PercentLower, lower(&percent)),
        (Form::Query, percent.replace("%20", "+")),
        (Form::Percent, percent),
        (Form::Base64, STANDARD.encode(secret)),
        (Form::Base64Url, URL_SAFE_NO_PAD.encode(secret)),
    ]
}

/// The forms in which some content holds a secret.
pub(super) fn find(content: &[u8], secret: &str) -> Vec<Form> {
    let holds = |text: &str| content.windows(text.len()).any(|window| window == text.as_bytes());
    let mut found: Vec<Form> =
        forms(secret).into_iter().filter(|(_, text)| holds(text)).map(|(form, _)| form).collect();
    // Inside a longer text in base64, as a name and a password are, only whole triples keep
    // their form; it depends on where the secret begins.
    for skipped in 0..3 {
        let whole = &secret.as_bytes()[skipped..];
        let whole = &whole[..whole.len() / 3 * 3];
        if holds(&STANDARD_NO_PAD.encode(whole)) {
            found.push(Form::Base64);
        }
    }
    // A URL leaves some characters as they are.
    let decoded = percent_encoding::percent_decode(content).collect::<Vec<u8>>();
    if decoded.windows(secret.len()).any(|window| window == secret.as_bytes()) {
        found.push(Form::Percent);
    }
    found
}

/// What the header of basic authentication holds.
pub(super) fn basic(name_and_word: &str) -> String {
    format!("Basic {}", STANDARD.encode(name_and_word))
}

/// `%2f` for `%2F`.
fn lower(percent: &str) -> String {
    let mut parts = percent.split('%');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (hex, rest) = part.split_at(2);
        text.push('%');
        text.push_str(&hex.to_lowercase());
        text.push_str(rest);
    }
    text
}

#[test]
fn each_form_is_found() {
    let secret = "S3cr+et/\"w\\ord \u{fc}";
    for (form, text) in forms(secret) {
        let content = format!("before {text} after");
        assert!(find(content.as_bytes(), secret).contains(&form), "{form:?}");
    }
    for name in ["a", "ab", "abc"] {
        let basic = STANDARD.encode(format!("{name}:{secret}"));
        assert!(find(basic.as_bytes(), secret).contains(&Form::Base64), "{name}");
    }
    assert_eq!(find(b"nothing at all", secret), []);
}
