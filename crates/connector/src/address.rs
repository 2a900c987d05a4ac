//! The final URL of a request, proven to lie under the base URL.

use percent_encoding::percent_decode_str;
use url::Url;

/// Longest URL that is sent, in bytes.
const LENGTH_MAX: usize = 16 * 1024;

/// Why a request has no acceptable URL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AddressError {
    #[error("path holds an empty segment")]
    EmptySegment,
    #[error("path climbs with a \".\" or \"..\" segment")]
    DotSegment,
    #[error("path holds a backslash")]
    Backslash,
    #[error("path holds a control character")]
    Control,
    #[error("path holds a fragment")]
    Fragment,
    #[error("path does not begin with a slash")]
    Relative,
    #[error("URL is longer than {LENGTH_MAX} bytes")]
    TooLong,
    #[error("URL does not lie under the base URL")]
    Outside,
}

/// Joins a path and a query to the base URL, and proves the result.
///
/// The path may carry its own query; without a path the base URL itself is meant. Dots, backslashes and empty segments are looked for
/// behind percent-encoding too, since some servers decode before they normalize.
pub(crate) fn join(
    base: &Url,
    path: &str,
    query: &[(String, String)],
) -> Result<Url, AddressError> {
    let (path, own_query) = match path.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (path, None),
    };
    if !path.is_empty() {
        harmless(path)?;
    }
    if own_query.is_some_and(|query| query.contains('#')) {
        return Err(AddressError::Fragment);
    }
    let mut url = base.clone();
    let prefix = base.path().trim_end_matches('/');
    match (prefix, path) {
        (_, "") => {}
        ("", path) => url.set_path(path),
        (prefix, path) => url.set_path(&format!("{prefix}{path}")),
    }
    url.set_query(own_query.filter(|query| !query.is_empty()));
    if !query.is_empty() {
        url.query_pairs_mut().extend_pairs(query);
    }
    prove(base, &url)?;
    Ok(url)
}

/// Proves that a URL lies under the base URL: scheme, host, port and path prefix.
///
/// # Errors
/// When it lies elsewhere, or holds what could lead elsewhere.
pub(crate) fn prove(base: &Url, url: &Url) -> Result<(), AddressError> {
    let same_origin = base.scheme() == url.scheme()
        && base.host() == url.host()
        && base.port_or_known_default() == url.port_or_known_default();
    let prefix = base.path().trim_end_matches('/');
    let below = url
        .path()
        .strip_prefix(prefix)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let bare = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    if !(same_origin && below && bare) {
        return Err(AddressError::Outside);
    }
    if url.as_str().len() > LENGTH_MAX {
        return Err(AddressError::TooLong);
    }
    harmless(url.path())
}

fn harmless(path: &str) -> Result<(), AddressError> {
    if !path.starts_with('/') {
        return Err(AddressError::Relative);
    }
    if path.contains('#') {
        return Err(AddressError::Fragment);
    }
    let inner = path[1..].strip_suffix('/').unwrap_or(&path[1..]);
    if path == "//" || (!inner.is_empty() && inner.split('/').any(str::is_empty)) {
        return Err(AddressError::EmptySegment);
    }
    let decoded = decode(path);
    if decoded.contains('\\') {
        return Err(AddressError::Backslash);
    }
    if decoded.chars().any(char::is_control) {
        return Err(AddressError::Control);
    }
    if decoded.split('/').any(|segment| matches!(segment, "." | "..")) {
        return Err(AddressError::DotSegment);
    }
    Ok(())
}

/// Decodes until nothing changes, three times at most.
fn decode(path: &str) -> String {
    let mut text = path.to_owned();
    for _ in 0..3 {
        if !text.contains('%') {
            break;
        }
        text = percent_decode_str(&text).decode_utf8_lossy().into_owned();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(base: &str, path: &str, expect: Result<&str, AddressError>) {
        let base = Url::parse(base).unwrap();
        let joined = join(&base, path, &[]);
        assert_eq!(joined.as_ref().map(Url::as_str), expect.as_ref().copied(), "{base} {path}");
    }

    #[test]
    fn a_path_is_put_below_the_base() {
        check("https://a.example", "/users", Ok("https://a.example/users"));
        check("https://a.example/", "/users/", Ok("https://a.example/users/"));
        check("https://a.example/v1", "/users", Ok("https://a.example/v1/users"));
        check("https://a.example/v1/", "/", Ok("https://a.example/v1/"));
        check("https://a.example/v1", "/users?x=1&y", Ok("https://a.example/v1/users?x=1&y"));
        check("https://a.example/v1", "", Ok("https://a.example/v1"));
        check("https://a.example/v1", "?x=1", Ok("https://a.example/v1?x=1"));
        check("https://a.example", "/a%2Fb", Ok("https://a.example/a%2Fb"));
        check("https://a.example", "/dots...are/fine..", Ok("https://a.example/dots...are/fine.."));
        check("https://a.example", "/ä b", Ok("https://a.example/%C3%A4%20b"));
    }

    #[test]
    fn a_query_is_added_to_the_paths_own() {
        let base = Url::parse("https://a.example/v1").unwrap();
        let query = [("b c".to_owned(), "d&e".to_owned()), ("f".to_owned(), String::new())];
        assert_eq!(
            join(&base, "/x?a=1", &query).unwrap().as_str(),
            "https://a.example/v1/x?a=1&b+c=d%26e&f="
        );
    }

    #[test]
    fn what_climbs_out_is_refused() {
        for path in [
            "/..",
            "/../admin",
            "/a/../b",
            "/./a",
            "/%2e%2e/a",
            "/%2E./a",
            "/.%2e",
            "/a%2f..%2fb",
            "/%252e%252e/a",
        ] {
            check("https://a.example/v1", path, Err(AddressError::DotSegment));
        }
        for path in ["//evil.example/x", "/users//groups", "//", "/a//"] {
            check("https://a.example/v1", path, Err(AddressError::EmptySegment));
        }
        for path in ["/\\evil.example", "/a\\..\\b", "/%5c", "/%255C.."] {
            check("https://a.example/v1", path, Err(AddressError::Backslash));
        }
        for path in ["/a\nb", "/a%0d%0ab", "/%00"] {
            check("https://a.example/v1", path, Err(AddressError::Control));
        }
        check("https://a.example", "/a#b", Err(AddressError::Fragment));
        check("https://a.example", "/a?b#c", Err(AddressError::Fragment));
        check("https://a.example", "users", Err(AddressError::Relative));
        check("https://a.example", "@evil.example/", Err(AddressError::Relative));
        check(
            "https://a.example",
            &format!("/{}", "x".repeat(LENGTH_MAX)),
            Err(AddressError::TooLong),
        );
    }

    #[test]
    fn elsewhere_is_outside() {
        let base = Url::parse("https://a.example/v1").unwrap();
        for (url, inside) in [
            ("https://a.example/v1", true),
            ("https://a.example:443/v1/x?y=z", true),
            ("https://A.EXAMPLE/v1/x", true),
            ("https://a.example/v10/x", false),
            ("https://a.example/v2", false),
            ("https://a.example/", false),
            ("https://a.example/v1/../v2", false),
            ("http://a.example/v1", false),
            ("https://a.example:8443/v1", false),
            ("https://b.example/v1", false),
            ("https://a.example.evil.example/v1", false),
            ("https://user@a.example/v1", false),
            ("https://a.example/v1#f", false),
        ] {
            assert_eq!(prove(&base, &Url::parse(url).unwrap()).is_ok(), inside, "{url}");
        }
    }

    proptest::proptest! {
        #[test]
        fn whatever_is_joined_lies_under_the_base(path in "[/.%2eEfF5cC\\\\a?#@:]{0,20}") {
            let base = Url::parse("https://a.example/v1/api").unwrap();
            if let Ok(url) = join(&base, &path, &[]) {
                proptest::prop_assert_eq!(url.host_str(), Some("a.example"));
                proptest::prop_assert!(
                    url.path() == "/v1/api" || url.path().starts_with("/v1/api/"),
                    "{}", url
                );
            }
        }
    }
}
