//! A browser's steps, one by one.

use homerealm::http::{
    Form, PageForm,
    client::{Client, Reply},
};
use hyper::Uri;
use serde_json::{Value, json};

use crate::{
    SLAPD,
    provider::{HOST, Provider},
    upstreams::{Besides, FABRIKAM_HOST, World},
};

pub(crate) const WENDY: &str = "wmoran@fabrikam.com";
pub(crate) const WENDYS_UPN: &str = "special0@partners.contoso.com";
pub(crate) const TINA: &str = "u00001@tailspintoys.com";
pub(crate) const TINAS_UPN: &str = "u00001@partners.contoso.com";
pub(crate) const ADAM: &str = "u00002@adatum.com";
pub(crate) const SESSION: &str = "__Host-homerealm-session";
pub(crate) const NAME: &str = "__Host-homerealm-name";

pub(crate) async fn world(besides: Besides) -> World {
    World::start(&SLAPD, besides, json!({})).await
}

/// What Fabrikam says of everybody.
pub(crate) async fn world_where(answers: Value) -> World {
    World::start(&SLAPD, Besides::default(), answers).await
}

/// A browser that trusts all there are.
pub(crate) fn browser(world: &World) -> Client {
    let browser = world.provider.browser_trusting(world.ca.ca_pem());
    browser.with_address(FABRIKAM_HOST, world.fabrikam.address())
}

pub(crate) async fn get(provider: &Provider, browser: &mut Client, path: &str) -> Reply {
    let reply = browser.get(&provider.url(path), None).await;
    reply.expect("an answer")
}

/// Whether the page asks for a name alone.
pub(crate) fn asks_name(page: &Reply) -> bool {
    let text = page.text();
    PageForm::find(&text, Some("sign-in"))
        .is_ok_and(|form| form.action.ends_with("/signin/name") && form.field("password").is_none())
}

/// Whether the page asks for a password, and the name that stands in it.
pub(crate) fn asks_password(page: &Reply) -> Option<String> {
    let text = page.text();
    let form = PageForm::find(&text, Some("sign-in")).ok()?;
    form.field("password")?;
    form.field("name").map(str::to_owned)
}

/// Types a name into the page that asks for one.
pub(crate) async fn type_name(
    browser: &mut Client,
    page: &Reply,
    name: &str,
    remember: bool,
) -> Reply {
    let text = page.text();
    let form = PageForm::find(&text, Some("sign-in")).unwrap_or_else(|_| panic!("{text}"));
    let mut fields = vec![
        ("state", form.field("state").expect("a state")),
        ("name", name),
    ];
    if remember {
        fields.push(("remember", "1"));
    }
    send(browser, page, &form.action, &fields).await
}

/// Presses "use another account".
pub(crate) async fn another(browser: &mut Client, page: &Reply) -> Reply {
    let text = page.text();
    assert!(text.contains("id=\"another\""), "{text}");
    let form = PageForm::find(&text, Some("sign-in")).expect("a form");
    let state = form.field("state").expect("a state");
    send(
        browser,
        page,
        &form.action,
        &[("state", state), ("another", "1")],
    )
    .await
}

pub(crate) async fn send(
    browser: &mut Client,
    page: &Reply,
    action: &str,
    fields: &[(&str, &str)],
) -> Reply {
    let url = page.resolve(action).expect("a URL");
    let fields: Vec<_> = fields
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    let reply = browser.post_form(&url, &fields, Some(page)).await;
    reply.expect("an answer")
}

/// Where a page leads on to by itself.
pub(crate) fn leads_to(page: &Reply) -> Uri {
    let text = page.text();
    let at = text
        .split_once("http-equiv=\"refresh\" content=\"0;url=")
        .unwrap_or_else(|| panic!("{text}"));
    let address = at.1.split('"').next().expect("an end");
    let address = address.replace("&#38;", "&");
    address.parse().expect("a URL")
}

/// Follows redirects up to what is no redirect, or to a host other than that of the first.
pub(crate) async fn follow(browser: &mut Client, mut reply: Reply) -> Reply {
    for _ in 0..10 {
        if !reply.status.is_redirection() {
            return reply;
        }
        let next = reply.location().expect("a place");
        reply = browser.get(&next, None).await.expect("an answer");
    }
    panic!("too many redirects");
}

/// What Fabrikam posts back for somebody of this name: fields, and where to.
pub(crate) struct Answer {
    pub(crate) page: Reply,
    pub(crate) action: String,
    pub(crate) response: String,
    pub(crate) relay_state: String,
}

/// Goes where the page leads, which is Fabrikam, and types a name there.
pub(crate) async fn at_fabrikam(browser: &mut Client, leaving: &Reply, name: &str) -> Answer {
    let asked = browser.get(&leads_to(leaving), None).await.expect("a page");
    let text = asked.text();
    let form = PageForm::find(&text, None).unwrap_or_else(|_| panic!("{text}"));
    let page = send(
        browser,
        &asked,
        &form.action,
        &[("name", name), ("password", "x")],
    )
    .await;
    let text = page.text();
    let form = PageForm::find(&text, None).unwrap_or_else(|_| panic!("{text}"));
    Answer {
        action: form.action.clone(),
        response: form.field("SAMLResponse").expect("a response").to_owned(),
        relay_state: form.field("RelayState").expect("a state").to_owned(),
        page,
    }
}

impl Answer {
    /// Brings it.
    pub(crate) async fn bring(&self, browser: &mut Client) -> Reply {
        let fields = [
            ("SAMLResponse", self.response.as_str()),
            ("RelayState", self.relay_state.as_str()),
        ];
        send(browser, &self.page, &self.action, &fields).await
    }
}

/// Goes where the page leads, which is Tailspin, and types a name there; returns the address that she
/// is sent back to.
pub(crate) async fn at_tailspin(
    browser: &mut Client,
    leaving: &Reply,
    name: &str,
    factors: &str,
) -> Uri {
    let reply = browser.get(&leads_to(leaving), None).await.expect("a page");
    let mut reply = reply;
    for _ in 0..10 {
        if reply.status.is_redirection() {
            let next = reply.location().expect("a place");
            if next.path() == "/upstream/openid/callback" {
                return next;
            }
            reply = browser.get(&next, None).await.expect("an answer");
            continue;
        }
        let text = reply.text();
        let form = PageForm::find(&text, None).unwrap_or_else(|_| panic!("{text}"));
        let fields = [("name", name), ("factors", factors)];
        reply = send(browser, &reply, &form.action, &fields).await;
    }
    panic!("no way back");
}

/// The parameters of an address.
pub(crate) fn query(address: &Uri) -> Form {
    Form::parse(address.query().unwrap_or_default().as_bytes()).expect("a query")
}

/// Signs in at Fabrikam from a page that asks for a name, or leads there already.
pub(crate) async fn by_fabrikam(browser: &mut Client, page: &Reply, name: &str) -> Reply {
    let leaving = if asks_name(page) {
        type_name(browser, page, name, false).await
    } else {
        page.clone()
    };
    at_fabrikam(browser, &leaving, name)
        .await
        .bring(browser)
        .await
}

/// The heading of a page, and its status.
pub(crate) fn heading(page: &Reply) -> (u16, String) {
    let text = page.text();
    let heading = text
        .split_once("<h1>")
        .and_then(|(_, rest)| rest.split_once("</h1>"));
    let heading = heading
        .map_or("", |(heading, _)| heading)
        .replace("&#39;", "'");
    (page.status.as_u16(), heading)
}

pub(crate) fn has_session(browser: &Client) -> bool {
    browser.cookie(HOST, SESSION).is_some()
}
