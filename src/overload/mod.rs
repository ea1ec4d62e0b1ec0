//! How much is taken on at once, whose turn it is to sign, and who is refused early.
//!
//! A sign-in is one signature, a quarter of a millisecond of a processor, and little else. Made by all
//! threads at once, signatures would stand in the way of everything: with a hundred waiting, a page that
//! costs nothing would wait for a hundred. So people take turns ([`Signatures`]), and one thread is always
//! left: to answer what is cheap at once, and to refuse what would wait for too long while that still costs
//! next to nothing.
//!
//! What waits for others, a directory or an upstream, is bounded apart from what does not: a directory
//! that hangs fills its own places only.

mod places;
mod signatures;

pub use places::Place;
pub use signatures::{Signatures, Turn};

use std::{sync::Arc, time::Duration};

use crate::observe::Metrics;

use places::Places;

/// What a request asks for, as far as its cost goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// A request that a live session may answer: a signature, or a page.
    SignIn,
    /// A name and a password: a directory is asked, and then there is a signature.
    Password,
    /// What somebody brings from an upstream, which may be asked for more, and then a signature.
    Upstream,
}

/// The bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Requests of [`Work::SignIn`] at once.
    pub sign_ins: usize,
    /// Those of [`Work::Password`].
    pub passwords: usize,
    /// Those of [`Work::Upstream`].
    pub upstreams: usize,
    /// Whoever would wait longer for a signature is refused at once. Who has typed a password already
    /// may wait twice as long: refusing those who begin costs people less.
    pub longest_wait: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            sign_ins: 4096,
            passwords: 1024,
            upstreams: 256,
            longest_wait: Duration::from_secs(1),
        }
    }
}

/// More is being asked for than can be done in time: come back in a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Busy {
    /// As many requests of this kind are under way as may be.
    #[error("overloaded: too many requests of this kind at once")]
    NoPlace,
    /// The signatures that wait already would take too long.
    #[error("overloaded: too many signatures are waiting")]
    TooLong,
}

impl Busy {
    /// When to come back (`Retry-After`).
    pub const RETRY_AFTER_SECONDS: u16 = 5;
}

/// What is under way.
#[derive(Debug)]
pub struct Workload {
    signatures: Signatures,
    sign_ins: Places,
    passwords: Places,
    upstreams: Places,
    longest_wait: Duration,
}

impl Workload {
    /// For a runtime with `threads` threads.
    pub fn new(limits: Limits, threads: usize) -> Self {
        Self {
            signatures: Signatures::new(threads),
            sign_ins: Places::new(limits.sign_ins),
            passwords: Places::new(limits.passwords),
            upstreams: Places::new(limits.upstreams),
            longest_wait: limits.longest_wait,
        }
    }

    /// A place for this work, held until it is dropped. It is asked for before anything is read or
    /// changed, so that a refusal costs little and can be followed by another try.
    ///
    /// # Errors
    /// When it could not be done in time.
    pub fn admit(&self, work: Work) -> Result<Place<'_>, Busy> {
        let (places, longest) = match work {
            Work::SignIn => (&self.sign_ins, self.longest_wait),
            Work::Password => (&self.passwords, self.longest_wait * 2),
            Work::Upstream => (&self.upstreams, self.longest_wait * 2),
        };
        if self.signatures.expected_wait() > longest {
            places.note_refusal();
            return Err(Busy::TooLong);
        }
        places.take().ok_or(Busy::NoPlace)
    }

    /// Whose turn it is to sign.
    pub fn signatures(&self) -> &Signatures {
        &self.signatures
    }

    /// Tells all of it to whoever reads `metrics`.
    pub fn tell(self: &Arc<Self>, metrics: &Metrics) {
        let gauge = |name, help, read: fn(&Self) -> i64| {
            let this = Arc::clone(self);
            metrics.read(name, help, move || read(&this));
        };
        gauge(
            "homerealm_sign_ins_in_flight",
            "Requests being answered that need no password.",
            |this| this.sign_ins.taken(),
        );
        gauge(
            "homerealm_sign_ins_refused_total",
            "Such requests refused for overload.",
            |this| this.sign_ins.refused(),
        );
        gauge(
            "homerealm_passwords_in_flight",
            "Passwords being checked.",
            |this| this.passwords.taken(),
        );
        gauge(
            "homerealm_passwords_refused_total",
            "Passwords not looked at for overload.",
            |this| this.passwords.refused(),
        );
        gauge(
            "homerealm_upstream_answers_in_flight",
            "Answers of upstreams being looked at.",
            |this| this.upstreams.taken(),
        );
        gauge(
            "homerealm_upstream_answers_refused_total",
            "Answers of upstreams not looked at for overload.",
            |this| this.upstreams.refused(),
        );
        gauge(
            "homerealm_signatures_waiting",
            "Answers that wait to be signed.",
            |this| this.signatures.waiting(),
        );
        gauge(
            "homerealm_signatures_waited_total",
            "Answers that had to wait to be signed.",
            |this| this.signatures.waited(),
        );
        gauge(
            "homerealm_signature_wait_microseconds_total",
            "How long those waited, together.",
            |this| this.signatures.waited_microseconds(),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        sign_ins: 2,
        passwords: 1,
        upstreams: 1,
        longest_wait: Duration::from_millis(50),
    };

    #[test]
    fn each_kind_of_work_has_its_own_places() {
        let workload = Workload::new(LIMITS, 2);
        let first = workload.admit(Work::Password).unwrap();
        assert_eq!(workload.admit(Work::Password).unwrap_err(), Busy::NoPlace);
        let others = [Work::SignIn, Work::SignIn, Work::Upstream];
        let others = others.map(|work| workload.admit(work).unwrap());
        assert_eq!(workload.admit(Work::SignIn).unwrap_err(), Busy::NoPlace);
        drop((first, others));
        drop(workload.admit(Work::Password).unwrap());
        assert_eq!(workload.passwords.refused(), 1);
        assert_eq!(workload.sign_ins.taken(), 0);
    }

    #[tokio::test]
    async fn who_would_wait_too_long_is_refused_and_those_who_begin_first() {
        let workload = Arc::new(Workload::new(LIMITS, 3));
        // It took 20 ms each so far, and all turns are taken.
        workload.signatures.measured(Duration::from_millis(20));
        let at_once = workload.signatures.at_once();
        let mut held = Vec::new();
        for _ in 0..at_once {
            held.push(workload.signatures.turn().await);
        }
        let mut queued = Vec::new();
        let mut refused_at = [None, None];
        while refused_at.contains(&None) {
            for (at, work) in refused_at.iter_mut().zip([Work::SignIn, Work::Password]) {
                let outcome = workload.admit(work);
                if at.is_none() && outcome.is_err_and(|busy| busy == Busy::TooLong) {
                    *at = Some(queued.len());
                }
            }
            let workload = workload.clone();
            queued.push(tokio::spawn(async move {
                drop(workload.signatures.turn().await);
            }));
            tokio::task::yield_now().await;
        }
        // More than 50 ms of 20 ms each, and more than 100.
        assert_eq!(
            refused_at,
            [Some(50 * at_once / 20 + 1), Some(5 * at_once + 1)]
        );
        drop(held);
        for one in queued {
            one.await.unwrap();
        }
        drop(workload.admit(Work::SignIn).unwrap());
    }
}
