//! Requests as they are written, and as they are sent.

use std::fmt::Write as _;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::error::{CompileError, EvalError};
use crate::expression::{Reference, Scope, kind_of, text_of};
use crate::foreign::ForeignExpression;
use crate::suggest::did_you_mean;
use crate::template::Template;
use crate::text::Text;

/// What a value keeps when it becomes one segment of a path (RFC 3986, 2.3).
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Bytes of a digest that are shown, in hex.
const DIGEST_BYTES: usize = 16;

/// What a request does to what it is sent to (RFC 9110, 9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are the methods")]
pub enum Method {
    Get,
    Head,
    Options,
    Put,
    Delete,
    Post,
    Patch,
}

impl Method {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Get, Self::Head, Self::Options, Self::Put, Self::Delete, Self::Post, Self::Patch];

    /// As it is sent.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Options => "OPTIONS",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
            Self::Post => "POST",
            Self::Patch => "PATCH",
        }
    }

    /// Whether it changes nothing.
    #[must_use]
    pub fn is_read(self) -> bool {
        matches!(self, Self::Get | Self::Head | Self::Options)
    }

    /// Whether sending it twice has the effect of sending it once.
    #[must_use]
    pub fn is_idempotent(self) -> bool {
        self.is_read() || matches!(self, Self::Put | Self::Delete)
    }

    /// Reads a method as it is sent, in capitals.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.as_str() == text)
    }
}

/// A method and a path, such as `POST /Users/${{ … }}?notify=true`.
#[derive(Debug, Clone, PartialEq)]
pub struct RequestLine {
    /// The method.
    pub method: Method,
    /// Begins with `/`, may carry a query, never a host.
    pub path: Text,
}

impl RequestLine {
    /// Reads a request line.
    ///
    /// # Errors
    /// Says what is wrong and which bytes of `source` it is about.
    pub fn compile(source: &str) -> Result<Self, CompileError> {
        let lead = source.len() - source.trim_start().len();
        let line = source.trim();
        let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let path = rest.trim_start();
        let offset = lead + line.len() - path.len();
        let Some(method) = Method::read(word) else {
            let known = Method::ALL.map(Method::as_str);
            let upper = word.to_uppercase();
            let hint = match known.contains(&upper.as_str()) {
                true => Some(format!("did you mean \"{upper}\"?")),
                false if word.starts_with('/') => {
                    Some("write the method first, as in GET /Users".to_owned())
                }
                false => {
                    did_you_mean(word, known).or(Some(format!("known here: {}", known.join(", "))))
                }
            };
            let shown: String = word.chars().take(40).collect();
            return Err(CompileError::new(
                lead,
                lead + word.len(),
                format!("\"{shown}\" is not a method"),
            )
            .hint_if(hint));
        };
        let path = compile_path(path).map_err(|error| error.shifted(offset))?;
        Ok(Self { method, path })
    }
}

/// Checks what a path must be before any hole is filled.
fn compile_path(source: &str) -> Result<Text, CompileError> {
    let whole = |message: &str| CompileError::new(0, source.len(), message);
    if source.is_empty() {
        return Err(
            whole("the path is missing").hint("write the path after the method, as in GET /Users")
        );
    }
    if !source.starts_with('/') || source.starts_with("//") {
        let hint = match source.contains("://") || source.starts_with("//") {
            true => "the host is the connector's base_url; write the path only",
            false => "write the path from the connector's base_url on, such as /Users",
        };
        return Err(whole("a path begins with one \"/\"").hint(hint));
    }
    let text = Text::compile(source)?;
    let spaced = |found: &ForeignExpression| source[found.start..found.end].contains(' ');
    if let Some(foreign) = ForeignExpression::find(source).filter(spaced) {
        let message = "this is no expression here, and a path has no spaces";
        return Err(CompileError::new(foreign.start, foreign.end, message).hint(foreign.hint()));
    }
    for (literal, at) in text.literals() {
        if let Some(found) =
            literal.find(|c: char| c.is_whitespace() || c.is_control() || c == '\\')
        {
            let start = at + found;
            return Err(CompileError::new(
                start,
                start + 1,
                "a path has no spaces, line breaks or \"\\\"",
            )
            .hint("write %20 for a space"));
        }
        if let Some(found) = literal.find('#') {
            let start = at + found;
            return Err(CompileError::new(start, start + 1, "a path has no fragment")
                .hint("write %23 for a \"#\" that belongs to the path"));
        }
    }
    if has_dot_segment(&text.with_stand_ins("x")) {
        return Err(whole("a path has no \".\" or \"..\" segment"));
    }
    Ok(text)
}

/// The segments of a path, its query left out.
fn segments(path: &str) -> std::str::Split<'_, char> {
    path.split('?').next().unwrap_or("").split('/')
}

fn has_dot_segment(path: &str) -> bool {
    segments(path).any(|segment| {
        let plain = segment.to_ascii_lowercase().replace("%2e", ".");
        plain == "." || plain == ".."
    })
}

/// What to send, with holes.
#[derive(Debug, Clone, PartialEq)]
pub struct RequestTemplate {
    /// The method.
    pub method: Method,
    /// The path.
    pub path: Text,
    /// Null leaves a parameter out, a list repeats it.
    pub query: Vec<(String, Template)>,
    /// In order.
    pub headers: Vec<(String, Text)>,
    /// What follows the headers.
    pub body: BodyTemplate,
}

/// A body, with holes.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum BodyTemplate {
    /// Nothing.
    #[default]
    None,
    /// JSON.
    Json(Template),
    /// Form fields; null leaves one out, a list repeats it.
    Form(Vec<(String, Template)>),
    /// Text as it is.
    Text(Text),
}

impl RequestTemplate {
    /// Fills all holes; a value in the path becomes one encoded segment, `/` included.
    ///
    /// # Errors
    /// A hole cannot be evaluated, or its value has no place where it stands.
    pub fn fill(&self, scope: &dyn Scope) -> Result<FilledRequest, EvalError> {
        let path = self.fill_path(scope)?;
        let mut headers = Vec::with_capacity(self.headers.len());
        for (name, value) in &self.headers {
            let filled = value.fill(scope)?;
            if filled.chars().any(|c| c.is_control() && c != '\t') {
                return Err(EvalError::of(value.source(), "a header has no line breaks"));
            }
            headers.push((name.clone(), filled));
        }
        let body = match &self.body {
            BodyTemplate::None => FilledBody::None,
            BodyTemplate::Json(template) => FilledBody::Json(template.fill(scope)?),
            BodyTemplate::Form(fields) => FilledBody::Form(pairs(fields, scope)?),
            BodyTemplate::Text(text) => FilledBody::Text(text.fill(scope)?),
        };
        Ok(FilledRequest {
            method: self.method,
            path,
            query: pairs(&self.query, scope)?,
            headers,
            body,
        })
    }

    fn fill_path(&self, scope: &dyn Scope) -> Result<String, EvalError> {
        let encode = |value: &str| utf8_percent_encode(value, SEGMENT).to_string();
        let path = self.path.fill_with(scope, encode)?;
        let refused = |reason| Err(EvalError::of(self.path.source(), reason));
        if has_dot_segment(&path) {
            return refused("the path has a \".\" or \"..\" segment");
        }
        // `DELETE /Users/${{ id }}` with an empty id would be about all users.
        let written = self.path.with_stand_ins("x");
        let emptied = |(filled, written): (&str, &str)| filled.is_empty() && !written.is_empty();
        if segments(&path).zip(segments(&written)).any(emptied) {
            return refused("a value in the path is empty");
        }
        Ok(path)
    }

    /// Everything its holes refer to, each once.
    #[must_use]
    pub fn references(&self) -> Vec<Reference> {
        let fields: &[(String, Template)] = match &self.body {
            BodyTemplate::Form(fields) => fields,
            _ => &[],
        };
        let body: &[Reference] = match &self.body {
            BodyTemplate::Json(template) => template.references(),
            BodyTemplate::Text(text) => text.references(),
            BodyTemplate::None | BodyTemplate::Form(_) => &[],
        };
        let pairs = self.query.iter().chain(fields).flat_map(|(_, value)| value.references());
        let headers = self.headers.iter().flat_map(|(_, value)| value.references());
        let mut references: Vec<Reference> = Vec::new();
        for reference in self.path.references().iter().chain(pairs).chain(headers).chain(body) {
            if !references.contains(reference) {
                references.push(reference.clone());
            }
        }
        references
    }
}

/// Parameters of a query or a form.
fn pairs(
    templates: &[(String, Template)],
    scope: &dyn Scope,
) -> Result<Vec<(String, String)>, EvalError> {
    let mut pairs = Vec::with_capacity(templates.len());
    for (name, template) in templates {
        let values = match template.fill(scope)? {
            Value::Array(items) => items,
            single => vec![single],
        };
        for value in values {
            if value.is_null() {
                continue;
            }
            let kind = kind_of(&value);
            let text = text_of(value)
                .map_err(|_| EvalError::of(name, format!("{kind} cannot be a parameter")))?;
            pairs.push((name.clone(), text));
        }
    }
    Ok(pairs)
}

/// A request with nothing left open.
#[derive(Debug, Clone, PartialEq)]
pub struct FilledRequest {
    /// The method.
    pub method: Method,
    /// Begins with `/`; may carry a query as written.
    pub path: String,
    /// Not yet encoded.
    pub query: Vec<(String, String)>,
    /// In order.
    pub headers: Vec<(String, String)>,
    /// What follows the headers.
    pub body: FilledBody,
}

/// A body with nothing left open.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum FilledBody {
    /// Nothing.
    #[default]
    None,
    /// JSON.
    Json(Value),
    /// Form fields, not yet encoded.
    Form(Vec<(String, String)>),
    /// Text as it is.
    Text(String),
}

impl FilledRequest {
    /// Tells requests apart: a hash over everything that is sent, the same at every start.
    #[must_use]
    pub fn digest(&self) -> String {
        let mut hash = Sha256::new();
        let mut part = |label: u8, text: &str| {
            hash.update([label]);
            hash.update((text.len() as u64).to_be_bytes());
            hash.update(text.as_bytes());
        };
        part(b'm', self.method.as_str());
        part(b'p', &self.path);
        for (name, value) in &self.query {
            part(b'q', name);
            part(b'=', value);
        }
        for (name, value) in &self.headers {
            part(b'h', &name.to_ascii_lowercase());
            part(b'=', value);
        }
        match &self.body {
            FilledBody::None => part(b'n', ""),
            FilledBody::Json(value) => part(b'j', &canonical(value)),
            FilledBody::Form(fields) => {
                for (name, value) in fields {
                    part(b'f', name);
                    part(b'=', value);
                }
            }
            FilledBody::Text(text) => part(b't', text),
        }
        let bytes = hash.finalize();
        bytes.iter().take(DIGEST_BYTES).fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        })
    }
}

/// JSON with the members of each map in the order of their keys.
fn canonical(value: &Value) -> String {
    let mut sorted = value.clone();
    sorted.sort_all_objects();
    sorted.to_string()
}

#[cfg(test)]
mod tests;
