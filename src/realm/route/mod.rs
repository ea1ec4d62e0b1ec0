//! Where a person proves who she is: an ordered table, the first route that fits decides.
//!
//! It goes by what was typed and by what the request says, never by whether an account exists: two
//! names of one domain are sent the same way, whoever has them. Routes that ask for a group are the
//! exception, and so they are looked at only once somebody has proven who she is.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::directory::Dn;

use super::{DomainName, SignInName};

/// The routes, in order. Without any, every name belongs to the directories.
#[derive(Clone, Debug, Default)]
pub struct Routes(Vec<Route>);

/// One route.
#[derive(Clone, Debug)]
pub struct Route {
    /// Its name in the configuration, for traces and audit.
    pub name: String,
    /// Whom it is for.
    pub when: When,
    /// Where they prove who they are.
    pub to: HomeRealm,
}

/// Whom a route is for: each kind of condition that is there must hold, by any one of its values. A
/// route without any is for everybody.
#[derive(Clone, Debug, Default)]
pub struct When {
    /// The name itself.
    pub names: Vec<SignInName>,
    /// The domain of the name: an email's, or a UPN's suffix. Exactly this one.
    pub domains: Vec<DomainName>,
    /// What the request names as the home realm (`whr`, `domain_hint`).
    pub home_realm_hints: Vec<DomainName>,
    /// Where the request comes from.
    pub networks: Vec<IpNet>,
    /// The account is in one of these groups, nested ones included: known after the proof only.
    pub groups: Vec<Dn>,
}

/// Where a person proves who she is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HomeRealm {
    /// By password, at the directories.
    Directories,
    /// By password, at the directory of this name alone.
    Directory(String),
    /// At the upstream identity provider of this name.
    Upstream(String),
    /// At Entra, which is to be told this domain: she has come to the wrong door.
    Entra {
        /// Where to, with a tenant.
        address: String,
        /// What is said as `domain_hint`.
        domain_hint: Option<DomainName>,
    },
    /// Nowhere: what she is told.
    Refused(String),
}

/// What is known of somebody who has not proven anything yet.
#[derive(Clone, Copy, Debug)]
pub struct Arriving<'a> {
    /// The name that was typed, or hinted at.
    pub name: Option<&'a SignInName>,
    /// What the request names as the home realm.
    pub home_realm_hint: Option<&'a DomainName>,
    /// Where it comes from.
    pub source: IpAddr,
}

impl Routes {
    /// The routes in this order.
    pub fn new(routes: Vec<Route>) -> Self {
        Self(routes)
    }

    /// The route of somebody who has not proven anything yet. `None` where there are routes and none
    /// fits: such a name has no home here.
    pub fn of(&self, arriving: Arriving<'_>) -> Option<&Route> {
        let mut routes = self.0.iter();
        routes.find(|route| route.when.groups.is_empty() && route.when.fits(arriving))
    }

    /// Whether there are none, so that every name belongs to the directories.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl When {
    fn fits(&self, arriving: Arriving<'_>) -> bool {
        let domain = arriving.name.and_then(SignInName::as_address);
        let domain = domain.map(super::EmailAddress::domain);
        any(&self.names, |name| Some(name) == arriving.name)
            && any(&self.domains, |known| Some(known) == domain)
            && any(&self.home_realm_hints, |hint| {
                Some(hint) == arriving.home_realm_hint
            })
            && any(&self.networks, |network| network.contains(&arriving.source))
    }
}

/// Whether one of the values does, or there are none.
fn any<T>(values: &[T], holds: impl FnMut(&T) -> bool) -> bool {
    values.is_empty() || values.iter().any(holds)
}
