//! Where somebody proves who she is: decided by the routes, before anything is proven.

use crate::realm::{
    Arriving, Directories, DomainName, HomeRealm, MappedAccount, Route, SignInName,
};

use super::{SignIn, Source};

/// Where somebody goes who does not prove here, by a password, who she is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Elsewhere {
    /// To the upstream identity provider of this name.
    Upstream(String),
    /// To Entra, at this address: she has come to the wrong door.
    Entra(String),
    /// Nowhere: what she is told.
    Refused(String),
}

/// What the routes say of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Discovered {
    /// The password is asked for here.
    Here,
    /// She goes elsewhere.
    Elsewhere(Elsewhere),
    /// The name belongs nowhere, or is none.
    Nowhere,
}

impl SignIn {
    /// Whether the name has to be known before a password is asked for, since some people do not have
    /// theirs here.
    pub fn asks_name_first(&self) -> bool {
        self.realm.routes().lead_elsewhere()
    }

    /// Where a name belongs, as it was typed. Whether anybody has it is not asked.
    pub fn discover(&self, typed: &str, source: &Source) -> Discovered {
        let Ok(name) = SignInName::parse(typed) else {
            return Discovered::Nowhere;
        };
        Discovered::by(self.route(&name, source), Some(&name))
    }

    /// What is asked first of somebody whom no session signs in: a password, or with
    /// [`Discovered::Nowhere`] her name.
    ///
    /// A hint spares her the question for her name, but it is not her who gave it: one that leads
    /// nowhere is no mistake of hers.
    pub fn first_question(
        &self,
        hint: Option<&str>,
        home_realm_hint: Option<&DomainName>,
        source: &Source,
    ) -> Discovered {
        if !self.asks_name_first() {
            return Discovered::Here;
        }
        let name = hint.and_then(|hint| SignInName::parse(hint).ok());
        let route = match (&name, home_realm_hint) {
            (Some(name), _) => self.route(name, source),
            (None, Some(home)) => self.hinted_route(home, source),
            (None, None) => None,
        };
        Discovered::by(route, name.as_ref())
    }

    /// Where somebody goes instead who has typed a password, if it is not here that it is asked for.
    pub(super) fn instead_of_password(&self, typed: &str, source: &Source) -> Option<Discovered> {
        if !self.asks_name_first() {
            return None;
        }
        let discovered = self.discover(typed, source);
        (discovered != Discovered::Here).then_some(discovered)
    }

    /// The directories that check the password of a name. `None` where it is not to be had here, so
    /// that nobody gets around the upstream that her name belongs to.
    pub(super) fn directories(
        &self,
        name: &SignInName,
        source: &Source,
    ) -> Option<Directories<'_>> {
        self.route(name, source)?.to.directories()
    }

    pub(super) fn route(&self, name: &SignInName, source: &Source) -> Option<&Route> {
        self.realm.routes().of(Arriving {
            name: Some(name),
            home_realm_hint: None,
            source: source.address(),
        })
    }

    /// Where somebody goes on to who has proven who she is by a name that says nothing of her
    /// organisation, such as her cloud UPN: where her addresses lead. Nobody gets around the upstream
    /// that her email belongs to by typing another of her names.
    pub(super) fn address_route(
        &self,
        account: &MappedAccount,
        source: &Source,
    ) -> Option<Elsewhere> {
        let routes = self.realm.routes();
        let route = routes.of_other_addresses(account, source.address())?;
        Elsewhere::by(&route.to, Some(account.name()))
    }

    /// The route by what the request says alone, if it is that which decides: a route that is for
    /// everybody says nothing about somebody whose name is not known yet.
    fn hinted_route(&self, hint: &DomainName, source: &Source) -> Option<&Route> {
        let route = self.realm.routes().of(Arriving {
            name: None,
            home_realm_hint: Some(hint),
            source: source.address(),
        })?;
        (!route.when.is_for_any_name()).then_some(route)
    }
}

impl Discovered {
    fn by(route: Option<&Route>, name: Option<&SignInName>) -> Self {
        match route.map(|route| Elsewhere::by(&route.to, name)) {
            None => Self::Nowhere,
            Some(None) => Self::Here,
            Some(Some(elsewhere)) => Self::Elsewhere(elsewhere),
        }
    }
}

impl Elsewhere {
    /// Where a route leads for somebody of this name; `None` where it leads to a password.
    pub(super) fn by(home: &HomeRealm, name: Option<&SignInName>) -> Option<Self> {
        Some(match home {
            HomeRealm::Directories | HomeRealm::Directory(_) => return None,
            HomeRealm::Upstream(upstream) => Self::Upstream(upstream.clone()),
            HomeRealm::Entra(door) => Self::Entra(door.address(name)),
            HomeRealm::Refused(text) => Self::Refused(text.clone()),
        })
    }
}
