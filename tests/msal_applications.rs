//! Applications with MSAL sign Wendy in: through the simulated Entra and the identity provider to the
//! directory, and back with tokens. Nothing of them is special but the authority.

#![allow(clippy::expect_used, clippy::indexing_slicing)] // a test may stop

mod demo;
mod msal;
mod strangers;

use std::{fmt::Write as _, io::Write as _, path::Path, process::Command};

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use demo::Demo;
use homerealm::{
    entra::ObjectId,
    http::{PageForm, client::Reply, page_link},
    keys::{Signer, create_signing_key},
};
use hyper::Uri;
use msal::{
    Application, EMAIL, PASSWORD, UPN, bring_home, brought_back, browser, follow, open, pass,
    sign_in, submit,
};
use serde_json::{Value, json};
use strangers::{node_environment, python, tool};

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
    let mut text = String::new();
    for octet in octets {
        write!(text, "{octet:02X}").expect("written");
    }
    text
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
        sign_in(&mut browser, &application.begins()).await;

        let back = open(&mut browser, &application.begins()).await;
        let done = application.expect(&json!({"do": "finish", "brought": brought_back(&back)}));
        is_wendy(&done["claims"]);
        let silent = format!("{}&prompt=none", application.begins());
        let back = open(&mut browser, &silent).await;
        assert!(brought_back(&back)["code"].is_string());
        // The identity provider's session is another one: it is asked, and answers by itself.
        let again = format!("{}&prompt=login&login_hint={EMAIL}", application.begins());
        let hop = open(&mut browser, &again).await;
        let answer = follow(&mut browser, &hop, "to-idp").await;
        leads_on(&answer, "post");

        let (entra, _) = again.split_once("/oauth2/").expect("an authority");
        let out = format!(
            "{entra}/oauth2/v2.0/logout?post_logout_redirect_uri=http%3A%2F%2Flocalhost&state=x"
        );
        let out = open(&mut browser, &out).await;
        let to_app = page_link(&out.text(), "to-app").expect("the way back");
        assert_eq!(to_app, "http://localhost?state=x");
        let there = follow(&mut browser, &out, "to-idp").await;
        assert!(there.text().contains("signed out"), "{}", there.text());

        let silent = format!("{}&prompt=none", application.begins());
        let back = open(&mut browser, &silent).await;
        assert_eq!(brought_back(&back)["error"], "login_required", "{protocol}");
        // Nor does the identity provider know anybody any more.
        let again = format!("{}&login_hint={EMAIL}", application.begins());
        let hop = open(&mut browser, &again).await;
        leads_on(&follow(&mut browser, &hop, "to-idp").await, "sign-in");
    }
}

fn leads_on(page: &Reply, form: &str) {
    let text = page.text();
    assert!(PageForm::find(&text, Some(form)).is_ok(), "{text}");
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
