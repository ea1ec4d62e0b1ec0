//! The walk of one sign-in, hop by hop, as a browser would make it: over real HTTPS, with cookies,
//! and reading nothing but pages.

use hyper::{Uri, http::uri::InvalidUri};

use crate::http::{
    PageForm, PageFormError,
    client::{Client, ClientError, Reply},
    page_link,
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
    hops: Vec<Hop>,
}

/// A page that was reached.
struct Page {
    reply: Reply,
    text: String,
}

impl Walk {
    pub(super) fn new(browser: Client) -> Self {
        Self {
            browser,
            hops: Vec::new(),
        }
    }

    pub(super) fn into_hops(self) -> Vec<Hop> {
        self.hops
    }

    /// The way of a partner from the tenanted address to Entra's verdict, by one of the protocols for
    /// browsers.
    pub(super) async fn sign_in(
        &mut self,
        protocol: Protocol,
        tenanted_address: &str,
        (name, password): (&str, &str),
    ) -> Result<(), WalkError> {
        let page = self
            .open(
                &tenanted_address.parse()?,
                "a partner opens the portal at Contoso's tenanted address",
            )
            .await?;
        let found = match protocol {
            Protocol::WsFed => {
                "Entra finds the synced user by that email, takes its cloud UPN, sees its suffix \
                 federated, and writes the address of a WS-Federation request"
            }
            Protocol::Saml | Protocol::WsTrust => {
                "Entra finds the synced user by that email, takes its cloud UPN, sees its suffix \
                 federated, and writes an AuthnRequest"
            }
        };
        let page = self
            .submit(&page, None, &[("login_hint", name)], found)
            .await?;
        let page = match protocol {
            Protocol::WsFed => {
                let taken = "Homerealm takes the request and asks for the password";
                self.follow(&page, "to-idp", taken).await?
            }
            Protocol::Saml | Protocol::WsTrust => {
                let taken = "Homerealm takes the AuthnRequest and asks for the password";
                self.submit(&page, Some("to-idp"), &[], taken).await?
            }
        };
        let page = self
            .submit(
                &page,
                Some("sign-in"),
                &[("name", name), ("password", password)],
                "Homerealm finds the one account by LDAP, checks the password there, and signs \
                 the assertion",
            )
            .await?;
        self.submit(
            &page,
            Some("post"),
            &[],
            "Entra checks the assertion, strictly",
        )
        .await?;
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
