//! Answers that are taken, and those that say no.

use super::*;

pub(super) fn signed(changes: &[(&str, &str)]) -> (String, Vec<VerifyingKey>) {
    let provider = TestIdentityProvider::new();
    let document = provider.sign(&answer(now(), changes), "_assertion");
    (document, vec![provider.key()])
}

#[test]
fn an_answer_that_is_signed_anywhere_is_read() {
    let provider = TestIdentityProvider::new();
    let keys = [TestIdentityProvider::new().key(), provider.key()];
    let plain = answer(now(), &[]);
    let assertion = provider.sign(&plain, "_assertion");
    for document in [
        provider.sign(&plain, "_answer"),
        provider.sign(&assertion, "_answer"),
        assertion,
    ] {
        let proven = judged(&document, &keys, &expected()).unwrap();
        assert_eq!(proven.assertion_id, "_assertion");
        assert_eq!(proven.replayable_until, now() + Duration::seconds(360));
        assert_eq!(proven.name_id.as_ref().unwrap().name, "wmoran@fabrikam.com");
        assert_eq!(proven.authn_instant, now() - Duration::seconds(30));
        assert_eq!(
            proven.authn_context.as_deref(),
            Some("urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport")
        );
        assert_eq!(proven.session_index.as_deref(), Some("_session"));
        assert_eq!(proven.session_until, None);
        let mail: Vec<_> = proven.values("urn:oid:0.9.2342.19200300.100.1.3").collect();
        assert_eq!(mail, ["wendy@fabrikam.com"]);
    }
}

#[test]
fn what_may_be_there_is_read_or_passed_over() {
    let session = "SessionIndex=\"_session\" SessionNotOnOrAfter=\"2026-11-18T12:00:00Z\"";
    let changes: &[(&str, &str)] = &[
        // The head of an unsigned Response may be bare.
        (&format!("Destination=\"{RECIPIENT}\" "), ""),
        ("SessionIndex=\"_session\"", session),
        (
            "<saml:Audience>",
            "<saml:Audience>https://other.test</saml:Audience><saml:Audience>",
        ),
        (
            "</saml:Conditions>",
            "<saml:OneTimeUse/><saml:ProxyRestriction Count=\"1\"/></saml:Conditions>",
        ),
        // One confirmation that is not for us, and one that is no bearer's.
        (
            "<saml:SubjectConfirmation ",
            "<saml:SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:sender-vouches\"/>\
             <saml:SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\">\
             <saml:SubjectConfirmationData InResponseTo=\"_other\"/></saml:SubjectConfirmation>\
             <saml:SubjectConfirmation ",
        ),
        (
            "</saml:Attribute>",
            "<saml:AttributeValue/><saml:AttributeValue> two </saml:AttributeValue>\
             <saml:AttributeValue><saml:NameID>inside</saml:NameID></saml:AttributeValue>\
             </saml:Attribute>",
        ),
    ];
    let (document, keys) = signed(changes);
    let proven = judged(&document, &keys, &expected()).unwrap();
    assert_eq!(
        proven.session_until.unwrap().unix_timestamp(),
        1_795_003_200
    );
    let mail: Vec<_> = proven.values("urn:oid:0.9.2342.19200300.100.1.3").collect();
    assert_eq!(mail, ["wendy@fabrikam.com", "two"]);

    let nameless = "<saml:NameID Format=\"urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress\">\
        wmoran@fabrikam.com</saml:NameID>";
    let (document, keys) = signed(&[(nameless, "")]);
    assert!(
        judged(&document, &keys, &expected())
            .unwrap()
            .name_id
            .is_none()
    );
}

#[test]
fn a_refusal_tells_what_it_is_about() {
    for (code, no_context, failed) in [
        ("NoAuthnContext", true, false),
        ("AuthnFailed", false, true),
        ("RequestDenied", false, false),
    ] {
        let (document, keys) = signed(&[(
            "<samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"/>",
            &format!(
                "<samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Responder\">\
                 <samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:{code}\"/>\
                 </samlp:StatusCode>"
            ),
        )]);
        let Err(AnswerError::Refused(refusal)) = judged(&document, &keys, &expected()) else {
            panic!("{code}");
        };
        assert_eq!(refusal.is_no_authn_context(), no_context);
        assert_eq!(refusal.is_authn_failed(), failed);
    }
}
