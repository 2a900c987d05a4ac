//! How many requests are in flight: as many as a service bears.
//!
//! Additive increase, multiplicative decrease, as TCP does it: it doubles with each full
//! window until the first setback, then grows by one a window and halves on trouble.

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

/// In flight at most before anything is known about a service.
const START: usize = 4;

/// An adaptive bound on requests in flight.
pub(crate) struct Concurrency {
    semaphore: Arc<Semaphore>,
    max: usize,
    state: Mutex<State>,
}

struct State {
    limit: usize,
    /// Clean answers since the limit last grew.
    clean: usize,
    /// No setback yet.
    doubling: bool,
    /// Permits still out that must not come back.
    debt: usize,
    cut_at: Option<Instant>,
}

impl Concurrency {
    pub(crate) fn new(max: NonZeroU32) -> Arc<Self> {
        let max = max.get() as usize;
        let limit = max.min(START);
        Arc::new(Self {
            semaphore: Arc::new(Semaphore::new(limit)),
            max,
            state: Mutex::new(State { limit, clean: 0, doubling: true, debt: 0, cut_at: None }),
        })
    }

    /// Takes a place if one is free.
    pub(crate) fn try_acquire(self: &Arc<Self>) -> Option<Permit> {
        let permit = Arc::clone(&self.semaphore).try_acquire_owned().ok()?;
        Some(self.permit(permit))
    }

    /// Waits for a place.
    pub(crate) async fn acquire(self: &Arc<Self>) -> Permit {
        let permit = Arc::clone(&self.semaphore).acquire_owned().await;
        self.permit(permit.expect("the semaphore is never closed"))
    }

    /// How many may be in flight now.
    #[cfg(test)]
    pub(crate) fn limit(&self) -> usize {
        self.state().limit
    }

    fn permit(self: &Arc<Self>, permit: OwnedSemaphorePermit) -> Permit {
        Permit { permit: Some(permit), owner: Arc::clone(self), since: Instant::now() }
    }

    fn grow(&self) {
        // Nothing is learnt while most places stay empty.
        if self.semaphore.available_permits() * 2 > self.state().limit {
            return;
        }
        let mut state = self.state();
        state.clean += 1;
        if state.limit >= self.max || !(state.doubling || state.clean >= state.limit) {
            return;
        }
        state.limit += 1;
        state.clean = 0;
        if state.debt > 0 {
            state.debt -= 1;
        } else {
            self.semaphore.add_permits(1);
        }
    }

    fn shrink(&self, since: Instant) {
        let mut state = self.state();
        // What began before the last cut is trouble that has been answered.
        if state.cut_at.is_some_and(|cut_at| since <= cut_at) {
            return;
        }
        let limit = (state.limit / 2).max(1);
        let surplus = state.limit - limit;
        let taken = self.semaphore.forget_permits(surplus);
        state.debt += surplus - taken;
        state.limit = limit;
        state.clean = 0;
        state.doubling = false;
        state.cut_at = Some(Instant::now());
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place in flight.
pub(crate) struct Permit {
    permit: Option<OwnedSemaphorePermit>,
    owner: Arc<Concurrency>,
    since: Instant,
}

impl Permit {
    /// The service bore it.
    pub(crate) fn clean(self) {
        self.owner.grow();
    }

    /// The service did not.
    pub(crate) fn setback(self) {
        self.owner.shrink(self.since);
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let Some(permit) = self.permit.take() else { return };
        let mut state = self.owner.state();
        if state.debt > 0 {
            state.debt -= 1;
            permit.forget();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn concurrency(max: u32) -> Arc<Concurrency> {
        Concurrency::new(NonZeroU32::new(max).unwrap())
    }

    fn fill(concurrency: &Arc<Concurrency>) -> Vec<Permit> {
        std::iter::from_fn(|| concurrency.try_acquire()).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn it_doubles_until_the_first_setback_then_adds_one() {
        let concurrency = concurrency(100);
        for expect in [4, 8, 16] {
            let window = fill(&concurrency);
            assert_eq!(window.len(), expect);
            // All at once: the last find most places empty and teach nothing.
            for permit in window {
                permit.clean();
            }
            assert!((expect + 1..expect * 2).contains(&concurrency.limit()));
            while concurrency.limit() < expect * 2 {
                let mut window = fill(&concurrency);
                window.pop().unwrap().clean();
            }
        }
        let before = concurrency.limit();
        tokio::time::advance(Duration::from_secs(1)).await;
        concurrency.try_acquire().unwrap().setback();
        assert_eq!(concurrency.limit(), before / 2);
        for _ in 0..before / 2 {
            let mut window = fill(&concurrency);
            assert_eq!(window.len(), before / 2);
            window.pop().unwrap().clean();
        }
        assert_eq!(concurrency.limit(), before / 2 + 1);
    }

    #[tokio::test(start_paused = true)]
    async fn it_halves_once_a_window_and_never_below_one() {
        let concurrency = concurrency(4);
        let mut window = fill(&concurrency);
        tokio::time::advance(Duration::from_secs(1)).await;
        window.pop().unwrap().setback();
        assert_eq!(concurrency.limit(), 2);
        tokio::time::advance(Duration::from_secs(1)).await;
        for permit in window {
            permit.setback();
        }
        assert_eq!(concurrency.limit(), 2, "they began before the cut");
        for expect in [1, 1] {
            tokio::time::advance(Duration::from_secs(1)).await;
            let permit = concurrency.try_acquire().unwrap();
            tokio::time::advance(Duration::from_secs(1)).await;
            permit.setback();
            assert_eq!(concurrency.limit(), expect);
        }
        assert_eq!(fill(&concurrency).len(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn it_never_exceeds_its_bound() {
        let concurrency = concurrency(2);
        for _ in 0..50 {
            for permit in fill(&concurrency) {
                permit.clean();
            }
        }
        assert_eq!(fill(&concurrency).len(), 2);
    }
}
