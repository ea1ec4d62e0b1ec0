//! Questions and metadata as they leave.

use super::*;
use crate::{
    http::Form,
    keys::KeyRing,
    saml2::{
        Carried, EntityMetadata as _, MetadataTrust, OutgoingAuthnRequest, ReceivedRequest,
        RelyingPartyMetadata, ServiceProvider, redirect_url, service_provider_metadata,
    },
    trust::{NameIdFormat, RequestKeys, RequestSignatures},
};

fn question(classes: &[String]) -> OutgoingAuthnRequest<'_> {
    OutgoingAuthnRequest {
        id: REQUEST,
        issuer: AUDIENCE,
        issue_instant: now(),
        destination: "https://idp.fabrikam.test/sso",
        consumer: RECIPIENT,
        force_authn: false,
        subject: None,
        name_id_format: None,
        authn_context: classes,
    }
}

#[test]
fn a_question_says_no_more_than_it_must() {
    assert_eq!(
        question(&[]).to_xml().unwrap(),
        "<samlp:AuthnRequest xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" \
         AssertionConsumerServiceURL=\"https://login.contoso.test/upstream/saml2/acs\" \
         Destination=\"https://idp.fabrikam.test/sso\" ID=\"_question\" \
         IssueInstant=\"2026-11-18T11:06:40.000Z\" \
         ProtocolBinding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\" Version=\"2.0\">\
         <saml:Issuer xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\">\
         https://login.contoso.test/upstream/saml2/metadata</saml:Issuer></samlp:AuthnRequest>"
    );
}

#[test]
fn a_question_says_what_is_asked_for_in_the_order_of_the_schema() {
    let classes = ["https://refeds.org/profile/mfa".to_owned(), "urn:b".into()];
    let written = OutgoingAuthnRequest {
        force_authn: true,
        subject: Some("wmoran@fabrikam.com"),
        name_id_format: Some(NameIdFormat::EmailAddress),
        ..question(&classes)
    };
    let written = written.to_xml().unwrap();
    assert!(written.contains(" ForceAuthn=\"true\" "), "{written}");
    let tail = "</saml:Issuer>\
        <saml:Subject xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\"><saml:NameID \
        Format=\"urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress\">wmoran@fabrikam.com\
        </saml:NameID></saml:Subject><samlp:NameIDPolicy AllowCreate=\"true\" \
        Format=\"urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress\"></samlp:NameIDPolicy>\
        <samlp:RequestedAuthnContext Comparison=\"exact\"><saml:AuthnContextClassRef \
        xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\">https://refeds.org/profile/mfa\
        </saml:AuthnContextClassRef><saml:AuthnContextClassRef \
        xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\">urn:b</saml:AuthnContextClassRef>\
        </samlp:RequestedAuthnContext></samlp:AuthnRequest>";
    assert!(written.ends_with(tail), "{written}");
}

/// By our own reader, which knows nothing of the writer.
#[test]
fn a_question_arrives_signed() {
    let ours = TestIdentityProvider::new();
    let xml = question(&[]).to_xml().unwrap();
    let address = "https://idp.fabrikam.test/sso?tenant=1";
    let url = redirect_url(address, Carried::Request, &xml, Some("trip"), ours.signer()).unwrap();
    let (_, query) = url.split_once("tenant=1&").unwrap();
    let form = Form::parse(query.as_bytes()).unwrap();
    let mut received = ReceivedRequest::from_redirect(query, &form).unwrap();
    assert_eq!(received.take_relay_state().as_deref(), Some("trip"));
    let keys = RequestKeys::new(vec![ours.key()], false).unwrap();
    let read = received
        .authenticate(&RequestSignatures::Required(keys))
        .unwrap();
    assert_eq!(
        (read.id.as_str(), read.issuer.as_str()),
        (REQUEST, AUDIENCE)
    );
}

#[test]
fn our_metadata_says_where_answers_go_and_what_signs_questions() {
    let ours = TestIdentityProvider::new();
    let key = ours.key();
    let provider = ServiceProvider {
        entity_id: AUDIENCE.to_owned(),
        consumer: RECIPIENT.to_owned(),
    };
    let certificate = ours.signer().certificate().clone();
    let next = TestIdentityProvider::new();
    let next = next.signer().certificate().clone();
    let ring = KeyRing::new(ours.into_signer(), Some(next.clone()));
    let written = service_provider_metadata(&provider, &ring).unwrap();
    let trust = MetadataTrust::Signer {
        keys: vec![key],
        permit_sha1: false,
    };
    let read = RelyingPartyMetadata::read(written.as_bytes(), AUDIENCE, &trust, now()).unwrap();
    assert_eq!(read.consumers.len(), 1);
    assert_eq!(read.consumers[0].url, RECIPIENT);
    assert_eq!(read.signing, [certificate, next]);
    assert!(read.encryption.is_empty());
    assert!(read.authn_requests_signed && read.want_assertions_signed);
}
