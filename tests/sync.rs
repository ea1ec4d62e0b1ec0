//! The sync plan at a real slapd: every conflict found, and the planned tenant as the simulator's own,
//! where every planned guest signs in.

#![allow(clippy::expect_used, clippy::indexing_slicing)] // a test may stop

mod provider;
mod slapd;

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    process::Output,
};

use homerealm::{
    http::{
        PageForm,
        client::{Client, Reply},
        tls::client_config,
    },
    simulate::{HOST as ENTRA, Simulation, tenant_file},
};
use provider::{HOST, Options, Provider, homerealm, type_password};
use serde_json::Value;
use slapd::{PASSWORD, Slapd};

const SYNC: &str = r#"
[sync]
tenant = "contoso.onmicrosoft.com"
verified_domains = ["contoso.com", "legacy.contoso.com"]
user_type_attribute = "departmentNumber"
guest_units = ["ou=Partners,dc=contoso,dc=com"]
"#;

/// More accounts than a page has.
const ACCOUNTS: u32 = 600;

fn world(relying_party: &'static str, accounts: u32) -> (Slapd, Provider) {
    let slapd = Slapd::start_new(slapd::Options {
        accounts,
        conflicts: true,
        ..slapd::Options::default()
    });
    let options = Options {
        tables: SYNC,
        relying_party,
        ..Options::default()
    };
    let provider = Provider::start(&slapd, options);
    (slapd, provider)
}

fn plan(provider: &Provider, format: &str) -> Output {
    let mut command = homerealm();
    command
        .args(["sync", "plan", "--format", format, "--config"])
        .arg(provider.config_file());
    command.output().expect("homerealm runs")
}

fn planned(provider: &Provider) -> Value {
    let output = plan(provider, "json");
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

#[test]
fn every_conflict_is_found_and_nothing_else() {
    let (_slapd, provider) = world("", ACCOUNTS);
    let report = planned(&provider);
    let users = report["users"].as_array().expect("users");
    let mut conflicts = BTreeMap::new();
    for user in users {
        let dn = user["dn"].as_str().expect("a DN");
        let uid = dn.split(['=', ',']).nth(1).expect("a uid").to_owned();
        for conflict in user["conflicts"].as_array().expect("conflicts") {
            let kind = conflict["kind"].as_str().expect("a kind").to_owned();
            let before = conflicts.insert(uid.clone(), kind);
            assert_eq!(before, None, "{user}");
        }
    }
    let expected = [
        ("admin", "refused-here"),
        ("anchor1", "immutable-id-duplicate"),
        ("anchor2", "immutable-id-duplicate"),
        ("contractor", "suffix-unfederated"),
        ("desk1", "address-duplicate"),
        ("desk2", "address-duplicate"),
        ("elsewhere", "suffix-unverified"),
        ("khart", "address-in-own-domain"),
        ("mia", "address-duplicate"),
        ("miapartner", "address-of-member"),
        ("nomail", "address-missing"),
        ("olegacy", "suffix-unfederated"),
        ("own", "address-in-own-domain"),
        ("plus", "upn-invalid"),
        ("soft1", "soft-match"),
        ("soft2", "soft-match"),
        ("twin1", "upn-duplicate"),
        ("twin2", "upn-duplicate"),
        ("wrongtype", "user-type-invalid"),
    ];
    let expected = expected.map(|(uid, kind)| (uid.to_owned(), kind.to_owned()));
    assert_eq!(conflicts, BTreeMap::from(expected));
    // The numbered ones, eight others of every directory here, and those in conflict with insider.
    let accounts = usize::try_from(ACCOUNTS).expect("a number") + 8 + 15;
    assert_eq!(users.len(), accounts);
    assert_eq!(report["counts"]["accounts"], accounts);
    // Mia and the one whom the attribute makes a member.
    assert_eq!(report["counts"]["members"], 2);
    assert_eq!(report["good"], false);

    let csv = text(&plan(&provider, "csv"));
    assert_eq!(csv.lines().count(), accounts + 1);
    let table = text(&plan(&provider, "table"));
    assert_eq!(table.lines().count(), accounts + 1);
    assert!(table.contains("soft-match: soft@partners.contoso.com is that of"));
    let page = text(&plan(&provider, "html"));
    assert!(page.contains("<svg") && page.contains("fabrikam.com"));
    assert!(page.ends_with("</html>\n") || page.ends_with("</html>"));
}

#[test]
fn a_directory_that_is_down_is_no_empty_plan() {
    let (mut slapd, provider) = world("", 1);
    slapd.kill();
    let output = plan(&provider, "json");
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
}

#[test]
fn the_rules_are_printed_for_this_configuration() {
    let (_slapd, provider) = world("", 1);
    let mut command = homerealm();
    command
        .args(["sync", "rules", "--config"])
        .arg(provider.config_file());
    let output = command.output().expect("homerealm runs");
    assert_eq!(output.status.code(), Some(0));
    let script = text(&output);
    for part in [
        "'departmentNumber', 'Guest', 'EQUAL'",
        "'userPrincipalName', '@partners.contoso.com', 'ENDSWITH'",
        "'dn', ',ou=Partners,dc=contoso,dc=com', 'CONTAINS'",
        "-Source @('mail')",
    ] {
        assert!(script.contains(part), "{part}: {script}");
    }
}

#[tokio::test]
async fn every_planned_guest_signs_in_at_the_planned_tenant() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let address = listener.local_addr().expect("its address");
    let entra = format!(
        "[[relying_party]]\nentity_id = \"urn:federation:MicrosoftOnline\"\npreset = \"entra\"\n\
         assertion_consumer_services = [\"https://{ENTRA}:{}/login.srf\"]\n",
        address.port()
    );
    let (_slapd, provider) = world(Box::leak(entra.into_boxed_str()), 12);
    let tenant = text(&plan(&provider, "tenant"));
    let tenants = tenant_file::parse(&tenant, "planned.toml").expect("a tenant");
    // What is synced already is in nobody's way.
    let held = provider.file("planned.toml");
    std::fs::write(&held, &tenant).expect("planned.toml");
    let mut again = homerealm();
    again
        .args(["sync", "plan", "--format", "json", "--config"])
        .arg(provider.config_file())
        .arg("--held")
        .arg(&held);
    let again = again.output().expect("homerealm runs");
    let again: Value = serde_json::from_slice(&again.stdout).expect("JSON");
    assert_eq!(again, planned(&provider));
    drop(listener);
    let simulation = Simulation::start(tenants, address, true);
    let simulation = simulation.await.expect("a simulator");
    let mut signed_in = 0;
    for user in planned(&provider)["users"].as_array().expect("users") {
        let email = user["onPremisesUserPrincipalName"].as_str();
        let is_good = user["conflicts"].as_array().is_some_and(Vec::is_empty);
        let Some(email) = email.filter(|_| user["userType"] == "Guest") else {
            continue;
        };
        let roots = [provider.ca_pem().as_bytes(), simulation.ca_pem().as_bytes()];
        let mut browser = Client::new(client_config(&roots).expect("TLS settings"))
            .with_address(HOST, provider.address())
            .with_address(ENTRA, address);
        let answer = type_at_entra(address, &mut browser, email).await;
        if !is_good {
            // Entra holds nobody by this email.
            assert!(
                answer.text().contains("AADSTS50034"),
                "{email}: {}",
                answer.text()
            );
            continue;
        }
        let asked = submit(&mut browser, &answer, "to-idp").await;
        let answer = type_password(&mut browser, &asked, email, PASSWORD).await;
        let done = submit(&mut browser, &answer, "post").await.text();
        let upn = user["userPrincipalName"].as_str().expect("a UPN");
        assert!(
            done.contains(upn) && done.contains("SAML 2.0"),
            "{upn}: {done}"
        );
        signed_in += 1;
    }
    // The numbered ones, Wendy, Jürgen Müller and Pat O'Brien.
    assert_eq!(signed_in, 12 + 3);
    simulation.stop().await;
}

async fn type_at_entra(entra: SocketAddr, browser: &mut Client, name: &str) -> Reply {
    let door = format!("https://{ENTRA}:{}/contoso.onmicrosoft.com/", entra.port());
    let door = browser.get(&door.parse().expect("a URL"), None).await;
    let door = door.expect("a page");
    let form = PageForm::find(&door.text(), None).expect("a form");
    let to = door.resolve(&form.action).expect("a URL");
    let name = [("login_hint".to_owned(), name.to_owned())];
    let answer = browser.post_form(&to, &name, Some(&door)).await;
    answer.expect("a page")
}

/// Sends the form of a page on.
async fn submit(browser: &mut Client, page: &Reply, id: &str) -> Reply {
    let text = page.text();
    let form = PageForm::find(&text, Some(id)).unwrap_or_else(|_| panic!("{text}"));
    let to = page.resolve(&form.action).expect("a URL");
    let answer = browser.post_form(&to, &form.fields, Some(page)).await;
    answer.expect("a page")
}
