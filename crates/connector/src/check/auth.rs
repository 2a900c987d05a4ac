//! How the service knows us: exactly one kind.

use http::HeaderName;
use serde_json::Value;
use tenure_language::{Pointer, Problem};

use super::Checker;
use super::familiar::asks_elsewhere;
use crate::connector::{Auth, HeaderText};
use crate::prepare::FRAMING;
use crate::secret::Secret;
use crate::source::{AuthKindsSource, AuthSource, NamedValueSource};

/// The kinds there are.
const KINDS: [&str; 5] = ["none", "basic", "bearer", "header", "query"];

impl Checker<'_> {
    pub(super) fn auth(&mut self, at: &Pointer, source: Option<&AuthSource>) -> Option<Auth> {
        let kinds = match source {
            Some(AuthSource::Kinds(kinds)) => kinds,
            Some(AuthSource::None) => return Some(Auth::None),
            None if self.is_written(at) => {
                self.missing(at, "auth", "write `none`, or one of basic, bearer, header, query");
                return None;
            }
            None => return Some(Auth::None),
        };
        let written: Vec<String> = match at.find(self.document.value()) {
            Some(Value::Object(map)) => map.keys().cloned().collect(),
            _ => Vec::new(),
        };
        let (written, unknown): (Vec<String>, Vec<String>) =
            written.into_iter().partition(|kind| KINDS.contains(&kind.as_str()));
        match written.as_slice() {
            // Reported as unknown keys.
            [] if !unknown.is_empty() => None,
            [] => {
                let hint = "write one of none, basic, bearer, header, query";
                self.error("auth", at, "`auth` names no kind of authentication", hint);
                None
            }
            [kind] => self.kind(&at.key(kind), kind, kinds),
            [first, second, ..] => {
                let place = self.key_place(&at.key(second));
                let message = format!(
                    "a connector has one kind of authentication; {first} is written already"
                );
                let hint = "a second key can go into `headers`, also as ${{ secrets.NAME }}";
                self.report(Problem::error("auth", place, message).hint(hint));
                None
            }
        }
    }

    fn is_written(&self, at: &Pointer) -> bool {
        at.find(self.document.value()).is_some()
    }

    fn kind(&mut self, at: &Pointer, kind: &str, kinds: &AuthKindsSource) -> Option<Auth> {
        match kind {
            "none" => Some(Auth::None),
            "basic" => {
                let source = kinds.basic.as_ref();
                let username = source.and_then(|it| it.username.as_deref());
                let password = source.and_then(|it| it.password.as_deref());
                let username = self.credential(at, "username", username);
                let password = self.credential(at, "password", password);
                let (username, password) = (username?, password?);
                if username.value.expose().contains(':') {
                    let at = at.key("username");
                    let hint = "RFC 7617 ends the user name at the first colon";
                    self.error("auth", &at, "a user name has no colon", hint);
                    return None;
                }
                Some(Auth::Basic { username, password: password.value })
            }
            "bearer" => {
                let token = kinds.bearer.as_ref().and_then(|it| it.token.as_deref());
                let token = self.credential(at, "token", token)?;
                Some(Auth::Bearer { token: token.value })
            }
            "header" => {
                let (name, value) = self.named(at, kinds.header.as_ref());
                let name = self.auth_header(&at.key("name"), name?.as_str());
                Some(Auth::Header { name: name?, value: value? })
            }
            "query" => {
                let (name, value) = self.named(at, kinds.query.as_ref());
                Some(Auth::Query { name: name?, value: value? })
            }
            // An unknown key, which was reported as such.
            _ => None,
        }
    }

    fn named(
        &mut self,
        at: &Pointer,
        source: Option<&NamedValueSource>,
    ) -> (Option<String>, Option<Secret>) {
        let name = source.and_then(|it| it.name.clone()).filter(|name| !name.is_empty());
        if name.is_none() {
            self.missing(&at.key("name"), "name", "such as X-Api-Key");
        }
        let value = source.and_then(|it| it.value.as_deref());
        (name, self.credential(at, "value", value).map(|value| value.value))
    }

    fn auth_header(&mut self, at: &Pointer, name: &str) -> Option<HeaderName> {
        let parsed = HeaderName::try_from(name).ok();
        let message = match &parsed {
            None => "this is not the name of a header",
            Some(name) if FRAMING.contains(&name.as_str()) => {
                "this header follows from the request and cannot carry a credential"
            }
            Some(_) => return parsed,
        };
        self.error("header", at, message, "such as X-Api-Key");
        None
    }

    /// Reads one part of a credential: a secret, or a text with secrets in it.
    fn credential(&mut self, at: &Pointer, key: &str, text: Option<&str>) -> Option<HeaderText> {
        let at = at.key(key);
        let Some(text) = text else {
            self.missing(&at, key, "such as \"${{ secrets.NAME }}\"");
            return None;
        };
        let (value, sensitive) = self.secret_text(&at, text)?;
        if !sensitive && key != "username" && !asks_elsewhere(text) {
            let message = format!("the {key} stands in the file for everybody to read");
            let place = self.place(&at);
            let problem = Problem::warning("plain-secret", place, message);
            self.report(problem.hint("keep it elsewhere and write \"${{ secrets.NAME }}\""));
        }
        if value.expose().is_empty() && self.enabled {
            self.error("auth", &at, &format!("the {key} is empty"), "give it a value");
            return None;
        }
        Some(HeaderText { value, sensitive })
    }
}
