//! A browser without a screen: it follows what any browser would follow by itself, and fills the
//! sign-in page in, whoever wrote it.

use hyper::Uri;

use super::{Hop, Settings};
use crate::http::{
    PageForm,
    client::{Client, ClientError, Reply},
    page_link,
};

/// What is typed at the identity provider.
#[derive(Clone, Copy)]
pub(super) struct Typed<'a> {
    pub(super) name: &'a str,
    pub(super) password: &'a str,
}

/// Where the way ended.
pub(super) enum End {
    /// A page that nobody needs to go on from: Entra's verdict, or one that is not understood.
    Page(Box<Reply>),
    /// A sign-in page, and there was nothing to type, or that was typed already.
    PasswordAsked,
}

/// A way from one address.
pub(super) struct Way {
    pub(super) end: End,
    /// How often a sign-in page was filled in.
    pub(super) typed: usize,
}

/// Walks, and keeps account.
pub(super) struct Browser<'a> {
    client: Client,
    settings: &'a Settings,
    hops: Vec<Hop>,
}

/// Steps of one way: a loop between the two sides ends somewhere.
const MOST_HOPS: usize = 30;

impl<'a> Browser<'a> {
    pub(super) fn new(client: Client, settings: &'a Settings) -> Self {
        Self {
            client,
            settings,
            hops: Vec::new(),
        }
    }

    /// The hops since the last call.
    pub(super) fn take_hops(&mut self) -> Vec<Hop> {
        std::mem::take(&mut self.hops)
    }

    /// As one that was never used.
    pub(super) fn forget(&mut self) {
        self.client.forget_cookies();
    }

    /// Goes to an address, and on as far as it leads.
    pub(super) async fn go(
        &mut self,
        url: &Uri,
        typed: Option<Typed<'_>>,
    ) -> Result<Way, ClientError> {
        let mut times = 0;
        let reply = self.client.get(url, None).await?;
        let mut page = self.note("GET", reply);
        for _ in 0..MOST_HOPS {
            let text = page.text();
            page = if page.status.is_redirection() {
                let to = page.location()?;
                let reply = self.client.get(&to, Some(&page)).await?;
                self.note("GET", reply)
            } else if let Some(form) = message(&text) {
                self.submit(&page, &form).await?
            } else if let Ok(to) = page_link(&text, "to-idp") {
                let to = page.resolve(&to)?;
                let reply = self.client.get(&to, Some(&page)).await?;
                self.note("GET", reply)
            } else if let Some(form) = self.sign_in_form(&text) {
                let Some(typed) = typed.filter(|_| times == 0) else {
                    let end = End::PasswordAsked;
                    return Ok(Way { end, typed: times });
                };
                times += 1;
                let form = self.filled(form, typed);
                self.submit(&page, &form).await?
            } else {
                break;
            };
        }
        let end = End::Page(Box::new(page));
        Ok(Way { end, typed: times })
    }

    async fn submit(&mut self, page: &Reply, form: &PageForm) -> Result<Reply, ClientError> {
        let to = page.resolve(&form.action)?;
        let reply = self.client.post_form(&to, &form.fields, Some(page)).await?;
        Ok(self.note("POST", reply))
    }

    fn sign_in_form(&self, text: &str) -> Option<PageForm> {
        let fields = &self.settings.password_fields;
        fields
            .iter()
            .find_map(|field| PageForm::with_field(text, field).ok())
    }

    /// A page that knows the name already has no field for it, and is not given one.
    fn filled(&self, mut form: PageForm, typed: Typed<'_>) -> PageForm {
        for (fields, value) in [
            (&self.settings.name_fields, typed.name),
            (&self.settings.password_fields, typed.password),
        ] {
            let field = fields.iter().find(|field| form.field(field).is_some());
            if let Some(field) = field {
                // It is there: that was the question.
                let _ = form.fill(field, value);
            }
        }
        form
    }

    fn note(&mut self, method: &'static str, reply: Reply) -> Reply {
        self.hops.push(Hop {
            method,
            to: format!(
                "{}{}",
                reply.url.host().unwrap_or_default(),
                reply.url.path()
            ),
            status: reply.status.as_u16(),
            page: title(&reply.text()),
        });
        reply
    }
}

/// A form that posts itself where scripts run: a message between the two sides.
fn message(text: &str) -> Option<PageForm> {
    ["SAMLRequest", "SAMLResponse", "wresult"]
        .iter()
        .find_map(|field| PageForm::with_field(text, field).ok())
}

/// The title of a page, as it stands there.
pub(super) fn title(text: &str) -> String {
    let after = text.split_once("<title>").map_or("", |(_, after)| after);
    let title = after.split_once("</title>").map_or("", |(title, _)| title);
    title.trim().chars().take(200).collect()
}
