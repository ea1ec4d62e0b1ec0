use std::fmt;

use time::OffsetDateTime;

use crate::{
    config::Config,
    microsoft_graph::{AuthenticationType, Domain},
    trust,
};

use super::{Protocol, Wanted};

/// What Entra would refuse, or what would keep people from signing in once it has not.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Objection {
    /// Domains below onmicrosoft.com stay managed.
    OnMicrosoft,
    /// Two of our domains have one issuer.
    IssuerTwice {
        /// The domain that has it, too.
        with: String,
    },
    /// The issuer is longer than Entra takes, or no assertion could carry it.
    IssuerUnfit,
    /// The certificate that we sign with has ended, or has not begun.
    CertificateNotValid {
        /// When it begins.
        not_before: OffsetDateTime,
        /// When it ends.
        not_after: OffsetDateTime,
    },
    /// We never say that somebody has proven a second factor, unless an upstream does.
    EnforcedMfa,
    /// No relying party of ours is Entra in that cloud, by that protocol.
    NoRelyingParty {
        /// Entra's entity ID there.
        entity_id: &'static str,
    },
    /// The tenant has no such domain.
    NotThere,
    /// The tenant has not proven that the domain is its own.
    NotVerified,
    /// The tenant's default domain stays managed.
    Default,
    /// The domain inherits from one above it.
    NotPromoted {
        /// The verified domain above it, if it can be told.
        root: Option<String>,
    },
    /// There is one federation to a domain, and it has one.
    Federated {
        /// Its issuer.
        issuer: Option<String>,
    },
    /// Another domain of the tenant has the issuer.
    IssuerTaken {
        /// Which one.
        by: String,
    },
}

/// What can be told without asking Entra.
pub fn objections(
    config: &Config,
    wanted: &Wanted,
    all: &[Wanted],
    now: OffsetDateTime,
) -> Vec<Objection> {
    let mut found = Vec::new();
    if is_on_microsoft(&wanted.domain) {
        found.push(Objection::OnMicrosoft);
    }
    let issuer = wanted.configuration.issuer_uri.as_deref();
    let twice = all
        .iter()
        .filter(|other| other.domain != wanted.domain)
        .find(|other| other.configuration.issuer_uri.as_deref() == issuer);
    if let Some(other) = twice {
        found.push(Objection::IssuerTwice {
            with: other.domain.clone(),
        });
    }
    if issuer.is_none_or(|issuer| issuer.is_empty() || issuer.len() > 1024) {
        found.push(Objection::IssuerUnfit);
    }
    let (not_before, not_after) = (wanted.current.not_before(), wanted.current.not_after());
    if now < not_before || not_after <= now {
        found.push(Objection::CertificateNotValid {
            not_before,
            not_after,
        });
    }
    let terms = &config.entra.terms;
    if terms.mfa == super::MfaBehavior::Enforce && config.upstreams.is_empty() {
        found.push(Objection::EnforcedMfa);
    }
    let entity_id = terms.cloud.entity_id();
    let protocol = match terms.protocol {
        Protocol::Saml2 => trust::Protocol::Saml2,
        Protocol::WsFederation => trust::Protocol::WsFederation,
    };
    let mut parties = config.relying_parties.iter();
    if !parties.any(|party| party.entity_id() == entity_id && party.speaks(protocol)) {
        found.push(Objection::NoRelyingParty { entity_id });
    }
    found
}

/// What the tenant's domains say. `taken` is each federation of another domain: its name and issuer.
pub fn objections_of_entra(
    wanted: &Wanted,
    domains: &[Domain],
    own: Option<&str>,
    taken: &[(String, String)],
) -> Vec<Objection> {
    let is = |domain: &&Domain| domain.id.eq_ignore_ascii_case(&wanted.domain);
    let Some(domain) = domains.iter().find(is) else {
        return vec![Objection::NotThere];
    };
    let mut found = Vec::new();
    if !domain.is_verified {
        found.push(Objection::NotVerified);
    }
    if domain.is_default {
        found.push(Objection::Default);
    }
    if !domain.is_root {
        let root = domains
            .iter()
            .filter(|other| other.is_root && is_below(&wanted.domain, &other.id))
            .max_by_key(|other| other.id.len());
        found.push(Objection::NotPromoted {
            root: root.map(|root| root.id.clone()),
        });
    } else if domain.authentication_type == AuthenticationType::Federated {
        found.push(Objection::Federated {
            issuer: own.map(str::to_owned),
        });
    }
    let issuer = wanted.configuration.issuer_uri.as_deref();
    let mut others = taken.iter();
    if let Some((by, _)) = others.find(|(domain, taken)| {
        !domain.eq_ignore_ascii_case(&wanted.domain) && Some(taken.as_str()) == issuer
    }) {
        found.push(Objection::IssuerTaken { by: by.clone() });
    }
    found
}

fn is_on_microsoft(domain: &str) -> bool {
    ["onmicrosoft.com", "onmicrosoft.us", "partner.onmschina.cn"]
        .iter()
        .any(|root| domain == *root || is_below(domain, root))
}

fn is_below(domain: &str, root: &str) -> bool {
    domain
        .strip_suffix(root)
        .is_some_and(|rest| rest.ends_with('.'))
}

/// What is wrong, and what to do.
impl fmt::Display for Objection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OnMicrosoft => f.write_str(
                "domains below onmicrosoft.com stay managed: federate a domain of your own",
            ),
            Self::IssuerTwice { with } => write!(
                f,
                "{with} has the same issuer: Entra wants another one for each domain"
            ),
            Self::IssuerUnfit => f.write_str("the issuer is empty or longer than 1024 characters"),
            Self::CertificateNotValid {
                not_before,
                not_after,
            } => write!(
                f,
                "the signing certificate is valid from {} to {}: make another with `homerealm keys \
                 new`",
                not_before.date(),
                not_after.date()
            ),
            Self::EnforcedMfa => f.write_str(
                "nobody would get past \"enforce\": passwords are one factor, and no upstream proves \
                 a second one; say \"reject\" in [entra]",
            ),
            Self::NoRelyingParty { entity_id } => write!(
                f,
                "no [[relying_party]] is {entity_id} by this protocol: requests of Entra would be \
                 refused here"
            ),
            Self::NotThere => f.write_str(
                "the tenant has no such domain: add it there, and verify it, before anything else",
            ),
            Self::NotVerified => {
                f.write_str("the domain is not verified: put its TXT record into DNS, and verify it")
            }
            Self::Default => f.write_str(
                "it is the tenant's default domain, which stays managed: make another one the \
                 default (isDefault) first",
            ),
            Self::NotPromoted { root } => write!(
                f,
                "it inherits its authentication from {}: POST /domains/{{id}}/promote first, while \
                 no user refers to it",
                root.as_deref().unwrap_or("the domain above it")
            ),
            Self::Federated { issuer } => write!(
                f,
                "it is federated already, with {}: Graph says \"Domain already has Federation \
                 Configuration set\"; `homerealm entra status` says what differs, to change it with \
                 PATCH",
                issuer.as_deref().unwrap_or("an issuer that it does not tell")
            ),
            Self::IssuerTaken { by } => write!(
                f,
                "{by} of this tenant has the issuer already, and it is unique over all of Entra"
            ),
        }
    }
}
