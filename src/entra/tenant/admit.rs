//! Whether Graph would let a tenant be: part by part, in the order in which they are registered.

use std::collections::HashSet;

use super::{
    Authentication, Domain, InternalDomainFederation, Tenant, TenantError, TenantParts, User,
};
use crate::entra::{DomainName, ObjectId, SignInName};

impl Tenant {
    /// Makes a tenant of its parts.
    ///
    /// # Errors
    /// The first thing that Graph would refuse.
    pub fn build(parts: TenantParts) -> Result<Self, TenantError> {
        if !is_on_microsoft(&parts.name) {
            return Err(TenantError::NotAnInitialDomain(parts.name));
        }
        let first = Domain {
            name: parts.name.clone(),
            authentication: Authentication::Managed,
        };
        let mut tenant = Self {
            id: ObjectId::of("tenant", parts.name.as_str()),
            parts: TenantParts {
                domains: vec![first],
                users: Vec::with_capacity(parts.users.len()),
                ..parts
            },
        };
        for domain in parts.domains {
            tenant.admit_domain(domain)?;
        }
        for domain in tenant.domains() {
            if tenant.root_of(&domain.name).is_none() {
                return Err(TenantError::NothingToInherit(domain.name.clone()));
            }
        }
        tenant.check_default()?;
        tenant.check_policies()?;
        tenant.check_applications()?;
        for user in parts.users {
            tenant.admit_user(user)?;
        }
        Ok(tenant)
    }

    fn admit_domain(&mut self, domain: Domain) -> Result<(), TenantError> {
        if self.domain(&domain.name).is_some() {
            return Err(TenantError::DomainTwice(domain.name));
        }
        if let Authentication::Federated(federation) = &domain.authentication {
            self.check_federation(&domain.name, federation)?;
        }
        self.parts.domains.push(domain);
        Ok(())
    }

    fn check_federation(
        &self,
        domain: &DomainName,
        federation: &InternalDomainFederation,
    ) -> Result<(), TenantError> {
        let domain = || domain.clone();
        if is_on_microsoft(&domain()) {
            return Err(TenantError::CannotFederate(domain()));
        }
        if !federation.has_an_issuer() {
            return Err(TenantError::BadIssuer(domain()));
        }
        if let Some(property) = federation.bad_address() {
            let domain = domain();
            return Err(TenantError::BadAddress { property, domain });
        }
        if federation.is_signed_authentication_request_required {
            return Err(TenantError::NotSimulated {
                property: "isSignedAuthenticationRequestRequired",
                domain: domain(),
            });
        }
        match self.domain_of_issuer(&federation.issuer_uri) {
            None => Ok(()),
            Some(first) => Err(TenantError::IssuerTwice {
                issuer: federation.issuer_uri.clone(),
                first: first.name.clone(),
                second: domain(),
            }),
        }
    }

    /// The domain whose federation has this issuer.
    pub(in crate::entra) fn domain_of_issuer(&self, issuer: &str) -> Option<&Domain> {
        self.federations()
            .find(|(_, federation)| federation.issuer_uri == issuer)
            .map(|(domain, _)| domain)
    }

    fn check_default(&self) -> Result<(), TenantError> {
        let name = self.default_domain().clone();
        match self.domain(&name).map(|domain| &domain.authentication) {
            None => Err(TenantError::DefaultNotVerified(name)),
            Some(Authentication::Federated(_)) => Err(TenantError::DefaultCannotFederate(name)),
            Some(Authentication::Managed | Authentication::Inherited) => Ok(()),
        }
    }

    fn check_policies(&self) -> Result<(), TenantError> {
        let policy = self.home_realm_discovery();
        if policy.allow_cloud_password_validation {
            return Err(TenantError::NotSimulated {
                property: "AllowCloudPasswordValidation",
                domain: self.name().clone(),
            });
        }
        if let Some(preferred) = &policy.preferred_domain
            && self.federation_of(preferred).is_none()
        {
            return Err(TenantError::PreferredDomain(preferred.clone()));
        }
        let is_root = |name: &DomainName| self.root_of(name).is_some_and(|it| it.name == *name);
        match self
            .validating_domains()
            .names()
            .iter()
            .find(|name| !is_root(name))
        {
            None => Ok(()),
            Some(name) => Err(TenantError::NotARoot(name.clone())),
        }
    }

    fn check_applications(&self) -> Result<(), TenantError> {
        let ids = self.parts.applications.iter().map(|it| &it.app_id);
        let mut seen = HashSet::new();
        match ids.into_iter().find(|id| !seen.insert(*id)) {
            None => Ok(()),
            Some(id) => Err(TenantError::ApplicationTwice(id.clone())),
        }
    }

    fn admit_user(&mut self, user: User) -> Result<(), TenantError> {
        let refused =
            |error: fn(SignInName) -> TenantError| Err(error(user.user_principal_name.clone()));
        let Some(root) = self.root_of(user.user_principal_name.domain()) else {
            return refused(TenantError::DomainNotVerified);
        };
        let others = self.users();
        if self.user(&user.user_principal_name).is_some() {
            return refused(TenantError::UserPrincipalNameTwice);
        }
        if others.iter().any(|other| other.id == user.id) {
            return refused(TenantError::IdTwice);
        }
        let anchor = &user.on_premises_immutable_id;
        if anchor.is_none() && matches!(root.authentication, Authentication::Federated(_)) {
            return refused(TenantError::ImmutableIdMissing);
        }
        let taken = |other: &User| other.on_premises_immutable_id == *anchor;
        if anchor.is_some() && others.iter().any(taken) {
            return refused(TenantError::ImmutableIdTwice);
        }
        if !proxy_addresses_are_its_own(&user, others) {
            return refused(TenantError::ProxyAddressTwice);
        }
        self.parts.users.push(user);
        Ok(())
    }
}

fn proxy_addresses_are_its_own(user: &User, others: &[User]) -> bool {
    let addresses = &user.proxy_addresses;
    let primary =
        |address: &&super::ProxyAddress| matches!(address, super::ProxyAddress::Primary(_));
    addresses.iter().filter(primary).count() <= 1
        && addresses.iter().enumerate().all(|(index, address)| {
            let Some(mail) = address.mail() else {
                return true;
            };
            let before = addresses.iter().take(index);
            !before.into_iter().any(|other| other.mail() == Some(mail))
                && !others.iter().any(|other| other.has_proxy_address(mail))
        })
}

fn is_on_microsoft(name: &DomainName) -> bool {
    name.as_str().ends_with(".onmicrosoft.com")
}
