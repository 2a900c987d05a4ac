//! A connector after checking: wrong values cannot be expressed.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::time::Duration;

use http::HeaderName;
use url::Url;

use crate::action::Action;
use crate::secret::Secret;

/// A named external system: where it is, who we are to it, how hard we may press.
#[derive(Debug, Clone)]
pub struct Connector {
    /// Name, unique in a project.
    pub name: String,
    /// What it is, in a person's words.
    pub description: Option<String>,
    /// False: every call fails before anything is sent.
    pub enabled: bool,
    /// Everything is sent below it. Without query, fragment or credentials.
    pub base_url: Url,
    /// How it knows us.
    pub auth: Auth,
    /// Sent with every request unless the request sets them.
    pub headers: Vec<(HeaderName, HeaderText)>,
    /// How hard we may press.
    pub rate_limit: RateLimit,
    /// How often we try.
    pub retry: RetrySettings,
    /// Bound on one attempt, body included.
    pub timeout: Duration,
    /// What a connection test sends.
    pub test: TestRequest,
    /// Named requests.
    pub actions: BTreeMap<String, Action>,
    /// The service honours this key: a write may be repeated with it.
    pub idempotency: Option<Idempotency>,
}

/// How a service knows us.
#[derive(Debug, Clone)]
pub enum Auth {
    /// It need not.
    None,
    /// `Authorization: Basic`, RFC 7617.
    Basic {
        /// User name, which may be a secret too.
        username: HeaderText,
        /// Password.
        password: Secret,
    },
    /// `Authorization: Bearer`, RFC 6750.
    Bearer {
        /// The token.
        token: Secret,
    },
    /// A key in a header of its own.
    Header {
        /// Which header.
        name: HeaderName,
        /// The key.
        value: Secret,
    },
    /// A key in the query.
    Query {
        /// Which parameter.
        name: String,
        /// The key.
        value: Secret,
    },
}

impl Auth {
    /// The word people write for it.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Basic { .. } => "basic",
            Self::Bearer { .. } => "bearer",
            Self::Header { .. } => "header",
            Self::Query { .. } => "query",
        }
    }

    /// The header that carries the credential, if one does.
    pub(crate) fn header(&self) -> Option<&HeaderName> {
        match self {
            Self::Basic { .. } | Self::Bearer { .. } => Some(&http::header::AUTHORIZATION),
            Self::Header { name, .. } => Some(name),
            Self::None | Self::Query { .. } => None,
        }
    }

    /// The query parameter that carries the credential, if one does.
    pub(crate) fn parameter(&self) -> Option<&str> {
        match self {
            Self::Query { name, .. } => Some(name),
            _ => None,
        }
    }
}

/// A text for a header, which may hold secrets.
#[derive(Debug, Clone)]
pub struct HeaderText {
    /// The text, with its secrets.
    pub(crate) value: Secret,
    /// Whether it does.
    pub(crate) sensitive: bool,
}

/// How hard a service may be pressed, by all runs together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    /// Requests in a span; none: only concurrency bounds them.
    pub rate: Option<Rate>,
    /// Requests at the same time, at most.
    pub concurrency: NonZeroU32,
}

impl Default for RateLimit {
    fn default() -> Self {
        const CONCURRENCY: NonZeroU32 = NonZeroU32::new(256).expect("not zero");
        Self { rate: None, concurrency: CONCURRENCY }
    }
}

/// So many requests in a span of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// So many …
    pub requests: NonZeroU32,
    /// … in this span.
    pub per: Duration,
    /// So many at once after a quiet time.
    pub burst: NonZeroU32,
}

/// How often a call is tried, and how long it rests between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetrySettings {
    /// Attempts in all, the first included.
    pub max_attempts: NonZeroU32,
    /// Upper bound of the first pause; each later one is twice as long.
    pub initial_delay: Duration,
    /// Longest pause.
    pub max_delay: Duration,
    /// A step's author accepts that a write may happen twice; no connector can say so.
    pub unsafe_writes: bool,
}

impl Default for RetrySettings {
    fn default() -> Self {
        const ATTEMPTS: NonZeroU32 = NonZeroU32::new(3).expect("not zero");
        Self {
            max_attempts: ATTEMPTS,
            initial_delay: Duration::from_millis(500),
            max_delay: Duration::from_secs(30),
            unsafe_writes: false,
        }
    }
}

/// What a connection test sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestRequest {
    /// A method that changes nothing.
    pub method: tenure_language::Method,
    /// Below the base URL; may carry a query. None: the base URL itself.
    pub path: Option<String>,
}

/// The service honours an idempotency key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Idempotency {
    /// The header that carries it.
    pub header: HeaderName,
}
