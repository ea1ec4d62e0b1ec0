//! WS-Trust on real parts: the program in front of a real slapd, asked by MSAL for Python, its
//! tokens verified by xmlsec1 and signxml; and the messages that must not be taken.

#![allow(clippy::expect_used, clippy::indexing_slicing)] // a test may stop
#![allow(clippy::too_many_lines)] // its tables are long

mod provider;
mod slapd;
mod strangers;

#[allow(dead_code, clippy::similar_names, clippy::format_push_string)]
#[path = "bad_input/raw.rs"]
mod raw;

#[path = "ws_trust/message.rs"]
mod message;
#[path = "ws_trust/refused.rs"]
mod refused;

use std::{
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
    sync::LazyLock,
};

use homerealm::wstrust::Version;
use message::{Sent, correlation, fault, post};
use provider::{HOST, ISSUER, Options, Provider, SP};
use raw::Raw;
use serde_json::{Value, json};
use slapd::{Numbered, PASSWORD, Slapd};
use strangers::{python, tool};

const ENTRA: &str = "urn:federation:MicrosoftOnline";
const WENDY: &str = "wmoran@fabrikam.com";
const WENDYS_UPN: &str = "special0@partners.contoso.com";
const WENDYS_ID: &str = "EBrsWwAAAECAAAAAAAAAAA==";
const UPN: &str = "http://schemas.xmlsoap.org/claims/UPN";
const IMMUTABLE_ID: &str = "http://schemas.microsoft.com/LiveID/Federation/2008/05/ImmutableID";

static SLAPD: LazyLock<Slapd> = LazyLock::new(|| Slapd::start_new(slapd::Options::default()));

/// Entra's names for the one relying party.
const OPTIONS: Options = Options {
    starttls: false,
    port: None,
    top: "",
    listen: "",
    relying_party: r#"audience = "urn:federation:MicrosoftOnline"
ws_trust_addresses = ["urn:federation:MicrosoftOnline", "https://login.microsoftonline.com/extSTS.srf"]"#,
    directory: "",
    guard: "refusal_step_milliseconds = 0",
    before: "",
    tables: "[ws_trust]\nenabled = true\n[requests]\ncorporate_networks = [\"127.0.0.1\"]",
};

fn start() -> Provider {
    Provider::start(&SLAPD, OPTIONS)
}

/// Has MSAL do something.
fn msal(provider: &Provider, order: &Value) -> Value {
    std::fs::write(provider.file("ca.pem"), provider.ca_pem()).expect("ca.pem");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/strangers/msal_client.py");
    let mut child = Command::new(python())
        .arg(script)
        .arg(format!("{HOST}:{}", provider.address().port()))
        .arg(provider.file("ca.pem"))
        .arg(provider.file("signing.crt"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python starts");
    child
        .stdin
        .take()
        .expect("its input")
        .write_all(order.to_string().as_bytes())
        .expect("sent");
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "the script failed");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

fn address(provider: &Provider, path: &str) -> String {
    provider.url(path).to_string()
}

/// Signs users in by one application, which finds the endpoint in the MEX document.
fn acquire(provider: &Provider, users: &[(&str, &str)]) -> Vec<Value> {
    let mex = address(provider, "/adfs/services/trust/mex");
    let realm = json!({"federation_metadata_url": mex, "cloud_audience_urn": ENTRA});
    acquire_with(provider, users, &realm)
}

fn acquire_with(provider: &Provider, users: &[(&str, &str)], realm: &Value) -> Vec<Value> {
    let order = json!({"do": "acquire", "users": users, "realm": realm});
    let result = msal(provider, &order);
    result["results"].as_array().expect("results").clone()
}

/// xmlsec1's judgement of an assertion that stands alone.
fn xmlsec1_accepts(provider: &Provider, assertion: &str) -> bool {
    let file = provider.file("assertion.xml");
    std::fs::write(&file, assertion).expect("assertion.xml");
    Command::new(tool("xmlsec1"))
        .args(["--verify", "--id-attr:AssertionID"])
        .arg("urn:oasis:names:tc:SAML:1.0:assertion:Assertion")
        .args(["--enabled-reference-uris", "same-doc", "--pubkey-cert-pem"])
        .arg(provider.file("signing.crt"))
        .arg(&file)
        .output()
        .expect("xmlsec1 runs")
        .status
        .success()
}

#[tokio::test]
async fn nothing_is_there_until_it_is_switched_on() {
    let provider = Provider::start(&SLAPD, Options::default());
    let mex = Raw::get("/adfs/services/trust/mex").send(&provider).await;
    assert_eq!(mex.status, 404);
    for version in Version::ALL {
        let answer = Sent::new(version).send(&provider).await;
        assert_eq!(answer.status, 404);
        assert!(!answer.body.contains("Envelope"), "{answer:?}");
    }
    // Nor anything else below AD FS's address.
    let on = start();
    for path in [
        "/adfs/services/trust/",
        "/adfs/services/trust/13/windowstransport",
        "/adfs/services/trust/2005/certificatemixed",
        "/adfs/services/trust/13/usernamemixed/",
    ] {
        assert_eq!(Raw::get(path).send(&on).await.status, 404, "{path}");
    }
    let mex = Raw::get("/ADFS/Services/Trust/mex").send(&on).await;
    assert_eq!(mex.status, 200, "as AD FS takes capital letters");
    let get = Raw::get(Version::V13.path()).send(&on).await;
    assert_eq!((get.status, get.header("allow")), (405, "POST"));
    let posted = Raw::new("POST", "/adfs/services/trust/mex").send(&on).await;
    assert_eq!((posted.status, posted.header("allow")), (405, "GET, HEAD"));
}

#[test]
fn msal_finds_both_endpoints_and_prefers_the_newer_one() {
    let provider = start();
    let found = msal(&provider, &json!({"do": "mex"}));
    assert_eq!(found["status"], 200);
    assert_eq!(found["content_type"], "text/xml; charset=utf-8");
    assert_eq!(
        found["endpoint"],
        json!({
            "address": address(&provider, Version::V13.path()),
            "action": Version::V13.request_action(),
        })
    );
    assert_eq!(found["policies"].as_array().map(Vec::len), Some(2));
}

/// Whoever may ask finds the endpoints in the metadata, and the names that a token may come from.
#[tokio::test]
async fn the_metadata_names_endpoints_and_issuers() {
    const VENDORS: &str = "https://idp.test/vendors";
    const SECOND: &str = r#"
[ws_trust]
enabled = true
[[federated_domain]]
suffix = "vendors.contoso.com"
issuer = "https://idp.test/vendors"
[[relying_party]]
entity_id = "urn:intranet"
preset = "ws-federation"
access = "everyone"
issuer = "https://idp.test/intranet"
assertion_consumer_services = ["https://intranet.test/_trust/"]
"#;
    // The first domain is the entity, and the provider's own comes behind these tables.
    let passive = "/adfs/ls/".to_owned();
    let active = Version::ALL.map(|version| version.path().to_owned());
    for (tables, entity, expected, issuers) in [
        ("", ISSUER, vec![passive], vec![]),
        (
            SECOND,
            VENDORS,
            active.to_vec(),
            vec![VENDORS, ISSUER, "https://idp.test/intranet"],
        ),
    ] {
        let provider = Provider::start(&SLAPD, Options { tables, ..OPTIONS });
        let path = "/FederationMetadata/2007-06/FederationMetadata.xml";
        let reply = provider.browser().get(&provider.url(path), None).await;
        let document = reply.expect("an answer").text();
        let named = |before: &str, after: &str| {
            let parts = document.split(before).skip(1);
            let found = parts.map(|part| part.split_once(after).expect("an end").0.to_owned());
            found.collect::<Vec<_>>()
        };
        let endpoints = named("<fed:SecurityTokenServiceEndpoint>", "</wsa:Address>");
        assert_eq!(endpoints.len(), expected.len(), "{endpoints:?}");
        for (endpoint, path) in endpoints.iter().zip(&expected) {
            let address = format!("<wsa:Address>{}", address(&provider, path));
            assert!(endpoint.ends_with(&address), "{endpoint}");
        }
        assert_eq!(named("<fed:IssuerName Uri=\"", "\""), issuers);
        assert_eq!(named("entityID=\"", "\""), [entity]);
    }
}

fn must_be_wendys(provider: &Provider, token: &Value) {
    assert_eq!(token["issuer"], ISSUER, "{token}");
    assert_eq!(token["audience"], ENTRA);
    assert_eq!(token["name_identifier"], WENDYS_ID);
    assert_eq!(token["attributes"][UPN], json!([WENDYS_UPN]));
    assert_eq!(token["attributes"][IMMUTABLE_ID], json!([WENDYS_ID]));
    let inside = "http://schemas.microsoft.com/ws/2012/01/insidecorporatenetwork";
    assert_eq!(token["attributes"][inside], json!(["true"]));
    assert_eq!(token["method"], "urn:oasis:names:tc:SAML:1.0:am:password");
    let assertion = token["assertion"].as_str().expect("an assertion");
    assert!(xmlsec1_accepts(provider, assertion), "{assertion}");
    let forged = assertion.replace(WENDYS_UPN, "special1@partners.contoso.com");
    assert!(!xmlsec1_accepts(provider, &forged));
}

#[test]
fn msal_signs_a_partner_in_by_email_and_by_cloud_upn() {
    let provider = start();
    let tokens = acquire(&provider, &[(WENDYS_UPN, PASSWORD), (WENDY, PASSWORD)]);
    for token in &tokens {
        assert_eq!(token["access_token"], "opaque", "{token}");
        assert_eq!(
            token["grant_type"],
            "urn:ietf:params:oauth:grant-type:saml1_1-bearer"
        );
        must_be_wendys(&provider, token);
    }
    let signed_in = provider.audit("signed-in", 2);
    let issued = provider.audit("assertion-issued", 2);
    for ((line, issued), token) in signed_in.iter().zip(&issued).zip(&tokens) {
        assert_eq!(line["cloud_upn"], WENDYS_UPN);
        assert_eq!(line["relying_party"], SP);
        assert_eq!(line["protocol"], "ws-trust");
        assert_eq!(line["correlation"], issued["correlation"]);
        assert_eq!(issued["assertion_id"], token["id"]);
        let message_id = issued["in_response_to"].as_str().expect("the message");
        assert!(message_id.starts_with("urn:uuid:"), "{issued}");
    }
    assert_eq!(signed_in[0]["name"], WENDYS_UPN);
    assert_eq!(signed_in[1]["name"], WENDY);
}

/// Without a MEX document, MSAL guesses the version from the address.
#[test]
fn msal_finds_each_version_by_its_address_alone() {
    let provider = start();
    for version in Version::ALL {
        let realm = json!({
            "federation_active_auth_url": address(&provider, version.path()),
            "cloud_audience_urn": "https://login.microsoftonline.com/extSTS.srf",
        });
        let tokens = acquire_with(&provider, &[(WENDYS_UPN, PASSWORD)], &realm);
        must_be_wendys(&provider, &tokens[0]);
    }
}

/// A fault is read as such, names the sign-in, and keeps nobody else of the application out: MSAL
/// holds everybody back for a while after a 5xx, a 429 or a `Retry-After`.
#[test]
fn msal_reads_a_fault_and_signs_the_next_person_in_at_once() {
    let provider = start();
    let other = Numbered(1);
    let results = acquire(
        &provider,
        &[
            (WENDYS_UPN, "wrong"),
            (&other.mail(), PASSWORD),
            ("nobody@fabrikam.com", "w&<r>\"'öng"),
            (WENDYS_UPN, PASSWORD),
        ],
    );
    let reasons: Vec<_> = [&results[0], &results[2]]
        .map(|result| result["error"].as_str().expect("a fault").to_owned())
        .into();
    for reason in &reasons {
        assert!(reason.contains("ID3242"), "{reason}");
        assert!(reason.contains("'code': 'a:FailedAuthentication'"));
    }
    assert_eq!(results[1]["access_token"], "opaque", "{}", results[1]);
    assert_eq!(results[3]["access_token"], "opaque", "{}", results[3]);
    // Nobody learns which names exist; the audit knows.
    let words = |reason: &str| {
        reason
            .split_once("(correlation")
            .expect("an id")
            .0
            .to_owned()
    };
    assert_eq!(words(&reasons[0]), words(&reasons[1]));
    let failed = provider.audit("sign-in-failed", 2);
    for (line, reason) in failed.iter().zip(&reasons) {
        let id = line["correlation"].as_str().expect("an id");
        assert!(reason.contains(id), "{reason}\n{line}");
    }
    assert_eq!(failed[1]["cause"], "no account has this name");
}

#[tokio::test]
async fn who_is_not_let_in_gets_a_fault_and_no_token() {
    let admins = Options {
        relying_party: r#"audience = "urn:federation:MicrosoftOnline"
ws_trust_addresses = ["urn:federation:MicrosoftOnline"]
access = { group = "cn=Admins,ou=Groups,dc=contoso,dc=com" }"#,
        ..OPTIONS
    };
    let provider = Provider::start(&SLAPD, admins);
    let answer = Sent::with(WENDY, PASSWORD).send(&provider).await;
    let (code, reason) = fault(&answer);
    assert_eq!(
        (answer.status, code.as_str()),
        (400, "FailedAuthentication")
    );
    assert!(
        reason.contains("You may not use this application"),
        "{reason}"
    );
    let line = &provider.audit("not-permitted", 1)[0];
    assert_eq!(line["correlation"], correlation(&reason));
    assert!(!reason.contains("Admins"), "{reason}");
    assert!(provider.audit("assertion-issued", 0).is_empty());
}

/// MSAL for .NET sends a message again when it gets no answer, or a 5xx. In front of a directory
/// that locks accounts after five wrong passwords, with our own guard out of the way, twelve of
/// the same message are one wrong password.
#[tokio::test]
async fn a_message_that_is_sent_again_is_one_attempt() {
    let slapd = Slapd::start_new(slapd::Options {
        policy: true,
        ..Default::default()
    });
    let options = Options {
        guard: "refusal_step_milliseconds = 0\nfailures_per_account = 1000",
        ..OPTIONS
    };
    let provider = Provider::start(&slapd, options);
    let wrong = Sent::with(WENDYS_UPN, "wrong");
    let body = wrong.to_xml(&provider);
    for _ in 0..12 {
        let answer = post(&provider, wrong.version, &body).await;
        assert_eq!(answer.status, 400, "{answer:?}");
        assert_eq!(answer.header("retry-after"), "");
        assert_eq!(fault(&answer).0, "FailedAuthentication");
    }
    assert_eq!(provider.audit("sign-in-failed", 1).len(), 1);
    assert_eq!(provider.audit("request-refused", 11).len(), 11);
    let answer = Sent::with(WENDYS_UPN, PASSWORD).send(&provider).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    // The test can fail: five different messages lock her.
    for _ in 0..5 {
        Sent::with(WENDYS_UPN, "wrong").send(&provider).await;
    }
    let answer = Sent::with(WENDYS_UPN, PASSWORD).send(&provider).await;
    assert_eq!(fault(&answer).0, "FailedAuthentication");
    // What keeps an account out is told to the right password.
    let expired = Sent::with("expired@fabrikam.com", PASSWORD);
    let (code, reason) = fault(&expired.send(&provider).await);
    assert_eq!(code, "FailedAuthentication");
    assert!(reason.contains("Your password has expired."), "{reason}");
    let expired = Sent::with("expired@fabrikam.com", "wrong");
    let (_, reason) = fault(&expired.send(&provider).await);
    assert!(reason.contains("is not right"), "{reason}");
}

#[tokio::test]
async fn a_granted_message_is_answered_to_its_sender_again_and_refused_otherwise() {
    let provider = start();
    let sent = Sent::new(Version::Feb2005);
    for _ in 0..2 {
        let answer = sent.send(&provider).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert!(
            answer
                .body
                .contains(&format!(">{}</a:RelatesTo>", sent.message_id))
        );
    }
    assert_eq!(provider.audit("signed-in", 1).len(), 1);
    let ids: Vec<_> = provider.audit("assertion-issued", 2);
    assert_ne!(ids[0]["assertion_id"], ids[1]["assertion_id"]);
    let replayed = Sent {
        name: WENDYS_UPN.to_uppercase(),
        message_id: sent.message_id.clone(),
        ..Sent::new(Version::Feb2005)
    };
    let answer = replayed.send(&provider).await;
    assert_eq!(answer.status, 400);
    let (code, reason) = fault(&answer);
    assert_eq!(code, "InvalidSecurity");
    assert!(reason.contains("has been answered before"), "{reason}");
}

/// Nothing was tried, so the same message may come again: 503 with the time to come back, which
/// keeps MSAL for .NET from coming at once.
#[tokio::test]
async fn a_directory_that_is_away_burns_nothing() {
    let mut slapd = Slapd::start_new(slapd::Options::default());
    let options = Options {
        guard: "refusal_step_milliseconds = 0\nfailures_per_account = 1",
        ..OPTIONS
    };
    let provider = Provider::start(&slapd, options);
    let sent = Sent::new(Version::V13);
    slapd.stop();
    for _ in 0..3 {
        let answer = sent.send(&provider).await;
        assert_eq!(answer.status, 503, "{answer:?}");
        assert_eq!(answer.header("retry-after"), "5");
        let (code, reason) = fault(&answer);
        assert_eq!(code, "RequestFailed");
        assert!(reason.contains("Nothing is lost"), "{reason}");
        assert!(answer.body.contains(">s:Receiver<"));
    }
    slapd.start();
    let mut answer = sent.send(&provider).await;
    for _ in 0..100 {
        if answer.status == 200 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        answer = sent.send(&provider).await;
    }
    assert_eq!(answer.status, 200, "{answer:?}");
}

/// The listener would give up after half a minute, by an answer that is sent again at once.
#[tokio::test]
async fn a_directory_that_is_slow_beyond_patience_burns_nothing() {
    let slapd = Slapd::start_new(slapd::Options::default());
    let options = Options {
        directory: "deadline_seconds = 60",
        ..OPTIONS
    };
    let provider = Provider::start(&slapd, options);
    assert_eq!(Sent::new(Version::V13).send(&provider).await.status, 200);
    let sent = Sent::new(Version::V13);
    slapd.sigstop();
    let asked = std::time::Instant::now();
    let answer = sent.send(&provider).await;
    slapd.sigcont();
    assert_eq!(answer.status, 503, "{answer:?}");
    assert!(asked.elapsed().as_secs() < 30, "the listener's patience");
    assert_eq!(answer.header("retry-after"), "5");
    assert_eq!(fault(&answer).0, "RequestFailed");
    assert!(answer.body.contains(">s:Receiver<"));
    // It may be under way still: the same message is not tried a second time.
    let again = sent.send(&provider).await;
    assert_eq!(again.status, 503, "{again:?}");
    assert!(fault(&again).1.contains("Very many people"), "{again:?}");
    assert_eq!(Sent::new(Version::V13).send(&provider).await.status, 200);
}

#[tokio::test]
async fn the_page_and_the_endpoint_count_together() {
    let options = Options {
        guard: "refusal_step_milliseconds = 0\nfailures_per_account = 2\nfailures_per_source = 5",
        ..OPTIONS
    };
    let provider = Provider::start(&SLAPD, options);
    let mut browser = provider.browser();
    let page = provider.url(&provider::Asked::new().to_redirect());
    let mut page = browser.get(&page, None).await.expect("a page");
    for _ in 0..2 {
        page = provider::type_password(&mut browser, &page, WENDY, "wrong").await;
    }
    // Guarded by now: not even the right password helps, and it looks the same.
    let (code, _) = fault(&Sent::with(WENDYS_UPN, PASSWORD).send(&provider).await);
    assert_eq!(code, "FailedAuthentication");
    for number in 0..3 {
        let name = format!("nobody{number}@fabrikam.com");
        let (code, _) = fault(&Sent::with(&name, "wrong").send(&provider).await);
        assert_eq!(code, "FailedAuthentication");
    }
    let answer = Sent::with(&Numbered(1).mail(), PASSWORD)
        .send(&provider)
        .await;
    assert_eq!(answer.status, 429, "{answer:?}");
    assert_eq!(answer.header("retry-after"), "60");
    let (code, reason) = fault(&answer);
    assert_eq!(code, "RequestFailed");
    assert!(reason.contains("Too many sign-ins"), "{reason}");
}
