use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::DirectoryError;

/// How many wait at most, as a multiple of how many are let through.
const WAITING_PER_PLACE: usize = 16;

/// Lets so many operations through at the same time. A few more wait for a moment; whoever comes
/// beyond is told at once that it is busy, so that no queue grows behind a slow directory.
#[derive(Debug)]
pub(super) struct Gate {
    places: Arc<Semaphore>,
    waiting: AtomicUsize,
    most_waiting: usize,
    wait: Duration,
}

impl Gate {
    pub(super) fn new(places: usize, wait: Duration) -> Self {
        Self {
            places: Arc::new(Semaphore::new(places)),
            waiting: AtomicUsize::new(0),
            most_waiting: places.saturating_mul(WAITING_PER_PLACE),
            wait,
        }
    }

    /// A place, held until it is dropped.
    pub(super) async fn enter(&self) -> Result<OwnedSemaphorePermit, DirectoryError> {
        if let Ok(place) = self.places.clone().try_acquire_owned() {
            return Ok(place);
        }
        let before = self.waiting.fetch_add(1, Ordering::Relaxed);
        let _leaves = Leaves(&self.waiting);
        if before >= self.most_waiting {
            return Err(DirectoryError::Busy);
        }
        let waiting = self.places.clone().acquire_owned();
        match tokio::time::timeout(self.wait, waiting).await {
            Ok(Ok(place)) => Ok(place),
            _ => Err(DirectoryError::Busy),
        }
    }
}

/// Whoever waited is counted out again, also when the one who asked went away.
struct Leaves<'a>(&'a AtomicUsize);

impl Drop for Leaves<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn some_wait_and_the_rest_are_told_at_once() {
        let wait = Duration::from_millis(200);
        let gate = Arc::new(Gate::new(1, wait));
        let place = gate.enter().await.unwrap();
        let waiting: Vec<_> = (0..WAITING_PER_PLACE)
            .map(|_| {
                let gate = gate.clone();
                tokio::spawn(async move { gate.enter().await.map(drop) })
            })
            .collect();
        tokio::task::yield_now().await;
        let started = std::time::Instant::now();
        assert_eq!(gate.enter().await.unwrap_err(), DirectoryError::Busy);
        assert!(started.elapsed() < wait / 2, "the others still wait");
        drop(place);
        for task in waiting {
            task.await.unwrap().unwrap();
        }
        let _place = gate.enter().await.unwrap();
        assert_eq!(gate.enter().await.unwrap_err(), DirectoryError::Busy);
        assert!(started.elapsed() >= wait);
    }
}
