//! What is given out as a name that nobody can guess, and comes back under it: codes, refresh tokens,
//! sign-ins under way.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use time::{Duration, OffsetDateTime};

use crate::entra::random;

/// Things held under names, bounded in number and in time.
pub(super) struct Tickets<T> {
    life: Duration,
    held: Mutex<VecDeque<Held<T>>>,
}

struct Held<T> {
    name: String,
    until: OffsetDateTime,
    thing: T,
}

/// Why nothing is there under a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Absent {
    /// It never was, or it is long forgotten.
    Unknown,
    /// Its time is over.
    Expired,
}

impl<T> Tickets<T> {
    const CAPACITY: usize = 1_000;

    /// Each thing is there for `life`.
    pub(super) fn new(life: Duration) -> Self {
        Self {
            life,
            held: Mutex::default(),
        }
    }

    /// Holds a thing under a new name. The oldest makes room where there is none.
    pub(super) fn hold(&self, thing: T, now: OffsetDateTime) -> String {
        let name = URL_SAFE_NO_PAD.encode(random::octets::<32>());
        self.hold_as(name.clone(), thing, now);
        name
    }

    /// The same under a name that it has already.
    pub(super) fn hold_as(&self, name: String, thing: T, now: OffsetDateTime) {
        let mut held = self.lock();
        if held.len() == Self::CAPACITY {
            held.pop_front();
        }
        held.push_back(Held {
            name,
            until: now + self.life,
            thing,
        });
    }

    /// Looks at what is held under a name, and may change it; nobody comes between.
    pub(super) fn with<R>(
        &self,
        name: &str,
        now: OffsetDateTime,
        look: impl FnOnce(&mut T) -> R,
    ) -> Result<R, Absent> {
        let mut held = self.lock();
        let found = held.iter_mut().find(|it| it.name == name);
        let found = found.ok_or(Absent::Unknown)?;
        if found.until <= now {
            return Err(Absent::Expired);
        }
        Ok(look(&mut found.thing))
    }

    /// Takes it away: nobody finds it there again.
    pub(super) fn take(&self, name: &str, now: OffsetDateTime) -> Result<T, Absent> {
        let mut held = self.lock();
        let place = held.iter().position(|it| it.name == name);
        let taken = place.and_then(|place| held.remove(place));
        let taken = taken.ok_or(Absent::Unknown)?;
        if taken.until <= now {
            return Err(Absent::Expired);
        }
        Ok(taken.thing)
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Held<T>>> {
        // Nobody can have left it half-changed: each change is one push, pop or assignment.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Without the names.
impl<T> std::fmt::Debug for Tickets<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tickets").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thing_is_there_for_its_time_and_taken_once() {
        let now = OffsetDateTime::UNIX_EPOCH;
        let tickets = Tickets::new(Duration::minutes(1));
        let (one, two) = (tickets.hold(1, now), tickets.hold(2, now));
        assert_ne!(one, two);
        let last = now + Duration::minutes(1) - Duration::NANOSECOND;
        assert_eq!(tickets.with(&one, last, |it| *it), Ok(1));
        assert_eq!(
            tickets.with(&one, now + Duration::minutes(1), |it| *it),
            Err(Absent::Expired)
        );
        assert_eq!(tickets.take(&two, now), Ok(2));
        assert_eq!(tickets.take(&two, now), Err(Absent::Unknown));
        assert_eq!(tickets.take("", now), Err(Absent::Unknown));
        for number in 0..Tickets::<i32>::CAPACITY + 5 {
            tickets.hold(i32::try_from(number).unwrap(), now);
        }
        assert_eq!(tickets.lock().len(), Tickets::<i32>::CAPACITY);
        assert_eq!(tickets.take(&one, now), Err(Absent::Unknown));
    }
}
