//! Relying parties by their metadata, and encrypted assertions, on real parts: pysaml2's own signed
//! metadata, xmlsec1 and pyca/cryptography for what is encrypted, and a server whose metadata
//! changes, breaks and goes away.

#![allow(clippy::expect_used, clippy::indexing_slicing)] // a test may stop

#[path = "metadata/server.rs"]
mod server;

mod provider;
mod slapd;
mod strangers;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::LazyLock,
    time::{Duration, Instant},
};

use homerealm::{
    http::client::{Client, Reply},
    keys::{Signer, create_signing_key},
};
use provider::{
    Asked, Options, Posted, Provider, homerealm, is_sign_in_page, posted, type_password,
};
use serde_json::{Value, json};
use server::{Description, MetadataServer};
use slapd::{PASSWORD, Slapd};
use strangers::{pysaml2, python, run, tool};

static SLAPD: LazyLock<Slapd> = LazyLock::new(|| Slapd::start_new(slapd::Options::default()));

const WENDY: &str = "wmoran@fabrikam.com";
const WENDYS_UPN: &str = "special0@partners.contoso.com";

const PORTAL: &str = "https://portal.test/saml";
const PORTAL_ACS: &str = "https://portal.test/acs";

/// A service provider's folder: its key `sp.key`, its certificate `sp.crt`.
struct Portal {
    folder: tempfile::TempDir,
    signer: Signer,
}

impl Portal {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let made = create_signing_key("portal.test", 30).expect("a key");
        fs::write(
            folder.path().join("sp.key"),
            made.private_key_pem.as_bytes(),
        )
        .expect("sp.key");
        let certificate = made.signer.certificate().to_pem();
        fs::write(folder.path().join("sp.crt"), certificate).expect("sp.crt");
        Self {
            folder,
            signer: made.signer,
        }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn pysaml2(&self, mut order: Value) -> Value {
        order["entity_id"] = json!(PORTAL);
        order["acs"] = json!(PORTAL_ACS);
        pysaml2(self.folder.path(), &order)
    }
}

/// A server with the portal as a relying party beside another one.
fn served(lines: &str, top: &str) -> Provider {
    let relying_party = format!(
        "[[relying_party]]\nentity_id = \"{PORTAL}\"\npreset = \"saml2\"\naccess = \"everyone\"\n\
         {lines}\n[[relying_party.claim]]\nname = \"urn:upn\"\nfrom = \"cloud-upn\"\n"
    );
    let options = Options {
        top: top.to_owned().leak(),
        relying_party: relying_party.leak(),
        ..Options::default()
    };
    Provider::start(&SLAPD, options)
}

/// The same, its people known by their ImmutableID.
fn served_by(lines: &str) -> Provider {
    served(&format!("{lines}\nname_id = \"immutable-id\""), "")
}

fn asked(attributes: &str) -> Asked {
    Asked {
        issuer: PORTAL,
        ..Asked::with(attributes)
    }
}

async fn open(provider: &Provider, browser: &mut Client, path: &str) -> Reply {
    let url = provider.url(path);
    browser.get(&url, None).await.expect("an answer")
}

async fn sign_in(provider: &Provider) -> Posted {
    let mut browser = provider.browser();
    let page = open(provider, &mut browser, &asked("").to_redirect()).await;
    posted(&type_password(&mut browser, &page, WENDY, PASSWORD).await)
}

/// The document with its assertion decrypted in place, by xmlsec1.
fn decrypted_by_xmlsec1(portal: &Portal, document: &str) -> Option<String> {
    let file = portal.file("response.xml");
    fs::write(&file, document).expect("response.xml");
    let output = Command::new(tool("xmlsec1"))
        .args(["--decrypt", "--privkey-pem"])
        .arg(portal.file("sp.key"))
        .args([
            "--node-name",
            "http://www.w3.org/2001/04/xmlenc#:EncryptedData",
        ])
        .arg(&file)
        .output()
        .expect("xmlsec1 runs");
    let document = String::from_utf8(output.stdout).expect("UTF-8");
    output.status.success().then_some(document)
}

/// Whether xmlsec1 verifies the signature of what was decrypted.
fn verified_by_xmlsec1(provider: &Provider, document: &str) -> bool {
    let file = provider.file("decrypted.xml");
    fs::write(&file, document).expect("decrypted.xml");
    Command::new(tool("xmlsec1"))
        .args(["--verify", "--id-attr:ID"])
        .arg("urn:oasis:names:tc:SAML:2.0:assertion:Assertion")
        .args([
            "--node-xpath",
            "//*[local-name()='Assertion']/*[local-name()='Signature']",
        ])
        .args(["--enabled-reference-uris", "same-doc", "--pubkey-cert-pem"])
        .arg(provider.file("signing.crt"))
        .arg(&file)
        .output()
        .expect("xmlsec1 runs")
        .status
        .success()
}

/// The methods and the element, by the letter of the specification.
fn decrypted_by_the_letter(portal: &Portal, document: &str) -> (String, String) {
    let file = portal.file("response.xml");
    fs::write(&file, document).expect("response.xml");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/strangers/decrypt.py");
    let mut command = Command::new(python());
    command.arg(script).arg(portal.file("sp.key"));
    command.stdin(Stdio::from(fs::File::open(file).expect("response.xml")));
    let output = String::from_utf8(run(&mut command).stdout).expect("UTF-8");
    let (methods, element) = output.split_once('\n').expect("two lines");
    (methods.to_owned(), element.to_owned())
}

/// By a certificate in the configuration: every way to encrypt, with the Response signed or not.
#[tokio::test]
async fn strangers_read_what_is_encrypted_for_them_and_nobody_else_does() {
    let (portal, other) = (Portal::new(), Portal::new());
    let certificate = portal.file("sp.crt");
    let certificate = certificate.display();
    for (lines, bits) in [
        ("", "256"),
        (
            "encryption_algorithm = \"aes128-gcm\"\nsign_response = true",
            "128",
        ),
    ] {
        let provider = served_by(&format!(
            "assertion_consumer_services = [\"{PORTAL_ACS}\"]\n\
             encryption_certificate = \"{certificate}\"\n{lines}"
        ));
        let answer = sign_in(&provider).await;
        let document = &answer.document;
        assert!(!document.contains(WENDYS_UPN) && !document.contains("<saml:Assertion "));
        assert!(
            document.contains(&format!("Recipient=\"{PORTAL}\"")),
            "{document}"
        );

        let decrypted = decrypted_by_xmlsec1(&portal, document).expect("xmlsec1 decrypts");
        assert!(decrypted.contains(WENDYS_UPN), "{decrypted}");
        assert!(verified_by_xmlsec1(&provider, &decrypted));
        assert!(!verified_by_xmlsec1(
            &provider,
            &decrypted.replace(WENDYS_UPN, "x@y.z")
        ));
        assert_eq!(decrypted_by_xmlsec1(&other, document), None);

        let (methods, assertion) = decrypted_by_the_letter(&portal, document);
        assert!(
            methods.contains("rsa-oaep-mgf1p") && methods.contains("#sha1"),
            "{methods}"
        );
        assert!(methods.ends_with(&format!("aes{bits}-gcm")), "{methods}");
        // Torn out, it is whole: each namespace is declared inside.
        assert!(
            assertion.starts_with("<saml:Assertion xmlns:saml="),
            "{assertion}"
        );
        assert!(verified_by_xmlsec1(&provider, &assertion));
    }
}

/// From a service provider's own metadata, as it makes it, to the assertion that it decrypts.
#[tokio::test]
async fn pysaml2_is_taken_at_its_word() {
    let portal = Portal::new();
    let described = portal.pysaml2(json!({"do": "metadata"}));
    let document = described["document"]
        .as_str()
        .unwrap_or_else(|| panic!("{described}"));
    assert!(document.contains("SignatureValue"), "{document}");
    fs::write(portal.file("sp.xml"), document).expect("sp.xml");
    let (file, certificate) = (portal.file("sp.xml"), portal.file("sp.crt"));
    let provider = served_by(&format!(
        "metadata = {{ file = \"{}\", certificate = \"{}\" }}",
        file.display(),
        certificate.display()
    ));
    let mut browser = provider.browser();
    let metadata = open(&provider, &mut browser, "/metadata").await.text();
    fs::write(portal.file("idp.xml"), metadata).expect("idp.xml");

    let request = portal.pysaml2(json!({"do": "request", "binding": "redirect", "sign": true}));
    let url = request["url"]
        .as_str()
        .unwrap_or_else(|| panic!("{request}"));
    let page = browser.get(&url.parse().expect("a URL"), None).await;
    let page = page.expect("an answer");
    assert!(is_sign_in_page(&page), "{}", provider.log().join("\n"));
    let answer = posted(&type_password(&mut browser, &page, WENDY, PASSWORD).await);
    assert_eq!(answer.action, PORTAL_ACS);
    assert!(!answer.document.contains(WENDYS_UPN), "it is encrypted");
    let order = json!({"do": "response", "id": request["id"], "saml_response": answer.base64});
    let read = portal.pysaml2(order.clone());
    assert_eq!(
        read["attributes"],
        json!({"urn:upn": [WENDYS_UPN]}),
        "{read}"
    );

    // The portal's key is in its metadata, so what anybody else signed is refused.
    let stranger = Portal::new();
    fs::copy(portal.file("idp.xml"), stranger.file("idp.xml")).expect("idp.xml");
    let forged = stranger.pysaml2(json!({"do": "request", "binding": "redirect", "sign": true}));
    let url = forged["url"].as_str().expect("a URL");
    let page = browser.get(&url.parse().expect("a URL"), None).await;
    assert_eq!(page.expect("an answer").status, 400);
    let unread = stranger.pysaml2(order);
    assert!(unread["error"].is_string(), "{unread}");
}

#[tokio::test]
async fn the_strongest_that_the_metadata_names_is_used() {
    let portal = Portal::new();
    let description = Description {
        encryption: Some(portal.signer.certificate()),
        encryption_methods: &[
            "http://www.w3.org/2001/04/xmlenc#aes256-cbc",
            "http://www.w3.org/2009/xmlenc11#aes128-gcm",
            "http://www.w3.org/2009/xmlenc11#aes256-gcm",
            "http://www.w3.org/2001/04/xmlenc#rsa-1_5",
            "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p",
            "http://www.w3.org/2009/xmlenc11#rsa-oaep",
        ],
        ..Description::new(PORTAL, PORTAL_ACS)
    };
    fs::write(portal.file("sp.xml"), description.unsigned()).expect("sp.xml");
    let file = portal.file("sp.xml");
    let provider = served_by(&format!("metadata = {{ file = \"{}\" }}", file.display()));
    let answer = sign_in(&provider).await;
    let (methods, assertion) = decrypted_by_the_letter(&portal, &answer.document);
    assert_eq!(
        methods,
        "http://www.w3.org/2009/xmlenc11#rsa-oaep http://www.w3.org/2001/04/xmlenc#sha256 \
         http://www.w3.org/2009/xmlenc11#aes256-gcm"
    );
    assert!(assertion.contains(WENDYS_UPN));
    assert!(verified_by_xmlsec1(&provider, &assertion));
}

/// Waits until a request that names this address for its answer is taken, or is not any more.
async fn until(provider: &Provider, address: &str, taken: bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    let asked = asked(&format!("AssertionConsumerServiceURL=\"{address}\""));
    loop {
        let page = open(provider, &mut provider.browser(), &asked.to_redirect()).await;
        if is_sign_in_page(&page) == taken {
            return;
        }
        assert!(
            Instant::now() < deadline,
            "{address}\n{}",
            provider.log().join("\n")
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The doctor's finding about the portal's metadata: its verdict and what was found.
fn finding(provider: &Provider) -> (String, String) {
    let output = homerealm()
        .args(["check", "--json", "--config"])
        .arg(provider.config_file())
        .output()
        .expect("homerealm runs");
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let findings = report["findings"].as_array().expect("findings");
    let named = findings
        .iter()
        .find(|finding| finding["name"] == "metadata");
    let text = |key: &str| named.map(|finding| finding[key].as_str().expect("a text").to_owned());
    (
        text("verdict").expect("a finding"),
        text("found").expect("a finding"),
    )
}

// The server answers while the doctor is waited for.
#[tokio::test(flavor = "multi_thread")]
async fn metadata_at_an_address_is_followed_and_outlives_it() {
    const OLD: &str = "https://portal.test/old";
    const NEW: &str = "https://portal.test/new";
    let federation = create_signing_key("federation", 30).expect("a key").signer;
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(
        folder.path().join("federation.crt"),
        federation.certificate().to_pem(),
    )
    .expect("a file");
    let server = MetadataServer::start(Description::new(PORTAL, OLD).signed(&federation)).await;
    fs::write(folder.path().join("ca.crt"), server.ca_pem()).expect("a file");
    let state = folder.path().join("state");
    fs::create_dir(&state).expect("a folder");
    let at = folder.path().display();
    let lines = format!(
        "metadata = {{ url = \"{}\", certificate = \"{at}/federation.crt\", ca = \"{at}/ca.crt\", \
         refresh_seconds = 5 }}",
        server.url()
    );
    let top = format!("state_folder = \"{at}/state\"");
    let provider = served(&lines, &top);
    until(&provider, OLD, true).await;
    let taken = provider.audit("metadata-taken", 1);
    assert_eq!(taken[0]["relying_party"], PORTAL);
    assert_eq!(taken[0]["source"], server.url());

    server.give(&Description::new(PORTAL, NEW).signed(&federation));
    until(&provider, NEW, true).await;
    until(&provider, OLD, false).await;
    let (verdict, found) = finding(&provider);
    assert_eq!(verdict, "ok", "{found}");

    // Somebody has got hold of the server, and not of the federation's key.
    server.give(&Description::new(PORTAL, "https://evil.test/acs").unsigned());
    let refused = provider.audit("metadata-refused", 1);
    let cause = refused[0]["cause"].as_str().expect("a cause");
    assert!(cause.contains("no signature"), "{cause}");
    until(&provider, "https://evil.test/acs", false).await;
    until(&provider, NEW, true).await;
    let (verdict, found) = finding(&provider);
    assert_eq!(verdict, "warn", "{found}");
    assert!(
        found.contains("no signature") && found.contains("counts"),
        "{found}"
    );

    server.away().await;
    assert_eq!(provider.stop(), Some(0));
    let provider = served(&lines, &top);
    until(&provider, NEW, true).await;
    let page = sign_in(&provider).await;
    assert_eq!(page.action, NEW);

    // Without what was kept, it is not there; all else is.
    fs::remove_dir_all(&state).expect("removed");
    fs::create_dir(&state).expect("a folder");
    let provider = served(&lines, &top);
    until(&provider, NEW, false).await;
    let (verdict, found) = finding(&provider);
    assert_eq!(verdict, "fail", "{found}");
    let entra = Asked::new();
    let page = open(&provider, &mut provider.browser(), &entra.to_redirect()).await;
    assert!(is_sign_in_page(&page), "{}", page.text());
}
