//! Who may come in: one kind of authentication a service.

use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::options::{Credentials, Service};

/// The header that carries the code host's key.
const KEY_HEADER: &str = "x-api-key";
/// The query parameter that carries the personnel office's key.
const KEY_PARAMETER: &str = "key";

/// What one service wants to see.
///
/// Comparison takes no care to hide its timing: these are demo credentials on loopback.
pub(crate) enum Door {
    Open,
    Authorization(String),
    Header(String),
    Query(String),
}

impl Door {
    pub(crate) fn of(service: Service, credentials: &Credentials) -> Self {
        match service {
            Service::Directory => {
                let pair = format!(
                    "{}:{}",
                    credentials.directory_username, credentials.directory_password
                );
                Self::Authorization(format!("Basic {}", STANDARD.encode(pair)))
            }
            Service::Chat => Self::Authorization(format!("Bearer {}", credentials.chat_token)),
            Service::CodeHost => Self::Header(credentials.code_host_key.clone()),
            Service::Personnel => Self::Query(credentials.personnel_key.clone()),
            Service::StatusPage => Self::Open,
        }
    }

    /// Whether the request shows what this service wants.
    pub(crate) fn admits(&self, parts: &Parts) -> bool {
        let header = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
        match self {
            Self::Open => true,
            Self::Authorization(wanted) => header(AUTHORIZATION.as_str()) == Some(wanted),
            Self::Header(wanted) => header(KEY_HEADER) == Some(wanted),
            Self::Query(wanted) => query(parts.uri.query())
                .any(|(name, value)| name == KEY_PARAMETER && value == *wanted),
        }
    }
}

/// The pairs of a query string, decoded.
pub(crate) fn query(text: Option<&str>) -> impl Iterator<Item = (String, String)> {
    url::form_urlencoded::parse(text.unwrap_or_default().as_bytes())
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
}

/// Path and query as the log shows them: without a key.
pub(crate) fn shown_path(parts: &Parts) -> String {
    let path = parts.uri.path();
    let kept: Vec<_> = query(parts.uri.query()).filter(|(name, _)| name != KEY_PARAMETER).collect();
    if kept.is_empty() {
        return path.to_owned();
    }
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(kept).finish();
    format!("{path}?{query}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Request;

    fn check(service: Service, header: Option<(&str, &str)>, uri: &str, admitted: bool) {
        let mut request = Request::builder().uri(uri);
        if let Some((name, value)) = header {
            request = request.header(name, value);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let door = Door::of(service, &Credentials::demo());
        assert_eq!(door.admits(&parts), admitted, "{service:?} {header:?} {uri}");
    }

    #[test]
    fn each_service_wants_its_own_kind() {
        let basic = format!("Basic {}", STANDARD.encode("tenure:playground-directory"));
        check(Service::Directory, Some(("authorization", &basic)), "/", true);
        check(Service::Directory, Some(("authorization", "Basic bm86bm8=")), "/", false);
        check(Service::Directory, None, "/", false);
        check(Service::Chat, Some(("authorization", "Bearer playground-chat")), "/", true);
        check(Service::Chat, Some(("authorization", "Bearer playground-cha")), "/", false);
        check(Service::CodeHost, Some(("x-api-key", "playground-code-host")), "/", true);
        check(
            Service::CodeHost,
            Some(("authorization", "Bearer playground-code-host")),
            "/",
            false,
        );
        check(Service::Personnel, None, "/x?key=playground-personnel", true);
        check(Service::Personnel, None, "/x?key=other&page=1", false);
        check(Service::StatusPage, None, "/", true);
    }

    #[test]
    fn the_log_never_shows_a_key() {
        let request =
            Request::builder().uri("/v1/people?page=2&key=playground-personnel&q=a%20b").body(());
        let (parts, ()) = request.unwrap().into_parts();
        assert_eq!(shown_path(&parts), "/v1/people?page=2&q=a+b");
    }
}
