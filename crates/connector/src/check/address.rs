//! Where a connector points, and what a connection test asks there.

use tenure_language::{Pointer, Problem, RequestLine};
use url::Url;

use super::Checker;
use crate::address;
use crate::connector::TestRequest;

const EXAMPLE: &str = "such as https://api.example.com or https://api.example.com/v1";

impl Checker<'_> {
    pub(super) fn base_url(&mut self, at: &Pointer, text: Option<&str>) -> Option<Url> {
        let Some(text) = text else {
            self.missing(at, "base_url", EXAMPLE);
            return None;
        };
        let problem = match acceptable(text) {
            Ok(url) => return Some(url),
            Err((message, hint)) => Problem::error("base-url", self.place(at), message).hint(hint),
        };
        self.report(problem);
        None
    }

    pub(super) fn test(&mut self, at: &Pointer, text: Option<&str>) -> Option<TestRequest> {
        let Some(text) = text else {
            return Some(TestRequest { method: tenure_language::Method::Get, path: None });
        };
        let line = match RequestLine::compile(text) {
            Ok(line) => line,
            Err(error) => {
                let problem = self.document.compile_problem("request", at, &error);
                self.report(problem);
                return None;
            }
        };
        if !line.path.is_constant() {
            let message = "a connection test is the same every time: it has no ${{ }}";
            self.error("request", at, message, "such as GET /user");
            return None;
        }
        if !line.method.is_read() {
            let message = "a connection test changes nothing: it is a GET, HEAD or OPTIONS";
            self.error("request", at, message, "such as GET /user");
            return None;
        }
        let path = line.path.source().to_owned();
        let somewhere = Url::parse("https://service.invalid").ok()?;
        if let Err(error) = address::join(&somewhere, &path, &[]) {
            self.error("request", at, &error.to_string(), "such as GET /user");
            return None;
        }
        Some(TestRequest { method: line.method, path: Some(path) })
    }
}

/// Reads a base URL, or says what is wrong without repeating it: it may hold a password.
fn acceptable(text: &str) -> Result<Url, (&'static str, &'static str)> {
    if text.contains("${{") {
        return Err(("a base URL has no ${{ }}", "write it out: requests may add a path below it"));
    }
    let url = Url::parse(text).map_err(|error| match error {
        url::ParseError::RelativeUrlWithoutBase => {
            ("a base URL begins with https:// or http://", EXAMPLE)
        }
        url::ParseError::InvalidPort => {
            ("the port of the base URL is not a number up to 65535", EXAMPLE)
        }
        _ => ("the base URL has no valid host", EXAMPLE),
    })?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(("a base URL begins with https:// or http://", EXAMPLE));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err((
            "a base URL carries no credentials",
            "write `auth: { basic: { username: …, password: \"${{ secrets.NAME }}\" } }`",
        ));
    }
    if url.query().is_some() {
        return Err((
            "a base URL has no query",
            "a key in the query is `auth: { query: { name: …, value: … } }`; anything else belongs to the request",
        ));
    }
    if url.fragment().is_some() {
        return Err(("a base URL has no fragment", "leave out what begins with #"));
    }
    // The parser has resolved dots already; what is left would confuse servers.
    let written = text.splitn(4, '/').nth(3).unwrap_or_default().to_ascii_lowercase();
    let written = written.replace("%2e", ".");
    if written.contains('\\') || written.split('/').any(|part| matches!(part, "." | "..")) {
        return Err(("the path of a base URL has no \"..\" and no backslash", EXAMPLE));
    }
    if url.path() != "/" {
        address::prove(&url, &url).map_err(|_| {
            ("the path of a base URL has no empty, \"..\" or encoded \"..\" segment", EXAMPLE)
        })?;
    }
    Ok(url)
}
