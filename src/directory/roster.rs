//! The servers there are, in the order of preference, and which of them to go to.
//!
//! The list may change while operations are under way: a connection holds the server that it
//! leads to, and one to a server that has left the list is not used again.

use std::{
    fmt,
    net::SocketAddr,
    sync::{
        Arc, Mutex, OnceLock, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use super::{
    DirectoryError, DiscoveredServer, ServerUrl, Servers, Step,
    health::{Health, LONGEST_REST, LONGEST_REST_OF_ALL},
    principal::GuidNames,
};

/// One server, and what is known about it.
pub(super) struct Server {
    url: ServerUrl,
    name: String,
    /// Where it was found; `None` where the system is to resolve its name.
    addresses: Mutex<Option<Arc<[SocketAddr]>>>,
    health: Health,
    /// Set once it is known; `None` where accounts are bound by their DNs.
    guid_names: OnceLock<Option<GuidNames>>,
    is_being_asked: AtomicBool,
}

impl Server {
    fn new(url: ServerUrl) -> Self {
        Self {
            name: url.to_string(),
            url,
            addresses: Mutex::default(),
            guid_names: OnceLock::new(),
            is_being_asked: AtomicBool::new(false),
            health: Health::new(),
        }
    }

    /// Its addresses, where it was discovered.
    pub(super) fn addresses(&self) -> Option<Arc<[SocketAddr]>> {
        let addresses = self.addresses.lock();
        addresses.unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn is_found_at(&self, addresses: &[SocketAddr]) {
        let mut known = self
            .addresses
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *known = Some(addresses.into());
    }

    /// Its address; the host is the name that its certificate must carry.
    pub(super) fn url(&self) -> &ServerUrl {
        &self.url
    }

    /// Its address as a text.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn is_up(&self) -> bool {
        self.health.is_up()
    }

    /// How it takes an `objectGUID` for a name, where it is known to.
    pub(super) fn guid_names(&self) -> Option<&GuidNames> {
        self.guid_names.get()?.as_ref()
    }

    /// Whether that is still to be found out, by whoever asks this: nobody else is told so until
    /// the answer is in.
    pub(super) fn is_to_be_asked(&self) -> bool {
        self.guid_names.get().is_none() && !self.is_being_asked.swap(true, Ordering::Relaxed)
    }

    /// Takes note of the answer; without one, it is to be asked again.
    pub(super) fn was_asked(&self, answer: Result<Option<GuidNames>, DirectoryError>) {
        if let Ok(names) = answer {
            // There is one answer only: nobody else was asking.
            let _ = self.guid_names.set(names);
        }
        self.is_being_asked.store(false, Ordering::Relaxed);
    }

    /// Takes note that it did not serve.
    pub(super) fn failed(&self, error: &DirectoryError) {
        self.health.failed(&self.name, error);
    }

    /// Takes note that it served.
    pub(super) fn answered(&self) {
        self.health.answered(&self.name);
    }

    /// Whether this is that very server.
    pub(super) fn is(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.name)
    }
}

/// All servers, by preference.
#[derive(Debug)]
pub(super) struct Roster {
    servers: RwLock<Arc<[Arc<Server>]>>,
    /// Why there is no server, while there is none.
    cause: Mutex<String>,
}

impl Roster {
    /// The servers that are listed; none yet where they are to be discovered.
    pub(super) fn new(servers: &Servers) -> Self {
        let listed = servers.listed().iter().cloned();
        Self {
            servers: RwLock::new(listed.map(Server::new).map(Arc::new).collect()),
            cause: Mutex::new("the servers have not been looked up yet".to_owned()),
        }
    }

    /// The servers as they are now.
    pub(super) fn all(&self) -> Arc<[Arc<Server>]> {
        self.servers
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Takes over the servers that were discovered; what is known of those that stay is kept.
    /// Returns whether anything but addresses has changed.
    pub(super) fn take_over(&self, found: &[DiscoveredServer]) -> bool {
        let before = self.all();
        let now: Arc<[Arc<Server>]> = found
            .iter()
            .map(|found| {
                let known = before.iter().find(|server| server.url == found.url);
                let server =
                    known.map_or_else(|| Arc::new(Server::new(found.url.clone())), Arc::clone);
                server.is_found_at(&found.addresses);
                server
            })
            .collect();
        let is_new = before.len() != now.len()
            || before
                .iter()
                .zip(now.iter())
                .any(|(one, other)| !one.is(other));
        *self.servers.write().unwrap_or_else(PoisonError::into_inner) = now;
        is_new
    }

    /// Takes note why no servers were discovered; those there are stay.
    pub(super) fn not_found(&self, cause: String) {
        *self.cause.lock().unwrap_or_else(PoisonError::into_inner) = cause;
    }

    /// The servers that were discovered, as they were found.
    pub(super) fn discovered(&self) -> Vec<DiscoveredServer> {
        let found = |server: &Arc<Server>| {
            Some(DiscoveredServer {
                url: server.url.clone(),
                addresses: server.addresses()?.to_vec(),
            })
        };
        self.all().iter().filter_map(found).collect()
    }

    /// The first server that is up: where operations should go.
    pub(super) fn best(&self) -> Option<Arc<Server>> {
        self.all().iter().find(|server| server.is_up()).cloned()
    }

    /// Whether an open connection to this server should be used now: to the best one, or, while
    /// none is up, to any in the list.
    pub(super) fn wants(&self, server: &Server) -> bool {
        match self.best() {
            Some(best) => best.is(server),
            None => self.all().iter().any(|listed| listed.is(server)),
        }
    }

    /// Whether another server than this one is up, to which an operation could go instead.
    pub(super) fn has_other(&self, server: &Server) -> bool {
        self.all()
            .iter()
            .any(|other| !other.is(server) && other.is_up())
    }

    /// The servers to try, in this order: those that are up, `avoid` the last of them, then those
    /// that have rested. Where there are none, the last failure.
    pub(super) fn candidates(
        &self,
        avoid: Option<&Server>,
    ) -> Result<Vec<Arc<Server>>, DirectoryError> {
        let all = self.all();
        let (up, down): (Vec<_>, Vec<_>) = all.iter().cloned().partition(|server| server.is_up());
        let is_avoided = |server: &Arc<Server>| avoid.is_some_and(|avoid| avoid.is(server));
        let (avoided, mut order): (Vec<_>, Vec<_>) = up.into_iter().partition(is_avoided);
        order.extend(avoided);
        let longest = longest_rest(!order.is_empty());
        let has_rested = |server: &Arc<Server>| server.health.until_next_try(longest).is_zero();
        order.extend(down.into_iter().filter(has_rested));
        if !order.is_empty() {
            return Ok(order);
        }
        let mut errors = all.iter().rev().filter_map(|server| server.health.error());
        Err(errors.next().unwrap_or_else(|| {
            let cause = self.cause.lock().unwrap_or_else(PoisonError::into_inner);
            DirectoryError::Unavailable {
                step: Step::Discovery,
                server: "DNS".to_owned(),
                cause: cause.clone(),
            }
        }))
    }

    /// How long a server that is down must still rest; nothing for one that is up.
    pub(super) fn until_next_try(&self, server: &Server) -> Duration {
        let is_any_up = self.all().iter().any(|server| server.is_up());
        server.health.until_next_try(longest_rest(is_any_up))
    }
}

fn longest_rest(is_any_up: bool) -> Duration {
    if is_any_up {
        LONGEST_REST
    } else {
        LONGEST_REST_OF_ALL
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roster(count: usize) -> (Roster, Vec<Arc<Server>>) {
        let server: ServerUrl = "ldaps://dc.contoso.com".parse().unwrap();
        let roster = Roster::new(&Servers::Listed(vec![server; count]));
        let all = roster.all().to_vec();
        (roster, all)
    }

    #[track_caller]
    fn assert_order(
        candidates: Result<Vec<Arc<Server>>, DirectoryError>,
        expected: &[&Arc<Server>],
    ) {
        let candidates = candidates.unwrap();
        assert_eq!(candidates.len(), expected.len());
        for (at, (found, expected)) in candidates.iter().zip(expected).enumerate() {
            assert!(found.is(expected), "at {at}");
        }
    }

    #[test]
    fn the_first_that_is_up_is_best_and_what_has_rested_comes_last() {
        let (roster, all) = roster(3);
        let [a, b, c] = &all[..] else { unreachable!() };
        assert!(roster.best().unwrap().is(a) && roster.wants(a) && !roster.wants(b));
        assert_order(roster.candidates(None), &[a, b, c]);
        assert_order(roster.candidates(Some(a)), &[b, c, a]);
        a.failed(&DirectoryError::Busy);
        assert!(roster.best().unwrap().is(b));
        assert_order(roster.candidates(Some(b)), &[c, b]);
        std::thread::sleep(Duration::from_millis(60));
        assert_order(roster.candidates(None), &[b, c, a]);
        assert!(roster.has_other(b));
        b.failed(&DirectoryError::Busy);
        c.failed(&DirectoryError::Busy);
        assert_order(roster.candidates(None), &[a]);
        assert!(!roster.has_other(a) && roster.best().is_none() && roster.wants(c));
        a.failed(&DirectoryError::Busy);
        assert_eq!(roster.candidates(None).unwrap_err(), DirectoryError::Busy);
        c.answered();
        assert!(roster.best().unwrap().is(c));
    }

    #[test]
    fn a_server_that_stays_keeps_what_is_known_of_it() {
        let found = |names: &[&str], ip: [u8; 4]| {
            let server = |name: &&str| DiscoveredServer {
                url: format!("ldaps://{name}").parse().unwrap(),
                addresses: vec![(ip, 636).into()],
            };
            names.iter().map(server).collect::<Vec<_>>()
        };
        let roster = Roster::new(&Servers::Listed(Vec::new()));
        let none = roster.candidates(None).unwrap_err();
        assert!(none.to_string().contains("not been looked up"), "{none}");
        assert!(roster.take_over(&found(&["dc1", "dc2"], [10, 0, 0, 1])));
        let before = roster.all();
        before[0].failed(&DirectoryError::Busy);
        assert!(!roster.take_over(&found(&["dc1", "dc2"], [10, 0, 0, 2])));
        assert!(roster.best().unwrap().is(&before[1]));
        assert_eq!(roster.discovered(), found(&["dc1", "dc2"], [10, 0, 0, 2]));

        assert!(roster.take_over(&found(&["dc3", "dc1"], [10, 0, 0, 1])));
        let after = roster.all();
        assert!(after[1].is(&before[0]) && !after[1].is_up());
        assert!(after[0].is_up() && roster.wants(&after[0]));
        // One that has left is not used again, even while no other is up.
        after[0].failed(&DirectoryError::Busy);
        assert!(roster.wants(&after[0]) && !roster.wants(&before[1]));
    }

    #[test]
    fn rests_are_shorter_while_none_is_up() {
        let (roster, all) = roster(2);
        for _ in 0..40 {
            all[0].failed(&DirectoryError::Busy);
        }
        assert!(roster.until_next_try(&all[0]) > LONGEST_REST_OF_ALL);
        all[1].failed(&DirectoryError::Busy);
        assert!(roster.until_next_try(&all[0]) <= LONGEST_REST_OF_ALL);
    }
}
