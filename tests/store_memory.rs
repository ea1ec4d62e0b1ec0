//! What the sessions of a busy day weigh. Alone in its process, so that nothing else is weighed.

// Whatever fails here fails the test.
#![allow(clippy::expect_used)]

use std::{fs, time::Duration};

use bytes::Bytes;
use homerealm::store::{Kind, MemoryStore, Store};

fn resident_kib() -> usize {
    let status = fs::read_to_string("/proc/self/status").expect("this test needs Linux");
    status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .and_then(|line| line.split_whitespace().next()?.parse().ok())
        .expect("VmRSS is a number")
}

#[tokio::test]
async fn a_hundred_thousand_sessions_stay_below_sixty_mebibytes() {
    const HOUR: Duration = Duration::from_secs(3600);
    let store = MemoryStore::default();
    let before = resident_kib();
    for number in 0..100_000_u128 {
        // A session's identifier has 32 octets.
        let key = number.to_be_bytes().repeat(2);
        let session = Bytes::from(vec![b'x'; 300]);
        store
            .put(Kind::Session, &key, session, HOUR)
            .await
            .expect("it fits");
    }
    let grown = resident_kib() - before;
    assert_eq!(store.held(Kind::Session), 100_000);
    assert!(grown < 60 * 1024, "{grown} KiB");
}
