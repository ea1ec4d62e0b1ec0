//! A Shibboleth SP and a Homerealm that know each other, and a browser that walks between them.

use std::fs;

use homerealm::http::{
    PageForm,
    client::{Client, Reply},
};
use hyper::Uri;

use crate::{
    SLAPD,
    provider::{ISSUER, Options, Provider, type_password},
    shibboleth::{Settings, Shibboleth},
    slapd::PASSWORD,
};

/// A relying party that knows people as Entra does.
pub(crate) const PORTAL: &str = r#"
entity_id = "@entity@"
preset = "saml2"
access = "everyone"
name_id = "immutable-id"
assertion_consumer_services = ["@consumer@"]
request_signatures = "required"
request_certificates = ["@folder@/sp.crt"]
"#;

/// The same, as the service provider's own metadata has it.
pub(crate) const BY_METADATA: &str = r#"
entity_id = "@entity@"
preset = "saml2"
access = "everyone"
name_id = "immutable-id"
metadata = { file = "@folder@/metadata.xml" }
"#;

/// A service provider, and the identity provider that knows it.
pub(crate) struct Federation {
    pub(crate) sp: Shibboleth,
    pub(crate) idp: Provider,
}

impl Federation {
    /// With these settings of the service provider, and these lines in the relying party's table;
    /// `@entity@`, `@consumer@` and `@folder@` in them are the service provider's.
    pub(crate) async fn new(settings: Settings<'_>, relying_party: &str) -> Self {
        let sp = Shibboleth::start(ISSUER, settings);
        fs::write(sp.file("metadata.xml"), sp.metadata().await).expect("metadata.xml");
        let lines = format!(
            "preset = \"entra\"\nprotocols = [\"saml2\"]\n[[relying_party]]\n{relying_party}"
        )
        .replace("@entity@", &sp.entity_id())
        .replace("@consumer@", &sp.consumer())
        .replace("@folder@/", sp.file("").to_str().expect("UTF-8"));
        let options = Options {
            top: "pairwise_salt = { file = \"pairwise-salt\" }",
            relying_party: lines.leak(),
            ..Options::default()
        };
        let idp = Provider::start(&SLAPD, options);
        let federation = Self { sp, idp };
        let metadata = federation.metadata().await;
        federation.sp.trust(ISSUER, &metadata);
        federation
    }

    /// The identity provider's.
    pub(crate) async fn metadata(&self) -> String {
        let url = self.idp.url("/metadata");
        let reply = self.idp.browser().get(&url, None).await;
        reply.expect("metadata").text()
    }

    /// A browser with no cookies that finds both.
    pub(crate) fn browser(&self) -> Client {
        self.sp
            .found_by(self.idp.browser_trusting(self.sp.ca_pem()))
    }

    /// From the application's page to a page that asks for something, or to the application.
    pub(crate) async fn visit(&self, browser: &mut Client, url: Uri) -> Reply {
        let page = browser.get(&url, None).await.expect("an answer");
        let page = walk(browser, page).await;
        assert!(
            !page.text().contains("ListenerException"),
            "{}\n{}",
            page.text(),
            self.sp.log()
        );
        page
    }

    /// All the way, by password.
    pub(crate) async fn sign_in(&self, browser: &mut Client, name: &str) -> Reply {
        let page = self.answered(browser, name).await;
        walk(browser, page).await
    }

    /// To the page that carries the answer, which is not sent yet.
    pub(crate) async fn answered(&self, browser: &mut Client, name: &str) -> Reply {
        let page = self.visit(browser, self.sp.page()).await;
        type_password(browser, &page, name, PASSWORD).await
    }

    /// From here, with a session at the identity provider, to the page that carries the answer,
    /// which is not sent yet.
    pub(crate) async fn answer_to(&self, browser: &mut Client, url: &Uri) -> Reply {
        let page = browser.get(url, None).await.expect("a request");
        let request = page.location().expect("a request");
        browser.get(&request, Some(&page)).await.expect("an answer")
    }
}

/// Goes on as a browser does by itself: redirects, and forms that post themselves.
pub(crate) async fn walk(browser: &mut Client, mut page: Reply) -> Reply {
    for _ in 0..8 {
        page = if page.status.is_redirection() {
            let next = page.location().expect("a place");
            browser.get(&next, Some(&page)).await.expect("an answer")
        } else if let Some(form) = saml_form(&page) {
            submit(browser, &page, &form).await
        } else {
            return page;
        };
    }
    panic!("it goes round in circles: {}", page.text());
}

/// The form of a page that carries a SAML message.
pub(crate) fn saml_form(page: &Reply) -> Option<PageForm> {
    let form = PageForm::find(&page.text(), None).ok()?;
    ["SAMLRequest", "SAMLResponse"]
        .iter()
        .any(|name| form.field(name).is_some())
        .then_some(form)
}

pub(crate) async fn submit(browser: &mut Client, page: &Reply, form: &PageForm) -> Reply {
    let url = page.resolve(&form.action).expect("a URL");
    let sent = browser.post_form(&url, &form.fields, Some(page)).await;
    sent.expect("an answer")
}

/// What the service provider's page says of an answer that it does not take.
pub(crate) fn refusal(page: &Reply) -> String {
    let text = page.text();
    assert_eq!(page.status, 500, "{text}");
    let (_, told) = text.split_once("<p class=\"error\">").expect("a reason");
    told.replace("&#58;", ":").replace("&#40;", "(")
}
