//! Requests as they arrive, and answers as they leave.

use base64::{Engine, engine::general_purpose::STANDARD};
use flate2::{Compression, write::DeflateEncoder};
use std::io::Write as _;
use time::OffsetDateTime;

use super::{names::samlp, *};
use crate::{
    http::Form,
    keys::{KeyRing, Signer, create_signing_key},
    trust::{
        AssertionConsumerService, Claim, ClaimRule, ClaimSource, NameFormat, NameId, NameIdFormat,
        Preset, RelyingParty, RequestKeys, RequestSignatures, Subject,
    },
    xml::{
        self, CanonicalWriter, ContentEncryption, Encryption, KeyTransport, Limits,
        SignaturePolicy, encryption::test_recipient::Recipient,
    },
};

/// Entra's request as captured (facts 1.3).
const ENTRA: &str = r#"<samlp:AuthnRequest xmlns="urn:oasis:names:tc:SAML:2.0:metadata" xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="_a1" IssueInstant="2026-11-23T12:00:00.000Z" Version="2.0"><Issuer xmlns="urn:oasis:names:tc:SAML:2.0:assertion">urn:federation:MicrosoftOnline</Issuer><samlp:NameIDPolicy Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"/></samlp:AuthnRequest>"#;

fn form(message: &str) -> Form {
    let body = form_urlencoded::Serializer::new(String::new())
        .append_pair("SAMLRequest", &STANDARD.encode(message))
        .append_pair("RelayState", "r+s/t=")
        .finish();
    Form::parse(body.as_bytes()).unwrap()
}

fn redirected(query: &str) -> Result<ReceivedRequest, BindingError> {
    ReceivedRequest::from_redirect(query, &Form::parse(query.as_bytes())?)
}

fn unsigned(message: &str) -> Result<AuthnRequest, RequestError> {
    ReceivedRequest::from_post(&form(message))
        .unwrap()
        .authenticate(&RequestSignatures::NotVerified)
}

/// Entra's request with an attribute and a child put in.
fn changed(attribute: &str, child: &str) -> String {
    ENTRA
        .replace(" Version=", &format!(" {attribute} Version="))
        .replace(
            "</samlp:AuthnRequest>",
            &format!("{child}</samlp:AuthnRequest>"),
        )
}

fn query(message: &str) -> String {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(message.as_bytes()).unwrap();
    let base64 = STANDARD.encode(encoder.finish().unwrap());
    form_urlencoded::Serializer::new(String::new())
        .append_pair("SAMLRequest", &base64)
        .finish()
}

#[test]
fn entras_own_request_is_understood() {
    let received = ReceivedRequest::from_post(&form(ENTRA)).unwrap();
    assert_eq!(received.issuer(), Some("urn:federation:MicrosoftOnline"));
    assert_eq!(received.relay_state(), Some("r+s/t="));
    let request = received
        .authenticate(&RequestSignatures::NotVerified)
        .unwrap();
    assert_eq!(request.id, "_a1");
    assert_eq!(request.consumer, RequestedConsumer::Default);
    assert_eq!(request.destination, None);
    assert!(!request.force_authn && !request.is_passive);
    assert_eq!(request.policy_problem(NameIdFormat::Persistent), None);
    assert_eq!(request.subject, None);
}

#[test]
fn both_bindings_carry_the_same_request() {
    let received = redirected(&query(ENTRA)).unwrap();
    assert_eq!(
        received
            .authenticate(&RequestSignatures::NotVerified)
            .unwrap()
            .id,
        "_a1"
    );
}

#[test]
fn options_are_read() {
    let subject = r#"<s:Subject xmlns:s="urn:oasis:names:tc:SAML:2.0:assertion"><s:NameID> wmoran@fabrikam.com </s:NameID></s:Subject>"#;
    let request = unsigned(&changed(r#"ForceAuthn="1" IsPassive="true""#, subject)).unwrap();
    assert!(request.force_authn && request.is_passive);
    assert_eq!(request.subject.as_deref(), Some("wmoran@fabrikam.com"));
    let by_index = unsigned(&changed(r#"AssertionConsumerServiceIndex="2""#, "")).unwrap();
    assert_eq!(by_index.consumer, RequestedConsumer::Index(2));
    let by_url = unsigned(&changed(r#"AssertionConsumerServiceURL="https://x/y""#, "")).unwrap();
    assert_eq!(
        by_url.consumer,
        RequestedConsumer::Url("https://x/y".into())
    );
}

#[test]
fn what_is_not_issued_is_a_status() {
    let artifact = changed(
        r#"ProtocolBinding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact""#,
        "",
    );
    let status = unsigned(&artifact)
        .unwrap()
        .policy_problem(NameIdFormat::Persistent);
    assert_eq!(status, Some(Status::RequestUnsupported));
}

#[test]
fn a_name_id_policy_agrees_with_the_relying_partys_names_or_is_a_status() {
    use NameIdFormat::{EmailAddress, Persistent, Transient, Unspecified};
    const POLICY: &str = r#"Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent""#;
    let v1 = "urn:oasis:names:tc:SAML:1.1:nameid-format:";
    let v2 = "urn:oasis:names:tc:SAML:2.0:nameid-format:";
    for (policy, agrees) in [
        (String::new(), &NameIdFormat::ALL[..]),
        (format!("Format='{v1}unspecified'"), &NameIdFormat::ALL),
        ("AllowCreate='true'".to_owned(), &NameIdFormat::ALL),
        (format!("Format='{v2}persistent'"), &[Persistent]),
        (
            format!("Format='{v2}transient' AllowCreate='1'"),
            &[Transient],
        ),
        (format!("Format='{v1}emailAddress'"), &[EmailAddress]),
        (format!("Format='{v2}emailAddress'"), &[]),
        (format!("Format='{v2}encrypted'"), &[]),
        ("Format=''".to_owned(), &[]),
        (
            "SPNameQualifier='urn:federation:MicrosoftOnline'".to_owned(),
            &NameIdFormat::ALL,
        ),
        ("SPNameQualifier='urn:another'".to_owned(), &[]),
    ] {
        let request = unsigned(&ENTRA.replace(POLICY, &policy)).unwrap();
        for issued in [Persistent, Transient, EmailAddress, Unspecified] {
            let problem = (!agrees.contains(&issued)).then_some(Status::InvalidNameIdPolicy);
            assert_eq!(
                request.policy_problem(issued),
                problem,
                "{policy} {issued:?}"
            );
        }
    }
}

#[test]
fn malformed_requests_are_refused() {
    for bad in [
        ENTRA.replace(r#"Version="2.0""#, r#"Version="1.1""#),
        ENTRA.replace(r#"ID="_a1""#, ""),
        ENTRA.replace(r#"ID="_a1""#, r#"ID="1a""#),
        ENTRA.replace(r#"ID="_a1""#, &format!(r#"ID="_{}""#, "a".repeat(300))),
        ENTRA.replace("2026-11-23T12:00:00.000Z", "yesterday"),
        ENTRA.replace("urn:federation:MicrosoftOnline", " "),
        ENTRA.replace("AuthnRequest", "LogoutRequest"),
        changed(r#"ForceAuthn="maybe""#, ""),
        changed(r#"AssertionConsumerServiceIndex="-1""#, ""),
        changed(
            r#"AssertionConsumerServiceIndex="0" AssertionConsumerServiceURL="https://x/""#,
            "",
        ),
        changed("", r#"<samlp:NameIDPolicy Format="x"/>"#),
        changed("", "<samlp:RequestedAuthnContext/>"),
    ] {
        assert!(unsigned(&bad).is_err(), "{bad}");
    }
}

/// A request signed as a relying party would.
fn signed(signer: &Signer, id: &str) -> String {
    let mut writer = CanonicalWriter::new();
    let attributes = [
        (names::plain("IssueInstant"), "2026-11-23T12:00:00.000Z"),
        (names::plain("Version"), "2.0"),
    ];
    writer.open_signed(samlp("AuthnRequest"), "ID", id, &attributes);
    writer.leaf(names::saml("Issuer"), &[], "https://sp.test");
    writer.signature_here();
    writer.close_signed(signer);
    writer.finish().unwrap()
}

#[test]
fn a_required_signature_is_required_and_checked() {
    let ours = create_signing_key("sp", 1).unwrap().signer;
    let other = create_signing_key("other", 1).unwrap().signer;
    let keys = |signer: &Signer| {
        RequestKeys::new(vec![signer.certificate().public_key().clone()], false).unwrap()
    };
    let authenticate = |message: &str, signatures: RequestSignatures| {
        ReceivedRequest::from_post(&form(message))
            .unwrap()
            .authenticate(&signatures)
    };
    let good = signed(&ours, "_good");
    let required = || RequestSignatures::Required(keys(&ours));
    let when_present = || RequestSignatures::WhenPresent(keys(&ours));
    assert_eq!(authenticate(&good, required()).unwrap().id, "_good");
    assert_eq!(authenticate(&good, when_present()).unwrap().id, "_good");

    let unsigned = authenticate(ENTRA, required());
    assert!(matches!(unsigned, Err(RequestError::Unsigned)));
    assert!(authenticate(ENTRA, when_present()).is_ok());
    for refused in [signed(&other, "_good"), good.replace("_good", "_evil")] {
        for rule in [required(), when_present()] {
            let outcome = authenticate(&refused, rule);
            assert!(
                matches!(outcome, Err(RequestError::Signature(_))),
                "{outcome:?}"
            );
        }
    }
    // The signed request, whole, inside a forged one that names another address.
    let wrapped = format!(
        r#"<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" AssertionConsumerServiceURL="https://evil.test/" ID="_evil" IssueInstant="2026-11-23T12:00:00.000Z" Version="2.0"><saml:Issuer xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">https://sp.test</saml:Issuer><samlp:Extensions>{good}</samlp:Extensions></samlp:AuthnRequest>"#
    );
    assert!(matches!(
        authenticate(&wrapped, required()),
        Err(RequestError::Unsigned)
    ));
}

#[test]
fn a_redirect_signature_is_over_the_octets_as_received() {
    let signer = create_signing_key("sp", 1).unwrap().signer;
    let keys = RequestKeys::new(vec![signer.certificate().public_key().clone()], false).unwrap();
    // As .NET writes it: lower-case hex, and %20 for a space.
    let mut signed_part = query(ENTRA).replace("%2B", "%2b").replace("%2F", "%2f");
    signed_part.push_str("&RelayState=a%20b&SigAlg=");
    signed_part.push_str("http%3a%2f%2fwww.w3.org%2f2001%2f04%2fxmldsig-more%23rsa-sha256");
    let signature = STANDARD.encode(signer.sign_rsa_sha256(signed_part.as_bytes()).unwrap());
    let signature: String = form_urlencoded::byte_serialize(signature.as_bytes()).collect();
    let authenticate = |query: &str| {
        let received = redirected(query).map_err(|error| error.to_string())?;
        received
            .authenticate(&RequestSignatures::Required(keys.clone()))
            .map_err(|error| error.to_string())
    };
    let good = format!("{signed_part}&Signature={signature}");
    assert_eq!(authenticate(&good).unwrap().id, "_a1");
    assert!(authenticate(&signed_part).is_err(), "no Signature");
    assert!(
        authenticate(&good.replace("a%20b", "a+b")).is_err(),
        "other octets"
    );
    assert!(
        authenticate(&good.replace("a%20b", "a%20c")).is_err(),
        "another RelayState"
    );
    assert!(
        authenticate(&format!("{good}&RelayState=a%20b")).is_err(),
        "twice"
    );
    let sha1 = good.replace(
        "2001%2f04%2fxmldsig-more%23rsa-sha256",
        "2000%2f09%2fxmldsig%23rsa-sha1",
    );
    assert!(
        authenticate(&sha1).unwrap_err().contains("SigAlg"),
        "SHA-1 is not permitted"
    );
}

/// A name in percent-encoding is the same parameter to whoever decodes it, and other octets to
/// whoever checks the signature.
#[test]
fn nothing_can_stand_beside_a_redirect_signature() {
    let signer = create_signing_key("sp", 1).unwrap().signer;
    let keys = RequestKeys::new(vec![signer.certificate().public_key().clone()], false).unwrap();
    let sign = |signed_part: &str| {
        let signature = STANDARD.encode(signer.sign_rsa_sha256(signed_part.as_bytes()).unwrap());
        let signature: String = form_urlencoded::byte_serialize(signature.as_bytes()).collect();
        format!("{signed_part}&Signature={signature}")
    };
    let algorithm = "SigAlg=http%3A%2F%2Fwww.w3.org%2F2001%2F04%2Fxmldsig-more%23rsa-sha256";
    let stateless = sign(&format!("{}&{algorithm}", query(ENTRA)));
    let authenticate = |query: &str| {
        redirected(query)
            .map_err(|error| error.to_string())?
            .authenticate(&RequestSignatures::Required(keys.clone()))
            .map_err(|error| error.to_string())
    };
    assert!(authenticate(&stateless).is_ok());
    for evil in [
        format!("{stateless}&RelayState=evil"),
        format!("{stateless}&%52elayState=evil"),
        format!("%52elayState=evil&{stateless}"),
        format!("{stateless}&RelayState"),
        stateless.replace("SigAlg=", "%53igAlg="),
        stateless.replace("SAMLRequest=", "SAMLReques%74="),
        stateless.replace("&Signature=", "&Sig%6eature=&Signature="),
    ] {
        assert!(authenticate(&evil).is_err(), "{evil}");
    }
}

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
        include_str!("golden/response.xml").trim_end()
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
    assert_eq!(unsigned, include_str!("golden/error.xml").trim_end());
    let key_pair = create_signing_key("idp", 1).unwrap().signer;
    let signed = response.to_xml(Some(&key_pair)).unwrap();
    let root = xml::read(signed.as_bytes(), &Limits::default()).unwrap();
    let key = key_pair.certificate().public_key();
    xml::verify_enveloped(&root, &[key], &SignaturePolicy::SHA2).unwrap();
    let (start, rest) = signed.split_once("<ds:Signature").unwrap();
    let (_, end) = rest.split_once("</ds:Signature>").unwrap();
    assert_eq!(format!("{start}{end}"), unsigned);
}
