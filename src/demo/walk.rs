//! The walk of one sign-in, hop by hop, as a browser would make it: over real HTTPS, with cookies,
//! and reading nothing but pages.

use hyper::{Uri, http::uri::InvalidUri};

use crate::http::{
    PageForm, PageFormError,
    client::{Client, ClientError, Reply},
};

use super::Hop;

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

    /// The way of a partner from the tenanted address to Entra's verdict.
    pub(super) async fn sign_in(
        &mut self,
        tenanted_address: &str,
        name: &str,
        password: &str,
    ) -> Result<(), WalkError> {
        let page = self
            .open(
                &tenanted_address.parse()?,
                "a partner opens the portal at Contoso's tenanted address",
            )
            .await?;
        let page = self
            .submit(
                &page,
                None,
                &[("login_hint", name)],
                "Entra finds the synced user by that email, takes its cloud UPN, sees its suffix \
                 federated, and writes an AuthnRequest",
            )
            .await?;
        let page = self
            .submit(
                &page,
                Some("to-idp"),
                &[],
                "Homerealm takes the AuthnRequest and asks for the password",
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
        let url = &page.reply.url;
        self.hops.push(Hop {
            method,
            to: format!("{}{}", url.host().unwrap_or_default(), url.path()),
            status: page.reply.status.as_u16(),
            page: between(&page.text, "<title>", "</title>").to_owned(),
            what,
        });
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
