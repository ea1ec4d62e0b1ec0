//! Relying parties and what they are told.
//!
//! A [`RelyingParty`] says who may ask, how its requests are authenticated, where answers may go
//! and which claims an answer carries. [`Trusts`] holds all of them, and the federated domains with
//! the issuer that speaks for each: Entra demands one issuer per domain.
//!
//! What a relying party is told about a person is written in rules: a name ([`NameIdRule`]), claims
//! ([`ClaimRule`]), and who may come at all ([`Access`]). They are data and no language: all of
//! them were checked when they were read, each says by itself what it does, and nothing that no rule
//! names is ever issued. [`Needs`] is what they ask of the directory, all together.

mod access;
mod application;
mod circumstances;
mod claims;
mod condition;
mod explain;
mod name_id;
mod needs;
mod pattern;
mod preset;
mod relying_party;
mod single_logout;
mod subject;
#[cfg(test)]
mod tests;
mod told_attribute;
mod ws_federation;

pub use access::{Access, Missing, NotPermitted};
pub use application::{Application, ApplicationId, Hint};
pub use circumstances::{Circumstances, ExpiringPassword, PasswordExpiry, Told};
pub use claims::{Claim, ClaimRule, ClaimSource, NameFormat, NotIssued};
pub use condition::{Condition, Expected, Test};
pub use explain::{ClaimExplanation, Explanation};
pub use name_id::{
    NameId, NameIdError, NameIdFormat, NameIdRule, NameIdSource, PairwiseSalt, SaltError,
};
pub use needs::Needs;
pub use pattern::{Pattern, PatternError, Replacement};
pub use preset::Preset;
pub use relying_party::{
    AssertionConsumerService, ClaimRuleError, RelyingParty, RequestKeys, RequestSignatures,
};
pub use single_logout::{LogoutAddress, LogoutBinding, LogoutService, SingleLogout};
pub use subject::{KeyedDn, Particulars, Subject};
pub use told_attribute::{ToldAttribute, ToldAttributeError};
pub use ws_federation::{Protocol, TokenVersion, WsFederation};

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard},
};

use crate::realm::FederatedDomain;

/// Everything Homerealm trusts: relying parties and federated domains. Not in here means refused.
///
/// Which relying parties there are, and by which rules, is settled when this is made. What their
/// metadata says of them may change while it is in use: see [`Trusts::replace`].
#[derive(Debug)]
pub struct Trusts {
    relying_parties: RwLock<Vec<Arc<RelyingParty>>>,
    /// The places of relying parties among them, by entity ID: to ask each of 500 costs a tenth of a
    /// sign-in.
    by_entity_id: HashMap<String, usize>,
    /// The same by the addresses of WS-Trust.
    by_address: HashMap<String, usize>,
    domains: Vec<FederatedDomain>,
    applications: Vec<Application>,
    needs: Needs,
}

/// Why a set of trusts cannot stand.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum TrustError {
    /// Two relying parties share an entity ID.
    #[error("two relying parties have the entity_id {0:?}")]
    DuplicateRelyingParty(String),
    /// Two relying parties share an address by which they are asked for in WS-Trust.
    #[error("two relying parties have the WS-Trust address {0:?}")]
    DuplicateWsTrustAddress(String),
    /// Two federated domains share a suffix.
    #[error("two federated domains have the suffix {0:?}")]
    DuplicateSuffix(String),
    /// Two federated domains share an issuer, which Entra refuses.
    #[error("two federated domains have the issuer {0:?}; Entra demands one issuer per domain")]
    DuplicateIssuer(String),
    /// There is no federated domain: nobody could sign in.
    #[error("there is no federated domain")]
    NoDomain,
    /// There is no relying party: nobody could ask.
    #[error("there is no relying party")]
    NoRelyingParty,
    /// Rules ask for more than can be looked up and kept about each person.
    #[error("rules name {0} different {1}; at most {MOST_NEEDED} can be looked up")]
    TooMuchNeeded(usize, &'static str),
}

/// Attributes, groups and places, each, that all rules together may name: they are asked for at
/// sign-ins, and kept with sessions.
const MOST_NEEDED: usize = 128;

impl Trusts {
    /// Checks that names are unique and that there is somebody to serve.
    pub fn new(
        relying_parties: Vec<RelyingParty>,
        domains: Vec<FederatedDomain>,
    ) -> Result<Self, TrustError> {
        if relying_parties.is_empty() {
            return Err(TrustError::NoRelyingParty);
        }
        if domains.is_empty() {
            return Err(TrustError::NoDomain);
        }
        if let Some(id) = first_duplicate(relying_parties.iter().map(RelyingParty::entity_id)) {
            return Err(TrustError::DuplicateRelyingParty(id.to_owned()));
        }
        let addresses = relying_parties
            .iter()
            .flat_map(|party| party.ws_trust_addresses.iter().map(String::as_str));
        if let Some(address) = first_duplicate(addresses) {
            return Err(TrustError::DuplicateWsTrustAddress(address.to_owned()));
        }
        if let Some(suffix) = first_duplicate(domains.iter().map(|domain| domain.suffix.as_ascii()))
        {
            return Err(TrustError::DuplicateSuffix(suffix.to_owned()));
        }
        if let Some(issuer) = first_duplicate(domains.iter().map(|domain| domain.issuer.as_str())) {
            return Err(TrustError::DuplicateIssuer(issuer.to_owned()));
        }
        let needs = bounded(Needs::of(&relying_parties))?;
        let places = || (0..).zip(&relying_parties);
        let by_entity_id = places().map(|(place, party)| (party.entity_id().to_owned(), place));
        let by_address = places().flat_map(|(place, party)| {
            let addresses = party.ws_trust_addresses.iter().cloned();
            addresses.map(move |address| (address, place))
        });
        Ok(Self {
            by_entity_id: by_entity_id.collect(),
            by_address: by_address.collect(),
            relying_parties: RwLock::new(relying_parties.into_iter().map(Arc::new).collect()),
            domains,
            applications: Vec::new(),
            needs,
        })
    }

    /// The same, with applications on the page that lists them.
    ///
    /// # Errors
    /// When their access rules ask for too much.
    pub fn with_applications(self, applications: Vec<Application>) -> Result<Self, TrustError> {
        let mut needs = self.needs.clone();
        for application in &applications {
            needs.add_access(&application.access);
        }
        Ok(Self {
            applications,
            needs: bounded(needs)?,
            ..self
        })
    }

    /// The applications beside relying parties that people open from our own page.
    pub fn applications(&self) -> &[Application] {
        &self.applications
    }

    /// The application of this [`ApplicationId`].
    pub fn application(&self, id: &str) -> Option<&Application> {
        let has_it = |it: &&Application| it.id.as_ref().is_some_and(|known| known.as_str() == id);
        self.applications.iter().find(has_it)
    }

    /// The relying party with this entity ID, compared character for character (SAML core 8.3.6),
    /// as it is now. One whose metadata is not known is none.
    pub fn relying_party(&self, entity_id: &str) -> Option<Arc<RelyingParty>> {
        let place = *self.by_entity_id.get(entity_id)?;
        let found = self.read().get(place).cloned();
        found.filter(|party| party.is_available())
    }

    /// All relying parties as they are now, those whose metadata is not known among them.
    pub fn relying_parties(&self) -> Vec<Arc<RelyingParty>> {
        self.read().clone()
    }

    /// Puts a relying party in the place of the one with the same entity ID. Whoever has looked the
    /// old one up keeps it as it was. `false` when there is none: no trust comes to be in this way.
    #[must_use]
    pub fn replace(&self, party: RelyingParty) -> bool {
        let mut parties = self
            .relying_parties
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        let place = self.by_entity_id.get(party.entity_id());
        match place.and_then(|place| parties.get_mut(*place)) {
            Some(place) => {
                *place = Arc::new(party);
                true
            }
            None => false,
        }
    }

    /// The relying party that a request by WS-Trust names so, compared character for character, if
    /// it may be asked for by that.
    pub fn ws_trust_relying_party(&self, address: &str) -> Option<Arc<RelyingParty>> {
        let place = *self.by_address.get(address)?;
        let found = self.read().get(place).cloned();
        found.filter(|party| party.speaks(Protocol::WsTrust) && party.is_available())
    }

    /// The federated domain with this suffix, in lower-case A-label form.
    pub fn domain(&self, suffix: &str) -> Option<&FederatedDomain> {
        self.domains
            .iter()
            .find(|domain| domain.suffix.as_ascii() == suffix)
    }

    /// The issuer of assertions to a relying party about people of a federated domain.
    ///
    /// To Entra it is the domain's own, since Entra demands one for each. Others know one identity
    /// provider, by the issuer of its metadata: the one that is configured, or the first domain's.
    /// `None` when the domain is not federated any more.
    pub fn issuer<'a>(&'a self, party: &'a RelyingParty, suffix: &str) -> Option<&'a str> {
        let own = &self.domain(suffix)?.issuer;
        Some(match party.preset() {
            Preset::Entra => own,
            Preset::EntraExternal | Preset::Saml2 | Preset::WsFederation => {
                self.default_issuer(party)?
            }
        })
    }

    /// The issuer of what is said to a relying party where nobody is known.
    pub fn default_issuer<'a>(&'a self, party: &'a RelyingParty) -> Option<&'a str> {
        let configured = party.issuer.as_deref();
        configured.or_else(|| Some(self.domains.first()?.issuer.as_str()))
    }

    /// What all rules together ask of the directory.
    pub fn needs(&self) -> &Needs {
        &self.needs
    }

    /// All federated domains, never empty; the first one speaks where no account is known yet
    /// (an error answered before anybody typed a name).
    pub fn domains(&self) -> &[FederatedDomain] {
        &self.domains
    }

    /// A list is whole at each moment, so one that a panic left behind is good.
    fn read(&self) -> RwLockReadGuard<'_, Vec<Arc<RelyingParty>>> {
        self.relying_parties
            .read()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

fn bounded(needs: Needs) -> Result<Needs, TrustError> {
    for (count, what) in [
        (needs.attributes.len(), "attributes"),
        (needs.groups.len(), "groups"),
        (needs.places.len(), "places"),
    ] {
        if count > MOST_NEEDED {
            return Err(TrustError::TooMuchNeeded(count, what));
        }
    }
    Ok(needs)
}

fn first_duplicate<'a>(names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let mut seen = std::collections::HashSet::new();
    names.into_iter().find(|name| !seen.insert(*name))
}
