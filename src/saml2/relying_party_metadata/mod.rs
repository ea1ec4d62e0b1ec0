//! A relying party's metadata (SAML metadata 2.0): where answers may go, which keys it has, and how
//! long that may be relied on.
//!
//! Metadata decides where assertions are sent, so it is read as strictly as a request: one
//! document, one entity by the name that is configured, one role, and from a signed document only
//! what was signed. What is there and not understood is passed over where it promises something
//! (other bindings, other kinds of keys), and refused where it restricts or contradicts.

mod keys;
mod validity;

#[cfg(test)]
mod tests;

pub use keys::{EncryptionKey, NoCommonAlgorithm};
pub use validity::Validity;

use time::OffsetDateTime;

use crate::{
    keys::{Certificate, VerifyingKey},
    trust::{AssertionConsumerService, LogoutBinding, LogoutService},
    xml::{
        Element, Limits, ReadError, SignatureError, SignaturePolicy, StructureError,
        VerifiedElement, read_commented, verify_enveloped,
    },
};

use super::names::{BINDING_POST, BINDING_REDIRECT, METADATA, PROTOCOL};

/// How long a document may be, in octets: room for a small federation, not for eduGAIN, whose
/// entities are to be had one by one (SAML metadata query protocol).
pub const LARGEST_METADATA: usize = 2 * 1024 * 1024;

/// What holds a document to its [`LARGEST_METADATA`].
const LIMITS: Limits = Limits {
    bytes: LARGEST_METADATA,
    depth: 32,
    attributes: 64,
    elements: 64 * 1024,
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

/// Who vouches for metadata.
#[derive(Clone, Debug)]
pub enum MetadataTrust {
    /// The place it was taken from: nothing is verified.
    Source,
    /// Whoever holds one of these keys: unsigned metadata is refused.
    Signer {
        /// The keys, each of which may have signed.
        keys: Vec<VerifyingKey>,
        /// Whether rsa-sha1 is admitted: Entra signs its metadata so.
        permit_sha1: bool,
    },
}

/// Why metadata was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RelyingPartyMetadataError {
    /// It is no XML, or not of the kind that is read here.
    #[error(transparent)]
    Xml(#[from] ReadError),
    /// Its root is neither `EntityDescriptor` nor `EntitiesDescriptor`.
    #[error("this is no SAML metadata: the root element is another one")]
    NotMetadata,
    /// It says nothing about the entity.
    #[error("the metadata says nothing about the entity {0:?}")]
    NoEntity(String),
    /// It describes the entity twice.
    #[error("the metadata describes the entity {0:?} more than once")]
    RepeatedEntity(String),
    /// It is not signed as it must be.
    #[error("the metadata's signature is not accepted: {0}")]
    Signature(#[from] SignatureError),
    /// Its `validUntil` has passed.
    #[error("the metadata was valid until {}", super::format_timestamp(*.0))]
    Expired(OffsetDateTime),
    /// There is no role of a service provider that speaks SAML 2.0.
    #[error("the entity is no service provider of SAML 2.0")]
    NotServiceProvider,
    /// No `AssertionConsumerService` takes answers by HTTP-POST.
    #[error("the entity names no AssertionConsumerService for HTTP-POST")]
    NoConsumer,
    /// A part is missing, repeated or malformed.
    #[error("the metadata is malformed at {0}")]
    Malformed(&'static str),
}

impl From<StructureError> for RelyingPartyMetadataError {
    fn from(error: StructureError) -> Self {
        match error {
            StructureError::Repeated(part) | StructureError::Missing(part) => Self::Malformed(part),
        }
    }
}

use RelyingPartyMetadataError as Error;

impl RelyingPartyMetadata {
    /// Reads what a document says about `entity_id`, by itself or among others.
    ///
    /// Where a signer must vouch for it, the signature may be that of the entity or of any group
    /// around it; what was not signed is not read.
    ///
    /// # Errors
    /// [`RelyingPartyMetadataError`], for metadata that has expired by `now`, too.
    pub fn read(
        document: &[u8],
        entity_id: &str,
        trust: &MetadataTrust,
        now: OffsetDateTime,
    ) -> Result<Self, Error> {
        let root = read_commented(document, &LIMITS)?;
        if !(root.is(METADATA, "EntityDescriptor") || root.is(METADATA, "EntitiesDescriptor")) {
            return Err(Error::NotMetadata);
        }
        let path = path_to(&root, entity_id)?;
        let metadata = match trust {
            MetadataTrust::Source => Self::of(&path)?,
            MetadataTrust::Signer { keys, permit_sha1 } => {
                let keys: Vec<_> = keys.iter().collect();
                let policy = if *permit_sha1 {
                    SignaturePolicy::SHA1_TOO
                } else {
                    SignaturePolicy::SHA2
                };
                let verified = verified(&path, &keys, &policy)?;
                Self::of(&path_to(&verified, entity_id)?)?
            }
        };
        match metadata.validity.until {
            Some(end) if end <= now => Err(Error::Expired(end)),
            _ => Ok(metadata),
        }
    }

    /// Whether the two differ in their validity at most.
    pub fn says_the_same_as(&self, other: &Self) -> bool {
        let validity = other.validity;
        let like_other = Self {
            validity,
            ..self.clone()
        };
        like_other == *other
    }

    /// Reads the last element of a path, with what those around it say about its validity.
    fn of(path: &[&Element]) -> Result<Self, Error> {
        let entity = path.last().ok_or(Error::NotMetadata)?;
        let role = service_provider(entity)?;
        let mut validity = Validity::default();
        for element in path.iter().chain([&role]) {
            validity.narrow(element)?;
        }
        let (mut signing, mut encryption, mut unusable_keys) = (Vec::new(), Vec::new(), 0);
        for descriptor in children(role, "KeyDescriptor") {
            let key = keys::KeyDescriptor::read(descriptor)?;
            let Some(certificate) = key.certificate else {
                unusable_keys += 1;
                continue;
            };
            if key.signs {
                signing.push(certificate.clone());
            }
            if key.encrypts {
                encryption.push(EncryptionKey::new(certificate, key.methods));
            }
        }
        let text = |element: &Element| {
            let text = element.text().map(|text| text.trim_ascii().to_owned());
            text.ok_or(Error::Malformed("NameIDFormat"))
        };
        Ok(Self {
            entity_id: entity.attribute("entityID").unwrap_or_default().to_owned(),
            consumers: consumers(role)?,
            signing,
            encryption,
            unusable_keys,
            logout: children(role, "SingleLogoutService")
                .filter_map(|service| logout_service(service).transpose())
                .collect::<Result<_, _>>()?,
            name_id_formats: children(role, "NameIDFormat")
                .map(text)
                .collect::<Result<_, _>>()?,
            authn_requests_signed: boolean(role, "AuthnRequestsSigned")?.unwrap_or(false),
            want_assertions_signed: boolean(role, "WantAssertionsSigned")?.unwrap_or(false),
            validity,
        })
    }
}

/// The one entity of this name, with the groups around it, the outermost first.
fn path_to<'a>(root: &'a Element, entity_id: &str) -> Result<Vec<&'a Element>, Error> {
    fn search<'a>(
        element: &'a Element,
        entity_id: &str,
        around: &mut Vec<&'a Element>,
        found: &mut Vec<Vec<&'a Element>>,
    ) {
        around.push(element);
        if element.is(METADATA, "EntitiesDescriptor") {
            for child in element.elements() {
                search(child, entity_id, around, found);
            }
        } else if element.is(METADATA, "EntityDescriptor")
            && element.attribute("entityID") == Some(entity_id)
        {
            // Two are as many as need be known.
            if found.len() < 2 {
                found.push(around.clone());
            }
        }
        around.pop();
    }
    let mut found = Vec::new();
    search(root, entity_id, &mut Vec::new(), &mut found);
    let path = found.pop();
    if !found.is_empty() {
        return Err(Error::RepeatedEntity(entity_id.to_owned()));
    }
    path.ok_or_else(|| Error::NoEntity(entity_id.to_owned()))
}

/// The outermost element of a path that is signed by one of `keys`.
fn verified(
    path: &[&Element],
    keys: &[&VerifyingKey],
    policy: &SignaturePolicy,
) -> Result<VerifiedElement, SignatureError> {
    let mut problem = SignatureError::Missing;
    for element in path {
        match verify_enveloped(element, keys, policy) {
            Ok(verified) => return Ok(verified),
            // A signature that is not accepted tells more than one that is not there.
            Err(error) if problem == SignatureError::Missing => problem = error,
            Err(_) => {}
        }
    }
    Err(problem)
}

/// The one role of a service provider that speaks SAML 2.0.
fn service_provider(entity: &Element) -> Result<&Element, Error> {
    let mut roles = children(entity, "SPSSODescriptor").filter(|role| {
        role.attribute("protocolSupportEnumeration")
            .is_some_and(|list| list.split_ascii_whitespace().any(|one| one == PROTOCOL))
    });
    let role = roles.next().ok_or(Error::NotServiceProvider)?;
    match roles.next() {
        None => Ok(role),
        Some(_) => Err(Error::Malformed("SPSSODescriptor")),
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

/// `Binding` and `Location` (SAML metadata 2.2.2).
fn endpoint<'a>(element: &'a Element, name: &'static str) -> Result<(&'a str, String), Error> {
    let attribute = |local| {
        let value = element.attribute(local).map(str::trim_ascii);
        let value = value.filter(|value| !value.is_empty());
        value.ok_or(Error::Malformed(name))
    };
    Ok((attribute("Binding")?, attribute("Location")?.to_owned()))
}

fn children<'a>(parent: &'a Element, local: &'static str) -> impl Iterator<Item = &'a Element> {
    parent
        .elements()
        .filter(move |child| child.is(METADATA, local))
}

/// `xs:boolean`.
fn boolean(element: &Element, name: &'static str) -> Result<Option<bool>, Error> {
    match element.attribute(name).map(str::trim_ascii) {
        None => Ok(None),
        Some("true" | "1") => Ok(Some(true)),
        Some("false" | "0") => Ok(Some(false)),
        Some(_) => Err(Error::Malformed(name)),
    }
}
