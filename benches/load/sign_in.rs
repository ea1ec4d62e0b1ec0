//! One sign-in as a browser goes through it, from Entra's request to the answer for Entra; or as a
//! program does, in one message.

use anyhow::{Context, Result, bail, ensure};
use homerealm::http::{
    ForeignPage, OwnFields, PageForm,
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

/// Whose pages they are.
#[derive(Clone, Debug)]
pub(crate) enum Pages {
    /// Homerealm's, with fields of these names.
    Own {
        user_field: String,
        password_field: String,
    },
    /// Somebody else's.
    Foreign,
}

/// Somebody at a browser.
pub(crate) struct Person {
    pub(crate) browser: Client,
    pub(crate) protocol: Protocol,
    /// Without a slash at the end.
    pub(crate) base_url: String,
    /// In place of Homerealm's own for the protocol.
    pub(crate) path: Option<String>,
    pub(crate) pages: Pages,
    pub(crate) password: String,
}

impl Person {
    /// Signs in at the page, which must ask for the password.
    pub(crate) async fn with_password(&mut self, user: &str) -> Result<()> {
        let (id, url) = self.request()?;
        let page = self.fetch(&url).await?;
        let form = self.pages.sign_in(&page.text(), user, &self.password);
        let form = form.context("the sign-in page")?;
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
        let envelope = ws_trust::envelope(&url, &random_hex()?, user, &self.password)?;
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
            Protocol::Saml2 => (saml2::PATH, saml2::query(&id)?),
            Protocol::WsFederation => (ws_federation::PATH, ws_federation::query(&id)),
        };
        let path = self.path.as_deref().unwrap_or(path);
        let url = format!("{}{path}?{query}", self.base_url).parse()?;
        Ok((id, url))
    }

    fn check(&self, page: &Reply, id: &str) -> Result<()> {
        let field = match self.protocol {
            Protocol::Saml2 => "SAMLResponse",
            Protocol::WsFederation => "wresult",
        };
        let form = self.pages.answer(&page.text(), field);
        let form =
            form.with_context(|| format!("the page of {} in place of an answer", page.url.path()))?;
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

impl Pages {
    /// The form for name and password, filled in.
    fn sign_in(&self, html: &str, user: &str, password: &str) -> Result<PageForm> {
        match self {
            Self::Own {
                user_field,
                password_field,
            } => {
                let mut form = PageForm::find(html, None)?;
                form.fill(user_field, user)?;
                form.fill(password_field, password)?;
                Ok(form)
            }
            Self::Foreign => {
                let form = ForeignPage::read(html)?.sign_in(&OwnFields::default());
                let form = form.context("no form for a name and a password")?;
                ensure!(form.asks_for_password(), "a name alone is asked for");
                Ok(form.filled(user, password))
            }
        }
    }

    /// The form that brings the answer in this field.
    fn answer(&self, html: &str, field: &str) -> Result<PageForm> {
        match self {
            Self::Own { .. } => Ok(PageForm::find(html, None)?),
            Self::Foreign => {
                let form = ForeignPage::read(html)?.form_with(field);
                form.with_context(|| format!("no form with {field}"))
            }
        }
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
