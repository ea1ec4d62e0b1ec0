use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use bytes::Bytes;

use super::{Kind, Store, StoreError, StoreFuture, shelf::Shelf};

/// Octets of the longest key: an issuer and an ID, each of some hundred.
const LONGEST_KEY: usize = 1024;
/// Octets of the largest value: a session with all that rules may ask to be told of somebody.
const LARGEST_VALUE: usize = 64 * 1024;

/// How many entries of each kind are kept. Beyond it, the ones that would end first go first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capacities {
    /// Of [`Kind::Session`].
    pub sessions: usize,
    /// Of [`Kind::Participant`].
    pub participants: usize,
    /// Of [`Kind::Confirmation`]: some for each session that ended within the last hour.
    pub confirmations: usize,
    /// Of [`Kind::AnsweredRequest`]: as many as can be answered while one of them is still valid,
    /// or the oldest could be replayed. Only sign-ins that succeed are counted here.
    pub answered_requests: usize,
    /// Of [`Kind::AnsweredQuestion`]: as many as are answered within two hours.
    pub answered_questions: usize,
    /// Of [`Kind::FailedAttempts`].
    pub failed_attempts: usize,
    /// Of [`Kind::FamiliarSource`].
    pub familiar_sources: usize,
    /// Of [`Kind::RecentMessage`]: as many as come within a minute. A stranger's are among them.
    pub recent_messages: usize,
}

impl Default for Capacities {
    fn default() -> Self {
        Self {
            sessions: 200_000,
            participants: 200_000,
            confirmations: 200_000,
            answered_requests: 250_000,
            answered_questions: 250_000,
            failed_attempts: 200_000,
            familiar_sources: 200_000,
            recent_messages: 50_000,
        }
    }
}

/// The state of a single node, in its memory and gone with the process.
///
/// 100,000 sessions of 300 octets take 43 MiB, all told. A general cache (moka, with a time to
/// live for each entry) takes 78 MiB for the same, which is why there is none here; and under one
/// lock it is plain to see that each operation is atomic. An operation takes less than a
/// microsecond, where a sign-in takes 300, so that one lock for each kind is not felt.
pub struct MemoryStore {
    /// What moments are counted from.
    start: Instant,
    sessions: Mutex<Shelf>,
    participants: Mutex<Shelf>,
    confirmations: Mutex<Shelf>,
    answered_requests: Mutex<Shelf>,
    answered_questions: Mutex<Shelf>,
    failed_attempts: Mutex<Shelf>,
    familiar_sources: Mutex<Shelf>,
    recent_messages: Mutex<Shelf>,
}

impl MemoryStore {
    /// An empty store.
    pub fn new(capacities: Capacities) -> Self {
        Self {
            start: Instant::now(),
            sessions: Mutex::new(Shelf::new(capacities.sessions)),
            participants: Mutex::new(Shelf::new(capacities.participants)),
            confirmations: Mutex::new(Shelf::new(capacities.confirmations)),
            answered_requests: Mutex::new(Shelf::new(capacities.answered_requests)),
            answered_questions: Mutex::new(Shelf::new(capacities.answered_questions)),
            failed_attempts: Mutex::new(Shelf::new(capacities.failed_attempts)),
            familiar_sources: Mutex::new(Shelf::new(capacities.familiar_sources)),
            recent_messages: Mutex::new(Shelf::new(capacities.recent_messages)),
        }
    }

    /// How many entries of a kind are held, those included whose time is over and whose memory
    /// has not been taken back yet.
    pub fn held(&self, kind: Kind) -> usize {
        self.of(kind).held()
    }

    /// Takes all entries of a kind out, each with the time that it has left.
    pub(super) fn drain(&self, kind: Kind) -> Vec<(Arc<[u8]>, Bytes, Duration)> {
        let now = self.now();
        let entries = self.of(kind).drain(now);
        let entries = entries.into_iter();
        entries
            .map(|(key, value, left)| (key, value, Duration::from_millis(left)))
            .collect()
    }

    fn of(&self, kind: Kind) -> MutexGuard<'_, Shelf> {
        let entries = match kind {
            Kind::Session => &self.sessions,
            Kind::Participant => &self.participants,
            Kind::Confirmation => &self.confirmations,
            Kind::AnsweredRequest => &self.answered_requests,
            Kind::AnsweredQuestion => &self.answered_questions,
            Kind::FailedAttempts => &self.failed_attempts,
            Kind::FamiliarSource => &self.familiar_sources,
            Kind::RecentMessage => &self.recent_messages,
        };
        entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Milliseconds since the start.
    fn now(&self) -> u64 {
        whole_milliseconds(self.start.elapsed())
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new(Capacities::default())
    }
}

fn whole_milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

pub(super) fn check(key: &[u8], value: &Bytes) -> Result<(), StoreError> {
    if key.len() > LONGEST_KEY || value.len() > LARGEST_VALUE {
        return Err(StoreError::TooLarge);
    }
    Ok(())
}

impl Store for MemoryStore {
    fn put<'a>(
        &'a self,
        kind: Kind,
        key: &'a [u8],
        value: Bytes,
        ttl: Duration,
    ) -> StoreFuture<'a, ()> {
        let now = self.now();
        let end = now.saturating_add(whole_milliseconds(ttl));
        let done = check(key, &value).map(|()| self.of(kind).put(now, key, &value, end));
        done.into()
    }

    fn put_if_absent<'a>(
        &'a self,
        kind: Kind,
        key: &'a [u8],
        value: Bytes,
        ttl: Duration,
    ) -> StoreFuture<'a, Option<Bytes>> {
        let now = self.now();
        let end = now.saturating_add(whole_milliseconds(ttl));
        let found = check(key, &value).map(|()| {
            let mut entries = self.of(kind);
            let found = entries.get(now, key);
            if found.is_none() {
                entries.put(now, key, &value, end);
            }
            found
        });
        found.into()
    }

    fn add<'a>(
        &'a self,
        kind: Kind,
        key: &'a [u8],
        number: i64,
        ttl: Duration,
    ) -> StoreFuture<'a, i64> {
        let now = self.now();
        let end = now.saturating_add(whole_milliseconds(ttl));
        let sum = check(key, &Bytes::new()).map(|()| {
            let mut entries = self.of(kind);
            let before = entries.get(now, key);
            let before = before.and_then(|value| value.as_ref().try_into().ok());
            let sum = before.map_or(0, i64::from_be_bytes).saturating_add(number);
            let kept = if number > 0 {
                None
            } else {
                entries.end_of(now, key)
            };
            entries.put(now, key, &sum.to_be_bytes(), kept.unwrap_or(end));
            sum
        });
        sum.into()
    }

    fn get<'a>(&'a self, kind: Kind, key: &'a [u8]) -> StoreFuture<'a, Option<Bytes>> {
        let found = self.of(kind).get(self.now(), key);
        Ok(found).into()
    }

    fn take<'a>(&'a self, kind: Kind, key: &'a [u8]) -> StoreFuture<'a, Option<Bytes>> {
        let found = self.of(kind).take(self.now(), key);
        Ok(found).into()
    }

    fn remove<'a>(&'a self, kind: Kind, key: &'a [u8]) -> StoreFuture<'a, ()> {
        self.of(kind).take(self.now(), key);
        Ok(()).into()
    }
}

#[cfg(test)]
mod tests {
    use std::{pin::Pin, sync::Barrier, thread};

    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    /// The operations of this store are done when they return: no runtime is needed.
    fn now<T: Unpin>(mut future: StoreFuture<'_, T>) -> T {
        let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
        match Pin::new(&mut future).poll(&mut cx) {
            std::task::Poll::Ready(outcome) => outcome.unwrap(),
            std::task::Poll::Pending => panic!("the memory store waits for nothing"),
        }
    }

    fn value(text: &str) -> Bytes {
        Bytes::copy_from_slice(text.as_bytes())
    }

    #[test]
    fn keeps_replaces_and_forgets() {
        let store = MemoryStore::default();
        now(store.put(Kind::Session, b"k", value("one"), HOUR));
        now(store.put(Kind::Session, b"k", value("two"), HOUR));
        assert_eq!(now(store.get(Kind::Session, b"k")), Some(value("two")));
        assert_eq!(now(store.get(Kind::AnsweredRequest, b"k")), None);
        now(store.remove(Kind::Session, b"k"));
        assert_eq!(now(store.get(Kind::Session, b"k")), None);
    }

    #[test]
    fn every_addition_counts() {
        let store = Arc::new(MemoryStore::default());
        let threads: Vec<_> = (0..32)
            .map(|_| {
                let store = store.clone();
                thread::spawn(move || now(store.add(Kind::FailedAttempts, b"k", 1, HOUR)))
            })
            .collect();
        let mut sums: Vec<_> = threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect();
        sums.sort_unstable();
        assert_eq!(sums, (1..=32).collect::<Vec<_>>());
        assert_eq!(now(store.add(Kind::FailedAttempts, b"k", -2, HOUR)), 30);
        let short = Duration::from_millis(20);
        now(store.add(Kind::FailedAttempts, b"k", 1, short));
        thread::sleep(Duration::from_millis(40));
        assert_eq!(now(store.add(Kind::FailedAttempts, b"k", 1, HOUR)), 1);
        // Taking away or adding nothing does not prolong.
        now(store.add(Kind::FailedAttempts, b"short", 2, short));
        assert_eq!(now(store.add(Kind::FailedAttempts, b"short", -1, HOUR)), 1);
        assert_eq!(now(store.add(Kind::FailedAttempts, b"short", 0, HOUR)), 1);
        thread::sleep(Duration::from_millis(40));
        assert_eq!(now(store.add(Kind::FailedAttempts, b"short", 0, HOUR)), 0);
    }

    #[test]
    fn nothing_outlives_its_time() {
        let store = MemoryStore::default();
        let short = Duration::from_millis(40);
        for key in [b"get", b"tak", b"put"] {
            now(store.put(Kind::Session, key, value("old"), short));
        }
        // A later value has its own time, longer or shorter.
        now(store.put(Kind::Session, b"longer", value("old"), short));
        now(store.put(Kind::Session, b"longer", value("new"), HOUR));
        now(store.put(Kind::Session, b"shorter", value("old"), HOUR));
        now(store.put(Kind::Session, b"shorter", value("new"), short));
        thread::sleep(Duration::from_millis(60));
        assert_eq!(now(store.get(Kind::Session, b"get")), None);
        assert_eq!(now(store.take(Kind::Session, b"tak")), None);
        let put = store.put_if_absent(Kind::Session, b"put", value("new"), HOUR);
        assert_eq!(now(put), None);
        assert_eq!(now(store.get(Kind::Session, b"put")), Some(value("new")));
        assert_eq!(now(store.get(Kind::Session, b"longer")), Some(value("new")));
        assert_eq!(now(store.get(Kind::Session, b"shorter")), None);
    }

    #[test]
    fn what_is_too_large_is_refused() {
        let store = MemoryStore::default();
        let key = vec![0; LONGEST_KEY + 1];
        let large = Bytes::from(vec![0; LARGEST_VALUE + 1]);
        let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
        for mut refused in [
            store.put(Kind::Session, &key, value("x"), HOUR),
            store.put(Kind::Session, b"k", large, HOUR),
        ] {
            let outcome = Pin::new(&mut refused).poll(&mut cx);
            assert_eq!(outcome, std::task::Poll::Ready(Err(StoreError::TooLarge)));
        }
    }

    /// Lets 32 threads do the same thing at the same moment, 50 times over, and counts for how
    /// many of them it came out as `won`.
    fn winners(act: impl Fn(&MemoryStore, &[u8]) -> bool + Send + Copy + 'static) -> Vec<usize> {
        const THREADS: usize = 32;
        const ROUNDS: u32 = 50;
        let store = Arc::new(MemoryStore::default());
        let barrier = Arc::new(Barrier::new(THREADS));
        for round in 0..ROUNDS {
            now(store.put(Kind::FamiliarSource, &round.to_be_bytes(), value("x"), HOUR));
        }
        let threads: Vec<_> = (0..THREADS)
            .map(|_| {
                let (store, barrier) = (Arc::clone(&store), Arc::clone(&barrier));
                thread::spawn(move || {
                    let mut won = Vec::new();
                    for round in 0..ROUNDS {
                        barrier.wait();
                        won.push(usize::from(act(&store, &round.to_be_bytes())));
                    }
                    won
                })
            })
            .collect();
        let mut sums = vec![0; ROUNDS as usize];
        for thread in threads {
            for (sum, won) in sums.iter_mut().zip(thread.join().unwrap()) {
                *sum += won;
            }
        }
        sums
    }

    #[test]
    fn one_of_many_takes() {
        let sums = winners(|store, key| now(store.take(Kind::FamiliarSource, key)).is_some());
        assert!(sums.iter().all(|&won| won == 1), "{sums:?}");
    }

    #[test]
    fn one_of_many_puts_what_is_absent() {
        let sums = winners(|store, key| {
            let put = store.put_if_absent(Kind::AnsweredRequest, key, value("x"), HOUR);
            now(put).is_none()
        });
        assert!(sums.iter().all(|&won| won == 1), "{sums:?}");
    }
}
