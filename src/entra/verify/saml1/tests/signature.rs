use super::*;
use crate::entra::fixture::{NEXT, STRANGER, document::Place, saml1::trust};
use Aadsts::{
    AssertionNotPresent, AssertionNotValidNow, InvalidSamlToken, SigningKeyNotRegistered,
};

#[test]
fn both_registered_certificates_are_trusted() {
    let mut case = Case::new();
    case.sign_with(&NEXT);
    let verdict = case.judge();
    assert!(verdict.result.is_ok());
    let which =
        |check: &crate::entra::verify::Check| check.found.contains("nextSigningCertificate");
    assert!(verdict.checks.iter().any(which));
}

#[test]
fn the_key_in_the_message_is_never_trusted() {
    let stranger = |case: &mut Case| case.sign_with(&STRANGER);
    refused_with(SigningKeyNotRegistered, stranger, "CN=stranger");
    // vendors.example has the same signingCertificate but no next one.
    let of_another_domain = |case: &mut Case| {
        case.sign_with(&NEXT);
        case.assertion().set("Issuer", fixture::OTHER_ISSUER);
    };
    refused_with(SigningKeyNotRegistered, of_another_domain, "CN=next");
}

#[test]
fn the_assertion_is_signed_and_the_signature_is_its_last_child() {
    let unsigned = |case: &mut Case| case.assertion().signer = None;
    refused_with(AssertionNotPresent, unsigned, "not signed");
    let as_in_saml2 = |it: &mut Node| it.signature_is = Place::Second;
    misconfigured(as_in_saml2, "not the Assertion's last child");
}

#[test]
fn a_signature_refers_to_the_assertion_by_its_own_identifier() {
    let case = Case::new();
    let document = case.answer.to_xml();
    for (from, to, code) in [
        ("URI=\"#_a\"", "URI=\"\"", InvalidSamlToken),
        ("URI=\"#_a\"", "URI=\"#_b\"", InvalidSamlToken),
        ("AssertionID=\"_a\"", "ID=\"_a\"", InvalidSamlToken),
        ("AssertionID=\"_a\"", "", InvalidSamlToken),
    ] {
        let changed = document.replace(from, to);
        assert_ne!(changed, document, "{from} is not there");
        let refusal = case.judge_document(&changed).result.unwrap_err();
        assert_eq!(refusal.code, code, "{to}: {}", refusal.detail);
        assert!(
            refusal.detail.contains("does not cover"),
            "{to}: {}",
            refusal.detail
        );
    }
}

#[test]
fn algorithms_and_transforms_are_the_known_ones() {
    let sha256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
    let table = [
        (
            sha256,
            "http://www.w3.org/2000/09/xmldsig#rsa-sha1",
            "set not to be accepted",
        ),
        (
            sha256,
            "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512",
            "Sign with rsa-sha256",
        ),
        (
            "http://www.w3.org/2001/04/xmlenc#sha256",
            "http://www.w3.org/2000/09/xmldsig#sha1",
            "digest with sha256",
        ),
        (
            "http://www.w3.org/2000/09/xmldsig#enveloped-signature",
            "http://www.w3.org/TR/1999/REC-xpath-19991116",
            "transforms",
        ),
    ];
    for (from, to, said) in table {
        let case = Case::new();
        let document = case.answer.to_xml();
        let changed = document.replace(from, to);
        assert_ne!(changed, document, "{from} is not there");
        let refusal = case.judge_document(&changed).result.unwrap_err();
        assert_eq!(refusal.code, InvalidSamlToken, "{to}");
        assert!(refusal.detail.contains(said), "{to}: {}", refusal.detail);
    }
}

#[test]
fn an_expired_certificate_signs_nobody_in() {
    let now = Case::new().now;
    for at in [now + Duration::days(31), now - Duration::days(1)] {
        let refusal = Case::at(at).judge().result.unwrap_err();
        assert_eq!(refusal.code, AssertionNotValidNow);
        assert!(refusal.detail.contains("signingCertificate"));
    }
}

/// Every character of the assertion, its signature and the certificate named there included.
#[test]
fn no_character_of_the_assertion_can_be_changed() {
    let case = Case::new();
    let document = case.answer.to_xml();
    let start = document.find("<saml:Assertion").unwrap();
    let end = document.find("</saml:Assertion>").unwrap() + "</saml:Assertion>".len();
    assert!(case.judge_document(&document).result.is_ok());
    for place in start..end {
        let old = document.as_bytes()[place];
        for new in [b'x', b'/'] {
            if new == old {
                continue;
            }
            let mut changed = document.clone().into_bytes();
            changed[place] = new;
            let changed = String::from_utf8(changed).unwrap();
            let verdict = case.judge_document(&changed);
            let nearby = &changed[place.saturating_sub(30)..(place + 30).min(changed.len())];
            assert!(verdict.result.is_err(), "accepted at {place}: {nearby}");
        }
    }
}

/// An answer about somebody, to a request that anybody may answer.
fn about(who: &str) -> Case {
    let mut case = Case::new();
    case.request.whom = Whom::AnybodyOf {
        domain: fixture::domain("partners.contoso.com"),
        hinted: None,
    };
    let document = case.answer.to_xml();
    assert!(document.contains(fixture::WENDYS_ANCHOR));
    let assertion = case.assertion();
    for statement in ["AttributeStatement", "AuthenticationStatement"] {
        let name = assertion.at(statement).at("Subject/NameIdentifier");
        who.clone_into(&mut name.text);
    }
    for attribute in &mut assertion.at("AttributeStatement").children {
        if attribute.name.local == "Attribute" {
            let value = &mut attribute.at("AttributeValue").text;
            *value = if value.contains('@') {
                format!("{who}@partners.contoso.com")
            } else {
                who.to_owned()
            };
        }
    }
    case
}

/// Wrapping: the signed assertion stays whole, and a forged one stands where a careless reader
/// would look. Nothing else is wrong with it.
#[test]
fn a_signed_assertion_lends_its_signature_to_no_other() {
    for who in ["alexandra", "alex"] {
        let signed_in = about(who).judge().result.unwrap();
        assert_eq!(signed_in.immutable_id, who);
    }
    let mut case = about("alexandra");
    let document = case.answer.to_xml();
    let end_tag = "</saml:Assertion>";
    let cut = |document: &str| {
        let start = document.find("<saml:Assertion").unwrap();
        let end = document.find(end_tag).unwrap() + end_tag.len();
        document[start..end].to_owned()
    };
    let signed = cut(&document);
    let signature_start = signed.find("<ds:Signature ").unwrap();
    let signature = signed[signature_start..].strip_suffix(end_tag).unwrap();
    let bare = signed.replace(signature, "");

    case.assertion().signer = None;
    case.assertion().set("AssertionID", "_evil");
    let forged = cut(&case.answer.to_xml()).replace("alexandra", "alex");
    let with = |more: &str| forged.replace(end_tag, &format!("{more}{end_tag}"));
    let object = |inner: &str| {
        let end = "</ds:Signature>";
        signature.replace(end, &format!("<ds:Object>{inner}</ds:Object>{end}"))
    };
    let advised = |inner: &str| {
        let advice = format!("<saml:Advice>{inner}</saml:Advice><saml:AttributeStatement>");
        forged.replacen("<saml:AttributeStatement>", &advice, 1)
    };
    let wrapped = [
        // Beside each other, in both orders.
        format!("{signed}{forged}"),
        format!("{forged}{signed}"),
        // The forged one carries the signature, and the signed one inside it.
        with(&object(&signed)),
        with(&object(&bare)),
        advised(&bare).replace(end_tag, &format!("{signature}{end_tag}")),
        advised(&signed),
        // The forged one borrows the signature, and nothing else is there.
        with(signature),
        // A second token as the hiding place.
        format!("{forged}</t:RequestedSecurityToken><t:RequestedSecurityToken>{signed}"),
        format!(
            "{forged}</t:RequestedSecurityToken><t:RequestedProofToken>{signed}\
             </t:RequestedProofToken><t:RequestedSecurityToken>"
        ),
    ];
    for body in wrapped {
        let attack = document.replace(&signed, &body);
        assert_ne!(attack, document);
        let verdict = case.judge_document(&attack);
        assert!(verdict.result.is_err(), "{body}");
    }
}

#[test]
fn a_signature_elsewhere_is_refused() {
    let mut case = Case::new();
    let place = trust("RequestedProofToken").holding([trust("BinarySecret")]);
    case.answer.children.push(place);
    assert!(
        case.judge().result.is_ok(),
        "what is not known is passed over"
    );
    let document = case.answer.to_xml();
    let start = document.find("<ds:Signature ").unwrap();
    let end = document.find("</ds:Signature>").unwrap() + "</ds:Signature>".len();
    let copied = document.replace(
        "<t:BinarySecret>",
        &format!("<t:BinarySecret>{}", &document[start..end]),
    );
    assert_ne!(copied, document);
    let refusal = case.judge_document(&copied).result.unwrap_err();
    assert_eq!(refusal.code, InvalidSamlToken);
    assert!(refusal.detail.contains("elsewhere"), "{}", refusal.detail);
}
