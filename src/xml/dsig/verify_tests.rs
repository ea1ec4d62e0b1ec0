use super::*;
use crate::{
    keys::create_signing_key,
    xml::{
        C14nError, CanonicalWriter, Fault, Name,
        samples::{SAML, SIGNER, authn_request, canonical, key, parsed, response},
    },
};

fn check(text: &str) -> Result<VerifiedElement, SignatureError> {
    verify_enveloped(&parsed(text), &[key()], &SignaturePolicy::SHA2)
}

#[test]
fn what_is_handed_out_is_the_element_without_its_signature() {
    let verified = check(&authn_request()).unwrap();
    assert_eq!(verified.attribute("ID"), Some("_request"));
    assert_eq!(verified.elements().count(), 2);
    assert_eq!(verified.algorithm(), SignatureAlgorithm::RsaSha256);
    assert!(!canonical(&verified).contains("Signature"));
}

#[test]
fn signatures_inside_each_other_hold_each_by_itself() {
    let verified = check(&response(true, true)).unwrap();
    let assertion = verified.only_child(SAML, "Assertion").unwrap().unwrap();
    let assertion = verify_enveloped(assertion, &[key()], &SignaturePolicy::SHA2).unwrap();
    assert_eq!(assertion.attribute("ID"), Some("_assertion"));
}

#[test]
fn a_saml_1_assertion_is_known_by_its_assertion_id() {
    const SAML1: &str = "urn:oasis:names:tc:SAML:1.0:assertion";
    for (id, expected) in [
        ("AssertionID", None),
        ("ID", Some(SignatureError::Reference)),
    ] {
        let mut w = CanonicalWriter::new();
        w.open_signed(Name::new("saml", SAML1, "Assertion"), id, "_1", &[]);
        w.leaf(Name::new("saml", SAML1, "Conditions"), &[], "");
        w.signature_here();
        w.close_signed(&SIGNER);
        assert_eq!(check(&w.finish().unwrap()).err(), expected);
    }
}

#[test]
fn other_vocabularies_have_the_identifier_that_the_policy_says() {
    let mut w = CanonicalWriter::new();
    w.open_signed(Name::new("x", "urn:x", "x"), "Id", "_1", &[]);
    w.signature_here();
    w.close_signed(&SIGNER);
    let text = w.finish().unwrap();
    assert_eq!(check(&text).unwrap_err(), SignatureError::Reference);
    let policy = SignaturePolicy {
        id_attribute: "Id",
        ..SignaturePolicy::SHA2
    };
    assert!(verify_enveloped(&parsed(&text), &[key()], &policy).is_ok());
}

#[test]
fn each_key_given_is_tried_and_no_other() {
    let root = parsed(&authn_request());
    let other = create_signing_key("other", 1).unwrap().signer;
    let other = other.certificate().public_key();
    let verify = |keys: &[&VerifyingKey]| verify_enveloped(&root, keys, &SignaturePolicy::SHA2);
    assert!(verify(&[other, key()]).is_ok());
    // The certificate in the message is the right one for it, and not asked.
    assert_eq!(verify(&[other]).unwrap_err(), SignatureError::NoKeyFits);
    assert_eq!(verify(&[]).unwrap_err(), SignatureError::NoKeyFits);
}

#[allow(clippy::too_many_lines)] // one table, a line or two for each case
/// Each is refused before anything is computed, for what it says.
#[test]
fn a_signature_of_another_form_is_refused_by_the_part_that_differs() {
    use SignatureError as E;
    let text = authn_request();
    let signature = {
        let start = text.find("<ds:Signature ").unwrap();
        let tail = "</ds:Signature>";
        text[start..text.find(tail).unwrap() + tail.len()].to_owned()
    };
    let reference = {
        let start = text.find("<ds:Reference ").unwrap();
        let tail = "</ds:Reference>";
        text[start..text.find(tail).unwrap() + tail.len()].to_owned()
    };
    let envelope = "<ds:Transform \
                    Algorithm=\"http://www.w3.org/2000/09/xmldsig#enveloped-signature\">\
                    </ds:Transform>";
    let c14n = "http://www.w3.org/2001/10/xml-exc-c14n#";
    let c14n_last = format!("<ds:Transform Algorithm=\"{c14n}\"></ds:Transform>");
    let method = format!("<ds:CanonicalizationMethod Algorithm=\"{c14n}\">");
    let list =
        |list: &str| format!("<e:InclusiveNamespaces xmlns:e=\"{c14n}\" PrefixList=\"{list}\"/>");
    let twice = |part: &str| format!("{part}{part}");
    let cases: Vec<(&str, String, SignatureError)> = vec![
        (&signature, String::new(), E::Missing),
        (&signature, format!("<x>{signature}</x>"), E::Missing),
        (&signature, twice(&signature), E::Malformed("Signature")),
        (
            "<ds:Signature ",
            "<ds:Signature x='1' ".into(),
            E::Malformed("Signature"),
        ),
        (
            "<ds:SignedInfo>",
            "x<ds:SignedInfo>".into(),
            E::Malformed("Signature"),
        ),
        (
            "</ds:Signature>",
            "<ds:Object/></ds:Signature>".into(),
            E::Malformed("Signature"),
        ),
        (
            "</ds:Signature>",
            "<ds:KeyInfo/></ds:Signature>".into(),
            E::Malformed("Signature"),
        ),
        (
            "</ds:SignedInfo>",
            "</ds:SignedInfo><ds:SignedInfo/>".into(),
            E::Malformed("SignatureValue"),
        ),
        (
            "<ds:SignatureValue>",
            "<ds:SignatureValue><x/>".into(),
            E::Malformed("base64"),
        ),
        (
            "<ds:SignatureValue>",
            "<ds:SignatureValue>!".into(),
            E::Malformed("base64"),
        ),
        (
            "<ds:SignatureValue>",
            "<ds:SignatureValue>A".into(),
            E::Malformed("base64"),
        ),
        (
            "<ds:SignatureValue>",
            "<ds:SignatureValue>\u{A0}".into(),
            E::Malformed("base64"),
        ),
        (
            "</ds:SignedInfo>",
            "y</ds:SignedInfo>".into(),
            E::Malformed("SignedInfo"),
        ),
        (&reference, twice(&reference), E::Malformed("SignedInfo")),
        (&reference, String::new(), E::Malformed("Reference")),
        (
            "<ds:Reference ",
            "<ds:Reference Type='urn:x' ".into(),
            E::Malformed("Reference"),
        ),
        (
            "</ds:Reference>",
            "<ds:DigestValue/></ds:Reference>".into(),
            E::Malformed("Reference"),
        ),
        (
            "<ds:DigestValue>",
            "<ds:DigestValue/><ds:DigestValue>".into(),
            E::Malformed("Reference"),
        ),
        (
            "</ds:DigestValue>",
            "=</ds:DigestValue>".into(),
            E::Malformed("base64"),
        ),
        (envelope, String::new(), E::Transforms),
        (envelope, c14n_last.clone(), E::Transforms),
        (envelope, twice(envelope), E::Transforms),
        (&c14n_last, String::new(), E::Malformed("Transform")),
        (&c14n_last, twice(&c14n_last), E::Malformed("Transforms")),
        (
            &c14n_last,
            c14n_last.replace("n#", "n#WithComments"),
            E::Transforms,
        ),
        (
            &c14n_last,
            c14n_last.replace(c14n, "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"),
            E::Transforms,
        ),
        (
            &c14n_last,
            c14n_last.replace("></", "><x/></"),
            E::Transforms,
        ),
        (&c14n_last, c14n_last.replace("></", ">x</"), E::Transforms),
        (
            &c14n_last,
            c14n_last.replace("></", &format!(">{0}{0}</", list("a"))),
            E::Transforms,
        ),
        (
            &c14n_last,
            c14n_last.replace("></", &format!(">{}</", list("a:b"))),
            C14nError::PrefixList.into(),
        ),
        (
            &method,
            method.replace("n#", "n#WithComments"),
            E::Transforms,
        ),
        (&method, format!("{method}<x/>"), E::Transforms),
        (
            "more#rsa-sha256\">",
            "more#rsa-sha256\"><ds:HMACOutputLength>8</ds:HMACOutputLength>".into(),
            E::Malformed("Algorithm"),
        ),
        (
            "more#rsa-sha256",
            "more#hmac-sha256".into(),
            E::SignatureAlgorithm,
        ),
        (
            "2001/04/xmldsig-more#rsa-sha256",
            "2000/09/xmldsig#rsa-sha1".into(),
            E::SignatureAlgorithm,
        ),
        (
            "2001/04/xmldsig-more#rsa-sha256",
            "2000/09/xmldsig#hmac-sha1".into(),
            E::SignatureAlgorithm,
        ),
        (
            "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
            "https://www.w3.org/2001/04/xmldsig-more#rsa-sha256".into(),
            E::SignatureAlgorithm,
        ),
        (
            "2001/04/xmlenc#sha256",
            "2000/09/xmldsig#sha1".into(),
            E::DigestAlgorithm,
        ),
        (
            "2001/04/xmlenc#sha256",
            "2001/04/xmldsig-more#md5".into(),
            E::DigestAlgorithm,
        ),
        ("URI=\"#_request\"", "URI=\"\"".into(), E::Reference),
        ("URI=\"#_request\"", "URI=\"#\"".into(), E::Reference),
        ("URI=\"#_request\"", String::new(), E::Reference),
        ("URI=\"#_request\"", "URI=\"_request\"".into(), E::Reference),
        (
            "URI=\"#_request\"",
            "URI=\"##_request\"".into(),
            E::Reference,
        ),
        ("URI=\"#_request\"", "URI=\"#_other\"".into(), E::Reference),
        (
            "URI=\"#_request\"",
            "URI=\"#xpointer(id('_request'))\"".into(),
            E::Reference,
        ),
        (
            "URI=\"#_request\"",
            "URI=\"http://x/#_request\"".into(),
            E::Reference,
        ),
        (" ID=\"_request\"", String::new(), E::Reference),
        (" ID=\"_request\"", " ID=\"\"".into(), E::Reference),
        (" ID=\"_request\"", " Id=\"_request\"".into(), E::Reference),
        ("more#rsa-sha256", "more#rsa-sha512".into(), E::NoKeyFits),
        (
            "2001/04/xmlenc#sha256",
            "2001/04/xmlenc#sha512".into(),
            E::NoKeyFits,
        ),
        (
            &c14n_last,
            c14n_last.replace("></", &format!(">{}</", list("a"))),
            E::NoKeyFits,
        ),
        (
            "<ds:SignedInfo>",
            "<ds:SignedInfo Id=\"x\">".into(),
            E::NoKeyFits,
        ),
        ("NameIDPolicy", "NameIDPolicies".into(), E::Altered),
        ("urn:f\"", "urn:g\"".into(), E::Altered),
        ("<saml:Issuer", "x<saml:Issuer".into(), E::Altered),
    ];
    for (from, to, expected) in cases {
        assert!(text.contains(from), "{from}");
        let error = check(&text.replace(from, &to)).unwrap_err();
        assert_eq!(error, expected, "{from} -> {to}");
    }
}

#[test]
fn what_a_signature_does_not_cover_may_change() {
    let text = authn_request();
    let fold = |value: &str| value.replace('=', " =\r\n");
    for (from, to) in [
        (
            "<ds:KeyInfo>",
            "<ds:KeyInfo><any xmlns=\"urn:any\">thing</any>".to_owned(),
        ),
        ("<ds:Signature ", "<ds:Signature Id=\"s\" ".to_owned()),
        (
            "<ds:SignatureValue>",
            "\n<ds:SignatureValue Id='v'> ".to_owned(),
        ),
        ("==</ds:SignatureValue>", fold("==</ds:SignatureValue>")),
    ] {
        assert!(text.contains(from), "{from}");
        assert!(check(&text.replace(from, &to)).is_ok(), "{from} -> {to}");
    }
}

#[test]
fn each_error_says_whose_it_is() {
    assert_eq!(SignatureError::Missing.fault(), Fault::Sender);
    assert_eq!(SignatureError::NoKeyFits.fault(), Fault::Agreement);
    assert_eq!(SignatureError::Altered.fault(), Fault::Message);
}
