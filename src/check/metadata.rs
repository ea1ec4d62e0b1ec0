//! The metadata of relying parties: whether it is there, good, and says what fits.

use std::fmt::Write as _;

use time::OffsetDateTime;

use crate::{
    config::Config,
    metadata::Keeper,
    saml2::{MetadataTrust, RelyingPartyMetadata, format_timestamp},
    trust::{RelyingParty, Trusts},
};

use super::Finding;

const NAME: &str = "metadata";

/// Looks at each source, and lets `trusts` have what is good. Nothing is kept.
pub(super) async fn check(config: &Config, trusts: &Trusts) -> Vec<Finding> {
    let keepers = match config.keepers(true) {
        Ok(keepers) => keepers,
        Err(error) => {
            return vec![Finding::fail(
                NAME,
                error.to_string(),
                "name PEM files: as certificate that of whoever signs the metadata, as ca that of \
                 the server's certificate",
            )];
        }
    };
    let mut findings = Vec::new();
    for mut keeper in keepers {
        findings.push(look(&mut keeper, trusts).await);
    }
    findings
}

async fn look(keeper: &mut Keeper, trusts: &Trusts) -> Finding {
    let id = keeper.entity_id().to_owned();
    let origin = keeper.source().origin.to_string();
    let kept = keeper.restore(trusts).await;
    match (keeper.refresh(trusts).await, kept) {
        (Ok(_), kept) => match (keeper.current(), trusts.relying_party(&id)) {
            (Some(metadata), Some(party)) => {
                let vouched = match keeper.source().trust {
                    MetadataTrust::Source => "not signed, trusted for where it is",
                    MetadataTrust::Signer { .. } => "signed as it must be",
                };
                let found = format!("{id}: {origin}, {vouched}; {}", described(metadata, &party));
                match (name_ids_agree(metadata, &party), kept) {
                    (false, _) => Finding::warn(
                        NAME,
                        format!("{found}; it lists other NameID formats than the one it gets"),
                        "choose its `name_id` among those, or ask whoever runs it",
                    ),
                    (true, Err(problem)) => Finding::warn(
                        NAME,
                        format!(
                            "{found}; what was kept for a start without it is not good: {problem}"
                        ),
                        "it is written anew when the server runs; see that state_folder is its own",
                    ),
                    (true, Ok(_)) => Finding::ok(NAME, found),
                }
            }
            _ => Finding::fail(NAME, format!("{id}: no such relying party"), MEND),
        },
        (Err(problem), Ok(Some(fetched))) => {
            let until = keeper
                .time_left(OffsetDateTime::now_utc())
                .map_or("without an end".to_owned(), |left| {
                    format!("for {} hours more", left.as_secs() / 3600)
                });
            Finding::warn(
                NAME,
                format!(
                    "{id}: {problem}; what was good on {} counts {until}",
                    format_timestamp(fetched)
                ),
                MEND,
            )
        }
        (Err(problem), _) => Finding::fail(
            NAME,
            format!("{id}: {problem}; nobody can sign in there"),
            MEND,
        ),
    }
}

const MEND: &str = "see that it is there and signed by the certificate that is configured; a new \
    signer's certificate is added to the list before it signs";

fn described(metadata: &RelyingPartyMetadata, party: &RelyingParty) -> String {
    let mut said = format!("{} addresses for answers", party.consumers().len());
    said += match &party.encryption {
        Some(_) => ", assertions encrypted",
        None => ", assertions not encrypted",
    };
    if metadata.unusable_keys > 0 {
        let _ = write!(
            said,
            ", {} keys passed over that are no RSA of 2048 bits with a certificate",
            metadata.unusable_keys
        );
    }
    if let Some(until) = metadata.validity.until {
        let _ = write!(said, ", valid until {}", format_timestamp(until));
    }
    said
}

fn name_ids_agree(metadata: &RelyingPartyMetadata, party: &RelyingParty) -> bool {
    const UNSPECIFIED: &str = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified";
    let issued = party.name_id_rule().format().uri();
    let listed = &metadata.name_id_formats;
    listed.is_empty() || listed.iter().any(|uri| uri == issued || uri == UNSPECIFIED)
}
