use std::{
    borrow::Borrow,
    cmp::Ordering,
    collections::{BTreeSet, HashSet},
    hash::{Hash, Hasher},
    sync::Arc,
};

use bytes::Bytes;

/// Entries that end in time, of one kind and up to a number.
///
/// Moments are milliseconds on a clock of the caller's. Memory per entry is what this is built
/// for: each is one allocation, which both the table by key and the order by end point to.
pub(super) struct Shelf {
    entries: HashSet<Entry>,
    /// The same entries by their end, the first one to end first.
    order: BTreeSet<ByEnd>,
    capacity: usize,
}

/// How many ended entries one `put` takes the memory back of, so that none is slow because many
/// end at once. More than one, so that the ended ones always grow fewer.
const CLEARED_AT_ONCE: usize = 16;

impl Shelf {
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            entries: HashSet::new(),
            order: BTreeSet::new(),
            capacity,
        }
    }

    pub(super) fn held(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn put(&mut self, now: u64, key: &[u8], value: &[u8], end: u64) {
        self.drop_entry(key);
        self.clear_ended(now);
        if end <= now || self.capacity == 0 {
            return;
        }
        while self.entries.len() >= self.capacity && self.drop_first() {}
        let entry = Entry::new(key, value, end);
        self.order.insert(ByEnd(entry.clone()));
        self.entries.insert(entry);
    }

    pub(super) fn get(&self, now: u64, key: &[u8]) -> Option<Bytes> {
        self.entries
            .get(key)
            .filter(|entry| entry.end() > now)
            .map(Entry::value)
    }

    /// When the value ends, where there is one.
    pub(super) fn end_of(&self, now: u64, key: &[u8]) -> Option<u64> {
        self.entries
            .get(key)
            .map(Entry::end)
            .filter(|end| *end > now)
    }

    pub(super) fn take(&mut self, now: u64, key: &[u8]) -> Option<Bytes> {
        self.drop_entry(key)
            .filter(|entry| entry.end() > now)
            .map(|entry| entry.value())
    }

    /// Takes everything out that has not ended, with the time that it has left.
    pub(super) fn drain(&mut self, now: u64) -> Vec<(Arc<[u8]>, Bytes, u64)> {
        self.order.clear();
        let entries = self.entries.drain();
        entries
            .filter(|entry| entry.end() > now)
            .map(|entry| (Arc::from(entry.key()), entry.value(), entry.end() - now))
            .collect()
    }

    fn drop_entry(&mut self, key: &[u8]) -> Option<Entry> {
        let entry = ByEnd(self.entries.take(key)?);
        self.order.remove(&entry);
        Some(entry.0)
    }

    fn clear_ended(&mut self, now: u64) {
        for _ in 0..CLEARED_AT_ONCE {
            match self.order.first() {
                Some(ByEnd(entry)) if entry.end() <= now => self.drop_first(),
                _ => return,
            };
        }
    }

    /// Drops the entry that ends first; false when there is none.
    fn drop_first(&mut self) -> bool {
        match self.order.pop_first() {
            Some(ByEnd(entry)) => self.entries.remove(entry.key()),
            None => false,
        }
    }
}

/// The first moment at which it is no more, the length of its key, the key, and the value.
#[derive(Clone)]
struct Entry(Arc<[u8]>);

const END: usize = size_of::<u64>();
const KEY: usize = END + size_of::<usize>();

impl Entry {
    fn new(key: &[u8], value: &[u8], end: u64) -> Self {
        let end = end.to_be_bytes().into_iter();
        let length = key.len().to_be_bytes();
        // Each part's length is known, so that this is one allocation.
        let octets = end.chain(length).chain(key.iter().copied());
        Self(octets.chain(value.iter().copied()).collect())
    }

    fn end(&self) -> u64 {
        self.0
            .first_chunk()
            .map_or(0, |end| u64::from_be_bytes(*end))
    }

    fn parts(&self) -> (&[u8], &[u8]) {
        let length = self.0.get(END..).and_then(<[u8]>::first_chunk);
        let length = length.map_or(0, |length| usize::from_be_bytes(*length));
        let parts = self
            .0
            .get(KEY..)
            .and_then(|rest| rest.split_at_checked(length));
        parts.unwrap_or_default()
    }

    fn key(&self) -> &[u8] {
        self.parts().0
    }

    fn value(&self) -> Bytes {
        Bytes::copy_from_slice(self.parts().1)
    }
}

/// In the table, an entry is its key.
impl Borrow<[u8]> for Entry {
    fn borrow(&self) -> &[u8] {
        self.key()
    }
}

impl Hash for Entry {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key().hash(state);
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Entry {}

/// An entry in the order of ends; of those that end together, by key.
struct ByEnd(Entry);

impl Ord for ByEnd {
    fn cmp(&self, other: &Self) -> Ordering {
        let ends = self.0.end().cmp(&other.0.end());
        ends.then_with(|| self.0.key().cmp(other.0.key()))
    }
}

impl PartialEq for ByEnd {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for ByEnd {}

impl PartialOrd for ByEnd {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn at_capacity_the_fresh_stay_and_those_soonest_over_go() {
        let mut shelf = Shelf::new(1_000);
        for number in 0..3_000_u64 {
            shelf.put(number, &number.to_be_bytes(), b"x", number + 5_000);
        }
        assert_eq!(shelf.held(), 1_000);
        for number in 2_000..3_000_u64 {
            assert!(
                shelf.get(3_000, &number.to_be_bytes()).is_some(),
                "{number}"
            );
        }
    }

    #[test]
    fn memory_of_what_has_ended_is_taken_back() {
        let mut shelf = Shelf::new(10_000);
        for number in 0..1_000_u64 {
            shelf.put(0, &number.to_be_bytes(), b"x", 10);
        }
        for number in 0..70_u64 {
            shelf.put(
                10,
                &[&b"late"[..], &number.to_be_bytes()].concat(),
                b"x",
                20,
            );
        }
        assert_eq!(shelf.held(), 70);
        assert_eq!(shelf.order.len(), 70);
    }

    #[derive(Clone, Debug)]
    enum Act {
        Put { key: u8, value: u8, ttl: u64 },
        Get { key: u8 },
        Take { key: u8 },
        Wait { time: u64 },
    }

    fn act() -> impl Strategy<Value = Act> {
        prop_oneof![
            (0..8_u8, any::<u8>(), 0..20_u64).prop_map(|(key, value, ttl)| Act::Put {
                key,
                value,
                ttl
            }),
            (0..8_u8).prop_map(|key| Act::Get { key }),
            (0..8_u8).prop_map(|key| Act::Take { key }),
            (0..10_u64).prop_map(|time| Act::Wait { time }),
        ]
    }

    proptest! {
        /// Whatever happens, it answers as a plain list would, and holds no more than it may.
        #[test]
        fn agrees_with_a_plain_list(acts in prop::collection::vec(act(), 0..200)) {
            let mut shelf = Shelf::new(5);
            let mut list: Vec<(u8, u8, u64)> = Vec::new();
            let mut now = 0;
            for act in acts {
                list.retain(|&(_, _, end)| end > now);
                match act {
                    Act::Put { key, value, ttl } => {
                        shelf.put(now, &[key], &[value], now + ttl);
                        list.retain(|entry| entry.0 != key);
                        if ttl > 0 {
                            if list.len() == 5 {
                                let first = list.iter().map(|e| (e.2, e.0)).min().unwrap();
                                list.retain(|entry| entry.0 != first.1);
                            }
                            list.push((key, value, now + ttl));
                        }
                    }
                    Act::Get { key } => {
                        let expected = list.iter().find(|e| e.0 == key).map(|e| e.1);
                        let found = shelf.get(now, &[key]).map(|value| value[0]);
                        prop_assert_eq!(found, expected);
                    }
                    Act::Take { key } => {
                        let expected = list.iter().find(|e| e.0 == key).map(|e| e.1);
                        list.retain(|entry| entry.0 != key);
                        let found = shelf.take(now, &[key]).map(|value| value[0]);
                        prop_assert_eq!(found, expected);
                    }
                    Act::Wait { time } => now += time,
                }
                prop_assert!(shelf.held() <= 5);
                prop_assert_eq!(shelf.held(), shelf.order.len());
            }
        }
    }
}
