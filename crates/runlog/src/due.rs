//! Timers: which runs go on by themselves, and when.

use jiff::Timestamp;
use tenure_run::RunId;
use tenure_store::Scan;

use crate::{RunLog, RunLogError, keys};

impl RunLog {
    /// Finds runs whose time has come, the longest overdue first.
    pub async fn due(
        &self,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<(Timestamp, RunId)>, RunLogError> {
        let scan = Scan::range(keys::DUE, keys::due_after(until)).limit(limit);
        let found = self.store().scan(scan).await?;
        found.iter().map(|(key, _)| read(key)).collect()
    }

    /// Says when the next run goes on by itself, overdue ones included.
    pub async fn next_due(&self) -> Result<Option<Timestamp>, RunLogError> {
        let found = self.store().scan(Scan::prefix(keys::DUE).limit(1)).await?;
        found.first().map(|(key, _)| Ok(read(key)?.0)).transpose()
    }
}

fn read(key: &[u8]) -> Result<(Timestamp, RunId), RunLogError> {
    keys::read_due(key).ok_or_else(|| RunLogError::wrong("timer", "key is not one of a timer"))
}
