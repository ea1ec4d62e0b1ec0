//! Answers as they leave.

use super::*;

fn at(seconds: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(1_795_000_000 + seconds).unwrap()
}

fn saml1_token<'a>(attributes: &'a [saml1::Attribute<'a>]) -> Token<'a> {
    Token::Saml1(saml1::Assertion {
        id: "_a",
        issuer: "https://idp.test/partners",
        issue_instant: at(0),
        name_identifier: "1TIu064jGEmmf+hnI+F0Jg==",
        name_identifier_format: saml1::NAME_IDENTIFIER_UNSPECIFIED,
        audience: "urn:federation:MicrosoftOnline",
        not_before: at(-60),
        not_on_or_after: at(3600),
        attributes,
        authentication_method: saml1::AuthenticationMethod::Password,
        authentication_instant: at(-1),
    })
}

static NAME: NameId<'static> = NameId {
    format: NameIdFormat::Persistent,
    value: Cow::Borrowed("1TIu064jGEmmf+hnI+F0Jg=="),
};

static CLAIMS: [Claim<'static>; 1] = [Claim::new(
    "http://schemas.xmlsoap.org/claims/UPN",
    "wmoran@partners.contoso.com",
)];

fn saml2_token() -> Token<'static> {
    Token::Saml2(saml2::Assertion {
        id: "_a",
        issuer: "https://idp.test/partners",
        issue_instant: at(0),
        name_id: &NAME,
        in_response_to: None,
        recipient: "https://rp.test/",
        audience: "urn:federation:MicrosoftOnline",
        not_before: at(-60),
        not_on_or_after: at(3600),
        attributes: &CLAIMS,
        authn_instant: at(-1),
        session_index: "_s",
        authn_context: saml2::AuthnContextClass::PasswordProtectedTransport,
    })
}

fn answer(token: Token<'_>, signer: &Signer) -> String {
    SignInResponse {
        applies_to: "urn:federation:MicrosoftOnline",
        token,
    }
    .to_signed_xml(signer)
    .unwrap()
}

#[test]
fn the_answers_are_the_golden_ones() {
    let signer = create_signing_key("idp", 1).unwrap().signer;
    let upn = [Cow::Borrowed("wmoran@partners.contoso.com")];
    let attributes = [saml1::Attribute {
        claim_type: saml1::ClaimType::parse("http://schemas.xmlsoap.org/claims/UPN").unwrap(),
        values: &upn,
    }];
    for (token, golden) in [
        (
            saml1_token(&attributes),
            include_str!("../golden/saml1_response.xml"),
        ),
        (saml2_token(), include_str!("../golden/saml2_response.xml")),
    ] {
        let document = answer(token, &signer);
        assert_eq!(without_signature(&document), golden.trim_end());
    }
}

#[test]
fn the_token_verifies_within_the_answer() {
    let signer = create_signing_key("idp", 1).unwrap().signer;
    let key = signer.certificate().public_key();
    for token in [saml1_token(&[]), saml2_token()] {
        let document = answer(token, &signer);
        let verify = |document: &str| {
            let root = xml::read(document.as_bytes(), &Limits::default()).unwrap();
            let assertion = descendant(&root, "Assertion").unwrap();
            xml::verify_enveloped(assertion, &[key], &SignaturePolicy::SHA2).is_ok()
        };
        assert!(verify(&document));
        let forged = document.replace("1TIu064j", "2TIu064j");
        assert_ne!(forged, document);
        assert!(!verify(&forged));
    }
}
