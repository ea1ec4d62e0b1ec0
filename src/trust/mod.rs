//! Relying parties and what they are told.
//!
//! A [`RelyingParty`] says who may ask, how its requests are authenticated, where answers may go
//! and which claims an answer carries. [`Trusts`] holds all of them, and the federated domains with
//! the issuer that speaks for each: Entra demands one issuer per domain.

mod claims;
mod relying_party;
mod single_logout;
mod ws_federation;

pub use claims::{AttributeClaim, ClaimSource, Subject};
pub use relying_party::{AssertionConsumerService, RelyingParty, RequestKeys, RequestSignatures};
pub use single_logout::{LogoutBinding, LogoutService, SingleLogout};
pub use ws_federation::{Protocol, TokenVersion, WsFederation};

use crate::realm::FederatedDomain;

/// Everything Homerealm trusts: relying parties and federated domains. Not in here means refused.
#[derive(Debug)]
pub struct Trusts {
    relying_parties: Vec<RelyingParty>,
    domains: Vec<FederatedDomain>,
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
}

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
        Ok(Self {
            relying_parties,
            domains,
        })
    }

    /// The relying party with this entity ID, compared character for character (SAML core 8.3.6).
    pub fn relying_party(&self, entity_id: &str) -> Option<&RelyingParty> {
        self.relying_parties
            .iter()
            .find(|party| party.entity_id() == entity_id)
    }

    /// The relying party that a request by WS-Trust names so, compared character for character, if
    /// it may be asked for by that.
    pub fn ws_trust_relying_party(&self, address: &str) -> Option<&RelyingParty> {
        let is_named = |party: &&RelyingParty| {
            let mut addresses = party.ws_trust_addresses.iter();
            party.speaks(Protocol::WsTrust) && addresses.any(|known| known == address)
        };
        self.relying_parties.iter().find(is_named)
    }

    /// All relying parties.
    pub fn relying_parties(&self) -> &[RelyingParty] {
        &self.relying_parties
    }

    /// The federated domain with this suffix, in lower-case A-label form.
    pub fn domain(&self, suffix: &str) -> Option<&FederatedDomain> {
        self.domains
            .iter()
            .find(|domain| domain.suffix.as_ascii() == suffix)
    }

    /// All federated domains, never empty; the first one speaks where no account is known yet
    /// (an error answered before anybody typed a name).
    pub fn domains(&self) -> &[FederatedDomain] {
        &self.domains
    }
}

fn first_duplicate<'a>(names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let mut seen = std::collections::HashSet::new();
    names.into_iter().find(|name| !seen.insert(*name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::realm::DomainName;

    fn party(entity_id: &str) -> RelyingParty {
        RelyingParty::entra(
            entity_id,
            vec![AssertionConsumerService {
                index: 0,
                url: "https://rp.test/acs".into(),
            }],
        )
        .unwrap()
    }

    fn domain(suffix: &str, issuer: &str) -> FederatedDomain {
        FederatedDomain {
            suffix: DomainName::parse(suffix).unwrap(),
            issuer: issuer.into(),
        }
    }

    #[test]
    fn ws_trust_finds_who_may_be_asked_for() {
        let entra = party("urn:federation:MicrosoftOnline");
        let mut other = party("other");
        other.protocols.retain(|known| *known != Protocol::WsTrust);
        let domains = vec![domain("partners.contoso.com", "https://idp.test/partners")];
        let trusts = Trusts::new(vec![entra, other], domains).unwrap();
        let found = |address| {
            let party = trusts.ws_trust_relying_party(address);
            party.map(RelyingParty::entity_id)
        };
        for address in [
            "urn:federation:MicrosoftOnline",
            "https://login.microsoftonline.com/extSTS.srf",
        ] {
            assert_eq!(found(address), Some("urn:federation:MicrosoftOnline"));
        }
        for address in ["other", "", "urn:federation:microsoftonline", "nobody"] {
            assert_eq!(found(address), None, "{address}");
        }
    }

    #[test]
    fn names_are_unique_and_somebody_is_there() {
        let one = || domain("partners.contoso.com", "https://idp.test/partners");
        assert!(Trusts::new(vec![party("a"), party("b")], vec![one()]).is_ok());
        assert_eq!(
            Trusts::new(vec![party("a"), party("a")], vec![one()]).unwrap_err(),
            TrustError::DuplicateRelyingParty("a".into())
        );
        let mut alias = party("b");
        alias.ws_trust_addresses.push("a".into());
        assert_eq!(
            Trusts::new(vec![party("a"), alias], vec![one()]).unwrap_err(),
            TrustError::DuplicateWsTrustAddress("a".into())
        );
        assert_eq!(
            Trusts::new(
                vec![party("a")],
                vec![one(), domain("other.test", &one().issuer)]
            )
            .unwrap_err(),
            TrustError::DuplicateIssuer(one().issuer)
        );
        assert_eq!(
            Trusts::new(
                vec![party("a")],
                vec![one(), domain(one().suffix.as_ascii(), "https://other.test")]
            )
            .unwrap_err(),
            TrustError::DuplicateSuffix(one().suffix.as_ascii().into())
        );
        assert_eq!(
            Trusts::new(vec![], vec![one()]).unwrap_err(),
            TrustError::NoRelyingParty
        );
        assert_eq!(
            Trusts::new(vec![party("a")], vec![]).unwrap_err(),
            TrustError::NoDomain
        );
    }
}
