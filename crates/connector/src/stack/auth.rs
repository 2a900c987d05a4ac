//! Credentials, attached last and only under the base URL.

use std::sync::Arc;
use std::task::{Context, Poll};

use base64::Engine as _;
use bytes::Bytes;
use futures::future::{BoxFuture, FutureExt as _, ready};
use http::{HeaderName, HeaderValue};
use tower::Service;
use url::Url;
use zeroize::Zeroizing;

use super::order::{Received, Trouble};
use crate::address;
use crate::connector::Auth;
use crate::secret::Secret;
use crate::transport::Wire;

/// A credential in the form it is sent.
pub(crate) enum Credential {
    None,
    Header(HeaderName, HeaderValue),
    Query(String, Secret),
    /// Not one a header can carry; checking refuses it, so this is never sent.
    Unusable,
}

impl Credential {
    pub(crate) fn new(auth: &Auth) -> Self {
        let header = |name: &HeaderName, text: Zeroizing<String>| match sensitive(text) {
            Some(value) => Self::Header(name.clone(), value),
            None => Self::Unusable,
        };
        let authorization = &http::header::AUTHORIZATION;
        match auth {
            Auth::None => Self::None,
            Auth::Basic { username, password } => {
                let pair =
                    Zeroizing::new(format!("{}:{}", username.value.expose(), password.expose()));
                let encoded = Zeroizing::new(
                    base64::engine::general_purpose::STANDARD.encode(pair.as_bytes()),
                );
                header(authorization, Zeroizing::new(format!("Basic {}", *encoded)))
            }
            Auth::Bearer { token } => {
                header(authorization, Zeroizing::new(format!("Bearer {}", token.expose())))
            }
            Auth::Header { name, value } => header(name, Zeroizing::new(value.expose().to_owned())),
            Auth::Query { name, value } => Self::Query(name.clone(), value.clone()),
        }
    }

    fn attach(&self, wire: &mut Wire) -> Result<(), Trouble> {
        match self {
            Self::None => {}
            Self::Header(name, value) => {
                wire.headers.insert(name.clone(), value.clone());
            }
            Self::Query(name, value) => {
                // A redirect may carry our own parameter back to us.
                if wire.url.query_pairs().any(|(key, _)| key == name.as_str()) {
                    let others: Vec<(String, String)> = wire
                        .url
                        .query_pairs()
                        .filter(|(key, _)| key != name.as_str())
                        .map(|(key, value)| (key.into_owned(), value.into_owned()))
                        .collect();
                    wire.url.query_pairs_mut().clear().extend_pairs(others);
                }
                wire.url.query_pairs_mut().append_pair(name, value.expose());
            }
            Self::Unusable => {
                return Err(Trouble::Refused("credential does not fit into a header".to_owned()));
            }
        }
        Ok(())
    }
}

/// A header value that nothing prints, in memory that is overwritten when it goes.
pub(crate) fn sensitive(text: Zeroizing<String>) -> Option<HeaderValue> {
    struct Owner(Zeroizing<String>);
    impl AsRef<[u8]> for Owner {
        fn as_ref(&self) -> &[u8] {
            self.0.as_bytes()
        }
    }
    let mut value = HeaderValue::from_maybe_shared(Bytes::from_owner(Owner(text))).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// Attaches the connector's credential to whatever lies under its base URL.
#[derive(Clone)]
pub(crate) struct Authenticate<S> {
    inner: S,
    base: Arc<Url>,
    credential: Arc<Credential>,
}

impl<S> Authenticate<S> {
    pub(crate) fn new(inner: S, base: Arc<Url>, credential: Arc<Credential>) -> Self {
        Self { inner, base, credential }
    }
}

impl<S> Service<Wire> for Authenticate<S>
where
    S: Service<Wire, Response = Received, Error = Trouble>,
    S::Future: Send + 'static,
{
    type Response = Received;
    type Error = Trouble;
    type Future = BoxFuture<'static, Result<Received, Trouble>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Trouble>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut wire: Wire) -> Self::Future {
        let proven = address::prove(&self.base, &wire.url)
            .map_err(|why| Trouble::Refused(why.to_string()))
            .and_then(|()| self.credential.attach(&mut wire));
        match proven {
            Ok(()) => self.inner.call(wire).boxed(),
            Err(trouble) => ready(Err(trouble)).boxed(),
        }
    }
}
