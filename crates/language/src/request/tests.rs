use super::*;
use serde_json::json;

fn json_template(value: Value) -> Template {
    Template::compile(&value).unwrap()
}

fn template(line: &str) -> RequestTemplate {
    let line = RequestLine::compile(line).unwrap();
    RequestTemplate {
        method: line.method,
        path: line.path,
        query: Vec::new(),
        headers: Vec::new(),
        body: BodyTemplate::None,
    }
}

#[test]
fn reads_request_lines() {
    for (line, method, path) in [
        ("GET /user", Method::Get, "/user"),
        ("  PATCH   /Users/${{ id }}  ", Method::Patch, "/Users/${{ id }}"),
        ("POST /a?x=1&y=${{ z }}", Method::Post, "/a?x=1&y=${{ z }}"),
        ("DELETE /a/...", Method::Delete, "/a/..."),
        ("PUT /", Method::Put, "/"),
    ] {
        let read = RequestLine::compile(line).unwrap();
        assert_eq!((read.method, read.path.source()), (method, path), "{line}");
    }
}

#[test]
fn refuses_what_is_no_request_line() {
    for (line, message, hint) in [
        ("get /user", "\"get\" is not a method", "did you mean \"GET\"?"),
        ("/user", "\"/user\" is not a method", "write the method first"),
        ("FETCH /user", "\"FETCH\" is not a method", "known here: GET"),
        ("GET", "the path is missing", "write the path after the method"),
        ("GET user", "begins with one \"/\"", "from the connector's base_url on"),
        ("GET https://example.com/user", "begins with one \"/\"", "host is the connector's"),
        ("GET //example.com/user", "begins with one \"/\"", "host is the connector's"),
        ("GET ${{ url }}", "begins with one \"/\"", "from the connector's base_url on"),
        ("GET /a b", "no spaces", "%20"),
        ("GET /a#b", "no fragment", "%23"),
        ("GET /a/../b", "\"..\" segment", ""),
        ("GET /a/%2E%2e/b", "\"..\" segment", ""),
        ("GET /a/${{ b", "is not closed", "close it"),
    ] {
        let error = RequestLine::compile(line).unwrap_err();
        assert!(error.message.contains(message), "{line}: {}", error.message);
        assert!(error.hint.unwrap_or_default().contains(hint), "{line}");
        assert!(error.start <= error.end && error.end <= line.len(), "{line}");
    }
}

#[test]
fn values_in_a_path_stay_one_segment() {
    let template = template("GET /Users/${{ id }}/groups?x=${{ id }}");
    for (id, path) in [
        ("a/b", "/Users/a%2Fb/groups?x=a%2Fb"),
        ("ü @?#&", "/Users/%C3%BC%20%40%3F%23%26/groups?x=%C3%BC%20%40%3F%23%26"),
        ("a-b_c.d~e", "/Users/a-b_c.d~e/groups?x=a-b_c.d~e"),
    ] {
        assert_eq!(template.fill(&json!({ "id": id })).unwrap().path, path);
    }
    let error = template.fill(&json!({"id": ".."})).unwrap_err();
    assert!(error.message.contains("segment"), "{}", error.message);
    assert!(template.fill(&json!({"id": null})).is_err());
}

#[test]
fn a_value_cannot_change_what_a_path_is_about() {
    for (line, value, fits) in [
        ("GET /${{ a }}/example.com", "", false),
        ("DELETE /Users/${{ a }}", "", false),
        ("DELETE /Users/${{ a }}/x", "", false),
        ("GET /Users/${{ a }}x", "", true),
        ("GET /Users?filter=${{ a }}", "", true),
        ("GET /Users/", "", true),
        ("GET /a/%2e${{ a }}/b", ".", false),
        ("GET /a/${{ a }}${{ a }}/b", ".", false),
        ("GET /a/${{ a }}", "..", false),
        ("GET /a/${{ a }}", "%2e%2e", true),
        ("GET /a/${{ a }}", "...", true),
    ] {
        let filled = template(line).fill(&json!({"a": value}));
        assert_eq!(filled.is_ok(), fits, "{line} {value}: {filled:?}");
    }
}

#[test]
fn fills_query_headers_and_bodies() {
    let mut request = template("POST /a");
    request.query = vec![
        ("ids".to_owned(), json_template(json!("${{ ids }}"))),
        ("gone".to_owned(), json_template(json!("${{ nothing }}"))),
        ("n".to_owned(), json_template(json!(3))),
    ];
    request.headers = vec![("X-Name".to_owned(), Text::compile("${{ name }}").unwrap())];
    request.body = BodyTemplate::Form(vec![("a".to_owned(), json_template(json!("${{ ids }}")))]);
    let scope = json!({"ids": [1, "b"], "nothing": null, "name": "Ada"});
    let filled = request.fill(&scope).unwrap();
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(filled.query, [pair("ids", "1"), pair("ids", "b"), pair("n", "3")]);
    assert_eq!(filled.headers, [pair("X-Name", "Ada")]);
    assert_eq!(filled.body, FilledBody::Form(vec![pair("a", "1"), pair("a", "b")]));
    let paths: Vec<_> = request.references().iter().map(|r| r.path.join(".")).collect();
    assert_eq!(paths, ["ids", "nothing", "name"]);
}

#[test]
fn refuses_what_does_not_fit() {
    let mut request = template("GET /a");
    request.headers = vec![("X".to_owned(), Text::compile("${{ v }}").unwrap())];
    assert!(request.fill(&json!({"v": "a\r\nX-Evil: 1"})).is_err());
    request.headers.clear();
    request.query = vec![("q".to_owned(), json_template(json!("${{ v }}")))];
    let error = request.fill(&json!({"v": {"secret": 1}})).unwrap_err();
    assert_eq!(error.message, "`q`: a map cannot be a parameter");
}

#[test]
fn a_digest_tells_requests_apart() {
    let base = template("PUT /a").fill(&json!({})).unwrap();
    let with = |body: Value| FilledRequest { body: FilledBody::Json(body), ..base.clone() };
    assert_eq!(base.digest().len(), 32);
    assert_eq!(with(json!({"a": 1, "b": 2})).digest(), with(json!({"b": 2, "a": 1})).digest());
    assert_ne!(with(json!({"a": 1})).digest(), with(json!({"a": 2})).digest());
    assert_ne!(with(json!({"a": 1})).digest(), base.digest());
    let other = FilledRequest { method: Method::Post, ..base.clone() };
    assert_ne!(other.digest(), base.digest());
}

#[test]
fn knows_what_may_be_repeated() {
    for (method, read, idempotent) in [
        (Method::Get, true, true),
        (Method::Head, true, true),
        (Method::Options, true, true),
        (Method::Put, false, true),
        (Method::Delete, false, true),
        (Method::Post, false, false),
        (Method::Patch, false, false),
    ] {
        assert_eq!((method.is_read(), method.is_idempotent()), (read, idempotent), "{method:?}");
        assert_eq!(Method::read(method.as_str()), Some(method));
    }
}
