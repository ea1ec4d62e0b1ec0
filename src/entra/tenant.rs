//! What Entra holds: verified domains with their federation, and the users that were synced.
//!
//! A [`Tenant`] that exists is one that Graph would have let exist; the checks are those of
//! `internalDomainFederation` and of the user resource. Only properties that the simulator uses
//! or checks are here.

use serde::Serialize;

use super::{
    Protocol,
    name::{DomainName, ImmutableId, SignInName},
};
use crate::keys::Certificate;

/// One tenant, consistent by construction.
#[derive(Clone, Debug)]
pub struct Tenant {
    name: DomainName,
    domains: Vec<Domain>,
    users: Vec<User>,
}

/// A verified domain of the tenant.
#[derive(Clone, Debug)]
pub struct Domain {
    /// Its name.
    pub name: DomainName,
    /// How its users prove who they are.
    pub authentication: Authentication,
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

/// Graph's `internalDomainFederation`.
#[derive(Clone, Debug)]
pub struct InternalDomainFederation {
    /// `displayName`: the brand on Entra's pages.
    pub display_name: String,
    /// `issuerUri`: what the Issuer of each assertion must equal, character for character.
    pub issuer_uri: String,
    /// `preferredAuthenticationProtocol`: which requests Entra sends, and which answers it takes.
    pub preferred_authentication_protocol: PreferredAuthenticationProtocol,
    /// `passiveSignInUri`: where browsers are sent; https, may have a query.
    pub passive_sign_in_uri: String,
    /// `activeSignInUri`: where applications ask for a token by WS-Trust.
    pub active_sign_in_uri: Option<String>,
    /// `metadataExchangeUri`: where they learn by which versions of it.
    pub metadata_exchange_uri: Option<String>,
    /// `signingCertificate`.
    pub signing_certificate: Certificate,
    /// `nextSigningCertificate`: trusted as well, for roll-over.
    pub next_signing_certificate: Option<Certificate>,
}

/// `preferredAuthenticationProtocol`, of which a federation has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PreferredAuthenticationProtocol {
    /// `saml`: SAML 2.0, for browsers alone.
    Saml,
    /// `wsFed`: WS-Federation, with WS-Trust beside it.
    WsFed,
}

impl PreferredAuthenticationProtocol {
    /// Whether a federation that prefers this one takes answers by `protocol`.
    ///
    /// WS-Trust belongs to `wsFed`: with `saml`, `activeSignInUri` means another protocol, ECP
    /// (facts 1.6).
    pub fn takes(self, protocol: Protocol) -> bool {
        match self {
            Self::Saml => protocol == Protocol::Saml,
            Self::WsFed => matches!(protocol, Protocol::WsFederation | Protocol::WsTrust),
        }
    }
}

/// As Graph writes it.
impl std::fmt::Display for PreferredAuthenticationProtocol {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Saml => "saml",
            Self::WsFed => "wsFed",
        })
    }
}

/// A user as the sync wrote it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct User {
    /// `userPrincipalName`: the cloud UPN, whose domain decides where the user authenticates.
    pub user_principal_name: SignInName,
    /// `onPremisesUserPrincipalName`: in the guest-sync case the person's own email.
    pub on_premises_user_principal_name: Option<SignInName>,
    /// `onPremisesImmutableId`: the source anchor that the `NameID` must equal.
    pub on_premises_immutable_id: Option<ImmutableId>,
    /// `userType`.
    pub user_type: UserType,
    /// `displayName`.
    pub display_name: String,
}

/// `userType`; it says nothing about where the user authenticates (facts 5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum UserType {
    /// Belongs to the organisation.
    Member,
    /// Here for the internal guest: a partner whose account was synced.
    Guest,
}

impl std::fmt::Display for UserType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Member => "Member",
            Self::Guest => "Guest",
        })
    }
}

/// Why Graph would not have it so.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TenantError {
    /// The tenant's own name is not below onmicrosoft.com.
    #[error("{0} cannot be a tenant's first domain: it is not of the form name.onmicrosoft.com")]
    NotAnInitialDomain(DomainName),
    /// A domain is there twice.
    #[error("the domain {0} is there twice")]
    DomainTwice(DomainName),
    /// onmicrosoft.com domains stay managed.
    #[error("{0} cannot be federated: domains below onmicrosoft.com stay managed")]
    CannotFederate(DomainName),
    /// A subdomain inherits from a verified domain, and there is none above it.
    #[error("{0} cannot inherit its authentication: no verified domain is above it")]
    NothingToInherit(DomainName),
    /// Two domains with one issuer: Entra could not tell which of them vouches.
    #[error("the issuerUri {issuer} is registered for {first} and for {second}")]
    IssuerTwice {
        /// The issuer.
        issuer: String,
        /// The domain that had it first.
        first: DomainName,
        /// The domain that wants it too.
        second: DomainName,
    },
    /// An issuer that no assertion could carry.
    #[error("the issuerUri of {0} is empty, longer than 1024 characters, or holds white space")]
    BadIssuer(DomainName),
    /// Entra sends browsers and applications to https addresses only.
    #[error("the {property} of {domain} is not an https address without a fragment")]
    BadAddress {
        /// Which one, by Graph's name.
        property: &'static str,
        /// Whose federation it is.
        domain: DomainName,
    },
    /// A UPN under a domain that is not verified here.
    #[error("the domain of {0} is not a verified domain of the tenant")]
    DomainNotVerified(SignInName),
    /// Two users with one UPN.
    #[error("the userPrincipalName {0} is there twice")]
    UserPrincipalNameTwice(SignInName),
    /// Two users with one source anchor.
    #[error("the onPremisesImmutableId of {0} belongs to another user already")]
    ImmutableIdTwice(SignInName),
    /// A user of a federated domain could never sign in without a source anchor.
    #[error("{0} is in a federated domain and has no onPremisesImmutableId")]
    ImmutableIdMissing(SignInName),
}

impl Tenant {
    /// A tenant with its first domain `name`, the verified `domains` besides it, and its users.
    pub fn new(
        name: DomainName,
        domains: Vec<Domain>,
        users: Vec<User>,
    ) -> Result<Self, TenantError> {
        if !is_on_microsoft(&name) {
            return Err(TenantError::NotAnInitialDomain(name));
        }
        let mut tenant = Self {
            name: name.clone(),
            domains: Vec::new(),
            users: Vec::new(),
        };
        tenant.domains.push(Domain {
            name,
            authentication: Authentication::Managed,
        });
        for domain in domains {
            tenant.admit_domain(domain)?;
        }
        for domain in &tenant.domains {
            if tenant.root_of(&domain.name).is_none() {
                return Err(TenantError::NothingToInherit(domain.name.clone()));
            }
        }
        for user in users {
            tenant.admit_user(user)?;
        }
        Ok(tenant)
    }

    /// The first domain, such as `contoso.onmicrosoft.com`: how addresses name the tenant.
    pub fn name(&self) -> &DomainName {
        &self.name
    }

    /// The verified domain with this name.
    pub fn domain(&self, name: &DomainName) -> Option<&Domain> {
        self.domains.iter().find(|domain| domain.name == *name)
    }

    /// The domain that decides for a verified domain: itself, or the nearest one above it from
    /// which it inherits. `None` when the domain is not verified here.
    pub fn root_of(&self, name: &DomainName) -> Option<&Domain> {
        let domain = self.domain(name)?;
        if !matches!(domain.authentication, Authentication::Inherited) {
            return Some(domain);
        }
        self.domains
            .iter()
            .filter(|above| !matches!(above.authentication, Authentication::Inherited))
            .filter(|above| name.is_below(&above.name))
            .max_by_key(|above| above.name.as_str().len())
    }

    /// Each federated domain with its federation.
    pub fn federations(&self) -> impl Iterator<Item = (&Domain, &InternalDomainFederation)> {
        self.domains
            .iter()
            .filter_map(|domain| match &domain.authentication {
                Authentication::Federated(federation) => Some((domain, federation.as_ref())),
                Authentication::Managed | Authentication::Inherited => None,
            })
    }

    /// All users, in the order they were synced.
    pub fn users(&self) -> &[User] {
        &self.users
    }

    fn admit_domain(&mut self, domain: Domain) -> Result<(), TenantError> {
        if self.domain(&domain.name).is_some() {
            return Err(TenantError::DomainTwice(domain.name));
        }
        if let Authentication::Federated(federation) = &domain.authentication {
            if is_on_microsoft(&domain.name) {
                return Err(TenantError::CannotFederate(domain.name));
            }
            if !is_issuer(&federation.issuer_uri) {
                return Err(TenantError::BadIssuer(domain.name));
            }
            if let Some(property) = bad_address(federation) {
                let domain = domain.name;
                return Err(TenantError::BadAddress { property, domain });
            }
            let same = self
                .federations()
                .find(|(_, other)| other.issuer_uri == federation.issuer_uri)
                .map(|(first, _)| first.name.clone());
            if let Some(first) = same {
                let issuer = federation.issuer_uri.clone();
                return Err(TenantError::IssuerTwice {
                    issuer,
                    first,
                    second: domain.name,
                });
            }
        }
        self.domains.push(domain);
        Ok(())
    }

    fn admit_user(&mut self, user: User) -> Result<(), TenantError> {
        let name = &user.user_principal_name;
        let Some(root) = self.root_of(name.domain()) else {
            return Err(TenantError::DomainNotVerified(name.clone()));
        };
        if self
            .users
            .iter()
            .any(|other| other.user_principal_name == *name)
        {
            return Err(TenantError::UserPrincipalNameTwice(name.clone()));
        }
        let anchor = &user.on_premises_immutable_id;
        if anchor.is_none() && matches!(root.authentication, Authentication::Federated(_)) {
            return Err(TenantError::ImmutableIdMissing(name.clone()));
        }
        let taken = |other: &User| other.on_premises_immutable_id == *anchor;
        if anchor.is_some() && self.users.iter().any(taken) {
            return Err(TenantError::ImmutableIdTwice(name.clone()));
        }
        self.users.push(user);
        Ok(())
    }
}

fn is_on_microsoft(name: &DomainName) -> bool {
    name.as_str().ends_with(".onmicrosoft.com")
}

fn is_issuer(text: &str) -> bool {
    (1..=1024).contains(&text.chars().count())
        && !text.chars().any(|c| c.is_whitespace() || c.is_control())
}

/// The first property whose address nobody could be sent to.
fn bad_address(federation: &InternalDomainFederation) -> Option<&'static str> {
    let passive = Some(&federation.passive_sign_in_uri);
    [
        ("passiveSignInUri", passive),
        ("activeSignInUri", federation.active_sign_in_uri.as_ref()),
        (
            "metadataExchangeUri",
            federation.metadata_exchange_uri.as_ref(),
        ),
    ]
    .into_iter()
    .find(|(_, address)| address.is_some_and(|address| !is_https_address(address)))
    .map(|(property, _)| property)
}

fn is_https_address(text: &str) -> bool {
    !text.contains('#')
        && text.parse::<http::Uri>().is_ok_and(|uri| {
            let plain = |authority: &http::uri::Authority| !authority.as_str().contains('@');
            uri.scheme_str() == Some("https") && uri.authority().is_some_and(plain)
        })
}

#[cfg(test)]
#[path = "tenant_tests.rs"]
mod tests;
