//! Takes secrets out of what a service sends back.
//!
//! Services echo: a credential that comes back in a header or a body would reach the run
//! log, which nothing but this prevents.

use base64::Engine as _;
use bytes::Bytes;
use memchr::memmem;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use zeroize::Zeroizing;

use crate::secret::Secret;

/// Shorter secrets are not looked for: they would be found in any text.
const LENGTH_MIN: usize = 6;

const MASK: &[u8] = b"(secret)";

/// Knows a connector's secrets in each form they may come back in.
#[derive(Default)]
pub(crate) struct Redactor {
    needles: Vec<Zeroizing<Vec<u8>>>,
}

impl Redactor {
    /// Learns secrets, longest form first.
    pub(crate) fn new<'a>(secrets: impl IntoIterator<Item = &'a Secret>) -> Self {
        let mut needles: Vec<Zeroizing<Vec<u8>>> = Vec::new();
        for secret in secrets {
            needles.extend(forms(secret.expose()));
        }
        needles.retain(|needle| needle.len() >= LENGTH_MIN);
        needles.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        needles.dedup();
        Self { needles }
    }

    /// Replaces every secret in a body.
    pub(crate) fn body(&self, body: Bytes) -> Bytes {
        match self.replaced(&body) {
            Some(clean) => clean.into(),
            None => body,
        }
    }

    /// Replaces every secret in a text.
    pub(crate) fn text(&self, text: &str) -> String {
        match self.replaced(text.as_bytes()) {
            Some(clean) => String::from_utf8_lossy(&clean).into_owned(),
            None => text.to_owned(),
        }
    }

    fn replaced(&self, content: &[u8]) -> Option<Vec<u8>> {
        let mut clean: Option<Vec<u8>> = None;
        for needle in &self.needles {
            let haystack = clean.as_deref().unwrap_or(content);
            if needle.len() > haystack.len() {
                continue;
            }
            let finder = memmem::Finder::new(needle.as_slice());
            if finder.find(haystack).is_some() {
                clean = Some(replace(haystack, &finder, needle.len()));
            }
        }
        clean
    }
}

fn replace(haystack: &[u8], finder: &memmem::Finder<'_>, length: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(haystack.len());
    let mut rest = haystack;
    while let Some(at) = finder.find(rest) {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(MASK);
        rest = &rest[at + length..];
    }
    out.extend_from_slice(rest);
    out
}

/// The value itself, as a JSON string holds it, as a URL and as a form hold it, in base64.
fn forms(secret: &str) -> Vec<Zeroizing<Vec<u8>>> {
    let json = serde_json::Value::from(secret).to_string();
    let form: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    let encoded = utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string();
    let standard = base64::engine::general_purpose::STANDARD.encode(secret);
    let unpadded = standard.trim_end_matches('=').to_owned();
    let url_safe = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(secret);
    [
        secret.to_owned(),
        json[1..json.len() - 1].to_owned(),
        lower_hex(&encoded),
        encoded,
        lower_hex(&form),
        form,
        unpadded,
        url_safe,
    ]
    .into_iter()
    .map(|form| Zeroizing::new(form.into_bytes()))
    .collect()
}

/// The same percent-encoded text with `%2f` for `%2F`.
fn lower_hex(encoded: &str) -> String {
    let mut digits = 0;
    let lower = |character: char| {
        digits = if character == '%' { 2 } else { i32::max(digits - 1, -1) };
        if digits >= 0 { character.to_ascii_lowercase() } else { character }
    };
    encoded.chars().map(lower).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(secret: &str, text: &str, expect: &str) {
        let redactor = Redactor::new([&Secret::new(secret)]);
        assert_eq!(redactor.text(text), expect);
        assert_eq!(redactor.body(Bytes::copy_from_slice(text.as_bytes())), expect);
    }

    #[test]
    fn every_form_of_a_secret_is_masked() {
        check("hunter2!", "token=hunter2! hunter2!", "token=(secret) (secret)");
        check("p@ss w/rd", "?key=p%40ss%20w%2Frd&p%40ss+w%2Frd", "?key=(secret)&(secret)");
        check("P@ss/Word", "P%40ss%2fWord P%40ss%2FWord", "(secret) (secret)");
        check("quote\"d\\x", r#"{"a":"quote\"d\\x"}"#, r#"{"a":"(secret)"}"#);
        check("bot:hunter2", "Basic Ym90Omh1bnRlcjI=", "Basic (secret)=");
        check("~~~???>>>", "fn5-Pz8_Pj4- fn5+Pz8/Pj4+", "(secret) (secret)");
    }

    #[test]
    fn other_text_is_left_alone() {
        check("hunter2!", "hunter2 is no secret", "hunter2 is no secret");
        check("abc", "abc is too short to be looked for", "abc is too short to be looked for");
    }
}
