//! The simulated Entra as a process, in front of an identity provider that it knows from its tenant's
//! file alone: Homerealm as another process, with a real slapd behind it.

#![allow(clippy::expect_used, clippy::indexing_slicing)] // a test may stop

mod federated;
mod provider;
mod simulator;
mod slapd;
mod strangers;

use std::{path::Path, sync::LazyLock};

use federated::{PARTNER, graph};
use homerealm::http::{
    PageForm,
    client::{Client, Reply},
    page_link,
};
use hyper::Uri;
use provider::{ISSUER, homerealm, type_password};
use serde_json::json;
use simulator::Simulator;
use slapd::{FEDERATED_SUFFIX, PASSWORD, Slapd};

static SLAPD: LazyLock<Slapd> = LazyLock::new(|| Slapd::start_new(slapd::Options::default()));

async fn type_at_entra(simulator: &Simulator, browser: &mut Client, name: &str) -> Reply {
    let door = simulator.url("/contoso.onmicrosoft.com/");
    let door = browser.get(&door, None).await.expect("a page");
    let form = PageForm::find(&door.text(), None).expect("a form");
    let to = door.resolve(&form.action).expect("a URL");
    let name = [("login_hint".to_owned(), name.to_owned())];
    browser
        .post_form(&to, &name, Some(&door))
        .await
        .expect("a page")
}

/// Sends the form of a page on.
async fn submit(browser: &mut Client, page: &Reply, id: &str) -> Reply {
    let text = page.text();
    let form = PageForm::find(&text, Some(id)).unwrap_or_else(|_| panic!("{text}"));
    let to = page.resolve(&form.action).expect("a URL");
    browser
        .post_form(&to, &form.fields, Some(page))
        .await
        .expect("a page")
}

fn shows(page: &Reply, text: &str) {
    assert!(page.text().contains(text), "{text}: {}", page.text());
}

#[tokio::test]
async fn a_file_is_all_that_the_simulator_knows_of_the_provider() {
    let (provider, simulator, mut browser) = federated::start(&SLAPD, "", &[]);
    let hop = type_at_entra(&simulator, &mut browser, &PARTNER.mail()).await;
    let asked = submit(&mut browser, &hop, "to-idp").await;
    let answer = type_password(&mut browser, &asked, &PARTNER.mail(), PASSWORD).await;
    let done = submit(&mut browser, &answer, "post").await;
    shows(&done, &PARTNER.upn());
    shows(&done, "<dd id=\"protocol\">SAML 2.0</dd>");

    // An administrator turns to WS-Federation; the session answers.
    let folder = provider.folder.path();
    let all = format!("domains/{FEDERATED_SUFFIX}/federationConfiguration");
    let told = graph(&simulator, "GET", &all, &json!(null), folder);
    let told: serde_json::Value = serde_json::from_str(&told).expect("JSON");
    let federation = format!("{all}/{}", told["value"][0]["id"].as_str().expect("an id"));
    let change = json!({
        "preferredAuthenticationProtocol": "wsFed",
        "passiveSignInUri": provider.url("/adfs/ls/").to_string(),
    });
    graph(&simulator, "PATCH", &federation, &change, folder);
    let hop = type_at_entra(&simulator, &mut browser, &PARTNER.mail()).await;
    let to = page_link(&hop.text(), "to-idp").expect("a link");
    let to: Uri = to.parse().expect("a URL");
    let answer = browser.get(&to, Some(&hop)).await.expect("a page");
    let done = submit(&mut browser, &answer, "post").await;
    shows(&done, "<dd id=\"protocol\">WS-Federation</dd>");

    // And mistypes the issuer.
    let slash = json!({"issuerUri": format!("{ISSUER}/")});
    graph(&simulator, "PATCH", &federation, &slash, folder);
    let hop = type_at_entra(&simulator, &mut browser, &PARTNER.mail()).await;
    let to = page_link(&hop.text(), "to-idp").expect("a link");
    let to: Uri = to.parse().expect("a URL");
    let answer = browser.get(&to, Some(&hop)).await.expect("a page");
    let refused = submit(&mut browser, &answer, "post").await;
    shows(&refused, "AADSTS50107");
    shows(&refused, "the slash at the end");
}

#[tokio::test]
async fn a_switch_keeps_foreign_emails_from_being_resolved() {
    let (_provider, simulator, mut browser) =
        federated::start(&SLAPD, "", &["--no-email-resolution"]);
    let refused = type_at_entra(&simulator, &mut browser, &PARTNER.mail()).await;
    shows(&refused, "AADSTS50034");
    let by_upn = type_at_entra(&simulator, &mut browser, &PARTNER.upn()).await;
    assert!(PageForm::find(&by_upn.text(), Some("to-idp")).is_ok());
}

#[test]
fn a_wrong_file_is_refused_with_its_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("tenant.toml");
    let wrong = "[[tenant]]\nname = \"contoso.onmicrosoft.com\"\ndisplyName = \"Contoso\"\n";
    std::fs::write(&file, wrong).expect("written");
    let refused = |file: &Path| {
        let output = homerealm()
            .args(["simulate", "--tenant"])
            .arg(file)
            .output();
        let output = output.expect("homerealm runs");
        assert_eq!(output.status.code(), Some(2));
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let said = refused(&file);
    assert!(said.contains("tenant.toml:3: "), "{said}");
    assert!(said.contains("did you mean `displayName`?"), "{said}");
    assert!(refused(Path::new("no-such-file.toml")).contains("no-such-file.toml"));
}
