//! The session's end, and who hears of it.

use homerealm::http::client::{Client, Reply};

use crate::{
    ACS, Asked, HOST, Options, Provider, SLAPD, SP,
    asked::{answer, between, open, query, sign_in},
    is_sign_in_page, posted,
    raw::{Raw, SESSION_COOKIE},
};

const SECOND: &str = "https://second.test/app";

const RELYING_PARTIES: &str = r#"
[[relying_party]]
entity_id = "https://second.test/app"
preset = "entra"
assertion_consumer_services = ["https://second.test:8443/?tenant=1&x=2"]
[[relying_party]]
entity_id = "https://third.test/app"
preset = "entra"
assertion_consumer_services = ["https://third.test/"]
"#;

fn start() -> Provider {
    let options = Options {
        relying_party: RELYING_PARTIES,
        ..Options::default()
    };
    Provider::start(&SLAPD, options)
}

fn asks(realm: &str) -> String {
    query(&[("wa", "wsignin1.0"), ("wtrealm", realm)])
}

/// The addresses of the page's images, and what its policy says of them.
fn images(page: &Reply) -> (Vec<String>, String) {
    let text = page.text();
    let sources = text.split("<img src=\"").skip(1);
    let sources = sources.map(|rest| rest.split('"').next().expect("an end").to_owned());
    let policy = page.headers["content-security-policy"].to_str();
    let policy = policy.expect("ASCII").to_owned();
    let allowed = policy.split("; ").find(|rule| rule.starts_with("img-src"));
    (sources.collect(), allowed.unwrap_or_default().to_owned())
}

fn is_signed_out_page(page: &Reply) -> bool {
    page.status == 200 && page.text().contains("<h1>You are signed out</h1>")
}

async fn asks_for_a_password(provider: &Provider, browser: &mut Client) {
    let page = open(provider, browser, &asks(SP)).await;
    assert!(is_sign_in_page(&page), "{}", page.text());
    let url = provider.url(&Asked::new().to_redirect());
    let page = browser.get(&url, None).await.expect("an answer");
    assert!(is_sign_in_page(&page), "{}", page.text());
}

#[tokio::test]
async fn all_who_were_told_of_the_session_hear_of_its_end() {
    let provider = start();
    let mut browser = provider.browser();
    sign_in(&provider, &mut browser, SP).await;
    for _ in 0..2 {
        answer(&open(&provider, &mut browser, &asks(SECOND)).await);
    }
    let page = open(&provider, &mut browser, "wa=wsignout1.0").await;
    assert!(is_signed_out_page(&page), "{}", page.text());
    let (sources, policy) = images(&page);
    assert_eq!(
        sources,
        [
            format!("{ACS}?wa=wsignoutcleanup1.0"),
            "https://second.test:8443/?tenant=1&#38;x=2&#38;wa=wsignoutcleanup1.0".to_owned(),
        ]
    );
    assert_eq!(policy, "img-src https://sp.test https://second.test:8443");
    assert_eq!(browser.cookie(HOST, SESSION_COOKIE), None);
    asks_for_a_password(&provider, &mut browser).await;
    let line = &provider.audit("signed-out", 1)[0];
    assert_eq!(line["cloud_upn"], "special0@partners.contoso.com");

    // Whoever is not signed in sees the same page, and nobody is told anything.
    let page = open(&provider, &mut browser, "wa=wsignout1.0").await;
    assert!(is_signed_out_page(&page));
    assert_eq!(images(&page), (vec![], String::new()));
    assert_eq!(provider.audit("signed-out", 1).len(), 1);
}

/// The session ends on the server: a cookie that somebody kept is worth nothing.
#[tokio::test]
async fn every_way_to_ask_ends_the_session() {
    let provider = start();
    for (path, fields) in [
        ("/adfs/ls/?wa=wsignout1.0", None),
        ("/adfs/ls?wa=wsignout1.0", None),
        ("/adfs/ls/?wa=wsignoutcleanup1.0", None),
        ("/adfs/ls/", None),
        ("/adfs/ls/?client-request-id=1&mkt=", None),
        ("/adfs/ls/", Some(("wa", "wsignout1.0"))),
    ] {
        let mut browser = provider.browser();
        sign_in(&provider, &mut browser, SP).await;
        let kept = browser.cookie(HOST, SESSION_COOKIE);
        let kept = kept.expect("a session").to_owned();
        let url = provider.url(path);
        let page = match fields {
            None => browser.get(&url, None).await,
            Some((name, value)) => {
                let fields = [(name.to_owned(), value.to_owned())];
                browser.post_form(&url, &fields, None).await
            }
        };
        assert!(is_signed_out_page(&page.expect("an answer")), "{path}");
        asks_for_a_password(&provider, &mut browser).await;
        let with_the_kept_cookie = Raw::get(format!("/adfs/ls/?{}", asks(SP)))
            .header("Cookie", format!("{SESSION_COOKIE}={kept}"))
            .send(&provider)
            .await;
        assert!(with_the_kept_cookie.is_sign_in_page(), "{path}");
    }
}

/// A session that began by SAML is ended here as well, and who was told by SAML hears of it by an image
/// if it speaks WS-Federation, too, and cannot be told by SAML.
#[tokio::test]
async fn a_session_that_began_by_saml_ends_too() {
    let provider = start();
    let mut browser = provider.browser();
    sign_in(&provider, &mut browser, SECOND).await;
    let url = provider.url(&Asked::new().to_redirect());
    posted(&browser.get(&url, None).await.expect("an answer"));
    let page = open(&provider, &mut browser, "wa=wsignout1.0").await;
    let (sources, policy) = images(&page);
    assert_eq!(sources.len(), 2, "{sources:?}");
    assert_eq!(policy, "img-src https://second.test:8443 https://sp.test");
    asks_for_a_password(&provider, &mut browser).await;
}

#[tokio::test]
async fn the_browser_goes_on_to_registered_addresses_only() {
    let provider = start();
    let mut browser = provider.browser();
    for (reply, goes_on) in [
        (ACS, true),
        ("https://third.test/", true),
        ("https://third.test", false),
        ("https://evil.test/", false),
        ("https://third.test@evil.test/", false),
        ("javascript:alert(1)", false),
        ("\"><script>alert(1)</script>", false),
    ] {
        let asks = query(&[("wa", "wsignout1.0"), ("wreply", reply)]);
        let page = open(&provider, &mut browser, &asks).await;
        assert!(is_signed_out_page(&page), "{reply}");
        assert!(!page.headers.contains_key("location"), "{reply}");
        let text = page.text();
        assert_eq!(text.contains("id=\"go-on\""), goes_on, "{reply}: {text}");
        assert_eq!(text.contains("<script"), goes_on, "{reply}: {text}");
        assert!(!text.contains("evil") && !text.contains("alert"), "{text}");
        if goes_on {
            assert_eq!(between(&text, "<a href=\"", "\""), reply);
        }
    }
    let refused = provider.audit("request-refused", 5);
    assert_eq!(refused.len(), 5);
    let cause = refused[0]["cause"].as_str().expect("a cause");
    assert!(
        cause.contains("unknown reply address at sign-out"),
        "{cause}"
    );
    let asks = query(&[("wa", "wsignout1.0"), ("wreply", "a\nb")]);
    assert_eq!(open(&provider, &mut browser, &asks).await.status, 400);
}
