//! The network: one request out, one bounded reply back.
//!
//! The only home of reqwest. Redirects, retries and credentials are none of its business;
//! it says exactly one thing more than the bytes: whether a failed request can have arrived.

use std::error::Error;
use std::net::SocketAddr;
use std::sync::{Once, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Method, StatusCode};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::Url;

use crate::egress::{Blocked, Egress};

/// Largest body that is read, in bytes, after decompression.
const BODY_MAX: usize = 10 * 1024 * 1024;

/// Longest wait for a connection.
const CONNECT_MAX: Duration = Duration::from_secs(5);

/// Longest silence while a reply is read.
const IDLE_MAX: Duration = Duration::from_secs(30);

/// A request as it goes on the wire, credentials included.
pub struct Wire {
    /// Method.
    pub method: Method,
    /// The whole URL, with a query credential if there is one.
    pub url: Url,
    /// All headers of ours.
    pub headers: HeaderMap,
    /// Body; empty means none.
    pub body: Bytes,
}

impl std::fmt::Debug for Wire {
    /// Shows neither query nor headers nor body: each may hold a credential.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Wire({} {}{})", self.method, self.url.authority(), self.url.path())
    }
}

/// A reply, read to its end.
#[derive(Clone)]
pub struct Reply {
    /// Status.
    pub status: StatusCode,
    /// Headers as received.
    pub headers: HeaderMap,
    /// Body, decompressed.
    pub body: Bytes,
}

impl std::fmt::Debug for Reply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Reply({}, {} bytes)", self.status, self.body.len())
    }
}

/// Why there is no reply.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// The request certainly did not arrive: name, connection, handshake, refused stream.
    #[error("{0}")]
    NeverSent(String),
    /// It may have arrived: the connection broke before the reply was complete.
    #[error("{0}")]
    Interrupted(String),
    /// It may have arrived: no reply came in time.
    #[error("timeout")]
    TimedOut,
    /// The other side could not prove who it is.
    #[error("certificate is not accepted: {0}")]
    Certificate(String),
    /// The address may not be reached.
    #[error(transparent)]
    Blocked(#[from] Blocked),
    /// The request cannot be put on the wire.
    #[error("{0}")]
    Malformed(String),
    /// The reply is larger than any answer we keep.
    #[error("reply is larger than {BODY_MAX} bytes")]
    TooLarge,
}

/// Sends one request; tests put a script in its place.
#[async_trait]
pub trait Transport: Send + Sync {
    /// Sends a request and reads its reply to the end.
    ///
    /// # Errors
    /// When no complete reply was received; the error says whether the request can have arrived.
    async fn send(&self, wire: Wire) -> Result<Reply, WireError>;
}

/// The real network: a keep-alive pool for one connector.
///
/// The pool is made with the first request, since reading the trust store takes longer than
/// starting the program may.
pub(crate) struct Network {
    egress: Egress,
    connect_timeout: Duration,
    client: OnceLock<Result<reqwest::Client, String>>,
}

impl Network {
    /// Makes a network whose attempts are bounded by `timeout`.
    pub(crate) fn new(egress: Egress, timeout: Duration) -> Self {
        // Connecting gets half of an attempt, so that a timeout while connecting is known as one.
        Self { egress, connect_timeout: CONNECT_MAX.min(timeout / 2), client: OnceLock::new() }
    }

    fn client(&self) -> Result<&reqwest::Client, WireError> {
        let made = self.client.get_or_init(|| {
            ensure_provider();
            reqwest::Client::builder()
                .redirect(reqwest::redirect::Policy::none())
                .no_proxy()
                .referer(false)
                .connect_timeout(self.connect_timeout)
                .read_timeout(IDLE_MAX)
                .pool_idle_timeout(Duration::from_secs(90))
                .tcp_nodelay(true)
                .user_agent(concat!("tenure/", env!("CARGO_PKG_VERSION")))
                .dns_resolver(Resolver { egress: self.egress.clone() })
                .build()
                .map_err(|error| innermost(&error))
        });
        made.as_ref().map_err(|error| WireError::NeverSent(error.clone()))
    }
}

/// Names the cryptography in use if the program did not.
fn ensure_provider() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // An error means that the program chose first, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
}

#[async_trait]
impl Transport for Network {
    async fn send(&self, wire: Wire) -> Result<Reply, WireError> {
        self.egress.permits_host(&wire.url)?;
        let mut request = reqwest::Request::new(wire.method, wire.url);
        *request.headers_mut() = wire.headers;
        if !wire.body.is_empty() {
            *request.body_mut() = Some(wire.body.into());
        }
        let mut response =
            self.client()?.execute(request).await.map_err(|error| classify(&error))?;
        let status = response.status();
        let headers = std::mem::take(response.headers_mut());
        let body = read(response).await?;
        Ok(Reply { status, headers, body })
    }
}

async fn read(mut response: reqwest::Response) -> Result<Bytes, WireError> {
    if response.content_length().is_some_and(|length| length > BODY_MAX as u64) {
        return Err(WireError::TooLarge);
    }
    let received = |error: reqwest::Error| match classify(&error) {
        WireError::NeverSent(why) => WireError::Interrupted(why),
        other => other,
    };
    let Some(first) = response.chunk().await.map_err(received)? else { return Ok(Bytes::new()) };
    let Some(second) = response.chunk().await.map_err(received)? else { return fits(first) };
    let mut body = BytesMut::from(first);
    let mut next = Some(second);
    while let Some(chunk) = next {
        if body.len() + chunk.len() > BODY_MAX {
            return Err(WireError::TooLarge);
        }
        body.extend_from_slice(&chunk);
        next = response.chunk().await.map_err(received)?;
    }
    Ok(body.freeze())
}

fn fits(body: Bytes) -> Result<Bytes, WireError> {
    if body.len() > BODY_MAX { Err(WireError::TooLarge) } else { Ok(body) }
}

/// Says what an error means for the question whether the request arrived.
fn classify(error: &reqwest::Error) -> WireError {
    let connecting = error.is_connect() || error.is_dns();
    for cause in causes(error) {
        if let Some(blocked) = cause.downcast_ref::<Blocked>() {
            return WireError::Blocked(blocked.clone());
        }
        if let Some(tls) = cause.downcast_ref::<rustls::Error>() {
            return match tls {
                rustls::Error::InvalidCertificate(why) => {
                    WireError::Certificate(format!("{why:?}"))
                }
                other if connecting => WireError::NeverSent(other.to_string()),
                other => WireError::Interrupted(other.to_string()),
            };
        }
        if refused_stream(cause) {
            return WireError::NeverSent("stream refused".to_owned());
        }
        if cause.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_canceled) {
            return WireError::NeverSent(
                "connection closed before the request was sent".to_owned(),
            );
        }
    }
    if connecting {
        let why =
            if error.is_timeout() { "connection timeout".to_owned() } else { innermost(error) };
        return WireError::NeverSent(why);
    }
    if error.is_timeout() {
        return WireError::TimedOut;
    }
    if error.is_builder() {
        return WireError::Malformed(innermost(error));
    }
    WireError::Interrupted(innermost(error))
}

/// The server says itself that it did nothing, RFC 9113 §8.7.
fn refused_stream(cause: &(dyn Error + 'static)) -> bool {
    let Some(error) = cause.downcast_ref::<h2::Error>() else { return false };
    let closing = error.is_go_away() && error.is_remote();
    let refused = error.reason() == Some(h2::Reason::REFUSED_STREAM);
    refused || (closing && error.reason() == Some(h2::Reason::NO_ERROR))
}

/// An error and all it wraps; an I/O error shows what it holds, which `source` skips.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> Vec<&'a (dyn Error + 'static)> {
    let mut all = Vec::new();
    let mut next: Option<&'a (dyn Error + 'static)> = Some(error);
    while let Some(cause) = next.filter(|_| all.len() < 16) {
        all.push(cause);
        let held = cause.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        next = match held {
            Some(held) => Some(held),
            None => cause.source(),
        };
    }
    all
}

/// The last cause, in words: it names no URL, unlike reqwest's own message.
fn innermost(error: &reqwest::Error) -> String {
    let causes = causes(error);
    match causes.as_slice() {
        [_, .., last] => last.to_string(),
        _ => "request failed".to_owned(),
    }
}

/// Resolves names to permitted addresses only.
struct Resolver {
    egress: Egress,
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let egress = self.egress.clone();
        Box::pin(async move {
            let found: Vec<SocketAddr> =
                tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let mut blocked = None;
            let mut permitted = Vec::with_capacity(found.len());
            for address in found {
                match egress.permits(address.ip()) {
                    Ok(()) => permitted.push(address),
                    Err(why) => blocked = Some(why),
                }
            }
            match blocked {
                Some(why) if permitted.is_empty() => Err(why.into()),
                _ => Ok(Box::new(permitted.into_iter()) as Addrs),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_stream_was_never_worked_on() {
        let refused = h2::Error::from(h2::Reason::REFUSED_STREAM);
        assert!(refused_stream(&refused));
        assert!(!refused_stream(&h2::Error::from(h2::Reason::INTERNAL_ERROR)));
        assert!(!refused_stream(&std::io::Error::other("reset")));
    }

    #[test]
    fn causes_look_into_io_errors() {
        let blocked = Egress::default().permits([127, 0, 0, 1].into()).unwrap_err();
        let wrapped = std::io::Error::other(blocked);
        assert!(causes(&wrapped).iter().any(|cause| cause.is::<Blocked>()));
    }

    #[test]
    fn a_wire_shows_no_credential() {
        let wire = Wire {
            method: Method::GET,
            url: Url::parse("https://a.example/x?api_key=hunter2").unwrap(),
            headers: HeaderMap::new(),
            body: Bytes::new(),
        };
        assert_eq!(format!("{wire:?}"), "Wire(GET a.example/x)");
    }
}
