//! What every request passes before a service sees it.
//!
//! Order is meaning: a fault can hit anyone, a stranger is refused before the limit counts
//! him, a known key is answered before anything is done, and the log has the last word.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Extension;
use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use tokio::time::Instant;

use crate::answer::{Answer, Effect};
use crate::door::{Door, shown_path};
use crate::faults::{Faults, Fortune};
use crate::keys::{KEY_LENGTH_MAX, Kept, Keys, Known};
use crate::limit::{Counter, Limit, whole_seconds};
use crate::log::{Entry, Log};
use crate::options::Service;
use crate::wire::Wire;

/// Longest body a service reads.
const BODY_MAX: usize = 1024 * 1024;

/// The front of one service.
pub(crate) struct Front {
    service: Service,
    door: Door,
    honour_keys: bool,
    fortune: Mutex<Fortune>,
    counter: Option<Mutex<Counter>>,
    keys: Mutex<Keys>,
    log: Arc<Log>,
}

/// What was decided about one request.
struct Outcome {
    response: Response,
    effect: bool,
    replayed: bool,
    lost: bool,
}

impl Outcome {
    fn refused(response: impl IntoResponse) -> Self {
        Self { response: response.into_response(), effect: false, replayed: false, lost: false }
    }

    fn limited(wait: Duration) -> Self {
        let refusal = Answer::refused(StatusCode::TOO_MANY_REQUESTS, "ratelimited");
        Self::refused(([(header::RETRY_AFTER, whole_seconds(wait).to_string())], refusal))
    }
}

/// The middleware: lets a request through to its service.
pub(crate) async fn pass(
    Extension(front): Extension<Arc<Front>>,
    ConnectInfo(wire): ConnectInfo<Wire>,
    request: Request,
    next: Next,
) -> Response {
    // A caller who dies must not undo half a request: like most services, this one goes on.
    let handled = tokio::spawn(async move { front.handle(&wire, request, next).await });
    handled.await.unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}

impl Front {
    pub(crate) fn new(
        service: Service,
        door: Door,
        limit: Option<Limit>,
        honour_keys: bool,
        log: Arc<Log>,
    ) -> Self {
        Self {
            service,
            door,
            honour_keys,
            fortune: Mutex::default(),
            counter: limit.map(|limit| Mutex::new(Counter::new(limit))),
            keys: Mutex::default(),
            log,
        }
    }

    pub(crate) fn faults(&self) -> Faults {
        locked(&self.fortune).faults().clone()
    }

    pub(crate) fn set_faults(&self, faults: Faults) {
        locked(&self.fortune).set(faults);
    }

    pub(crate) fn log(&self) -> &Log {
        &self.log
    }

    async fn handle(&self, wire: &Wire, request: Request, next: Next) -> Response {
        let (parts, body) = request.into_parts();
        let Ok(body) = to_bytes(body, BODY_MAX).await else {
            return StatusCode::PAYLOAD_TOO_LARGE.into_response();
        };
        let mut entry = self.entry(&parts, &body);
        let outcome = self.decide(parts, body, next).await;
        entry.status = outcome.response.status().as_u16();
        entry.effect = outcome.effect;
        entry.replayed = outcome.replayed;
        entry.lost = outcome.lost;
        entry.at = Timestamp::now();
        self.log.add(entry);
        if outcome.lost {
            wire.cut();
        }
        outcome.response
    }

    /// What the log says about a request before it is answered.
    fn entry(&self, parts: &Parts, body: &Bytes) -> Entry {
        Entry {
            number: 0,
            at: Timestamp::UNIX_EPOCH,
            service: self.service,
            method: parts.method.to_string(),
            path: shown_path(parts),
            idempotency_key: text_of(&parts.headers, "idempotency-key"),
            traceparent: text_of(&parts.headers, "traceparent"),
            body_digest: digest(body)[..16].to_owned(),
            status: 0,
            effect: false,
            replayed: false,
            lost: false,
        }
    }

    async fn decide(&self, parts: Parts, body: Bytes, next: Next) -> Outcome {
        let fate = locked(&self.fortune).next(&parts.method, parts.uri.path());
        if !fate.latency.is_zero() {
            tokio::time::sleep(fate.latency).await;
        }
        if fate.request_lost {
            let lost = Outcome::refused(StatusCode::SERVICE_UNAVAILABLE);
            return Outcome { lost: true, ..lost };
        }
        if !self.door.admits(&parts) {
            // No detail: a stranger learns nothing about what would be right.
            return Outcome::refused(StatusCode::UNAUTHORIZED);
        }
        if fate.limited {
            return Outcome::limited(Duration::from_secs(1));
        }
        if let Some((status, retry_after)) = fate.fails {
            let mut refusal = Answer::refused(status, "fault").into_response();
            if let Some(after) = retry_after {
                refusal.headers_mut().insert(header::RETRY_AFTER, whole_seconds(after).into());
            }
            return Outcome::refused(refusal);
        }
        if let Some(counter) = &self.counter
            && let Err(wait) = locked(counter).take(Instant::now())
        {
            return Outcome::limited(wait);
        }
        Outcome { lost: fate.answer_lost, ..self.serve(parts, body, next).await }
    }

    /// Serves a request, once for each key.
    async fn serve(&self, parts: Parts, body: Bytes, next: Next) -> Outcome {
        let promised = self.honour_keys && matches!(parts.method, Method::POST | Method::PATCH);
        let key = text_of(&parts.headers, "idempotency-key").filter(|_| promised);
        let Some(key) = key else {
            return served(next.run(Request::from_parts(parts, Body::from(body))).await);
        };
        if key.is_empty() || key.len() > KEY_LENGTH_MAX {
            return Outcome::refused(Answer::refused(
                StatusCode::BAD_REQUEST,
                "bad_idempotency_key",
            ));
        }
        let fingerprint = format!("{} {} {}", parts.method, parts.uri, digest(&body));
        let known = locked(&self.keys).begin(&key, &fingerprint);
        match known {
            Known::New => {}
            Known::Done(kept) => {
                return Outcome { replayed: true, ..Outcome::refused(kept.into_response()) };
            }
            Known::Busy => {
                return Outcome::refused(Answer::refused(StatusCode::CONFLICT, "in_progress"));
            }
            Known::Misused => {
                let refusal = Answer::refused(StatusCode::UNPROCESSABLE_ENTITY, "key_reused");
                return Outcome::refused(refusal);
            }
        }
        let response = next.run(Request::from_parts(parts, Body::from(body))).await;
        self.keep(&key, response).await
    }

    /// Keeps an answer under its key, unless the service itself failed.
    async fn keep(&self, key: &str, response: Response) -> Outcome {
        let (parts, body) = response.into_parts();
        let body = match to_bytes(body, BODY_MAX).await {
            Ok(body) if !parts.status.is_server_error() => body,
            _ => {
                locked(&self.keys).forget(key);
                return Outcome::refused(parts.status);
            }
        };
        let content_type = text_of(&parts.headers, header::CONTENT_TYPE.as_str());
        let kept = Kept { status: parts.status, content_type, body: body.clone() };
        locked(&self.keys).finish(key, kept);
        served(Response::from_parts(parts, Body::from(body)))
    }
}

impl IntoResponse for Kept {
    fn into_response(self) -> Response {
        let mut response = (self.status, self.body).into_response();
        response.headers_mut().remove(header::CONTENT_TYPE);
        if let Some(kind) = self.content_type.and_then(|kind| kind.parse().ok()) {
            response.headers_mut().insert(header::CONTENT_TYPE, kind);
        }
        response
    }
}

fn served(response: Response) -> Outcome {
    let effect = response.extensions().get::<Effect>().is_some();
    Outcome { response, effect, replayed: false, lost: false }
}

fn text_of(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
}

fn digest(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut hex, byte| {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// The value behind a lock; a panic elsewhere does not make it unusable.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
