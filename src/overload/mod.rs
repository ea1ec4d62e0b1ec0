//! How much is taken on at once, where signatures are made, and who is refused early.
//!
//! A sign-in is one signature, a quarter of a millisecond of a processor, and little else. Made where
//! connections are served, signatures would stand in the way of everything: with a hundred waiting, a
//! page that costs nothing would wait for a hundred. So they go to [`Signers`] as soon as there is more
//! than one at a time, and the threads that serve connections stay free: to answer what is cheap at
//! once, and to refuse what would wait for too long while that still costs next to nothing.
//!
//! What waits for others, a directory or an upstream, is bounded apart from what does not: a directory
//! that hangs fills its own places only.

mod places;
mod signers;

pub use places::Place;
pub use signers::{Here, Signers, SignersGone};

use std::{io, sync::Arc, time::Duration};

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
    signers: Signers,
    sign_ins: Places,
    passwords: Places,
    upstreams: Places,
    longest_wait: Duration,
}

impl Workload {
    /// Starts the signers: as many as there are processors, for a runtime with `workers` threads.
    ///
    /// # Errors
    /// When the system gives no threads.
    pub fn start(limits: Limits, workers: usize) -> io::Result<Self> {
        Ok(Self {
            signers: Signers::start(workers)?,
            sign_ins: Places::new(limits.sign_ins),
            passwords: Places::new(limits.passwords),
            upstreams: Places::new(limits.upstreams),
            longest_wait: limits.longest_wait,
        })
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
        if self.signers.expected_wait() > longest {
            places.note_refusal();
            return Err(Busy::TooLong);
        }
        places.take().ok_or(Busy::NoPlace)
    }

    /// Where signatures are made.
    pub fn signers(&self) -> &Signers {
        &self.signers
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
            |this| this.signers.waiting(),
        );
        gauge(
            "homerealm_signatures_waited_total",
            "Answers that had to wait to be signed.",
            |this| this.signers.waited(),
        );
        gauge(
            "homerealm_signature_wait_microseconds_total",
            "How long those waited, together.",
            |this| this.signers.waited_microseconds(),
        );
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    const LIMITS: Limits = Limits {
        sign_ins: 2,
        passwords: 1,
        upstreams: 1,
        longest_wait: Duration::from_millis(50),
    };

    #[test]
    fn each_kind_of_work_has_its_own_places() {
        let workload = Workload::start(LIMITS, 2).unwrap();
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
        let workload = Arc::new(Workload::start(LIMITS, 1).unwrap());
        // It took 20 ms each so far, and all signers are held up.
        workload.signers.measured(Duration::from_millis(20), 1_000);
        let (mut free, mut held) = (Vec::new(), Vec::new());
        for _ in 0..workload.signers.threads() {
            let (sender, receiver) = mpsc::channel::<()>();
            free.push(sender);
            let workload = workload.clone();
            held.push(tokio::spawn(async move {
                let _ = workload
                    .signers
                    .queue(move || receiver.recv().is_err())
                    .await;
            }));
        }
        while workload.signers.waiting() > 0 || !workload.signers.are_all_at_work() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let mut queued = 0;
        let mut refused_at = [0, 0];
        while refused_at.contains(&0) {
            for (at, work) in refused_at.iter_mut().zip([Work::SignIn, Work::Password]) {
                if *at == 0
                    && workload
                        .admit(work)
                        .is_err_and(|busy| busy == Busy::TooLong)
                {
                    *at = queued;
                }
            }
            let workload = workload.clone();
            held.push(tokio::spawn(async move {
                let _ = workload.signers.queue(|| true).await;
            }));
            tokio::task::yield_now().await;
            queued += 1;
        }
        let threads = workload.signers.threads();
        // More than 50 ms of 20 ms each, and more than 100.
        assert_eq!(refused_at, [50 * threads / 20 + 1, 5 * threads + 1]);
        drop(free);
        for one in held {
            one.await.unwrap();
        }
        drop(workload.admit(Work::SignIn).unwrap());
    }
}
