//! The sync plan at a real slapd: every conflict found, and the simulator filled by it, where every
//! sign-in comes to what the plan says.

#![allow(clippy::expect_used, clippy::indexing_slicing)] // a test may stop

mod planned;
mod provider;
mod simulator;
mod slapd;
mod strangers;

use std::{collections::BTreeMap, process::Output};

use planned::{Simulator, entra, plan, planned};
use provider::{Options, Provider, homerealm};
use serde_json::Value;
use slapd::{PASSWORD, Slapd};
use strangers::powershell_commands;

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

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

#[test]
fn every_conflict_is_found_and_nothing_else() {
    let (_slapd, provider) = world("", ACCOUNTS);
    let report = planned(&provider, &[]);
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

    let csv = text(&plan(&provider, &["--format", "csv"]));
    assert_eq!(csv.lines().count(), accounts + 1);
    let table = text(&plan(&provider, &["--format", "table"]));
    assert_eq!(table.lines().count(), accounts + 1);
    assert!(table.contains("soft-match: soft@partners.contoso.com is that of"));
    let page = text(&plan(&provider, &["--format", "html"]));
    assert!(page.contains("<svg") && page.contains("fabrikam.com"));
    assert!(page.ends_with("</html>\n") || page.ends_with("</html>"));
}

#[test]
fn a_directory_that_counts_no_changes_is_read_whole() {
    let (_slapd, provider) = world("", 3);
    let state = provider.file("state.json");
    let arguments = ["--state", state.to_str().expect("a path")];
    let first = planned(&provider, &arguments);
    assert_eq!(planned(&provider, &arguments), first);
    assert_eq!(planned(&provider, &[]), first);
    let kept = std::fs::read_to_string(&state).expect("a file");
    assert_eq!(kept, "{\"directories\":{}}");
}

#[test]
fn a_directory_that_is_down_is_no_empty_plan() {
    let (mut slapd, provider) = world("", 1);
    slapd.kill();
    let output = plan(&provider, &["--format", "json"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
}

#[test]
fn the_rules_are_powershell_for_this_configuration() {
    const UNIT: &str = r#"ou=Bob's $(Get-Date) `n \"ones\" # |,dc=contoso,dc=com"#;
    let tables = SYNC.replace(
        "ou=Partners,dc=contoso,dc=com",
        &UNIT.replace('\\', r"\\").replace('"', r#"\""#),
    );
    let slapd = Slapd::start_new(slapd::Options::default());
    let options = Options {
        tables: Box::leak(tables.into_boxed_str()),
        ..Options::default()
    };
    let provider = Provider::start(&slapd, options);
    let mut command = homerealm();
    command
        .args(["sync", "rules", "--config"])
        .arg(provider.config_file());
    let output = command.output().expect("homerealm runs");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let commands = powershell_commands(&text(&output));
    let commands = commands.as_array().expect("commands");
    let of = |name: &str| -> Vec<&Value> {
        let commands = commands.iter();
        commands.filter(|command| command["name"] == name).collect()
    };
    // The scheduler stands still before there is a rule, and nothing begins a cycle.
    let place = |name: &str| commands.iter().position(|command| command["name"] == name);
    assert!(place("Set-ADSyncScheduler") < place("New-ADSyncRule"));
    assert!(of("Start-ADSyncSyncCycle").is_empty());
    let names: Vec<_> = of("New-ADSyncRule")
        .iter()
        .map(|it| it["texts"][0].clone())
        .collect();
    let expected = [
        "Homerealm - Members by attribute",
        "Homerealm - Guests",
        "Homerealm - Members",
        "Homerealm - To Entra",
    ];
    assert_eq!(names, expected);
    assert_eq!(of("Add-ADSyncRule").len(), names.len());
    let conditions: Vec<_> = of("New-Object")
        .into_iter()
        .map(|command| {
            let texts = command["texts"].as_array().expect("texts").iter().skip(1);
            texts
                .map(|text| text.as_str().expect("a text"))
                .collect::<Vec<_>>()
        })
        .filter(|condition| condition[0] != "adminDescription")
        .collect();
    let below = format!(",{UNIT}");
    let expected = [
        ["departmentNumber", "Member", "EQUAL"],
        ["departmentNumber", "Guest", "EQUAL"],
        ["userPrincipalName", "@partners.contoso.com", "ENDSWITH"],
        ["dn", &below, "CONTAINS"],
        ["sourceObjectType", "User", "EQUAL"],
        ["cloudMastered", "True", "NOTEQUAL"],
    ];
    assert_eq!(conditions, expected);
    let flows = of("Add-ADSyncAttributeFlowMapping");
    let email = flows.iter().filter(|flow| flow["texts"][0] == "mail");
    let email: Vec<_> = email.map(|flow| flow["texts"].clone()).collect();
    let expected = serde_json::json!(["mail", "onPremisesUserPrincipalName", "Direct", "Update"]);
    assert_eq!(email, [expected]);
}

#[tokio::test]
async fn every_sign_in_comes_to_what_the_plan_says() {
    let (address, relying_party) = entra();
    let (_slapd, provider) = world(relying_party, 12);
    let report = planned(&provider, &[]);
    let tenant = text(&plan(&provider, &["--format", "tenant"]));
    let file = provider.file("planned.toml");
    std::fs::write(&file, &tenant).expect("planned.toml");
    let file = file.to_str().expect("a path");
    // What is synced already is in nobody's way.
    assert_eq!(planned(&provider, &["--held", file]), report);

    // Filled from the directory alone, and into a tenant that is written down.
    for more in [&[][..], &["--tenant", file]] {
        let simulator = Simulator::start(&provider, address, more);
        let mut signed_in = 0;
        for user in report["users"].as_array().expect("users") {
            let Some(name) = user["onPremisesUserPrincipalName"].as_str() else {
                continue;
            };
            let came_to = simulator.comes_to(name, PASSWORD).await;
            let page = &came_to.page;
            if user["prediction"] == "comes-here" {
                // Not looked at, but she comes here.
                let here = ["signs-in", "refused-here"];
                assert!(here.contains(&came_to.prediction), "{user}: {page}");
                continue;
            }
            assert_eq!(user["prediction"], came_to.prediction, "{user}: {page}");
            if came_to.prediction == "signs-in" {
                let upn = user["userPrincipalName"].as_str().expect("a UPN");
                assert!(page.contains(upn) && page.contains("SAML 2.0"), "{page}");
                signed_in += 1;
            }
        }
        // The numbered ones, Wendy, Jürgen Müller and Pat O'Brien.
        assert_eq!(signed_in, 12 + 3);
    }
}
