//! Where a person proves who she is: an ordered table, the first route that fits decides.
//!
//! It goes by what was typed and by what the request says, never by whether an account exists: two
//! names of one domain are sent the same way, whoever has them. Routes that ask for a group are the
//! exception, and so they are looked at only once somebody has proven who she is.
//!
//! A [`Routes`] is a table that was checked: each route can be taken, and no two of them are told apart
//! by their order alone ([`TableError`]). What order still says is that a narrower route, which
//! stands before a wider one, is an exception from it.

mod explain;
mod home_realm;
mod table;
mod tenanted_link;
#[cfg(test)]
mod tests;
mod when;

pub use explain::{Tried, Unfit};
pub use home_realm::{Directories, EntraDoor, HomeRealm};
pub use table::TableError;
pub use tenanted_link::{TenantedLink, TenantedLinkError};
pub use when::When;

use std::net::IpAddr;

use crate::directory::Dn;

use super::{DomainName, MappedAccount, SignInName};

/// The routes, in order. The default has one: every name belongs to the directories.
#[derive(Clone, Debug)]
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

/// What is known of somebody who has not proven anything yet.
#[derive(Clone, Copy, Debug)]
pub struct Arriving<'a> {
    /// The name that was typed, or hinted at.
    pub name: Option<&'a SignInName>,
    /// What the request names as the home realm (`whr`, `domain_hint`). It counts where there is no
    /// name, which says more.
    pub home_realm_hint: Option<&'a DomainName>,
    /// Where it comes from.
    pub source: IpAddr,
}

impl Routes {
    /// The routes in this order.
    ///
    /// # Errors
    /// [`TableError`], when one of them can never be taken, or order alone decides between two.
    pub fn new(routes: Vec<Route>) -> Result<Self, TableError> {
        let routes = Self(routes);
        table::check(&routes)?;
        Ok(routes)
    }

    /// The route of somebody who has not proven anything yet; those that ask for a group are passed
    /// over. `None` where none fits: such a name has no home here.
    pub fn of(&self, arriving: Arriving<'_>) -> Option<&Route> {
        let mut routes = self.0.iter();
        routes.find(|route| route.when.fit(arriving, None).is_ok())
    }

    /// The route that leads one of an account's other addresses away from the directories, where it was
    /// found by a name that says nothing of that: whoever belongs to an upstream belongs there by whichever
    /// name she comes. To be asked once she has proven who she is, as for groups.
    pub fn of_other_addresses(&self, account: &MappedAccount, source: IpAddr) -> Option<&Route> {
        let mut addresses = account.other_addresses().iter();
        addresses.find_map(|address| {
            let arriving = Arriving {
                name: Some(address),
                home_realm_hint: None,
                source,
            };
            self.of(arriving)
                .filter(|route| route.to.directories().is_none())
        })
    }

    /// The route of somebody who has proven who she is, and is in these of [`Self::groups`]. Where it
    /// is another one than before, that one counts: an exception for a group stands before the rule.
    pub fn of_member(&self, arriving: Arriving<'_>, member_of: &[Dn]) -> Option<&Route> {
        let mut routes = self.0.iter();
        routes.find(|route| route.when.fit(arriving, Some(member_of)).is_ok())
    }

    /// The groups that routes ask for. Whoever has signed in is in some of them, or in none.
    pub fn groups(&self) -> Vec<Dn> {
        let mut groups: Vec<Dn> = Vec::new();
        for group in self.0.iter().flat_map(|route| &route.when.groups) {
            if !groups.contains(group) {
                groups.push(group.clone());
            }
        }
        groups
    }

    /// The routes, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Route> {
        self.0.iter()
    }

    /// Whether some lead elsewhere than to a password, so that the name has to be known before one is
    /// asked for.
    pub fn lead_elsewhere(&self) -> bool {
        let mut before_proof = self.0.iter().filter(|route| route.when.groups.is_empty());
        before_proof.any(|route| route.to.directories().is_none())
    }
}

impl Default for Routes {
    fn default() -> Self {
        Self(vec![Route {
            name: "every name".to_owned(),
            when: When::default(),
            to: HomeRealm::Directories,
        }])
    }
}
