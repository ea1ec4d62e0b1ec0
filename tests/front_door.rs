//! The front door: email and password at our own page, then on to the application. The program as a
//! process in front of a real slapd. With Entra behind it: `tests/browser.rs`.

#![allow(clippy::expect_used, clippy::indexing_slicing)] // a test may stop

mod provider;
mod slapd;
mod strangers;

use std::sync::LazyLock;

use homerealm::http::client::{Client, Reply};
use provider::{Asked, HOST, Options, Provider, is_sign_in_page, posted, type_password};
use slapd::{PASSWORD, Slapd};

static SLAPD: LazyLock<Slapd> = LazyLock::new(|| {
    Slapd::start_new(slapd::Options {
        accounts: 100,
        ..Default::default()
    })
});

const WENDY: &str = "wmoran@fabrikam.com";
const UPN: &str = "special0@partners.contoso.com";
const OTHER: &str = "u00001@tailspintoys.com";
const SESSION: &str = "__Host-homerealm-session";
const PORTAL: &str = "https://entra.test/contoso.com/authorize?client_id=1\
    &login_hint=special0%40partners.contoso.com&domain_hint=partners.contoso.com#x";

const TABLES: &str = r#"
preset = "saml2"
access = "everyone"
[[application]]
name = "The <portal>"
id = "portal"
link = "https://entra.test/contoso.com/authorize?client_id=1#x"
[[application]]
name = "For others"
id = "others"
link = "https://others.test/"
hints = ["whr"]
access = { email_domain = "tailspintoys.com" }
"#;

fn start() -> Provider {
    let options = Options {
        relying_party: TABLES,
        ..Options::default()
    };
    Provider::start(&SLAPD, options)
}

async fn get(provider: &Provider, browser: &mut Client, path: &str) -> Reply {
    let reply = browser.get(&provider.url(path), None).await;
    reply.expect("an answer")
}

fn location(reply: &Reply) -> (u16, &str) {
    let to = reply.headers.get("location");
    let to = to.map(|to| to.to_str().expect("ASCII"));
    (reply.status.as_u16(), to.unwrap_or_default())
}

#[tokio::test]
async fn who_has_proven_her_password_goes_on_as_whom_the_tenant_knows() {
    let provider = start();
    let mut browser = provider.browser();
    let page = get(&provider, &mut browser, "/start/portal").await;
    assert!(is_sign_in_page(&page), "{}", page.text());
    let text = page.text();
    assert!(text.contains("to go on to The &#60;portal&#62;"), "{text}");
    assert!(!text.contains("entra.test"), "{text}");

    // Wrong and unknown look the same, and nobody learns a name of the tenant's.
    let wrong = type_password(&mut browser, &page, WENDY, "wrong").await;
    let unknown = type_password(&mut browser, &wrong, "nobody@fabrikam.com", "wrong").await;
    for page in [&wrong, &unknown] {
        let text = page.text();
        assert!(is_sign_in_page(page), "{text}");
        assert!(
            text.contains("Email address or password is not right."),
            "{text}"
        );
        assert!(!text.contains("partners.contoso.com"), "{text}");
    }
    assert_eq!(browser.cookie(HOST, SESSION), None);

    // A page leads on: the policy of the page before permits no redirect to another site.
    let policy = &wrong.headers["content-security-policy"];
    let policy = policy.to_str().expect("ASCII");
    assert!(policy.ends_with("form-action 'self'"), "{policy}");
    let on = type_password(&mut browser, &unknown, WENDY, PASSWORD).await;
    assert_eq!(location(&on), (200, ""));
    let text = on.text();
    let address = PORTAL.replace('&', "&#38;");
    for part in [
        format!("content=\"0;url={address}\""),
        format!("<a href=\"{address}\" id=\"go-on\">"),
    ] {
        assert!(text.contains(&part), "{part} in {text}");
    }
    let line = &provider.audit("signed-in", 1)[0];
    assert_eq!(line["cloud_upn"], UPN);

    // What Entra asks now is answered without a page, and the door stands open.
    let asked = provider.url(&Asked::new().to_redirect());
    posted(&browser.get(&asked, None).await.expect("an answer"));
    let again = get(&provider, &mut browser, "/start/portal").await;
    assert_eq!(location(&again), (302, PORTAL));
    for reply in [&on, &again] {
        assert_eq!(reply.headers["cache-control"], "no-store");
        assert_eq!(reply.headers["referrer-policy"], "no-referrer");
    }
}

#[tokio::test]
async fn the_door_without_a_name_leads_on_where_there_is_one_way_only() {
    let provider = start();
    let mut browser = provider.browser();
    let page = get(&provider, &mut browser, "/start").await;
    assert!(
        page.text().contains("to go on to your applications"),
        "{}",
        page.text()
    );
    let on = type_password(&mut browser, &page, WENDY, PASSWORD).await;
    assert!(on.text().contains("id=\"go-on\""), "{}", on.text());
    let again = get(&provider, &mut browser, "/start/").await;
    assert_eq!(location(&again), (302, PORTAL));

    let mut browser = provider.browser();
    let page = get(&provider, &mut browser, "/start").await;
    let on = type_password(&mut browser, &page, OTHER, PASSWORD).await;
    assert_eq!(location(&on), (303, "/applications"));
    let again = get(&provider, &mut browser, "/start").await;
    assert_eq!(location(&again), (302, "/applications"));
    let others = get(&provider, &mut browser, "/start/others").await;
    let expected = (302, "https://others.test/?whr=partners.contoso.com");
    assert_eq!(location(&others), expected);
}

/// On a shared computer a link that names her does not open the application as somebody else.
#[tokio::test]
async fn a_link_that_names_somebody_else_asks() {
    let provider = start();
    let mut browser = provider.browser();
    let page = get(&provider, &mut browser, "/start/portal").await;
    type_password(&mut browser, &page, WENDY, PASSWORD).await;
    for (hint, asks) in [
        (WENDY, false),
        (UPN, false),
        (OTHER, true),
        ("\"><script>", true),
    ] {
        let hint = form_urlencoded::byte_serialize(hint.as_bytes()).collect::<String>();
        let path = format!("/start/portal?login_hint={hint}");
        let page = get(&provider, &mut browser, &path).await;
        assert_eq!(is_sign_in_page(&page), asks, "{hint}: {}", page.text());
        assert!(!page.text().contains("<script"), "{}", page.text());
    }
    let path = format!("/start/others?login_hint={OTHER}");
    let page = get(&provider, &mut browser, &path).await;
    assert!(
        page.text().contains(&format!("value=\"{OTHER}\"")),
        "{}",
        page.text()
    );
    // Her session takes the place of the one before.
    let on = type_password(&mut browser, &page, OTHER, PASSWORD).await;
    assert!(on.text().contains("https://others.test/"), "{}", on.text());
    let portal = get(&provider, &mut browser, "/start/portal").await;
    assert!(location(&portal).1.contains("login_hint=u00001"));
}

#[tokio::test]
async fn who_may_not_open_it_is_told_so_and_sent_nowhere() {
    let provider = start();
    let mut browser = provider.browser();
    let page = get(&provider, &mut browser, "/start/others").await;
    let refused = type_password(&mut browser, &page, WENDY, PASSWORD).await;
    let again = get(&provider, &mut browser, "/start/others").await;
    for page in [&refused, &again] {
        assert_eq!(location(page), (403, ""));
        let text = page.text();
        assert!(
            text.contains("have not been given access to For others"),
            "{text}"
        );
        assert!(!text.contains("others.test"), "{text}");
    }
    let lines = provider.audit("not-permitted", 2);
    assert_eq!(lines[0]["relying_party"], "/start/others");
    assert_eq!(lines[0]["cloud_upn"], UPN);
    // She is who she is, and may go elsewhere.
    let portal = get(&provider, &mut browser, "/start/portal").await;
    assert_eq!(location(&portal), (302, PORTAL));
}

#[tokio::test]
async fn there_are_no_other_doors() {
    let provider = start();
    let mut browser = provider.browser();
    for (path, status) in [
        ("/start/nothing", 404),
        ("/start/PORTAL", 404),
        ("/start/portal/", 404),
        ("/start/%70ortal", 404),
        ("/starter", 404),
        ("/start?login_hint=a&login_hint=b", 200),
    ] {
        let reply = get(&provider, &mut browser, path).await;
        assert_eq!(reply.status, status, "{path}");
    }
    let url = provider.url("/start/portal");
    let page = get(&provider, &mut browser, "/start/portal").await;
    let fields = [("name", WENDY), ("password", PASSWORD)];
    let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned()));
    // Without the sealed state, it is nobody's form.
    let reply = browser.post_form(&url, &fields, Some(&page)).await;
    let reply = reply.expect("an answer");
    assert_eq!(reply.status, 400);
    assert!(
        reply.text().contains("This page is too old"),
        "{}",
        reply.text()
    );

    let none = Provider::start(&SLAPD, Options::default());
    let mut browser = none.browser();
    for path in ["/start", "/start/portal"] {
        assert_eq!(get(&none, &mut browser, path).await.status, 404, "{path}");
    }
}
