//! Applications by SAML behind the simulated Entra: pysaml2, node-saml and a Shibboleth SP sign a partner
//! in, through the simulator and Homerealm to a real slapd, and out again. What they get is judged by
//! strangers.

#![allow(clippy::expect_used, clippy::indexing_slicing)] // a test may stop

mod federated;
mod provider;
mod shibboleth;
mod simulator;
mod slapd;
mod strangers;

#[path = "saml_applications/at_node_saml.rs"]
mod at_node_saml;
#[path = "saml_applications/at_pysaml2.rs"]
mod at_pysaml2;
#[path = "saml_applications/at_shibboleth.rs"]
mod at_shibboleth;

use std::sync::LazyLock;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use federated::{PARTNER, TENANT};
use homerealm::{
    entra::ObjectId,
    http::{
        PageForm,
        client::{Client, Reply},
    },
};
use hyper::Uri;
use provider::type_password;
use simulator::Simulator;
use slapd::{PASSWORD, Slapd};

static SLAPD: LazyLock<Slapd> = LazyLock::new(|| Slapd::start_new(slapd::Options::default()));

/// Who the tenant is to applications.
fn entity_id() -> String {
    format!(
        "https://sts.windows.net/{}/",
        ObjectId::of("tenant", TENANT)
    )
}

async fn open(browser: &mut Client, address: &str) -> Reply {
    let address: Uri = address.parse().expect("a URL");
    browser.get(&address, None).await.expect("a page")
}

async fn submit(browser: &mut Client, page: &Reply, id: Option<&str>) -> Reply {
    submit_with(browser, page, id, &[]).await
}

async fn submit_with(
    browser: &mut Client,
    page: &Reply,
    id: Option<&str>,
    typed: &[(&str, &str)],
) -> Reply {
    let text = page.text();
    let mut form = PageForm::find(&text, id).unwrap_or_else(|_| panic!("{text}"));
    for (name, value) in typed {
        form.fill(name, value).expect("a field");
    }
    let to = page.resolve(&form.action).expect("a URL");
    let sent = browser.post_form(&to, &form.fields, Some(page)).await;
    sent.expect("a page")
}

/// From the simulator's page that asks who somebody is, by the identity provider's page that asks for the
/// password, to the page that posts the Response to the application.
async fn prove(browser: &mut Client, door: &Reply) -> Reply {
    let hop = submit_with(browser, door, None, &[("login_hint", &PARTNER.mail())]).await;
    let asked = submit(browser, &hop, Some("to-idp")).await;
    let answer = type_password(browser, &asked, &PARTNER.mail(), PASSWORD).await;
    submit(browser, &answer, Some("post")).await
}

/// Whether a page asks who somebody is.
fn asks_who(page: &Reply) -> bool {
    page.text().contains("name=\"login_hint\"")
}

/// What a page posts to an application: where, and the form.
fn posted(page: &Reply) -> (String, PageForm) {
    let text = page.text();
    let form = PageForm::find(&text, Some("to-app")).unwrap_or_else(|_| panic!("{text}"));
    let response = form.field("SAMLResponse").expect("a Response");
    let document = STANDARD.decode(response).expect("base64");
    (String::from_utf8(document).expect("UTF-8"), form)
}

/// The tenant's metadata, as an application gets it.
async fn metadata(simulator: &Simulator, browser: &mut Client, app_id: &str) -> String {
    let path = "federationmetadata/2007-06/federationmetadata.xml";
    let url = simulator.url(&format!("/{TENANT}/{path}?appid={app_id}"));
    let reply = browser.get(&url, None).await.expect("metadata");
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.text()
}

/// What stands between two texts.
fn between<'t>(text: &'t str, start: &str, end: &str) -> &'t str {
    let (_, rest) = text
        .split_once(start)
        .unwrap_or_else(|| panic!("no {start} in {text}"));
    rest.split(end).next().unwrap_or_default()
}
