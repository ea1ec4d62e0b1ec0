use serde::Serialize;

use crate::{
    keys::Certificate,
    microsoft_graph::{FederationConfiguration, Graph, GraphError},
};

use super::Wanted;

/// What Entra has, beside what we serve.
#[derive(Debug, Serialize)]
pub struct Status {
    /// Whether nothing differs.
    pub good: bool,
    /// Each federated domain, in the order of the configuration.
    pub domains: Vec<DomainStatus>,
}

/// One domain.
#[derive(Debug, Serialize)]
pub struct DomainStatus {
    /// Its name.
    pub domain: String,
    /// Whether nothing differs.
    pub good: bool,
    /// Why there is nothing to compare.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// Each property, by Graph's name.
    pub fields: Vec<Field>,
}

/// One property.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Field {
    /// By Graph's name.
    pub name: &'static str,
    /// Whether Entra has what we serve.
    pub same: bool,
    /// What Entra should have; certificates by their SHA-256 thumbprint.
    pub wanted: Option<String>,
    /// What it has.
    pub found: Option<String>,
    /// What a difference means.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub means: Option<&'static str>,
}

impl Status {
    /// Asks Entra for each domain.
    ///
    /// # Errors
    /// When it cannot be asked.
    pub async fn look(graph: &mut Graph, wanted: &[Wanted]) -> Result<Self, GraphError> {
        let mut domains = Vec::with_capacity(wanted.len());
        for wanted in wanted {
            let found = graph.federation(&wanted.domain).await?;
            domains.push(DomainStatus::of(wanted, found.as_ref()));
        }
        Ok(Self {
            good: domains.iter().all(|domain| domain.good),
            domains,
        })
    }
}

impl DomainStatus {
    /// Compares what Entra has of one domain.
    pub fn of(wanted: &Wanted, found: Option<&FederationConfiguration>) -> Self {
        let domain = wanted.domain.clone();
        let Some(found) = found else {
            let problem = "Entra has no federation of this domain: `homerealm entra federate`";
            return Self {
                domain,
                good: false,
                problem: Some(problem.to_owned()),
                fields: Vec::new(),
            };
        };
        let fields = fields(wanted, found);
        Self {
            domain,
            good: fields.iter().all(|field| field.same),
            problem: None,
            fields,
        }
    }
}

fn fields(wanted: &Wanted, found: &FederationConfiguration) -> Vec<Field> {
    let ours = &wanted.configuration;
    let text = |name, wanted: &Option<String>, found: &Option<String>, means| {
        let found = found.clone().filter(|found| !found.is_empty());
        let same = *wanted == found;
        Field {
            name,
            same,
            wanted: wanted.clone(),
            found,
            means: (!same).then_some(means),
        }
    };
    let required = |of: &FederationConfiguration| {
        let required = of.is_signed_authentication_request_required;
        Some(required.unwrap_or(false).to_string())
    };
    let mut fields = vec![
        text(
            "issuerUri",
            &ours.issuer_uri,
            &found.issuer_uri,
            "nobody can sign in (AADSTS50107): it is compared character for character",
        ),
        text(
            "preferredAuthenticationProtocol",
            &ours.preferred_authentication_protocol,
            &found.preferred_authentication_protocol,
            "Entra asks by another protocol than the addresses are for",
        ),
        text(
            "passiveSignInUri",
            &ours.passive_sign_in_uri,
            &found.passive_sign_in_uri,
            "browsers are sent somewhere else",
        ),
        text(
            "signOutUri",
            &ours.sign_out_uri,
            &found.sign_out_uri,
            "signing out at Entra does not sign out here",
        ),
        text(
            "activeSignInUri",
            &ours.active_sign_in_uri,
            &found.active_sign_in_uri,
            "programs bring passwords somewhere else, or nowhere",
        ),
        text(
            "metadataExchangeUri",
            &ours.metadata_exchange_uri,
            &found.metadata_exchange_uri,
            "programs look for WS-Trust somewhere else, or nowhere",
        ),
        text(
            "federatedIdpMfaBehavior",
            &ours.federated_idp_mfa_behavior,
            &found.federated_idp_mfa_behavior,
            "a second factor is asked for somewhere else than [entra] says",
        ),
        text(
            "isSignedAuthenticationRequestRequired",
            &required(ours),
            &required(found),
            "requests are signed, or not, otherwise than request_signatures expects",
        ),
    ];
    // What we have no opinion of is Entra's own.
    if ours.prompt_login_behavior.is_some() {
        fields.push(text(
            "promptLoginBehavior",
            &ours.prompt_login_behavior,
            &found.prompt_login_behavior,
            "an application's prompt=login becomes something else",
        ));
    }
    fields.push(text(
        "displayName",
        &ours.display_name,
        &found.display_name,
        "people see another brand",
    ));
    fields.extend(certificates(wanted, found));
    fields
}

fn certificates(wanted: &Wanted, found: &FederationConfiguration) -> [Field; 2] {
    let signing = read(found.signing_certificate.as_deref());
    let next = read(found.next_signing_certificate.as_deref());
    let is = |found: &Found, ours: Option<&Certificate>| matches!((found, ours), (Found::Read(found), Some(ours)) if **found == *ours);
    let current = Some(&wanted.current);
    let signs = is(&signing, current);
    let means = if is(&next, current) {
        "people can sign in, since it is the nextSigningCertificate; end the rollover"
    } else {
        "nobody can sign in: Entra does not trust what we sign with"
    };
    let mut known = [current, wanted.former.as_ref()].into_iter();
    let next_is_right = match (&next, &wanted.next) {
        (Found::Nothing, None) => true,
        (next, None) => known.any(|ours| is(next, ours)),
        (next, ours) => is(next, ours.as_ref()) || is(&signing, ours.as_ref()),
    };
    let next_means = if wanted.next.is_none() {
        "Entra trusts a certificate that is not ours"
    } else {
        "people will be locked out by a switch: `homerealm entra rollover` registers it first"
    };
    [
        Field {
            name: "signingCertificate",
            same: signs,
            wanted: Some(wanted.current.sha256_thumbprint()),
            found: signing.shown(),
            means: (!signs).then_some(means),
        },
        Field {
            name: "nextSigningCertificate",
            same: next_is_right,
            wanted: wanted.next.as_ref().map(Certificate::sha256_thumbprint),
            found: next.shown(),
            means: (!next_is_right).then_some(next_means),
        },
    ]
}

enum Found {
    Nothing,
    Read(Box<Certificate>),
    Unreadable,
}

impl Found {
    fn shown(&self) -> Option<String> {
        match self {
            Self::Nothing => None,
            Self::Read(certificate) => Some(certificate.sha256_thumbprint()),
            Self::Unreadable => Some("what is no certificate that can be read".to_owned()),
        }
    }
}

fn read(text: Option<&str>) -> Found {
    match text
        .filter(|text| !text.is_empty())
        .map(Certificate::from_base64)
    {
        None => Found::Nothing,
        Some(Ok(certificate)) => Found::Read(Box::new(certificate)),
        Some(Err(_)) => Found::Unreadable,
    }
}
