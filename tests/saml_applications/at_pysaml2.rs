//! Two applications with pysaml2, which read what comes by xmlsec1; and signxml.

use std::{
    fs,
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
};

use homerealm::http::page_link;
use serde_json::{Value, json};

use super::*;
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
fn order(host: &str, order: Value) -> Value {
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
        &order("shop.test", json!({"do": "schema", "file": file})),
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

#[tokio::test]
async fn two_applications_share_a_session_until_one_ends_it() {
    let (provider, simulator, mut browser) = simulator::start(&SLAPD, APPLICATIONS, &[]);
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    for name in ["sp.key", "sp.crt"] {
        fs::copy(provider.file(name), folder.join(name)).expect("a copy");
    }
    let app_id = "00000000-0000-0000-0000-000000000001";
    let told = metadata(&simulator, &mut browser, app_id).await;
    fs::write(folder.join("idp.xml"), &told).expect("idp.xml");
    let certificate = between(&told, "<IDPSSODescriptor", "</ds:X509Certificate>");
    let (_, certificate) = certificate.rsplit_once('>').expect("a certificate");
    let armoured =
        |lines: &str| format!("-----BEGIN CERTIFICATE-----\n{lines}\n-----END CERTIFICATE-----\n");
    let lines: Vec<_> = certificate
        .as_bytes()
        .chunks(64)
        .map(String::from_utf8_lossy)
        .collect();
    fs::write(folder.join("idp.crt"), armoured(&lines.join("\n"))).expect("idp.crt");
    is_by_the_schema(folder, &told);
    let root = "urn:oasis:names:tc:SAML:2.0:metadata:EntityDescriptor";
    assert!(xmlsec1(folder, &told, root));
    assert!(!xmlsec1(
        folder,
        &told.replace("/saml2\"", "/saml3\""),
        root
    ));

    // The first asks by HTTP-Redirect, and she proves who she is.
    let asked = pysaml2(
        folder,
        &order("shop.test", json!({"do": "request", "binding": "redirect"})),
    );
    let door = open(&mut browser, asked["url"].as_str().expect("an address")).await;
    let page = prove(&mut browser, &door).await;
    let (document, form) = posted(&page);
    assert_eq!(form.action, "https://shop.test/acs");
    assert_eq!(form.field("RelayState"), Some("state-of-the-sp"));
    is_by_the_schema(folder, &document);
    assert_eq!(signxml(folder, &document), Some(PARTNER.upn()));
    let forged = document.replace(&PARTNER.upn(), "somebody@partners.contoso.com");
    assert_eq!(signxml(folder, &forged), None);
    let read = |host: &str, id: &Value, form: &PageForm| {
        let response = form.field("SAMLResponse");
        let asked = json!({"do": "response", "saml_response": response, "id": id});
        pysaml2(folder, &order(host, asked))
    };
    let first = read("shop.test", &asked["id"], &form);
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
        let claim = &first["attributes"][name];
        assert_eq!(*claim, json!([value]), "{first}");
    }
    let not_hers = read("wiki.test", &asked["id"], &form);
    assert!(not_hers["error"].is_string(), "{not_hers}");

    // The second asks by HTTP-POST, and nobody is asked anything.
    let asked = pysaml2(
        folder,
        &order("wiki.test", json!({"do": "request", "binding": "post"})),
    );
    let fields = asked["fields"].as_object().expect("fields");
    let fields: Vec<_> = fields
        .iter()
        .map(|(name, value)| (name.clone(), value.as_str().expect("a text").to_owned()))
        .collect();
    let to: Uri = asked["action"]
        .as_str()
        .expect("a URL")
        .parse()
        .expect("a URL");
    let page = browser.post_form(&to, &fields, None).await.expect("a page");
    let (_, form) = posted(&page);
    let second = read("wiki.test", &asked["id"], &form);
    assert_eq!(second["name_id"], PARTNER.upn(), "{second}");

    // The first ends it: the second is told, and the first hears so.
    let known = |it: &Value| {
        json!({
            "name_id": it["name_id"],
            "name_id_format": it["name_id_format"],
            "session_index": it["session_index"],
            "binding": "redirect",
        })
    };
    let with = |mut known: Value, more: Value| {
        let more = more.as_object().expect("an order").clone();
        known.as_object_mut().expect("an order").extend(more);
        known
    };
    let ends = with(known(&first), json!({"do": "logout"}));
    let asked = pysaml2(folder, &order("shop.test", ends));
    let address = asked["url"].as_str().unwrap_or_else(|| panic!("{asked}"));
    let page = open(&mut browser, address).await;
    let text = page.text();
    let frame = between(&text, "<iframe src=\"", "\"").replace("&#38;", "&");
    assert!(
        frame.starts_with("https://wiki.test/slo?SAMLRequest="),
        "{text}"
    );
    let told = with(
        known(&second),
        json!({"do": "be_told", "message": message(&frame)}),
    );
    let told = pysaml2(folder, &order("wiki.test", told));
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
    let heard = pysaml2(folder, &order("shop.test", heard));
    assert_eq!(heard["in_response_to"], asked["id"], "{heard}");
    let success = "urn:oasis:names:tc:SAML:2.0:status:Success";
    assert_eq!(heard["status"], json!([success]));
    assert_eq!(heard["relay_state"], "state of the sp");

    // From here on she is asked again.
    let asked = pysaml2(
        folder,
        &order("wiki.test", json!({"do": "request", "binding": "redirect"})),
    );
    let page = open(&mut browser, asked["url"].as_str().expect("an address")).await;
    assert!(asks_who(&page), "{}", page.text());
}
