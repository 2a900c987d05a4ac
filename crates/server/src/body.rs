//! Reading a JSON body, bounded in size, depth and time.

use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use bytes::Bytes;
use serde_json::{Map, Value};

use crate::problem::Refusal;

/// Largest body that is taken, in bytes.
const SIZE_MAX: usize = 1024 * 1024;
/// Deepest nesting of JSON that is taken.
const DEPTH_MAX: usize = 64;
/// How long a body may take to arrive.
const ARRIVAL_MAX: Duration = Duration::from_secs(15);

const JSON: &str = "application/json";
const CLOUD_EVENT: &str = "application/cloudevents+json";

/// Reads one CloudEvent in structured form.
pub(crate) async fn event(headers: &HeaderMap, body: Body) -> Result<Value, Refusal> {
    let media_type = media_type(headers);
    if headers.contains_key("ce-specversion") && media_type != CLOUD_EVENT {
        let detail = "the event is in binary form: its attributes are in headers";
        return Err(Refusal::media_type(detail, CLOUD_EVENT));
    }
    expect(&media_type, &[CLOUD_EVENT, JSON])?;
    parse(&read(headers, body).await?)
}

/// What a run is begun with.
#[derive(Debug)]
pub(crate) enum Start {
    /// Its input; an empty map when there was no body.
    Input(Value),
    /// The event it answers.
    Event(Value),
}

/// Reads what a run is begun with.
pub(crate) async fn start(headers: &HeaderMap, body: Body) -> Result<Start, Refusal> {
    let media_type = media_type(headers);
    if media_type == CLOUD_EVENT {
        return event(headers, body).await.map(Start::Event);
    }
    let bytes = read(headers, body).await?;
    if bytes.is_empty() {
        return Ok(Start::Input(Value::Object(Map::new())));
    }
    expect(&media_type, &[JSON, CLOUD_EVENT])?;
    parse(&bytes).map(Start::Input)
}

/// The media type without its parameters, in small letters.
fn media_type(headers: &HeaderMap) -> String {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = value.unwrap_or_default().split(';').next().unwrap_or_default();
    essence.trim().to_ascii_lowercase()
}

fn expect(media_type: &str, taken: &[&str]) -> Result<(), Refusal> {
    if taken.contains(&media_type) {
        return Ok(());
    }
    let detail = match media_type {
        "" => "the request does not say what its body is".to_owned(),
        // Only its own words go back; they are bounded, as all headers are.
        other => format!("the body is {other:?}"),
    };
    Err(Refusal::media_type(detail, &taken.join(" or ")))
}

async fn read(headers: &HeaderMap, body: Body) -> Result<Bytes, Refusal> {
    let announced = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    let announced = announced.and_then(|length| length.parse::<usize>().ok());
    if announced.is_some_and(|length| length > SIZE_MAX) {
        return Err(Refusal::too_large(SIZE_MAX));
    }
    match tokio::time::timeout(ARRIVAL_MAX, to_bytes(body, SIZE_MAX)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        // A body without a length can only be known to be too large by reading that much of it.
        Ok(Err(error)) if is_too_large(&error) => Err(Refusal::too_large(SIZE_MAX)),
        Ok(Err(_)) => Err(Refusal::bad_request("the body broke off")),
        Err(_) => Err(Refusal::too_slow()),
    }
}

fn is_too_large(error: &axum::Error) -> bool {
    let mut next: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = next {
        if error.is::<http_body_util::LengthLimitError>() {
            return true;
        }
        next = error.source();
    }
    false
}

fn parse(bytes: &[u8]) -> Result<Value, Refusal> {
    if depth(bytes) > DEPTH_MAX {
        let detail = format!("the body is nested deeper than {DEPTH_MAX} levels");
        return Err(Refusal::bad_request(detail));
    }
    serde_json::from_slice(bytes).map_err(|error| {
        // The parser's own words quote the body; its position does not.
        let (line, column) = (error.line(), error.column());
        Refusal::bad_request(format!("the body is not JSON: line {line}, column {column}"))
    })
}

/// Deepest nesting of brackets outside strings.
fn depth(bytes: &[u8]) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let (mut quoted, mut escaped) = (false, false);
    for byte in bytes {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'{' | b'[' if !quoted => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_counts_brackets_outside_strings() {
        let check = |text: &str, expected| assert_eq!(depth(text.as_bytes()), expected, "{text}");
        check("1", 0);
        check(r#"{"a":[1,[2]],"b":{}}"#, 3);
        check(r#"{"a":"[[[[","b":"\"[["}"#, 1);
        check("]]]][", 1);
        check(&"[".repeat(100), 100);
    }

    #[test]
    fn a_media_type_is_read_without_its_parameters() {
        let check = |value: &str, expected: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, value.parse().unwrap());
            assert_eq!(media_type(&headers), expected);
        };
        check("application/json", JSON);
        check("Application/CloudEvents+JSON; charset=utf-8", CLOUD_EVENT);
        check("", "");
        assert!(expect("text/plain", &[JSON]).is_err());
    }

    #[tokio::test]
    async fn a_body_is_bounded() {
        let long = Body::from(vec![b'1'; SIZE_MAX + 1]);
        assert!(read(&HeaderMap::new(), long).await.is_err());
        let fits = Body::from(vec![b'1'; SIZE_MAX]);
        assert!(read(&HeaderMap::new(), fits).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_never_ends_is_given_up() {
        let endless =
            Body::from_stream(futures::stream::pending::<Result<Bytes, std::io::Error>>());
        assert!(read(&HeaderMap::new(), endless).await.is_err());
    }
}
