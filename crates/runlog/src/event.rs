//! Events as they were accepted.

use jiff::Timestamp;
use tenure_event::{Event, EventId};
use tenure_run::RunId;

use crate::record::EventRecord;
use crate::{RunLog, RunLogError, keys};

/// An event and what came of it.
#[derive(Debug, Clone, PartialEq)]
pub struct KeptEvent {
    /// Its identity here.
    pub id: EventId,
    /// When it was accepted.
    pub at: Timestamp,
    /// The event.
    pub event: Event,
    /// The runs it started that are still kept.
    pub runs: Vec<RunId>,
}

impl RunLog {
    /// Reads an accepted event; `None` when there is none of that identity any more.
    pub async fn event(&self, id: EventId) -> Result<Option<KeptEvent>, RunLogError> {
        let Some(bytes) = self.store().get(&keys::event(id)).await? else { return Ok(None) };
        let EventRecord { at, event, runs } = EventRecord::decode(id, bytes)?;
        Ok(Some(KeptEvent { id, at, event, runs }))
    }
}
