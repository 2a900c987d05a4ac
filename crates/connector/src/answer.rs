//! A reply becomes what a workflow may see.

use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName};

use crate::call::{Answer, Attempt, Body};
use crate::redact::Redactor;
use crate::transport::Reply;

/// Deepest nesting of a JSON answer.
const DEPTH_MAX: usize = 64;

/// Headers a workflow may see, besides `x-…` and whatever tells about quotas.
const VISIBLE: [&str; 22] = [
    "accept-ranges",
    "age",
    "allow",
    "cache-control",
    "content-disposition",
    "content-language",
    "content-length",
    "content-location",
    "content-range",
    "content-type",
    "date",
    "deprecation",
    "etag",
    "expires",
    "last-modified",
    "link",
    "location",
    "operation-location",
    "request-id",
    "retry-after",
    "sunset",
    "vary",
];

/// Words in names of headers that carry credentials.
const CREDENTIAL_WORDS: [&str; 9] =
    ["auth", "token", "secret", "password", "cookie", "session", "csrf", "xsrf", "key"];

/// The answer is nested deeper than any we read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("reply is nested deeper than {DEPTH_MAX}")]
pub(crate) struct TooDeep;

/// Makes an answer of a reply, without any secret of the connector.
pub(crate) fn answer(
    reply: &Reply,
    redactor: &Redactor,
    attempts: Vec<Attempt>,
) -> Result<Answer, TooDeep> {
    let body = redactor.body(body(&reply.headers, &redactor.raw(reply.body.clone()))?);
    let status = reply.status.as_u16();
    Ok(Answer { status, headers: headers(&reply.headers, redactor), body, attempts })
}

fn headers(headers: &HeaderMap, redactor: &Redactor) -> Vec<(String, String)> {
    headers
        .iter()
        .filter(|(name, _)| is_visible(name))
        .filter_map(|(name, value)| Some((name.to_string(), redactor.text(value.to_str().ok()?))))
        .collect()
}

fn is_visible(name: &HeaderName) -> bool {
    let name = name.as_str();
    let about_limits = name.starts_with("ratelimit") || name.contains("rate-limit");
    let harmless = !CREDENTIAL_WORDS.iter().any(|word| name.contains(word));
    VISIBLE.contains(&name) || about_limits || (name.starts_with("x-") && harmless)
}

fn body(headers: &HeaderMap, body: &[u8]) -> Result<Body, TooDeep> {
    if body.is_empty() {
        return Ok(Body::Empty);
    }
    let content_type =
        headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (essence, parameters) = content_type.split_once(';').unwrap_or((content_type, ""));
    let essence = essence.trim().to_ascii_lowercase();
    let utf8 = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    if essence == "application/json" || essence == "text/json" || essence.ends_with("+json") {
        if is_deep(utf8) {
            return Err(TooDeep);
        }
        if let Ok(value) = serde_json::from_slice(utf8) {
            return Ok(Body::Json(value));
        }
    }
    let textual = essence.is_empty()
        || essence.starts_with("text/")
        || essence.ends_with("json")
        || essence.ends_with("xml")
        || essence == "application/x-www-form-urlencoded"
        || essence == "application/javascript";
    if !textual {
        return Ok(Body::Bytes(body.len()));
    }
    Ok(match std::str::from_utf8(utf8) {
        Ok(text) => Body::Text(text.to_owned()),
        Err(_) if essence.is_empty() => Body::Bytes(body.len()),
        Err(_) if is_latin(parameters) => {
            Body::Text(body.iter().map(|&byte| char::from(byte)).collect())
        }
        Err(_) => Body::Text(String::from_utf8_lossy(utf8).into_owned()),
    })
}

fn is_latin(parameters: &str) -> bool {
    let parameters = parameters.to_ascii_lowercase();
    ["iso-8859-1", "latin1", "windows-1252"].iter().any(|charset| parameters.contains(charset))
}

/// Whether brackets outside of strings nest too deep; valid or not.
fn is_deep(json: &[u8]) -> bool {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for byte in json {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'[' | b'{' => {
                depth += 1;
                if depth > DEPTH_MAX {
                    return true;
                }
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(content_type: &str, content: &[u8], expect: Result<Body, TooDeep>) {
        let mut headers = HeaderMap::new();
        if !content_type.is_empty() {
            headers.insert(CONTENT_TYPE, content_type.parse().unwrap());
        }
        let read = body(&headers, content);
        assert!(read == expect, "{content_type} {:?}", String::from_utf8_lossy(content));
    }

    #[test]
    fn the_content_type_decides() {
        check("application/json", b"", Ok(Body::Empty));
        check("application/json; charset=utf-8", br#"{"a":1}"#, Ok(Body::Json(json!({"a": 1}))));
        check("application/scim+json", b"[1]", Ok(Body::Json(json!([1]))));
        check("application/json", b"\xef\xbb\xbf2", Ok(Body::Json(json!(2))));
        check("application/json", b"<html>", Ok(Body::Text("<html>".to_owned())));
        check("text/plain", br#"{"a":1}"#, Ok(Body::Text(r#"{"a":1}"#.to_owned())));
        check("text/plain; charset=ISO-8859-1", b"caf\xe9", Ok(Body::Text("caf\u{e9}".to_owned())));
        check("application/xml", b"<a/>", Ok(Body::Text("<a/>".to_owned())));
        check("image/png", b"abc", Ok(Body::Bytes(3)));
        check("", b"plain", Ok(Body::Text("plain".to_owned())));
        check("", b"\xff\xfe", Ok(Body::Bytes(2)));
    }

    #[test]
    fn an_echoed_secret_is_masked_however_it_is_written() {
        let redactor = Redactor::new([&crate::secret::Secret::new("Super&12")]);
        let escaped = br#"{"\u0053uper\u002612": "\u0053\u0075per&12"}"#;
        let masked = r#"{"(secret)": "(secret)"}"#;
        for content_type in ["application/json", "text/plain", "application/hal+json"] {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, content_type.parse().unwrap());
            headers.insert("x-echo", "Super%2612 S&#117;per&amp;12".parse().unwrap());
            let body = bytes::Bytes::from_static(escaped);
            let reply = Reply { status: http::StatusCode::OK, headers, body };
            let answer = answer(&reply, &redactor, Vec::new()).unwrap();
            assert!(answer.headers.contains(&("x-echo".into(), "(secret) (secret)".into())));
            match answer.body {
                Body::Json(value) => {
                    assert_eq!(value, serde_json::from_str::<serde_json::Value>(masked).unwrap());
                }
                Body::Text(text) => assert_eq!(text, masked),
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn nesting_is_bounded() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(body(&json_headers(), nested(DEPTH_MAX).as_bytes()).is_ok());
        check("application/json", nested(DEPTH_MAX + 1).as_bytes(), Err(TooDeep));
        let brackets = format!("\"\\\"{}\"", "[".repeat(200));
        assert!(body(&json_headers(), brackets.as_bytes()).is_ok(), "brackets in a string");
    }

    fn json_headers() -> HeaderMap {
        [(CONTENT_TYPE, "application/json".parse().unwrap())].into_iter().collect()
    }

    #[test]
    fn headers_that_carry_credentials_are_not_seen() {
        for (name, visible) in [
            ("link", true),
            ("x-request-id", true),
            ("x-search_after", true),
            ("x-ratelimit-remaining", true),
            ("ratelimit-policy", true),
            ("set-cookie", false),
            ("www-authenticate", false),
            ("x-auth-token", false),
            ("x-api-key", false),
            ("x-csrf", false),
            ("server", false),
        ] {
            assert_eq!(is_visible(&HeaderName::from_static(name)), visible, "{name}");
        }
    }
}
