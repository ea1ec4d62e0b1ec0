//! Metadata of those we deal with (SAML metadata 2.0): a relying party's says where answers may go, an
//! identity provider's where it is asked and whose signature is its own; both, how long that may be
//! relied on.
//!
//! Metadata decides where assertions are sent and whose are believed, so it is read as strictly as a request: one
//! document, one entity by the name that is configured, one role, and from a signed document only
//! what was signed. What is there and not understood is passed over where it promises something
//! (other bindings, other kinds of keys), and refused where it restricts or contradicts.

mod identity_provider;
mod keys;
mod relying_party;
mod validity;

#[cfg(test)]
mod tests;

pub use identity_provider::IdentityProviderMetadata;
pub use keys::{EncryptionKey, NoCommonAlgorithm};
pub use relying_party::RelyingPartyMetadata;
pub use validity::Validity;

use time::OffsetDateTime;

use crate::{
    keys::VerifyingKey,
    xml::{
        Element, Limits, ReadError, SignatureError, SignaturePolicy, StructureError,
        VerifiedElement, read_commented, verify_enveloped,
    },
};

use super::names::{METADATA, PROTOCOL};

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
pub enum EntityMetadataError {
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
    /// There is no role of an identity provider that speaks SAML 2.0.
    #[error("the entity is no identity provider of SAML 2.0")]
    NotIdentityProvider,
    /// No `SingleSignOnService` is asked by HTTP-Redirect.
    #[error("the entity names no SingleSignOnService for HTTP-Redirect")]
    NoSingleSignOn,
    /// No `AssertionConsumerService` takes answers by HTTP-POST.
    #[error("the entity names no AssertionConsumerService for HTTP-POST")]
    NoConsumer,
    /// A part is missing, repeated or malformed.
    #[error("the metadata is malformed at {0}")]
    Malformed(&'static str),
}

impl From<StructureError> for EntityMetadataError {
    fn from(error: StructureError) -> Self {
        match error {
            StructureError::Repeated(part) | StructureError::Missing(part) => Self::Malformed(part),
        }
    }
}

use EntityMetadataError as Error;

/// What metadata says about one entity in one role.
pub trait EntityMetadata: Sized {
    /// Reads what a document says about `entity_id`, by itself or among others.
    ///
    /// Where a signer must vouch for it, the signature may be that of the entity or of any group
    /// around it; what was not signed is not read.
    ///
    /// # Errors
    /// [`EntityMetadataError`], for metadata that has expired by `now`, too.
    fn read(
        document: &[u8],
        entity_id: &str,
        trust: &MetadataTrust,
        now: OffsetDateTime,
    ) -> Result<Self, EntityMetadataError>;

    /// How long it may be relied on.
    fn validity(&self) -> Validity;

    /// The same, relied on for another time.
    #[must_use]
    fn with_validity(self, validity: Validity) -> Self;
}

/// An entity in a role, for whoever reads that role.
struct Described<'a> {
    entity_id: String,
    role: &'a Element,
    validity: Validity,
}

/// Finds the one role of an entity, verifies what must be, and has it read.
fn read<T>(
    (document, entity_id): (&[u8], &str),
    trust: &MetadataTrust,
    now: OffsetDateTime,
    (role, missing): (&'static str, Error),
    of: impl FnOnce(Described<'_>) -> Result<T, Error>,
) -> Result<T, Error> {
    let root = read_commented(document, &LIMITS)?;
    if !(root.is(METADATA, "EntityDescriptor") || root.is(METADATA, "EntitiesDescriptor")) {
        return Err(Error::NotMetadata);
    }
    let path = path_to(&root, entity_id)?;
    let vouched;
    let path = match trust {
        MetadataTrust::Source => path,
        MetadataTrust::Signer { keys, permit_sha1 } => {
            let keys: Vec<_> = keys.iter().collect();
            let policy = if *permit_sha1 {
                SignaturePolicy::SHA1_TOO
            } else {
                SignaturePolicy::SHA2
            };
            vouched = verified(&path, &keys, &policy)?;
            path_to(&vouched, entity_id)?
        }
    };
    let entity = path.last().ok_or(Error::NotMetadata)?;
    let role = the_role(entity, role, missing)?;
    let mut validity = Validity::default();
    // What those around it say of its validity counts, too.
    for element in path.iter().chain([&role]) {
        validity.narrow(element)?;
    }
    let metadata = of(Described {
        entity_id: entity_id.to_owned(),
        role,
        validity,
    })?;
    match validity.until {
        Some(end) if end <= now => Err(Error::Expired(end)),
        _ => Ok(metadata),
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

/// The one role of this kind that speaks SAML 2.0.
fn the_role<'a>(
    entity: &'a Element,
    name: &'static str,
    missing: Error,
) -> Result<&'a Element, Error> {
    let mut roles = children(entity, name).filter(|role| {
        role.attribute("protocolSupportEnumeration")
            .is_some_and(|list| list.split_ascii_whitespace().any(|one| one == PROTOCOL))
    });
    let role = roles.next().ok_or(missing)?;
    match roles.next() {
        None => Ok(role),
        Some(_) => Err(Error::Malformed(name)),
    }
}

/// The formats of names that a role lists.
fn name_id_formats(role: &Element) -> Result<Vec<String>, Error> {
    const NAME: &str = "NameIDFormat";
    let text = |element: &Element| {
        let text = element.text().map(|text| text.trim_ascii().to_owned());
        text.ok_or(Error::Malformed(NAME))
    };
    children(role, NAME).map(text).collect()
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
