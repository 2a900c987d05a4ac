//! The envelope: what every event has, whoever sent it.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// Our own identity of an accepted event, ordered by time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EventId(Uuid);

impl EventId {
    /// Makes an identity that sorts after all earlier ones.
    #[must_use]
    pub fn new() -> Self {
        Self(Uuid::now_v7())
    }

    /// Reads what [`fmt::Display`] wrote.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Uuid::parse_str(text).ok().map(Self)
    }

    /// The sixteen bytes, in sorting order.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }
}

impl Default for EventId {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_simple().fmt(f)
    }
}

/// Something that happened to a person or a group.
///
/// Shaped as CloudEvents 1.0 (section "Required Attributes"). `source` and `id` together
/// name it; the same pair delivered twice is the same event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Identity at the source.
    pub id: String,
    /// Where it comes from, a URI reference.
    pub source: String,
    /// What kind of thing happened, such as `identity.user.created`.
    #[serde(rename = "type")]
    pub event_type: String,
    /// Whom or what it is about, such as `users/42`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// When it happened at the source; when it was received, if the source does not say.
    pub time: Timestamp,
    /// Media type of `data`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub datacontenttype: Option<String>,
    /// Schema that `data` follows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dataschema: Option<String>,
    /// The person, group and changes.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub data: Value,
    /// Attributes that CloudEvents leaves to extensions.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub extensions: Map<String, Value>,
}

impl Event {
    /// The event as expressions and JSONPath see it: one flat CloudEvents document.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let mut document = Map::new();
        for (name, value) in &self.extensions {
            document.insert(name.clone(), value.clone());
        }
        document.insert("specversion".into(), json!("1.0"));
        document.insert("id".into(), json!(self.id));
        document.insert("source".into(), json!(self.source));
        document.insert("type".into(), json!(self.event_type));
        document.insert("time".into(), json!(self.time.to_string()));
        for (name, value) in [
            ("subject", &self.subject),
            ("datacontenttype", &self.datacontenttype),
            ("dataschema", &self.dataschema),
        ] {
            if let Some(value) = value {
                document.insert(name.into(), json!(value));
            }
        }
        document.insert("data".into(), self.data.clone());
        Value::Object(document)
    }
}
