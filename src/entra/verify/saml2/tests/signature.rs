use super::*;
use crate::entra::fixture::document::{saml, samlp};
use crate::{
    entra::{
        Authentication,
        fixture::{NEXT, STRANGER},
    },
    keys::{Certificate, create_signing_key},
};
use Aadsts::{
    AssertionNotPresent, AssertionNotValidNow, InvalidSamlToken, InvalidSignature,
    SigningKeyNotRegistered,
};

#[test]
fn both_registered_certificates_are_trusted() {
    accepted(|case| case.sign_with(&NEXT));
    let mut case = Case::new();
    case.sign_with(&NEXT);
    let checks = case.judge().checks;
    assert!(
        checks
            .iter()
            .any(|check| check.found.contains("nextSigningCertificate"))
    );
}

#[test]
fn the_key_in_the_message_is_never_trusted() {
    let refusal = refused(|case| case.sign_with(&STRANGER));
    assert_eq!(refusal.code, SigningKeyNotRegistered);
    assert!(refusal.detail.contains("CN=stranger"), "{}", refusal.detail);
}

#[test]
fn a_signature_of_nobody_named_is_just_bad() {
    let mut case = Case::new();
    case.sign_with(&STRANGER);
    // The stranger's signature under the registered certificate's name.
    let document = case.response.to_xml().replace(
        STRANGER.certificate().base64(),
        CURRENT.certificate().base64(),
    );
    assert_eq!(
        case.judge_document(&document).result.unwrap_err().code,
        InvalidSignature
    );
}

#[test]
fn key_info_may_be_missing_but_not_name_another() {
    let case = Case::new();
    let document = case.response.to_xml();
    let start = document.find("<ds:KeyInfo>").unwrap();
    let end = document.find("</ds:KeyInfo>").unwrap() + "</ds:KeyInfo>".len();
    let without = format!("{}{}", &document[..start], &document[end..]);
    assert!(case.judge_document(&without).result.is_ok());
    let other = document.replace(
        CURRENT.certificate().base64(),
        STRANGER.certificate().base64(),
    );
    let refusal = case.judge_document(&other).result.unwrap_err();
    assert_eq!(refusal.code, SigningKeyNotRegistered);
}

#[test]
fn the_assertion_itself_is_signed() {
    let unsigned = refused(|case| case.assertion().signer = None);
    assert_eq!(unsigned.code, AssertionNotPresent);
    let response_only = refused(|case| {
        case.assertion().signer = None;
        case.response.signer = Some(&CURRENT);
    });
    assert_eq!(response_only.code, AssertionNotPresent);
}

#[test]
fn a_signed_response_besides_is_checked_too() {
    accepted(|case| case.response.signer = Some(&CURRENT));
    let refusal = refused(|case| case.response.signer = Some(&STRANGER));
    assert_eq!(refusal.code, SigningKeyNotRegistered);
    let mut case = Case::new();
    case.response.signer = Some(&CURRENT);
    let altered = case
        .response
        .to_xml()
        .replace("<samlp:Status>", "<samlp:Status> ");
    let refusal = case.judge_document(&altered).result.unwrap_err();
    assert!(
        refusal.detail.contains("Response: the content was altered"),
        "{}",
        refusal.detail
    );
    let document = case.response.to_xml().replace("ID=\"_r\"", "ID=\"_s\"");
    assert_eq!(
        case.judge_document(&document).result.unwrap_err().code,
        InvalidSamlToken
    );
}

#[test]
fn the_issuers_own_certificate_is_asked_for() {
    // vendors.example has the same signingCertificate but no next one.
    let refusal = refused(|case| {
        case.sign_with(&NEXT);
        fixture::OTHER_ISSUER.clone_into(&mut case.assertion().at("Issuer").text);
    });
    assert_eq!(refusal.code, SigningKeyNotRegistered);
}

#[test]
fn algorithms_and_transforms_are_the_known_ones() {
    let sha256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
    let digest = "http://www.w3.org/2001/04/xmlenc#sha256";
    let enveloped = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
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
            sha256,
            "http://www.w3.org/2000/09/xmldsig#hmac-sha1",
            "Sign with rsa-sha256",
        ),
        (
            sha256,
            "https://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
            "Sign with rsa-sha256",
        ),
        (
            digest,
            "http://www.w3.org/2000/09/xmldsig#sha1",
            "digest with sha256",
        ),
        (
            enveloped,
            "http://www.w3.org/TR/1999/REC-xpath-19991116",
            "transforms",
        ),
        ("URI=\"#_a\"", "URI=\"\"", "does not cover"),
        ("URI=\"#_a\"", "URI=\"#_r\"", "does not cover"),
    ];
    for (from, to, said) in table {
        let case = Case::new();
        let document = case.response.to_xml();
        let changed = document.replace(from, to);
        assert_ne!(changed, document, "{from} is not there");
        let refusal = case.judge_document(&changed).result.unwrap_err();
        assert_eq!(refusal.code, InvalidSamlToken, "{to}");
        assert!(refusal.detail.contains(said), "{to}: {}", refusal.detail);
    }
}

#[test]
fn sha1_is_accepted_where_the_switch_says_so() {
    let golden = include_str!("golden_sha1_response.xml").trim_end();
    let from = golden.find("<ds:X509Certificate>").unwrap() + "<ds:X509Certificate>".len();
    let to = golden.find("</ds:X509Certificate>").unwrap();
    let certificate = Certificate::from_base64(&golden[from..to]).unwrap();
    let mut case = Case::at(OffsetDateTime::from_unix_timestamp(1_800_000_000).unwrap());
    let federation = fixture::federated(
        "partners.contoso.com",
        fixture::federation(ISSUER, &certificate),
    );
    assert!(matches!(
        federation.authentication,
        Authentication::Federated(_)
    ));
    let users = vec![fixture::user(
        "wmoran@partners.contoso.com",
        Some("wmoran@fabrikam.com"),
        Some(fixture::WENDYS_ANCHOR),
    )];
    let name = fixture::domain("contoso.onmicrosoft.com");
    case.tenant = Tenant::new(name, vec![federation], users).unwrap();
    let refusal = case.judge_document(golden).result.unwrap_err();
    assert!(
        refusal.detail.contains("set not to be accepted"),
        "{}",
        refusal.detail
    );
    case.expectations.accept_sha1 = true;
    let verdict = case.judge_document(golden);
    assert!(verdict.result.is_ok(), "{:?}", verdict.result);
    // No other algorithm is, and nobody is told that it was this one.
    let hmac = golden.replace("#rsa-sha1", "#hmac-sha1");
    assert_ne!(hmac, golden);
    let refusal = case.judge_document(&hmac).result.unwrap_err();
    let detail = refusal.detail;
    assert!(detail.contains("Sign with rsa-sha256"), "{detail}");
    assert!(!detail.contains("set not to be"), "{detail}");
}

#[test]
fn an_expired_certificate_signs_nobody_in() {
    let case = Case::at(case_time() + Duration::days(31));
    let refusal = case.judge().result.unwrap_err();
    assert_eq!(refusal.code, AssertionNotValidNow);
    assert!(
        refusal.detail.contains("signingCertificate"),
        "{}",
        refusal.detail
    );
    let early = Case::at(case_time() - Duration::days(1));
    assert_eq!(early.judge().result.unwrap_err().code, AssertionNotValidNow);
}

/// Each certificate by its own dates: the one that has expired takes nothing away from the other.
#[test]
fn the_next_certificate_outlives_the_one_before() {
    let short = create_signing_key("short", 1).unwrap().signer;
    let replace = |next: &Certificate, case: &mut Case| {
        let mut parts = case.tenant.parts();
        for domain in &mut parts.domains {
            if let Authentication::Federated(federation) = &mut domain.authentication {
                federation.signing_certificate = short.certificate().clone();
                federation.next_signing_certificate = Some(next.clone());
            }
        }
        case.tenant = Tenant::build(parts).unwrap();
    };
    let mut case = Case::at(case_time() + Duration::days(2));
    replace(NEXT.certificate(), &mut case);
    case.sign_with(&NEXT);
    assert!(case.judge().result.is_ok());
    let mut case = Case::at(case_time() + Duration::days(31));
    replace(NEXT.certificate(), &mut case);
    case.sign_with(&NEXT);
    let refusal = case.judge().result.unwrap_err();
    assert_eq!(refusal.code, AssertionNotValidNow);
    let said = "nextSigningCertificate is valid from";
    assert!(refusal.detail.contains(said), "{}", refusal.detail);
}

fn case_time() -> OffsetDateTime {
    Case::new().now
}

#[test]
fn a_signature_elsewhere_is_refused() {
    let mut case = Case::new();
    let extensions = samlp("Extensions").holding([saml("Advice")]);
    case.response.children.insert(1, extensions);
    assert!(case.judge().result.is_ok());
    let signed = case.response.to_xml();
    let start = signed.find("<ds:Signature ").unwrap();
    let end = signed.find("</ds:Signature>").unwrap() + "</ds:Signature>".len();
    let copied = signed.replace(
        "<saml:Advice xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\">",
        &format!(
            "<saml:Advice xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\">{}",
            &signed[start..end]
        ),
    );
    assert_ne!(copied, signed);
    let refusal = case.judge_document(&copied).result.unwrap_err();
    assert_eq!(refusal.code, InvalidSamlToken);
    assert!(refusal.detail.contains("elsewhere"), "{}", refusal.detail);
}

/// Every character of the assertion, its signature and the certificate named there included.
///
/// White space stays what it is: between attributes canonical form makes all of it one blank, so
/// that a line break there changes nothing that is signed or read.
#[test]
fn no_character_of_the_assertion_can_be_changed() {
    let case = Case::new();
    let document = case.response.to_xml();
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
