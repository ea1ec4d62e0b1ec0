//! What relying parties beside Entra are told, on real parts: rules fed by a real slapd, with nested
//! groups, read by pysaml2; who may sign in where; and what `homerealm check` says of it beforehand.

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
    ACS, Asked, Options, Posted, Provider, SP, homerealm, is_sign_in_page, posted, type_password,
};
use serde_json::{Value, json};
use slapd::{Numbered, PASSWORD, Slapd};

static SLAPD: LazyLock<Slapd> = LazyLock::new(|| Slapd::start_new(slapd::Options::default()));

const WENDY: &str = "wmoran@fabrikam.com";
const WENDYS_UPN: &str = "special0@partners.contoso.com";
const WENDYS_ANCHOR: &str = "EBrsWwAAAECAAAAAAAAAAA==";

const FORMATS: &str = "urn:oasis:names:tc:SAML:";

/// A wiki for readers, and another relying party for everybody.
const WIKI: &str = r#"
preset = "saml2"
name_id = { email-address = "email" }
access = { group = "cn=Editors, ou=Groups,dc=contoso,dc=com", below = "ou=Partners,dc=contoso,dc=com" }
[[relying_party.claim]]
name = "urn:oid:2.5.4.12"
friendly_name = "title"
from = { attribute = "title" }
[[relying_party.claim]]
name = "role"
from = { groups = [
    { group = "cn=Owners,ou=Groups,dc=contoso,dc=com", value = "owner" },
    { group = "cn=Admins,ou=Groups,dc=contoso,dc=com", value = "admin" },
    { group = "cn=Readers,ou=Groups,dc=contoso,dc=com", value = "reader" },
] }
[[relying_party.claim]]
name = "role"
from = { constant = "guest" }
[[relying_party.claim]]
name = "urn:wiki:number"
from = { attribute = "employeeType" }
replace = { pattern = "^partner/([0-9]+)$", with = "P-$1" }
[[relying_party.claim]]
name = "urn:wiki:upn"
from = "cloud-upn"
issue_if = [{ email_domain = "adatum.com" }, { attribute = { name = "title", matches = "^(?i)audit.*$" } }]
[[relying_party.claim]]
name = "urn:wiki:staff"
from = { constant = "yes" }
issue_if = { group = "cn=Admins,ou=Groups,dc=contoso,dc=com" }
[[relying_party.claim]]
name = "urn:wiki:phone"
from = { attribute = "telephoneNumber" }

[[relying_party]]
entity_id = "https://other.test"
preset = "saml2"
access = "everyone"
name_id = "pairwise"
assertion_consumer_services = ["https://other.test/acs"]
"#;

fn wiki() -> Provider {
    let options = Options {
        top: r#"pairwise_salt = { file = "pairwise-salt" }"#,
        relying_party: WIKI,
        ..Options::default()
    };
    Provider::start(&SLAPD, options)
}

async fn open(provider: &Provider, browser: &mut Client, asked: &Asked) -> Reply {
    browser
        .get(&provider.url(&asked.to_redirect()), None)
        .await
        .expect("an answer")
}

/// Signs in by password with this browser.
async fn sign_in(provider: &Provider, browser: &mut Client, asked: &Asked, name: &str) -> Reply {
    let page = open(provider, browser, asked).await;
    type_password(browser, &page, name, PASSWORD).await
}

fn asked(issuer: &'static str) -> Asked {
    Asked {
        issuer,
        ..Asked::new()
    }
}

/// The NameID with its format, without what all formats begin with.
fn name_id(answer: &Posted) -> (String, String) {
    let (_, rest) = answer
        .document
        .split_once("<saml:NameID Format=\"")
        .expect("a NameID");
    let (format, rest) = rest.split_once("\">").expect("a format");
    let (value, _) = rest.split_once('<').expect("a value");
    (format.replace(FORMATS, ""), value.to_owned())
}

fn pysaml2(provider: &Provider, mut order: Value) -> Value {
    order["entity_id"] = json!(SP);
    order["acs"] = json!(ACS);
    order["name_id_format"] = json!(format!("{FORMATS}1.1:nameid-format:emailAddress"));
    strangers::pysaml2(provider.folder.path(), &order)
}

#[tokio::test]
async fn a_stranger_reads_what_the_rules_issue_and_nothing_else() {
    let provider = wiki();
    let metadata = provider
        .browser()
        .get(&provider.url("/metadata"), None)
        .await;
    let metadata = metadata.expect("metadata").text();
    assert!(
        metadata.contains("1.1:nameid-format:emailAddress</md:NameIDFormat>"),
        "{metadata}"
    );
    std::fs::write(provider.file("idp.xml"), metadata).expect("idp.xml");

    let mut browser = provider.browser();
    // By password, and by the session that it began.
    for by_session in [false, true] {
        let order = json!({"do": "request", "binding": "redirect"});
        let request = pysaml2(&provider, order);
        let url = request["url"]
            .as_str()
            .expect("a URL")
            .parse()
            .expect("a URL");
        let mut page = browser.get(&url, None).await.expect("an answer");
        assert_eq!(is_sign_in_page(&page), !by_session);
        if !by_session {
            page = type_password(&mut browser, &page, WENDY, PASSWORD).await;
        }
        let order = json!({
            "do": "response",
            "saml_response": posted(&page).base64,
            "id": request["id"],
        });
        let read = pysaml2(&provider, order);
        assert_eq!(read["name_id"], WENDY, "{read}");
        assert_eq!(
            read["name_id_format"],
            format!("{FORMATS}1.1:nameid-format:emailAddress")
        );
        assert_eq!(
            read["attributes"],
            json!({
                "title": ["Auditor", "Editor"],
                "role": ["owner", "reader", "guest"],
                "urn:wiki:number": ["P-7"],
                "urn:wiki:upn": [WENDYS_UPN],
            })
        );
    }
    let issued = provider.audit("assertion-issued", 2);
    assert_eq!(issued[1]["proof"], "session");
    assert_eq!(issued[1]["immutable_id"], WENDYS_ANCHOR);
}

#[tokio::test]
async fn names_are_as_each_relying_party_knows_them() {
    let provider = wiki();
    let mut browser = provider.browser();
    let page = sign_in(&provider, &mut browser, &Asked::new(), WENDY).await;
    let (format, email) = name_id(&posted(&page));
    assert_eq!(
        (&*format, &*email),
        ("1.1:nameid-format:emailAddress", WENDY)
    );

    let other = "https://other.test";
    let page = open(&provider, &mut browser, &asked(other)).await;
    let (format, pairwise) = name_id(&posted(&page));
    assert_eq!(
        (&*format, pairwise.len()),
        ("2.0:nameid-format:persistent", 64)
    );
    assert!(
        !posted(&page).document.contains("Attribute "),
        "no rule names one"
    );
    // By another alias, in another browser, on another day: the same.
    let page = sign_in(
        &provider,
        &mut provider.browser(),
        &asked(other),
        "wendy@fabrikam.com",
    )
    .await;
    assert_eq!(name_id(&posted(&page)).1, pairwise);
    let colleague = Numbered(0).mail();
    let page = sign_in(
        &provider,
        &mut provider.browser(),
        &asked(other),
        &colleague,
    )
    .await;
    assert_ne!(name_id(&posted(&page)).1, pairwise);

    // A request that wants another name gets a status and no page.
    for (issuer, format, taken) in [
        (other, "2.0:nameid-format:persistent", true),
        (other, "1.1:nameid-format:unspecified", true),
        (other, "1.1:nameid-format:emailAddress", false),
        (other, "2.0:nameid-format:transient", false),
        (SP, "1.1:nameid-format:emailAddress", true),
        (SP, "2.0:nameid-format:persistent", false),
    ] {
        let mut asked = asked(issuer);
        asked.children = format!("<samlp:NameIDPolicy Format=\"{FORMATS}{format}\"/>");
        let page = open(&provider, &mut browser, &asked).await;
        let document = posted(&page).document;
        assert_eq!(
            document.contains("<saml:Assertion"),
            taken,
            "{issuer} {format}: {document}"
        );
        assert_eq!(
            document.contains("status:InvalidNameIDPolicy"),
            !taken,
            "{document}"
        );
    }
}

#[tokio::test]
async fn the_presets_of_entra_say_what_it_needs() {
    let external = Options {
        relying_party: "preset = \"entra-external\"\naccess = \"everyone\"\n\
                        [[relying_party.claim]]\nname = \"https://contoso.com/claims/name\"\nfrom = \"display-name\"",
        ..Options::default()
    };
    let provider = Provider::start(&SLAPD, external);
    let page = sign_in(&provider, &mut provider.browser(), &Asked::new(), WENDY).await;
    let answer = posted(&page);
    assert_eq!(
        name_id(&answer),
        (
            "2.0:nameid-format:persistent".to_owned(),
            WENDYS_ANCHOR.to_owned()
        )
    );
    let statement = "<saml:Attribute Name=\"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/\
                     emailaddress\"><saml:AttributeValue>wmoran@fabrikam.com</saml:AttributeValue>";
    assert!(answer.document.contains(statement), "{}", answer.document);
    assert!(
        answer
            .document
            .contains("Name=\"https://contoso.com/claims/name\"")
    );
    // Without an address Entra would refuse her with a number; here are words.
    let page = sign_in(
        &provider,
        &mut provider.browser(),
        &Asked::new(),
        WENDYS_UPN,
    )
    .await;
    assert_eq!(page.status, 403);
    let line = &provider.audit("not-permitted", 1)[0];
    assert!(
        line["cause"]
            .as_str()
            .expect("a cause")
            .contains("emailaddress"),
        "{line}"
    );
}

#[tokio::test]
async fn who_is_not_let_in_reads_why_and_the_relying_party_is_told() {
    let provider = wiki();
    let colleague = Numbered(0).mail();
    let mut browser = provider.browser();
    let wiki = Asked::new();
    let page = sign_in(&provider, &mut browser, &wiki, &colleague).await;
    assert_eq!(page.status, 403);
    let text = page.text();
    assert!(text.contains("You may not use this application"), "{text}");
    assert!(
        text.contains("The partner portal") && text.contains("help@contoso.test"),
        "{text}"
    );
    assert!(!text.contains("<script"), "it waits to be read");
    let line = &provider.audit("not-permitted", 1)[0];
    assert_eq!(line["relying_party"], SP);
    assert_eq!(
        (&line["name"], &line["cloud_upn"]),
        (&json!(colleague), &json!(Numbered(0).upn()))
    );
    let cause = line["cause"].as_str().expect("a cause");
    assert!(
        cause.contains("not in the group cn=Editors, ou=Groups"),
        "{cause}"
    );
    assert!(
        text.contains(line["correlation"].as_str().expect("an id")),
        "{text}"
    );
    assert!(
        !text.contains("Editors"),
        "what the rules are is nobody's business: {text}"
    );
    assert!(provider.audit("assertion-issued", 0).is_empty());

    // The button of the page brings the status to the relying party.
    let answer = posted(&page);
    assert_eq!(
        (&*answer.action, answer.relay_state.as_deref()),
        (ACS, Some("r+s="))
    );
    for part in ["status:Requester", "status:RequestDenied", &wiki.id] {
        assert!(answer.document.contains(part), "{}", answer.document);
    }
    assert!(!answer.document.contains("Editors") && !answer.document.contains(&colleague));

    // No session has begun; elsewhere she may sign in, and then is refused without being asked.
    let page = open(&provider, &mut browser, &asked("https://other.test")).await;
    assert!(is_sign_in_page(&page));
    posted(&type_password(&mut browser, &page, &colleague, PASSWORD).await);
    let page = open(&provider, &mut browser, &Asked::new()).await;
    assert_eq!(page.status, 403);
    let passive = Asked::with("IsPassive=\"true\"");
    let page = open(&provider, &mut browser, &passive).await;
    assert!(
        page.status == 200 && page.text().contains("<script"),
        "{}",
        page.text()
    );
    assert!(posted(&page).document.contains("status:RequestDenied"));
}

/// A portal that was set up for AD FS.
const PORTAL: &str = r#"
preset = "ws-federation"
access = { group = "cn=Readers,ou=Groups,dc=contoso,dc=com" }
name_id = { email-address = "email" }
[[relying_party.claim]]
name = "http://schemas.xmlsoap.org/claims/Group"
from = { groups = [
    { group = "cn=Owners,ou=Groups,dc=contoso,dc=com", value = "owner" },
    { group = "cn=Readers,ou=Groups,dc=contoso,dc=com", value = "reader" },
] }
"#;

#[tokio::test]
async fn tokens_of_ws_federation_say_what_the_rules_issue() {
    let options = Options {
        relying_party: PORTAL,
        ..Options::default()
    };
    let provider = Provider::start(&SLAPD, options);
    let asked = provider.url("/adfs/ls/?wa=wsignin1.0&wtrealm=https%3A%2F%2Fsp.test%2Fmetadata");
    let mut browser = provider.browser();
    let page = browser.get(&asked, None).await.expect("an answer");
    let page = type_password(&mut browser, &page, WENDY, PASSWORD).await;
    let form = PageForm::find(&page.text(), Some("post")).expect("a form");
    let token = form.field("wresult").expect("wresult");
    for said in [
        "<saml:NameIdentifier Format=\"urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress\">\
         wmoran@fabrikam.com</saml:NameIdentifier>",
        "AttributeName=\"Group\" AttributeNamespace=\"http://schemas.xmlsoap.org/claims\">\
         <saml:AttributeValue>owner</saml:AttributeValue>\
         <saml:AttributeValue>reader</saml:AttributeValue></saml:Attribute>",
    ] {
        assert!(token.contains(said), "{said}: {token}");
    }
    assert_eq!(token.matches("<saml:Attribute ").count(), 1, "{token}");

    // There is no word for a refusal in this protocol, and so no form to send it by.
    let mut browser = provider.browser();
    let page = browser.get(&asked, None).await.expect("an answer");
    let page = type_password(&mut browser, &page, &Numbered(0).mail(), PASSWORD).await;
    let text = page.text();
    assert_eq!(page.status, 403);
    assert!(text.contains("You may not use this application"), "{text}");
    assert!(!text.contains("<form"), "{text}");
    assert_eq!(
        provider.audit("not-permitted", 1)[0]["name"],
        Numbered(0).mail()
    );
    // By SAML 2.0 it may not ask.
    let page = open(&provider, &mut provider.browser(), &Asked::new()).await;
    assert_eq!(page.status, 403);
}

#[tokio::test]
async fn a_relying_party_without_access_rules_lets_nobody_in() {
    let options = Options {
        relying_party: "preset = \"saml2\"",
        ..Options::default()
    };
    let provider = Provider::start(&SLAPD, options);
    let page = sign_in(&provider, &mut provider.browser(), &Asked::new(), WENDY).await;
    assert_eq!(page.status, 403);
    let (code, report) = check(&provider, &["--json"]);
    let report: Value = serde_json::from_str(&report).expect("JSON");
    let findings = report["findings"].as_array().expect("findings");
    let found = findings
        .iter()
        .find(|finding| finding["name"] == "relying-party")
        .expect("it");
    assert_eq!(
        (code, &found["verdict"]),
        (Some(0), &json!("warn")),
        "{found}"
    );
    assert!(
        found["found"]
            .as_str()
            .expect("words")
            .contains("nobody may sign in"),
        "{found}"
    );
}

/// The doctor's exit code and words.
fn check(provider: &Provider, more: &[&str]) -> (Option<i32>, String) {
    let output = homerealm()
        .args(["check", "--config"])
        .arg(provider.config_file())
        .args(more)
        .output()
        .expect("homerealm runs");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    (output.status.code(), text)
}

/// What is told about Wendy, to the letter.
const ABOUT_WENDY: &str = r#"what https://sp.test/metadata would be told:
ok    access: she is in the group cn=Editors, ou=Groups,dc=contoso,dc=com and below ou=Partners,dc=contoso,dc=com
      issuer: https://idp.contoso.test/partners
      NameID: wmoran@fabrikam.com (urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress)
      urn:oid:2.5.4.12 = ["Auditor", "Editor"] (value of title)
      role = ["owner", "reader"] (group with a value)
      role = ["guest"] (constant)
      urn:wiki:number = ["P-7"] (value of employeeType)
      urn:wiki:upn = ["special0@partners.contoso.com"] (cloud UPN)
      urn:wiki:staff is not issued: she is not in the group cn=Admins,ou=Groups,dc=contoso,dc=com
      urn:wiki:phone is not issued: there is no value of telephoneNumber
"#;

/// And about somebody else, by her UPN.
const ABOUT_ANOTHER: &str = r#"what https://sp.test/metadata would be told:
FAIL  access: no rule of `access` lets her in: she is not in the group cn=Editors, ou=Groups,dc=contoso,dc=com
      issuer: https://idp.contoso.test/partners
      urn:oid:2.5.4.12 is not issued: there is no value of title
      role is not issued: she is in none of the groups
      role = ["guest"] (constant)
      urn:wiki:number is not issued: there is no value of employeeType
      urn:wiki:upn is not issued: she is not signed in with an address in adatum.com; nor with a title that matches ^(?i)audit.*$
      urn:wiki:staff is not issued: she is not in the group cn=Admins,ou=Groups,dc=contoso,dc=com
      urn:wiki:phone is not issued: there is no value of telephoneNumber
"#;

#[tokio::test]
async fn the_doctor_tells_what_would_be_issued_and_why() {
    let provider = wiki();
    let about = |user: &str, party: &str| {
        let (code, text) = check(&provider, &["--user", user, "--relying-party", party]);
        let (_, issuance) = text
            .split_once("\n\nwhat ")
            .unwrap_or_else(|| panic!("{text}"));
        (code, format!("what {issuance}"))
    };
    assert_eq!(about(WENDY, SP), (Some(0), ABOUT_WENDY.to_owned()));
    assert_eq!(
        about(&Numbered(0).upn(), SP),
        (Some(1), ABOUT_ANOTHER.to_owned())
    );
    let (code, text) = about(WENDY, "https://sp.test");
    assert_eq!(code, Some(1));
    assert!(
        text.contains("no such relying party; there are https://sp.test/metadata, "),
        "{text}"
    );
    let (code, text) = about("nobody@fabrikam.com", SP);
    assert_eq!(code, Some(1));
    assert!(text.contains("FAIL  access: there is no account"), "{text}");

    // What is told beforehand is what is told.
    let party = "https://other.test";
    let (code, text) = check(
        &provider,
        &["--user", WENDY, "--relying-party", party, "--json"],
    );
    let report: Value = serde_json::from_str(&text).expect("JSON");
    let issuance = &report["user"]["issuance"];
    assert_eq!(
        (code, &issuance["permitted"]),
        (Some(0), &json!(true)),
        "{report}"
    );
    assert_eq!(issuance["claims"], json!([]));
    let page = sign_in(&provider, &mut provider.browser(), &asked(party), WENDY).await;
    assert_eq!(issuance["name_id"]["value"], name_id(&posted(&page)).1);
}

#[tokio::test]
async fn the_doctor_misses_groups_that_are_not_there() {
    const GONE: &str = "preset = \"saml2\"\naccess = [{ group = [\"cn=Readers,ou=Groups,dc=contoso,\
                        dc=com\", \"cn=Gone,ou=Groups,dc=contoso,dc=com\"] }, \
                        { group = \"cn=Elsewhere,dc=fabrikam,dc=com\" }]";
    let options = Options {
        relying_party: GONE,
        // One for accounts, which no group meets.
        directory: "filter = \"(sAMAccountName=*)\"",
        ..Options::default()
    };
    let provider = Provider::start(&SLAPD, options);
    let (code, text) = check(&provider, &["--json"]);
    let report: Value = serde_json::from_str(&text).expect("JSON");
    let findings = report["findings"].as_array().expect("findings").iter();
    let groups = findings.filter(|finding| finding["name"] == "claim-groups");
    let verdicts: Vec<_> = groups.map(|finding| finding["verdict"].clone()).collect();
    assert_eq!(
        (code, verdicts),
        (Some(1), vec![json!("ok"), json!("fail"), json!("fail")])
    );
    // Who is in the one that is there may sign in all the same.
    let page = sign_in(&provider, &mut provider.browser(), &Asked::new(), WENDY).await;
    assert_eq!(name_id(&posted(&page)).0, "2.0:nameid-format:transient");
}

#[tokio::test]
async fn a_directory_that_knows_no_end_of_passwords_says_nothing_of_it() {
    let options = Options {
        relying_party: "password_expiry = true",
        ..Options::default()
    };
    let provider = Provider::start(&SLAPD, options);
    let mut browser = provider.browser();
    let asks = format!("/adfs/ls/?wa=wsignin1.0&wtrealm={SP}");
    let page = browser.get(&provider.url(&asks), None).await;
    let page = page.expect("the page");
    let page = type_password(&mut browser, &page, WENDY, PASSWORD).await;
    let form = PageForm::find(&page.text(), Some("post")).expect("a token");
    let token = form.field("wresult").expect("a token");
    assert!(token.contains("authnmethodsreferences"), "{token}");
    assert!(!token.contains("passwordexpiration"), "{token}");
    let (code, text) = check(&provider, &[]);
    let wants = "it cannot read msDS-UserPasswordExpiryTimeComputed";
    assert!(code == Some(0) && text.contains(wants), "{text}");
}
