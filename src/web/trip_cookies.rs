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
        let brought = |name: &&str| request.host_cookie(name);
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

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use hyper::{HeaderMap, Method, StatusCode, header};

    use super::*;
    use crate::http::response;

    /// A browser, as far as its cookies go.
    #[derive(Default)]
    struct Jar(Vec<(String, String)>);

    impl Jar {
        fn request(&self) -> Request {
            let pairs = self.0.iter().map(|(name, value)| format!("{name}={value}"));
            let mut headers = HeaderMap::new();
            let cookies = pairs.collect::<Vec<_>>().join("; ");
            headers.insert(header::COOKIE, cookies.parse().unwrap());
            Request {
                method: Method::GET,
                target: http::uri::PathAndQuery::from_static("/"),
                headers,
                body: Bytes::new(),
                peer: ([127, 0, 0, 1], 1).into(),
            }
        }

        fn take(&mut self, answer: &Response) {
            for set in answer.headers().get_all(header::SET_COOKIE) {
                let set = set.to_str().unwrap();
                let (name, rest) = set.split_once('=').unwrap();
                let (value, attributes) = rest.split_once(';').unwrap();
                assert!(name.len() + value.len() <= 4096, "{name}");
                self.0.retain(|(known, _)| known != name);
                if !attributes.contains("Max-Age=0") {
                    self.0.push((name.to_owned(), value.to_owned()));
                }
            }
        }

        fn begin(&mut self, handle: &str, now: i64, sealed: &str) -> Result<(), Refused> {
            let mut answer = response::text(StatusCode::OK, "");
            TripCookies::of(&self.request()).begin(handle, now, sealed, &mut answer)?;
            self.take(&answer);
            Ok(())
        }

        fn end(&mut self, handle: &str) {
            let mut answer = response::text(StatusCode::OK, "");
            let trips = TripCookies::of(&self.request());
            trips.end(handle, &mut answer).unwrap();
            self.take(&answer);
        }

        fn has(&self, handle: &str) -> Option<String> {
            let trips = TripCookies::of(&self.request());
            trips.find(handle).map(str::to_owned)
        }

        fn octets(&self) -> usize {
            self.0
                .iter()
                .map(|(name, value)| name.len() + value.len())
                .sum()
        }
    }

    #[test]
    fn what_waits_is_found_by_its_handle_until_it_ends() {
        let mut jar = Jar::default();
        // Short ones, ones that are cut, and ones that end where a cookie does.
        for length in [0, 1, PART - 20, PART, PART + 1, 2 * PART, 4 * PART - 100] {
            let sealed = "s".repeat(length);
            jar.begin("handle", 1_000, &sealed).unwrap();
            assert_eq!(jar.has("handle"), Some(sealed), "{length}");
            assert_eq!(jar.has("handl"), None);
            jar.end("another");
            assert!(jar.has("handle").is_some());
            jar.end("handle");
            assert_eq!(jar.0, [], "{length}");
        }
        assert!(jar.begin("handle", 1, &"s".repeat(4 * PART)).is_err());
        assert_eq!(jar.0, []);
    }

    #[test]
    fn the_oldest_trips_make_way() {
        let mut jar = Jar::default();
        for number in 0..6 {
            let handle = number.to_string();
            jar.begin(&handle, 1_000 + number, "small").unwrap();
        }
        let waiting = |jar: &Jar| {
            (0..9)
                .filter(|it: &i64| jar.has(&it.to_string()).is_some())
                .collect::<Vec<_>>()
        };
        assert_eq!(waiting(&jar), [2, 3, 4, 5]);
        // What is large drops what would be too much beside the next one, the oldest first.
        jar.begin("6", 1_006, &"s".repeat(3 * PART)).unwrap();
        assert_eq!(waiting(&jar), [3, 4, 5, 6]);
        jar.begin("7", 1_007, "small").unwrap();
        assert_eq!(waiting(&jar), [7]);
        for number in 0..9 {
            jar.begin(&number.to_string(), 2_000 + number, &"s".repeat(2_000))
                .unwrap();
            assert!(jar.octets() < 8 * 1024, "{}", jar.octets());
        }
        assert_eq!(waiting(&jar), [6, 7, 8]);
    }

    #[test]
    fn what_is_no_trip_is_none() {
        for value in [
            "",
            "1",
            "1.a.1",
            "x.a.1.s",
            "1.a.x.s",
            "2.a.1.s",
            "99999999999999999999.a.1.s",
        ] {
            let jar = Jar(vec![(
                "__Host-homerealm-trip-1".to_owned(),
                value.to_owned(),
            )]);
            assert_eq!(jar.has("a"), None, "{value}");
        }
        let parts = ["2.a.1.one", "two"].into_iter().zip(["1", "1b"]);
        let name = |part| format!("__Host-homerealm-trip-{part}");
        let jar = Jar(parts
            .map(|(value, part)| (name(part), value.to_owned()))
            .collect());
        assert_eq!(jar.has("a").as_deref(), Some("onetwo"));
    }
}
