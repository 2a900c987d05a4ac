//! A closed loop: so many callers, each beginning anew when it is answered.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::figures::{millis, percentile};

/// How much is asked: both bounds hold.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// Callers at the same time.
    pub(crate) callers: usize,
    /// Nothing begins after this.
    pub(crate) time: Duration,
    /// Operations in all.
    pub(crate) count: u64,
}

/// What one round has come to.
#[derive(Debug)]
pub(crate) struct Round {
    pub(crate) operations: usize,
    elapsed: Duration,
    /// Sorted.
    latencies: Vec<Duration>,
}

impl Round {
    pub(crate) fn per_second(&self) -> f64 {
        self.operations as f64 / self.elapsed.as_secs_f64().max(f64::EPSILON)
    }

    /// Milliseconds that this share of operations did not exceed.
    pub(crate) fn latency(&self, share: f64) -> f64 {
        percentile(&self.latencies, share).map_or(0.0, millis)
    }
}

/// Repeats an operation, numbered from 0, within these bounds; the first error ends it.
pub(crate) async fn repeat<F, O>(bounds: Bounds, operation: F) -> Result<Round>
where
    F: Fn(u64) -> O + Send + Sync + 'static,
    O: Future<Output = Result<()>> + Send,
{
    let operation = Arc::new(operation);
    let next = Arc::new(AtomicU64::new(0));
    let began = Instant::now();
    let callers = (0..bounds.callers).map(|_| {
        let (operation, next) = (Arc::clone(&operation), Arc::clone(&next));
        tokio::spawn(async move {
            let mut latencies = Vec::new();
            while began.elapsed() < bounds.time {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= bounds.count {
                    break;
                }
                let before = Instant::now();
                operation(number).await?;
                latencies.push(before.elapsed());
            }
            anyhow::Ok(latencies)
        })
    });
    let callers: Vec<_> = callers.collect();
    let mut latencies = Vec::new();
    for caller in callers {
        latencies.extend(caller.await??);
    }
    let elapsed = began.elapsed();
    latencies.sort_unstable();
    Ok(Round { operations: latencies.len(), elapsed, latencies })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_loop_ends_by_its_count() {
        let bounds = Bounds { callers: 3, time: Duration::from_secs(60), count: 10 };
        let round = repeat(bounds, async |_| Ok(())).await.unwrap();
        assert_eq!(round.operations, 10);
        assert!(round.per_second() > 0.0 && round.latency(0.99) >= round.latency(0.5));
    }

    #[tokio::test]
    async fn an_error_ends_it() {
        let bounds = Bounds { callers: 2, time: Duration::from_secs(60), count: 10 };
        let round = repeat(bounds, async |number| {
            anyhow::ensure!(number < 5, "the fifth fails");
            Ok(())
        });
        assert_eq!(round.await.unwrap_err().to_string(), "the fifth fails");
    }
}
