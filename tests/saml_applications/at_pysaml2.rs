//! Two applications with pysaml2, which read what comes by xmlsec1; and signxml.

use std::{
    fs,
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
};

use homerealm::{http::page_link, keys::Certificate};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;
use crate::provider::Provider;
use crate::strangers::{pysaml2, python, tool};

const APPLICATIONS: &str = r#"
[[tenant.application]]
appId = "00000000-0000-0000-0000-000000000001"
displayName = "Shop"
identifierUris = ["https://shop.test/saml"]
web = { redirectUris = ["https://shop.test/acs"], logoutUrl = "https://shop.test/slo" }
[[tenant.application]]
appId = "00000000-0000-0000-0000-000000000002"
displayName = "Wiki"
identifierUris = ["https://wiki.test/saml"]
web = { redirectUris = ["https://wiki.test/acs"], logoutUrl = "https://wiki.test/slo" }
"#;
const EMAIL: &str = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress";

/// An order to the application of this host.
fn order(host: &str, order: &Value) -> Value {
    let mut all = json!({
        "entity_id": format!("https://{host}/saml"),
        "acs": format!("https://{host}/acs"),
        "slo": format!("https://{host}/slo"),
        "name_id_format": EMAIL,
    });
    let more = order.as_object().expect("an order").clone();
    all.as_object_mut().expect("an order").extend(more);
    all
}

/// xmlsec1's word on the signature of a document's root.
fn xmlsec1(folder: &Path, document: &str, id: &str) -> bool {
    let file = folder.join("signed.xml");
    fs::write(&file, document).expect("a file");
    let mut command = Command::new(tool("xmlsec1"));
    command
        .args(["--verify", "--id-attr:ID", id])
        .args(["--enabled-reference-uris", "same-doc", "--pubkey-cert-pem"])
        .arg(folder.join("idp.crt"))
        .arg(&file);
    command.output().expect("xmlsec1 runs").status.success()
}

/// Whom signxml reads from an assertion, if its signature holds.
fn signxml(folder: &Path, document: &str) -> Option<String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/strangers/signxml_verify.py");
    let mut child = Command::new(python())
        .arg(script)
        .arg(folder.join("idp.crt"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("python starts");
    let mut input = child.stdin.take().expect("its input");
    input.write_all(document.as_bytes()).expect("sent");
    drop(input);
    let output = child.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    output.status.success().then_some(said)
}

/// Has the schema's word on a document.
fn is_by_the_schema(folder: &Path, document: &str) {
    let file = folder.join("document.xml");
    fs::write(&file, document).expect("a file");
    let said = pysaml2(
        folder,
        &order("shop.test", &json!({"do": "schema", "file": file})),
    );
    assert_eq!(said, json!({"valid": true}), "{document}");
}

/// A query, as pysaml2 takes it.
fn message(address: &str) -> Value {
    let (_, query) = address.split_once('?').expect("a query");
    form_urlencoded::parse(query.as_bytes())
        .map(|(name, value)| (name.into_owned(), Value::from(value.into_owned())))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

/// What the metadata says of the tenant, in a folder for pysaml2; and the certificate in it.
async fn configured(provider: &Provider, simulator: &Simulator, browser: &mut Client) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    for name in ["sp.key", "sp.crt"] {
        fs::copy(provider.file(name), at(name)).expect("a copy");
    }
    let app_id = "00000000-0000-0000-0000-000000000001";
    let told = metadata(simulator, browser, app_id).await;
    fs::write(at("idp.xml"), &told).expect("idp.xml");
    let certificate = between(&told, "<IDPSSODescriptor", "</ds:X509Certificate>");
    let (_, certificate) = certificate.rsplit_once('>').expect("a certificate");
    let certificate = Certificate::from_base64(certificate).expect("a certificate");
    fs::write(at("idp.crt"), certificate.to_pem()).expect("idp.crt");
    is_by_the_schema(folder.path(), &told);
    let root = "urn:oasis:names:tc:SAML:2.0:metadata:EntityDescriptor";
    assert!(xmlsec1(folder.path(), &told, root));
    let changed = told.replace("/saml2\"", "/saml3\"");
    assert!(!xmlsec1(folder.path(), &changed, root));
    folder
}

/// What the application of a host reads from the Response to the request of this ID.
fn read(folder: &Path, host: &str, id: &Value, form: &PageForm) -> Value {
    let response = form.field("SAMLResponse");
    let asked = json!({"do": "response", "saml_response": response, "id": id});
    pysaml2(folder, &order(host, &asked))
}

/// The first application asks by HTTP-Redirect, and she proves who she is.
async fn at_the_first(folder: &Path, browser: &mut Client) -> Value {
    let asked = json!({"do": "request", "binding": "redirect"});
    let asked = pysaml2(folder, &order("shop.test", &asked));
    let door = open(browser, asked["url"].as_str().expect("an address")).await;
    let page = prove(browser, &door).await;
    let (document, form) = posted(&page);
    assert_eq!(form.action, "https://shop.test/acs");
    assert_eq!(form.field("RelayState"), Some("state-of-the-sp"));
    is_by_the_schema(folder, &document);
    assert_eq!(signxml(folder, &document), Some(PARTNER.upn()));
    let forged = document.replace(&PARTNER.upn(), "somebody@partners.contoso.com");
    assert_eq!(signxml(folder, &forged), None);
    let not_hers = read(folder, "wiki.test", &asked["id"], &form);
    assert!(not_hers["error"].is_string(), "{not_hers}");
    let first = read(folder, "shop.test", &asked["id"], &form);
    assert_eq!(first["issuer"], entity_id(), "{first}");
    assert_eq!(first["name_id"], PARTNER.upn());
    assert_eq!(first["name_id_format"], EMAIL);
    let method = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport";
    assert_eq!(first["authn"], method);
    // pysaml2 has names of its own for these claims.
    for (name, value) in [
        ("emailAddress", PARTNER.mail()),
        ("name", PARTNER.upn()),
        ("givenName", "Partner".to_owned()),
        ("surname", "Three".to_owned()),
    ] {
        assert_eq!(first["attributes"][name], json!([value]), "{first}");
    }
    first
}

/// The second asks by HTTP-POST, and nobody is asked anything.
async fn at_the_second(folder: &Path, browser: &mut Client) -> Value {
    let asked = json!({"do": "request", "binding": "post"});
    let asked = pysaml2(folder, &order("wiki.test", &asked));
    let fields = asked["fields"].as_object().expect("fields");
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let fields: Vec<_> = fields
        .iter()
        .map(|(name, value)| (name.clone(), text(value)))
        .collect();
    let to: Uri = text(&asked["action"]).parse().expect("a URL");
    let page = browser.post_form(&to, &fields, None).await;
    let (_, form) = posted(&page.expect("a page"));
    let second = read(folder, "wiki.test", &asked["id"], &form);
    assert_eq!(second["name_id"], PARTNER.upn(), "{second}");
    second
}

/// An order about a session, as an application knows it.
fn about(known: &Value, host: &str, more: &Value) -> Value {
    let mut all = json!({
        "name_id": known["name_id"],
        "name_id_format": known["name_id_format"],
        "session_index": known["session_index"],
        "binding": "redirect",
    });
    let more = more.as_object().expect("an order").clone();
    all.as_object_mut().expect("an order").extend(more);
    order(host, &all)
}

#[tokio::test]
async fn two_applications_share_a_session_until_one_ends_it() {
    let (provider, simulator, mut browser) = federated::start(&SLAPD, APPLICATIONS, &[]);
    let folder = configured(&provider, &simulator, &mut browser).await;
    let folder = folder.path();
    let first = at_the_first(folder, &mut browser).await;
    let second = at_the_second(folder, &mut browser).await;

    // The first ends it: the second is told, and the first hears so.
    let asked = pysaml2(
        folder,
        &about(&first, "shop.test", &json!({"do": "logout"})),
    );
    let address = asked["url"].as_str().unwrap_or_else(|| panic!("{asked}"));
    let page = open(&mut browser, address).await;
    let text = page.text();
    let frame = between(&text, "<iframe src=\"", "\"").replace("&#38;", "&");
    assert!(
        frame.starts_with("https://wiki.test/slo?SAMLRequest="),
        "{text}"
    );
    let told = json!({"do": "be_told", "message": message(&frame)});
    let told = pysaml2(folder, &about(&second, "wiki.test", &told));
    assert_eq!(told["was_logged_in"], true, "{told}");
    assert_eq!(told["session_index"], json!([second["session_index"]]));
    let confirmed = open(&mut browser, told["url"].as_str().expect("an address")).await;
    assert_eq!(confirmed.status, 200);
    let back = page_link(&text, "to-app").expect("a link");
    assert!(
        back.starts_with("https://shop.test/slo?SAMLResponse="),
        "{back}"
    );
    let heard = json!({"do": "logout_answer", "binding": "redirect", "message": message(&back)});
    let heard = pysaml2(folder, &order("shop.test", &heard));
    assert_eq!(heard["in_response_to"], asked["id"], "{heard}");
    let success = "urn:oasis:names:tc:SAML:2.0:status:Success";
    assert_eq!(heard["status"], json!([success]));
    assert_eq!(heard["relay_state"], "state of the sp");

    // From here on she is asked again.
    let asked = json!({"do": "request", "binding": "redirect"});
    let asked = pysaml2(folder, &order("wiki.test", &asked));
    let page = open(&mut browser, asked["url"].as_str().expect("an address")).await;
    assert!(asks_who(&page), "{}", page.text());
}
