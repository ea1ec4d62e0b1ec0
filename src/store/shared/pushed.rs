//! What the server has missed, given to it once it is back.

use std::sync::atomic::Ordering;

use tracing::info;

use super::{Inner, Kind, MemoryStore, Store as _, StoreError};

impl Inner {
    /// Pushes what was kept and removed while the server did not answer. What it does not take stays
    /// until the next time.
    pub(super) async fn push(&self) {
        if !self.has_own.swap(false, Ordering::AcqRel) {
            return;
        }
        let (mut removed, mut kept) = (0_u32, 0_u32);
        for kind in Kind::ALL {
            // First, since what was removed may have begun anew.
            for (key, _, ttl) in self.gone.drain(kind) {
                match self.wire.remove(&self.link, kind, &key).await {
                    Some(Ok(())) => removed += 1,
                    _ => self.again(self.gone.put(kind, &key, bytes::Bytes::new(), ttl).await),
                }
            }
            for (key, value, ttl) in self.own.drain(kind) {
                let pushed = if let Some(number) = counted(kind, &value) {
                    let pushed = self.wire.add(&self.link, kind, &key, number, ttl).await;
                    matches!(pushed, Some(Ok(_)))
                } else {
                    let link = &self.link;
                    let put = self.wire.put_if_absent(link, kind, &key, &value, ttl);
                    matches!(put.await, Some(Ok(_)))
                };
                if pushed {
                    kept += 1;
                } else {
                    self.again(put_back(&self.own, kind, &key, value, ttl).await);
                }
            }
        }
        info!(
            kept,
            removed, "the shared store was told what it had missed"
        );
    }

    /// What is put back waits for the next time; a memory that refuses what it had has no next time.
    fn again(&self, _: Result<(), StoreError>) {
        self.has_own.store(true, Ordering::Release);
    }
}

/// What a counter says.
fn counted(kind: Kind, value: &[u8]) -> Option<i64> {
    let value = (kind == Kind::FailedAttempts).then_some(value)?;
    value.try_into().ok().map(i64::from_be_bytes)
}

/// Beside what has come meanwhile.
async fn put_back(
    own: &MemoryStore,
    kind: Kind,
    key: &[u8],
    value: bytes::Bytes,
    ttl: std::time::Duration,
) -> Result<(), StoreError> {
    match counted(kind, &value) {
        Some(number) => own.add(kind, key, number, ttl).await.map(|_| ()),
        None => own.put_if_absent(kind, key, value, ttl).await.map(|_| ()),
    }
}
