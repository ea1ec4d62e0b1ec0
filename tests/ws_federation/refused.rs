//! What must be refused: with a page that leads nowhere, and an audit line that knows the cause.

use homerealm::{
    http::{PageForm, client::Reply},
    saml2::format_timestamp,
};
use time::{Duration, OffsetDateTime};

use crate::{
    ACS, Options, PASSWORD, Provider, SLAPD, SP, WENDY,
    asked::{answer, open, query, sign_in},
    entras_query, type_password,
};

/// Beside the usual relying party: one that may not ask by WS-Federation, and one that may only.
const RELYING_PARTIES: &str = r#"
[[relying_party]]
entity_id = "https://saml-only.test/"
preset = "entra"
assertion_consumer_services = ["https://saml-only.test/acs"]
protocols = ["saml2"]
[[relying_party]]
entity_id = "https://ws-only.test/"
preset = "entra"
assertion_consumer_services = ["https://ws-only.test/"]
protocols = ["ws-federation"]
"#;

fn must_lead_nowhere(page: &Reply, status: u16, case: &str) {
    let text = page.text();
    assert_eq!(page.status, status, "{case}: {text}");
    assert!(!page.headers.contains_key("location"), "{case}");
    for form in ["post", "sign-in"] {
        assert!(PageForm::find(&text, Some(form)).is_err(), "{case}: {text}");
    }
    assert!(text.contains("id=\"correlation\""), "{case}: {text}");
    let policy = page.headers["content-security-policy"].to_str();
    assert!(
        policy.expect("ASCII").contains("form-action 'none'"),
        "{case}"
    );
    for markup in ["evil", "<script", "onerror"] {
        assert!(!text.contains(markup), "{case}: {text}");
    }
}

/// A request of the usual relying party, with these parameters besides.
fn asks(more: &[(&str, &str)]) -> String {
    query(&[&[("wa", "wsignin1.0"), ("wtrealm", SP)], more].concat())
}

fn realm(realm: &str) -> String {
    query(&[("wa", "wsignin1.0"), ("wtrealm", realm)])
}

fn at(offset: Duration) -> String {
    format_timestamp(OffsetDateTime::now_utc() + offset).to_string()
}

/// The query, the status, and the cause that the audit line tells.
fn cases() -> Vec<(String, u16, &'static str)> {
    let (future, past) = (at(Duration::minutes(5)), at(-Duration::minutes(15)));
    let oversized = "x".repeat(8 * 1024 + 1);
    let mut cases = vec![
        (realm("urn:evil"), 403, "unknown relying party"),
        (realm(&SP.to_uppercase()), 403, "unknown relying party"),
        (realm(&format!("{SP}/")), 403, "unknown relying party"),
        (realm("<script>evil</script>"), 403, "unknown relying party"),
        (
            realm("https://saml-only.test/"),
            403,
            "may not ask by this protocol",
        ),
        (realm(""), 400, "no wtrealm"),
        (query(&[("wa", "wsignin1.0")]), 400, "no wtrealm"),
        (query(&[("wtrealm", SP)]), 400, "no wa"),
        (query(&[("wa", "evil"), ("wtrealm", SP)]), 400, "not served"),
        (
            query(&[("wa", "wsignin1.0"), ("wresult", "<evil/>")]),
            400,
            "no wtrealm",
        ),
        (query(&[("SAMLRequest", "evil")]), 400, "no wa"),
        (asks(&[("wctx", &oversized)]), 400, "wctx is too long"),
        (asks(&[("wfresh", "evil")]), 400, "number of minutes"),
        (asks(&[("wct", "evil")]), 400, "not an instant"),
        (asks(&[("wct", &future)]), 400, "from the future"),
        (asks(&[("wct", &past)]), 400, "too old"),
        (
            asks(&[("wauth", "urn:federation:authentication:windows")]),
            400,
            "not offered",
        ),
        (asks(&[("wauth", "<script>evil")]), 400, "not offered"),
        (
            format!("{}%ff", asks(&[("wctx", "")])),
            400,
            "not well-formed",
        ),
    ];
    for reply in [
        "https://evil.test/",
        "https://sp.test/acs/",
        "https://sp.test/acs?evil",
        "https://sp.test/acs#evil",
        "https://sp.test/../acs",
        "https://sp.test/%61cs",
        "https://sp.test:443/acs",
        "https://SP.test/acs",
        "http://sp.test/acs",
        "https://sp.test@evil.test/acs",
        "https://sp.test.evil.test/acs",
        "https://ws-only.test/",
        "//sp.test/acs",
        "/acs",
        " https://sp.test/acs",
        "javascript:alert(1)",
    ] {
        cases.push((asks(&[("wreply", reply)]), 403, "unknown reply address"));
    }
    for control in ["\0", "\n", "\r\n", "\t", "\u{1b}[2J", "\u{85}"] {
        let context = format!("a{control}b");
        cases.push((
            asks(&[("wctx", &context)]),
            400,
            "wctx has control characters",
        ));
    }
    for name in [
        "wa", "wtrealm", "wctx", "wreply", "wfresh", "wauth", "whr", "wct",
    ] {
        let twice = format!("{}&{name}=1&{name}=2", asks(&[]));
        cases.push((twice, 400, "more than once"));
    }
    cases
}

#[tokio::test]
async fn what_may_not_be_asked_for_leads_nowhere() {
    let provider = Provider::start(
        &SLAPD,
        Options {
            relying_party: RELYING_PARTIES,
            ..Options::default()
        },
    );
    let mut browser = provider.browser();
    // Even for somebody who is signed in.
    sign_in(&provider, &mut browser, SP).await;
    let cases = cases();
    for (number, (query, status, cause)) in cases.iter().enumerate() {
        let page = open(&provider, &mut browser, query).await;
        must_lead_nowhere(&page, *status, query);
        let lines = provider.audit("request-refused", number + 1);
        let told = lines[number]["cause"].as_str().expect("a cause");
        assert!(told.contains(cause), "{query}: {told}");
    }
    let log = provider.log().join("\n");
    assert!(!log.contains('\u{1b}'));

    // What the others may do.
    let page = open(&provider, &mut browser, &realm("https://ws-only.test/")).await;
    assert_eq!(answer(&page).action, "https://ws-only.test/");
    let asked = crate::Asked {
        issuer: "https://ws-only.test/",
        ..crate::Asked::new()
    };
    let url = provider.url(&asked.to_redirect());
    let page = browser.get(&url, None).await.expect("an answer");
    must_lead_nowhere(&page, 403, "SAML where it is not permitted");
    assert_eq!(
        answer(&open(&provider, &mut browser, &asks(&[("wreply", ACS)])).await).action,
        ACS
    );
    let in_time = at(-Duration::minutes(1));
    answer(&open(&provider, &mut browser, &asks(&[("wct", &in_time)])).await);
}

/// The page that waits is worth something once, in the browser that it was made for.
#[tokio::test]
async fn a_page_that_waited_is_answered_once_and_in_its_own_browser() {
    let provider = Provider::start(&SLAPD, Options::default());
    let mut browser = provider.browser();
    let page = open(&provider, &mut browser, &entras_query("c")).await;
    let mut thief = provider.browser();
    open(&provider, &mut thief, &entras_query("c")).await;
    let stolen = type_password(&mut thief, &page, WENDY, PASSWORD).await;
    must_lead_nowhere(&stolen, 400, "another browser");
    assert!(stolen.text().contains("This page is too old"));

    answer(&type_password(&mut browser, &page, WENDY, PASSWORD).await);
    // A double click.
    answer(&type_password(&mut browser, &page, WENDY, PASSWORD).await);
    // Another page of the same address is another request.
    let fresh = format!("{}&wfresh=0", entras_query("c"));
    let page = open(&provider, &mut browser, &fresh).await;
    answer(&type_password(&mut browser, &page, WENDY, PASSWORD).await);

    // A page from before a restart is too old: the key of its seal is gone.
    let other = Provider::start(&SLAPD, Options::default());
    let mut browser = other.browser();
    open(&other, &mut browser, &entras_query("c")).await;
    let page = Reply {
        url: other.url("/adfs/ls/"),
        ..page
    };
    let late = type_password(&mut browser, &page, WENDY, PASSWORD).await;
    must_lead_nowhere(&late, 400, "another process");
    assert!(late.text().contains("This page is too old"));
}
