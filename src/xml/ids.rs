//! Which attributes are identifiers.
//!
//! Without a DTD nothing in a document says so; each vocabulary does. This is the one place of
//! this room that names vocabularies.

use super::{scope::XML, tree::Element};

const SAML1_ASSERTION: &str = "urn:oasis:names:tc:SAML:1.0:assertion";
const SAML2: [&str; 3] = [
    "urn:oasis:names:tc:SAML:2.0:assertion",
    "urn:oasis:names:tc:SAML:2.0:protocol",
    "urn:oasis:names:tc:SAML:2.0:metadata",
];
const WS_SECURITY_UTILITY: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";

/// Whether any processor might take this attribute for an identifier.
///
/// Meant broadly: the reader refuses a value that occurs twice among these, since a signature
/// refers to an element by it.
pub(super) fn is_id(namespace: &str, local: &str) -> bool {
    match local {
        "ID" | "AssertionID" => namespace.is_empty(),
        "Id" => namespace.is_empty() || namespace == WS_SECURITY_UTILITY,
        "id" => namespace.is_empty() || namespace == XML,
        _ => false,
    }
}

/// The attribute, in no namespace, that a signature refers to `element` by; `other` for elements
/// of other vocabularies than SAML (core 1.1 5.4.2, core 2.0 5.4.2).
pub(super) fn id_attribute(element: &Element, other: &'static str) -> &'static str {
    match element.namespace() {
        SAML1_ASSERTION => "AssertionID",
        namespace if SAML2.contains(&namespace) => "ID",
        _ => other,
    }
}
