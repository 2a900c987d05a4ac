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

#[cfg(test)]
mod tests {
    use tenure_run::RunStatus;

    use crate::world::{World, at};

    #[tokio::test]
    async fn timers_follow_the_summary() {
        let world = World::new().await;
        assert_eq!(world.next_due().await.unwrap(), None);
        let mut runs = Vec::new();
        for (number, wake) in [300, 100, 200].into_iter().enumerate() {
            let run = world.begin("leaver", "ann", number as i64).await;
            let wait = |summary: &mut tenure_run::Summary| {
                summary.status = RunStatus::Waiting;
                summary.wake_at = Some(at(wake));
            };
            world.change(run, 5, wait).await;
            runs.push(run);
        }
        assert_eq!(world.next_due().await.unwrap(), Some(at(100)));
        assert_eq!(world.due(at(99), 10).await.unwrap(), []);
        assert_eq!(world.due(at(100), 10).await.unwrap(), [(at(100), runs[1])]);
        let both = [(at(100), runs[1]), (at(200), runs[2])];
        assert_eq!(world.due(at(250), 10).await.unwrap(), both);
        assert_eq!(world.due(at(900), 2).await.unwrap(), both);

        world.change(runs[1], 101, |summary| summary.wake_at = None).await;
        world.change(runs[2], 102, |summary| summary.wake_at = Some(at(400))).await;
        assert_eq!(world.next_due().await.unwrap(), Some(at(300)));
        // A run that has ended never wakes, whatever its summary says.
        world.change(runs[0], 103, |summary| summary.status = RunStatus::Cancelled).await;
        assert_eq!(world.due(at(900), 10).await.unwrap(), [(at(400), runs[2])]);
    }
}
