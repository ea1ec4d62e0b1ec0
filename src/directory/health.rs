//! Whether a server is up, so that people's operations go only to those that are.
//!
//! A server is down once it refused a connection, broke one that was new, let a deadline pass or
//! said that it is busy. It is tried again after a rest that doubles with each failure and is
//! jittered, so that many of us do not come back to it at once. A server that comes back and
//! fails again within [`STEADY`] keeps the length that its rest had reached: one that flaps costs
//! a few second attempts and is then left alone for longer.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use aws_lc_rs::rand;

use super::DirectoryError;

/// The rest after the first failure.
const FIRST_REST: Duration = Duration::from_millis(50);
/// The longest rest while another server is up.
pub(super) const LONGEST_REST: Duration = Duration::from_secs(8);
/// The longest rest while none is: nobody can sign in, so a look each second is worth its cost.
pub(super) const LONGEST_REST_OF_ALL: Duration = Duration::from_secs(1);
/// How long a server must have been up for its earlier failures to be forgotten.
const STEADY: Duration = Duration::from_secs(30);

/// What is known about one server.
#[derive(Debug)]
pub(super) struct Health(Mutex<State>);

#[derive(Debug)]
struct State {
    since: Instant,
    failures: u32,
    down: Option<Down>,
}

#[derive(Debug)]
struct Down {
    tried: Instant,
    rest: Duration,
    error: DirectoryError,
}

impl Health {
    /// A server counts as up until it is tried.
    pub(super) fn new() -> Self {
        Self(Mutex::new(State {
            since: Instant::now(),
            failures: 0,
            down: None,
        }))
    }

    pub(super) fn is_up(&self) -> bool {
        self.state().down.is_none()
    }

    /// The last failure of a server that is down.
    pub(super) fn error(&self) -> Option<DirectoryError> {
        let state = self.state();
        state.down.as_ref().map(|down| down.error.clone())
    }

    /// How long a server that is down must still rest, where no rest is longer than `longest`;
    /// nothing for one that is up.
    pub(super) fn until_next_try(&self, longest: Duration) -> Duration {
        let state = self.state();
        state.down.as_ref().map_or(Duration::ZERO, |down| {
            down.rest.min(longest).saturating_sub(down.tried.elapsed())
        })
    }

    /// Takes note that the server, called so in the log, did not serve.
    pub(super) fn failed(&self, server: &str, error: &DirectoryError) {
        let mut state = self.state();
        if state.down.is_none() {
            tracing::warn!(server, %error, "directory server is down");
            if state.since.elapsed() > STEADY {
                state.failures = 0;
            }
            state.since = Instant::now();
        }
        let rest = FIRST_REST * 2_u32.pow(state.failures.min(8));
        state.failures = state.failures.saturating_add(1);
        state.down = Some(Down {
            tried: Instant::now(),
            rest: jittered(rest.min(LONGEST_REST)),
            error: error.clone(),
        });
    }

    /// Takes note that the server, called so in the log, served.
    pub(super) fn answered(&self, server: &str) {
        let mut state = self.state();
        if state.down.take().is_some() {
            let down_for = state.since.elapsed();
            tracing::info!(server, ?down_for, "directory server is up again");
            state.since = Instant::now();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Between three quarters of a duration and the whole of it.
pub(super) fn jittered(duration: Duration) -> Duration {
    let mut octet = [0];
    // Without randomness there is no jitter, and nothing else is lost.
    let _ = rand::fill(&mut octet);
    duration.saturating_sub(duration / 4 * u32::from(octet[0]) / 255)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rest(health: &Health) -> Duration {
        health.state().down.as_ref().unwrap().rest
    }

    fn fail(health: &Health, times: usize) {
        for _ in 0..times {
            health.failed("dc1", &DirectoryError::Busy);
        }
    }

    #[test]
    fn rests_grow_up_to_a_bound() {
        let health = Health::new();
        assert!(health.until_next_try(LONGEST_REST).is_zero());
        let mut rests = vec![];
        for _ in 0..40 {
            fail(&health, 1);
            rests.push(rest(&health));
        }
        assert!(rests[0] <= FIRST_REST && rests[0] >= FIRST_REST * 3 / 4);
        for pair in rests[..7].windows(2) {
            assert!(pair[1] > pair[0], "{rests:?}");
        }
        assert!(rests.iter().all(|rest| *rest <= LONGEST_REST));
        assert!(rests[39] >= LONGEST_REST * 3 / 4);
        assert!(health.until_next_try(LONGEST_REST) > LONGEST_REST_OF_ALL);
        assert!(health.until_next_try(LONGEST_REST_OF_ALL) <= LONGEST_REST_OF_ALL);
    }

    #[test]
    fn only_a_server_that_stayed_up_is_forgiven() {
        let health = Health::new();
        fail(&health, 5);
        health.answered("dc1");
        assert!(health.is_up());
        fail(&health, 1);
        assert!(rest(&health) > FIRST_REST * 16, "it flaps");
        health.answered("dc1");
        health.state().since -= STEADY * 2;
        fail(&health, 1);
        assert!(rest(&health) <= FIRST_REST, "it was steady");
    }
}
