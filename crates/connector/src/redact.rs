//! Takes secrets out of what a service sends back.
//!
//! Services echo: a credential that comes back in a header or a body would reach the run
//! log, which nothing but this prevents. Echoes come escaped, so a text is searched as it is
//! and again with its escapes read.

mod escapes;

use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use crate::call::Body;
use crate::secret::Secret;

use escapes::{Escapes, Plain};

/// Shorter secrets are not looked for: they would be found in any text.
const LENGTH_MIN: usize = 6;

/// How often escapes are read: an escaped text may quote another.
const LAYERS_MAX: usize = 3;

const MASK: &str = "(secret)";

/// Knows a connector's secrets in each form they may come back in.
#[derive(Default)]
pub(crate) struct Redactor {
    /// Longest first.
    needles: Vec<Zeroizing<Vec<u8>>>,
    /// The first two bytes of each, so that one pass finds them all.
    starts: Starts,
}

impl Redactor {
    /// Learns secrets.
    pub(crate) fn new<'a>(secrets: impl IntoIterator<Item = &'a Secret>) -> Self {
        let mut needles: Vec<Zeroizing<Vec<u8>>> = Vec::new();
        for secret in secrets {
            needles.extend(forms(secret.expose()));
        }
        needles.retain(|needle| needle.len() >= LENGTH_MIN);
        needles.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        needles.dedup();
        let mut starts = Starts::default();
        for needle in &needles {
            starts.insert(needle);
        }
        Self { needles, starts }
    }

    /// Replaces every secret in a body as it was received, before anything is made of it.
    pub(crate) fn raw(&self, body: Bytes) -> Bytes {
        let found = self.find(&body);
        if found.is_empty() { body } else { masked(&body, &found).into() }
    }

    /// Replaces every secret in a body that has been read.
    pub(crate) fn body(&self, body: Body) -> Body {
        match body {
            Body::Json(mut value) if !self.needles.is_empty() => {
                self.value(&mut value);
                Body::Json(value)
            }
            Body::Text(text) => Body::Text(self.clean(&text).unwrap_or(text)),
            other => other,
        }
    }

    /// Replaces every secret in a text.
    pub(crate) fn text(&self, text: &str) -> String {
        self.clean(text).unwrap_or_else(|| text.to_owned())
    }

    /// Replaces every secret in all texts and keys; answers nest 64 deep at most.
    fn value(&self, value: &mut Value) {
        match value {
            Value::String(text) => {
                if let Some(clean) = self.clean(text) {
                    *text = clean;
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.value(item)),
            Value::Object(members) => {
                members.values_mut().for_each(|member| self.value(member));
                if members.keys().any(|key| self.clean(key).is_some()) {
                    *members = self.keys(std::mem::take(members));
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn keys(&self, members: Map<String, Value>) -> Map<String, Value> {
        members.into_iter().map(|(key, member)| (self.text(&key), member)).collect()
    }

    /// The text without secrets, if it held any.
    fn clean(&self, text: &str) -> Option<String> {
        if self.needles.is_empty() || text.len() < LENGTH_MIN {
            return None;
        }
        let mut clean: Option<Vec<u8>> = None;
        let found = self.find(text.as_bytes());
        if !found.is_empty() {
            clean = Some(masked(text.as_bytes(), &found));
        }
        // One kind of escape alone, because what looks like another may be part of a secret.
        for escapes in Escapes::within(text.as_bytes()) {
            let content = clean.as_deref().unwrap_or(text.as_bytes());
            let found = self.find_escaped(content, escapes);
            if !found.is_empty() {
                clean = Some(masked(content, &found));
            }
        }
        Some(String::from_utf8_lossy(&clean?).into_owned())
    }

    /// Where secrets are once escapes are read, in the text with escapes.
    fn find_escaped(&self, content: &[u8], escapes: Escapes) -> Vec<Range<usize>> {
        let Some(mut plain) = Plain::read(content, escapes) else { return Vec::new() };
        for _ in 1..LAYERS_MAX {
            let found = self.find(plain.content());
            if !found.is_empty() {
                return found.into_iter().map(|range| plain.origin(range)).collect();
            }
            match plain.again(escapes) {
                Some(deeper) => plain = deeper,
                None => return Vec::new(),
            }
        }
        self.find(plain.content()).into_iter().map(|range| plain.origin(range)).collect()
    }

    fn find(&self, content: &[u8]) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        let mut at = 0;
        while let Some(rest) = content.get(at..).filter(|rest| rest.len() >= LENGTH_MIN) {
            let hit = self.starts.has(rest).then(|| {
                let mut needles = self.needles.iter();
                needles.find(|needle| rest.starts_with(needle)).map(|needle| needle.len())
            });
            match hit.flatten() {
                Some(length) => {
                    found.push(at..at + length);
                    at += length;
                }
                None => at += 1,
            }
        }
        found
    }
}

/// A set of pairs of bytes.
struct Starts(Box<[u64]>);

impl Default for Starts {
    fn default() -> Self {
        Self(vec![0; (1 << 16) / 64].into())
    }
}

impl Starts {
    fn insert(&mut self, needle: &[u8]) {
        let (word, bit) = Self::place(needle);
        self.0[word] |= bit;
    }

    fn has(&self, content: &[u8]) -> bool {
        let (word, bit) = Self::place(content);
        self.0[word] & bit != 0
    }

    fn place(content: &[u8]) -> (usize, u64) {
        let pair = usize::from(content[0]) << 8 | usize::from(content[1]);
        (pair / 64, 1 << (pair % 64))
    }
}

/// The content with these ranges, in order, masked.
fn masked(content: &[u8], found: &[Range<usize>]) -> Vec<u8> {
    let mut out = Vec::with_capacity(content.len());
    let mut at = 0;
    for range in found {
        out.extend_from_slice(&content[at..range.start.max(at)]);
        out.extend_from_slice(MASK.as_bytes());
        at = range.end.max(at);
    }
    out.extend_from_slice(&content[at..]);
    out
}

/// The value itself, as a JSON string holds it, as a URL and as a form hold it, in hex and
/// in base64, alone or within something longer.
fn forms(secret: &str) -> Vec<Zeroizing<Vec<u8>>> {
    let json = serde_json::Value::from(secret).to_string();
    let form: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    let encoded = utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string();
    let mut forms = vec![
        secret.to_owned(),
        json[1..json.len() - 1].to_owned(),
        lower_hex(&encoded),
        encoded,
        lower_hex(&form),
        form,
        STANDARD_NO_PAD.encode(secret),
        URL_SAFE_NO_PAD.encode(secret),
    ];
    if secret.len() >= LENGTH_MIN {
        let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
        forms.push(hex.to_ascii_uppercase());
        forms.push(hex);
        for before in 0..3 {
            forms.extend(amid_base64(secret, before));
        }
    }
    forms.into_iter().map(|form| Zeroizing::new(form.into_bytes())).collect()
}

/// The base64 digits that a secret alone decides, after so many other bytes and before more.
fn amid_base64(secret: &str, before: usize) -> [String; 2] {
    let bytes = Zeroizing::new([&[0; 2][..before], secret.as_bytes()].concat());
    let digits = (before * 8).div_ceil(6)..bytes.len() * 8 / 6;
    [STANDARD_NO_PAD.encode(&bytes), URL_SAFE_NO_PAD.encode(&bytes)]
        .map(|text| text[digits.clone()].to_owned())
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
    use serde_json::json;

    use super::*;

    fn check(secret: &str, text: &str, expect: &str) {
        let redactor = Redactor::new([&Secret::new(secret)]);
        assert_eq!(redactor.text(text), expect);
        let body = redactor.body(Body::Text(text.to_owned()));
        assert!(body == Body::Text(expect.to_owned()), "{text}");
    }

    #[test]
    fn every_form_of_a_secret_is_masked() {
        check("hunter2!", "token=hunter2! hunter2!", "token=(secret) (secret)");
        check("p@ss w/rd", "?key=p%40ss%20w%2Frd&p%40ss+w%2Frd", "?key=(secret)&(secret)");
        check("P@ss/Word", "P%40ss%2fWord P%40ss%2FWord", "(secret) (secret)");
        check("quote\"d\\x", r#"{"a":"quote\"d\\x"}"#, r#"{"a":"(secret)"}"#);
        check("bot:hunter2", "Basic Ym90Omh1bnRlcjI=", "Basic (secret)=");
        check("~~~???>>>", "fn5-Pz8_Pj4- fn5+Pz8/Pj4+", "(secret) (secret)");
        check("hunter2!", "68756e7465723221 68756E7465723221", "(secret) (secret)");
    }

    #[test]
    fn an_escaped_secret_is_masked() {
        check(
            "a/b&cdé\u{1f600}",
            r"a\/b\u0026cd\u00e9\ud83d\uDE00 \u0061\x2fb&cdé😀.",
            "(secret) (secret).",
        );
        check("hunter2!", "%68%75nter%32!", "(secret)");
        check("hunter2!", "%2568%2575nter2!", "(secret)");
        check(
            "<a&b>'\"c",
            "&lt;a&amp;b&gt;&#39;&quot;c &#x3C;a&#38;b&GT;&apos;&#x22;c",
            "(secret) (secret)",
        );
        check("<a&b>'\"c", "&amp;lt;a&amp;amp;b&amp;gt;&amp;#39;&amp;quot;c", "(secret)");
        check("a%41b\\/c", r"a%41b\\\/c a%2541b%5C/c", "(secret) (secret)");
        check("hunter2!", r"\u0068\u0075%6eter2&excl;", "(secret)");
        check("hunter2!", r#"{"a": "\u0068unter2!"}"#, r#"{"a": "(secret)"}"#);
    }

    #[test]
    fn a_secret_within_longer_base64_is_masked() {
        for before in ["", "a", "ab", "abc"] {
            for after in ["", "x", "xy"] {
                let text = STANDARD_NO_PAD.encode(format!("{before}t0ken-hunter2{after}"));
                let shown = Redactor::new([&Secret::new("t0ken-hunter2")]).text(&text);
                // A digit on either side belongs to the neighbour as well.
                assert!(shown.contains(MASK) && shown.len() <= MASK.len() + 8, "{text}: {shown}");
            }
        }
    }

    #[test]
    fn texts_and_keys_of_json_are_masked() {
        let redactor = Redactor::new([&Secret::new("Su/per&12")]);
        let mut value: Value = serde_json::from_str(
            r#"{"\u0053u\/per\u002612": [1, {"b": "x\u0053u/per\u002612y"}], "c": null}"#,
        )
        .unwrap();
        redactor.value(&mut value);
        assert_eq!(value, json!({"(secret)": [1, {"b": "x(secret)y"}], "c": null}));
    }

    #[test]
    fn other_text_is_left_alone() {
        check("hunter2!", "hunter2 is no secret", "hunter2 is no secret");
        check("abc", "abc is too short to be looked for", "abc is too short to be looked for");
        let odd = r"100% \ & \u00 %zz &; &#; &#x110000; \ud800 \u";
        check("hunter2!", odd, odd);
    }
}
