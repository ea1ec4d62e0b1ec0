//! Whether a table of routes says what it seems to: each route can be taken, and no two are told apart by
//! their order alone.
//!
//! Both are found out by trying. A route is for a product of sets (names, networks, groups), and for each
//! set a few of its members stand for all: what they do not reach, nothing reaches. So the table is asked
//! about people who are made up, by the same code that is asked about real ones.

use std::{
    collections::BTreeSet,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use crate::directory::Dn;

use super::{
    super::{DomainName, EmailAddress, SignInName},
    Arriving, Route, Routes, When,
};

/// Why routes make no table. They are counted from 0.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TableError {
    /// Whomever a route is for, routes before it take; or nobody can be whom it is for.
    #[error("route {route} can never be taken")]
    NeverTaken {
        /// The route.
        route: usize,
        /// Those that stand in its way.
        instead: Vec<usize>,
    },
    /// Two routes are for the same people, lead to different ends, and neither is an exception from the
    /// other.
    #[error("{example} fits the routes {first} and {second}")]
    Undecided {
        /// The one that stands first.
        first: usize,
        /// The other one.
        second: usize,
        /// Who would be sent two ways.
        example: String,
    },
    /// A route asks for a group and ends in a password, which has been asked for already when groups are
    /// looked at.
    #[error("route {route} asks for a group and leads to a password")]
    PasswordTwice {
        /// The route.
        route: usize,
    },
}

/// Somebody made up, as far as names go.
struct Guest {
    name: Option<SignInName>,
    hint: Option<DomainName>,
    /// In words.
    says: String,
}

/// Those who stand for all whom a route is for.
struct Probe<'a> {
    route: &'a Route,
    guests: Vec<Guest>,
    sources: Vec<IpAddr>,
}

/// One of them.
struct Person<'a> {
    guest: &'a Guest,
    source: IpAddr,
    member_of: &'a [Dn],
}

/// Looks the whole table over.
pub(super) fn check(routes: &Routes) -> Result<(), TableError> {
    let networks = routes.iter().flat_map(|route| &route.when.networks);
    let networks: Vec<IpNet> = networks.copied().collect();
    let probes: Vec<Probe<'_>> = routes
        .iter()
        .map(|route| Probe {
            route,
            guests: guests(&route.when, routes),
            sources: sources(&route.when, &networks),
        })
        .collect();
    for (at, probe) in probes.iter().enumerate() {
        let groups = &probe.route.when.groups;
        if !groups.is_empty() && probe.route.to.directories().is_some() {
            return Err(TableError::PasswordTwice { route: at });
        }
        reachable(at, &probes, routes)?;
    }
    for (second, later) in probes.iter().enumerate() {
        for (first, earlier) in probes.iter().enumerate().take(second) {
            if earlier.route.to == later.route.to || is_exception(earlier, &later.route.when) {
                continue;
            }
            if let Some(example) = undecided(first, earlier, later, routes) {
                return Err(TableError::Undecided {
                    first,
                    second,
                    example,
                });
            }
        }
    }
    Ok(())
}

/// Somebody takes the route at this place. A member of a group is known to be one only where she proves
/// who she is, so that somebody must come by another route first.
fn reachable(at: usize, probes: &[Probe<'_>], routes: &Routes) -> Result<(), TableError> {
    let mut instead = BTreeSet::new();
    let Some(probe) = probes.get(at) else {
        return Ok(());
    };
    let asks_for_group = !probe.route.when.groups.is_empty();
    for (by, arrival) in probes.iter().enumerate() {
        let comes_by = if asks_for_group {
            arrival.route.when.groups.is_empty()
        } else {
            by == at
        };
        if !comes_by {
            continue;
        }
        for person in people(&[probe, arrival]) {
            let taken = routes.iter().position(|route| person.fits(&route.when));
            let arrived = routes.iter().position(|route| person.arrives_by(route));
            if taken != Some(at) {
                instead.extend(taken);
            } else if asks_for_group && !(arrival.route.to.is_by_proof() && arrived == Some(by)) {
                instead.extend(arrived);
            } else {
                return Ok(());
            }
        }
    }
    let instead = instead.into_iter().collect();
    Err(TableError::NeverTaken { route: at, instead })
}

/// Somebody whom both routes are for, and none before them. Whom the earlier one names by her address,
/// and the later one does not, is an exception.
fn undecided(
    first: usize,
    earlier: &Probe<'_>,
    later: &Probe<'_>,
    routes: &Routes,
) -> Option<String> {
    let person = people(&[earlier, later]).find(|person| {
        let singles_out = |when: &When| {
            person
                .address()
                .is_some_and(|it| when.addresses.contains(it))
        };
        person.fits(&earlier.route.when)
            && person.fits(&later.route.when)
            && (singles_out(&later.route.when) || !singles_out(&earlier.route.when))
            && !routes
                .iter()
                .take(first)
                .any(|route| person.fits(&route.when))
    })?;
    let is_local = |probe: &Probe<'_>| !probe.route.when.networks.is_empty();
    Some(if is_local(earlier) || is_local(later) {
        format!("{} from {}", person.guest.says, person.source)
    } else {
        person.guest.says.clone()
    })
}

/// Whether whom the earlier route is for is a part of whom the later one is for. A group is a part of
/// everybody else: such a route before one without says what is to be different for its members.
fn is_exception(earlier: &Probe<'_>, later: &When) -> bool {
    let when = &earlier.route.when;
    if !when.groups.is_empty() && later.groups.is_empty() {
        return true;
    }
    let is_covered = |address: &EmailAddress| {
        later.domains.contains(address.domain()) || later.addresses.contains(address)
    };
    let names = later.is_for_any_name()
        || (!when.is_for_any_name()
            && when.domains.is_subset(&later.domains)
            && when.addresses.iter().all(is_covered)
            && when.home_realm_hints.is_subset(&later.home_realm_hints));
    let sources = earlier
        .sources
        .iter()
        .all(|source| later.has_source(*source));
    let groups = later.groups.is_empty()
        || (!when.groups.is_empty() && when.groups.iter().all(|one| later.groups.contains(one)));
    names && sources && groups
}

/// All combinations of those who stand for the routes: of what fits each of them, by name, by network,
/// by group.
fn people<'a>(probes: &[&'a Probe<'a>]) -> impl Iterator<Item = Person<'a>> + use<'a> {
    let whens = || probes.iter().map(|probe| &probe.route.when);
    let all = |fits: &dyn Fn(&When) -> bool| whens().all(fits);
    let guests = probes.iter().flat_map(|probe| &probe.guests);
    let guests: Vec<&Guest> = guests
        .filter(|guest| all(&|when| when.names(guest.name.as_ref(), guest.hint.as_ref())))
        .collect();
    let sources = probes.iter().flat_map(|probe| &probe.sources).copied();
    let sources: Vec<IpAddr> = sources
        .filter(|source| all(&|when| when.has_source(*source)))
        .collect();
    let groups = whens().flat_map(|when| when.groups.chunks(1));
    // Whoever is in no group is in the way of the fewest routes.
    let mut groups: Vec<&[Dn]> = groups.collect();
    if groups.is_empty() {
        groups.push(&[]);
    }
    guests.into_iter().flat_map(move |guest| {
        let groups = groups.clone();
        let sources = sources.clone().into_iter();
        sources.flat_map(move |source| {
            let groups = groups.clone().into_iter();
            groups.map(move |member_of| Person {
                guest,
                source,
                member_of,
            })
        })
    })
}

impl Person<'_> {
    fn arriving(&self) -> Arriving<'_> {
        Arriving {
            name: self.guest.name.as_ref(),
            home_realm_hint: self.guest.hint.as_ref(),
            source: self.source,
        }
    }

    fn address(&self) -> Option<&EmailAddress> {
        self.guest.name.as_ref()?.as_address()
    }

    fn fits(&self, when: &When) -> bool {
        when.fit(self.arriving(), Some(self.member_of)).is_ok()
    }

    fn arrives_by(&self, route: &Route) -> bool {
        route.when.fit(self.arriving(), None).is_ok()
    }
}

/// By name: for a domain, somebody in it whom no route names; where any name will do, one who has none,
/// since whoever takes her takes everybody.
fn guests(when: &When, routes: &Routes) -> Vec<Guest> {
    if when.is_for_any_name() {
        return vec![Guest {
            name: None,
            hint: None,
            says: "any name".to_owned(),
        }];
    }
    let is_named = |address: &EmailAddress| {
        let mut routes = routes.iter();
        routes.any(|route| route.when.addresses.contains(address))
    };
    let stranger = |domain: &DomainName| {
        let numbered = (0_u32..).map(|number| EmailAddress::parse(&format!("{number}@{domain}")));
        // A domain may be so long that nobody has an address in it.
        let mut possible = numbered.map_while(Result::ok);
        possible.find(|address| !is_named(address))
    };
    let in_domains = when.domains.iter().filter_map(|domain| {
        Some(Guest {
            name: Some(stranger(domain)?.into()),
            hint: None,
            says: format!("a name in {domain}"),
        })
    });
    let named = when.addresses.iter().map(|address| Guest {
        name: Some(address.clone().into()),
        hint: None,
        says: address.to_string(),
    });
    let hinted = when.home_realm_hints.iter().map(|hint| Guest {
        name: None,
        hint: Some(hint.clone()),
        says: format!("the hint {hint}"),
    });
    in_domains.chain(named).chain(hinted).collect()
}

/// By network: its first address, and the first behind each network of the table that lies in it. What
/// those networks together leave of it begins at one of these.
fn sources(when: &When, networks: &[IpNet]) -> Vec<IpAddr> {
    let everywhere = [Ipv4Net::default().into(), Ipv6Net::default().into()];
    let own = if when.networks.is_empty() {
        &everywhere[..]
    } else {
        &when.networks
    };
    let mut sources: Vec<IpAddr> = Vec::new();
    for network in own {
        let behind = networks.iter().filter_map(|other| next(other.broadcast()));
        let behind = behind.filter(|address| network.contains(address));
        sources.extend(std::iter::once(network.network()).chain(behind));
    }
    sources
}

/// The address behind this one.
fn next(address: IpAddr) -> Option<IpAddr> {
    match address {
        IpAddr::V4(address) => u32::from(address)
            .checked_add(1)
            .map(|next| Ipv4Addr::from(next).into()),
        IpAddr::V6(address) => u128::from(address)
            .checked_add(1)
            .map(|next| Ipv6Addr::from(next).into()),
    }
}
