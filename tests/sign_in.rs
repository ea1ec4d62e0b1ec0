//! The main job on real parts: the program as a process in front of a real slapd with 10,000
//! accounts, and its answers verified by strangers: xmlsec1, signxml, and pysaml2 as a service
//! provider.

#![allow(clippy::expect_used, clippy::indexing_slicing)] // a test may stop

mod provider;
mod slapd;
mod strangers;

use std::{
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
    sync::LazyLock,
};

use homerealm::http::client::{Client, Reply};
use provider::{
    ACS, Asked, ISSUER, Options, Posted, Provider, SP, is_sign_in_page, posted, type_password,
};
use serde_json::{Value, json};
use slapd::{Numbered, PASSWORD, Slapd};
use strangers::{python, run, tool};

static SLAPD: LazyLock<Slapd> = LazyLock::new(|| {
    Slapd::start_new(slapd::Options {
        accounts: 10_000,
        ..Default::default()
    })
});

/// Opens a request by HTTP-Redirect.
async fn open(provider: &Provider, browser: &mut Client, asked: &Asked) -> Reply {
    browser
        .get(&provider.url(&asked.to_redirect()), None)
        .await
        .expect("an answer")
}

async fn sign_in(provider: &Provider, browser: &mut Client, name: &str) -> Posted {
    let page = open(provider, browser, &Asked::new()).await;
    posted(&type_password(browser, &page, name, PASSWORD).await)
}

/// Has pysaml2 do something as the relying party.
fn pysaml2(provider: &Provider, mut order: Value) -> Value {
    order["entity_id"] = json!(SP);
    order["acs"] = json!(ACS);
    strangers::pysaml2(provider.folder.path(), &order)
}

/// Fetches the metadata to where pysaml2 looks for it.
async fn publish_metadata(provider: &Provider) {
    let reply = provider
        .browser()
        .get(&provider.url("/metadata"), None)
        .await
        .expect("metadata");
    assert_eq!(
        reply.headers["content-type"],
        "application/samlmetadata+xml"
    );
    std::fs::write(provider.file("idp.xml"), reply.text()).expect("idp.xml");
}

/// xmlsec1 and signxml must both accept the assertion, and both refuse it changed.
fn strangers_verify(provider: &Provider, document: &str, sign_response: bool) {
    let certificate = provider.file("signing.crt");
    let xmlsec1 = |text: &str, signature: &str| {
        let file = provider.file("answer.xml");
        std::fs::write(&file, text).expect("answer.xml");
        let mut command = Command::new(tool("xmlsec1"));
        command.args(["--verify", "--id-attr:ID"]);
        command.arg("urn:oasis:names:tc:SAML:2.0:assertion:Assertion");
        command.args([
            "--id-attr:ID",
            "urn:oasis:names:tc:SAML:2.0:protocol:Response",
        ]);
        command.args(["--node-xpath", signature]);
        command.args(["--enabled-reference-uris", "same-doc", "--pubkey-cert-pem"]);
        command
            .arg(&certificate)
            .arg(&file)
            .output()
            .expect("xmlsec1 runs")
            .status
            .success()
    };
    let signxml = |text: &str| {
        let script =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/strangers/signxml_verify.py");
        let mut child = Command::new(python())
            .arg(script)
            .arg(&certificate)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("python starts");
        child
            .stdin
            .take()
            .expect("its input")
            .write_all(text.as_bytes())
            .expect("sent");
        let output = child.wait_with_output().expect("it ends");
        output
            .status
            .success()
            .then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let name_id = between(document, "nameid-format:persistent\">", "<");
    let of_assertion = "//*[local-name()='Assertion']/*[local-name()='Signature']";
    let of_response = "/*/*[local-name()='Signature']";
    assert!(
        xmlsec1(document, of_assertion),
        "xmlsec1 refuses {document}"
    );
    assert_eq!(
        xmlsec1(document, of_response),
        sign_response,
        "the Response's own signature"
    );
    assert_eq!(signxml(document).as_deref(), Some(name_id));
    let forged = document.replace(name_id, "Zm9yZ2VkZm9yZ2VkZm9yZw==");
    assert!(
        !xmlsec1(&forged, of_assertion),
        "xmlsec1 accepts a forged one"
    );
    assert_eq!(signxml(&forged), None);
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    let (_, after) = text
        .split_once(start)
        .unwrap_or_else(|| panic!("no {start} in {text}"));
    after.split_once(end).expect("an end").0
}

#[tokio::test]
async fn three_strangers_accept_what_a_partner_brings() {
    for (starttls, binding, sign_response) in [
        (false, "post", false),
        (true, "redirect", false),
        (false, "redirect", true),
    ] {
        let relying_party = if sign_response {
            "sign_response = true"
        } else {
            ""
        };
        let options = Options {
            starttls,
            relying_party,
            ..Options::default()
        };
        let provider = Provider::start(&SLAPD, options);
        publish_metadata(&provider).await;
        let asked = pysaml2(&provider, json!({"do": "request", "binding": binding}));
        let mut browser = provider.browser();
        let page = if binding == "post" {
            let fields: Vec<(String, String)> = asked["fields"]
                .as_object()
                .expect("a form")
                .iter()
                .map(|(name, value)| (name.clone(), value.as_str().unwrap_or("").to_owned()))
                .collect();
            let action = asked["action"]
                .as_str()
                .expect("an action")
                .parse()
                .expect("a URL");
            browser
                .post_form(&action, &fields, None)
                .await
                .expect("an answer")
        } else {
            let url = asked["url"]
                .as_str()
                .expect("a URL")
                .parse()
                .expect("a URL");
            browser.get(&url, None).await.expect("an answer")
        };
        let answer =
            posted(&type_password(&mut browser, &page, "wmoran@fabrikam.com", PASSWORD).await);
        assert_eq!(answer.action, ACS);
        assert_eq!(answer.relay_state.as_deref(), Some("state-of-the-sp"));
        strangers_verify(&provider, &answer.document, sign_response);
        let read = pysaml2(
            &provider,
            json!({
                "do": "response",
                "saml_response": answer.base64,
                "id": asked["id"],
                "want_response_signed": sign_response,
            }),
        );
        assert_eq!(read["issuer"], ISSUER, "{read}");
        assert_eq!(read["in_response_to"], asked["id"]);
        assert_eq!(read["name_id"], "EBrsWwAAAECAAAAAAAAAAA==");
        assert_eq!(
            read["name_id_format"],
            "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
        );
        assert_eq!(
            read["attributes"]["IDPEmail"],
            json!(["special0@partners.contoso.com"])
        );
        let class = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport";
        assert_eq!(read["authn"], class);
        let replayed = pysaml2(
            &provider,
            json!({"do": "response", "saml_response": answer.base64, "id": "_another"}),
        );
        assert!(
            replayed["error"].is_string(),
            "pysaml2 takes an answer to another request"
        );
    }
}

/// Has pysaml2 ask, signed or not, and gives what it sends and the page that comes back.
async fn ask(provider: &Provider, binding: &str, sign: bool, hash: &str) -> (Value, Reply) {
    let order = json!({"do": "request", "binding": binding, "sign": sign, "hash": hash});
    let asked = pysaml2(provider, order);
    assert!(asked.get("error").is_none(), "{asked}");
    let mut browser = provider.browser();
    let page = if binding == "post" {
        let request = asked["fields"]["SAMLRequest"]
            .as_str()
            .expect("a request")
            .to_owned();
        let fields = [("SAMLRequest".to_owned(), request)];
        browser
            .post_form(&provider.url("/saml2/sso"), &fields, None)
            .await
            .expect("an answer")
    } else {
        let url = asked["url"]
            .as_str()
            .expect("a URL")
            .parse()
            .expect("a URL");
        browser.get(&url, None).await.expect("an answer")
    };
    (asked, page)
}

#[tokio::test]
async fn requests_that_must_be_signed_are_verified() {
    const KEYS: &str = "request_signatures = \"required\"\nrequest_certificates = [\"sp.crt\"]";
    const SHA1_TOO: &str = "request_signatures = \"required\"\n\
                            request_certificates = [\"sp.crt\"]\npermit_sha1_requests = true";
    for (relying_party, permits_sha1) in [(KEYS, false), (SHA1_TOO, true)] {
        let provider = Provider::start(
            &SLAPD,
            Options {
                relying_party,
                ..Options::default()
            },
        );
        publish_metadata(&provider).await;
        for binding in ["redirect", "post"] {
            for (sign, hash, taken) in [
                (true, "sha256", true),
                (true, "sha1", permits_sha1),
                (false, "sha256", false),
            ] {
                let (asked, page) = ask(&provider, binding, sign, hash).await;
                let case = format!("{binding}, signed: {sign}, {hash}: {}", page.text());
                assert_eq!(is_sign_in_page(&page), taken, "{case}");
                if taken && binding == "redirect" {
                    let url = asked["url"].as_str().expect("a URL");
                    let forged = url.replace("state-of-the-sp", "state-of-a-thief");
                    let forged = forged.parse().expect("a URL");
                    let page = provider
                        .browser()
                        .get(&forged, None)
                        .await
                        .expect("an answer");
                    assert_eq!(
                        page.status, 400,
                        "another RelayState under the same signature"
                    );
                }
            }
        }
    }
}

#[tokio::test]
async fn the_metadata_is_valid_and_signed() {
    let provider = Provider::start(&SLAPD, Options::default());
    publish_metadata(&provider).await;
    let file = provider.file("idp.xml");
    let read = pysaml2(&provider, json!({"do": "schema", "file": file}));
    assert_eq!(read["valid"], true, "{read}");
    run(Command::new(tool("xmlsec1"))
        .args(["--verify", "--id-attr:ID"])
        .arg("urn:oasis:names:tc:SAML:2.0:metadata:EntityDescriptor")
        .arg("--pubkey-cert-pem")
        .arg(provider.file("signing.crt"))
        .arg(&file));
    let by_suffix = provider.url("/metadata/partners.contoso.com");
    assert_eq!(
        provider
            .browser()
            .get(&by_suffix, None)
            .await
            .expect("an answer")
            .status,
        200
    );
    let unknown = provider.url("/metadata/fabrikam.com");
    assert_eq!(
        provider
            .browser()
            .get(&unknown, None)
            .await
            .expect("an answer")
            .status,
        404
    );
}

#[tokio::test]
async fn everybody_gets_her_own_identity() {
    let provider = Provider::start(&SLAPD, Options::default());
    for number in [0, 1, 2, 777, 5_000, 9_999] {
        let account = Numbered(number);
        let answer = sign_in(&provider, &mut provider.browser(), &account.mail()).await;
        let name_id = between(&answer.document, "nameid-format:persistent\">", "<");
        assert_eq!(name_id, account.guid().immutable_id());
        assert!(answer.document.contains(&format!(">{}<", account.upn())));
    }
    // By an alias, by the cloud UPN, in another case, and with a domain beyond ASCII.
    for name in [
        "wendy@fabrikam.com",
        "special0@partners.contoso.com",
        " WMoran@FABRIKAM.com. ",
    ] {
        let answer = sign_in(&provider, &mut provider.browser(), name).await;
        assert!(
            answer.document.contains(">special0@partners.contoso.com<"),
            "{name}"
        );
    }
    let answer = sign_in(
        &provider,
        &mut provider.browser(),
        "j.mueller@bücher.example",
    )
    .await;
    assert!(answer.document.contains(">special6@partners.contoso.com<"));
}

#[tokio::test]
async fn refusals_look_the_same_and_differ_in_the_audit() {
    let provider = Provider::start(&SLAPD, Options::default());
    let mut browser = provider.browser();
    let mut pages = Vec::new();
    for (name, password, cause) in [
        ("wmoran@fabrikam.com", "wrong", "wrong password"),
        ("nobody@fabrikam.com", PASSWORD, "no account"),
        ("reception@adatum.com", PASSWORD, "2 or more accounts"),
        (
            "khart@contoso.com",
            PASSWORD,
            "outside of the configured scope",
        ),
        ("admin@adatum.com", PASSWORD, "privileged"),
        ("otto@wingtiptoys.com", PASSWORD, "not a federated domain"),
        ("wmoran@fabr\u{456}kam.com", PASSWORD, "scripts"),
        ("*@fabrikam.com)(mail=*", PASSWORD, "behind the @"),
        ("wmoran@fabrikam.com", "\0", "not a password"),
    ] {
        let page = open(&provider, &mut browser, &Asked::new()).await;
        let page = type_password(&mut browser, &page, name, password).await;
        assert!(is_sign_in_page(&page), "{name}: {}", page.text());
        assert_eq!(page.status, 200);
        pages.push(between(&page.text(), "id=\"problem\"", "</div>").to_owned());
        let audit = provider.audit("sign-in-failed", pages.len());
        let line = audit.last().expect("an audit line");
        let told = line["cause"].as_str().expect("a cause");
        assert!(told.contains(cause), "{name}: {told}");
    }
    pages.dedup();
    assert_eq!(pages.len(), 1, "{pages:?}");
    // An empty field is the form's own matter, and an empty password never leaves it.
    let page = open(&provider, &mut browser, &Asked::new()).await;
    let page = type_password(&mut browser, &page, "wmoran@fabrikam.com", "").await;
    assert!(page.text().contains("both needed"));
    let log = provider.log().join("\n");
    assert!(!log.contains(PASSWORD), "a password is in the log");
}

#[tokio::test]
async fn a_live_session_answers_and_forced_requests_ask_again() {
    let provider = Provider::start(&SLAPD, Options::default());
    let mut browser = provider.browser();
    let passive = Asked::with(r#"IsPassive="true""#);
    let answer = posted(&open(&provider, &mut browser, &passive).await);
    assert!(
        answer.document.contains("status:NoPassive"),
        "{}",
        answer.document
    );
    assert!(answer.document.contains(&passive.id));

    let first = sign_in(&provider, &mut browser, "wmoran@fabrikam.com").await;
    let again = posted(&open(&provider, &mut browser, &Asked::new()).await);
    let instant = |document: &str| between(document, "AuthnInstant=\"", "\"").to_owned();
    assert_eq!(
        instant(&first.document),
        instant(&again.document),
        "the real time of the proof"
    );
    let passive = posted(&open(&provider, &mut browser, &Asked::with(r#"IsPassive="1""#)).await);
    assert!(passive.document.contains("status:Success"));
    let forced = open(
        &provider,
        &mut browser,
        &Asked::with(r#"ForceAuthn="true""#),
    )
    .await;
    assert!(is_sign_in_page(&forced));

    // The hint names the live session's person in either form, or somebody else.
    for (hint, answered) in [
        ("wmoran%40fabrikam.com", true),
        ("SPECIAL0%40partners.contoso.com", true),
        ("u00001%40tailspintoys.com", false),
    ] {
        let path = format!("{}&login_hint=&username={hint}", Asked::new().to_redirect());
        let page = browser
            .get(&provider.url(&path), None)
            .await
            .expect("an answer");
        assert_eq!(!is_sign_in_page(&page), answered, "{hint}");
        if !answered {
            assert!(
                page.text().contains("u00001@tailspintoys.com"),
                "the hint is filled in"
            );
        }
    }
    // Somebody else's browser has no part in the session.
    let stranger = open(&provider, &mut provider.browser(), &Asked::new()).await;
    assert!(is_sign_in_page(&stranger));
    let issued = provider.audit("assertion-issued", 3);
    let id = between(
        &again.document,
        "<saml:Assertion xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"",
        "\"",
    );
    assert!(
        issued
            .iter()
            .any(|line| line["assertion_id"] == id && line["proof"] == "session")
    );
}

#[tokio::test]
async fn contexts_and_formats_that_are_not_offered_are_a_status() {
    let provider = Provider::start(&SLAPD, Options::default());
    let mut browser = provider.browser();
    let context = |comparison: &str, class: &str| Asked {
        children: format!(
            r#"<samlp:RequestedAuthnContext Comparison="{comparison}"><c:AuthnContextClassRef xmlns:c="urn:oasis:names:tc:SAML:2.0:assertion">{class}</c:AuthnContextClassRef></samlp:RequestedAuthnContext>"#
        ),
        ..Asked::new()
    };
    let format = Asked {
        children:
            r#"<samlp:NameIDPolicy Format="urn:oasis:names:tc:SAML:2.0:nameid-format:transient"/>"#
                .to_owned(),
        ..Asked::new()
    };
    let mfa = "http://schemas.microsoft.com/claims/multipleauthn";
    for (asked, status) in [
        (context("exact", mfa), "NoAuthnContext"),
        (context("minimum", mfa), "NoAuthnContext"),
        (format, "InvalidNameIDPolicy"),
        (
            Asked::with(r#"Destination="https://elsewhere.test/sso""#),
            "RequestDenied",
        ),
        (
            Asked::with(r#"ProtocolBinding="urn:oasis:names:tc:SAML:2.0:bindings:PAOS""#),
            "RequestUnsupported",
        ),
    ] {
        let answer = posted(&open(&provider, &mut browser, &asked).await);
        assert_eq!(answer.action, ACS);
        let expected = format!("urn:oasis:names:tc:SAML:2.0:status:{status}");
        assert!(
            answer.document.contains(&expected),
            "{status}: {}",
            answer.document
        );
        assert!(
            answer
                .document
                .contains(&format!("InResponseTo=\"{}\"", asked.id))
        );
    }
    let password = "urn:oasis:names:tc:SAML:2.0:ac:classes:Password";
    let page = open(&provider, &mut browser, &context("exact", password)).await;
    let answer = posted(&type_password(&mut browser, &page, "wmoran@fabrikam.com", PASSWORD).await);
    assert!(
        answer
            .document
            .contains(&format!("<saml:AuthnContextClassRef>{password}<"))
    );
    let second = Asked::with(r#"AssertionConsumerServiceIndex="1""#);
    let answer = posted(&open(&provider, &mut browser, &second).await);
    assert_eq!(answer.action, "https://sp.test/second");
}

#[tokio::test]
async fn a_request_that_names_somebody_is_answered_with_nobody_else() {
    let provider = Provider::start(&SLAPD, Options::default());
    let naming = |format: &str, name: &str| Asked {
        children: format!(
            r#"<s:Subject xmlns:s="urn:oasis:names:tc:SAML:2.0:assertion"><s:NameID{format}>{name}</s:NameID></s:Subject>"#
        ),
        ..Asked::new()
    };
    let persistent = r#" Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent""#;
    let mut browser = provider.browser();
    let wendy = sign_in(&provider, &mut browser, "wmoran@fabrikam.com").await;
    let anchor = between(&wendy.document, "<saml:NameID", "</saml:NameID>");
    let anchor = anchor.split_once('>').expect("the name").1;

    for (format, name, status) in [
        ("", "wmoran@fabrikam.com", "Success"),
        (persistent, anchor, "Success"),
        (persistent, "c29tZWJvZHkgZWxzZQ==", "UnknownPrincipal"),
        ("", "khart@contoso.com", "UnknownPrincipal"),
    ] {
        let mut browser = provider.browser();
        let page = open(&provider, &mut browser, &naming(format, name)).await;
        // A name that programs made is nothing to fill a page in with.
        assert_eq!(page.text().contains(name), format.is_empty(), "{name}");
        let answer = type_password(&mut browser, &page, "wmoran@fabrikam.com", PASSWORD).await;
        let answer = posted(&answer);
        let expected = format!("urn:oasis:names:tc:SAML:2.0:status:{status}");
        assert!(answer.document.contains(&expected), "{name}: {status}");
        let asserts = answer.document.contains("<saml:Assertion");
        assert_eq!(asserts, status == "Success", "{name}");
    }
}
