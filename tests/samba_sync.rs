//! The sync plan at a real domain controller (Samba) with two thousand partners: the simulator is filled
//! by it, every partner whom it says to sign in does, and every other one comes to exactly what it says.

#![allow(clippy::expect_used, clippy::indexing_slicing)] // a test may stop

mod planned;
mod provider;
mod samba;
mod simulator;
mod slapd;

use std::{collections::BTreeMap, fs, os::unix::fs::PermissionsExt as _, path::Path, sync::Arc};

use planned::{Simulator, entra, plan, planned};
use provider::{Options, Provider};
use samba::{PASSWORD, Samba};
use serde_json::Value;
use tokio::task::JoinSet;

const PARTNERS: usize = 2_000;
/// Sign-ins at a time.
const AT_ONCE: usize = 6;

const SYNC: &str = r#"
[sync]
tenant = "contoso.onmicrosoft.com"
verified_domains = ["contoso.com", "legacy.contoso.com"]
user_type_attribute = "employeeType"
guest_units = ["OU=Partners,DC=corp,DC=contoso,DC=test"]
"#;

const REFUSED: &str =
    "refuse_groups = [\"CN=Administrators of all,OU=Groups,DC=corp,DC=contoso,DC=test\"]";

/// Who cannot sign in: the conflict, and what her sign-in comes to.
const OTHERS: [(&str, &str, &str); 25] = [
    ("anchor1", "immutable-id-duplicate", "nobody"),
    ("anchor2", "immutable-id-duplicate", "nobody"),
    ("declared", "", "entra-password"),
    ("disabled", "", "refused-here"),
    ("fallback1", "suffix-unverified", "nobody"),
    ("fallback2", "suffix-unverified", "nobody"),
    ("mia", "address-duplicate", "nobody"),
    ("miapartner", "address-of-member", "nobody"),
    ("nested", "refused-here", "refused-here"),
    ("noaddress", "address-invalid", "no-name"),
    ("nomail", "address-missing", "no-name"),
    ("noupn", "upn-missing", "nobody"),
    ("outside", "refused-here", "refused-here"),
    ("owndomain", "address-in-own-domain", "nobody"),
    ("ownsuffix", "address-in-own-domain", "refused-here"),
    ("plus", "upn-invalid", "nobody"),
    ("privileged", "refused-here", "refused-here"),
    ("shared1", "address-duplicate", "nobody"),
    ("shared2", "address-duplicate", "nobody"),
    ("soft1", "soft-match", "nobody"),
    ("soft2", "soft-match", "nobody"),
    ("svc-idp", "suffix-unverified", "entra-password"),
    ("unfederated", "suffix-unfederated", "entra-password"),
    ("unverified", "suffix-unverified", "entra-password"),
    ("wrongtype", "user-type-invalid", "nobody"),
];

/// Whom Homerealm refuses, and the cause in its audit trail.
const REFUSED_HERE: [(&str, &str); 5] = [
    ("disabled@fabrikam.com", "Disabled"),
    ("nested@fabrikam.com", "in a refused group"),
    ("outside@fabrikam.com", "scope"),
    ("privileged@fabrikam.com", "privileged"),
    ("somebody@partners.contoso.com", "own"),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_partner_comes_to_what_the_plan_says() {
    let samba = Samba::start_with("partners.py", &PARTNERS.to_string());
    let (address, relying_party) = entra();
    let options = Options {
        tables: SYNC,
        relying_party,
        ..Options::default()
    };
    let provider = Provider::start_before(&samba.table(REFUSED), samba.ca_pem(), options);
    let report = planned(&provider, &[]);
    let users = report["users"].as_array().expect("users");

    let mut others = BTreeMap::new();
    let mut good = 0;
    let mut staff = 0;
    for user in users {
        let name = user["displayName"].as_str().expect("a name");
        let conflicts = user["conflicts"].as_array().expect("conflicts");
        let kinds = conflicts
            .iter()
            .map(|one| one["kind"].as_str().expect("a kind"));
        let told = (
            kinds.collect::<Vec<_>>().join(" "),
            user["prediction"].as_str().expect("a prediction"),
        );
        let is_staff = name.starts_with("staff");
        if name.starts_with("partner") || is_staff {
            let expected = if is_staff {
                "entra-password"
            } else {
                "signs-in"
            };
            assert_eq!(told, (String::new(), expected), "{user}");
            staff += usize::from(is_staff);
            good += usize::from(!is_staff);
        } else {
            assert_eq!(others.insert(name.to_owned(), told), None);
        }
    }
    assert_eq!((good, staff), (PARTNERS, 40));
    let expected = OTHERS.map(|(name, kinds, told)| (name.to_owned(), (kinds.to_owned(), told)));
    assert_eq!(others, BTreeMap::from(expected));

    let simulator = Arc::new(Simulator::start(&provider, address, &[]));
    let mut waiting = users.clone().into_iter();
    let mut running = JoinSet::new();
    let mut came_to: BTreeMap<String, usize> = BTreeMap::new();
    loop {
        while running.len() < AT_ONCE
            && let Some(user) = waiting.next()
        {
            running.spawn(sign_in(simulator.clone(), user));
        }
        let Some(done) = running.join_next().await else {
            break;
        };
        *came_to.entry(done.expect("a sign-in")).or_default() += 1;
    }
    let told: BTreeMap<String, usize> =
        serde_json::from_value(report["counts"]["predictions"].clone()).expect("counts");
    assert_eq!(came_to, told);
    assert_eq!(came_to["signs-in"], PARTNERS);

    // Homerealm's own reasons for those that it refused.
    let log = provider.audit("sign-in-failed", REFUSED_HERE.len());
    let reasons = log.iter().map(|line| {
        let text = |key: &str| line[key].as_str().expect("a text").to_owned();
        (text("name"), text("cause"))
    });
    let reasons: BTreeMap<String, String> = reasons.collect();
    assert_eq!(log.len(), REFUSED_HERE.len());
    for (name, cause) in REFUSED_HERE {
        let told = reasons.get(name).expect("a line");
        assert!(told.contains(cause), "{name}: {told}");
    }
}

/// The plan with this state, and what is said of the reading.
fn planned_with(provider: &Provider, state: &Path) -> (Value, String) {
    let state = state.to_str().expect("a path");
    let output = plan(provider, &["--format", "json", "--state", state]);
    let said = String::from_utf8(output.stderr).expect("UTF-8");
    let report = serde_json::from_slice(&output.stdout);
    (report.unwrap_or_else(|_| panic!("{said}")), said)
}

/// What happens between two plans; the last two are no change of any account.
const CHANGES: &str = "dn: CN=partner1,OU=Partners,{domain}
changetype: modify
replace: mail
mail: shared@fabrikam.com

dn: CN=partner2,OU=Partners,{domain}
changetype: delete

dn: CN=partner3,OU=Partners,{domain}
changetype: modify
delete: mail
-
delete: userPrincipalName

dn: CN=new,OU=Partners,{domain}
changetype: add
objectClass: user
sAMAccountName: new
mail: new@fabrikam.com
userPrincipalName: new@partners.contoso.com

dn: CN=Operators,OU=Groups,{domain}
changetype: modify
add: member
member: CN=partner4,OU=Partners,{domain}

dn: OU=Staff,{domain}
changetype: modrdn
newrdn: OU=Personnel
deleteoldrdn: 1
";

#[test]
fn only_what_has_changed_is_read_again() {
    let samba = Samba::start_with("partners.py", "30");
    let options = Options {
        tables: SYNC,
        ..Options::default()
    };
    let provider = Provider::start_before(&samba.table(REFUSED), samba.ca_pem(), options);
    let state = provider.file("state.json");
    let (first, said) = planned_with(&provider, &state);
    assert!(!said.contains("new or changed"), "{said}");
    assert_eq!(first, planned(&provider, &[]));
    let mode = fs::metadata(&state).expect("a file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let (again, said) = planned_with(&provider, &state);
    let nothing = ": 0 accounts read since they are new or changed; 0 gone";
    assert!(said.contains(nothing), "{said}");
    assert_eq!(again, first);

    samba.change(&CHANGES.replace("{domain}", "DC=corp,DC=contoso,DC=test"));
    let (later, said) = planned_with(&provider, &state);
    assert_eq!(later, planned(&provider, &[]));
    // Partner 1, the new one, and all 42 of the renamed unit.
    let some = ": 44 accounts read since they are new or changed; 2 gone";
    assert!(said.contains(some), "{said}");
    let users = later["users"].as_array().expect("users");
    let named = |name: &str| {
        let dn = format!("CN={name},");
        let mut users = users.iter();
        users.find(|user| user["dn"].as_str().is_some_and(|it| it.starts_with(&dn)))
    };
    assert!(named("partner2").is_none() && named("partner3").is_none());
    assert!(named("new").is_some());
    let refused = named("partner4").expect("an account");
    assert_eq!(refused["conflicts"][0]["kind"], "refused-here", "{refused}");
    let moved = named("staff7").expect("an account")["dn"].to_string();
    assert!(moved.contains("OU=Personnel"), "{moved}");

    // The numbers of another domain controller say nothing here.
    let kept = fs::read_to_string(&state).expect("a file");
    let (before, after) = kept.split_once("\"invocationId\":\"").expect("an id");
    let other = format!("{before}\"invocationId\":\"00000000{}", &after[8..]);
    fs::write(&state, other).expect("the state");
    let (report, said) = planned_with(&provider, &state);
    assert!(!said.contains("new or changed"), "{said}");
    assert_eq!(report, later);

    fs::write(&state, "{\"directories\": 1}").expect("the state");
    let output = plan(&provider, &["--state", state.to_str().expect("a path")]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(output.stdout.is_empty());
}

/// Signs one account in, and sees to it that it comes to what the plan says of it.
async fn sign_in(simulator: Arc<Simulator>, user: Value) -> String {
    let told = user["prediction"].as_str().expect("a prediction");
    let Some(name) = user["onPremisesUserPrincipalName"].as_str() else {
        assert_eq!(told, "no-name", "{user}");
        return told.to_owned();
    };
    let came_to = simulator.comes_to(name, PASSWORD).await;
    let page = &came_to.page;
    assert_eq!(came_to.prediction, told, "{user}: {page}");
    if told == "signs-in" {
        for part in ["onPremisesImmutableId", "userPrincipalName"] {
            let value = user[part].as_str().expect("a value");
            // As a page escapes it.
            let value = value.replace('+', "&#43;");
            let plain = value.replace("&#43;", "+");
            assert!(
                page.contains(&value) || page.contains(&plain),
                "{user}: {page}"
            );
        }
    }
    told.to_owned()
}
