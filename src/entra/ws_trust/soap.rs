//! Namespaces of the envelope, and how children are looked for in it.

use crate::xml::Element;

pub(super) const SOAP: &str = "http://www.w3.org/2003/05/soap-envelope";
pub(super) const WSA: &str = "http://www.w3.org/2005/08/addressing";
pub(super) const WSSE: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";
pub(super) const WSU: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";
pub(super) const WSP: &str = "http://schemas.xmlsoap.org/ws/2004/09/policy";

/// The text of the one child of this name; `None` when there is none, or several, or no text.
pub(super) fn only_text<'d>(
    parent: &'d Element,
    namespace: &str,
    local: &'static str,
) -> Option<&'d str> {
    parent
        .only_child(namespace, local)
        .ok()
        .flatten()
        .and_then(Element::text)
}
