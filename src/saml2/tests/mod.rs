//! Requests as they arrive, and answers as they leave.

mod answers;
mod requests;
mod signatures;

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
