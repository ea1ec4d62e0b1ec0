//! What Entra holds: verified domains with their federation, and the users that were synced.
//!
//! A [`Tenant`] that exists is one that Graph would have let exist; the checks are those of
//! `internalDomainFederation`, of the user resource and of the policies. Only properties that the
//! simulator uses, checks or tells are here, under Graph's own names.

mod admit;
mod application;
mod error;
mod federation;
mod policy;
mod user;

pub use application::{
    Api, Application, KeyCredential, PasswordCredential, Platform, RedirectUris,
};
pub use error::{Subject, TenantError};
pub use federation::{
    FederatedIdpMfaBehavior, InternalDomainFederation, PreferredAuthenticationProtocol,
    PromptLoginBehavior,
};
pub use policy::{AlternateIdLogin, DomainHintPolicy, HomeRealmDiscoveryPolicy, ValidatingDomains};
pub use user::{ProxyAddress, ProxyAddressError, User, UserType};

use super::{
    ObjectId, Protocol,
    name::{DomainName, SignInName},
};

/// One tenant, consistent by construction.
#[derive(Clone, Debug)]
pub struct Tenant {
    parts: TenantParts,
    id: ObjectId,
}

/// What a tenant is made of.
#[derive(Clone, Debug)]
pub struct TenantParts {
    /// The first domain, below onmicrosoft.com; it is a managed domain of the tenant by itself.
    pub name: DomainName,
    /// How pages call the organisation.
    pub display_name: String,
    /// The default domain; the first one where none is named.
    pub default_domain: Option<DomainName>,
    /// The verified domains besides the first one.
    pub domains: Vec<Domain>,
    /// The users.
    pub users: Vec<User>,
    /// The applications that people may be signed in to with tokens.
    pub applications: Vec<Application>,
    /// The policy for home realm discovery.
    pub home_realm_discovery: HomeRealmDiscoveryPolicy,
    /// For which root domains tokens are validated against the user's.
    pub validating_domains: ValidatingDomains,
}

impl TenantParts {
    /// A tenant of this name with its first domain only, and policies by default.
    pub fn new(name: DomainName) -> Self {
        Self {
            display_name: name.to_string(),
            name,
            default_domain: None,
            domains: Vec::new(),
            users: Vec::new(),
            applications: Vec::new(),
            home_realm_discovery: HomeRealmDiscoveryPolicy::default(),
            validating_domains: ValidatingDomains::default(),
        }
    }
}

/// A verified domain of the tenant.
#[derive(Clone, Debug)]
pub struct Domain {
    /// Its name.
    pub name: DomainName,
    /// How its users prove who they are.
    pub authentication: Authentication,
}

impl Domain {
    /// The id of its `federationConfiguration`.
    pub fn federation_id(&self) -> ObjectId {
        ObjectId::of("federationConfiguration", self.name.as_str())
    }
}

/// How the users of a domain authenticate.
#[derive(Clone, Debug)]
pub enum Authentication {
    /// Entra itself asks for the password.
    Managed,
    /// Another identity provider vouches for them.
    Federated(Box<InternalDomainFederation>),
    /// A subdomain that was not promoted to a root: it does as the verified domain above it does
    /// (facts 4.3), and counts as that domain in the token validation policy (facts 4.7).
    Inherited,
}

impl Tenant {
    /// A tenant with its first domain `name`, the verified `domains` besides it, and its users.
    pub fn new(
        name: DomainName,
        domains: Vec<Domain>,
        users: Vec<User>,
    ) -> Result<Self, TenantError> {
        Self::build(TenantParts {
            domains,
            users,
            ..TenantParts::new(name)
        })
    }

    /// The first domain, such as `contoso.onmicrosoft.com`: how addresses name the tenant.
    pub fn name(&self) -> &DomainName {
        &self.parts.name
    }

    /// The tenant's id, by which addresses may name it, too.
    pub fn id(&self) -> &ObjectId {
        &self.id
    }

    /// How pages call the organisation.
    pub fn display_name(&self) -> &str {
        &self.parts.display_name
    }

    /// What the tenant is made of, for whoever makes another one that differs a little.
    pub fn parts(&self) -> TenantParts {
        let mut parts = self.parts.clone();
        parts.domains.retain(|domain| domain.name != parts.name);
        parts
    }

    /// The verified domains, the first one first.
    pub fn domains(&self) -> &[Domain] {
        &self.parts.domains
    }

    /// The registered applications.
    pub fn applications(&self) -> &[Application] {
        &self.parts.applications
    }

    /// The registered application with this `appId`.
    pub fn application(&self, app_id: &ObjectId) -> Option<&Application> {
        let mut applications = self.applications().iter();
        applications.find(|application| application.app_id == *app_id)
    }

    /// The verified domain with this name.
    pub fn domain(&self, name: &DomainName) -> Option<&Domain> {
        self.domains().iter().find(|domain| domain.name == *name)
    }

    /// The default domain.
    pub fn default_domain(&self) -> &DomainName {
        self.parts.default_domain.as_ref().unwrap_or(self.name())
    }

    /// The domain that decides for a verified domain: itself, or the nearest one above it from
    /// which it inherits. `None` when the domain is not verified here.
    pub fn root_of(&self, name: &DomainName) -> Option<&Domain> {
        let domain = self.domain(name)?;
        if !matches!(domain.authentication, Authentication::Inherited) {
            return Some(domain);
        }
        self.root_above(name)
    }

    /// The nearest root domain above a name.
    pub fn root_above(&self, name: &DomainName) -> Option<&Domain> {
        self.domains()
            .iter()
            .filter(|above| !matches!(above.authentication, Authentication::Inherited))
            .filter(|above| name.is_below(&above.name))
            .max_by_key(|above| above.name.as_str().len())
    }

    /// Each federated domain with its federation.
    pub fn federations(&self) -> impl Iterator<Item = (&Domain, &InternalDomainFederation)> {
        self.domains()
            .iter()
            .filter_map(|domain| match &domain.authentication {
                Authentication::Federated(federation) => Some((domain, federation.as_ref())),
                Authentication::Managed | Authentication::Inherited => None,
            })
    }

    /// The federation that decides for a verified domain, and whose it is.
    pub fn federation_of(&self, name: &DomainName) -> Option<(&Domain, &InternalDomainFederation)> {
        let root = self.root_of(name)?;
        match &root.authentication {
            Authentication::Federated(federation) => Some((root, federation)),
            Authentication::Managed | Authentication::Inherited => None,
        }
    }

    /// All users, in the order they were synced.
    pub fn users(&self) -> &[User] {
        &self.parts.users
    }

    /// The user with this UPN.
    pub fn user(&self, upn: &SignInName) -> Option<&User> {
        self.users()
            .iter()
            .find(|user| user.user_principal_name == *upn)
    }

    /// The policy for home realm discovery.
    pub fn home_realm_discovery(&self) -> &HomeRealmDiscoveryPolicy {
        &self.parts.home_realm_discovery
    }

    /// For which root domains tokens are validated against the user's.
    pub fn validating_domains(&self) -> &ValidatingDomains {
        &self.parts.validating_domains
    }
}

#[cfg(test)]
mod tests;
