//! Time in tests: paused, stepped, never slept away.

use std::future::Future;
use std::time::Duration;

use tokio::time::Instant;

/// How often a condition is looked at.
const LOOK: Duration = Duration::from_millis(10);

/// How often every task that can run gets to do so after a step of time.
const TURNS: usize = 64;

/// Moves a paused clock on, and lets what is due by then happen.
///
/// Needs a test with `start_paused`. Work that leaves the runtime, such as a real socket, is
/// not waited for.
pub async fn pass_time(span: Duration) {
    tokio::time::advance(span).await;
    for _ in 0..TURNS {
        tokio::task::yield_now().await;
    }
}

/// Looks at a condition until it yields something, or the time is over.
///
/// For what happens outside the runtime, such as in another process. `None` means that the
/// time is over; the caller knows best what to say then.
pub async fn wait_until<T, F>(limit: Duration, mut look: impl FnMut() -> F) -> Option<T>
where
    F: Future<Output = Option<T>>,
{
    let end = Instant::now() + limit;
    loop {
        if let Some(found) = look().await {
            return Some(found);
        }
        if Instant::now() >= end {
            return None;
        }
        tokio::time::sleep(LOOK).await;
    }
}
