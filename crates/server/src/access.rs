//! Who may come in.
//!
//! With a token, whoever shows it. Without one, whoever is on this machine: the daemon listens on
//! loopback only then, and pages of other sites, which a browser on this machine may show, are
//! kept out by the `Host` and `Origin` they cannot choose.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, HOST, ORIGIN};
use axum::http::{HeaderMap, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::App;
use crate::problem::Refusal;

/// Who may come in.
#[derive(Debug, Clone)]
pub enum Access {
    /// Whoever shows this token.
    Token(Token),
    /// Whoever is on this machine.
    ThisMachine,
}

/// A bearer token that cannot be read back.
#[derive(Clone, Copy)]
pub struct Token([u8; 32]);

/// Shortest token that is taken, in bytes.
const TOKEN_LENGTH_MIN: usize = 16;

impl Token {
    /// Keeps the digest of a token; none for one that could be guessed by trying.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        (text.len() >= TOKEN_LENGTH_MIN).then(|| Self::digest(text))
    }

    fn digest(text: &str) -> Self {
        Self(Sha256::digest(text.as_bytes()).into())
    }

    /// Compares in constant time; digests have one length, so nothing shows the token's.
    fn is(&self, shown: &str) -> bool {
        self.0.ct_eq(&Self::digest(shown).0).into()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

impl Access {
    /// Whether a daemon with this access may listen here.
    #[must_use]
    pub fn may_listen_on(&self, address: SocketAddr) -> bool {
        matches!(self, Self::Token(_)) || address.ip().is_loopback()
    }

    fn admits(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let Self::Token(token) = self else { return Ok(()) };
        match bearer(headers) {
            Some(shown) if token.is(shown) => Ok(()),
            Some(_) => Err(Refusal::unauthorized("the bearer token is not the daemon's")),
            None => Err(Refusal::unauthorized("the request carries no bearer token")),
        }
    }

    fn expects_host(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        if matches!(self, Self::Token(_)) {
            return Ok(());
        }
        let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        if !is_this_machine(host) {
            return Err(Refusal::misdirected());
        }
        match headers.get(ORIGIN).map(|origin| origin.to_str().unwrap_or_default()) {
            Some(origin) if !is_local_origin(origin) => Err(Refusal::foreign_origin()),
            _ => Ok(()),
        }
    }
}

/// Lets in who shows the token, if there is one.
pub(crate) async fn require_token(
    State(app): State<App>,
    request: Request,
    next: Next,
) -> Response {
    match app.access().admits(request.headers()) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    }
}

/// Keeps pages of other sites out of a daemon without a token.
pub(crate) async fn require_host(State(app): State<App>, request: Request, next: Next) -> Response {
    match app.access().expects_host(request.headers()) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value: &HeaderValue = headers.get(AUTHORIZATION)?;
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn is_local_origin(origin: &str) -> bool {
    origin
        .strip_prefix("http://")
        .or_else(|| origin.strip_prefix("https://"))
        .is_some_and(is_this_machine)
}

/// Whether `host[:port]`, and nothing else, means this machine.
fn is_this_machine(host: &str) -> bool {
    if let Some((address, port)) = host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return address.parse::<Ipv6Addr>().is_ok_and(|address| address.is_loopback())
            && is_port(port);
    }
    let (name, port) = host.split_at(host.find(':').unwrap_or(host.len()));
    let named = name.eq_ignore_ascii_case("localhost");
    let numbered = || name.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback());
    (named || numbered()) && is_port(port)
}

/// Whether this is what may follow a host: nothing, or a colon and a number.
fn is_port(text: &str) -> bool {
    let digits = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit());
    let number = |port: &str| digits(port) && port.parse::<u16>().is_ok();
    text.is_empty() || text.strip_prefix(':').is_some_and(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "0123456789abcdef";

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let pairs = pairs.iter().map(|(name, value)| {
            (axum::http::HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())
        });
        pairs.collect()
    }

    #[test]
    fn only_the_token_is_let_in() {
        let access = Access::Token(Token::new(TOKEN).unwrap());
        let check = |authorization: &str, admitted: bool| {
            let headers = headers(&[("authorization", authorization)]);
            assert_eq!(access.admits(&headers).is_ok(), admitted, "{authorization}");
        };
        check(&format!("Bearer {TOKEN}"), true);
        check(&format!("bearer  {TOKEN} "), true);
        check(&format!("Basic {TOKEN}"), false);
        check("Bearer 0123456789abcdeF", false);
        check("Bearer ", false);
        check("", false);
        assert!(access.admits(&HeaderMap::new()).is_err());
        assert!(Access::ThisMachine.admits(&HeaderMap::new()).is_ok());
    }

    #[test]
    fn a_short_token_is_none() {
        assert!(Token::new("").is_none());
        assert!(Token::new("hunter2").is_none());
        assert_eq!(format!("{:?}", Token::new(TOKEN).unwrap()), "(secret)");
    }

    #[test]
    fn a_daemon_without_a_token_knows_its_own_names() {
        let check = |pairs: &[(&'static str, &str)], expected: bool| {
            let admitted = Access::ThisMachine.expects_host(&headers(pairs)).is_ok();
            assert_eq!(admitted, expected, "{pairs:?}");
        };
        check(&[("host", "127.0.0.1:7117")], true);
        check(&[("host", "localhost:7117")], true);
        check(&[("host", "[::1]:7117")], true);
        check(&[("host", "evil.example")], false);
        check(&[("host", "127.0.0.1.evil.example:7117")], false);
        check(&[("host", "localhost.evil.example")], false);
        check(&[], false);
        check(&[("host", "127.0.0.1:7117"), ("origin", "http://localhost:3000")], true);
        check(&[("host", "127.0.0.1:7117"), ("origin", "https://evil.example")], false);
        check(&[("host", "127.0.0.1:7117"), ("origin", "null")], false);
    }

    #[test]
    fn a_host_is_taken_as_a_whole() {
        for host in
            ["localhost", "LOCALHOST:1", "127.9.9.9", "127.0.0.1:65535", "[::1]", "[::1]:80"]
        {
            assert!(is_this_machine(host), "{host}");
            assert!(is_local_origin(&format!("http://{host}")), "{host}");
        }
        for host in [
            "",
            ":80",
            "[",
            "[::1",
            "[::1].evil",
            "[::1]evil:80",
            "[::1]:80:80",
            "[127.0.0.1]",
            "[127.0.0.1]evil.com",
            "[localhost]",
            "::1",
            "localhost:",
            "localhost:+80",
            "localhost:65536",
            "localhost:80@evil",
            "localhost:1@evil.com",
            "user@localhost",
            "localhost/",
            "localhost:80/",
            "127.1",
            "10.0.0.1",
        ] {
            assert!(!is_this_machine(host), "{host}");
            assert!(!is_local_origin(&format!("http://{host}")), "{host}");
        }
    }

    #[test]
    fn a_token_opens_other_addresses() {
        let outside: SocketAddr = "0.0.0.0:7117".parse().unwrap();
        assert!(!Access::ThisMachine.may_listen_on(outside));
        assert!(Access::ThisMachine.may_listen_on("127.0.0.1:7117".parse().unwrap()));
        assert!(Access::Token(Token::new(TOKEN).unwrap()).may_listen_on(outside));
    }
}
