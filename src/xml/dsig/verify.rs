//! Checking a signature, and handing out what it covers.

use std::ops::Deref;

use base64::{Engine, engine::general_purpose::STANDARD};

use super::{
    SignatureError,
    signature::{Signature, find},
};
use crate::{
    keys::{SignatureAlgorithm, VerifyingKey},
    xml::{
        algorithms::DigestAlgorithm,
        c14n::without_child,
        ids::id_attribute,
        tree::{Element, Node},
    },
};

/// Which algorithms a signature may use, and what it may refer to.
#[derive(Clone, Copy, Debug)]
pub struct SignaturePolicy {
    /// The signature algorithms permitted.
    pub algorithms: &'static [SignatureAlgorithm],
    /// The digest algorithms permitted.
    pub digests: &'static [DigestAlgorithm],
    /// The identifier attribute, in no namespace, of elements outside the SAML vocabularies. SAML
    /// says itself what its identifiers are.
    pub id_attribute: &'static str,
}

impl SignaturePolicy {
    /// RSA with SHA-256, SHA-384 or SHA-512.
    pub const SHA2: Self = Self {
        algorithms: &[
            SignatureAlgorithm::RsaSha256,
            SignatureAlgorithm::RsaSha384,
            SignatureAlgorithm::RsaSha512,
        ],
        digests: &[
            DigestAlgorithm::Sha256,
            DigestAlgorithm::Sha384,
            DigestAlgorithm::Sha512,
        ],
        id_attribute: "ID",
    };

    /// The same, and SHA-1: for the requests of a trust that cannot do better.
    pub const SHA1_TOO: Self = Self {
        algorithms: &[
            SignatureAlgorithm::RsaSha1,
            SignatureAlgorithm::RsaSha256,
            SignatureAlgorithm::RsaSha384,
            SignatureAlgorithm::RsaSha512,
        ],
        digests: &[
            DigestAlgorithm::Sha1,
            DigestAlgorithm::Sha256,
            DigestAlgorithm::Sha384,
            DigestAlgorithm::Sha512,
        ],
        id_attribute: "ID",
    };

    /// Whether `algorithm` is permitted, for signatures that are not XML, too.
    pub fn permits(&self, algorithm: SignatureAlgorithm) -> bool {
        self.algorithms.contains(&algorithm)
    }
}

impl Default for SignaturePolicy {
    fn default() -> Self {
        Self::SHA2
    }
}

/// An element whose signature was checked: a copy of exactly what was signed, without the
/// signature. Only [`verify_enveloped`] makes one.
///
/// Whoever asks for this type instead of [`Element`] cannot be given anything that was not signed.
#[derive(Clone, Debug)]
pub struct VerifiedElement {
    element: Element,
    algorithm: SignatureAlgorithm,
}

impl VerifiedElement {
    /// What was signed.
    pub fn element(&self) -> &Element {
        &self.element
    }

    /// What it was signed with, for the audit log.
    pub fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }
}

impl Deref for VerifiedElement {
    type Target = Element;

    fn deref(&self) -> &Element {
        &self.element
    }
}

/// Checks the one enveloped signature that is a child of `element` and covers it.
///
/// The signature must be of the form that SAML prescribes (core 2.0, 5.4) and hold with one of
/// `keys`; what it says about its key is not read.
///
/// # Errors
/// [`SignatureError`], in the order: is there a signature, is it of the one form, are its
/// algorithms permitted, does it refer to this element, does a key fit, is the content unaltered.
pub fn verify_enveloped(
    element: &Element,
    keys: &[&VerifyingKey],
    policy: &SignaturePolicy,
) -> Result<VerifiedElement, SignatureError> {
    let (index, signature) = find(element)?;
    let signature = Signature::parse(signature)?;

    let algorithm = signature
        .algorithm
        .filter(|&algorithm| policy.permits(algorithm));
    let algorithm = algorithm.ok_or(SignatureError::SignatureAlgorithm)?;
    let digest = signature
        .digest
        .filter(|digest| policy.digests.contains(digest));
    let digest = digest.ok_or(SignatureError::DigestAlgorithm)?;

    let id = element.attribute(id_attribute(element, policy.id_attribute));
    let reference = signature.reference.strip_prefix('#');
    if reference.is_none_or(str::is_empty) || reference != id {
        return Err(SignatureError::Reference);
    }

    let stated = decode(signature.digest_value)?;
    let value = decode(signature.value)?;
    let signed = without_child(signature.info, None, &signature.info_prefixes)?;
    keys.iter()
        .find(|key| key.verify(algorithm, signed.as_bytes(), &value).is_ok())
        .ok_or(SignatureError::NoKeyFits)?;

    let form = without_child(element, Some(index), &signature.content_prefixes)?;
    // Both are public, so the time that the comparison takes tells nothing.
    if digest.digest(form.as_bytes()).as_ref() != stated {
        return Err(SignatureError::Altered);
    }
    Ok(VerifiedElement {
        element: pruned(element, index),
        algorithm,
    })
}

/// Base64 with padding; white space is permitted, nothing else is (XML Signature 4.3).
fn decode(text: &str) -> Result<Vec<u8>, SignatureError> {
    let compact: String = text.split([' ', '\t', '\r', '\n']).collect();
    STANDARD
        .decode(compact)
        .map_err(|_| SignatureError::Malformed("base64"))
}

/// A copy of `element` without its child at `index`. Texts that become neighbours become one, as
/// they are in the canonical form.
fn pruned(element: &Element, index: usize) -> Element {
    let mut copy = element.without_content();
    for (at, child) in element.children.iter().enumerate() {
        match child {
            _ if at == index => {}
            Node::Element(child) => copy.children.push(Node::Element(child.clone())),
            Node::Text(more) => copy.push_text(|text| text.push_str(more)),
        }
    }
    copy
}

#[cfg(test)]
#[path = "verify_tests.rs"]
mod tests;
