//! Applications with MSAL sign Wendy in: through the simulated Entra and the identity provider to the
//! directory, and back with tokens. Nothing of them is special but the authority.

#![allow(clippy::expect_used, clippy::indexing_slicing)] // a test may stop

mod demo;
mod strangers;

use std::{
    io::{BufRead, BufReader, Lines, Write as _},
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    time::Duration,
};

use demo::Demo;
use homerealm::http::{
    PageForm,
    client::{Client, Reply},
    page_link,
    tls::client_config,
};
use hyper::Uri;
use serde_json::{Value, json};
use strangers::{node_environment, python, tool};

const EMAIL: &str = "wmoran@fabrikam.com";
const UPN: &str = "wmoran@partners.contoso.com";
const PASSWORD: &str = "Part.ner-Pw0rd";

/// An application as a process: one JSON object a line in, one out. It ends with this.
struct Application {
    child: Child,
    orders: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
}

impl Application {
    fn start(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts");
        let orders = child.stdin.take().expect("its input");
        let answers = child.stdout.take().expect("its output");
        let answers = BufReader::new(answers).lines();
        Self {
            child,
            orders,
            answers,
        }
    }

    fn in_python(demo: &Demo) -> Self {
        let script =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/strangers/msal_application.py");
        Self::start(
            Command::new(python())
                .arg(script)
                .arg(demo.start_url())
                .arg(demo.ca()),
        )
    }

    fn in_node(demo: &Demo) -> Self {
        let script =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/strangers/msal_application.js");
        Self::start(
            Command::new(tool("node"))
                .arg(script)
                .arg(node_environment())
                .arg(demo.start_url())
                .env("NODE_EXTRA_CA_CERTS", demo.ca()),
        )
    }

    fn does(&mut self, order: &Value) -> Value {
        writeln!(self.orders, "{order}").expect("sent");
        let answer = self.answers.next().expect("an answer").expect("a line");
        serde_json::from_str(&answer).expect("JSON")
    }
}

impl Drop for Application {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A browser that reaches both.
fn browser(demo: &Demo) -> Client {
    let start: Uri = demo.start_url().parse().expect("a URL");
    let port = start.port_u16().expect("a port");
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let ca = std::fs::read(demo.ca()).expect("the CA");
    Client::new(client_config(&[&ca]).expect("TLS settings"))
        .with_address("entra.localhost", address)
        .with_address("idp.localhost", address)
        .with_timeout(Duration::from_secs(20))
}

async fn submit(
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
    browser
        .post_form(&to, &form.fields, Some(page))
        .await
        .expect("a page")
}

async fn open(browser: &mut Client, address: &str) -> Reply {
    let address: Uri = address.parse().expect("a URL");
    browser.get(&address, None).await.expect("a page")
}

/// From an application's address to the page that leads back to it, as Wendy.
async fn sign_in(browser: &mut Client, address: &str) -> Reply {
    let door = open(browser, address).await;
    pass(browser, &door).await
}

/// The same from the page that asks for the name.
async fn pass(browser: &mut Client, door: &Reply) -> Reply {
    let hop = submit(browser, door, None, &[("login_hint", EMAIL)]).await;
    // A form by SAML, a link by WS-Federation.
    let asked = match page_link(&hop.text(), "to-idp") {
        Ok(link) => {
            let link: Uri = link.parse().expect("a URL");
            browser.get(&link, Some(&hop)).await.expect("a page")
        }
        Err(_) => submit(browser, &hop, Some("to-idp"), &[]).await,
    };
    let typed = [("name", EMAIL), ("password", PASSWORD)];
    let answer = submit(browser, &asked, Some("sign-in"), &typed).await;
    submit(browser, &answer, Some("post"), &[]).await
}

/// What the browser brings back: in the address, or posted.
fn brought_back(page: &Reply) -> Value {
    let text = page.text();
    let fields: Vec<(String, String)> = match PageForm::find(&text, Some("to-app")) {
        Ok(form) => form.fields,
        Err(_) => {
            let link = page_link(&text, "to-app").unwrap_or_else(|_| panic!("{text}"));
            let (_, query) = link.split_once('?').expect("a query");
            let pairs = form_urlencoded::parse(query.as_bytes());
            pairs.into_owned().collect()
        }
    };
    fields
        .into_iter()
        .map(|(name, value)| (name, json!(value)))
        .collect()
}

/// What an application has to read in Wendy's tokens.
fn is_wendy(claims: &Value) {
    for (name, expected) in [
        ("preferred_username", json!(UPN)),
        ("upn", json!(UPN)),
        ("email", json!(EMAIL)),
        ("name", json!("Wendy Moran")),
        ("acct", json!(1)),
        ("ver", json!("2.0")),
    ] {
        assert_eq!(claims[name], expected, "{name}: {claims}");
    }
    assert_eq!(claims["idp"], claims["iss"]);
    assert_eq!(claims["oid"].as_str().map(str::len), Some(36), "{claims}");
}

#[tokio::test]
async fn msal_for_python_signs_the_partner_in_by_a_code() {
    let demo = Demo::start(&[]);
    signs_in_by_a_code(&demo, Application::in_python(&demo)).await;
}

#[tokio::test]
async fn msal_for_node_signs_the_partner_in_by_a_code() {
    let demo = Demo::start(&["--protocol", "wsfed"]);
    signs_in_by_a_code(&demo, Application::in_node(&demo)).await;
}

async fn signs_in_by_a_code(demo: &Demo, mut application: Application) {
    let mut browser = browser(demo);
    for mode in ["query", "form_post"] {
        let begun = application.does(&json!({"do": "begin", "mode": mode}));
        browser.forget_cookies();
        let back = sign_in(&mut browser, begun["address"].as_str().expect("an address")).await;
        let brought = brought_back(&back);
        let done = application.does(&json!({"do": "finish", "brought": brought}));
        // Its signature, audience and issuer verified.
        is_wendy(&done["claims"]);
        assert_eq!(done["user"]["preferred_username"], UPN, "{done}");

        // The refresh token, at once, and what is in MSAL's cache.
        let silent = application.does(&json!({"do": "silent"}));
        is_wendy(&silent["refreshed"]);
        assert_eq!(silent["cached"], "cache", "{silent}");
    }
}

#[tokio::test]
async fn a_device_without_a_browser_gets_tokens() {
    let demo = Demo::start(&[]);
    let mut browser = browser(&demo);
    let mut application = Application::in_python(&demo);
    let begun = application.does(&json!({"do": "device"}));
    let pending = application.does(&json!({"do": "poll"}));
    let told = pending["error"].as_str().expect("an error");
    assert!(told.starts_with("AADSTS70016"), "{told}");
    let page = open(&mut browser, begun["address"].as_str().expect("an address")).await;
    let code = begun["user_code"].as_str().expect("a code");
    let door = submit(&mut browser, &page, None, &[("user_code", code)]).await;
    let done = pass(&mut browser, &door).await;
    assert!(done.text().contains("on your device"), "{}", done.text());
    is_wendy(&application.does(&json!({"do": "poll"}))["claims"]);
}

#[tokio::test]
async fn what_an_intruder_brings_is_refused() {
    let demo = Demo::start(&[]);
    let mut browser = browser(&demo);
    let mut application = Application::in_python(&demo);
    let begun = application.does(&json!({"do": "begin", "mode": "query"}));
    let back = sign_in(&mut browser, begun["address"].as_str().expect("an address")).await;
    let brought = brought_back(&back);
    for (wrong, code) in [
        (json!({"verifier": "x".repeat(43)}), "AADSTS501481"),
        (
            json!({"redirect_uri": "http://localhost:1"}),
            "AADSTS500112",
        ),
        (
            json!({"client": "00000000-0000-0000-0000-000000000002"}),
            "AADSTS700016",
        ),
    ] {
        let order = json!({"do": "steal", "code": brought["code"], "with": wrong});
        let refused = application.does(&order);
        let told = refused["error"].as_str().expect("an error");
        assert!(told.starts_with(code), "{told}");
    }
    let done = application.does(&json!({"do": "finish", "brought": brought}));
    is_wendy(&done["claims"]);
    let order = json!({"do": "steal", "code": brought["code"], "with": {}});
    let again = application.does(&order);
    let told = again["error"].as_str().expect("an error");
    assert!(told.starts_with("AADSTS54005"), "{told}");
    // And nobody is sent to an address that is not registered.
    let address = begun["address"].as_str().expect("an address");
    let elsewhere = address.replace("localhost%3A", "localhost.evil%3A");
    assert_ne!(elsewhere, address);
    let elsewhere: Uri = elsewhere.parse().expect("a URL");
    let page = browser.get(&elsewhere, None).await.expect("a page");
    assert!(page.text().contains("AADSTS50011"), "{}", page.text());
}
