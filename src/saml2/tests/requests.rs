//! Requests as they arrive, by both bindings.

use super::*;

#[test]
fn entras_own_request_is_understood() {
    let mut received = ReceivedRequest::from_post(&form(ENTRA)).unwrap();
    assert_eq!(received.issuer(), Some("urn:federation:MicrosoftOnline"));
    assert_eq!(received.take_relay_state().as_deref(), Some("r+s/t="));
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
    assert_eq!(request.hint(), Some("wmoran@fabrikam.com"));
    let opaque = subject.replace(
        "<s:NameID>",
        r#"<s:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent">"#,
    );
    let opaque = unsigned(&changed("", &opaque)).unwrap();
    assert_eq!((opaque.subject.is_some(), opaque.hint()), (true, None));
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
    let encrypted = changed(
        "",
        r#"<s:Subject xmlns:s="urn:oasis:names:tc:SAML:2.0:assertion"><s:EncryptedID/></s:Subject>"#,
    );
    let status = unsigned(&encrypted)
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
