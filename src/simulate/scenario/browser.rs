//! A browser without a screen: it follows what any browser would follow by itself, and fills the
//! sign-in page in, whoever wrote it.

use hyper::{StatusCode, Uri};

use super::Hop;
use crate::{
    http::{
        ForeignPage, OwnFields, PageForm, PageFormError, SignInForm,
        client::{Client, ClientError, Reply},
        page_link,
    },
    simulate::HOST,
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
    /// Nowhere: the two sides send the browser to and fro.
    Loop,
}

/// A way from one address.
pub(super) struct Way {
    pub(super) end: End,
    /// How often the password was typed.
    pub(super) typed: usize,
}

/// Walks, and keeps account.
pub(super) struct Browser<'a> {
    client: Client,
    own_fields: &'a OwnFields,
    hops: Vec<Hop>,
}

/// Where a page leads.
enum Next {
    Open(Uri),
    Send(PageForm),
    SignIn(SignInForm),
    Nowhere,
}

/// Steps of one way: a loop between the two sides ends somewhere.
const MOST_HOPS: usize = 30;

impl<'a> Browser<'a> {
    pub(super) fn new(client: Client, own_fields: &'a OwnFields) -> Self {
        Self {
            client,
            own_fields,
            hops: Vec::new(),
        }
    }

    /// The hops since the last call.
    pub(super) fn take_hops(&mut self) -> Vec<Hop> {
        std::mem::take(&mut self.hops)
    }

    /// What the fields of sign-in pages are called here.
    pub(super) fn own_fields(&self) -> &OwnFields {
        self.own_fields
    }

    /// As one that was never used.
    pub(super) fn forget(&mut self) {
        self.client.forget_cookies();
    }

    /// For messages that are no page's.
    pub(super) fn client(&mut self) -> &mut Client {
        &mut self.client
    }

    /// Goes to an address, and on as far as it leads.
    pub(super) async fn go(
        &mut self,
        url: &Uri,
        typed: Option<Typed<'_>>,
    ) -> Result<Way, ClientError> {
        let mut times = 0;
        let mut is_named = false;
        let reply = self.client.get(url, None).await?;
        let mut page = self.note("GET", reply);
        let mut sent: Option<PageForm> = None;
        for _ in 0..MOST_HOPS {
            let form = match self.next(&page)? {
                Next::Open(to) => {
                    let again = sent.take().filter(|_| keeps_method(page.status));
                    let Some(form) = again else {
                        let reply = self.client.get(&to, Some(&page)).await?;
                        page = self.note("GET", reply);
                        continue;
                    };
                    let action = to.to_string();
                    PageForm { action, ..form }
                }
                Next::Send(form) => form,
                Next::SignIn(form) => {
                    let again = if form.asks_for_password() {
                        times > 0
                    } else {
                        is_named || times > 0
                    };
                    let Some(typed) = typed.filter(|_| !again) else {
                        let end = End::PasswordAsked;
                        return Ok(Way { end, typed: times });
                    };
                    times += usize::from(form.asks_for_password());
                    is_named = true;
                    form.filled(typed.name, typed.password)
                }
                Next::Nowhere => {
                    let end = End::Page(Box::new(page));
                    return Ok(Way { end, typed: times });
                }
            };
            page = self.send(&page, &form).await?;
            sent = Some(form).filter(|form| form.method == "post");
        }
        let end = End::Loop;
        Ok(Way { end, typed: times })
    }

    fn next(&self, page: &Reply) -> Result<Next, ClientError> {
        if page.status.is_redirection() {
            return Ok(Next::Open(page.location()?));
        }
        let text = page.text();
        // Nothing is typed at the simulator: it has been told the name.
        let is_simulators = page.url.host() == Some(HOST);
        if is_simulators && let Ok(to) = page_link(&text, "to-idp") {
            return Ok(Next::Open(page.resolve(&to)?));
        }
        // Why a page cannot be read is told where the way has ended at it.
        let Ok(read) = ForeignPage::read(&text) else {
            return Ok(Next::Nowhere);
        };
        if let Some(form) = message(&read) {
            return Ok(Next::Send(form));
        }
        if is_simulators {
            return Ok(Next::Nowhere);
        }
        if let Some(form) = read.sign_in(self.own_fields) {
            return Ok(Next::SignIn(form));
        }
        if let Some(form) = read.sent_by_script() {
            return Ok(Next::Send(form));
        }
        Ok(match read.refresh() {
            Some(to) => Next::Open(page.resolve(to)?),
            None => Next::Nowhere,
        })
    }

    async fn send(&mut self, page: &Reply, form: &PageForm) -> Result<Reply, ClientError> {
        let to = page.resolve(&form.action)?;
        if form.method == "post" {
            let reply = self.client.post_form(&to, &form.fields, Some(page)).await?;
            return Ok(self.note("POST", reply));
        }
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(&form.fields)
            .finish();
        let path = to.path();
        let to = page.resolve(&format!(
            "{}://{}{path}?{query}",
            to.scheme_str().unwrap_or("https"),
            to.authority().map_or("", |authority| authority.as_str()),
        ))?;
        let reply = self.client.get(&to, Some(page)).await?;
        Ok(self.note("GET", reply))
    }

    fn note(&mut self, method: &'static str, reply: Reply) -> Reply {
        self.note_as(method, &reply, title(&reply.text()));
        reply
    }

    /// Keeps account of what is no page.
    pub(super) fn note_as(&mut self, method: &'static str, reply: &Reply, page: String) {
        let host = reply.url.host().unwrap_or_default();
        self.hops.push(Hop {
            method,
            to: format!("{host}{}", reply.url.path()),
            status: reply.status.as_u16(),
            page,
        });
    }
}

/// 307 and 308 have a form sent once more.
fn keeps_method(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT
    )
}

/// A form that posts itself where scripts run: a message between the two sides.
fn message(page: &ForeignPage) -> Option<PageForm> {
    ["SAMLRequest", "SAMLResponse", "wresult"]
        .iter()
        .find_map(|field| page.form_with(field))
}

/// What a page is on which the way ended too early, for whoever has to find out why.
pub(super) fn describe(page: &Reply, own_fields: &OwnFields) -> String {
    let text = page.text();
    let what = match ForeignPage::read(&text) {
        Err(PageFormError::CutOff(what)) => format!("it cannot be read: it ends within {what}"),
        Err(error) => format!("it cannot be read: {error}"),
        Ok(read) if page.url.host() != Some(HOST) && read.sign_in(own_fields).is_none() => {
            "it has no form with a password field (input type=password), nor one that leads on. \
             What only a script shows is not seen here"
                .to_owned()
        }
        Ok(_) => return place(page),
    };
    format!("{}: {what}", place(page))
}

fn place(page: &Reply) -> String {
    format!(
        "the page {:?} of {}, with status {}",
        title(&page.text()),
        page.url.host().unwrap_or_default(),
        page.status.as_u16()
    )
}

/// The title of a page, as it stands there.
pub(super) fn title(text: &str) -> String {
    let after = text.split_once("<title").map_or("", |(_, after)| after);
    let after = after.split_once('>').map_or("", |(_, after)| after);
    let title = after.split_once("</title>").map_or("", |(title, _)| title);
    title.trim().chars().take(200).collect()
}
