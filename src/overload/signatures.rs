//! Whose turn it is to sign, so that somebody always serves connections.

use std::{
    sync::atomic::{AtomicU64, AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use tokio::sync::{Semaphore, SemaphorePermit};

/// Turns to sign, first come, first served: one fewer at once than the runtime has threads.
///
/// A signature keeps the thread that makes it from everything else for a quarter of a millisecond. Threads
/// of their own for it would keep nobody either, but each signature would be handed over and back, which
/// costs a tenth of it. Who has to wait for a turn is woken by the thread that has just signed.
///
/// The queue has no bound of its own. Whoever is in it has a [`super::Place`], and those are bounded.
#[derive(Debug)]
pub struct Signatures {
    turns: Semaphore,
    at_once: usize,
    waiting: AtomicUsize,
    /// What one takes, in nanoseconds: a moving mean.
    takes: AtomicU64,
    waited: AtomicU64,
    waited_nanoseconds: AtomicU64,
}

/// The turn of one who signs. It ends when it is dropped, and must be before anything is waited for.
#[derive(Debug)]
pub struct Turn<'a> {
    signatures: &'a Signatures,
    since: Instant,
    /// `None` never: turns are not closed.
    _permit: Option<SemaphorePermit<'a>>,
}

/// One who waits, until she has waited enough or has gone away.
struct Waiting<'a> {
    signatures: &'a Signatures,
    since: Instant,
}

/// What a signature takes until one has been made.
const FIRST_GUESS: Duration = Duration::from_micros(500);
/// How many of the last ones the mean is of.
const MEAN_OF: u64 = 16;
/// A thread that was put off for a while says nothing about signatures.
const LONGEST_COUNTED: Duration = Duration::from_millis(20);

impl Signatures {
    /// For a runtime with so many threads.
    pub(super) fn new(threads: usize) -> Self {
        let at_once = threads.saturating_sub(1).max(1);
        Self {
            turns: Semaphore::new(at_once),
            at_once,
            waiting: AtomicUsize::new(0),
            takes: AtomicU64::new(nanoseconds(FIRST_GUESS)),
            waited: AtomicU64::new(0),
            waited_nanoseconds: AtomicU64::new(0),
        }
    }

    /// A turn, once those who came before have had theirs.
    pub async fn turn(&self) -> Turn<'_> {
        let permit = match self.turns.try_acquire() {
            Ok(permit) => Some(permit),
            // Boxed, since each request would carry room for it.
            Err(_) => Box::pin(self.wait()).await,
        };
        Turn {
            signatures: self,
            since: Instant::now(),
            _permit: permit,
        }
    }

    async fn wait(&self) -> Option<SemaphorePermit<'_>> {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        let _waiting = Waiting {
            signatures: self,
            since: Instant::now(),
        };
        self.turns.acquire().await.ok()
    }

    /// How long one more would wait, by what the last ones took.
    pub fn expected_wait(&self) -> Duration {
        let waiting = self.waiting.load(Ordering::Relaxed);
        if waiting == 0 {
            return Duration::ZERO;
        }
        let takes = self.takes.load(Ordering::Relaxed);
        let all = takes.saturating_mul(u64::try_from(waiting).unwrap_or(u64::MAX));
        Duration::from_nanos(all) / u32::try_from(self.at_once).unwrap_or(u32::MAX).max(1)
    }

    pub(super) fn waiting(&self) -> i64 {
        i64::try_from(self.waiting.load(Ordering::Relaxed)).unwrap_or(i64::MAX)
    }

    pub(super) fn waited(&self) -> i64 {
        i64::try_from(self.waited.load(Ordering::Relaxed)).unwrap_or(i64::MAX)
    }

    pub(super) fn waited_microseconds(&self) -> i64 {
        let nanoseconds = self.waited_nanoseconds.load(Ordering::Relaxed);
        i64::try_from(nanoseconds / 1_000).unwrap_or(i64::MAX)
    }

    fn made_one(&self, took: Duration) {
        let took = nanoseconds(took.min(LONGEST_COUNTED));
        // Two at once may lose one of both: it is a mean.
        let before = self.takes.load(Ordering::Relaxed);
        let mean = before - before / MEAN_OF + took / MEAN_OF;
        self.takes.store(mean, Ordering::Relaxed);
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.signatures.made_one(self.since.elapsed());
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let signatures = self.signatures;
        signatures.waiting.fetch_sub(1, Ordering::Relaxed);
        signatures.waited.fetch_add(1, Ordering::Relaxed);
        signatures
            .waited_nanoseconds
            .fetch_add(nanoseconds(self.since.elapsed()), Ordering::Relaxed);
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
impl Signatures {
    /// As if each had taken this long.
    pub(super) fn measured(&self, took: Duration) {
        self.takes.store(nanoseconds(took), Ordering::Relaxed);
    }

    pub(super) fn at_once(&self) -> usize {
        self.at_once
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::task::yield_now;

    use super::*;

    #[test]
    fn one_thread_is_left_for_connections() {
        for (threads, at_once) in [(1, 1), (2, 1), (3, 2), (9, 8)] {
            assert_eq!(Signatures::new(threads).at_once(), at_once);
        }
    }

    #[tokio::test]
    async fn turns_are_taken_in_order_and_none_is_lost() {
        let signatures = Arc::new(Signatures::new(2));
        let first = signatures.turn().await;
        let (told, mut order) = tokio::sync::mpsc::unbounded_channel();
        let mut later = Vec::new();
        for number in 0..3 {
            let (signatures, told) = (signatures.clone(), told.clone());
            later.push(tokio::spawn(async move {
                let _turn = signatures.turn().await;
                told.send(number).unwrap();
            }));
            yield_now().await;
        }
        assert_eq!(signatures.waiting(), 3);
        // She closes her browser.
        later.remove(1).abort();
        yield_now().await;
        assert_eq!(signatures.waiting(), 2);
        drop(first);
        for one in later {
            one.await.unwrap();
        }
        assert_eq!([order.recv().await, order.recv().await], [Some(0), Some(2)]);
        assert_eq!((signatures.waiting(), signatures.waited()), (0, 3));
        drop(signatures.turn().await);
        assert_eq!(signatures.waited(), 3);
    }
}
