//! Clients against a real server on loopback, and sockets that misbehave.
//!
//! Long because each way a network can fail needs a server that does so.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use tenure_language::{FilledBody, Method};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::call::{Body, Call};
use crate::client::Client;
use crate::egress::Egress;
use crate::failure::{Failure, FailureKind};
use crate::probe;
use crate::registry::Registry;
use crate::scripted::{TOKEN, call, connector, get, post};
use crate::surroundings::Surroundings;

/// Short pauses: these tests run on the real clock.
const QUICK: &str = "retry: { initial_delay: 1ms, max_delay: 2ms }";

fn loopback() -> Egress {
    Egress::allowing(["127.0.0.0/8", "::1"]).unwrap()
}

fn client(base_url: &str, yaml: &str, egress: Egress) -> Arc<Client> {
    let timeout = if yaml.contains("timeout") { "" } else { "timeout: 300ms" };
    let connector = connector(&format!("base_url: {base_url}\n{QUICK}\n{timeout}\n{yaml}"));
    Registry::new(Surroundings::new(egress), [connector]).get("chat").unwrap()
}

/// Serves the n-th request (from 0) with whatever is said, and counts.
async fn serve(
    answer: impl Fn(usize, Request) -> Response + Clone + Send + Sync + 'static,
) -> (String, Arc<AtomicUsize>) {
    let count = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&count);
    let app = Router::new().fallback(move |request: Request| {
        let response = answer(seen.fetch_add(1, Ordering::SeqCst), request);
        async move { response }
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    (format!("http://{address}"), count)
}

/// Accepts connections, reads a request, and does this with the socket.
async fn misbehave(reply: &'static [u8]) -> (String, Arc<AtomicUsize>) {
    let count = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&count);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let seen = Arc::clone(&seen);
            tokio::spawn(async move {
                let mut buffer = [0; 4096];
                let _ = socket.read(&mut buffer).await;
                seen.fetch_add(1, Ordering::SeqCst);
                let _ = socket.write_all(reply).await;
            });
        }
    });
    (format!("http://{address}"), count)
}

/// The first answer is `code` with these headers, all later ones are 200.
async fn check(
    call: Call,
    yaml: &str,
    code: u16,
    headers: &[(&'static str, &'static str)],
    expect: &str,
) {
    let headers = headers.to_vec();
    let (url, count) = serve(move |n, _| {
        let mut response = StatusCode::OK.into_response();
        if n == 0 {
            *response.status_mut() = StatusCode::from_u16(code).unwrap();
            for (name, value) in &headers {
                response.headers_mut().insert(*name, HeaderValue::from_static(value));
            }
        }
        response
    })
    .await;
    let said = match client(&url, yaml, loopback()).send(call).await {
        Ok(_) => format!("ok after {}", count.load(Ordering::SeqCst)),
        Err(failure) => format!("{} after {}", failure.name(), count.load(Ordering::SeqCst)),
    };
    assert_eq!(said, expect, "{code} {headers:?}", headers = "");
}

#[tokio::test]
async fn statuses_are_judged_over_a_real_connection() {
    const KEYED: &str = "idempotency: { header: Idempotency-Key }";
    let hint = [("retry-after", "0")];
    let past = [("retry-after", "Fri, 01 May 2020 10:00:00 GMT")];
    check(post(), "", 429, &hint, "ok after 2").await;
    check(post(), "", 429, &past, "ok after 2").await;
    check(post(), "", 429, &[("retry-after", "3600")], "limit after 1").await;
    check(post(), "", 503, &hint, "ok after 2").await;
    check(post(), "", 503, &[], "unknown after 1").await;
    check(get(), "", 503, &[], "ok after 2").await;
    check(get(), "", 500, &[], "ok after 2").await;
    check(post(), "", 500, &[], "unknown after 1").await;
    check(post(), KEYED, 500, &[], "ok after 2").await;
    check(get(), "", 401, &[], "auth after 1").await;
    check(get(), "", 403, &[], "http.403 after 1").await;
    check(
        get(),
        "",
        403,
        &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "0")],
        "ok after 2",
    )
    .await;
    check(post(), "", 425, &[], "ok after 2").await;
    check(get(), "", 408, &[], "ok after 2").await;
    check(post(), "", 408, &[], "unknown after 1").await;
    check(post(), "", 409, &[], "http.409 after 1").await;
    check(post(), KEYED, 409, &[], "ok after 2").await;
}

/// How a call ends against an address where nobody serves properly.
async fn fails(url: &str, call: Call) -> (FailureKind, String) {
    let Failure { kind, message, .. } = client(url, "", loopback()).send(call).await.unwrap_err();
    (kind, message)
}

#[tokio::test]
async fn a_refused_connection_was_never_used() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let failure = client(&url, "", loopback()).send(post()).await.unwrap_err();
    assert_eq!((failure.kind, failure.attempts.len()), (FailureKind::Connect, 3));
    assert!(failure.message.contains("refused"), "{}", failure.message);
    let (kind, message) = fails("http://nowhere.invalid", post()).await;
    assert_eq!(kind, FailureKind::Connect, "{message}");
}

#[tokio::test]
async fn a_connection_that_breaks_after_the_request_leaves_doubt() {
    for reply in [
        b"".as_slice(),
        b"HTTP/1.1 200 OK\r\ncontent-le",
        b"HTTP/1.1 201 Created\r\ncontent-length: 100\r\n\r\nhalf",
    ] {
        let (url, count) = misbehave(reply).await;
        assert_eq!(fails(&url, post()).await.0, FailureKind::InDoubt);
        assert_eq!(count.load(Ordering::SeqCst), 1, "it is not sent twice");
        assert_eq!(fails(&url, get()).await.0, FailureKind::Timeout);
        assert_eq!(count.load(Ordering::SeqCst), 4, "a read is tried three times");
    }
}

#[tokio::test]
async fn a_timeout_after_the_request_leaves_doubt() {
    let app = Router::new().fallback(std::future::pending::<StatusCode>);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    let (kind, message) = fails(&url, post()).await;
    assert_eq!(kind, FailureKind::InDoubt);
    assert_eq!(message, "connector \"chat\": timeout; whether POST was carried out is not known");
    assert_eq!(
        fails(&url, get()).await,
        (FailureKind::Timeout, "connector \"chat\": timeout after 3 attempts".to_owned())
    );
}

#[tokio::test]
async fn what_is_no_tls_is_never_sent() {
    let (url, _) = misbehave(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
    let (kind, message) = fails(&url.replace("http://", "https://"), post()).await;
    assert_eq!(kind, FailureKind::Connect, "{message}");
}

#[tokio::test]
async fn private_addresses_are_refused_before_anything_is_sent() {
    let (url, count) = serve(|_, _| StatusCode::OK.into_response()).await;
    let port = url.rsplit(':').next().unwrap();
    for host in ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433", "169.254.169.254"] {
        let client = client(&format!("http://{host}:{port}"), "", Egress::default());
        let failure = client.send(get()).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Refused, "{host}: {failure}");
        assert!(failure.message.contains("address"), "{failure}");
    }
    assert_eq!(count.load(Ordering::SeqCst), 0);
    let by_name = client(&format!("http://localhost:{port}"), "", loopback());
    by_name.send(get()).await.unwrap();
}

#[tokio::test]
async fn bodies_are_bounded_also_when_compressed() {
    let (url, _) = serve(|n, _| match n {
        0 => Bytes::from(vec![b'x'; BODY_MAX]).into_response(),
        1 => Bytes::from(vec![b'x'; BODY_MAX + 1]).into_response(),
        2 => ([("content-encoding", "gzip")], zipped(BODY_MAX)).into_response(),
        3 => ([("content-encoding", "gzip")], zipped(BODY_MAX + 1)).into_response(),
        _ => {
            let chunk = || Ok::<_, std::io::Error>(Bytes::from_static(&[b'x'; 65536]));
            axum::body::Body::from_stream(futures::stream::repeat_with(chunk)).into_response()
        }
    })
    .await;
    let client = client(&url, "timeout: 30s", loopback());
    for fits in [true, false, true, false, false] {
        match client.send(get()).await {
            Ok(answer) => {
                assert!(fits);
                assert_eq!(answer.body, Body::Bytes(BODY_MAX));
            }
            Err(failure) => {
                assert!(!fits, "{failure}");
                assert_eq!(failure.kind, FailureKind::Refused);
                let expect = "connector \"chat\": reply is larger than 10485760 bytes";
                assert_eq!(failure.message, expect);
            }
        }
    }
}

const BODY_MAX: usize = 10 << 20;

fn zipped(length: usize) -> Vec<u8> {
    use std::io::Write as _;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(&vec![0; length]).unwrap();
    let zipped = encoder.finish().unwrap();
    assert!(zipped.len() < length / 100);
    zipped
}

/// Every kind of authentication, and what arrives of it.
const KINDS: [(&str, &str, Option<&str>); 6] = [
    ("none", "auth: none", None),
    (
        "basic",
        "auth: { basic: { username: bot, password: \"${{ secrets.token }}\" } }",
        Some("Basic Ym90OnQwa2VuLWh1bnRlcjI="),
    ),
    (
        "user name",
        "auth: { basic: { username: \"${{ secrets.token }}\", password: \"${{ secrets.token }}\" } }",
        Some("Basic dDBrZW4taHVudGVyMjp0MGtlbi1odW50ZXIy"),
    ),
    (
        "bearer",
        "auth: { bearer: { token: \"${{ secrets.token }}\" } }",
        Some("Bearer t0ken-hunter2"),
    ),
    (
        "header",
        "auth: { header: { name: X-Api-Key, value: \"${{ secrets.token }}\" } }",
        Some("t0ken-hunter2"),
    ),
    (
        "query",
        "auth: { query: { name: api_key, value: \"${{ secrets.token }}\" } }",
        Some("t0ken-hunter2"),
    ),
];

#[tokio::test]
async fn every_kind_of_credential_arrives_and_none_comes_back() {
    for (kind, yaml, expect) in KINDS {
        let arrived = Arc::new(Mutex::new(None));
        let seen = Arc::clone(&arrived);
        // The worst service: it says everything it heard, where everybody looks.
        let (url, _) = serve(move |n, request| {
            let heard = request
                .headers()
                .get("authorization")
                .or_else(|| request.headers().get("x-api-key"))
                .map(|value| value.to_str().unwrap().to_owned())
                .or_else(|| Some(request.uri().query()?.strip_prefix("api_key=")?.to_owned()));
            *seen.lock().unwrap() = heard.clone();
            let heard = heard.unwrap_or_default();
            let echo = serde_json::json!({ "heard": heard, "url": request.uri().to_string() });
            let status = StatusCode::from_u16([200, 400, 401, 500][n.min(3)]).unwrap();
            (status, [("x-echo", heard)], axum::Json(echo)).into_response()
        })
        .await;
        let client = client(&url, yaml, loopback());
        let mut shown = String::new();
        for _ in 0..4 {
            match client.send(post()).await {
                Ok(answer) => {
                    shown += &format!("{answer:?} {:?} {}", answer.headers, json(&answer.body));
                }
                Err(failure) => {
                    shown += &format!("{failure} {failure:?} {failure:#?}");
                    let answer = failure.answer.unwrap();
                    shown += &format!("{:?} {}", answer.headers, json(&answer.body));
                }
            }
        }
        shown += &format!(
            "{:?} {:?} {client:?} {:?}",
            client.test().await,
            client.connector(),
            client.defaults()
        );
        assert_eq!(arrived.lock().unwrap().as_deref(), expect, "{kind}");
        for needle in [TOKEN, "Ym90OnQwa2VuLWh1bnRlcjI", "dDBrZW4taHVudGVyMjp0MGtlbi1odW50ZXIy"] {
            assert!(!shown.contains(needle), "{kind}: {shown}");
        }
        if expect.is_some() {
            assert!(shown.contains("(secret)"), "{kind}: the echo was masked, not lost");
        }
    }
}

fn json(body: &Body) -> String {
    match body {
        Body::Json(value) => value.to_string(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_secret_in_a_default_header_stays_one() {
    let yaml = "headers: { X-Tenant: \"t-${{ secrets.token }}\", X-Plain: hello }";
    let (url, _) = serve(|_, request| {
        let tenant = request.headers()["x-tenant"].to_str().unwrap().to_owned();
        assert_eq!(tenant, format!("t-{TOKEN}"));
        (StatusCode::BAD_REQUEST, tenant).into_response()
    })
    .await;
    let client = client(&url, yaml, loopback());
    let failure = client.send(get()).await.unwrap_err();
    assert!(failure.answer.unwrap().body == Body::Text("(secret)".to_owned()));
    let shown = client.test().await.headers;
    assert!(shown.contains(&("x-tenant".to_owned(), "(secret)".to_owned())), "{shown:?}");
    assert!(shown.contains(&("x-plain".to_owned(), "hello".to_owned())), "{shown:?}");
}

#[tokio::test]
async fn bodies_go_out_as_they_are_meant() {
    let (url, _) = serve(|_, request| {
        let content_type = request.headers().get("content-type").cloned();
        let mut response = axum::body::Body::new(request.into_body()).into_response();
        response.headers_mut().insert("content-type", HeaderValue::from_static("text/plain"));
        if let Some(value) = content_type {
            response.headers_mut().insert("x-content-type", value);
        }
        response
    })
    .await;
    let client = client(&url, "", loopback());
    let form = FilledBody::Form(vec![("a b".into(), "c&d".into()), ("e".into(), "ä".into())]);
    for (body, content_type, expect) in [
        (FilledBody::Json(serde_json::json!([1])), "application/json", "[1]"),
        (form, "application/x-www-form-urlencoded", "a+b=c%26d&e=%C3%A4"),
        (FilledBody::Text("hi".into()), "text/plain; charset=utf-8", "hi"),
    ] {
        let mut call = call(Method::Post, "/echo");
        call.request.body = body;
        let answer = client.send(call).await.unwrap();
        assert!(answer.body == Body::Text(expect.to_owned()));
        let sent = answer.headers.iter().find(|(name, _)| name == "x-content-type");
        assert_eq!(sent.map(|(_, value)| value.as_str()), Some(content_type));
    }
    let mut empty = call(Method::Post, "/echo");
    empty.request.body = FilledBody::None;
    assert!(client.send(empty).await.unwrap().body == Body::Empty);
}

#[tokio::test]
async fn a_connection_is_used_again() {
    let addresses = Arc::new(Mutex::new(std::collections::BTreeSet::new()));
    let seen = Arc::clone(&addresses);
    let app = Router::new().fallback(
        move |axum::extract::ConnectInfo(peer): axum::extract::ConnectInfo<
            std::net::SocketAddr,
        >| {
            seen.lock().unwrap().insert(peer);
            async { "ok" }
        },
    );
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let service = app.into_make_service_with_connect_info::<std::net::SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await });
    let client = client(&url, "", loopback());
    for _ in 0..10 {
        client.send(get()).await.unwrap();
    }
    assert_eq!(addresses.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_test_says_what_was_sent_and_what_it_means() {
    const AUTH: &str =
        "auth: { query: { name: key, value: \"${{ secrets.token }}\" } }\ntest: GET /user?me=1";
    for (code, verdict) in [
        (200, probe::Verdict::Works),
        (404, probe::Verdict::Reached),
        (401, probe::Verdict::Rejected),
        (403, probe::Verdict::Rejected),
        (500, probe::Verdict::Failed),
    ] {
        let (url, count) = serve(move |_, request| {
            assert_eq!(request.uri().to_string(), format!("/user?me=1&key={TOKEN}"));
            StatusCode::from_u16(code).unwrap().into_response()
        })
        .await;
        let probe = client(&url, AUTH, loopback()).test().await;
        assert_eq!((probe.status, probe.verdict), (Some(code), verdict));
        assert_eq!(probe.request, format!("GET {url}/user?me=1&key=(secret)"));
        assert!(probe.duration > Duration::ZERO);
        assert_eq!(count.load(Ordering::SeqCst), 1, "one attempt, whatever happens");
    }
}
