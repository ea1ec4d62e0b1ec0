//! Entra's request by SAML 2.0, and what its answer must hold.

use std::io::Write as _;

use anyhow::{Context, Result, ensure};
use base64::{Engine, engine::general_purpose::STANDARD};
use flate2::{Compression, write::DeflateEncoder};
use homerealm::http::PageForm;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::sign_in::random_hex;

/// The path that requests go to.
pub(crate) const PATH: &str = "/saml2/sso";

/// An ID as Entra makes them: "_" and 128 random bits.
pub(crate) fn new_id() -> Result<String> {
    Ok(format!("_{}", random_hex()?))
}

/// The query of Entra's request in the redirect binding (SAML bindings 3.4.4.1).
pub(crate) fn query(id: &str) -> Result<String> {
    let now = OffsetDateTime::now_utc().format(&Rfc3339)?;
    let request = format!(
        r#"<samlp:AuthnRequest xmlns="urn:oasis:names:tc:SAML:2.0:metadata" xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="{id}" IssueInstant="{now}" Version="2.0"><Issuer xmlns="urn:oasis:names:tc:SAML:2.0:assertion">urn:federation:MicrosoftOnline</Issuer><samlp:NameIDPolicy Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"/></samlp:AuthnRequest>"#
    );
    let mut deflate = DeflateEncoder::new(Vec::new(), Compression::fast());
    deflate.write_all(request.as_bytes())?;
    Ok(form_urlencoded::Serializer::new(String::new())
        .append_pair("SAMLRequest", &STANDARD.encode(deflate.finish()?))
        .append_pair("RelayState", "load")
        .finish())
}

/// The page must post a successful answer to this very request. Whether its signature holds is
/// for the conformance tests; checking it here would only slow the load down.
pub(crate) fn check(form: &PageForm, id: &str) -> Result<()> {
    let response = form
        .field("SAMLResponse")
        .context("no SAMLResponse; a page that asks again?")?;
    let response = String::from_utf8(STANDARD.decode(response)?)?;
    ensure!(
        response
            .contains(r#"<samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success""#),
        "the answer is no success"
    );
    ensure!(
        response.contains(&format!(r#"InResponseTo="{id}""#)),
        "the answer is to another request"
    );
    // Entra takes the assertion's own signature only, not one of the Response before it.
    let (_, assertion) = response
        .split_once("Assertion ")
        .context("the answer has no assertion in the clear")?;
    ensure!(
        assertion.contains("SignatureValue>"),
        "the assertion is not signed"
    );
    ensure!(
        assertion.contains(r#"Name="IDPEmail""#),
        "the assertion does not say who signed in"
    );
    ensure!(
        form.field("RelayState") == Some("load"),
        "the relay state has not come back"
    );
    Ok(())
}
