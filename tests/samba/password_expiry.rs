//! What Entra is told of a password that ends soon: by Active Directory's own reckoning, in a token
//! that the simulator takes.

use homerealm::{
    entra::{
        Authentication, Domain, DomainName, ImmutableId, InternalDomainFederation, PendingRequest,
        PendingRequests, PreferredAuthenticationProtocol, Protocol, SignInName, Tenant, User,
        UserType, Whom,
        verify::{Answer, Check, Expectations, Verifier},
    },
    http::{
        PageForm,
        client::{Client, Reply},
    },
    keys::Certificate,
};
use serde_json::Value;
use time::{Duration, OffsetDateTime};

use super::SAMBA;
use crate::{
    asked::{answer, between, open, query},
    provider::{ACS, ISSUER, Options, Provider, SP, homerealm, type_password},
    samba::PASSWORD,
};

const WCTX: &str = "estsrequest=1";
const SEVEN_DAYS: u64 = 7 * 24 * 60 * 60;

fn provider(relying_party: &'static str, directory: &str) -> Provider {
    let options = Options {
        top: "password_reset_url = \"https://reset.contoso.test/\"",
        relying_party,
        ..Options::default()
    };
    Provider::start_before(&SAMBA.table(directory), SAMBA.ca_pem(), options)
}

/// The token of somebody who signs in with this password.
async fn token(provider: &Provider, browser: &mut Client, name: &str, password: &str) -> String {
    let asks = query(&[("wa", "wsignin1.0"), ("wtrealm", SP), ("wctx", WCTX)]);
    let page = open(provider, browser, &asks).await;
    answer(&type_password(browser, &page, name, password).await).document
}

fn value<'a>(token: &'a str, name: &str) -> Option<&'a str> {
    let attribute = format!(
        "AttributeName=\"{name}\" AttributeNamespace=\"http://schemas.microsoft.com/ws/2012/01\">"
    );
    token
        .contains(&attribute)
        .then(|| between(between(token, &attribute, "</saml:Attribute>"), ">", "<"))
}

fn says_nothing(token: &str) -> bool {
    !token.contains("passwordexpiration") && !token.contains("passwordchangeurl")
}

/// Entra's judgement, by the simulator.
fn judged(provider: &Provider, account: &str, wresult: &str) -> Vec<Check> {
    let certificate = std::fs::read(provider.file("signing.crt")).expect("signing.crt");
    let name = |text: &str| SignInName::parse(text).expect("a name");
    let upn = name(&format!("{account}@partners.contoso.com"));
    let domain = |text: &str| DomainName::parse(text).expect("a domain");
    let federation = InternalDomainFederation::new(
        ISSUER,
        PreferredAuthenticationProtocol::WsFed,
        &provider.url("/adfs/ls/").to_string(),
        Certificate::from_pem(&certificate).expect("a certificate"),
    );
    let federated = Domain {
        name: domain("partners.contoso.com"),
        authentication: Authentication::Federated(Box::new(federation)),
    };
    let user = User {
        on_premises_user_principal_name: Some(name(&format!("{account}@fabrikam.com"))),
        on_premises_immutable_id: ImmutableId::parse(SAMBA.object_guid(account)).ok(),
        user_type: UserType::Guest,
        ..User::new(upn.clone())
    };
    let home = domain("contoso.onmicrosoft.com");
    let tenant = Tenant::new(home.clone(), vec![federated], vec![user]);
    let now = OffsetDateTime::now_utc();
    let pending = PendingRequests::new(1, Duration::minutes(10));
    pending.remember(PendingRequest {
        demand: homerealm::entra::Demand::default(),
        protocol: Protocol::WsFederation,
        id: "6d7e8b1c-0d6c-4d0e-9a53-6f1f3a6d2f10".to_owned(),
        state: WCTX.to_owned(),
        home,
        resource: None,
        whom: Whom::User {
            typed: name(&format!("{account}@fabrikam.com")),
            user_principal_name: upn,
        },
        sent_at: now,
    });
    let verifier = Verifier {
        tenants: &tenant.expect("a tenant").into(),
        expectations: &Expectations {
            audience: SP.to_owned(),
            assertion_consumer_service: ACS.to_owned(),
            clock_skew: Duration::minutes(5),
            accept_sha1: false,
        },
        pending: &pending,
    };
    let answer = Answer::WsFederation {
        wa: Some("wsignin1.0"),
        wresult,
        wctx: Some(WCTX),
    };
    let verdict = verifier.verify(answer, now);
    verdict.result.expect("Entra takes it");
    verdict.checks
}

/// What the doctor says would be told.
fn explained(provider: &Provider, name: &str) -> Vec<Value> {
    let output = homerealm()
        .args(["check", "--json", "--user", name, "--relying-party", SP])
        .arg("--config")
        .arg(provider.config_file())
        .output();
    let report: Value =
        serde_json::from_slice(&output.expect("homerealm runs").stdout).expect("JSON");
    let claims = report["user"]["issuance"]["claims"].as_array();
    claims.expect("claims").clone()
}

#[tokio::test]
async fn entra_is_told_of_a_password_that_ends_within_a_fortnight() {
    let provider = provider("password_expiry = true", "");
    let mut browser = provider.browser();
    let told = token(&provider, &mut browser, "soon@fabrikam.com", PASSWORD).await;
    let seconds = value(&told, "passwordexpirationtime").expect("it is told");
    let seconds: u64 = seconds.parse().expect("a number");
    // The account was made some minutes ago at most.
    assert!(
        (SEVEN_DAYS - 1800..SEVEN_DAYS).contains(&seconds),
        "{seconds}"
    );
    assert_eq!(value(&told, "passwordexpirationdays"), Some("6"));
    let elsewhere = "https://reset.contoso.test/";
    assert_eq!(value(&told, "passwordchangeurl"), Some(elsewhere));
    let checks = judged(&provider, "soon", &told);
    let mut checks = checks.iter().filter(|check| check.name == "Circumstances");
    let found = &checks.next().expect("it is read").found;
    assert_eq!(*found, format!("the password ends within {seconds} s"));

    // A session goes on to tell it, by the clock.
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    let asks = query(&[("wa", "wsignin1.0"), ("wtrealm", SP)]);
    let again = answer(&open(&provider, &mut browser, &asks).await).document;
    let later = value(&again, "passwordexpirationtime").expect("it is told");
    assert!(later.parse::<u64>().expect("a number") < seconds, "{later}");

    for name in ["wmoran@fabrikam.com", "forever@fabrikam.com"] {
        let told = token(&provider, &mut provider.browser(), name, PASSWORD).await;
        assert!(says_nothing(&told), "{name}: {told}");
    }
    // The doctor knows it without a password, and why not.
    for (name, is_told) in [("soon", true), ("forever", false)] {
        let user = format!("{name}@fabrikam.com");
        let claims = explained(&provider, &user);
        let days = claims.iter().find(|claim| {
            let name = claim["name"].as_str().expect("a name");
            name.ends_with("/passwordexpirationdays")
        });
        let days = days.expect("it says so");
        let (values, why) = (&days["values"], &days["not_issued"]);
        assert_eq!(values[0] == "6", is_told, "{days}");
        assert_eq!(why.is_null(), is_told, "{days}");
    }
}

#[tokio::test]
async fn nobody_is_told_who_has_not_asked() {
    let provider = provider("", "");
    let mut browser = provider.browser();
    let told = token(&provider, &mut browser, "soon@fabrikam.com", PASSWORD).await;
    assert!(says_nothing(&told), "{told}");
}

async fn change(browser: &mut Client, page: &Reply, name: &str, new: &str) -> Reply {
    let form = PageForm::find(&page.text(), Some("change-password"));
    let mut form = form.expect("the form");
    for (field, value) in [
        ("name", name),
        ("current", PASSWORD),
        ("new", new),
        ("repeated", new),
    ] {
        form.fill(field, value).expect("a field");
    }
    let url = page.resolve(&form.action).expect("a URL");
    let changed = browser.post_form(&url, &form.fields, Some(page)).await;
    changed.expect("an answer")
}

#[tokio::test]
async fn the_address_that_is_told_is_where_it_can_be_changed() {
    const NEW: &str = "Qu1te-another-0ne";
    let provider = provider(
        "password_expiry = true",
        "password_change = \"active-directory\"",
    );
    let (mut browser, name) = (provider.browser(), "changing@fabrikam.com");
    let told = token(&provider, &mut browser, name, PASSWORD).await;
    let url = value(&told, "passwordchangeurl").expect("an address");
    assert_eq!(url, provider.url("/password").to_string());
    let page = browser.get(&url.parse().expect("a URL"), None).await;
    change(&mut browser, &page.expect("the page"), name, NEW).await;
    let told = token(&provider, &mut provider.browser(), name, NEW).await;
    assert!(says_nothing(&told), "{told}");
}
