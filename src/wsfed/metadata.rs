use crate::{
    keys::KeyRing,
    saml1,
    saml2::{self, MetadataError, new_id},
    xml::{CanonicalWriter, Name},
};

use super::names::{FEDERATION, TRUST, TRUST_13, auth, fed, md, wsa, xsi};

/// What metadata says of a federated domain's identity provider.
#[derive(Clone, Debug)]
pub struct Endpoints<'a> {
    /// Where browsers are sent for WS-Federation.
    pub passive: &'a str,
    /// Where clients without a browser ask for tokens. WS-Federation wants one to be named, and takes
    /// the passive one where there is no other.
    pub active: &'a [&'a str],
    /// All issuers that tokens may have. An entity has one ID; where there are more issuers, they are
    /// named as its logical services (WS-Federation 1.2, 3.1.3).
    pub issuers: &'a [&'a str],
    /// The claim types that tokens may have.
    pub claim_types: &'a [&'a str],
    /// The other role, with the issuer of both.
    pub saml2: saml2::Endpoints<'a>,
}

/// `FederationMetadata.xml` (WS-Federation 1.2, 3): both roles, signed, each with the certificate
/// that signs now and the one that will sign next. Entra reads it from time to time, and learns of
/// the next certificate by it.
pub fn federation_metadata(
    endpoints: &Endpoints<'_>,
    keys: &KeyRing,
) -> Result<String, MetadataError> {
    const ROLE: Name = fed("SecurityTokenServiceType");

    let mut writer = CanonicalWriter::new();
    writer.open_signed_with_names_in_values(
        md("EntityDescriptor"),
        "ID",
        &new_id()?,
        &[
            (Name::plain("entityID"), endpoints.saml2.entity_id),
            (Name::plain("cacheDuration"), "P1D"),
        ],
        &[ROLE],
    );
    writer.signature_here();
    writer.open(
        md("RoleDescriptor"),
        &[
            (xsi("type"), &format!("{}:{}", ROLE.prefix, ROLE.local)),
            (
                Name::plain("protocolSupportEnumeration"),
                &[FEDERATION, TRUST_13, TRUST].join(" "),
            ),
        ],
    );
    saml2::write_certificates(&mut writer, keys);
    if endpoints.issuers.len() > 1 {
        writer.open(fed("LogicalServiceNamesOffered"), &[]);
        for issuer in endpoints.issuers {
            writer.leaf(fed("IssuerName"), &[(Name::plain("Uri"), issuer)], "");
        }
        writer.close();
    }
    writer.open(fed("TokenTypesOffered"), &[]);
    for token_type in [saml1::TOKEN_TYPE, saml2::TOKEN_TYPE] {
        writer.leaf(fed("TokenType"), &[(Name::plain("Uri"), token_type)], "");
    }
    writer.close();
    writer.open(fed("ClaimTypesOffered"), &[]);
    for claim_type in endpoints.claim_types {
        writer.leaf(auth("ClaimType"), &[(Name::plain("Uri"), claim_type)], "");
    }
    writer.close();
    let passive = [endpoints.passive];
    let active = match endpoints.active {
        [] => &passive,
        active => active,
    };
    for address in active {
        write_endpoint(&mut writer, "SecurityTokenServiceEndpoint", address);
    }
    write_endpoint(&mut writer, "PassiveRequestorEndpoint", endpoints.passive);
    writer.close();
    saml2::write_identity_provider(&mut writer, &endpoints.saml2, keys);
    writer.close_signed(keys.current());
    Ok(writer.finish()?)
}

fn write_endpoint(writer: &mut CanonicalWriter, kind: &'static str, address: &str) {
    writer.open(fed(kind), &[]);
    writer.open(wsa("EndpointReference"), &[]);
    writer.leaf(wsa("Address"), &[], address);
    writer.close();
    writer.close();
}
