//! The cookies in which sign-ins wait that are under way to an upstream identity provider.
//!
//! What waits is sealed, and its browser keeps it: nothing is kept on the server for people who have not
//! signed in. One cookie holds about four thousand octets, so what is larger is cut into several. A
//! browser keeps few trips, since it sends all of them with each request, and proxies refuse long
//! headers: beyond that, the oldest are dropped, and whoever comes back from one of them starts again.

use crate::http::{Cookie, Request, Response, SameSite};

use super::{refusal::Refused, seal};

/// The cookies of the trips at once, of as many parts each.
const NAMES: [[&str; 4]; 4] = [
    [
        "homerealm-trip-1",
        "homerealm-trip-1b",
        "homerealm-trip-1c",
        "homerealm-trip-1d",
    ],
    [
        "homerealm-trip-2",
        "homerealm-trip-2b",
        "homerealm-trip-2c",
        "homerealm-trip-2d",
    ],
    [
        "homerealm-trip-3",
        "homerealm-trip-3b",
        "homerealm-trip-3c",
        "homerealm-trip-3d",
    ],
    [
        "homerealm-trip-4",
        "homerealm-trip-4b",
        "homerealm-trip-4c",
        "homerealm-trip-4d",
    ],
];

/// Octets of a part. Browsers take 4096 for name and value together (RFC 6265bis 5.7).
const PART: usize = 3800;

/// Octets of all trips beside the newest one. Many proxies take 8 KiB for all cookies together.
const OTHERS: usize = 4 * 1024;

/// The trips that a browser has brought.
pub(super) struct TripCookies([Slot; NAMES.len()]);

/// A place for one trip.
struct Slot {
    names: &'static [&'static str],
    /// How many parts the browser has, whatever they hold.
    parts: usize,
    waiting: Option<Waiting>,
}

struct Waiting {
    handle: String,
    /// In seconds since 1970.
    begun: i64,
    sealed: String,
}

impl TripCookies {
    pub(super) fn of(request: &Request) -> Self {
        let mut names = NAMES.iter();
        Self(std::array::from_fn(|_| {
            Slot::read(names.next().map_or(&[], |names| names), request)
        }))
    }

    /// What is sealed under this handle.
    pub(super) fn find(&self, handle: &str) -> Option<&str> {
        let mut waiting = self.0.iter().filter_map(|slot| slot.waiting.as_ref());
        let found = waiting.find(|waiting| waiting.handle == handle)?;
        Some(&found.sealed)
    }

    /// Adds a trip: in a place that is free, or else in that of the oldest one.
    pub(super) fn begin(
        &self,
        handle: &str,
        now: i64,
        sealed: &str,
        answer: &mut Response,
    ) -> Result<(), Refused> {
        let mut slots: Vec<&Slot> = self.0.iter().collect();
        slots.sort_by_key(|slot| slot.waiting.as_ref().map(|waiting| waiting.begun));
        let Some((own, others)) = slots.split_first() else {
            return Err(Refused::Internal("there is no place for a trip".into()));
        };
        own.write(&format!("{handle}.{now}.{sealed}"), answer)?;
        let mut octets = 0;
        let newest_first = others.iter().rev();
        for other in newest_first {
            octets += other.waiting.as_ref().map_or(0, |other| other.sealed.len());
            if octets > OTHERS {
                other.forget(0, answer)?;
            }
        }
        Ok(())
    }

    /// Forgets a trip that has come to its end.
    pub(super) fn end(&self, handle: &str, answer: &mut Response) -> Result<(), Refused> {
        for slot in &self.0 {
            if slot.waiting.as_ref().is_some_and(|it| it.handle == handle) {
                slot.forget(0, answer)?;
            }
        }
        Ok(())
    }
}

impl Slot {
    /// The first part says how many there are: a browser may have kept others of a trip before.
    fn read(names: &'static [&'static str], request: &Request) -> Self {
        let brought = |name: &&str| request.cookie(&Cookie::full_name(name));
        let last = names.iter().rposition(|name| brought(name).is_some());
        Self {
            names,
            parts: last.map_or(0, |last| last + 1),
            waiting: Waiting::read(names.iter().map_while(brought)),
        }
    }

    fn write(&self, text: &str, answer: &mut Response) -> Result<(), Refused> {
        let parts = text.as_bytes().chunks(PART);
        let count = parts.len();
        if count > self.names.len() {
            return Err(Refused::Internal("the request is too large to wait".into()));
        }
        for (at, (name, part)) in self.names.iter().zip(parts).enumerate() {
            let part = str::from_utf8(part).unwrap_or_default();
            let value = if at == 0 {
                format!("{count}.{part}")
            } else {
                part.to_owned()
            };
            Cookie::new(name, value, SameSite::None)?
                .max_age(seal::LIFETIME)
                .set_on(answer)?;
        }
        self.forget(count, answer)
    }

    /// Forgets the parts from this one on.
    fn forget(&self, from: usize, answer: &mut Response) -> Result<(), Refused> {
        for name in self.names.iter().take(self.parts).skip(from) {
            Cookie::removal(name, SameSite::None)?.set_on(answer)?;
        }
        Ok(())
    }
}

impl Waiting {
    fn read<'a>(mut parts: impl Iterator<Item = &'a str>) -> Option<Self> {
        let mut head = parts.next()?.splitn(4, '.');
        let count: usize = head.next()?.parse().ok()?;
        let (handle, begun) = (head.next()?.to_owned(), head.next()?.parse().ok()?);
        let mut sealed = head.next()?.to_owned();
        for _ in 1..count {
            sealed.push_str(parts.next()?);
        }
        Some(Self {
            handle,
            begun,
            sealed,
        })
    }
}
