use hyper::{
    HeaderMap, Method, StatusCode,
    header::{ACCESS_CONTROL_ALLOW_ORIGIN, CONTENT_TYPE, ORIGIN},
};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

use super::super::tests::{Fields, asked, code, redemption, registered, simulator, with};
use crate::entra::{
    Simulator,
    oauth::Provider,
    web::tests::{Page, get, send_with},
};

const SPA: &str = "d32e32d5-23ae-4918-a67f-e86723e17426";
const PAGE: &str = "https://spa.example";
const BACK: &str = "https://spa.example/back";
const TOKEN: &str = "/contoso.onmicrosoft.com/oauth2/v2.0/token";

fn spa() -> Simulator {
    registered(&json!({
        "appId": SPA,
        "displayName": "Page",
        "spa": {"redirectUris": [BACK]},
    }))
}

fn from(simulator: &Simulator, origin: Option<&str>, fields: &Fields<'_>) -> Page {
    let mut headers = HeaderMap::new();
    let form = "application/x-www-form-urlencoded".parse().unwrap();
    headers.insert(CONTENT_TYPE, form);
    if let Some(origin) = origin {
        headers.insert(ORIGIN, origin.parse().unwrap());
    }
    let body = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish();
    send_with(simulator, Method::POST, TOKEN, headers, &body)
}

fn asked_by_page() -> Fields<'static> {
    let fields = with(asked(), "client_id", Some(SPA));
    with(fields, "redirect_uri", Some(BACK))
}

fn redeemed_by_page(code: &str) -> Fields<'_> {
    let fields = with(redemption(code), "client_id", Some(SPA));
    with(fields, "redirect_uri", Some(BACK))
}

#[test]
fn a_page_redeems_its_own_code_and_reads_the_answer() {
    let simulator = spa();
    let code = code(&simulator, &asked_by_page());
    let fields = redeemed_by_page(&code);
    for (origin, number) in [
        (None, 9_002_327),
        (Some("https://evil.example"), 9_002_326),
        (Some("https://spa.example.evil.example"), 9_002_326),
        (Some("null"), 9_002_326),
    ] {
        let page = from(&simulator, origin, &fields);
        let said: Value = serde_json::from_str(&page.text).unwrap();
        assert_eq!(said["error_codes"], json!([number]), "{origin:?}");
        assert!(!page.headers.contains_key(ACCESS_CONTROL_ALLOW_ORIGIN));
    }
    let page = from(&simulator, Some(PAGE), &fields);
    assert_eq!(page.status, StatusCode::OK, "{}", page.text);
    assert_eq!(page.headers[ACCESS_CONTROL_ALLOW_ORIGIN], PAGE);
    // A refusal can be read, too.
    let page = from(&simulator, Some(PAGE), &fields);
    assert!(page.text.contains("AADSTS54005"), "{}", page.text);
    assert_eq!(page.headers[ACCESS_CONTROL_ALLOW_ORIGIN], PAGE);
}

#[test]
fn no_other_application_is_redeemed_by_a_page() {
    let simulator = spa();
    let code = code(&simulator, &asked());
    let page = from(&simulator, Some(PAGE), &redemption(&code));
    assert!(page.text.contains("AADSTS9002326"), "{}", page.text);
    assert_eq!(from(&simulator, None, &redemption(&code)).status, 200);
}

#[test]
fn a_page_has_to_send_a_challenge() {
    let simulator = spa();
    let fields = with(asked_by_page(), "code_challenge", None);
    let code = code(&simulator, &with(fields, "code_challenge_method", None));
    let fields = with(redeemed_by_page(&code), "code_verifier", None);
    let page = from(&simulator, Some(PAGE), &fields);
    assert!(page.text.contains("AADSTS9002325"), "{}", page.text);
}

#[test]
fn a_browser_may_ask_for_registered_pages_first() {
    let simulator = spa();
    let preflight = |origin: &'static str| {
        let mut headers = HeaderMap::new();
        headers.insert(ORIGIN, origin.parse().unwrap());
        send_with(&simulator, Method::OPTIONS, TOKEN, headers, "")
    };
    let page = preflight(PAGE);
    assert_eq!(page.status, StatusCode::OK);
    assert_eq!(page.headers[ACCESS_CONTROL_ALLOW_ORIGIN], PAGE);
    assert_eq!(page.headers["access-control-allow-methods"], "POST");
    assert_eq!(page.headers["vary"], "Origin");
    let page = preflight("https://evil.example");
    assert!(!page.headers.contains_key(ACCESS_CONTROL_ALLOW_ORIGIN));
    for path in [
        "discovery/v2.0/keys",
        "v2.0/.well-known/openid-configuration",
    ] {
        let page = get(&simulator, &format!("/contoso.onmicrosoft.com/{path}"));
        assert_eq!(page.headers[ACCESS_CONTROL_ALLOW_ORIGIN], "*");
    }
}

/// Nothing is shared where nobody has registered a page.
#[test]
fn no_page_reads_without_a_registration() {
    let page = from(&simulator(), Some(PAGE), &vec![]);
    assert!(!page.headers.contains_key(ACCESS_CONTROL_ALLOW_ORIGIN));
}

/// Its refresh tokens end a day after the sign-in, however often they are exchanged.
#[test]
fn a_page_signs_in_again_after_a_day() {
    let simulator = spa();
    let code = code(&simulator, &asked_by_page());
    let page = from(&simulator, Some(PAGE), &redeemed_by_page(&code));
    let first: Value = serde_json::from_str(&page.text).unwrap();
    let now = OffsetDateTime::now_utc();
    let ends_at = |token: &Value| {
        let held = &simulator.provider.refresh_tokens;
        held.with(token.as_str().unwrap(), now, |grant| grant.ends_at)
            .unwrap()
            .unwrap()
    };
    let end = ends_at(&first["refresh_token"]);
    assert!((now + Provider::SPA - end).abs() < Duration::minutes(1));
    let token = first["refresh_token"].as_str().unwrap();
    let fields: Fields<'_> = vec![
        ("grant_type", "refresh_token"),
        ("client_id", SPA),
        ("refresh_token", token),
    ];
    assert!(
        from(&simulator, None, &fields)
            .text
            .contains("AADSTS9002327")
    );
    let page = from(&simulator, Some(PAGE), &fields);
    let second: Value = serde_json::from_str(&page.text).unwrap();
    assert_eq!(ends_at(&second["refresh_token"]), end);

    let held = &simulator.provider.refresh_tokens;
    held.with(token, now, |grant| grant.ends_at = Some(now))
        .unwrap();
    let page = from(&simulator, Some(PAGE), &fields);
    assert!(page.text.contains("AADSTS700084"), "{}", page.text);
}
