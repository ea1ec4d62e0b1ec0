//! One sign-in as a browser goes through it, from Entra's request to the answer for Entra; or as a
//! program does, in one message.

use anyhow::{Context, Result, bail, ensure};
use homerealm::http::{
    PageForm,
    client::{Client, Reply},
};
use hyper::Uri;

use crate::{saml2, ws_federation, ws_trust};

/// No honest way through a sign-in has more redirects.
const MOST_REDIRECTS: usize = 5;

/// How Entra asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    Saml2,
    WsFederation,
}

/// Somebody at a browser.
pub(crate) struct Person {
    pub(crate) browser: Client,
    pub(crate) protocol: Protocol,
    /// Without a slash at the end.
    pub(crate) base_url: String,
    /// Whom to sign in to, by its entity ID.
    pub(crate) relying_party: String,
    pub(crate) user_field: String,
    pub(crate) password_field: String,
    pub(crate) password: String,
}

impl Person {
    /// Signs in at the page, which must ask for the password.
    pub(crate) async fn with_password(&mut self, user: &str) -> Result<()> {
        let (id, url) = self.request()?;
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
        self.check(&answer, &id)
    }

    /// Is signed in by the session cookie, without being asked.
    pub(crate) async fn with_session(&mut self) -> Result<()> {
        let (id, url) = self.request()?;
        let answer = self.fetch(&url).await?;
        self.check(&answer, &id)
    }

    /// Gets a token for name and password, in one message.
    pub(crate) async fn by_message(&mut self, user: &str) -> Result<()> {
        let url = format!("{}{}", self.base_url, ws_trust::PATH);
        let envelope = ws_trust::envelope(
            &url,
            &self.relying_party,
            &random_hex()?,
            user,
            &self.password,
        )?;
        let answer = self
            .browser
            .post(&url.parse()?, ws_trust::CONTENT_TYPE, envelope)
            .await?;
        ws_trust::check(&answer)
    }

    /// A request that nobody has made before, by what it will be known again.
    fn request(&self) -> Result<(String, Uri)> {
        let id = saml2::new_id()?;
        let (path, query) = match self.protocol {
            Protocol::Saml2 => (saml2::PATH, saml2::query(&self.relying_party, &id)?),
            Protocol::WsFederation => (
                ws_federation::PATH,
                ws_federation::query(&self.relying_party, &id),
            ),
        };
        let url = format!("{}{path}?{query}", self.base_url).parse()?;
        Ok((id, url))
    }

    fn check(&self, page: &Reply, id: &str) -> Result<()> {
        let form = PageForm::find(&page.text(), None).context("the page with the answer")?;
        match self.protocol {
            Protocol::Saml2 => saml2::check(&form, id),
            Protocol::WsFederation => ws_federation::check(&form, id),
        }
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

/// 128 random bits.
pub(crate) fn random_hex() -> Result<String> {
    let mut octets = [0; 16];
    aws_lc_rs::rand::fill(&mut octets)
        .ok()
        .context("no randomness")?;
    Ok(format!("{:032x}", u128::from_be_bytes(octets)))
}
