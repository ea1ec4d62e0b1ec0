//! The simulated Entra as a process, in front of an identity provider that it knows from its tenant's
//! file alone: Homerealm as another process, with a real slapd behind it.

#![allow(clippy::expect_used, clippy::indexing_slicing)] // a test may stop

mod provider;
mod slapd;
mod strangers;

use std::{
    io::{BufRead, BufReader},
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::Path,
    process::{Child, Command, Stdio},
    sync::LazyLock,
};

use homerealm::http::{
    PageForm,
    client::{Client, Reply},
    page_link,
    tls::client_config,
};
use hyper::Uri;
use provider::{HOST, ISSUER, Options, Provider, homerealm, type_password};
use serde_json::json;
use slapd::{FEDERATED_SUFFIX, Numbered, PASSWORD, Slapd};
use strangers::{run, tool};

static SLAPD: LazyLock<Slapd> = LazyLock::new(|| Slapd::start_new(slapd::Options::default()));

const ENTRA: &str = "entra.localhost";
const PARTNER: Numbered = Numbered(3);

/// A simulator as a process; it ends with this.
struct Simulator {
    child: Child,
    address: SocketAddr,
    ca: String,
}

impl Drop for Simulator {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Simulator {
    fn start(tenant: &Path, address: SocketAddr, more: &[&str]) -> Self {
        // The CA is written to the temporary folder, and each simulator has its own.
        let folder = tenant.parent().expect("a folder");
        let mut child = homerealm()
            .args(["simulate", "--tenant"])
            .arg(tenant)
            .args(["--listen", &address.to_string()])
            .args(more)
            .env("TMPDIR", folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("homerealm starts");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("its address");
        BufReader::new(stdout).read_line(&mut line).expect("a line");
        assert_eq!(line.trim(), format!("https://{ENTRA}:{}/", address.port()));
        let ca = folder.join("homerealm-simulate-ca.pem");
        let ca = std::fs::read_to_string(ca).expect("the CA");
        Self { child, address, ca }
    }

    fn url(&self, path: &str) -> Uri {
        let port = self.address.port();
        format!("https://{ENTRA}:{port}{path}")
            .parse()
            .expect("a URL")
    }

    /// A call to Graph, by a stranger's client.
    fn graph(&self, method: &str, path: &str, body: &serde_json::Value, folder: &Path) -> String {
        let ca = folder.join("homerealm-simulate-ca.pem");
        let url = format!("https://127.0.0.1:{}/v1.0/{path}", self.address.port());
        let program = "import ssl, sys, urllib.request as r\n\
            ca, method, url, body = sys.argv[1:]\n\
            tls = ssl.create_default_context(cafile=ca)\n\
            data = body.encode() if method != 'GET' else None\n\
            call = r.Request(url, data, {'Content-Type': 'application/json'}, method=method)\n\
            print(r.urlopen(call, context=tls).read().decode())";
        let mut command = Command::new(tool("python3"));
        command
            .args(["-c", program])
            .arg(ca)
            .args([method, &url, &body.to_string()]);
        String::from_utf8(run(&mut command).stdout).expect("UTF-8")
    }
}

/// Both, each told of the other by file, and a browser that reaches both.
fn start(more: &[&str]) -> (Provider, Simulator, Client) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let address = listener.local_addr().expect("its address");
    let entra = format!(
        r#"[[relying_party]]
entity_id = "urn:federation:MicrosoftOnline"
preset = "entra"
display_name = "Entra"
assertion_consumer_services = ["https://{ENTRA}:{}/login.srf"]
protocols = ["saml2", "ws-federation"]
"#,
        address.port()
    );
    let options = Options {
        relying_party: Box::leak(entra.into_boxed_str()),
        ..Options::default()
    };
    let provider = Provider::start(&SLAPD, options);
    let certificate = std::fs::read(provider.file("signing.crt")).expect("signing.crt");
    let certificate = homerealm::keys::Certificate::from_pem(&certificate).expect("a certificate");
    let tenant = format!(
        r#"[[tenant]]
name = "contoso.onmicrosoft.com"
[[tenant.domain]]
id = "{FEDERATED_SUFFIX}"
[tenant.domain.federationConfiguration]
displayName = "Homerealm"
issuerUri = "{ISSUER}"
passiveSignInUri = "{}"
preferredAuthenticationProtocol = "saml"
signingCertificate = "{}"
[[tenant.user]]
userPrincipalName = "{}"
onPremisesUserPrincipalName = "{}"
onPremisesImmutableId = "{}"
userType = "Guest"
[[tenant]]
name = "adatum.onmicrosoft.com"
"#,
        provider.url("/saml2/sso"),
        certificate.base64(),
        PARTNER.upn(),
        PARTNER.mail(),
        PARTNER.guid().immutable_id(),
    );
    let file = provider.file("tenant.toml");
    std::fs::write(&file, tenant).expect("tenant.toml");
    drop(listener);
    let simulator = Simulator::start(&file, address, more);
    let roots = [provider.ca_pem().as_bytes(), simulator.ca.as_bytes()];
    let browser = Client::new(client_config(&roots).expect("TLS settings"))
        .with_address(HOST, provider.address())
        .with_address(ENTRA, simulator.address);
    (provider, simulator, browser)
}

async fn type_at_entra(simulator: &Simulator, browser: &mut Client, name: &str) -> Reply {
    let door = simulator.url("/contoso.onmicrosoft.com/");
    let door = browser.get(&door, None).await.expect("a page");
    let form = PageForm::find(&door.text(), None).expect("a form");
    let to = door.resolve(&form.action).expect("a URL");
    let name = [("login_hint".to_owned(), name.to_owned())];
    browser
        .post_form(&to, &name, Some(&door))
        .await
        .expect("a page")
}

/// Sends the form of a page on.
async fn submit(browser: &mut Client, page: &Reply, id: &str) -> Reply {
    let text = page.text();
    let form = PageForm::find(&text, Some(id)).unwrap_or_else(|_| panic!("{text}"));
    let to = page.resolve(&form.action).expect("a URL");
    browser
        .post_form(&to, &form.fields, Some(page))
        .await
        .expect("a page")
}

fn shows(page: &Reply, text: &str) {
    assert!(page.text().contains(text), "{text}: {}", page.text());
}

#[tokio::test]
async fn a_file_is_all_that_the_simulator_knows_of_the_provider() {
    let (provider, simulator, mut browser) = start(&[]);
    let hop = type_at_entra(&simulator, &mut browser, &PARTNER.mail()).await;
    let asked = submit(&mut browser, &hop, "to-idp").await;
    let answer = type_password(&mut browser, &asked, &PARTNER.mail(), PASSWORD).await;
    let done = submit(&mut browser, &answer, "post").await;
    shows(&done, &PARTNER.upn());
    shows(&done, "<dd id=\"protocol\">SAML 2.0</dd>");

    // An administrator turns to WS-Federation; the session answers.
    let folder = provider.folder.path();
    let all = format!("domains/{FEDERATED_SUFFIX}/federationConfiguration");
    let told = simulator.graph("GET", &all, &json!(null), folder);
    let told: serde_json::Value = serde_json::from_str(&told).expect("JSON");
    let federation = format!("{all}/{}", told["value"][0]["id"].as_str().expect("an id"));
    let change = json!({
        "preferredAuthenticationProtocol": "wsFed",
        "passiveSignInUri": provider.url("/adfs/ls/").to_string(),
    });
    simulator.graph("PATCH", &federation, &change, folder);
    let hop = type_at_entra(&simulator, &mut browser, &PARTNER.mail()).await;
    let to = page_link(&hop.text(), "to-idp").expect("a link");
    let to: Uri = to.parse().expect("a URL");
    let answer = browser.get(&to, Some(&hop)).await.expect("a page");
    let done = submit(&mut browser, &answer, "post").await;
    shows(&done, "<dd id=\"protocol\">WS-Federation</dd>");

    // And mistypes the issuer.
    let slash = json!({"issuerUri": format!("{ISSUER}/")});
    simulator.graph("PATCH", &federation, &slash, folder);
    let hop = type_at_entra(&simulator, &mut browser, &PARTNER.mail()).await;
    let to = page_link(&hop.text(), "to-idp").expect("a link");
    let to: Uri = to.parse().expect("a URL");
    let answer = browser.get(&to, Some(&hop)).await.expect("a page");
    let refused = submit(&mut browser, &answer, "post").await;
    shows(&refused, "AADSTS50107");
    shows(&refused, "the slash at the end");
}

#[tokio::test]
async fn a_switch_keeps_foreign_emails_from_being_resolved() {
    let (_provider, simulator, mut browser) = start(&["--no-email-resolution"]);
    let refused = type_at_entra(&simulator, &mut browser, &PARTNER.mail()).await;
    shows(&refused, "AADSTS50034");
    let by_upn = type_at_entra(&simulator, &mut browser, &PARTNER.upn()).await;
    assert!(PageForm::find(&by_upn.text(), Some("to-idp")).is_ok());
}

#[test]
fn a_wrong_file_is_refused_with_its_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("tenant.toml");
    let wrong = "[[tenant]]\nname = \"contoso.onmicrosoft.com\"\ndisplyName = \"Contoso\"\n";
    std::fs::write(&file, wrong).expect("written");
    let refused = |file: &Path| {
        let output = homerealm()
            .args(["simulate", "--tenant"])
            .arg(file)
            .output();
        let output = output.expect("homerealm runs");
        assert_eq!(output.status.code(), Some(2));
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let said = refused(&file);
    assert!(said.contains("tenant.toml:3: "), "{said}");
    assert!(said.contains("did you mean `displayName`?"), "{said}");
    assert!(refused(Path::new("no-such-file.toml")).contains("no-such-file.toml"));
}
