//! An application with node-saml, configured as for Entra.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use serde_json::{Value, json};

use super::*;
use crate::strangers::{node_environment, tool};

const APP_ID: &str = "00000000-0000-0000-0000-000000000001";
const APPLICATION: &str = r#"
[[tenant.application]]
appId = "00000000-0000-0000-0000-000000000001"
displayName = "Shop"
identifierUris = ["https://shop.test/saml"]
web = { redirectUris = ["https://shop.test/acs"] }
"#;

/// node-saml as a process; it ends with this.
struct NodeSaml {
    child: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl NodeSaml {
    fn start(options: &Value) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/strangers/node_saml_sp.js");
        let mut child = Command::new(tool("node"))
            .arg(script)
            .arg(node_environment())
            .arg(options.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("node starts");
        Self {
            orders: child.stdin.take().expect("its input"),
            answers: BufReader::new(child.stdout.take().expect("its output")),
            child,
        }
    }

    fn does(&mut self, order: &Value) -> Value {
        writeln!(self.orders, "{order}").expect("node takes orders");
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("an answer");
        serde_json::from_str(&line).unwrap_or_else(|_| panic!("node is gone: {line}"))
    }
}

impl Drop for NodeSaml {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn an_application_with_node_saml_reads_entras_claims() {
    let (_provider, simulator, mut browser) = federated::start(&SLAPD, APPLICATION, &[]);
    let metadata = metadata(&simulator, &mut browser, APP_ID).await;
    let role = between(&metadata, "<IDPSSODescriptor", "</ds:X509Certificate>");
    let (_, certificate) = role.rsplit_once('>').expect("a certificate");
    let entry = between(&metadata, "Location=\"", "\"");
    let options = json!({
        "entryPoint": entry,
        "issuer": "https://shop.test/saml",
        "callbackUrl": "https://shop.test/acs",
        "idpCert": certificate,
        "idpIssuer": entity_id(),
        "audience": "https://shop.test/saml",
        "validateInResponseTo": "always",
        // Entra signs assertions, and no more unless it is told so.
        "wantAuthnResponseSigned": false,
    });
    let mut client = NodeSaml::start(&options);
    let asked = client.does(&json!({"do": "redirect"}));
    let door = open(&mut browser, asked["url"].as_str().expect("an address")).await;
    let page = prove(&mut browser, &door).await;
    let (_, form) = posted(&page);
    assert_eq!(form.field("RelayState"), Some("state-of-the-sp"));
    let response = form.field("SAMLResponse");
    let order = json!({"do": "response", "SAMLResponse": response});
    let read = client.does(&order);
    let profile = &read["profile"];
    assert_eq!(profile["nameID"], PARTNER.upn(), "{read}");
    let claims = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims";
    assert_eq!(profile[format!("{claims}/emailaddress")], PARTNER.mail());
    let identity = "http://schemas.microsoft.com/identity/claims";
    assert_eq!(profile[format!("{identity}/identityprovider")], entity_id());
    assert_eq!(profile[format!("{identity}/displayname")], "Partner Three");
    // Each answer is good once.
    assert!(client.does(&order)["error"].is_string());

    // With other names than those that are registered it gets nowhere.
    for (option, value, code) in [
        ("issuer", "https://shop.test/", "AADSTS700016"),
        ("callbackUrl", "https://shop.test/acs/", "AADSTS50011"),
        ("racComparison", "minimum", "AADSTS900235"),
    ] {
        let mut options = options.clone();
        options[option] = json!(value);
        let asked = NodeSaml::start(&options).does(&json!({"do": "redirect"}));
        let page = open(&mut browser, asked["url"].as_str().expect("an address")).await;
        assert!(page.text().contains(code), "{option}: {}", page.text());
    }
}
