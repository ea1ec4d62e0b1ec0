//! Assertions as they leave.

use time::OffsetDateTime;

use super::{names::ASSERTION, *};
use crate::{
    keys::{Signer, create_signing_key},
    xml::{self, CanonicalWriter, Limits, Name, SignaturePolicy},
};

const AROUND: Name = Name::new("t", "http://schemas.xmlsoap.org/ws/2005/02/trust", "Around");

fn claim_type(uri: &str) -> ClaimType<'_> {
    ClaimType::parse(uri).unwrap()
}

/// An assertion as it stands in an envelope.
fn enveloped(signer: &Signer, attributes: &[Attribute<'_>], issuer: &str) -> String {
    let now = OffsetDateTime::from_unix_timestamp(1_795_000_000).unwrap();
    let mut writer = CanonicalWriter::new();
    writer.open(AROUND, &[]);
    Assertion {
        id: "_a",
        issuer,
        issue_instant: now,
        name_identifier: "1TIu064jGEmmf+hnI+F0Jg==",
        name_identifier_format: NAME_IDENTIFIER_UNSPECIFIED,
        audience: "urn:federation:MicrosoftOnline",
        not_before: now - time::Duration::MINUTE,
        not_on_or_after: now + time::Duration::HOUR,
        attributes,
        authentication_method: AuthenticationMethod::Password,
        authentication_instant: now - time::Duration::SECOND,
    }
    .write_signed(&mut writer, signer);
    writer.close();
    writer.finish().unwrap()
}

fn cut_out(document: &str) -> &str {
    let start = document.find("<saml:Assertion").unwrap();
    let end = document.find("</t:Around>").unwrap();
    &document[start..end]
}

#[test]
fn the_assertion_is_the_golden_one() {
    let signer = create_signing_key("idp", 1).unwrap().signer;
    let document = enveloped(
        &signer,
        &[
            Attribute {
                claim_type: claim_type("http://schemas.xmlsoap.org/claims/UPN"),
                values: &["wmoran@partners.contoso.com".into()],
            },
            Attribute {
                claim_type: claim_type("http://schemas.xmlsoap.org/claims/Group"),
                values: &["one".into(), "two".into()],
            },
            Attribute {
                claim_type: claim_type("http://schemas.xmlsoap.org/claims/Nothing"),
                values: &[],
            },
        ],
        "https://idp.test/partners",
    );
    let (before, rest) = cut_out(&document).split_once("<ds:Signature").unwrap();
    let (_, after) = rest.split_once("</ds:Signature>").unwrap();
    assert_eq!(
        format!("{before}[signature]{after}"),
        include_str!("golden/assertion.xml").trim_end()
    );
}

/// Clients cut it out of the envelope, as text, and send it on.
#[test]
fn it_verifies_inside_the_envelope_and_cut_out_of_it() {
    let signer = create_signing_key("idp", 1).unwrap().signer;
    let key = signer.certificate().public_key();
    let verify = |element| xml::verify_enveloped(element, &[key], &SignaturePolicy::SHA2);
    let upn = "w&m<>\"@partners.contoso.com";
    let attributes = [Attribute {
        claim_type: claim_type("http://schemas.xmlsoap.org/claims/UPN"),
        values: &[upn.into()],
    }];
    let document = enveloped(&signer, &attributes, "https://idp.test/?a=1&b=\"2\"");
    let whole = xml::read(document.as_bytes(), &Limits::default()).unwrap();
    let inside = whole.only_child(ASSERTION, "Assertion").unwrap().unwrap();
    let alone = xml::read(cut_out(&document).as_bytes(), &Limits::default()).unwrap();
    for assertion in [inside, &alone] {
        let verified = verify(assertion).unwrap();
        let assertion = verified.element();
        assert_eq!(
            assertion.attribute("Issuer"),
            Some("https://idp.test/?a=1&b=\"2\"")
        );
        let value = assertion
            .only_child(ASSERTION, "AttributeStatement")
            .unwrap()
            .and_then(|statement| statement.only_child(ASSERTION, "Attribute").unwrap())
            .and_then(|attribute| attribute.elements().next())
            .and_then(|value| value.text().map(str::to_owned));
        assert_eq!(value.as_deref(), Some(upn));
    }
    let forged = document.replace("==</saml:NameIdentifier>", "=</saml:NameIdentifier>");
    assert_ne!(forged, document);
    let forged = xml::read(forged.as_bytes(), &Limits::default()).unwrap();
    let forged = forged.only_child(ASSERTION, "Assertion").unwrap().unwrap();
    assert!(verify(forged).is_err());
}

#[test]
fn the_signature_is_the_last_child() {
    let signer = create_signing_key("idp", 1).unwrap().signer;
    let document = enveloped(&signer, &[], "https://idp.test/partners");
    let alone = xml::read(cut_out(&document).as_bytes(), &Limits::default()).unwrap();
    let children: Vec<_> = alone.elements().map(xml::Element::local_name).collect();
    // Without attributes there is no statement about any: the schema wants one at least.
    assert_eq!(
        children,
        ["Conditions", "AuthenticationStatement", "Signature"]
    );
}

#[test]
fn an_id_that_no_reference_can_name_is_an_error() {
    let signer = create_signing_key("idp", 1).unwrap().signer;
    let now = OffsetDateTime::UNIX_EPOCH;
    let mut writer = CanonicalWriter::new();
    Assertion {
        id: "1-starts-with-a-digit",
        issuer: "i",
        issue_instant: now,
        name_identifier: "n",
        name_identifier_format: NAME_IDENTIFIER_UNSPECIFIED,
        audience: "a",
        not_before: now,
        not_on_or_after: now,
        attributes: &[],
        authentication_method: AuthenticationMethod::Password,
        authentication_instant: now,
    }
    .write_signed(&mut writer, &signer);
    assert!(writer.finish().is_err());
}
