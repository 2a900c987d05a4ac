//! The `Prefer` header (RFC 7240).

use std::time::Duration;

use axum::http::HeaderMap;

/// Longest that a request is held open.
const WAIT_MAX: Duration = Duration::from_secs(60);

/// How long the client would wait for the run to end.
///
/// A preference that cannot be read is ignored, as the RFC wants; the first `wait` counts.
pub(crate) fn wait(headers: &HeaderMap) -> Option<Duration> {
    let values = headers.get_all("prefer").into_iter().filter_map(|value| value.to_str().ok());
    let mut preferences = values.flat_map(|value| value.split(','));
    let seconds = preferences.find_map(|preference| {
        let preference = preference.split(';').next().unwrap_or_default();
        let (name, value) = preference.split_once('=')?;
        let value = value.trim().trim_matches('"');
        name.trim().eq_ignore_ascii_case("wait").then(|| value.parse::<u64>().ok())
    })??;
    (seconds > 0).then(|| Duration::from_secs(seconds).min(WAIT_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_wait_counts_and_is_bounded() {
        let check = |value: &str, expected: Option<u64>| {
            let mut headers = HeaderMap::new();
            headers.insert("prefer", value.parse().unwrap());
            assert_eq!(wait(&headers), expected.map(Duration::from_secs), "{value}");
        };
        check("wait=30", Some(30));
        check("respond-async, Wait = \"10\"; foo=bar", Some(10));
        check("wait=3600", Some(60));
        check("wait=5, wait=50", Some(5));
        check("wait=0", None);
        check("wait=soon", None);
        check("wait=-1", None);
        check("return=minimal", None);
        assert_eq!(wait(&HeaderMap::new()), None);
    }
}
