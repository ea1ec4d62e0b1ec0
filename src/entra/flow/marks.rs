//! Which check reads which part of a message.
//!
//! It is for the eye: the judgement finds its values by itself. Elements count by namespace and place,
//! so that nothing is marked that only looks like what is read.

use super::document::Note;
use crate::xml::Element;

const SAMLP: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
const SAML: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
const SAML1: &str = "urn:oasis:names:tc:SAML:1.0:assertion";
const DS: &str = "http://www.w3.org/2000/09/xmldsig#";
const TRUST: &str = "http://schemas.xmlsoap.org/ws/2005/02/trust";
const ADDRESSING: &str = "http://www.w3.org/2005/08/addressing";

/// An element, its attribute or "" for its text, the check that reads it or "", and what it is.
type Row = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
);

/// What stands where in the messages, by namespace and local name of the element.
const ROWS: &[Row] = &[
    (
        SAMLP,
        "AuthnRequest",
        "ID",
        "",
        "comes back as InResponseTo",
    ),
    (SAMLP, "AuthnRequest", "Destination", "", "who is asked"),
    (
        SAMLP,
        "AuthnRequest",
        "ForceAuthn",
        "",
        "no session may answer",
    ),
    (
        SAMLP,
        "NameIDPolicy",
        "Format",
        "",
        "the NameID that is wanted",
    ),
    (
        SAMLP,
        "Response",
        "InResponseTo",
        "InResponseTo",
        "which request it answers",
    ),
    (SAMLP, "Response", "Destination", "Destination", "for whom"),
    (SAMLP, "StatusCode", "Value", "Status", "how it went"),
    (SAML, "NameID", "", "ImmutableID", "source anchor"),
    (SAML, "NameID", "Format", "NameID", "its kind"),
    (
        SAML,
        "SubjectConfirmation",
        "Method",
        "Subject confirmation",
        "who may bring it",
    ),
    (
        SAML,
        "SubjectConfirmationData",
        "Recipient",
        "Subject confirmation",
        "to whom",
    ),
    (
        SAML,
        "SubjectConfirmationData",
        "InResponseTo",
        "Subject confirmation",
        "for which request",
    ),
    (
        SAML,
        "SubjectConfirmationData",
        "NotOnOrAfter",
        "Subject confirmation",
        "until when",
    ),
    (SAML, "Conditions", "NotBefore", "Conditions", "from when"),
    (
        SAML,
        "Conditions",
        "NotOnOrAfter",
        "Conditions",
        "until when",
    ),
    (SAML, "Audience", "", "Conditions", "for whom"),
    (
        SAML,
        "AuthnStatement",
        "AuthnInstant",
        "AuthnStatement",
        "when the user proved it",
    ),
    (
        SAML,
        "AuthnStatement",
        "SessionNotOnOrAfter",
        "AuthnStatement",
        "the session's end",
    ),
    (
        SAML,
        "AuthnContextClassRef",
        "",
        "AuthnStatement",
        "how the user proved it",
    ),
    (SAML1, "Assertion", "Issuer", "Issuer", "who says so"),
    (
        SAML1,
        "NameIdentifier",
        "",
        "NameIdentifier",
        "source anchor",
    ),
    (
        SAML1,
        "ConfirmationMethod",
        "",
        "Subject",
        "who may bring it",
    ),
    (SAML1, "Conditions", "NotBefore", "Conditions", "from when"),
    (
        SAML1,
        "Conditions",
        "NotOnOrAfter",
        "Conditions",
        "until when",
    ),
    (SAML1, "Audience", "", "Conditions", "for whom"),
    (
        SAML1,
        "AuthenticationStatement",
        "AuthenticationInstant",
        "AuthenticationStatement",
        "when the user proved it",
    ),
    (
        SAML1,
        "AuthenticationStatement",
        "AuthenticationMethod",
        "AuthenticationStatement",
        "how the user proved it",
    ),
    (DS, "Reference", "URI", "Signature", "what is signed"),
    (DS, "SignatureMethod", "Algorithm", "Signature", "how"),
    (DS, "DigestMethod", "Algorithm", "Signature", "how"),
    (
        DS,
        "X509Certificate",
        "",
        "Signature",
        "by whom, if it is registered",
    ),
    (TRUST, "TokenType", "", "wresult", "what it carries"),
    (ADDRESSING, "Address", "", "wresult", "for whom"),
];

/// The attributes of an assertion that are read.
const CLAIMS: &[(&str, &str, &str)] = &[
    ("IDPEmail", "IDPEmail", "cloud UPN"),
    (
        "http://schemas.xmlsoap.org/claims/UPN",
        "IDPEmail",
        "cloud UPN",
    ),
    (
        "http://schemas.microsoft.com/LiveID/Federation/2008/05/ImmutableID",
        "IDPEmail",
        "source anchor",
    ),
    ("UPN", "UPN", "cloud UPN"),
    ("ImmutableID", "ImmutableID", "source anchor"),
];

/// What is read of an attribute of the last one of these elements, the root being the first.
pub(super) fn of_attribute(above: &[&Element], attribute: &str) -> Option<Note> {
    let element = above.last()?;
    let is = |row: &&Row| row.2 == attribute && element.is(row.0, row.1);
    ROWS.iter().find(is).map(note)
}

/// What is read of its text.
pub(super) fn of_text(above: &[&Element]) -> Option<Note> {
    let [rest @ .., element] = above else {
        return None;
    };
    let parent = rest.last();
    if element.is(SAML, "Issuer") {
        return Some(if parent.is_some_and(|it| it.is(SAMLP, "AuthnRequest")) {
            note_of("", "who asks")
        } else {
            note_of("Issuer", "who says so")
        });
    }
    if element.local_name() == "AttributeValue" {
        return of_claim(parent?);
    }
    let is = |row: &&Row| row.2.is_empty() && element.is(row.0, row.1);
    ROWS.iter().find(is).map(note)
}

fn of_claim(attribute: &Element) -> Option<Note> {
    let name = if attribute.is(SAML, "Attribute") {
        attribute.attribute("Name")
    } else if attribute.is(SAML1, "Attribute") {
        attribute.attribute("AttributeName")
    } else {
        None
    };
    let (_, check, says) = CLAIMS.iter().find(|(known, ..)| Some(*known) == name)?;
    Some(note_of(check, says))
}

fn note((_, _, _, check, says): &Row) -> Note {
    note_of(check, says)
}

fn note_of(check: &'static str, says: &str) -> Note {
    Note {
        check: (!check.is_empty()).then_some(check),
        says: says.to_owned(),
    }
}
