//! Redirects that stay where the connector points.

use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::future::BoxFuture;
use http::header::{CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_TYPE, LOCATION};
use http::{Method, StatusCode};
use tower::Service;
use url::Url;

use super::order::{Outgoing, Received, Trouble};
use crate::address;
use crate::transport::{Wire, WireError};

const HOPS_MAX: usize = 5;

/// Follows redirects of the same origin under the base URL, five at most.
///
/// 303 becomes GET, 307 and 308 keep method and body, 301 and 302 are followed for GET and
/// HEAD only: clients disagree on what they mean for the rest.
#[derive(Clone)]
pub(crate) struct Redirect<S> {
    inner: S,
    base: Arc<Url>,
}

impl<S> Redirect<S> {
    pub(crate) fn new(inner: S, base: Arc<Url>) -> Self {
        Self { inner, base }
    }
}

impl<S> Service<Outgoing> for Redirect<S>
where
    S: Service<Wire, Response = Received, Error = Trouble> + Clone + Send + 'static,
    S::Future: Send + 'static,
{
    type Response = Received;
    type Error = Trouble;
    type Future = BoxFuture<'static, Result<Received, Trouble>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Trouble>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, outgoing: Outgoing) -> Self::Future {
        let waiting = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, waiting);
        let base = Arc::clone(&self.base);
        Box::pin(async move {
            let mut hop = Hop::first(&outgoing);
            for _ in 0..=HOPS_MAX {
                let sent = inner.call(hop.wire(&outgoing)).await;
                let mut received = sent.map_err(|trouble| hop.explain(trouble))?;
                received.write_done = hop.write_done;
                let next = hop.next(&base, &received);
                match next.map_err(|why| hop.refused(why, &received))? {
                    Some(next) => hop = next,
                    None => return Ok(received),
                }
                futures::future::poll_fn(|context| inner.poll_ready(context)).await?;
            }
            let why = format!("more than {HOPS_MAX} redirects");
            Err(if hop.write_done { Trouble::Lost(why) } else { Trouble::Refused(why) })
        })
    }
}

/// One request on the way, and what the ones before it mean.
struct Hop {
    method: Method,
    url: Url,
    with_body: bool,
    /// A 303 said that the write has been carried out.
    write_done: bool,
}

impl Hop {
    fn first(outgoing: &Outgoing) -> Self {
        let order = &outgoing.order;
        let method = order.method.as_str().parse().unwrap_or(Method::GET);
        Self { method, url: order.url.clone(), with_body: true, write_done: false }
    }

    fn wire(&self, outgoing: &Outgoing) -> Wire {
        let order = &outgoing.order;
        let mut headers = order.headers.clone();
        if let Some(traceparent) = &outgoing.traceparent {
            headers.insert("traceparent", traceparent.clone());
        }
        if !self.with_body {
            for name in [CONTENT_TYPE, CONTENT_ENCODING, CONTENT_LANGUAGE] {
                headers.remove(name);
            }
        }
        let body = if self.with_body { order.body.clone() } else { Bytes::new() };
        Wire { method: self.method.clone(), url: self.url.clone(), headers, body }
    }

    /// What follows a reply; `None`: it is the answer.
    fn next(&self, base: &Url, received: &Received) -> Result<Option<Self>, String> {
        let read = self.method == Method::GET || self.method == Method::HEAD;
        let keep = match received.reply.status {
            StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND if read => true,
            StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT => true,
            StatusCode::SEE_OTHER => read,
            _ => return Ok(None),
        };
        let Some(location) = received.reply.headers.get(LOCATION) else { return Ok(None) };
        let url = location.to_str().ok().and_then(|location| self.url.join(location).ok());
        let mut url = url.ok_or_else(|| "redirect leads to no URL".to_owned())?;
        url.set_fragment(None);
        address::prove(base, &url).map_err(|why| format!("redirect is not followed: {why}"))?;
        Ok(Some(Self {
            method: if keep { self.method.clone() } else { Method::GET },
            url,
            with_body: self.with_body && keep,
            write_done: self.write_done || !keep,
        }))
    }

    /// Why a redirect is not followed, and whether the write it answers has been carried out.
    fn refused(&self, why: String, received: &Received) -> Trouble {
        let done = self.write_done || received.reply.status == StatusCode::SEE_OTHER;
        if done { Trouble::Lost(why) } else { Trouble::Refused(why) }
    }

    /// After a write was carried out, not to reach its result does not mean it never was.
    fn explain(&self, trouble: Trouble) -> Trouble {
        match trouble {
            Trouble::Wire(WireError::NeverSent(why)) if self.write_done => {
                Trouble::Wire(WireError::Interrupted(why))
            }
            other => other,
        }
    }
}
