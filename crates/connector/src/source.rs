//! A connector file exactly as written.
//!
//! Every key is optional here: what is missing, wrong or too much is said by `check`, with
//! its place. A key that this format does not know is a problem already.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ConnectorSource {
    pub(crate) name: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) enabled: Option<bool>,
    pub(crate) base_url: Option<String>,
    pub(crate) auth: Option<AuthSource>,
    pub(crate) headers: Option<Map<String, Value>>,
    pub(crate) rate_limit: Option<RateLimitSource>,
    pub(crate) retry: Option<RetrySource>,
    pub(crate) timeout: Option<Value>,
    pub(crate) test: Option<String>,
    pub(crate) idempotency: Option<IdempotencySource>,
    pub(crate) actions: Option<BTreeMap<String, ActionSource>>,
}

/// `none`, or a map with one kind.
#[derive(Debug)]
pub(crate) enum AuthSource {
    None,
    Kinds(Box<AuthKindsSource>),
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct AuthKindsSource {
    pub(crate) none: Option<Map<String, Value>>,
    pub(crate) basic: Option<BasicSource>,
    pub(crate) bearer: Option<BearerSource>,
    pub(crate) header: Option<NamedValueSource>,
    pub(crate) query: Option<NamedValueSource>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct BasicSource {
    pub(crate) username: Option<String>,
    pub(crate) password: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct BearerSource {
    pub(crate) token: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct NamedValueSource {
    pub(crate) name: Option<String>,
    pub(crate) value: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RateLimitSource {
    pub(crate) requests: Option<u64>,
    pub(crate) per: Option<Value>,
    pub(crate) burst: Option<u64>,
    pub(crate) concurrency: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RetrySource {
    pub(crate) max_attempts: Option<u64>,
    pub(crate) initial_delay: Option<Value>,
    pub(crate) max_delay: Option<Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct IdempotencySource {
    pub(crate) header: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ActionSource {
    pub(crate) description: Option<String>,
    pub(crate) input: Option<BTreeMap<String, InputSource>>,
    pub(crate) request: Option<String>,
    pub(crate) query: Option<Map<String, Value>>,
    pub(crate) headers: Option<Map<String, Value>>,
    pub(crate) body: Option<Value>,
    pub(crate) form: Option<Map<String, Value>>,
    pub(crate) text: Option<String>,
    pub(crate) expect: Option<Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct InputSource {
    #[serde(rename = "type")]
    pub(crate) kind: Option<String>,
    pub(crate) required: Option<bool>,
    pub(crate) default: Option<Value>,
    pub(crate) description: Option<String>,
}

impl<'de> Deserialize<'de> for AuthSource {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Kinds;

        impl<'de> Visitor<'de> for Kinds {
            type Value = AuthSource;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map with one kind of authentication, or `none`")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<AuthSource, E> {
                match text {
                    "none" => Ok(AuthSource::None),
                    "basic" | "bearer" | "header" | "query" => {
                        Err(E::custom(format_args!("{text} needs its credential below it")))
                    }
                    // Not repeated: it may be a credential.
                    _ => Err(E::custom("one of none, basic, bearer, header, query is expected")),
                }
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<AuthSource, A::Error> {
                AuthKindsSource::deserialize(MapAccessDeserializer::new(map))
                    .map(|kinds| AuthSource::Kinds(Box::new(kinds)))
            }
        }

        deserializer.deserialize_any(Kinds)
    }
}
