//! One sign-in as a browser goes through it, from Entra's request to the answer for Entra.

use std::io::Write as _;

use anyhow::{Context, Result, bail, ensure};
use base64::{Engine, engine::general_purpose::STANDARD};
use flate2::{Compression, write::DeflateEncoder};
use homerealm::http::{
    PageForm,
    client::{Client, Reply},
};
use hyper::Uri;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// No honest way through a sign-in has more redirects.
const MOST_REDIRECTS: usize = 5;

/// Somebody at a browser.
pub(crate) struct Person {
    pub(crate) browser: Client,
    pub(crate) endpoint: String,
    pub(crate) user_field: String,
    pub(crate) password_field: String,
    pub(crate) password: String,
}

impl Person {
    /// Signs in at the page, which must ask for the password.
    pub(crate) async fn with_password(&mut self, user: &str) -> Result<()> {
        let id = new_id()?;
        let url = request_url(&self.endpoint, &id)?;
        let page = self.fetch(&url).await?;
        let mut form = PageForm::find(&page.text(), None).context("the sign-in page")?;
        form.fill(&self.user_field, user)?;
        form.fill(&self.password_field, &self.password)?;
        ensure!(
            form.method == "post",
            "the page would put the password in a URL"
        );
        let target = page.resolve(&form.action)?;
        let sent = self
            .browser
            .post_form(&target, &form.fields, Some(&page))
            .await?;
        let answer = self.follow(sent).await?;
        check_answer(&answer, &id)
    }

    /// Is signed in by the session cookie, without being asked.
    pub(crate) async fn with_session(&mut self) -> Result<()> {
        let id = new_id()?;
        let url = request_url(&self.endpoint, &id)?;
        let answer = self.fetch(&url).await?;
        check_answer(&answer, &id)
    }

    async fn fetch(&mut self, url: &Uri) -> Result<Reply> {
        let reply = self.browser.get(url, None).await?;
        self.follow(reply).await
    }

    async fn follow(&mut self, mut reply: Reply) -> Result<Reply> {
        for _ in 0..MOST_REDIRECTS {
            if !reply.status.is_redirection() {
                ensure!(
                    reply.status.is_success(),
                    "{} answered {}",
                    reply.url.path(),
                    reply.status
                );
                return Ok(reply);
            }
            let next = reply.location()?;
            reply = self.browser.get(&next, Some(&reply)).await?;
        }
        bail!("redirected more than {MOST_REDIRECTS} times")
    }
}

/// An ID as Entra makes them: "_" and 128 random bits.
fn new_id() -> Result<String> {
    let mut octets = [0; 16];
    aws_lc_rs::rand::fill(&mut octets)
        .ok()
        .context("no randomness")?;
    Ok(format!("_{:032x}", u128::from_be_bytes(octets)))
}

/// Entra's request, in the redirect binding (SAML bindings 3.4.4.1).
fn request_url(endpoint: &str, id: &str) -> Result<Uri> {
    let now = OffsetDateTime::now_utc().format(&Rfc3339)?;
    let request = format!(
        r#"<samlp:AuthnRequest xmlns="urn:oasis:names:tc:SAML:2.0:metadata" xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="{id}" IssueInstant="{now}" Version="2.0"><Issuer xmlns="urn:oasis:names:tc:SAML:2.0:assertion">urn:federation:MicrosoftOnline</Issuer><samlp:NameIDPolicy Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"/></samlp:AuthnRequest>"#
    );
    let mut deflate = DeflateEncoder::new(Vec::new(), Compression::fast());
    deflate.write_all(request.as_bytes())?;
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("SAMLRequest", &STANDARD.encode(deflate.finish()?))
        .append_pair("RelayState", "load")
        .finish();
    Ok(format!("{endpoint}?{query}").parse()?)
}

/// The page must post a successful answer to this very request. Whether its signature holds is
/// for the conformance tests; checking it here would only slow the load down.
fn check_answer(page: &Reply, id: &str) -> Result<()> {
    let form = PageForm::find(&page.text(), None).context("the page with the answer")?;
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
    ensure!(
        response.contains("<ds:SignatureValue"),
        "the answer is not signed"
    );
    ensure!(
        form.field("RelayState") == Some("load"),
        "the relay state has not come back"
    );
    Ok(())
}
