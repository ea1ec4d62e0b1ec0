use crate::entra::{DomainName, ObjectId, SignInName};

/// Why Graph would not have it so.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TenantError {
    /// There is no tenant at all.
    #[error("there is no tenant")]
    NoTenant,
    /// The tenant's own name is not below onmicrosoft.com.
    #[error("{0} cannot be a tenant's first domain: it is not of the form name.onmicrosoft.com")]
    NotAnInitialDomain(DomainName),
    /// A domain is there twice.
    #[error("the domain {0} is there twice")]
    DomainTwice(DomainName),
    /// A domain can be verified in one tenant only.
    #[error("the domain {domain} is verified in the tenant {tenant} already")]
    VerifiedElsewhere {
        /// The domain.
        domain: DomainName,
        /// The tenant that has it.
        tenant: DomainName,
    },
    /// onmicrosoft.com domains stay managed.
    #[error("{0} cannot be federated: domains below onmicrosoft.com stay managed")]
    CannotFederate(DomainName),
    /// The default domain stays managed, too.
    #[error("{0} cannot be federated: it is the tenant's default domain")]
    DefaultCannotFederate(DomainName),
    /// What is the default has to be there.
    #[error("{0} cannot be the default domain: it is not a verified domain of the tenant")]
    DefaultNotVerified(DomainName),
    /// A subdomain inherits from a verified domain, and there is none above it.
    #[error("{0} cannot inherit its authentication: no verified domain is above it")]
    NothingToInherit(DomainName),
    /// A subdomain that inherits has no federation of its own.
    #[error(
        "{subdomain} inherits the authentication of {root} and cannot be federated by itself until \
         it is promoted to a root domain (isRoot = true)"
    )]
    NotPromoted {
        /// The subdomain.
        subdomain: DomainName,
        /// The domain above it.
        root: DomainName,
    },
    /// Two domains with one issuer: Entra could not tell which of them vouches. Holds over all
    /// tenants.
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
    /// What Entra can and the simulator cannot; it says so instead of doing something else.
    #[error("{property} = true of {domain} is not simulated")]
    NotSimulated {
        /// Which property, by Graph's name.
        property: &'static str,
        /// Where.
        domain: DomainName,
    },
    /// Two applications with one `appId`.
    #[error("the appId {0} is there twice")]
    ApplicationTwice(ObjectId),
    /// A policy's domain has to be verified and federated here.
    #[error("the PreferredDomain {0} is not a verified, federated domain of the tenant")]
    PreferredDomain(DomainName),
    /// The token validation policy knows root domains only.
    #[error("{0} of the token validation policy is not a verified root domain of the tenant")]
    NotARoot(DomainName),
    /// A UPN under a domain that is not verified here.
    #[error("the domain of {0} is not a verified domain of the tenant")]
    DomainNotVerified(SignInName),
    /// Two users with one UPN.
    #[error("the userPrincipalName {0} is there twice")]
    UserPrincipalNameTwice(SignInName),
    /// Two users with one id.
    #[error("the id of {0} belongs to another user already")]
    IdTwice(SignInName),
    /// Two users with one source anchor.
    #[error("the onPremisesImmutableId of {0} belongs to another user already")]
    ImmutableIdTwice(SignInName),
    /// Two users with one address, or one with two primary addresses.
    #[error("a proxy address of {0} is there twice, or there are two primary ones (SMTP:)")]
    ProxyAddressTwice(SignInName),
    /// A user of a federated domain could never sign in without a source anchor.
    #[error("{0} is in a federated domain and has no onPremisesImmutableId")]
    ImmutableIdMissing(SignInName),
}

/// What a [`TenantError`] is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject<'e> {
    /// The tenant as a whole.
    Tenant,
    /// One of its policies.
    Policy,
    /// A domain; of two with the same name the later one.
    Domain(&'e DomainName),
    /// A user; of two with the same name the later one.
    User(&'e SignInName),
}

impl TenantError {
    /// What it is about, for whoever points at a line.
    pub fn subject(&self) -> Subject<'_> {
        match self {
            Self::NoTenant
            | Self::NotAnInitialDomain(_)
            | Self::DefaultNotVerified(_)
            | Self::ApplicationTwice(_) => Subject::Tenant,
            Self::PreferredDomain(_) | Self::NotARoot(_) => Subject::Policy,
            Self::NotSimulated { property, .. } if *property == "AllowCloudPasswordValidation" => {
                Subject::Policy
            }
            Self::DomainTwice(domain)
            | Self::VerifiedElsewhere { domain, .. }
            | Self::CannotFederate(domain)
            | Self::DefaultCannotFederate(domain)
            | Self::NothingToInherit(domain)
            | Self::NotPromoted {
                subdomain: domain, ..
            }
            | Self::IssuerTwice { second: domain, .. }
            | Self::BadIssuer(domain)
            | Self::BadAddress { domain, .. }
            | Self::NotSimulated { domain, .. } => Subject::Domain(domain),
            Self::DomainNotVerified(user)
            | Self::UserPrincipalNameTwice(user)
            | Self::IdTwice(user)
            | Self::ImmutableIdTwice(user)
            | Self::ProxyAddressTwice(user)
            | Self::ImmutableIdMissing(user) => Subject::User(user),
        }
    }
}
