//! The one form of `ds:Signature` that is understood. Whatever else XML Signature permits is
//! refused here, before anything is computed.

use super::SignatureError;
use crate::{
    keys::SignatureAlgorithm,
    xml::{
        algorithms::{DS, DigestAlgorithm, ENVELOPED, EXCLUSIVE_C14N, signature_algorithm},
        c14n::InclusivePrefixes,
        tree::{Element, Node},
    },
};

/// A signature taken apart, nothing of it checked yet.
pub(super) struct Signature<'a> {
    pub(super) info: &'a Element,
    pub(super) info_prefixes: InclusivePrefixes,
    /// `None` for an algorithm that is unknown here, HMAC for one.
    pub(super) algorithm: Option<SignatureAlgorithm>,
    /// The `URI` of the reference.
    pub(super) reference: &'a str,
    pub(super) content_prefixes: InclusivePrefixes,
    pub(super) digest: Option<DigestAlgorithm>,
    pub(super) digest_value: &'a str,
    pub(super) value: &'a str,
}

/// The one child of `element` that is a signature, with its index among the child nodes.
pub(super) fn find(element: &Element) -> Result<(usize, &Element), SignatureError> {
    let mut found = element
        .children
        .iter()
        .enumerate()
        .filter_map(|(index, node)| match node {
            Node::Element(child) if child.is(DS, "Signature") => Some((index, child)),
            _ => None,
        });
    let first = found.next().ok_or(SignatureError::Missing)?;
    if found.next().is_some() {
        return Err(SignatureError::Malformed("Signature"));
    }
    Ok(first)
}

impl<'a> Signature<'a> {
    pub(super) fn parse(signature: &'a Element) -> Result<Self, SignatureError> {
        let mut parts = Parts::of(signature, "Signature", &["Id"])?;
        let info = parts.next("SignedInfo")?;
        let value = parts.next("SignatureValue")?;
        // What it says about the key is not read: keys come from the configuration.
        let _ = parts.optional("KeyInfo");
        parts.end()?;

        let mut parts = Parts::of(info, "SignedInfo", &["Id"])?;
        let info_prefixes = exclusive(parts.next("CanonicalizationMethod")?)?;
        let algorithm = algorithm(parts.next("SignatureMethod")?)?;
        let reference = parts.next("Reference")?;
        parts.end()?;

        let mut parts = Parts::of(reference, "Reference", &["Id", "URI"])?;
        let transforms = parts.next("Transforms")?;
        let digest = self::algorithm(parts.next("DigestMethod")?)?;
        let digest_value = parts.next("DigestValue")?;
        parts.end()?;

        let mut parts = Parts::of(transforms, "Transforms", &[])?;
        if self::algorithm(parts.next("Transform")?)? != ENVELOPED {
            return Err(SignatureError::Transforms);
        }
        let content_prefixes = exclusive(parts.next("Transform")?)?;
        parts.end()?;

        Ok(Self {
            info,
            info_prefixes,
            algorithm: signature_algorithm(algorithm),
            reference: reference.attribute("URI").unwrap_or_default(),
            content_prefixes,
            digest: DigestAlgorithm::from_uri(digest),
            digest_value: leaf(digest_value, &[])?,
            value: leaf(value, &["Id"])?,
        })
    }
}

/// The children of an element, taken in the one permitted order.
struct Parts<'a> {
    rest: Vec<&'a Element>,
    parent: &'static str,
}

impl<'a> Parts<'a> {
    fn of(
        parent: &'a Element,
        name: &'static str,
        attributes: &[&str],
    ) -> Result<Self, SignatureError> {
        if !parent.has_element_content() || !has_only(parent, attributes) {
            return Err(SignatureError::Malformed(name));
        }
        let mut rest: Vec<_> = parent.elements().collect();
        rest.reverse();
        Ok(Self { rest, parent: name })
    }

    fn optional(&mut self, local: &'static str) -> Option<&'a Element> {
        let next = self
            .rest
            .last()
            .filter(|child| child.is(DS, local))
            .copied()?;
        self.rest.pop();
        Some(next)
    }

    fn next(&mut self, local: &'static str) -> Result<&'a Element, SignatureError> {
        self.optional(local).ok_or(SignatureError::Malformed(local))
    }

    fn end(self) -> Result<(), SignatureError> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(SignatureError::Malformed(self.parent))
        }
    }
}

fn has_only(element: &Element, attributes: &[&str]) -> bool {
    element
        .attributes()
        .all(|a| a.namespace().is_empty() && attributes.contains(&a.local_name()))
}

fn leaf<'a>(element: &'a Element, attributes: &[&str]) -> Result<&'a str, SignatureError> {
    element
        .text()
        .filter(|_| has_only(element, attributes))
        .ok_or(SignatureError::Malformed("base64"))
}

/// The URI of an algorithm without parameters: no `HMACOutputLength`, no `XPath`.
fn algorithm(element: &Element) -> Result<&str, SignatureError> {
    let bare = element.elements().next().is_none() && element.has_element_content();
    element
        .attribute("Algorithm")
        .filter(|_| bare && has_only(element, &["Algorithm"]))
        .ok_or(SignatureError::Malformed("Algorithm"))
}

/// Exclusive canonicalisation without comments and with at most a list of prefixes: the only kind
/// permitted (SAML core 2.0, 5.4.3).
fn exclusive(element: &Element) -> Result<InclusivePrefixes, SignatureError> {
    if element.attribute("Algorithm") != Some(EXCLUSIVE_C14N) {
        return Err(SignatureError::Transforms);
    }
    let mut children = element.elements();
    let list = match (children.next(), children.next()) {
        (None, _) => "",
        (Some(list), None)
            if list.is(EXCLUSIVE_C14N, "InclusiveNamespaces")
                && has_only(list, &["PrefixList"])
                && list.elements().next().is_none()
                && list.has_element_content() =>
        {
            list.attribute("PrefixList").unwrap_or_default()
        }
        _ => return Err(SignatureError::Transforms),
    };
    if !has_only(element, &["Algorithm"]) || !element.has_element_content() {
        return Err(SignatureError::Transforms);
    }
    Ok(InclusivePrefixes::parse(list)?)
}
