//! Whether a run's journal is what was once written.

use tenure_run::RunId;
use tenure_store::Scan;

use crate::journal::{self, Hash};
use crate::{RunLog, RunLogError, keys};

/// What a look at every entry of a run has shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    /// Entries that are intact, from the first on.
    pub intact: u64,
    /// The first thing that is not as it was written, if there is one.
    pub broken: Option<Broken>,
}

/// Where a chain breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// Number of the first entry that is changed or missing.
    pub seq: u64,
    /// What does not add up.
    pub reason: &'static str,
}

impl RunLog {
    /// Recomputes the hash chain of a run and names the first entry that breaks it.
    pub async fn verify(&self, run: RunId) -> Result<Verification, RunLogError> {
        let (record, _) = self.record(run).await?.ok_or(RunLogError::Unknown(run))?;
        let mut last = Hash::origin(run);
        let mut intact = 0;
        for (key, value) in self.store().scan(Scan::prefix(keys::journal(run))).await? {
            let (entries, head) = match journal::decode(run, &key, value) {
                Ok(decoded) => decoded,
                Err(_) => return Ok(broken(intact, "cannot be read")),
            };
            for entry in entries {
                if entry.seq != intact {
                    return Ok(broken(intact, "is missing"));
                }
                let (hash, follows) = entry.follows(last);
                if !follows {
                    return Ok(broken(intact, "is not what was written"));
                }
                last = hash;
                intact += 1;
            }
            if head != last {
                return Ok(broken(
                    intact,
                    "is missing, or those before it are not what was written",
                ));
            }
        }
        if intact < record.summary.next_seq {
            return Ok(broken(intact, "is missing"));
        }
        if intact > record.summary.next_seq || last != record.head {
            return Ok(broken(record.summary.next_seq, "is not what the summary says"));
        }
        Ok(Verification { intact, broken: None })
    }
}

fn broken(seq: u64, reason: &'static str) -> Verification {
    Verification { intact: seq, broken: Some(Broken { seq, reason }) }
}
