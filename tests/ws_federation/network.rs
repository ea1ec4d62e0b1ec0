//! What the token says of where its request comes from: of this request, whatever the session's first
//! one was.

use crate::{
    SLAPD, WENDY,
    asked::{answer, between, open, query},
    provider::{Asked, HOST, Options, Provider, SP, posted, type_password},
    raw::{Raw, SESSION_COOKIE},
    slapd::PASSWORD,
};

const CLAIM: &str = "<saml:Attribute AttributeName=\"insidecorporatenetwork\" \
    AttributeNamespace=\"http://schemas.microsoft.com/ws/2012/01\"><saml:AttributeValue>";

fn asks() -> String {
    query(&[("wa", "wsignin1.0"), ("wtrealm", SP)])
}

fn is_said(text: &str, value: &str) -> bool {
    assert_eq!(text.matches("insidecorporatenetwork").count(), 1, "{text}");
    text.contains(&format!("{CLAIM}{value}<"))
}

#[tokio::test]
async fn each_request_comes_from_where_trusted_proxies_say() {
    let options = Options {
        listen: "trusted_proxies = [\"127.0.0.0/8\"]",
        // One of the networks is the proxies' own.
        tables: "[requests]\ncorporate_networks = [\"10.0.0.0/8\", \"127.0.0.0/8\"]",
        ..Options::default()
    };
    let provider = Provider::start(&SLAPD, options);
    let mut browser = provider.browser();
    let page = open(&provider, &mut browser, &asks()).await;
    let page = type_password(&mut browser, &page, WENDY, PASSWORD).await;
    // The proxy said nothing: it is inside, and of her nobody knows.
    assert!(is_said(&answer(&page).document, "false"));
    let session = browser.cookie(HOST, SESSION_COOKIE).expect("a session");
    let session = format!("{SESSION_COOKIE}={session}");
    for (forwarded, inside) in [
        ("10.1.2.3", "true"),
        ("203.0.113.9", "false"),
        ("10.1.2.3, 203.0.113.9", "false"),
        ("203.0.113.9, 10.1.2.3", "true"),
        ("203.0.113.9, 10.1.2.3, 127.0.0.9", "true"),
        ("10.1.2.3, nonsense", "false"),
    ] {
        let asked = Raw::get(format!("/adfs/ls/?{}", asks()))
            .header("Cookie", session.as_str())
            .header("X-Forwarded-For", forwarded);
        let page = asked.send(&provider).await.body;
        let token = page.replace("&quot;", "\"").replace("&#34;", "\"");
        let token = token.replace("&lt;", "<").replace("&#60;", "<");
        let token = token.replace("&gt;", ">").replace("&#62;", ">");
        assert!(is_said(&token, inside), "{forwarded}: {token}");
    }
    // SAML 2.0 has no such claim.
    let url = provider.url(&Asked::new().to_redirect());
    let page = browser.get(&url, None).await.expect("an answer");
    assert!(!posted(&page).document.contains("corporatenetwork"));
    let offered = provider.url("/FederationMetadata/2007-06/FederationMetadata.xml");
    let offered = browser.get(&offered, None).await.expect("metadata").text();
    let name = "Uri=\"http://schemas.microsoft.com/ws/2012/01/insidecorporatenetwork\"";
    assert!(offered.contains(name), "{offered}");
}

#[tokio::test]
async fn nothing_is_said_where_no_network_is_named_and_nobody_is_believed_who_is_no_proxy() {
    let named = "[requests]\ncorporate_networks = [\"127.0.0.1\"]";
    for (tables, inside) in [("", None), (named, Some("true"))] {
        let options = Options {
            tables,
            ..Options::default()
        };
        let provider = Provider::start(&SLAPD, options);
        let mut browser = provider.browser();
        let page = open(&provider, &mut browser, &asks()).await;
        let page = type_password(&mut browser, &page, WENDY, PASSWORD).await;
        let token = answer(&page).document;
        match inside {
            None => assert!(!token.contains("corporatenetwork"), "{token}"),
            Some(inside) => {
                assert_eq!(between(&token, CLAIM, "<"), inside);
                let session = browser.cookie(HOST, SESSION_COOKIE).expect("a session");
                let asked = Raw::get(format!("/adfs/ls/?{}", asks()))
                    .header("Cookie", format!("{SESSION_COOKIE}={session}"))
                    .header("X-Forwarded-For", "203.0.113.9");
                let page = asked.send(&provider).await.body;
                let (_, claim) = page.split_once("insidecorporatenetwork").expect("it");
                let (claim, _) = claim.split_once("/saml:Attribute").expect("its end");
                assert!(claim.contains("true"), "{claim}");
            }
        }
    }
}
