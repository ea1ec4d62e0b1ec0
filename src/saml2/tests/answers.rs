//! Answers and metadata as they leave.

use super::*;

fn response(signer: &Signer, sign_response: bool, upn: &str) -> String {
    written(signer, sign_response, None, &[Claim::new("IDPEmail", upn)])
}

fn written(
    signer: &Signer,
    sign_response: bool,
    encryption: Option<&Encryption>,
    claims: &[Claim<'_>],
) -> String {
    let now = OffsetDateTime::from_unix_timestamp(1_795_000_000).unwrap();
    SuccessResponse {
        id: "_r",
        assertion: Assertion {
            id: "_a",
            issuer: "https://idp.test/partners",
            issue_instant: now,
            name_id: &NameId {
                format: NameIdFormat::Persistent,
                value: "1TIu064jGEmmf+hnI+F0Jg==".into(),
            },
            in_response_to: Some("_a1"),
            recipient: "https://login.microsoftonline.com/login.srf",
            audience: "urn:federation:MicrosoftOnline",
            not_before: now,
            not_on_or_after: now,
            attributes: claims,
            authn_instant: now,
            session_index: "_s",
            authn_context: AuthnContextClass::PasswordProtectedTransport,
        },
        sign_response,
        encryption,
    }
    .to_signed_xml(signer)
    .unwrap()
}

#[test]
fn the_assertion_verifies_with_and_without_a_signed_response() {
    let signer = create_signing_key("idp", 1).unwrap().signer;
    let key = signer.certificate().public_key();
    for sign_response in [false, true] {
        let document = response(&signer, sign_response, "w&m<>\"@partners.contoso.com");
        let root = xml::read(document.as_bytes(), &Limits::default()).unwrap();
        let verify = |element| xml::verify_enveloped(element, &[key], &SignaturePolicy::SHA2);
        assert_eq!(verify(&root).is_ok(), sign_response);
        let assertion = root
            .only_child(names::ASSERTION, "Assertion")
            .unwrap()
            .unwrap();
        let verified = verify(assertion).unwrap();
        let value = verified
            .element()
            .only_child(names::ASSERTION, "AttributeStatement")
            .unwrap()
            .and_then(|statement| statement.elements().next())
            .and_then(|attribute| attribute.elements().next())
            .and_then(|value| value.text().map(str::to_owned));
        assert_eq!(value.as_deref(), Some("w&m<>\"@partners.contoso.com"));
    }
}

/// Sign, then encrypt; what comes out stands for itself, and is the assertion to the letter.
#[test]
fn an_encrypted_assertion_is_the_signed_one() {
    let signer = create_signing_key("idp", 1).unwrap().signer;
    let key = signer.certificate().public_key();
    let verify =
        |element: &xml::Element| xml::verify_enveloped(element, &[key], &SignaturePolicy::SHA2);
    let recipient = Recipient::new();
    let encryption = recipient.encryption(ContentEncryption::default(), KeyTransport::default());
    let claims = [Claim::new("IDPEmail", "w&m@partners.contoso.com")];
    let (_, plain) = written(&signer, false, None, &claims)
        .split_once("<saml:Assertion")
        .map(|(a, b)| (a.to_owned(), b.to_owned()))
        .unwrap();
    for sign_response in [false, true] {
        let document = written(&signer, sign_response, Some(&encryption), &claims);
        assert!(!document.contains("<saml:Assertion ") && !document.contains("w&amp;m"));
        let root = xml::read(document.as_bytes(), &Limits::default()).unwrap();
        assert_eq!(verify(&root).is_ok(), sign_response);
        let encrypted = root
            .required_child(names::ASSERTION, "EncryptedAssertion")
            .unwrap();
        assert!(
            root.only_child(names::ASSERTION, "Assertion")
                .unwrap()
                .is_none()
        );
        let data = encrypted.elements().next().unwrap();
        let assertion = recipient.decrypt(data).unwrap();
        let read = xml::read(assertion.as_bytes(), &Limits::default()).unwrap();
        assert!(verify(&read).is_ok());
        assert_eq!(
            format!("{assertion}</samlp:Response>"),
            format!("<saml:Assertion{plain}")
        );
    }
}

#[test]
fn a_claim_is_written_with_all_that_is_said_about_it() {
    let consumer = AssertionConsumerService {
        index: 0,
        url: "https://sp.test/acs".into(),
    };
    let mut party = RelyingParty::new(Preset::Saml2, "sp", vec![consumer]).unwrap();
    let constant =
        |values: &[&str]| ClaimSource::Constant(values.iter().map(ToString::to_string).collect());
    let full = ClaimRule {
        friendly_name: Some("o".into()),
        ..ClaimRule::new("urn:oid:2.5.4.10", constant(&["A & B", "<c>"]))
    };
    party.add_claim(full).unwrap();
    let basic = ClaimRule {
        name_format: Some(NameFormat::Basic),
        ..ClaimRule::new("tier", constant(&["1"]))
    };
    party.add_claim(basic).unwrap();
    party
        .add_claim(ClaimRule::new("plain", constant(&["2"])))
        .unwrap();
    let subject = Subject::default();
    let signer = create_signing_key("idp", 1).unwrap().signer;
    let document = written(&signer, false, None, &party.claims(&subject));
    let (_, statement) = document.split_once("<saml:AttributeStatement>").unwrap();
    let (statement, _) = statement.split_once("</saml:AttributeStatement>").unwrap();
    assert_eq!(
        statement,
        "<saml:Attribute FriendlyName=\"o\" Name=\"urn:oid:2.5.4.10\" \
         NameFormat=\"urn:oasis:names:tc:SAML:2.0:attrname-format:uri\">\
         <saml:AttributeValue>A &amp; B</saml:AttributeValue>\
         <saml:AttributeValue>&lt;c&gt;</saml:AttributeValue></saml:Attribute>\
         <saml:Attribute Name=\"tier\" \
         NameFormat=\"urn:oasis:names:tc:SAML:2.0:attrname-format:basic\">\
         <saml:AttributeValue>1</saml:AttributeValue></saml:Attribute>\
         <saml:Attribute Name=\"plain\"><saml:AttributeValue>2</saml:AttributeValue></saml:Attribute>"
    );
}

/// What is between the signatures is fixed to the letter: a relying party's parser was tried on
/// exactly this.
#[test]
fn the_response_is_the_golden_one() {
    let signer = create_signing_key("idp", 1).unwrap().signer;
    let document = response(&signer, false, "wmoran@partners.contoso.com");
    let (before, rest) = document.split_once("<ds:Signature").unwrap();
    let (_, after) = rest.split_once("</ds:Signature>").unwrap();
    assert_eq!(
        format!("{before}[signature]{after}"),
        include_str!("../golden/response.xml").trim_end()
    );
}

#[test]
fn metadata_announces_the_next_certificate_behind_the_current_one() {
    let current = create_signing_key("current", 30).unwrap().signer;
    let next = create_signing_key("next", 60)
        .unwrap()
        .signer
        .certificate()
        .clone();
    let expected = [
        current.certificate().base64().to_owned(),
        next.base64().to_owned(),
    ];
    let keys = KeyRing::new(current, Some(next));
    let endpoints = Endpoints {
        name_id_formats: &[NameIdFormat::Persistent],
        entity_id: "https://idp.test/partners",
        single_sign_on: "https://idp.test/saml2/sso",
        single_logout: "https://idp.test/saml2/slo",
    };
    let document = identity_provider_metadata(&endpoints, &keys).unwrap();
    let root = xml::read(document.as_bytes(), &Limits::default()).unwrap();
    let key = keys.current().certificate().public_key();
    let verified = xml::verify_enveloped(&root, &[key], &SignaturePolicy::SHA2).unwrap();
    assert_eq!(
        verified.element().attribute("entityID"),
        Some("https://idp.test/partners")
    );
    let role = verified.element().elements().next().unwrap();
    let announced: Vec<_> = role
        .elements()
        .filter(|child| child.is(names::METADATA, "KeyDescriptor"))
        .map(|descriptor| {
            let info = descriptor.elements().next().unwrap();
            let data = info.elements().next().unwrap();
            data.elements().next().unwrap().text().unwrap().to_owned()
        })
        .collect();
    assert_eq!(announced, expected);
}

#[test]
fn an_error_response_has_its_second_level_status_signed_or_not() {
    let response = ErrorResponse {
        id: "_r",
        issuer: "https://idp.test/partners",
        issue_instant: OffsetDateTime::UNIX_EPOCH,
        destination: "https://rp.test/acs",
        in_response_to: "_a1",
        status: Status::NoPassive,
        message: "nobody is signed in",
    };
    let unsigned = response.to_xml(None).unwrap();
    assert_eq!(unsigned, include_str!("../golden/error.xml").trim_end());
    let key_pair = create_signing_key("idp", 1).unwrap().signer;
    let signed = response.to_xml(Some(&key_pair)).unwrap();
    let root = xml::read(signed.as_bytes(), &Limits::default()).unwrap();
    let key = key_pair.certificate().public_key();
    xml::verify_enveloped(&root, &[key], &SignaturePolicy::SHA2).unwrap();
    let (start, rest) = signed.split_once("<ds:Signature").unwrap();
    let (_, end) = rest.split_once("</ds:Signature>").unwrap();
    assert_eq!(format!("{start}{end}"), unsigned);
}
