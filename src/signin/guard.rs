//! Lock-out that protects the victim.
//!
//! A directory that locks accounts after some wrong passwords lets any stranger lock Wendy out, by
//! typing her address and nonsense. So failures are counted here, below the directory's own
//! threshold, and whoever goes over is refused without a bind that the directory would count:
//!
//! * per account, apart for *familiar* sources (from which she has signed in before) and all
//!   others: strangers use up the strangers' attempts, and she can still sign in from where she
//!   always does;
//! * per source, over all accounts: one source cannot try one password on everybody.
//!
//! An attempt is counted before its bind and taken back when it turns out right or unanswered, so
//! that any number of attempts at once count as so many. The counters are of the account that the
//! name was mapped to, so that aliases give no further attempts; names that map to nobody are
//! counted by name, and look the same from outside.

use std::{net::IpAddr, sync::Arc, time::Duration};

use bytes::Bytes;
use tokio::time::{Instant, sleep_until};

use crate::store::{Kind, Store, StoreError};

/// How many failures are borne.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GuardRules {
    /// Failures of one account from familiar sources, and as many again from all others. Twice
    /// this number must be less than the directory's own lock-out threshold.
    pub failures_per_account: u32,
    /// How long after the last counted failure an account's counter is forgotten; longer than the
    /// directory's own observation window.
    pub account_window: Duration,
    /// Failures of one source, over all accounts.
    pub failures_per_source: u32,
    /// How long after the last counted failure a source's counter is forgotten.
    pub source_window: Duration,
    /// How long a source stays familiar after a sign-in.
    pub familiar_for: Duration,
    /// Refusals are given at multiples of this time after the password came. What the directory
    /// takes longer for, a comparison with a slow hash, or an entry to read, then shows in no
    /// refusal. Longer than a check takes.
    pub refusal_step: Duration,
}

impl Default for GuardRules {
    fn default() -> Self {
        Self {
            failures_per_account: 4,
            account_window: Duration::from_secs(45 * 60),
            failures_per_source: 100,
            source_window: Duration::from_secs(10 * 60),
            familiar_for: Duration::from_secs(90 * 24 * 60 * 60),
            refusal_step: Duration::from_millis(200),
        }
    }
}

/// Where an attempt comes from: an IPv4 address, or the /64 that one IPv6 customer has.
#[derive(Clone, Copy, Debug)]
pub struct Source(IpAddr);

impl From<IpAddr> for Source {
    fn from(address: IpAddr) -> Self {
        Self(address.to_canonical())
    }
}

impl Source {
    /// The very address.
    pub fn address(&self) -> IpAddr {
        self.0
    }
}

impl std::fmt::Display for Source {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            IpAddr::V4(address) => write!(formatter, "{address}"),
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                write!(formatter, "{a:x}:{b:x}:{c:x}:{d:x}::/64")
            }
        }
    }
}

/// Counts failures, and refuses where there were too many.
#[derive(Clone)]
pub struct Guard {
    store: Arc<dyn Store>,
    rules: GuardRules,
}

/// Whether a password may be tried.
#[derive(Debug)]
pub enum Admission {
    /// It may. The attempt is counted until it is settled.
    Admitted(Attempt),
    /// There were too many failures for this account from sources of this kind.
    AccountGuarded,
    /// There were too many failures from this source.
    SourceGuarded,
}

/// An attempt that was counted.
#[derive(Debug)]
#[must_use = "an attempt that is not settled counts as a failure"]
pub struct Attempt {
    account: Vec<u8>,
    source: Vec<u8>,
    familiarity: Vec<u8>,
}

/// How an attempt came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The password was right.
    Right,
    /// It was wrong, or the name was nobody's.
    Wrong,
    /// The directory gave no answer, and so counted nothing.
    Unanswered,
}

impl Guard {
    /// Counts in `store` by `rules`.
    pub fn new(store: Arc<dyn Store>, rules: GuardRules) -> Self {
        Self { store, rules }
    }

    /// Counts an attempt on `account` from `source`, unless there were too many failures.
    pub async fn admit(&self, account: &str, source: &Source) -> Result<Admission, StoreError> {
        // Addresses and names have no line breaks: the parts cannot run into each other.
        let familiarity = format!("{account}\n{source}").into_bytes();
        let is_familiar = self
            .store
            .get(Kind::FamiliarSource, &familiarity)
            .await?
            .is_some();
        let kind = if is_familiar { "familiar" } else { "others" };
        let attempt = Attempt {
            account: format!("account\n{account}\n{kind}").into_bytes(),
            source: format!("source\n{source}").into_bytes(),
            familiarity,
        };
        let rules = &self.rules;
        if !self
            .claim(
                &attempt.source,
                rules.failures_per_source,
                rules.source_window,
            )
            .await?
        {
            return Ok(Admission::SourceGuarded);
        }
        if !self
            .claim(
                &attempt.account,
                rules.failures_per_account,
                rules.account_window,
            )
            .await?
        {
            self.count(&attempt.source, -1, rules.source_window).await?;
            return Ok(Admission::AccountGuarded);
        }
        Ok(Admission::Admitted(attempt))
    }

    /// Waits until a refusal of what came at `arrival` may be given.
    pub async fn until_refusal(&self, arrival: Instant) {
        let step = self.rules.refusal_step.as_nanos();
        if step == 0 {
            return;
        }
        let steps = arrival.elapsed().as_nanos() / step + 1;
        if let Ok(nanoseconds) = u64::try_from(steps * step) {
            sleep_until(arrival + Duration::from_nanos(nanoseconds)).await;
        }
    }

    /// Settles an attempt: a right password clears the account's counter and makes the source
    /// familiar, a wrong one stays counted.
    pub async fn settle(&self, attempt: Attempt, verdict: Verdict) -> Result<(), StoreError> {
        let rules = &self.rules;
        match verdict {
            Verdict::Wrong => {}
            Verdict::Unanswered => {
                self.count(&attempt.source, -1, rules.source_window).await?;
                self.count(&attempt.account, -1, rules.account_window)
                    .await?;
            }
            Verdict::Right => {
                self.count(&attempt.source, -1, rules.source_window).await?;
                self.store
                    .remove(Kind::FailedAttempts, &attempt.account)
                    .await?;
                let kind = Kind::FamiliarSource;
                self.store
                    .put(
                        kind,
                        &attempt.familiarity,
                        Bytes::from_static(b"1"),
                        rules.familiar_for,
                    )
                    .await?;
            }
        }
        Ok(())
    }

    /// Counts one more, unless `most` have been counted. What is refused does not prolong the
    /// counter's time, or a stranger could keep it up for ever.
    async fn claim(&self, key: &[u8], most: u32, window: Duration) -> Result<bool, StoreError> {
        let most = i64::from(most);
        if self.count(key, 0, window).await? >= most {
            return Ok(false);
        }
        // Others may have come in between.
        if self.count(key, 1, window).await? > most {
            self.count(key, -1, window).await?;
            return Ok(false);
        }
        Ok(true)
    }

    async fn count(&self, key: &[u8], number: i64, window: Duration) -> Result<i64, StoreError> {
        self.store
            .add(Kind::FailedAttempts, key, number, window)
            .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::MemoryStore;

    const RULES: GuardRules = GuardRules {
        failures_per_account: 3,
        account_window: Duration::from_millis(300),
        failures_per_source: 5,
        source_window: Duration::from_secs(60),
        familiar_for: Duration::from_secs(60),
        refusal_step: Duration::ZERO,
    };

    fn guard() -> Guard {
        Guard::new(Arc::new(MemoryStore::default()), RULES)
    }

    fn source(last: u8) -> Source {
        IpAddr::from([192, 0, 2, last]).into()
    }

    async fn attempt(guard: &Guard, account: &str, from: u8, verdict: Verdict) -> &'static str {
        match guard.admit(account, &source(from)).await.unwrap() {
            Admission::Admitted(attempt) => {
                guard.settle(attempt, verdict).await.unwrap();
                "admitted"
            }
            Admission::AccountGuarded => "account",
            Admission::SourceGuarded => "source",
        }
    }

    #[tokio::test]
    async fn a_stranger_uses_up_the_strangers_attempts_only() {
        let guard = guard();
        assert_eq!(
            attempt(&guard, "wendy", 1, Verdict::Right).await,
            "admitted"
        );
        for from in [7, 8, 9] {
            assert_eq!(
                attempt(&guard, "wendy", from, Verdict::Wrong).await,
                "admitted"
            );
        }
        assert_eq!(
            attempt(&guard, "wendy", 10, Verdict::Right).await,
            "account"
        );
        assert_eq!(
            attempt(&guard, "wendy", 1, Verdict::Right).await,
            "admitted"
        );
        assert_eq!(attempt(&guard, "mia", 10, Verdict::Wrong).await, "admitted");
    }

    #[tokio::test]
    async fn the_window_ends_although_a_stranger_goes_on() {
        let guard = guard();
        for _ in 0..3 {
            assert_eq!(
                attempt(&guard, "wendy", 7, Verdict::Wrong).await,
                "admitted"
            );
        }
        for _ in 0..4 {
            tokio::time::sleep(Duration::from_millis(60)).await;
            assert_eq!(attempt(&guard, "wendy", 8, Verdict::Wrong).await, "account");
        }
        tokio::time::sleep(Duration::from_millis(120)).await;
        assert_eq!(
            attempt(&guard, "wendy", 8, Verdict::Wrong).await,
            "admitted"
        );
    }

    #[tokio::test]
    async fn one_source_cannot_try_everybody() {
        let guard = guard();
        for account in ["a", "b", "c", "d", "e"] {
            assert_eq!(
                attempt(&guard, account, 7, Verdict::Wrong).await,
                "admitted"
            );
        }
        assert_eq!(attempt(&guard, "f", 7, Verdict::Right).await, "source");
        assert_eq!(attempt(&guard, "f", 8, Verdict::Right).await, "admitted");
    }

    #[tokio::test]
    async fn what_the_directory_did_not_see_is_not_counted() {
        let guard = guard();
        for _ in 0..20 {
            assert_eq!(
                attempt(&guard, "wendy", 7, Verdict::Unanswered).await,
                "admitted"
            );
            assert_eq!(
                attempt(&guard, "wendy", 7, Verdict::Right).await,
                "admitted"
            );
        }
    }

    #[tokio::test]
    async fn attempts_at_once_count_as_so_many() {
        let guard = guard();
        let mut admitted = 0;
        let mut open = Vec::new();
        for from in 0..32 {
            if let Admission::Admitted(attempt) = guard.admit("wendy", &source(from)).await.unwrap()
            {
                admitted += 1;
                open.push(attempt);
            }
        }
        assert_eq!(admitted, 3);
    }

    #[tokio::test(start_paused = true)]
    async fn refusals_come_at_the_steps_only() {
        let rules = GuardRules {
            refusal_step: Duration::from_millis(200),
            ..RULES
        };
        let guard = Guard::new(Arc::new(MemoryStore::default()), rules);
        for (worked, told) in [(1, 200), (199, 200), (201, 400), (950, 1_000)] {
            let arrival = Instant::now();
            tokio::time::sleep(Duration::from_millis(worked)).await;
            guard.until_refusal(arrival).await;
            assert_eq!(arrival.elapsed().as_millis(), told, "{worked}");
        }
    }

    #[test]
    fn one_customer_is_one_source() {
        let source = |text: &str| Source::from(text.parse::<IpAddr>().unwrap()).to_string();
        assert_eq!(source("2001:db8:1:2::1"), source("2001:db8:1:2:ffff::9"));
        assert_ne!(source("2001:db8:1:2::1"), source("2001:db8:1:3::1"));
        assert_eq!(source("::ffff:192.0.2.1"), source("192.0.2.1"));
    }
}
