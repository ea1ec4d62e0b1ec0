//! Applications with MSAL sign Wendy in: through the simulated Entra and the identity provider to the
//! directory, and back with tokens. Nothing of them is special but the authority.

#![allow(clippy::expect_used, clippy::indexing_slicing)] // a test may stop

mod demo;
mod strangers;

use std::{
    io::{BufRead, BufReader, Lines, Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    time::Duration,
};

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use demo::Demo;
use homerealm::{
    entra::ObjectId,
    http::{
        PageForm,
        client::{Client, Reply},
        page_link,
        tls::client_config,
    },
    keys::{Signer, create_signing_key},
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
    /// Until it has heard everything.
    orders: Option<ChildStdin>,
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
            orders: Some(orders),
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

    /// The same of what has to go well.
    fn expect(&mut self, order: &Value) -> Value {
        let said = self.does(order);
        assert!(said.get("error").is_none(), "{order}: {said}");
        said
    }

    fn does(&mut self, order: &Value) -> Value {
        let orders = self.orders.as_mut().expect("its input");
        writeln!(orders, "{order}").expect("sent");
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
    let asked = follow(browser, &hop, "to-idp").await;
    let typed = [("name", EMAIL), ("password", PASSWORD)];
    let answer = submit(browser, &asked, Some("sign-in"), &typed).await;
    submit(browser, &answer, Some("post"), &[]).await
}

/// Where a page leads: by a form, or by a link.
async fn follow(browser: &mut Client, page: &Reply, id: &str) -> Reply {
    match page_link(&page.text(), id) {
        Ok(link) => {
            let link: Uri = link.parse().expect("a URL");
            browser.get(&link, Some(page)).await.expect("a page")
        }
        Err(_) => submit(browser, page, Some(id), &[]).await,
    }
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

/// On a server it has a secret, or a certificate that it signs assertions about itself with.
#[tokio::test]
async fn msal_for_python_proves_who_the_application_is() {
    let demo = Demo::start(&["--protocol", "wsfed"]);
    let key = create_signing_key("shop", 30).expect("a key");
    let certificate = key.signer.certificate().to_pem();
    let sha1 = digest(&SHA1_FOR_LEGACY_USE_ONLY, key.signer.certificate().der());
    for credential in [
        json!(SECRET),
        // PS256 and x5t#S256.
        json!({"private_key": *key.private_key_pem, "public_certificate": certificate}),
        // RS256 and x5t.
        json!({"private_key": *key.private_key_pem, "thumbprint": hex(sha1.as_ref())}),
    ] {
        let mut application = Application::in_python(&demo);
        let (id, registration) = shop(&key.signer);
        application.expect(&json!({
            "do": "become", "id": id, "registration": registration, "credential": credential,
        }));
        signs_in_by_a_code(&demo, application).await;
    }
    // Nobody else's secret, and nobody else's certificate.
    let stranger = create_signing_key("shop", 30).expect("a key");
    let certificate = stranger.signer.certificate().to_pem();
    for (credential, code) in [
        (json!("guess"), "AADSTS7000215"),
        (
            json!({"private_key": *stranger.private_key_pem, "public_certificate": certificate}),
            "AADSTS700027",
        ),
    ] {
        let mut application = Application::in_python(&demo);
        let (id, registration) = shop(&key.signer);
        application.expect(&json!({
            "do": "become", "id": id, "registration": registration, "credential": credential,
        }));
        let begun = application.does(&json!({"do": "begin", "mode": "query"}));
        let mut browser = browser(&demo);
        let back = sign_in(&mut browser, begun["address"].as_str().expect("an address")).await;
        let order = json!({"do": "finish", "brought": brought_back(&back)});
        let done = application.does(&order);
        let told = done["error"].as_str().expect("an error");
        assert!(told.starts_with(code), "{told}");
    }
}

#[tokio::test]
async fn msal_for_node_proves_who_the_application_is() {
    let demo = Demo::start(&[]);
    let key = create_signing_key("shop", 30).expect("a key");
    let sha256 = digest(&SHA256, key.signer.certificate().der());
    for credential in [
        json!({"secret": SECRET}),
        json!({"key": *key.private_key_pem, "thumbprint": hex(sha256.as_ref())}),
    ] {
        let mut application = Application::in_node(&demo);
        let (id, registration) = shop(&key.signer);
        let mut order = credential;
        order["do"] = json!("become");
        order["id"] = json!(id);
        order["registration"] = registration;
        application.expect(&order);
        signs_in_by_a_code(&demo, application).await;
    }
}

const SECRET: &str = "made for this test";

/// An application on a server, with an `appId` of its own, and how it is registered.
fn shop(signer: &Signer) -> (String, Value) {
    let id = ObjectId::new().to_string();
    let back = ["http://localhost:49152", "http://localhost:49153"];
    let registration = json!({
        "appId": id,
        "displayName": "Shop",
        "web": {"redirectUris": back},
        "passwordCredentials": [{"secretText": SECRET}],
        "keyCredentials": [{"key": signer.certificate().base64()}],
    });
    (id, registration)
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02X}")).collect()
}

/// MSAL asks whether an authority is to be trusted: Microsoft, or who stands in for it.
#[tokio::test]
async fn the_simulator_vouches_for_its_own_authority() {
    let demo = Demo::start(&[]);
    let mut application = Application::in_python(&demo);
    let begun = application.does(&json!({"do": "begin", "mode": "query"}));
    let address = begun["address"].as_str().expect("an address");
    let (own, _) = address.split_once("/oauth2/").expect("an authority");
    let found = application.expect(&json!({"do": "discover", "authority": own}));
    let found = found["address"].as_str().expect("an address");
    assert!(
        found.starts_with(&format!("{own}/oauth2/v2.0/authorize?")),
        "{found}"
    );
    let other = "https://entra.example/contoso.onmicrosoft.com";
    let refused = application.does(&json!({"do": "discover", "authority": other}));
    let told = refused["error"].as_str().expect("an error");
    assert!(told.contains("invalid_instance"), "{told}");
}

/// Name and password go to the identity provider by WS-Trust, and what comes back is exchanged.
#[tokio::test]
async fn an_application_that_takes_the_password_gets_the_same_tokens() {
    let demo = Demo::start(&["--protocol", "wstrust"]);
    let mut application = Application::in_python(&demo);
    let order = |password| json!({"do": "password", "name": UPN, "password": password});
    is_wendy(&application.expect(&order(PASSWORD))["claims"]);
    let silent = application.expect(&json!({"do": "silent"}));
    is_wendy(&silent["refreshed"]);
    let wrong = application.does(&order("wrong"));
    let told = wrong["error"].as_str().expect("an error");
    assert!(told.contains("FailedAuthentication"), "{told}");
}

/// One sign-in for two requests, until the person has signed out: here, and at the identity provider.
#[tokio::test]
async fn a_session_answers_until_somebody_signs_out() {
    for protocol in ["saml", "wsfed"] {
        let demo = Demo::start(&["--protocol", protocol]);
        let mut browser = browser(&demo);
        let mut application = Application::in_python(&demo);
        let begin = json!({"do": "begin", "mode": "query"});
        let address = |begun: &Value| begun["address"].as_str().expect("an address").to_owned();
        let begun = application.does(&begin);
        sign_in(&mut browser, &address(&begun)).await;

        let begun = application.does(&begin);
        let back = open(&mut browser, &address(&begun)).await;
        let done = application.expect(&json!({"do": "finish", "brought": brought_back(&back)}));
        is_wendy(&done["claims"]);
        let silent = |begun: &Value| format!("{}&prompt=none", address(begun));
        let begun = application.does(&begin);
        let back = open(&mut browser, &silent(&begun)).await;
        assert!(brought_back(&back)["code"].is_string());
        // The identity provider's session is another one: it is asked, and answers by itself.
        let begun = application.does(&begin);
        let again = format!("{}&prompt=login&login_hint={EMAIL}", address(&begun));
        let hop = open(&mut browser, &again).await;
        let answer = follow(&mut browser, &hop, "to-idp").await;
        assert!(
            PageForm::find(&answer.text(), Some("post")).is_ok(),
            "{}",
            answer.text()
        );

        let entra: Uri = begun["address"]
            .as_str()
            .expect("an address")
            .parse()
            .expect("a URL");
        let host = entra.authority().expect("a host");
        let out = format!(
            "https://{host}/contoso.onmicrosoft.com/oauth2/v2.0/logout\
             ?post_logout_redirect_uri=http%3A%2F%2Flocalhost&state=x"
        );
        let out = open(&mut browser, &out).await;
        let to_app = page_link(&out.text(), "to-app").expect("the way back");
        assert_eq!(to_app, "http://localhost?state=x");
        let there = follow(&mut browser, &out, "to-idp").await;
        assert!(there.text().contains("signed out"), "{}", there.text());

        let begun = application.does(&begin);
        let back = open(&mut browser, &silent(&begun)).await;
        assert_eq!(brought_back(&back)["error"], "login_required", "{protocol}");
        // Nor does the identity provider know anybody any more.
        let begun = application.does(&begin);
        let again = format!("{}&login_hint={EMAIL}", address(&begun));
        let hop = open(&mut browser, &again).await;
        let asked = follow(&mut browser, &hop, "to-idp").await;
        assert!(
            PageForm::find(&asked.text(), Some("sign-in")).is_ok(),
            "{}",
            asked.text()
        );
    }
}

/// By v1: another address, other names.
#[tokio::test]
async fn an_application_of_the_first_generation_signs_the_partner_in() {
    let demo = Demo::start(&[]);
    let mut browser = browser(&demo);
    let mut application = Application::in_python(&demo);
    let begun = application.does(&json!({"do": "begin", "mode": "query"}));
    let address = begun["address"].as_str().expect("an address");
    let address = address.replace("/oauth2/v2.0/authorize", "/oauth2/authorize");
    let back = sign_in(
        &mut browser,
        &format!("{address}&resource=api%3A%2F%2Fshop"),
    )
    .await;
    let order = json!({"do": "redeem_by_v1", "code": brought_back(&back)["code"]});
    let done = application.expect(&order);
    for (name, expected) in [
        ("unique_name", json!(UPN)),
        ("email", json!(EMAIL)),
        ("ver", json!("1.0")),
        ("acct", json!(1)),
    ] {
        assert_eq!(done["claims"][name], expected, "{name}: {done}");
    }
    assert_eq!(done["resource"], "api://shop", "{done}");
    assert_eq!(done["expires_in"], "3600", "{done}");
}

/// The applications of the documentation, run as they are printed there.
#[tokio::test]
async fn the_printed_applications_sign_the_partner_in() {
    let page = include_str!("../docs/src/testing-applications.md");
    let demo = Demo::start(&[]);
    let start: Uri = demo.start_url().parse().expect("a URL");
    let port = start.port_u16().expect("a port").to_string();
    let strangers = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/strangers");
    let folder = tempfile::tempdir().expect("a folder");

    let ca = demo.ca();
    let ca = ca.to_str().expect("a path");
    let in_python = printed(page, "python").replace("/tmp/homerealm-demo-ca.pem", ca);
    assert!(in_python.contains(ca) && in_python.contains("entra.localhost:8443"));
    let mut command = Command::new(python());
    command.arg(strangers.join("msal_snippet.py")).arg(&port);
    runs_as_printed(&demo, &mut command, &in_python).await;

    let in_node =
        printed(page, "js").replace("entra.localhost:8443", &format!("entra.localhost:{port}"));
    assert!(in_node.contains(&port));
    let file = folder.path().join("application.js");
    std::fs::write(&file, in_node).expect("written");
    let mut command = Command::new(tool("node"));
    command
        .arg("--require")
        .arg(strangers.join("localhost_names.js"))
        .arg(&file)
        .env("NODE_PATH", node_environment().join("node_modules"))
        .env("NODE_EXTRA_CA_CERTS", demo.ca());
    runs_as_printed(&demo, &mut command, "").await;
}

/// The one block in a language.
fn printed(page: &str, language: &str) -> String {
    let fence = format!("```{language}\n");
    let mut blocks = page.split(&fence).skip(1);
    let block = blocks.next().expect("a block");
    assert!(blocks.next().is_none(), "one block of {language}");
    block.split("```").next().expect("its end").to_owned()
}

/// It prints the address for the browser, and then the name.
async fn runs_as_printed(demo: &Demo, command: &mut Command, input: &str) {
    let mut application = Application::start(command);
    let mut orders = application.orders.take().expect("its input");
    orders.write_all(input.as_bytes()).expect("sent");
    drop(orders);
    let answers = &mut application.answers;
    let address = answers.next().expect("an address").expect("a line");
    let mut browser = browser(demo);
    let back = sign_in(&mut browser, &address).await;
    bring_home(&back);
    let name = answers.next().expect("a name").expect("a line");
    assert_eq!(name, UPN);
}

/// What a browser does last: the application listens at loopback, without TLS.
fn bring_home(page: &Reply) {
    let text = page.text();
    let (address, body) = match PageForm::find(&text, Some("to-app")) {
        Ok(form) => {
            let fields = form_urlencoded::Serializer::new(String::new())
                .extend_pairs(&form.fields)
                .finish();
            (form.action, Some(fields))
        }
        Err(_) => (
            page_link(&text, "to-app").unwrap_or_else(|_| panic!("{text}")),
            None,
        ),
    };
    let address: Uri = address.parse().expect("a URL");
    let port = address.port_u16().expect("a port");
    let path = address.path_and_query().map_or("/", |path| path.as_str());
    let request = match body {
        None => {
            format!("GET {path} HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n\r\n")
        }
        Some(body) => format!(
            "POST {path} HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        ),
    };
    let mut connection = TcpStream::connect(("localhost", port)).expect("it listens");
    connection.write_all(request.as_bytes()).expect("sent");
    let wait = Some(Duration::from_secs(20));
    connection.set_read_timeout(wait).expect("a timeout");
    // Whoever leaves before the end is an error to the application.
    let mut answer = Vec::new();
    connection.read_to_end(&mut answer).expect("an answer");
    assert!(answer.starts_with(b"HTTP/1."));
}

async fn signs_in_by_a_code(demo: &Demo, mut application: Application) {
    let mut browser = browser(demo);
    for mode in ["query", "form_post"] {
        let begun = application.does(&json!({"do": "begin", "mode": mode}));
        browser.forget_cookies();
        let back = sign_in(&mut browser, begun["address"].as_str().expect("an address")).await;
        let brought = brought_back(&back);
        let done = application.expect(&json!({"do": "finish", "brought": brought}));
        // Its signature, audience and issuer verified.
        is_wendy(&done["claims"]);
        assert_eq!(done["user"]["preferred_username"], UPN, "{done}");

        // The refresh token, at once, and what is in MSAL's cache.
        let silent = application.expect(&json!({"do": "silent"}));
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
    let done = application.expect(&json!({"do": "finish", "brought": brought}));
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
