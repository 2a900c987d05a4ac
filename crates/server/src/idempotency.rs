//! The `Idempotency-Key` header.

use axum::http::HeaderMap;

use crate::problem::Refusal;

const LENGTH_MAX: usize = 255;

/// The key that makes a repeated request the same request.
///
/// The draft writes it quoted and most clients do not; both are taken, as the same key.
pub(crate) fn key(headers: &HeaderMap) -> Result<Option<String>, Refusal> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
    let text = value.to_str().unwrap_or_default().trim();
    let text = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    if text.is_empty() || text.len() > LENGTH_MAX {
        let detail = format!("an Idempotency-Key has 1 to {LENGTH_MAX} printable ASCII characters");
        return Err(Refusal::bad_request(detail));
    }
    Ok(Some(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_may_be_quoted() {
        let read = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("idempotency-key", value.parse().unwrap());
            key(&headers)
        };
        assert_eq!(read("abc").unwrap().as_deref(), Some("abc"));
        assert_eq!(read("\"abc\"").unwrap().as_deref(), Some("abc"));
        assert!(read("").is_err());
        assert!(read("\"\"").is_err());
        assert!(read(&"k".repeat(256)).is_err());
        assert_eq!(key(&HeaderMap::new()).unwrap(), None);
    }
}
