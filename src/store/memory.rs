use std::{
    future::ready,
    time::{Duration, Instant},
};

use bytes::Bytes;
use moka::{Expiry, policy::EvictionPolicy, sync::Cache};

use super::{Kind, Store, StoreError, StoreFuture};

/// Octets of the longest key: an issuer and an ID, each of some hundred.
const LONGEST_KEY: usize = 1024;
/// Octets of the largest value: a pending request with its relay state.
const LARGEST_VALUE: usize = 16 * 1024;

/// How many entries of each kind are kept. Beyond it, the one longest unused goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capacities {
    /// Of [`Kind::Session`].
    pub sessions: u64,
    /// Of [`Kind::PendingSignIn`].
    pub pending_sign_ins: u64,
    /// Of [`Kind::AnsweredRequest`]: as many as can be answered while one of them is still valid,
    /// or the oldest could be replayed. Only sign-ins that succeed are counted here.
    pub answered_requests: u64,
}

impl Default for Capacities {
    fn default() -> Self {
        Self {
            sessions: 200_000,
            pending_sign_ins: 50_000,
            answered_requests: 1_000_000,
        }
    }
}

/// The state of a single node, in its memory and gone with the process.
///
/// 100,000 sessions of 300 octets each take about MEASURED MiB, all told.
pub struct MemoryStore {
    sessions: Entries,
    pending_sign_ins: Entries,
    answered_requests: Entries,
}

type Entries = Cache<Box<[u8]>, Entry>;

#[derive(Clone)]
struct Entry {
    value: Bytes,
    /// Checked on every read: the cache itself removes what has expired some time later.
    expires: Instant,
}

impl Entry {
    fn new(value: Bytes, ttl: Duration) -> Self {
        // A time to live beyond what the clock can hold is no time to live at all.
        let now = Instant::now();
        let expires = now.checked_add(ttl).unwrap_or(now);
        Self { value, expires }
    }

    fn is_over(&self) -> bool {
        self.expires <= Instant::now()
    }

    fn live(self) -> Option<Bytes> {
        (!self.is_over()).then_some(self.value)
    }
}

/// Tells the cache what each entry says itself.
struct OwnExpiry;

impl Expiry<Box<[u8]>, Entry> for OwnExpiry {
    fn expire_after_create(&self, _: &Box<[u8]>, entry: &Entry, at: Instant) -> Option<Duration> {
        Some(entry.expires.saturating_duration_since(at))
    }

    fn expire_after_update(
        &self,
        _: &Box<[u8]>,
        entry: &Entry,
        at: Instant,
        _: Option<Duration>,
    ) -> Option<Duration> {
        Some(entry.expires.saturating_duration_since(at))
    }
}

impl MemoryStore {
    /// An empty store.
    pub fn new(capacities: Capacities) -> Self {
        Self {
            sessions: entries(capacities.sessions),
            pending_sign_ins: entries(capacities.pending_sign_ins),
            answered_requests: entries(capacities.answered_requests),
        }
    }

    fn of(&self, kind: Kind) -> &Entries {
        match kind {
            Kind::Session => &self.sessions,
            Kind::PendingSignIn => &self.pending_sign_ins,
            Kind::AnsweredRequest => &self.answered_requests,
        }
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new(Capacities::default())
    }
}

fn entries(capacity: u64) -> Entries {
    Cache::builder()
        .max_capacity(capacity)
        // The default policy admits by popularity, and so drops what has just come: at capacity,
        // no new session would ever be kept.
        .eviction_policy(EvictionPolicy::lru())
        .expire_after(OwnExpiry)
        .build()
}

fn check(key: &[u8], value: &Bytes) -> Result<(), StoreError> {
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
        let done = check(key, &value).map(|()| {
            self.of(kind).insert(key.into(), Entry::new(value, ttl));
        });
        Box::pin(ready(done))
    }

    fn put_if_absent<'a>(
        &'a self,
        kind: Kind,
        key: &'a [u8],
        value: Bytes,
        ttl: Duration,
    ) -> StoreFuture<'a, Option<Bytes>> {
        let found = check(key, &value).map(|()| {
            let entry = self
                .of(kind)
                .entry_by_ref(key)
                .or_insert_with_if(|| Entry::new(value, ttl), Entry::is_over);
            (!entry.is_fresh()).then(|| entry.into_value().value)
        });
        Box::pin(ready(found))
    }

    fn get<'a>(&'a self, kind: Kind, key: &'a [u8]) -> StoreFuture<'a, Option<Bytes>> {
        let found = self.of(kind).get(key).and_then(Entry::live);
        Box::pin(ready(Ok(found)))
    }

    fn take<'a>(&'a self, kind: Kind, key: &'a [u8]) -> StoreFuture<'a, Option<Bytes>> {
        let found = self.of(kind).remove(key).and_then(Entry::live);
        Box::pin(ready(Ok(found)))
    }

    fn remove<'a>(&'a self, kind: Kind, key: &'a [u8]) -> StoreFuture<'a, ()> {
        self.of(kind).invalidate(key);
        Box::pin(ready(Ok(())))
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::{Arc, Barrier},
        thread,
    };

    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    /// The operations of this store are done when they return: no runtime is needed.
    fn now<T>(future: StoreFuture<'_, T>) -> T {
        let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
        match { future }.as_mut().poll(&mut cx) {
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
    fn at_capacity_the_fresh_stay_and_the_unused_go() {
        let store = MemoryStore::new(Capacities {
            sessions: 1_000,
            ..Capacities::default()
        });
        for number in 0..3_000_u32 {
            now(store.put(Kind::Session, &number.to_be_bytes(), value("x"), HOUR));
            // In daily use the cache does this on its own, a moment later.
            if number % 100 == 99 {
                store.sessions.run_pending_tasks();
            }
        }
        for number in 2_000..3_000_u32 {
            let kept = now(store.get(Kind::Session, &number.to_be_bytes()));
            assert!(kept.is_some(), "{number}");
        }
        assert_eq!(store.sessions.entry_count(), 1_000);
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
            let outcome = refused.as_mut().poll(&mut cx);
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
            now(store.put(Kind::PendingSignIn, &round.to_be_bytes(), value("x"), HOUR));
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
        let sums = winners(|store, key| now(store.take(Kind::PendingSignIn, key)).is_some());
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

    #[test]
    fn a_hundred_thousand_sessions_take_little_memory() {
        fn resident_kib() -> usize {
            let status = std::fs::read_to_string("/proc/self/status").unwrap();
            let line = status
                .lines()
                .find(|line| line.starts_with("VmRSS:"))
                .unwrap();
            line.split_whitespace().nth(1).unwrap().parse().unwrap()
        }
        let store = MemoryStore::default();
        let before = resident_kib();
        for number in 0..100_000_u128 {
            let session = Bytes::from(vec![b'x'; 300]);
            now(store.put(
                Kind::Session,
                &number.to_be_bytes().repeat(2),
                session,
                HOUR,
            ));
        }
        store.sessions.run_pending_tasks();
        let after = resident_kib();
        eprintln!("{} KiB", after - before);
        assert_eq!(store.sessions.entry_count(), 100_000);
        assert!(after - before < 80 * 1024, "{} KiB", after - before);
    }
}
