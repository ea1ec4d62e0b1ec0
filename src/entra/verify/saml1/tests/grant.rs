//! The same assertion as an application brings it.

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD},
};

use super::*;

/// Where the assertion stands alone.
fn alone(case: &mut Case) -> String {
    case.assertion().to_xml()
}

fn judge(case: &Case, assertion: &str) -> Result<SignedIn, Refusal> {
    let nothing_pending = PendingRequests::new(8, Duration::minutes(10));
    case.verify(&nothing_pending, Answer::WsTrust { assertion })
        .result
}

fn judged(change: impl FnOnce(&mut Case)) -> Result<SignedIn, Refusal> {
    let mut case = Case::new();
    change(&mut case);
    let document = alone(&mut case);
    judge(&case, &URL_SAFE_NO_PAD.encode(document))
}

#[test]
fn an_assertion_signs_in_without_a_request() {
    let mut case = Case::new();
    let document = alone(&mut case);
    for assertion in [
        URL_SAFE_NO_PAD.encode(&document),
        URL_SAFE.encode(&document),
        STANDARD.encode(&document),
    ] {
        let signed_in = judge(&case, &assertion).unwrap();
        assert_eq!(signed_in.protocol, Protocol::WsTrust);
        assert_eq!(signed_in.immutable_id, fixture::WENDYS_ANCHOR);
    }
}

#[test]
fn what_is_not_base64_of_strict_xml_is_refused() {
    let mut case = Case::new();
    let document = alone(&mut case);
    let huge = "A".repeat(600_000);
    for bad in ["", "%%%", "PHg+PC95Pg==", &document, &huge] {
        let refusal = judge(&case, bad).unwrap_err();
        assert_eq!(refusal.code, Aadsts::InvalidXml, "{}", refusal.detail);
    }
    let refusal = judge(&case, &huge).unwrap_err();
    assert!(refusal.detail.contains("600000 characters"));
    // An assertion that took a namespace from the envelope does not stand alone.
    let inherited = document.replacen(
        " xmlns:saml=\"urn:oasis:names:tc:SAML:1.0:assertion\"",
        "",
        1,
    );
    assert_ne!(inherited, document);
    let refusal = judge(&case, &STANDARD.encode(inherited)).unwrap_err();
    assert_eq!(refusal.code, Aadsts::InvalidXml);
    assert!(refusal.detail.contains("alone"), "{}", refusal.detail);
}

#[test]
fn it_is_held_to_the_same() {
    type Change = fn(&mut Case);
    let table: [(Change, Aadsts); 6] = [
        (
            |case| case.sign_with(&fixture::STRANGER),
            Aadsts::SigningKeyNotRegistered,
        ),
        (
            |case| case.assertion().signer = None,
            Aadsts::AssertionNotPresent,
        ),
        (
            |case| case.assertion().set("Issuer", "https://nobody.example/"),
            Aadsts::UnknownRealm,
        ),
        (
            |case| drop(case.assertion().at("AttributeStatement").children.pop()),
            Aadsts::ImmutableIdMissing,
        ),
        (
            |case| {
                let audience = "Conditions/AudienceRestrictionCondition/Audience";
                case.assertion().at(audience).text.clear();
            },
            Aadsts::InvalidAssertion,
        ),
        (
            |case| case.tenant = fixture::contoso(),
            Aadsts::WsFederationNotSupported,
        ),
    ];
    for (change, code) in table {
        assert_eq!(judged(change).unwrap_err().code, code);
    }
    assert!(judged(|_| {}).is_ok());
}

#[test]
fn times_have_a_code_of_their_own() {
    let late = "2024-01-01T00:00:00Z";
    let expired = |case: &mut Case| {
        let conditions = case.assertion().at("Conditions");
        conditions.set("NotBefore", "2023-01-01T00:00:00Z");
        conditions.set("NotOnOrAfter", late);
    };
    let refusal = judged(expired).unwrap_err();
    assert_eq!(refusal.code, Aadsts::GrantNotValidNow);
    assert!(refusal.detail.contains("is past"), "{}", refusal.detail);
}

#[test]
fn nothing_hides_in_it() {
    let mut case = Case::new();
    let advice = saml1("Advice").holding([saml1("Assertion")]);
    case.assertion().children.insert(1, advice);
    let document = alone(&mut case);
    let refusal = judge(&case, &STANDARD.encode(&document)).unwrap_err();
    assert!(refusal.detail.contains("within the assertion"));

    let mut case = Case::new();
    case.assertion().children.insert(1, saml1("Advice"));
    let document = alone(&mut case);
    assert!(judge(&case, &STANDARD.encode(&document)).is_ok());
    let start = document.find("<ds:Signature ").unwrap();
    let end = document.find("</ds:Signature>").unwrap() + "</ds:Signature>".len();
    let copied = document.replace(
        "<saml:Advice>",
        &format!("<saml:Advice>{}", &document[start..end]),
    );
    assert_ne!(copied, document);
    let refusal = judge(&case, &STANDARD.encode(copied)).unwrap_err();
    assert!(refusal.detail.contains("elsewhere"), "{}", refusal.detail);
}
