//! A workflow exactly as written.
//!
//! Everything is optional here: what is missing is said by the check, with a place, and not by
//! the reader. Keys of later versions are known, so that they are not called misspelt.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// A workflow file.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct WorkflowSource {
    pub(crate) name: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) subject: Option<String>,
    pub(crate) triggers: Option<Vec<Option<TriggerSource>>>,
    pub(crate) input: Option<Value>,
    pub(crate) steps: Option<StepsSource>,
    pub(crate) on_failure: Option<StepsSource>,
    pub(crate) output: Option<Value>,
    pub(crate) concurrency: Later,
    pub(crate) limits: Later,
    pub(crate) priority: Later,
    pub(crate) tables: Later,
    pub(crate) retention: Later,
    pub(crate) timeout: Later,
}

/// Steps in order; none where one could not be read.
#[derive(Debug)]
pub(crate) struct StepsSource(Vec<Option<StepSource>>);

/// One entry of `triggers`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct TriggerSource {
    pub(crate) event: Option<String>,
    pub(crate) manual: ManualSource,
    pub(crate) schedule: Option<ScheduleSource>,
    #[serde(rename = "if")]
    pub(crate) condition: Option<Value>,
    pub(crate) webhook: Later,
    pub(crate) date: Later,
    pub(crate) poll: Later,
    pub(crate) run: Later,
}

/// Whether `manual` was written, with an empty map or nothing after it.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct ManualSource(pub(crate) bool);

/// What follows `schedule`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ScheduleSource {
    pub(crate) cron: Option<String>,
    pub(crate) every: Option<TimeSource>,
    pub(crate) at: Option<String>,
    pub(crate) timezone: Option<String>,
    pub(crate) catch_up: Later,
    pub(crate) overlap: Later,
}

/// One step, with the keys of every kind.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct StepSource {
    pub(crate) id: Option<String>,
    #[serde(rename = "if")]
    pub(crate) condition: Option<Value>,
    pub(crate) timeout: Option<TimeSource>,
    pub(crate) on_error: Option<OnErrorSource>,

    // Kinds.
    pub(crate) call: Option<String>,
    pub(crate) set: Option<Ordered<Value>>,
    pub(crate) switch: Option<Vec<Option<CaseSource>>>,
    pub(crate) for_each: Option<Value>,
    pub(crate) parallel: Option<Ordered<StepsSource>>,
    pub(crate) wait: Option<WaitSource>,
    pub(crate) stop: Option<String>,
    pub(crate) fail: Option<String>,

    // Of a call.
    pub(crate) request: Option<String>,
    pub(crate) action: Option<String>,
    pub(crate) with: Option<Value>,
    pub(crate) query: Option<Ordered<Value>>,
    pub(crate) headers: Option<Ordered<Value>>,
    pub(crate) body: Option<Value>,
    pub(crate) form: Option<Ordered<Value>>,
    pub(crate) text: Option<String>,
    pub(crate) expect: Option<Value>,
    pub(crate) output: Option<Ordered<Value>>,
    pub(crate) retry: Option<RetrySource>,
    pub(crate) idempotency_key: Option<String>,

    // Of a loop.
    #[serde(rename = "as")]
    pub(crate) binding: Option<String>,
    pub(crate) key: Option<Value>,
    pub(crate) concurrency: Option<Value>,
    pub(crate) on_item_error: Option<String>,
    pub(crate) steps: Option<StepsSource>,

    // Of later versions.
    pub(crate) approval: Later,
    pub(crate) wait_for: Later,
    pub(crate) run: Later,
    pub(crate) emit: Later,
    pub(crate) ensure: Later,
    pub(crate) verify: Later,
    pub(crate) undo: Later,
    pub(crate) paginate: Later,
}

/// One case of `switch`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct CaseSource {
    pub(crate) when: Option<Value>,
    pub(crate) otherwise: Option<Value>,
    pub(crate) steps: Option<StepsSource>,
}

/// What follows `retry`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RetrySource {
    pub(crate) max_attempts: Option<u32>,
    pub(crate) initial_delay: Option<TimeSource>,
    pub(crate) max_delay: Option<TimeSource>,
    #[serde(rename = "unsafe")]
    pub(crate) unsafe_writes: Option<bool>,
}

/// What follows `wait`: text, or a map.
#[derive(Debug)]
pub(crate) enum WaitSource {
    Text(String),
    Map(WaitMapSource),
}

/// The map after `wait`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct WaitMapSource {
    pub(crate) until: Option<String>,
    #[serde(rename = "for")]
    pub(crate) duration: Option<TimeSource>,
    pub(crate) timezone: Later,
    pub(crate) signals: Later,
}

/// What follows `on_error`: a word, or steps.
#[derive(Debug)]
pub(crate) enum OnErrorSource {
    Word(String),
    Steps(StepsSource),
}

/// A duration; a bare number is kept as text, so that its missing unit can be named.
#[derive(Debug)]
pub(crate) struct TimeSource(pub(crate) String);

/// A map that keeps its order.
#[derive(Debug)]
pub(crate) struct Ordered<V>(pub(crate) Vec<(String, V)>);

/// Whether a key of a later version was written, whatever its value.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Later(pub(crate) bool);

// === impl ManualSource ===

impl<'de> Deserialize<'de> for ManualSource {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Nothing;
        impl<'de> Visitor<'de> for Nothing {
            type Value = ManualSource;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an empty map: `manual: {}`")
            }
            fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
                Ok(ManualSource(true))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                match map.next_key::<String>()? {
                    None => Ok(ManualSource(true)),
                    Some(key) => Err(A::Error::unknown_field(&key, &[])),
                }
            }
        }
        deserializer.deserialize_any(Nothing)
    }
}

// === impl WaitSource ===

impl<'de> Deserialize<'de> for WaitSource {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = WaitSource;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a duration such as 7d, or a map with `until` or `for`")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(WaitSource::Text(text.to_owned()))
            }
            fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
                Ok(WaitSource::Text(number.to_string()))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                Deserialize::deserialize(MapAccessDeserializer::new(map)).map(WaitSource::Map)
            }
        }
        deserializer.deserialize_any(Either)
    }
}

// === impl TimeSource ===

impl<'de> Deserialize<'de> for TimeSource {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Time;
        impl Visitor<'_> for Time {
            type Value = TimeSource;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a duration such as 20s or 7d")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(TimeSource(text.to_owned()))
            }
            fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
                Ok(TimeSource(number.to_string()))
            }
            fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
                Ok(TimeSource(number.to_string()))
            }
            fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
                Ok(TimeSource(number.to_string()))
            }
        }
        deserializer.deserialize_any(Time)
    }
}

// === impl OnErrorSource ===

impl<'de> Deserialize<'de> for OnErrorSource {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = OnErrorSource;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("`fail`, `continue`, or a list of steps")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(OnErrorSource::Word(text.to_owned()))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Self::Value, A::Error> {
                let steps = Vec::deserialize(SeqAccessDeserializer::new(list))?;
                Ok(OnErrorSource::Steps(StepsSource(steps)))
            }
        }
        deserializer.deserialize_any(Either)
    }
}

// === impl StepsSource ===

impl Deref for StepsSource {
    type Target = [Option<StepSource>];

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<'de> Deserialize<'de> for StepsSource {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List;
        impl<'de> Visitor<'de> for List {
            type Value = StepsSource;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of steps, each beginning with `- id:`")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Self::Value, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(list)).map(StepsSource)
            }
        }
        deserializer.deserialize_seq(List)
    }
}

// === impl Ordered ===

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Ordered<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries<V>(PhantomData<V>);
        impl<'de, V: Deserialize<'de>> Visitor<'de> for Entries<V> {
            type Value = Ordered<V>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map of names")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Ordered(entries))
            }
        }
        deserializer.deserialize_map(Entries(PhantomData))
    }
}

// === impl Later ===

impl<'de> Deserialize<'de> for Later {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        IgnoredAny::deserialize(deserializer).map(|_| Self(true))
    }
}
