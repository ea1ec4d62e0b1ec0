//! Signed messages for the tests of this room.

use std::sync::LazyLock;

use super::{CanonicalWriter, Element, Limits, Name, exclusive_c14n, read};
use crate::keys::{Signer, VerifyingKey, create_signing_key};

pub(super) static SIGNER: LazyLock<Signer> =
    LazyLock::new(|| create_signing_key("Homerealm test", 1).unwrap().signer);

pub(super) fn key() -> &'static VerifyingKey {
    SIGNER.certificate().public_key()
}

pub(super) const SAML: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
pub(super) const SAMLP: &str = "urn:oasis:names:tc:SAML:2.0:protocol";

const fn saml(local: &'static str) -> Name {
    Name::new("saml", SAML, local)
}

const fn samlp(local: &'static str) -> Name {
    Name::new("samlp", SAMLP, local)
}

/// A Response around an Assertion, one of them signed, or both.
pub(super) fn response(response: bool, assertion: bool) -> String {
    let mut w = CanonicalWriter::new();
    let attributes = [(Name::plain("Version"), "2.0")];
    if response {
        w.open_signed(samlp("Response"), "ID", "_response", &attributes);
    } else {
        w.open(samlp("Response"), &[(Name::plain("ID"), "_response")]);
    }
    w.leaf(saml("Issuer"), &[], "https://idp.example/");
    if response {
        w.signature_here();
    }
    w.open(samlp("Status"), &[]);
    w.leaf(samlp("StatusCode"), &[(Name::plain("Value"), "urn:ok")], "");
    w.close();
    if assertion {
        w.open_signed(saml("Assertion"), "ID", "_assertion", &attributes);
    } else {
        w.open(saml("Assertion"), &[(Name::plain("ID"), "_assertion")]);
    }
    w.leaf(saml("Issuer"), &[], "https://idp.example/");
    if assertion {
        w.signature_here();
    }
    w.open(saml("Subject"), &[]);
    w.leaf(
        saml("NameID"),
        &[(Name::plain("Format"), "urn:f")],
        "wendy & <co>",
    );
    w.close();
    if assertion {
        w.close_signed(&SIGNER);
    } else {
        w.close();
    }
    if response {
        w.close_signed(&SIGNER);
    } else {
        w.close();
    }
    w.finish().unwrap()
}

pub(super) fn authn_request() -> String {
    let mut w = CanonicalWriter::new();
    let destination = [(Name::plain("Destination"), "https://idp.example/saml2/sso")];
    w.open_signed(samlp("AuthnRequest"), "ID", "_request", &destination);
    w.leaf(saml("Issuer"), &[], "urn:federation:MicrosoftOnline");
    w.signature_here();
    w.leaf(
        samlp("NameIDPolicy"),
        &[(Name::plain("Format"), "urn:f")],
        "",
    );
    w.close_signed(&SIGNER);
    w.finish().unwrap()
}

pub(super) fn parsed(text: &str) -> Element {
    read(text.as_bytes(), &Limits::default()).unwrap_or_else(|error| panic!("{error}: {text}"))
}

pub(super) fn canonical(element: &Element) -> String {
    exclusive_c14n(element, &super::InclusivePrefixes::default()).unwrap()
}

/// `element` and all elements in it.
pub(super) fn all(element: &Element) -> Vec<&Element> {
    let mut found = vec![element];
    found.extend(element.elements().flat_map(all));
    found
}
