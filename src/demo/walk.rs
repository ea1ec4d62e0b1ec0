//! The walk of one sign-in, hop by hop, as a browser would make it: over real HTTPS, with cookies,
//! and reading nothing but pages.

use hyper::{Uri, http::uri::InvalidUri};

use crate::{
    entra::flow::said,
    http::{
        PageForm, PageFormError,
        client::{Client, ClientError, Reply},
        page_link,
    },
};

use super::{Hop, Protocol};

/// Why the walk ended early.
#[derive(Debug, thiserror::Error)]
pub enum WalkError {
    /// The address to begin at is no URL.
    #[error(transparent)]
    Address(#[from] InvalidUri),
    /// A server could not be reached.
    #[error("no answer: {0}")]
    Client(#[from] ClientError),
    /// A page was not the one expected at this point.
    #[error("the way ended at the page {title:?}: {text}")]
    Unexpected {
        /// The title of the page that came.
        title: String,
        /// What the page says is wrong, where it says it.
        text: String,
    },
    /// A page's form lacks what it should have.
    #[error("the form on the page cannot be used: {0}")]
    Form(#[from] PageFormError),
}

/// Walks through pages and keeps account.
pub(super) struct Walk {
    browser: Client,
    protocol: Protocol,
    hops: Vec<Hop>,
}

/// A page that was reached.
struct Page {
    reply: Reply,
    text: String,
}

impl Walk {
    /// By one of the protocols for browsers.
    pub(super) fn new(browser: Client, protocol: Protocol) -> Self {
        Self {
            browser,
            protocol,
            hops: Vec::new(),
        }
    }

    pub(super) fn into_hops(self) -> Vec<Hop> {
        self.hops
    }

    /// The way of a partner from the tenanted address to Entra's verdict.
    pub(super) async fn begin_at_entra(
        &mut self,
        tenanted_address: &str,
        (name, password): (&str, &str),
    ) -> Result<(), WalkError> {
        let page = self
            .open(
                &tenanted_address.parse()?,
                "a partner opens the portal at Contoso's tenanted address",
            )
            .await?;
        let found = match self.protocol {
            Protocol::WsFed => said::FOUND_BY_EMAIL_WS_FEDERATION,
            Protocol::Saml | Protocol::WsTrust => said::FOUND_BY_EMAIL_SAML,
        };
        let page = self
            .submit(&page, None, &[("login_hint", name)], found)
            .await?;
        let page = self
            .go_to_idp(
                &page,
                "Homerealm takes the request and asks for the password",
            )
            .await?;
        let page = self
            .submit(
                &page,
                Some("sign-in"),
                &[("name", name), ("password", password)],
                "Homerealm finds the one account by LDAP, checks the password there, and signs \
                 the assertion",
            )
            .await?;
        self.bring_back(&page).await
    }

    /// The way of a partner whose email Entra does not resolve: from our own front door.
    pub(super) async fn begin_at_the_front_door(
        &mut self,
        front_door: &str,
        (name, password): (&str, &str),
    ) -> Result<(), WalkError> {
        let page = self
            .open(
                &front_door.parse()?,
                "a partner opens the portal at Homerealm's front door",
            )
            .await?;
        let page = self
            .submit(
                &page,
                Some("sign-in"),
                &[("name", name), ("password", password)],
                "Homerealm finds the one account by LDAP, checks the password there, and leads on \
                 to the tenanted address, with her cloud UPN",
            )
            .await?;
        let page = self.follow(&page, "go-on", said::FOUND_BY_UPN).await?;
        let page = self
            .go_to_idp(
                &page,
                "her session answers: Homerealm asks for nothing, and signs the assertion",
            )
            .await?;
        self.bring_back(&page).await
    }

    /// From Entra's page to ours.
    async fn go_to_idp(&mut self, page: &Page, what: &'static str) -> Result<Page, WalkError> {
        match self.protocol {
            Protocol::WsFed => self.follow(page, "to-idp", what).await,
            Protocol::Saml | Protocol::WsTrust => {
                self.submit(page, Some("to-idp"), &[], what).await
            }
        }
    }

    /// From our page back to Entra.
    async fn bring_back(&mut self, page: &Page) -> Result<(), WalkError> {
        self.submit(page, Some("post"), &[], said::CHECKED).await?;
        Ok(())
    }

    /// Opens an address that a person typed.
    async fn open(&mut self, url: &Uri, what: &'static str) -> Result<Page, WalkError> {
        let reply = self.browser.get(url, None).await?;
        Ok(self.note("GET", reply, what))
    }

    /// Follows the page's link with this id.
    async fn follow(
        &mut self,
        page: &Page,
        link: &str,
        what: &'static str,
    ) -> Result<Page, WalkError> {
        let address = page_link(&page.text, link).map_err(|_| page.unexpected())?;
        let url = page.reply.resolve(&address)?;
        let reply = self.browser.get(&url, Some(&page.reply)).await?;
        Ok(self.note("GET", reply, what))
    }

    /// Sends the page's form with these fields filled in.
    async fn submit(
        &mut self,
        page: &Page,
        form: Option<&str>,
        typed: &[(&str, &str)],
        what: &'static str,
    ) -> Result<Page, WalkError> {
        let mut form = PageForm::find(&page.text, form).map_err(|_| page.unexpected())?;
        for (name, value) in typed {
            form.fill(name, value)?;
        }
        let url = page.reply.resolve(&form.action)?;
        let reply = self
            .browser
            .post_form(&url, &form.fields, Some(&page.reply))
            .await?;
        Ok(self.note("POST", reply, what))
    }

    fn note(&mut self, method: &'static str, reply: Reply, what: &'static str) -> Page {
        let page = Page {
            text: reply.text(),
            reply,
        };
        let title = between(&page.text, "<title>", "</title>").to_owned();
        self.hops.push(Hop::of(method, &page.reply, title, what));
        page
    }
}

impl Page {
    fn unexpected(&self) -> WalkError {
        WalkError::Unexpected {
            title: between(&self.text, "<title>", "</title>").to_owned(),
            text: between(&self.text, "<strong>", "</strong>").to_owned(),
        }
    }
}

/// The text between two marks of one of our own pages.
fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    let after = text.split_once(start).map_or("", |(_, after)| after);
    after
        .split_once(end)
        .map_or("", |(inside, _)| inside)
        .trim()
}
