//! Which servers of a directory are up, so that people's operations go to those only.
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

use super::{DirectoryError, ServerUrl, Step};

/// The rest after the first failure.
const FIRST_REST: Duration = Duration::from_millis(50);
/// The longest rest while another server is up.
const LONGEST_REST: Duration = Duration::from_secs(8);
/// The longest rest while none is: nobody can sign in, so a look each second is worth its cost.
const LONGEST_REST_OF_ALL: Duration = Duration::from_secs(1);
/// How long a server must have been up for its earlier failures to be forgotten.
const STEADY: Duration = Duration::from_secs(30);

/// What is known about each server, in the order of the settings.
#[derive(Debug)]
pub(super) struct Health(Vec<Mutex<State>>);

#[derive(Debug)]
struct State {
    name: String,
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
    /// Every server counts as up until it is tried.
    pub(super) fn new(servers: &[ServerUrl]) -> Self {
        let states = servers.iter().map(|server| {
            Mutex::new(State {
                name: server.to_string(),
                since: Instant::now(),
                failures: 0,
                down: None,
            })
        });
        Self(states.collect())
    }

    /// The first server that is up: where operations should go.
    pub(super) fn best(&self) -> Option<usize> {
        (0..self.0.len()).find(|&server| self.is_up(server))
    }

    pub(super) fn is_up(&self, server: usize) -> bool {
        self.state(server).is_some_and(|state| state.down.is_none())
    }

    /// Whether another server than this one is up, to which an operation could go instead.
    pub(super) fn has_other(&self, server: usize) -> bool {
        (0..self.0.len()).any(|other| other != server && self.is_up(other))
    }

    /// The servers to try, in this order: those that are up, `avoid` the last of them, then those
    /// that have rested. Where there are none, the last failure.
    pub(super) fn candidates(&self, avoid: Option<usize>) -> Result<Vec<usize>, DirectoryError> {
        let all = 0..self.0.len();
        let (up, down): (Vec<_>, Vec<_>) = all.partition(|&server| self.is_up(server));
        let (mut order, avoided): (Vec<_>, Vec<_>) =
            up.into_iter().partition(|&server| Some(server) != avoid);
        order.extend(avoided);
        let rested = down
            .into_iter()
            .filter(|&server| self.until_next_try(server).is_zero());
        order.extend(rested.collect::<Vec<_>>());
        if !order.is_empty() {
            return Ok(order);
        }
        let mut errors = (0..self.0.len()).rev().filter_map(|server| {
            let state = self.state(server)?;
            state.down.as_ref().map(|down| down.error.clone())
        });
        Err(errors.next().unwrap_or(DirectoryError::Unavailable {
            step: Step::Connect,
            server: String::new(),
            cause: "no server is configured".to_owned(),
        }))
    }

    /// How long a server that is down must still rest; nothing for one that is up.
    pub(super) fn until_next_try(&self, server: usize) -> Duration {
        let longest = match self.best() {
            Some(_) => LONGEST_REST,
            None => LONGEST_REST_OF_ALL,
        };
        let state = self.state(server);
        let down = state.as_ref().and_then(|state| state.down.as_ref());
        down.map_or(Duration::ZERO, |down| {
            down.rest.min(longest).saturating_sub(down.tried.elapsed())
        })
    }

    /// Takes note that a server did not serve.
    pub(super) fn failed(&self, server: usize, error: &DirectoryError) {
        let Some(mut state) = self.state(server) else {
            return;
        };
        if state.down.is_none() {
            tracing::warn!(server = state.name, %error, "directory server is down");
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

    /// Takes note that a server served.
    pub(super) fn answered(&self, server: usize) {
        let Some(mut state) = self.state(server) else {
            return;
        };
        if state.down.take().is_some() {
            let down_for = state.since.elapsed();
            tracing::info!(
                server = state.name,
                ?down_for,
                "directory server is up again"
            );
            state.since = Instant::now();
        }
    }

    fn state(&self, server: usize) -> Option<MutexGuard<'_, State>> {
        let state = self.0.get(server)?;
        Some(state.lock().unwrap_or_else(PoisonError::into_inner))
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

    fn health(count: usize) -> Health {
        let server: ServerUrl = "ldaps://dc.contoso.com".parse().unwrap();
        Health::new(&vec![server; count])
    }

    fn rest(health: &Health, server: usize) -> Duration {
        health.state(server).unwrap().down.as_ref().unwrap().rest
    }

    fn backdate(health: &Health, server: usize, by: Duration) {
        let mut state = health.state(server).unwrap();
        state.since -= by;
        if let Some(down) = &mut state.down {
            down.tried -= by;
        }
    }

    #[test]
    fn the_first_that_is_up_is_best_and_what_has_rested_comes_last() {
        let health = health(3);
        assert_eq!(health.best(), Some(0));
        assert_eq!(health.candidates(None).unwrap(), [0, 1, 2]);
        assert_eq!(health.candidates(Some(0)).unwrap(), [1, 2, 0]);
        health.failed(0, &DirectoryError::Busy);
        assert_eq!(health.best(), Some(1));
        assert_eq!(health.candidates(Some(1)).unwrap(), [2, 1]);
        backdate(&health, 0, Duration::from_secs(1));
        assert_eq!(health.candidates(None).unwrap(), [1, 2, 0]);
        assert!(health.has_other(1));
        health.failed(1, &DirectoryError::Busy);
        health.failed(2, &DirectoryError::Busy);
        assert_eq!(health.candidates(None).unwrap(), [0]);
        assert!(!health.has_other(0));
        health.failed(0, &DirectoryError::Busy);
        assert_eq!(health.candidates(None), Err(DirectoryError::Busy));
        health.answered(2);
        assert_eq!(health.best(), Some(2));
    }

    #[test]
    fn rests_grow_up_to_a_bound_and_are_shorter_while_none_is_up() {
        let health = health(2);
        let mut rests = vec![];
        for _ in 0..40 {
            health.failed(0, &DirectoryError::Busy);
            rests.push(rest(&health, 0));
        }
        assert!(rests[0] <= FIRST_REST && rests[0] >= FIRST_REST * 3 / 4);
        for pair in rests[..7].windows(2) {
            assert!(pair[1] > pair[0], "{rests:?}");
        }
        assert!(rests.iter().all(|rest| *rest <= LONGEST_REST));
        assert!(rests[39] >= LONGEST_REST * 3 / 4);
        assert!(health.until_next_try(0) > LONGEST_REST_OF_ALL);
        health.failed(1, &DirectoryError::Busy);
        assert!(health.until_next_try(0) <= LONGEST_REST_OF_ALL);
    }

    #[test]
    fn only_a_server_that_stayed_up_is_forgiven() {
        let health = health(2);
        for _ in 0..5 {
            health.failed(0, &DirectoryError::Busy);
        }
        health.answered(0);
        health.failed(0, &DirectoryError::Busy);
        assert!(rest(&health, 0) > FIRST_REST * 16, "it flaps");
        health.answered(0);
        backdate(&health, 0, STEADY * 2);
        health.failed(0, &DirectoryError::Busy);
        assert!(rest(&health, 0) <= FIRST_REST, "it was steady");
    }
}
