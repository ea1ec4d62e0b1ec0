//! Against a real domain controller (Samba): every account state through the real page to the real
//! text, and what else only Active Directory does.

#![allow(clippy::expect_used, clippy::indexing_slicing)] // a test may stop

mod provider;
mod samba;
mod slapd;

#[path = "ws_federation/asked.rs"]
#[allow(dead_code)] // a part is enough here
mod asked;
#[path = "samba/password_expiry.rs"]
mod password_expiry;

use std::sync::LazyLock;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use homerealm::http::client::Reply;
use provider::{Asked, Options, Provider, homerealm, is_sign_in_page, posted, type_password};
use samba::{LOCKOUT_THRESHOLD, PASSWORD, Samba};
use serde_json::Value;

static SAMBA: LazyLock<Samba> = LazyLock::new(Samba::start);

fn provider(more: &str) -> Provider {
    Provider::start_before(&SAMBA.table(more), SAMBA.ca_pem(), Options::default())
}

/// Signs in with a browser of its own.
async fn sign_in(provider: &Provider, name: &str, password: &str) -> Reply {
    let mut browser = provider.browser();
    let url = provider.url(&Asked::new().to_redirect());
    let page = browser.get(&url, None).await.expect("the page");
    type_password(&mut browser, &page, name, password).await
}

/// The ImmutableID and the UPN in the answer to the relying party.
async fn identity(provider: &Provider, name: &str) -> (String, String) {
    let page = sign_in(provider, name, PASSWORD).await;
    let document = posted(&page).document;
    let between = |from: &str, to: &str| {
        let (_, rest) = document
            .split_once(from)
            .unwrap_or_else(|| panic!("{document}"));
        let (_, rest) = rest.split_once('>').expect("an element");
        rest.split_once(to).expect("its end").0.to_owned()
    };
    let upn = between("Name=\"IDPEmail\"", "</saml:Attribute>");
    let upn = upn.split('>').nth(1).expect("a value").split('<').next();
    (
        between("<saml:NameID", "</"),
        upn.expect("a value").to_owned(),
    )
}

const WRONG: &str = "Email address or password is not right.";

#[tokio::test]
async fn each_state_is_told_after_the_right_password_and_never_before() {
    let provider = provider("");
    for (count, (name, text, cause)) in (1..).zip([
        (
            "disabled@fabrikam.com",
            "Your account is switched off.",
            "Disabled",
        ),
        (
            "ended@fabrikam.com",
            "Your account has come to its end date.",
            "AccountExpired",
        ),
        (
            "mustchange@fabrikam.com",
            "Your password has expired.",
            "MustChangePassword",
        ),
        (
            "oldpassword@fabrikam.com",
            "Your password has expired.",
            "PasswordExpired",
        ),
        (
            "nohours@fabrikam.com",
            "Your account may not sign in at this time or from here.",
            "LogonHours",
        ),
        (
            "elsewhere@fabrikam.com",
            "Your account may not sign in at this time or from here.",
            "Workstation",
        ),
    ]) {
        let page = sign_in(&provider, name, "wrong").await;
        assert!(
            is_sign_in_page(&page) && page.text().contains(WRONG),
            "{name}"
        );
        let page = sign_in(&provider, name, PASSWORD).await;
        assert!(is_sign_in_page(&page), "{name}");
        assert!(page.text().contains(text), "{name}: {}", page.text());
        let log = provider.audit("sign-in-failed", 2 * count);
        let told = log.iter().any(|line| {
            line["name"] == name
                && line["cause"]
                    .as_str()
                    .is_some_and(|text| text.contains(cause))
        });
        assert!(told, "{name}: {log:?}");
    }
}

#[tokio::test]
async fn a_locked_account_looks_like_a_wrong_password() {
    // Our own guard would otherwise keep a stranger from locking anybody out.
    let lenient = Options {
        guard: "failures_per_account = 50",
        ..Options::default()
    };
    let provider = Provider::start_before(&SAMBA.table(""), SAMBA.ca_pem(), lenient);
    let name = "locked@fabrikam.com";
    assert_eq!(
        identity(&provider, name).await.1,
        "locked@partners.contoso.com"
    );
    for _ in 0..LOCKOUT_THRESHOLD {
        let page = sign_in(&provider, name, "wrong").await;
        assert!(page.text().contains(WRONG));
    }
    for password in [PASSWORD, "wrong"] {
        let page = sign_in(&provider, name, password).await;
        assert!(is_sign_in_page(&page) && page.text().contains(WRONG));
    }
    let log = provider.audit("sign-in-failed", LOCKOUT_THRESHOLD as usize + 2);
    let last = log.last().expect("a line")["cause"]
        .as_str()
        .expect("a cause");
    assert!(last.contains("LockedOut"), "{last}");
}

#[tokio::test]
async fn names_lead_to_the_account_as_entra_knows_it() {
    let provider = provider("");
    let wendy = SAMBA.object_guid("wmoran");
    for (typed, immutable_id, upn) in [
        // The base is the whole domain, whose searches end with a referral.
        ("wmoran@fabrikam.com", wendy, "wmoran@partners.contoso.com"),
        (
            "Wendy.Moran@Fabrikam.com",
            wendy,
            "wmoran@partners.contoso.com",
        ),
        (
            "wmoran@partners.contoso.com",
            wendy,
            "wmoran@partners.contoso.com",
        ),
        // A DN beyond ASCII with a comma in it.
        (
            "j.mueller@tailspintoys.com",
            SAMBA.object_guid("umlaut"),
            "umlaut@partners.contoso.com",
        ),
        // mS-DS-ConsistencyGuid goes first, here with octets that are text ("ABC...P").
        (
            "anchored@fabrikam.com",
            "QUJDREVGR0hJSktMTU5PUA==",
            "anchored@partners.contoso.com",
        ),
    ] {
        let found = identity(&provider, typed).await;
        assert_eq!(found, (immutable_id.to_owned(), upn.to_owned()), "{typed}");
    }
}

#[tokio::test]
async fn who_must_not_pass_the_partner_door_does_not() {
    let provider = provider(
        "refuse_groups = [\"CN=VPN Administrators,OU=Groups,DC=corp,DC=contoso,DC=test\"]\n\
         own_domains = [\"contoso.com\"]",
    );
    for (count, (name, cause)) in (1..).zip([
        ("nested@fabrikam.com", "in a refused group"),
        ("ceo@contoso.com", "own domain contoso.com"),
        ("admin@fabrikam.com", "privileged"),
        ("shared@fabrikam.com", "2 or more accounts"),
        ("outside@fabrikam.com", "outside of the configured scope"),
        // Active Directory ignores accents; we do not.
        ("wmorän@fabrikam.com", "no account has this name"),
        ("nobody@fabrikam.com", "no account has this name"),
    ]) {
        let page = sign_in(&provider, name, PASSWORD).await;
        assert!(
            is_sign_in_page(&page) && page.text().contains(WRONG),
            "{name}"
        );
        let log = provider.audit("sign-in-failed", count);
        let line = log.iter().rfind(|line| line["name"] == name);
        let found = line.expect(name)["cause"].as_str().expect("a cause");
        assert!(found.contains(cause), "{name}: {found}");
    }
    // And who is in none of these does, whatever else is asked of the directory.
    identity(&provider, "wmoran@fabrikam.com").await;
}

/// What is said about who is in which group, and who may come at all.
const ROLES: &str = r#"
preset = "saml2"
name_id = "immutable-id"
access = { group = "CN=Wiki Readers,OU=Groups,DC=corp,DC=contoso,DC=test" }
[[relying_party.claim]]
name = "IDPEmail"
from = "cloud-upn"
[[relying_party.claim]]
name = "role"
from = { groups = [
    { group = "cn=wiki owners, ou=groups,dc=corp,dc=contoso,dc=test", value = "owner" },
    { group = "CN=Wiki Admins,OU=Groups,DC=corp,DC=contoso,DC=test", value = "admin" },
    { group = "CN=Gäste\\, Wiki,OU=Groups,DC=corp,DC=contoso,DC=test", value = "guest" },
    { group = "CN=Domain Users,CN=Users,DC=corp,DC=contoso,DC=test", value = "primary" },
    { group = "CN=Gone,OU=Groups,DC=corp,DC=contoso,DC=test", value = "gone" },
] }
[[relying_party.claim]]
name = "family"
from = { attribute = "sn" }
"#;

#[tokio::test]
async fn nested_groups_are_roles() {
    let roles = Options {
        relying_party: ROLES,
        ..Options::default()
    };
    // A filter for accounts is none for groups, and the base need not be above them.
    let table = SAMBA.table("filter = \"(objectCategory=person)\"").replace(
        &format!("base = \"{}\"", samba::BASE),
        &format!("base = \"{}\"", samba::PARTNERS),
    );
    let provider = Provider::start_before(&table, SAMBA.ca_pem(), roles);
    for (name, family) in [
        ("nested@fabrikam.com", "Ted"),
        ("j.mueller@tailspintoys.com", "Müller"),
    ] {
        let page = sign_in(&provider, name, PASSWORD).await;
        let document = posted(&page).document;
        let (_, roles) = document.split_once("Name=\"role\">").expect("roles");
        let (roles, rest) = roles.split_once("</saml:Attribute>").expect("an end");
        let values: Vec<_> = roles
            .split("<saml:AttributeValue>")
            .skip(1)
            .filter_map(|value| value.split('<').next())
            .collect();
        assert_eq!(values, ["owner", "guest"], "{name}: {roles}");
        assert!(rest.contains(family), "{rest}");
    }
    for (count, name) in (1..).zip(["wmoran@fabrikam.com", "anchored@fabrikam.com"]) {
        assert_eq!(
            sign_in(&provider, name, PASSWORD).await.status,
            403,
            "{name}"
        );
        assert_eq!(
            provider.audit("not-permitted", count)[count - 1]["name"],
            name
        );
    }
    let groups = of(&check(&provider, &[]), "claim-groups");
    let missing: Vec<_> = groups
        .iter()
        .filter(|(verdict, _)| verdict == "fail")
        .collect();
    assert_eq!((groups.len(), missing.len()), (6, 1), "{groups:?}");
}

#[tokio::test]
async fn the_sync_plan_knows_accounts_as_active_directory_does() {
    let provider = provider(
        "refuse_groups = [\"CN=VPN Administrators,OU=Groups,DC=corp,DC=contoso,DC=test\"]",
    );
    let output = homerealm()
        .args(["sync", "plan", "--format", "json", "--config"])
        .arg(provider.config_file())
        .output()
        .expect("homerealm runs");
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let users = report["users"].as_array().expect("users");
    let user = |upn: &str| {
        let mut users = users.iter();
        let found = users.find(|user| user["userPrincipalName"] == upn);
        found.unwrap_or_else(|| panic!("no {upn} in {report}"))
    };
    let (wendy, umlaut) = (SAMBA.object_guid("wmoran"), SAMBA.object_guid("umlaut"));
    for (name, immutable_id, email) in [
        ("wmoran", wendy, "wmoran@fabrikam.com"),
        ("umlaut", umlaut, "j.mueller@tailspintoys.com"),
        (
            "anchored",
            "QUJDREVGR0hJSktMTU5PUA==",
            "anchored@fabrikam.com",
        ),
    ] {
        let user = user(&format!("{name}@partners.contoso.com"));
        assert_eq!(user["userType"], "Guest", "{user}");
        assert_eq!(user["onPremisesUserPrincipalName"], email);
        assert_eq!(user["onPremisesImmutableId"], immutable_id);
        assert_eq!(
            user["conflicts"].as_array().map(Vec::len),
            Some(0),
            "{user}"
        );
    }
    for (upn, kind) in [
        ("shared1@partners.contoso.com", "address-duplicate"),
        ("admin@partners.contoso.com", "refused-here"),
        ("outside@partners.contoso.com", "refused-here"),
        // In a group that is in the refused one.
        ("nested@partners.contoso.com", "refused-here"),
        ("svc-idp@corp.contoso.test", "suffix-unverified"),
    ] {
        let user = user(upn);
        assert_eq!(user["conflicts"][0]["kind"], kind, "{user}");
    }
    // The account is synced, and stays disabled.
    let disabled = user("disabled@partners.contoso.com");
    assert_eq!(disabled["state"], "Disabled", "{disabled}");
    // Neither groups nor computers.
    let others = ["OU=Groups", "OU=Domain Controllers"];
    assert!(users.iter().all(|user| {
        let dn = user["dn"].as_str().expect("a DN");
        others.iter().all(|other| !dn.contains(other))
    }));
}

#[tokio::test]
async fn starttls_and_the_wrong_certificate() {
    let starttls = SAMBA
        .table("starttls = true")
        .replace(&SAMBA.ldaps_url(), &SAMBA.ldap_url());
    let over = Provider::start_before(&starttls, SAMBA.ca_pem(), Options::default());
    identity(&over, "wmoran@fabrikam.com").await;

    let stranger = homerealm::http::tls::LocalCa::new().expect("a CA");
    for table in [SAMBA.table(""), starttls] {
        let provider = Provider::start_before(&table, stranger.ca_pem(), Options::default());
        let page = sign_in(&provider, "wmoran@fabrikam.com", PASSWORD).await;
        assert_eq!(page.status, 503);
        let checked = homerealm()
            .args(["check", "--config"])
            .arg(provider.config_file())
            .output()
            .expect("homerealm runs");
        let text = String::from_utf8(checked.stdout).expect("UTF-8");
        assert!(text.contains("TLS"), "{text}");
        assert_eq!(checked.status.code(), Some(1));
    }
}

/// The doctor's findings.
fn check(provider: &Provider, more: &[&str]) -> Vec<Value> {
    let output = homerealm()
        .args(["check", "--json", "--config"])
        .arg(provider.config_file())
        .args(more)
        .output()
        .expect("homerealm runs");
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    report["findings"].as_array().expect("findings").clone()
}

/// The verdicts and texts of the findings of this name.
fn of(findings: &[Value], name: &str) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    findings
        .iter()
        .filter(|finding| finding["name"] == name)
        .map(|finding| (text(&finding["verdict"]), text(&finding["found"])))
        .collect()
}

#[tokio::test]
async fn the_doctor_knows_active_directory() {
    let groups = "refuse_groups = [\"CN=Operators,OU=Groups,DC=corp,DC=contoso,DC=test\", \
                  \"CN=Gone,DC=corp,DC=contoso,DC=test\"]";
    let provider = provider(groups);
    let findings = check(&provider, &["--scan"]);
    for (name, verdict, text) in [
        ("directory-server", "ok", "base read"),
        // The test's CA issues for thirty days.
        (
            "directory-certificate",
            "warn",
            "trusted, valid for 29 days",
        ),
        ("directory-clock", "ok", "seconds apart"),
        ("service-account", "ok", "may read accounts"),
        ("refused-groups", "fail", "CN=Gone"),
        (
            "shared-names",
            "warn",
            "1 names that several accounts have, so that none can use them: shared@fabrikam.com",
        ),
    ] {
        let found = of(&findings, name);
        assert_eq!(found.len(), 1, "{name}: {findings:#?}");
        assert_eq!(found[0].0, verdict, "{found:?}");
        assert!(found[0].1.contains(text), "{found:?}");
    }
    let accounts = of(&findings, "accounts");
    for text in [
        "could sign in",
        "1 never could, since its state is Disabled: CN=Dee Disabled",
        "1 never could, since its state is MustChangePassword: CN=Max Change",
        "1 never could, since it is privileged (adminCount=1): CN=Ada Min",
        "1 never could, since it is in a refused group: CN=Nes Ted",
        "it lies outside of the scope",
    ] {
        assert!(
            accounts.iter().any(|(_, found)| found.contains(text)),
            "{text}: {accounts:#?}"
        );
    }
    assert_eq!(of(&findings, "sign-in-attribute").len(), 3);

    // Without --scan no account is read.
    assert!(of(&check(&provider, &[]), "accounts").is_empty());
}

#[tokio::test]
async fn the_doctor_sees_a_service_account_that_may_too_much() {
    for (account, text) in [
        ("administrator@corp.contoso.test", "adminCount=1"),
        ("svc-operator@corp.contoso.test", "it may write"),
    ] {
        let table = SAMBA.table("").replace(samba::SERVICE_UPN, account);
        let provider = Provider::start_before(&table, SAMBA.ca_pem(), Options::default());
        let found = of(&check(&provider, &[]), "service-account");
        assert_eq!(found[0].0, "warn", "{found:?}");
        assert!(found[0].1.contains(text), "{found:?}");
    }
}

/// The directory table with the servers found by DNS.
fn discovered(more: &str, table: &str) -> String {
    let servers = format!("servers = [\"{}\"]", SAMBA.ldaps_url());
    let discover = format!(
        "discover = {{ domain = \"{}\", dns_servers = [\"{}\"]{more} }}",
        samba::DOMAIN,
        SAMBA.address()
    );
    let replaced = SAMBA.table(table).replace(&servers, &discover);
    assert!(replaced.contains(&discover));
    replaced
}

#[tokio::test]
async fn the_domain_controller_is_found_by_its_own_dns() {
    let start = |table: String| Provider::start_before(&table, SAMBA.ca_pem(), Options::default());
    for (more, table, found) in [
        ("", "", "ldaps://dc1.corp.contoso.test:636"),
        // The port of StartTLS is the one in DNS.
        ("", "starttls = true", "ldap://dc1.corp.contoso.test:389"),
        (
            ", site = \"Default-First-Site-Name\"",
            "",
            "ldaps://dc1.corp.contoso.test:636",
        ),
    ] {
        let provider = start(discovered(more, table));
        identity(&provider, "wmoran@fabrikam.com").await;
        provider.wait_for("it says what was found", |line| {
            line.contains("directory servers found") && line.contains(found)
        });
        let findings = check(&provider, &[]);
        let discovery = of(&findings, "directory-discovery");
        assert_eq!(discovery.len(), 1, "{findings:#?}");
        let (verdict, text) = &discovery[0];
        // Samba lets its records hold for a quarter of an hour.
        let expected = format!("{found} at {}; looked up again after 900s", SAMBA.address());
        assert!(verdict == "ok" && text.contains(&expected), "{discovery:?}");
        assert!(text.contains("dc._msdcs.corp.contoso.test"), "{text}");
        let server = of(&findings, "directory-server");
        assert!(server[0].1.starts_with(found), "{server:?}");
    }

    let provider = start(discovered(", site = \"Nowhere\"", ""));
    identity(&provider, "wmoran@fabrikam.com").await;
    let found = of(&check(&provider, &[]), "directory-discovery");
    assert!(
        found[0].0 == "warn" && found[0].1.contains("none of the site"),
        "{found:?}"
    );
}

#[tokio::test]
async fn a_start_without_dns_says_so() {
    // Nothing listens there.
    let dead = format!("dns_servers = [\"{}:1\"]", SAMBA.address());
    let alive = format!("dns_servers = [\"{}\"]", SAMBA.address());
    let table = discovered("", "").replace(&alive, &dead);
    let provider = Provider::start_before(&table, SAMBA.ca_pem(), Options::default());
    let page = sign_in(&provider, "wmoran@fabrikam.com", PASSWORD).await;
    assert_eq!(page.status, 503);
    assert!(is_sign_in_page(&page));
    provider.wait_for("it says that DNS fails", |line| {
        line.contains("directory servers cannot be looked up") && line.contains("WARN")
    });
    let findings = check(&provider, &[]);
    let found = of(&findings, "directory-discovery");
    assert!(
        found[0].0 == "fail" && found[0].1.contains("did not answer"),
        "{found:?}"
    );
    assert!(of(&findings, "directory-server").is_empty());
}

/// An account that only one test uses.
fn account(name: &str, password: &str) -> String {
    let quoted: Vec<u8> = format!("\"{password}\"")
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    format!(
        "dn: CN={name},{partners}\nchangetype: add\nobjectClass: user\nsAMAccountName: {name}\n\
         userPrincipalName: {name}@partners.contoso.com\nmail: {name}@fabrikam.com\n\
         userAccountControl: 512\nunicodePwd:: {password}\n\n",
        partners = samba::PARTNERS,
        password = STANDARD.encode(quoted),
    )
}

fn renamed(name: &str, to: &str) -> String {
    let partners = samba::PARTNERS;
    format!("dn: CN={name},{partners}\nchangetype: modrdn\nnewrdn: CN={to}\ndeleteoldrdn: 1\n\n")
}

#[tokio::test]
async fn an_account_that_was_moved_is_never_mistaken() {
    const HIS: &str = "An0ther-Passw0rd";
    SAMBA.change(&(account("mover", PASSWORD) + &account("heir", HIS)));
    let provider = provider("");
    let by_dn = SAMBA
        .table("")
        .replace(samba::SERVICE_UPN, samba::SERVICE_DN);
    let by_dn = Provider::start_before(&by_dn, SAMBA.ca_pem(), Options::default());
    for provider in [&provider, &by_dn] {
        let server = of(&check(provider, &[]), "directory-server");
        assert!(server[0].1.contains("bound by objectGUID"), "{server:?}");
    }
    let hers = identity(&provider, "mover@fabrikam.com").await;
    assert_eq!(hers.1, "mover@partners.contoso.com");

    // Her name passes to him, within the time for which what her address meant is remembered.
    SAMBA.change(&(renamed("mover", "moved") + &renamed("heir", "mover")));
    let moved = std::time::Instant::now();
    let page = sign_in(&provider, "mover@fabrikam.com", HIS).await;
    assert!(is_sign_in_page(&page), "he signed in as her");
    assert!(page.text().contains(WRONG));
    assert_eq!(identity(&provider, "mover@fabrikam.com").await, hers);
    assert!(moved.elapsed().as_secs() < 15, "too slow to tell anything");
    let mut browser = provider.browser();
    let url = provider.url(&Asked::new().to_redirect());
    let page = browser.get(&url, None).await.expect("the page");
    let page = type_password(&mut browser, &page, "heir@fabrikam.com", HIS).await;
    assert!(posted(&page).document.contains("heir@partners.contoso.com"));
}
