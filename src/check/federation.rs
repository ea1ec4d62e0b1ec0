//! Federated domains and relying parties.

use crate::{
    config::{Config, RelyingPartyFile},
    trust::{Access, RelyingParty, RequestSignatures, Trusts},
};

use super::Finding;

/// What Entra's worldwide cloud calls itself.
const ENTRA: &str = "urn:federation:MicrosoftOnline";
const ENTRA_CONSUMER: &str = "https://login.microsoftonline.com/login.srf";

pub(super) fn check(config: &Config) -> (Option<Trusts>, Vec<Finding>) {
    let parties: Result<Vec<RelyingParty>, _> = config
        .relying_parties
        .iter()
        .map(RelyingPartyFile::load)
        .collect();
    let parties = match parties {
        Ok(parties) => parties,
        Err(error) => {
            let finding = Finding::fail(
                "relying-parties",
                error.to_string(),
                "name the PEM files of the certificates that it signs its requests with, and for \
                 pairwise names a secret for its owner alone",
            );
            return (None, vec![finding]);
        }
    };
    let trusts = Trusts::new(parties, config.domains.clone())
        .and_then(|trusts| trusts.with_applications(config.applications.clone()));
    let finding = match &trusts {
        Ok(_) => Finding::ok(
            "federated-domains",
            config
                .domains
                .iter()
                .map(|domain| format!("{} by issuer {}", domain.suffix, domain.issuer))
                .collect::<Vec<_>>()
                .join(", "),
        ),
        Err(error) => Finding::fail(
            "federated-domains",
            error.to_string(),
            "give every [[federated_domain]] a suffix and an issuer of its own, and every \
             [[relying_party]] an entity_id of its own",
        ),
    };
    (trusts.ok(), vec![finding])
}

/// Each relying party, as it is with what its metadata says.
pub(super) fn relying_parties(trusts: &Trusts) -> Vec<Finding> {
    let parties = trusts.relying_parties();
    parties.iter().map(|party| relying_party(party)).collect()
}

fn relying_party(party: &RelyingParty) -> Finding {
    const NAME: &str = "relying-party";
    let id = party.entity_id();
    if !party.is_available() {
        return Finding::fail(
            NAME,
            format!("{id}: nobody can sign in there without its metadata"),
            "see the finding about its metadata",
        );
    }
    if id == ENTRA
        && party
            .consumers()
            .iter()
            .all(|consumer| consumer.url != ENTRA_CONSUMER)
    {
        return Finding::warn(
            NAME,
            format!("{id} answers elsewhere than to Entra's worldwide cloud"),
            format!("right for a simulator; for Entra itself the address is {ENTRA_CONSUMER}"),
        );
    }
    if party.access == Access::Nobody {
        return Finding::warn(
            NAME,
            format!("{id}: nobody may sign in there"),
            "say who may in its `access`: \"everyone\", or conditions",
        );
    }
    let signatures = match &party.request_signatures {
        RequestSignatures::NotVerified => "requests not authenticated (as Entra sends them)",
        RequestSignatures::WhenPresent(_) => "signatures verified where there are any",
        RequestSignatures::Required(_) => "signed requests required",
    };
    let encryption = match &party.encryption {
        Some(_) => ", assertions encrypted",
        None => "",
    };
    Finding::ok(NAME, format!("{id}: {signatures}{encryption}"))
}
