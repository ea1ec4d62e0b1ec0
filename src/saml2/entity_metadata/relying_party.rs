use time::OffsetDateTime;

use crate::{
    keys::Certificate,
    saml2::names::{BINDING_POST, BINDING_REDIRECT},
    trust::{AssertionConsumerService, LogoutBinding, LogoutService},
    xml::Element,
};

use super::{
    Described, EncryptionKey, EntityMetadata, Error, MetadataTrust, Validity, boolean, children,
    endpoint, keys::Keys, name_id_formats, read,
};

/// SAML's metadata about one service provider, as far as this identity provider acts on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelyingPartyMetadata {
    /// `entityID`.
    pub entity_id: String,
    /// The addresses for answers by HTTP-POST, the default one first. Never empty.
    pub consumers: Vec<AssertionConsumerService>,
    /// What it signs its requests with.
    pub signing: Vec<Certificate>,
    /// What assertions may be encrypted to, in the order of the document.
    pub encryption: Vec<EncryptionKey>,
    /// Keys that were passed over: no RSA of at least 2048 bits, or named without a certificate.
    pub unusable_keys: usize,
    /// Where it wants to be told about sign-outs, by the two bindings that are spoken here.
    pub logout: Vec<LogoutService>,
    /// The formats of `NameID` that it says to support; empty when it says nothing.
    pub name_id_formats: Vec<String>,
    /// `AuthnRequestsSigned`: whether it signs all its requests.
    pub authn_requests_signed: bool,
    /// `WantAssertionsSigned`. Assertions are signed anyway.
    pub want_assertions_signed: bool,
    /// How long it may be relied on.
    pub validity: Validity,
}

impl EntityMetadata for RelyingPartyMetadata {
    fn read(
        document: &[u8],
        entity_id: &str,
        trust: &MetadataTrust,
        now: OffsetDateTime,
    ) -> Result<Self, Error> {
        let role = ("SPSSODescriptor", Error::NotServiceProvider);
        read((document, entity_id), trust, now, role, Self::of)
    }

    fn validity(&self) -> Validity {
        self.validity
    }

    fn with_validity(self, validity: Validity) -> Self {
        Self { validity, ..self }
    }
}

impl RelyingPartyMetadata {
    fn of(described: Described<'_>) -> Result<Self, Error> {
        let role = described.role;
        let keys = Keys::read(role)?;
        Ok(Self {
            entity_id: described.entity_id,
            consumers: consumers(role)?,
            signing: keys.signing,
            encryption: keys.encryption,
            unusable_keys: keys.unusable,
            logout: children(role, "SingleLogoutService")
                .filter_map(|service| logout_service(service).transpose())
                .collect::<Result<_, _>>()?,
            name_id_formats: name_id_formats(role)?,
            authn_requests_signed: boolean(role, "AuthnRequestsSigned")?.unwrap_or(false),
            want_assertions_signed: boolean(role, "WantAssertionsSigned")?.unwrap_or(false),
            validity: described.validity,
        })
    }
}

/// The addresses by HTTP-POST, the default one first: the first that says so, else the first that
/// does not deny it (SAML metadata 2.2.3).
fn consumers(role: &Element) -> Result<Vec<AssertionConsumerService>, Error> {
    const NAME: &str = "AssertionConsumerService";
    let mut found: Vec<(Option<bool>, AssertionConsumerService)> = Vec::new();
    for service in children(role, NAME) {
        let index = service.attribute("index").map(str::trim_ascii);
        let index = index
            .and_then(|index| index.parse().ok())
            .ok_or(Error::Malformed(NAME))?;
        if found.iter().any(|(_, other)| other.index == index) {
            return Err(Error::Malformed(NAME));
        }
        let is_default = boolean(service, "isDefault")?;
        let (binding, url) = endpoint(service, NAME)?;
        if binding == BINDING_POST {
            found.push((is_default, AssertionConsumerService { index, url }));
        }
    }
    let default = found
        .iter()
        .position(|(is_default, _)| *is_default == Some(true))
        .or_else(|| {
            found
                .iter()
                .position(|(is_default, _)| is_default.is_none())
        });
    let mut consumers: Vec<_> = found.into_iter().map(|(_, consumer)| consumer).collect();
    if let Some(front) = default.and_then(|at| consumers.get_mut(..=at)) {
        front.rotate_right(1);
    }
    if consumers.is_empty() {
        return Err(Error::NoConsumer);
    }
    Ok(consumers)
}

fn logout_service(service: &Element) -> Result<Option<LogoutService>, Error> {
    let (binding, location) = endpoint(service, "SingleLogoutService")?;
    let binding = match binding {
        BINDING_POST => LogoutBinding::Post,
        BINDING_REDIRECT => LogoutBinding::Redirect,
        _ => return Ok(None),
    };
    let elsewhere = service.attribute("ResponseLocation").map(str::trim_ascii);
    Ok(Some(LogoutService {
        binding,
        address: location,
        response_address: elsewhere.map(str::to_owned),
    }))
}
