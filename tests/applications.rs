//! Sign-ins that begin here: at the page of applications, and at links to relying parties that have
//! not asked. The program as a process in front of a real slapd, pysaml2 as a service provider.

#![allow(clippy::expect_used, clippy::indexing_slicing)] // a test may stop

mod provider;
mod slapd;
mod strangers;

use std::sync::LazyLock;

use homerealm::http::{
    PageForm,
    client::{Client, Reply},
};
use provider::{
    ACS, Asked, HOST, Options, Provider, SP, homerealm, is_sign_in_page, posted, type_password,
};
use serde_json::json;
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

const TABLES: &str = r#"
preset = "saml2"
access = "everyone"
idp_initiated = true
[[relying_party]]
entity_id = "https://closed.test/sp"
preset = "saml2"
access = "everyone"
display_name = "The closed one"
assertion_consumer_services = ["https://closed.test/acs"]
[[relying_party]]
entity_id = "https://picky.test/sp?a=1&b=2"
preset = "saml2"
access = { email_domain = "tailspintoys.com" }
idp_initiated = true
display_name = "The picky one"
assertion_consumer_services = ["https://picky.test/acs"]
[[relying_party]]
entity_id = "urn:intranet"
preset = "ws-federation"
access = "everyone"
idp_initiated = true
display_name = "The intranet"
assertion_consumer_services = ["https://intranet.test/_trust/"]
[[application]]
name = "Mail & <more>"
link = "https://mail.test/owa?x=1#inbox"
[[application]]
name = "The wiki"
link = "https://wiki.test/"
hints = ["whr"]
[[application]]
name = "For others"
link = "https://others.test/"
access = { email_domain = "tailspintoys.com" }
"#;

fn start() -> Provider {
    start_with(TABLES)
}

fn start_with(relying_party: &'static str) -> Provider {
    let options = Options {
        relying_party,
        ..Options::default()
    };
    Provider::start(&SLAPD, options)
}

async fn get(provider: &Provider, browser: &mut Client, path: &str) -> Reply {
    let reply = browser.get(&provider.url(path), None).await;
    reply.expect("an answer")
}

/// Signs in at the page itself, and gives the list.
async fn visit(provider: &Provider, browser: &mut Client, name: &str) -> String {
    let page = get(provider, browser, "/applications").await;
    assert!(is_sign_in_page(&page), "{}", page.text());
    let reply = type_password(browser, &page, name, PASSWORD).await;
    assert_eq!(reply.status, 303, "{}", reply.text());
    assert_eq!(reply.headers["location"], "/applications");
    let list = get(provider, browser, "/applications").await;
    assert_eq!(list.headers["cache-control"], "no-store");
    list.text()
}

/// Name and address of each link in the list.
fn links(page: &str) -> Vec<(String, String)> {
    let (_, list) = page.split_once("<ul id=\"applications\">").expect(page);
    let (list, _) = list.split_once("</ul>").expect("an end");
    let links = list.split("<a href=\"").skip(1);
    links
        .map(|link| {
            let (address, rest) = link.split_once("\">").expect("an address");
            let (name, _) = rest.split_once("</a>").expect("a name");
            (name.to_owned(), address.replace("&#38;", "&"))
        })
        .collect()
}

#[tokio::test]
async fn a_person_sees_what_she_may_open_and_nobody_else_learns_her_name() {
    let provider = start();
    let mut browser = provider.browser();
    let root = get(&provider, &mut browser, "/").await;
    assert_eq!(
        (root.status.as_u16(), &root.headers["location"]),
        (302, &"/applications".parse().expect("ASCII"))
    );
    let page = get(&provider, &mut browser, "/applications").await;
    let text = page.text();
    assert!(text.contains("to go on to your applications"), "{text}");
    assert!(
        !text.contains("partners.contoso.com") && !text.contains("mail.test"),
        "{text}"
    );
    let wrong = type_password(&mut browser, &page, WENDY, "wrong").await;
    let text = wrong.text();
    assert!(
        text.contains("Email address or password is not right."),
        "{text}"
    );
    assert!(
        is_sign_in_page(&wrong) && !text.contains("partners.contoso.com"),
        "{text}"
    );

    let list = visit(&provider, &mut browser, WENDY).await;
    assert!(list.contains(&format!("Signed in as {WENDY}")), "{list}");
    let hints = "login_hint=special0%40partners.contoso.com&domain_hint=partners.contoso.com";
    let expected = [
        (
            "The partner portal".to_owned(),
            "/saml2/unsolicited?providerId=https%3A%2F%2Fsp.test%2Fmetadata".to_owned(),
        ),
        (
            "The intranet".to_owned(),
            "/adfs/ls/idpinitiatedsignon.aspx?loginToRp=urn%3Aintranet".to_owned(),
        ),
        (
            "Mail &#38; &#60;more&#62;".to_owned(),
            format!("https://mail.test/owa?x=1&{hints}#inbox"),
        ),
        (
            "The wiki".to_owned(),
            "https://wiki.test/?whr=partners.contoso.com".to_owned(),
        ),
    ];
    assert_eq!(links(&list), expected);
    let line = &provider.audit("signed-in", 1)[0];
    assert_eq!(line["cloud_upn"], UPN);
    assert!(line.get("relying_party").is_none(), "{line}");

    // Somebody else, of whom other rules hold; her session takes the place of this one.
    let mut other = provider.browser();
    let list = visit(&provider, &mut other, OTHER).await;
    let names: Vec<_> = links(&list).into_iter().map(|(name, _)| name).collect();
    assert!(names.contains(&"The picky one".to_owned()), "{names:?}");
    assert!(names.contains(&"For others".to_owned()), "{names:?}");
    assert!(!names.contains(&"The closed one".to_owned()), "{names:?}");
}

/// The session is everybody's: a relying party that asks is answered by it, is told of its end, and a
/// session that a relying party began shows the page.
#[tokio::test]
async fn the_pages_session_is_the_one_that_all_have() {
    let provider = start();
    let mut browser = provider.browser();
    visit(&provider, &mut browser, WENDY).await;
    let url = provider.url(&Asked::new().to_redirect());
    let answer = posted(&browser.get(&url, None).await.expect("an answer"));
    assert!(
        answer.document.contains("InResponseTo=\""),
        "{}",
        answer.document
    );
    let links = links(&get(&provider, &mut browser, "/applications").await.text());
    let (_, intranet) = links
        .iter()
        .find(|(name, _)| name == "The intranet")
        .expect("it");
    let page = get(&provider, &mut browser, intranet).await.text();
    let form = PageForm::find(&page, Some("post")).expect("a form");
    assert_eq!(form.action, "https://intranet.test/_trust/");
    assert_eq!(form.field("wa"), Some("wsignin1.0"));
    assert_eq!(form.field("wctx"), None);
    assert!(
        form.field("wresult")
            .expect("a token")
            .contains("urn:intranet")
    );

    let page = get(&provider, &mut browser, "/signout").await.text();
    assert!(
        page.contains("https://intranet.test/_trust/?wa=wsignoutcleanup1.0"),
        "{page}"
    );
    // The first one has no single logout service.
    assert!(
        page.contains("The partner portal: open it and sign out there"),
        "{page}"
    );
    let again = get(&provider, &mut browser, "/applications").await;
    assert!(is_sign_in_page(&again), "{}", again.text());

    let mut browser = provider.browser();
    let url = provider.url(&Asked::new().to_redirect());
    let page = browser.get(&url, None).await.expect("an answer");
    posted(&type_password(&mut browser, &page, WENDY, PASSWORD).await);
    let list = get(&provider, &mut browser, "/applications").await.text();
    assert!(list.contains("id=\"applications\""), "{list}");
}

/// pysaml2 takes the answer that it has not asked for, and says what it found.
#[tokio::test]
async fn pysaml2_takes_an_unsolicited_answer() {
    let provider = start();
    let metadata = get(&provider, &mut provider.browser(), "/metadata").await;
    std::fs::write(provider.file("idp.xml"), metadata.text()).expect("idp.xml");
    let state = "https://sp.test/deep?a=1&b=ä+c";
    let query = |more: &[(&str, &str)]| {
        form_urlencoded::Serializer::new(String::new())
            .append_pair("providerId", SP)
            .extend_pairs(more)
            .finish()
    };
    let mut browser = provider.browser();
    for (number, (more, action)) in [
        (&[("target", state)][..], ACS),
        (
            &[("shire", "https://sp.test/second")],
            "https://sp.test/second",
        ),
        (&[], ACS),
    ]
    .into_iter()
    .enumerate()
    {
        let path = format!("/saml2/unsolicited?{}", query(more));
        let page = get(&provider, &mut browser, &path).await;
        let page = if number == 0 {
            type_password(&mut browser, &page, WENDY, PASSWORD).await
        } else {
            page
        };
        let answer = posted(&page);
        assert_eq!(answer.action, action);
        assert_eq!(
            answer.relay_state.as_deref(),
            (number == 0).then_some(state)
        );
        assert!(
            !answer.document.contains("InResponseTo"),
            "{}",
            answer.document
        );
        let order = json!({
            "do": "response", "entity_id": SP, "acs": action, "unsolicited": true,
            "saml_response": answer.base64,
        });
        let read = strangers::pysaml2(provider.folder.path(), &order);
        assert_eq!(read["issuer"], provider::ISSUER, "{read}");
        let lines = provider.audit("assertion-issued", number + 1);
        assert!(lines[number].get("in_response_to").is_none(), "{lines:?}");
    }
}

/// A link opens nothing that has not said that it may, and nothing elsewhere than where answers go.
#[tokio::test]
async fn a_link_opens_only_what_permits_it() {
    let provider = start();
    let mut browser = provider.browser();
    let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let sp = encoded(SP);
    let long = format!(
        "/saml2/unsolicited?providerId={sp}&target={}",
        "x".repeat(8193)
    );
    for (path, status) in [
        ("/saml2/unsolicited", 400),
        ("/saml2/unsolicited?providerId=", 400),
        (
            "/saml2/unsolicited?providerId=https%3A%2F%2Fstranger.test",
            403,
        ),
        (
            "/saml2/unsolicited?providerId=https%3A%2F%2Fclosed.test%2Fsp",
            403,
        ),
        ("/saml2/unsolicited?providerId=urn%3Aintranet", 403),
        (
            &*format!("/saml2/unsolicited?providerId={sp}&shire=https%3A%2F%2Fevil.test%2F"),
            403,
        ),
        (
            &format!("/saml2/unsolicited?providerId={sp}&target=a%0Ab"),
            400,
        ),
        (&long, 400),
        (
            "/adfs/ls/idpinitiatedsignon.aspx?loginToRp=urn%3Astranger",
            403,
        ),
        (
            "/ADFS/LS/IdpInitiatedSignOn.aspx?loginToRp=https%3A%2F%2Fclosed.test%2Fsp",
            403,
        ),
        ("/adfs/ls/idpinitiatedsignon.aspx?RelayState=x", 400),
        // And what is right: the page that asks for the password, or the list.
        (&format!("/saml2/unsolicited?providerId={sp}"), 200),
        (
            "/adfs/ls/IdpInitiatedSignon.aspx?loginToRp=urn%3Aintranet",
            200,
        ),
        (
            "/adfs/ls/idpinitiatedsignon.aspx?RelayState=RPID%3Durn%253Aintranet",
            200,
        ),
        ("/adfs/ls/idpinitiatedsignon.aspx", 302),
    ] {
        let reply = get(&provider, &mut browser, path).await;
        assert_eq!(reply.status, status, "{path}: {}", reply.text());
        assert_eq!(is_sign_in_page(&reply), status == 200, "{path}");
    }
    // Who is known and not permitted sees a page, and the relying party is told nothing.
    let path = "/saml2/unsolicited?providerId=https%3A%2F%2Fpicky.test%2Fsp%3Fa%3D1%26b%3D2";
    let page = get(&provider, &mut browser, path).await;
    let page = type_password(&mut browser, &page, WENDY, PASSWORD).await;
    assert_eq!(page.status, 403);
    let text = page.text();
    assert!(text.contains("You may not use this application"), "{text}");
    assert!(!text.contains("SAMLResponse"), "{text}");
    assert_eq!(browser.cookie(HOST, "__Host-homerealm-session"), None);
}

/// Where nothing is to be listed, there is no page; and Entra is never opened so.
#[tokio::test]
async fn without_applications_there_is_no_page() {
    let provider = start_with("");
    let mut browser = provider.browser();
    for (path, status) in [
        ("/applications", 404),
        ("/", 200),
        ("/adfs/ls/idpinitiatedsignon.aspx", 404),
        (
            "/saml2/unsolicited?providerId=https%3A%2F%2Fsp.test%2Fmetadata",
            403,
        ),
    ] {
        let reply = get(&provider, &mut browser, path).await;
        assert_eq!(reply.status, status, "{path}");
    }
    let file = provider.config_file();
    let text = std::fs::read_to_string(&file).expect("the configuration");
    let text = text.replace(
        "preset = \"entra\"",
        "preset = \"entra\"\nidp_initiated = true",
    );
    std::fs::write(&file, text).expect("written");
    let output = homerealm()
        .args(["serve", "--config"])
        .arg(&file)
        .output()
        .expect("homerealm runs");
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("idp_initiated is not for Entra"), "{said}");
}

/// The form is for the browser that got it, and for nothing else.
#[tokio::test]
async fn a_form_of_this_page_is_no_other_ones() {
    let provider = start();
    let mut browser = provider.browser();
    let page = get(&provider, &mut browser, "/applications").await;
    let text = page.text();
    let form = PageForm::find(&text, Some("sign-in")).expect("a form");
    let fields = |state: &str| {
        [("state", state), ("name", WENDY), ("password", PASSWORD)]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
    };
    let own = form.field("state").expect("a state").to_owned();
    let asked = browser
        .get(&provider.url(&Asked::new().to_redirect()), None)
        .await;
    let asked = asked.expect("an answer").text();
    let theirs = PageForm::find(&asked, Some("sign-in")).expect("a form");
    let theirs = theirs.field("state").expect("a state").to_owned();
    let mut stranger = provider.browser();
    get(&provider, &mut stranger, "/applications").await;
    let sent = async |browser: &mut Client, path: &str, state: &str| {
        let url = provider.url(path);
        let reply = browser.post_form(&url, &fields(state), Some(&page)).await;
        reply.expect("an answer").status
    };
    let foreign = sent(&mut stranger, "/applications", &own).await;
    assert_eq!(foreign, 400, "another browser's");
    for (path, state) in [("/applications", &theirs), ("/signin", &own)] {
        assert_eq!(sent(&mut browser, path, state).await, 400, "{path}");
    }
    let refused = provider.audit("request-refused", 3);
    for line in &refused {
        let cause = line["cause"].as_str().expect("a cause");
        assert!(cause.contains("not made here for this browser"), "{line}");
    }
    assert_eq!(browser.cookie(HOST, "__Host-homerealm-session"), None);
    assert_eq!(sent(&mut browser, "/applications", &own).await, 303);
}
