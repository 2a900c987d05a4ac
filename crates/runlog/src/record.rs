//! Summaries, deduplication keys and events, as they are stored.
//!
//! A summary is a list without names: there is one for each run, rewritten with each append.

use std::borrow::Cow;

use bytes::{BufMut, Bytes, BytesMut};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tenure_event::{Event, EventId};
use tenure_run::{RunId, RunStatus, Summary};

use crate::journal::Hash;
use crate::{RunLogError, squeeze};

const VERSION: u8 = 1;
const HEAD: usize = 33;

/// A summary with what only the log needs.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Record {
    pub(crate) summary: Summary,
    pub(crate) head: Hash,
    /// The event that it was accepted with.
    pub(crate) event: Option<EventId>,
}

/// The stored part that is text: names would cost more than the values.
#[derive(Serialize, Deserialize)]
struct Row<'a>(
    u64,
    RunStatus,
    Cow<'a, str>,
    Cow<'a, str>,
    Option<Cow<'a, str>>,
    Option<Cow<'a, str>>,
    Timestamp,
    Timestamp,
    Option<Timestamp>,
    Option<Timestamp>,
    Option<EventId>,
);

impl Record {
    pub(crate) fn encode(&self) -> Result<Bytes, RunLogError> {
        let summary = &self.summary;
        let row = Row(
            summary.next_seq,
            summary.status,
            summary.workflow.as_str().into(),
            summary.version.as_str().into(),
            summary.subject.as_deref().map(Cow::Borrowed),
            summary.reason.as_deref().map(Cow::Borrowed),
            summary.created_at,
            summary.updated_at,
            summary.ended_at,
            summary.wake_at,
            self.event,
        );
        let what = || format!("summary of run {}", self.summary.run);
        let row = to_json(&row, what)?;
        let mut bytes = BytesMut::with_capacity(HEAD + row.len());
        bytes.put_u8(VERSION);
        bytes.put_slice(&self.head.0);
        bytes.put_slice(&row);
        Ok(bytes.freeze())
    }

    pub(crate) fn decode(run: RunId, bytes: &[u8]) -> Result<Self, RunLogError> {
        let what = || format!("summary of run {run}");
        let Some((head, row)) = bytes.split_first_chunk::<HEAD>() else {
            return Err(RunLogError::wrong(what(), "shorter than its head"));
        };
        let [VERSION, head @ ..] = *head else {
            return Err(RunLogError::wrong(what(), "format version is unknown"));
        };
        let head = Hash(head);
        let Row(
            next_seq,
            status,
            workflow,
            version,
            subject,
            reason,
            created_at,
            updated_at,
            ended_at,
            wake_at,
            event,
        ) = from_json(row, what)?;
        let summary = Summary {
            run,
            workflow: workflow.into_owned(),
            version: version.into_owned(),
            status,
            reason: reason.map(Cow::into_owned),
            subject: subject.map(Cow::into_owned),
            created_at,
            updated_at,
            ended_at,
            wake_at,
            next_seq,
            head: head.to_string(),
        };
        Ok(Self { summary, head, event })
    }
}

/// What was accepted under a deduplication key.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct DedupRecord {
    pub(crate) at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) event: Option<EventId>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) runs: Vec<RunId>,
}

/// An event as it was accepted.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct EventRecord {
    pub(crate) at: Timestamp,
    pub(crate) event: Event,
    /// The runs it started that are still kept.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) runs: Vec<RunId>,
}

impl EventRecord {
    pub(crate) fn encode(&self, id: EventId) -> Result<Bytes, RunLogError> {
        Ok(squeeze::squeeze(&to_json(self, || format!("event {id}"))?))
    }

    pub(crate) fn decode(id: EventId, bytes: Bytes) -> Result<Self, RunLogError> {
        let what = || format!("event {id}");
        let expanded = squeeze::expand(bytes);
        let json = expanded.ok_or_else(|| RunLogError::wrong(what(), "cannot be expanded"))?;
        from_json(&json, what)
    }
}

pub(crate) fn to_json(
    value: &impl Serialize,
    what: impl FnOnce() -> String,
) -> Result<Bytes, RunLogError> {
    match serde_json::to_vec(value) {
        Ok(bytes) => Ok(bytes.into()),
        Err(source) => Err(RunLogError::Unwritable { what: what(), source }),
    }
}

pub(crate) fn from_json<'a, T: Deserialize<'a>>(
    bytes: &'a [u8],
    what: impl FnOnce() -> String,
) -> Result<T, RunLogError> {
    serde_json::from_slice(bytes).map_err(|source| RunLogError::Unreadable { what: what(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summaries_come_back_and_stay_small() {
        let run = RunId::from_bytes([5; 16]);
        let head = Hash::origin(run);
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let summary = Summary {
            run,
            workflow: "joiner".into(),
            version: "0123456789abcdef".into(),
            status: RunStatus::Succeeded,
            reason: None,
            subject: Some("ann@acme.example".into()),
            created_at: at("2026-11-23T09:00:00.123456789Z"),
            updated_at: at("2026-11-23T09:00:01.5Z"),
            ended_at: Some(at("2026-11-23T09:00:01.5Z")),
            wake_at: None,
            next_seq: 12,
            head: head.to_string(),
        };
        for event in [None, Some(EventId::new())] {
            let record = Record { summary: summary.clone(), head, event };
            let bytes = record.encode().unwrap();
            assert_eq!(Record::decode(run, &bytes).unwrap(), record);
            assert!(bytes.len() < 270, "{} bytes", bytes.len());
        }
        let error = Record::decode(run, &[2; 40]).unwrap_err().to_string();
        assert!(error.ends_with("is stored wrongly: format version is unknown"), "{error}");
        assert!(Record::decode(run, &[1; 20]).is_err());
        assert!(Record::decode(run, &[1; 40]).is_err());
    }
}
