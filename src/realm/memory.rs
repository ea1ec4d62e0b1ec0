//! What names meant a moment ago. Never anything of a password.

use std::time::{Duration, Instant};

use moka::{policy::EvictionPolicy, sync::Cache};

use super::{MappedAccount, MappingError};

/// How long an answer is remembered that the next look may change: that a name leads to nobody,
/// or an account whose password was just refused. The same for both, so that neither the time
/// nor the work of the next attempt tells one from the other.
pub(super) const BRIEFLY: Duration = Duration::from_secs(3);

/// How many names that lead to nobody are remembered. They have a memory of their own, so that
/// made-up names cannot push real ones out.
const MOST_REFUSED: u64 = 10_000;

/// Both memories.
#[derive(Clone)]
pub(super) struct Memory {
    found: Cache<String, Found>,
    refused: Cache<String, MappingError>,
    longest: Duration,
}

#[derive(Clone)]
struct Found {
    account: MappedAccount,
    until: Instant,
    /// When the entry was last read and was still the account.
    seen: Instant,
}

impl Memory {
    /// Remembers so many accounts, none of them longer than this; nothing at all for zero.
    pub(super) fn new(capacity: u64, longest: Duration) -> Self {
        // The default policy turns away new entries when full, and so whoever signs in now.
        Self {
            found: Cache::builder()
                .eviction_policy(EvictionPolicy::lru())
                .max_capacity(capacity)
                .time_to_live(longest)
                .build(),
            refused: Cache::builder()
                .eviction_policy(EvictionPolicy::lru())
                .max_capacity(MOST_REFUSED)
                .time_to_live(BRIEFLY.min(longest))
                .build(),
            longest,
        }
    }

    pub(super) fn recall(&self, key: &str) -> Option<Result<MappedAccount, MappingError>> {
        if self.longest.is_zero() {
            return None;
        }
        if let Some(found) = self.found.get(key) {
            return (Instant::now() < found.until).then_some(Ok(found.account));
        }
        self.refused.get(key).map(Err)
    }

    /// Remembers an account for so long.
    pub(super) fn keep(&self, account: &MappedAccount, lifetime: Duration) {
        let found = Found {
            account: account.clone(),
            until: account.found() + lifetime,
            seen: account.found(),
        };
        self.found.insert(account.memory_key(), found);
    }

    /// Whether the account's entry was read within this time, and was still the account.
    pub(super) fn was_seen_within(&self, account: &MappedAccount, time: Duration) -> bool {
        account.found().elapsed() < time
            || self
                .found
                .get(&account.memory_key())
                .is_some_and(|found| found.account == *account && found.seen.elapsed() < time)
    }

    /// The account's entry was read again and is still the account. That lengthens nothing: who
    /// else may have the name by now was not asked.
    pub(super) fn see(&self, account: &MappedAccount) {
        let key = account.memory_key();
        if let Some(mut found) = self.found.get(&key)
            && found.account == *account
        {
            found.seen = Instant::now();
            self.found.insert(key, found);
        }
    }

    /// Remembers briefly that a name leads to nobody. That a directory gave no answer is nothing
    /// to remember.
    pub(super) fn keep_refusal(&self, key: String, error: &MappingError) {
        if !matches!(error, MappingError::Directory(_)) {
            self.refused.insert(key, error.clone());
        }
    }

    /// An account's password was refused: it is looked up again, unless that was done just now.
    pub(super) fn doubt(&self, account: &MappedAccount) {
        if account.found().elapsed() < BRIEFLY {
            self.keep(account, BRIEFLY);
        } else {
            self.forget(account);
        }
    }

    pub(super) fn forget(&self, account: &MappedAccount) {
        self.found.invalidate(&account.memory_key());
    }

    #[cfg(test)]
    pub(super) fn settle(&self) {
        self.found.run_pending_tasks();
        self.refused.run_pending_tasks();
    }
}
