//! Where credentials go, and where they do not.

use tenure_language::{FilledBody, Method};

use crate::call::Call;
use crate::failure::FailureKind;
use crate::scripted::{TOKEN, call, client, error, get, post, status};
use crate::transport::WireError;

const BEARER: &str = "auth: { bearer: { token: \"${{ secrets.token }}\" } }";
const QUERY: &str = "auth: { query: { name: api_key, value: \"${{ secrets.token }}\" } }";

/// Sends a call whose first request is redirected, and shows what went out.
async fn check(call: Call, code: u16, location: &'static str, expect: &[&str]) {
    let (client, script) = client(BEARER, move |n, _| {
        if n == 0 { status(code, &[("location", location)]) } else { status(200, &[]) }
    });
    let result = client.send(call).await;
    let sent = script.sent();
    let lines: Vec<&str> = sent.iter().map(|sent| sent.line.as_str()).collect();
    assert_eq!(lines, expect, "{code} {location}: {result:?}");
    let bearer = format!("Bearer {TOKEN}");
    assert!(sent.iter().all(|sent| sent.header("authorization") == Some(&bearer)));
}

#[tokio::test(start_paused = true)]
async fn redirects_under_the_base_url_are_followed() {
    const X: &str = "GET https://chat.example/api/x";
    for code in [301, 302, 303, 307, 308] {
        check(get(), code, "/api/y?z=1", &[X, "GET https://chat.example/api/y?z=1"]).await;
    }
    check(get(), 302, "y", &[X, "GET https://chat.example/api/y"]).await;
    check(get(), 302, "https://chat.example:443/api/y", &[X, "GET https://chat.example/api/y"])
        .await;
}

#[tokio::test(start_paused = true)]
async fn writes_are_redirected_as_their_status_says() {
    const X: &str = "POST https://chat.example/api/x";
    check(post(), 303, "/api/y", &[X, "GET https://chat.example/api/y"]).await;
    check(post(), 307, "/api/y", &[X, "POST https://chat.example/api/y"]).await;
    check(post(), 308, "/api/y", &[X, "POST https://chat.example/api/y"]).await;
    for code in [301, 302] {
        check(post(), code, "/api/y", &[X]).await;
    }
    let (client, script) = client("", |n, _| match n {
        0 => status(307, &[("location", "/api/y")]),
        1 => status(303, &[("location", "/api/z")]),
        _ => status(200, &[]),
    });
    client.send(post()).await.unwrap();
    let sent = script.sent();
    let bodies: Vec<usize> = sent.iter().map(|sent| sent.body.len()).collect();
    assert_eq!(bodies, [16, 16, 0]);
    assert_eq!(sent[2].header("content-type"), None);
}

#[tokio::test(start_paused = true)]
async fn no_credential_leaves_the_base_url() {
    for location in [
        "https://evil.example/api/y",
        "//evil.example/api/y",
        "http://chat.example/api/y",
        "https://chat.example:8443/api/y",
        "https://user@chat.example/api/y",
        "/other",
        "/api/../other",
        "/api/%2e%2e/other",
        "/api2",
        "javascript:alert(1)",
    ] {
        let (client, script) = client(BEARER, move |_, _| status(307, &[("location", location)]));
        let failure = client.send(post()).await.unwrap_err();
        assert_eq!((failure.kind, script.count()), (FailureKind::Refused, 1), "{location}");
        assert!(!failure.message.contains("evil"), "{}", failure.message);
    }
}

#[tokio::test(start_paused = true)]
async fn redirects_end() {
    let (client, script) = client("", |_, _| status(302, &[("location", "/api/x")]));
    let failure = client.send(get()).await.unwrap_err();
    assert_eq!(failure.message, "connector \"chat\": more than 5 redirects");
    assert_eq!((failure.kind, script.count()), (FailureKind::Refused, 6));
}

#[tokio::test(start_paused = true)]
async fn after_see_other_the_write_is_done_and_never_repeated() {
    for trouble in [
        || status(500, &[]),
        || status(429, &[("retry-after", "1")]),
        || error(WireError::NeverSent("connection refused".to_owned())),
    ] {
        let (client, script) =
            client(
                "",
                move |n, _| {
                    if n == 0 { status(303, &[("location", "/api/y")]) } else { trouble() }
                },
            );
        let failure = client.send(post()).await.unwrap_err();
        assert_eq!((failure.kind, script.count()), (FailureKind::InDoubt, 2));
    }
    for method in [Method::Post, Method::Put] {
        for location in ["https://evil.example/api/y", "https://[/"] {
            let (client, script) = client("", move |_, _| status(303, &[("location", location)]));
            let failure = client.send(call(method, "/x")).await.unwrap_err();
            assert_eq!((failure.kind, script.count()), (FailureKind::InDoubt, 1), "{failure}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_in_the_query_is_attached_once() {
    let (client, script) = client(QUERY, |n, _| {
        let location = format!("/api/y?a=1&api_key={TOKEN}");
        if n == 0 { status(302, &[("location", &location)]) } else { status(200, &[]) }
    });
    client.send(call(Method::Get, "/x?b=2")).await.unwrap();
    let lines: Vec<String> = script.sent().into_iter().map(|sent| sent.line).collect();
    assert_eq!(
        lines,
        [
            format!("GET https://chat.example/api/x?b=2&api_key={TOKEN}"),
            format!("GET https://chat.example/api/y?a=1&api_key={TOKEN}"),
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_request_cannot_take_the_credentials_place() {
    let refused = async |yaml: &str, change: &dyn Fn(&mut Call)| {
        let (client, script) = client(yaml, |_, _| status(200, &[]));
        let mut call = post();
        change(&mut call);
        let failure = client.send(call).await.unwrap_err();
        assert_eq!((failure.kind, script.count()), (FailureKind::Refused, 0), "{failure}");
        failure.message
    };
    let header = |name: &str, value: &str| {
        let header = (name.to_owned(), value.to_owned());
        move |call: &mut Call| call.request.headers.push(header.clone())
    };
    assert_eq!(
        refused(BEARER, &header("AUTHORIZATION", "Bearer mine")).await,
        "connector \"chat\": request is refused: header \"authorization\" carries the connector's credential and cannot be set"
    );
    for (name, value) in
        [("Host", "evil"), ("Content-Length", "0"), ("a b", "c"), ("x", "a\r\nb: c")]
    {
        refused("", &header(name, value)).await;
    }
    refused(QUERY, &|call| call.request.query.push(("api_key".into(), "mine".into()))).await;
    refused(QUERY, &|call| call.request.path = "/x?api%5Fkey=mine".into()).await;
    refused("", &|call| call.request.path = "/../admin".into()).await;
    refused("", &|call| call.idempotency_key = Some("a\nb".into())).await;
    refused("", &|call| call.request.body = FilledBody::Text("x".repeat(11 << 20))).await;
}
