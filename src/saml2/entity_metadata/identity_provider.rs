use time::OffsetDateTime;

use crate::{keys::Certificate, saml2::names::BINDING_REDIRECT, xml::Element};

use super::{
    Described, EntityMetadata, Error, MetadataTrust, Validity, boolean, children, endpoint,
    keys::Keys, name_id_formats, read,
};

/// SAML's metadata about one identity provider (SAML metadata 2.4.3), as far as a service provider acts
/// on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentityProviderMetadata {
    /// `entityID`.
    pub entity_id: String,
    /// Where it is asked by HTTP-Redirect: the first such address.
    pub single_sign_on: String,
    /// What it signs with. Empty where it has no key that can be used here.
    pub signing: Vec<Certificate>,
    /// Keys that were passed over: no RSA of at least 2048 bits, or named without a certificate.
    pub unusable_keys: usize,
    /// The formats of `NameID` that it says to support; empty when it says nothing.
    pub name_id_formats: Vec<String>,
    /// `WantAuthnRequestsSigned`. Requests are signed anyway.
    pub want_authn_requests_signed: bool,
    /// How long it may be relied on.
    pub validity: Validity,
}

impl EntityMetadata for IdentityProviderMetadata {
    fn read(
        document: &[u8],
        entity_id: &str,
        trust: &MetadataTrust,
        now: OffsetDateTime,
    ) -> Result<Self, Error> {
        let role = ("IDPSSODescriptor", Error::NotIdentityProvider);
        read((document, entity_id), trust, now, role, Self::of)
    }

    fn validity(&self) -> Validity {
        self.validity
    }

    fn with_validity(self, validity: Validity) -> Self {
        Self { validity, ..self }
    }
}

impl IdentityProviderMetadata {
    fn of(described: Described<'_>) -> Result<Self, Error> {
        let role = described.role;
        let keys = Keys::read(role)?;
        Ok(Self {
            entity_id: described.entity_id,
            single_sign_on: single_sign_on(role)?,
            signing: keys.signing,
            unusable_keys: keys.unusable,
            name_id_formats: name_id_formats(role)?,
            want_authn_requests_signed: boolean(role, "WantAuthnRequestsSigned")?.unwrap_or(false),
            validity: described.validity,
        })
    }
}

fn single_sign_on(role: &Element) -> Result<String, Error> {
    const NAME: &str = "SingleSignOnService";
    let services: Vec<_> = children(role, NAME)
        .map(|service| endpoint(service, NAME))
        .collect::<Result<_, _>>()?;
    services
        .into_iter()
        .find(|(binding, _)| *binding == BINDING_REDIRECT)
        .map(|(_, location)| location)
        .ok_or(Error::NoSingleSignOn)
}
