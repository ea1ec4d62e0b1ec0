use std::{collections::BTreeSet, net::IpAddr};

use ipnet::IpNet;

use crate::directory::Dn;

use super::{
    super::{DomainName, EmailAddress, SignInName},
    Arriving, Unfit,
};

/// Whom a route is for: a person whom it names, from one of the networks, in one of the groups. What is
/// empty does not matter; a route without any condition is for everybody.
///
/// It names somebody by any of three things: a domain, an address, or, where there is no name yet, what
/// the request hints at. One who is named otherwise is not meant, nor is one of whom nothing is
/// known.
#[derive(Clone, Debug, Default)]
pub struct When {
    /// The domain of the name: an email's, or a UPN's suffix. Exactly this one, not those below it.
    pub domains: BTreeSet<DomainName>,
    /// The name itself.
    pub addresses: BTreeSet<EmailAddress>,
    /// What the request names as the home realm (`whr`, `domain_hint`), where there is no name.
    pub home_realm_hints: BTreeSet<DomainName>,
    /// Where the request comes from.
    pub networks: Vec<IpNet>,
    /// The account is in one of these groups, nested ones included: known after the proof only.
    pub groups: Vec<Dn>,
}

impl When {
    /// Whether somebody is meant; `member_of` is `None` before the proof.
    pub(super) fn fit(
        &self,
        arriving: Arriving<'_>,
        member_of: Option<&[Dn]>,
    ) -> Result<(), Unfit> {
        if !self.names(arriving.name, arriving.home_realm_hint) {
            return Err(Unfit::AnotherName);
        }
        if !self.has_source(arriving.source) {
            return Err(Unfit::AnotherNetwork);
        }
        if self.groups.is_empty() {
            return Ok(());
        }
        let member_of = member_of.ok_or(Unfit::ProofFirst)?;
        let is_member = self.groups.iter().any(|group| member_of.contains(group));
        is_member.then_some(()).ok_or(Unfit::NoMember)
    }

    /// Whether it is for people of any name.
    pub fn is_for_any_name(&self) -> bool {
        self.domains.is_empty() && self.addresses.is_empty() && self.home_realm_hints.is_empty()
    }

    pub(super) fn names(&self, name: Option<&SignInName>, hint: Option<&DomainName>) -> bool {
        self.is_for_any_name()
            || match (name, hint) {
                (Some(name), _) => name.as_address().is_some_and(|address| {
                    self.domains.contains(address.domain()) || self.addresses.contains(address)
                }),
                (None, Some(hint)) => self.home_realm_hints.contains(hint),
                (None, None) => false,
            }
    }

    pub(super) fn has_source(&self, source: IpAddr) -> bool {
        let source = source.to_canonical();
        self.networks.is_empty() || self.networks.iter().any(|one| one.contains(&source))
    }
}
