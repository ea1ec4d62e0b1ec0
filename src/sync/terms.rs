use crate::{
    directory::{Attribute, Dn},
    entra,
    realm::{DomainName, FederatedDomain},
};

/// What is known of the tenant, and who becomes a guest there.
#[derive(Clone, Debug)]
pub struct Terms {
    /// The tenant's initial domain, below onmicrosoft.com.
    pub tenant: Option<entra::DomainName>,
    /// Its verified domains beside that and the federated ones.
    pub verified_domains: Vec<DomainName>,
    /// The domains that are federated with this identity provider; verified, too.
    pub federated_domains: Vec<FederatedDomain>,
    /// Who becomes a guest.
    pub guests: GuestRules,
}

impl Terms {
    /// Whether the domain is a verified one of the tenant.
    pub(super) fn is_verified(&self, domain: &DomainName) -> bool {
        let initial = self.tenant.as_ref();
        self.verified_domains.contains(domain)
            || self.is_federated(domain)
            || initial.is_some_and(|initial| initial.as_str() == domain.as_ascii())
    }

    /// Whether the domain is federated with this identity provider.
    pub(crate) fn is_federated(&self, domain: &DomainName) -> bool {
        self.federated(domain).is_some()
    }

    /// The domain as it is federated with this identity provider.
    pub(super) fn federated(&self, domain: &DomainName) -> Option<&FederatedDomain> {
        let mut domains = self.federated_domains.iter();
        domains.find(|federated| federated.suffix == *domain)
    }
}

/// Who becomes a guest: the attribute decides where it says so; else who has one of the suffixes or
/// is below one of the units. Everybody else is a member.
#[derive(Clone, Debug, Default)]
pub struct GuestRules {
    /// An attribute that holds `Guest` or `Member`, such as `extensionAttribute1`.
    pub attribute: Option<Attribute>,
    /// Suffixes of `userPrincipalName`, each for itself and not for what lies below it.
    pub upn_suffixes: Vec<DomainName>,
    /// Organisational units, with all below them.
    pub units: Vec<Dn>,
}
