//! A call becomes what passes through the layers.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue};
use tenure_language::FilledBody;
use zeroize::Zeroizing;

use crate::address::{self, AddressError};
use crate::call::Call;
use crate::connector::Connector;
use crate::judge::Repeats;
use crate::stack::{self, Journey, Order};

/// Largest body that is sent, in bytes.
const BODY_MAX: usize = 10 * 1024 * 1024;

/// Headers that follow from the request itself.
pub(crate) const FRAMING: [&str; 8] = [
    "host",
    "content-length",
    "transfer-encoding",
    "connection",
    "te",
    "trailer",
    "upgrade",
    "expect",
];

const KEY_HEADER: HeaderName = HeaderName::from_static("idempotency-key");

/// Why a call cannot be sent.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unsendable {
    #[error(transparent)]
    Address(#[from] AddressError),
    #[error("\"{0}\" is not the name of a header")]
    HeaderName(String),
    #[error("header \"{0}\" has a value that is not one line of text")]
    HeaderValue(String),
    #[error("header \"{0}\" follows from the request and cannot be set")]
    Framing(String),
    #[error("header \"{0}\" carries the connector's credential and cannot be set")]
    CredentialHeader(String),
    #[error("query parameter \"{0}\" carries the connector's credential and cannot be set")]
    CredentialParameter(String),
    #[error("idempotency key is not one line of text")]
    Key,
    #[error("body is larger than {BODY_MAX} bytes")]
    TooLarge,
    #[error("body cannot be written as JSON")]
    Json(#[source] serde_json::Error),
}

/// The headers a connector sends with every request.
pub(crate) fn defaults(connector: &Connector) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static("application/json, */*;q=0.8"));
    for (name, text) in &connector.headers {
        let value = if text.sensitive {
            stack::sensitive(Zeroizing::new(text.value.expose().to_owned()))
        } else {
            HeaderValue::from_str(text.value.expose()).ok()
        };
        // Checking has seen that it is one line of text.
        if let Some(value) = value {
            headers.insert(name.clone(), value);
        }
    }
    headers
}

/// Proves a call's URL and headers and serializes its body, once for all attempts.
pub(crate) fn order(
    connector: &Connector,
    defaults: &HeaderMap,
    call: Call,
) -> Result<Arc<Order>, Unsendable> {
    let Call {
        request,
        expect,
        idempotency_key,
        retry,
        deadline,
        attempts_before,
        in_doubt_before,
        traceparent,
    } = call;
    let url = address::join(&connector.base_url, &request.path, &request.query)?;
    if let Some(name) = connector.auth.parameter()
        && url.query_pairs().any(|(key, _)| key == name)
    {
        return Err(Unsendable::CredentialParameter(name.to_owned()));
    }
    let mut headers = defaults.clone();
    let (body, content_type) = serialize(request.body)?;
    if let Some(content_type) = content_type {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    }
    for (name, value) in request.headers {
        let name = own_header(connector, name)?;
        let value = HeaderValue::from_maybe_shared(Bytes::from(value))
            .map_err(|_| Unsendable::HeaderValue(name.to_string()))?;
        headers.insert(name, value);
    }
    let write = !request.method.is_read();
    let keyed = write && idempotency_key.is_some() && connector.idempotency.is_some();
    if let Some(key) = idempotency_key.filter(|_| write) {
        let name = connector.idempotency.as_ref().map_or(KEY_HEADER, |it| it.header.clone());
        headers.insert(name, HeaderValue::try_from(key).map_err(|_| Unsendable::Key)?);
    }
    let retry = retry.unwrap_or(connector.retry);
    let repeats = match (keyed, retry.unsafe_writes) {
        (true, _) => Repeats::Keyed,
        (false, true) => Repeats::Accepted,
        (false, false) => Repeats::Unsafe,
    };
    Ok(Arc::new(Order {
        method: request.method,
        url,
        headers,
        body,
        expect,
        retry,
        repeats,
        deadline,
        attempts_before,
        traceparent: traceparent.and_then(|text| text.try_into().ok()),
        journey: Journey::after(in_doubt_before),
    }))
}

fn own_header(connector: &Connector, name: String) -> Result<HeaderName, Unsendable> {
    let parsed = HeaderName::try_from(&name).map_err(|_| Unsendable::HeaderName(name))?;
    if FRAMING.contains(&parsed.as_str()) {
        return Err(Unsendable::Framing(parsed.to_string()));
    }
    if connector.auth.header() == Some(&parsed) {
        return Err(Unsendable::CredentialHeader(parsed.to_string()));
    }
    Ok(parsed)
}

fn serialize(body: FilledBody) -> Result<(Bytes, Option<&'static str>), Unsendable> {
    let (bytes, content_type) = match body {
        FilledBody::None => return Ok((Bytes::new(), None)),
        FilledBody::Json(value) => {
            (serde_json::to_vec(&value).map_err(Unsendable::Json)?, "application/json")
        }
        FilledBody::Form(fields) => {
            let mut form = url::form_urlencoded::Serializer::new(String::new());
            form.extend_pairs(fields);
            (form.finish().into_bytes(), "application/x-www-form-urlencoded")
        }
        FilledBody::Text(text) => (text.into_bytes(), "text/plain; charset=utf-8"),
    };
    if bytes.len() > BODY_MAX {
        return Err(Unsendable::TooLarge);
    }
    Ok((bytes.into(), Some(content_type)))
}
