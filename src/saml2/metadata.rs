use crate::{
    keys::KeyRing,
    trust::NameIdFormat,
    xml::{CanonicalWriter, WriteError},
};

use super::{
    names::{BINDING_POST, BINDING_REDIRECT, PROTOCOL, ds, md, plain},
    new_id,
};

/// Where a federated domain's identity provider is reached.
#[derive(Clone, Debug)]
pub struct Endpoints<'a> {
    /// The domain's issuer: its entity ID.
    pub entity_id: &'a str,
    /// The address of `/saml2/sso`, for both bindings.
    pub single_sign_on: &'a str,
    /// The address of `/saml2/slo`, for both bindings.
    pub single_logout: &'a str,
    /// The formats of the names under which relying parties know people.
    pub name_id_formats: &'a [NameIdFormat],
}

/// Why metadata could not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MetadataError {
    /// No random ID could be made.
    #[error(transparent)]
    Key(#[from] crate::keys::KeyError),
    /// A value cannot stand in XML, or signing failed.
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// The identity provider's metadata (SAML metadata 2.3), signed, with the certificate that signs
/// now and the one that will sign next.
pub fn identity_provider_metadata(
    endpoints: &Endpoints<'_>,
    keys: &KeyRing,
) -> Result<String, MetadataError> {
    let mut writer = CanonicalWriter::new();
    writer.open_signed(
        md("EntityDescriptor"),
        "ID",
        &new_id()?,
        // A day, so that a certificate announced a week ahead is seen everywhere in time.
        &[
            (plain("entityID"), endpoints.entity_id),
            (plain("cacheDuration"), "P1D"),
        ],
    );
    writer.signature_here();
    write_identity_provider(&mut writer, endpoints, keys);
    writer.close_signed(keys.current());
    Ok(writer.finish()?)
}

/// The role of an identity provider that speaks SAML 2.0 (SAML metadata 2.4.3).
pub fn write_identity_provider(
    writer: &mut CanonicalWriter,
    endpoints: &Endpoints<'_>,
    keys: &KeyRing,
) {
    writer.open(
        md("IDPSSODescriptor"),
        &[
            (plain("WantAuthnRequestsSigned"), "false"),
            (plain("protocolSupportEnumeration"), PROTOCOL),
        ],
    );
    write_certificates(writer, keys);
    write_services(writer, "SingleLogoutService", endpoints.single_logout);
    for format in endpoints.name_id_formats {
        writer.leaf(md("NameIDFormat"), &[], format.uri());
    }
    write_services(writer, "SingleSignOnService", endpoints.single_sign_on);
    writer.close();
}

/// One address by both bindings.
fn write_services(writer: &mut CanonicalWriter, element: &'static str, address: &str) {
    for binding in [BINDING_POST, BINDING_REDIRECT] {
        let attributes = [(plain("Binding"), binding), (plain("Location"), address)];
        writer.leaf(md(element), &attributes, "");
    }
}

/// The certificate that signs now and the one that will sign next, for a role's descriptor.
pub fn write_certificates(writer: &mut CanonicalWriter, keys: &KeyRing) {
    for certificate in keys.published() {
        writer.open(md("KeyDescriptor"), &[(plain("use"), "signing")]);
        writer.open(ds("KeyInfo"), &[]);
        writer.open(ds("X509Data"), &[]);
        writer.leaf(ds("X509Certificate"), &[], certificate.base64());
        writer.close();
        writer.close();
        writer.close();
    }
}
