//! `homerealm simulate` as a process, in front of `homerealm serve`: each knows the other by files.
#![allow(clippy::expect_used, clippy::indexing_slicing)] // a test may stop
#![allow(dead_code)] // each test binary uses its own part of this

use std::{
    io::{BufRead, BufReader},
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::Path,
    process::{Child, Command, Stdio},
};

use homerealm::http::{client::Client, tls::client_config};
use hyper::Uri;

use crate::{
    provider::{HOST, ISSUER, Options, Provider, homerealm},
    slapd::{FEDERATED_SUFFIX, Numbered, Slapd},
    strangers::{run, tool},
};

const ENTRA: &str = "entra.localhost";
/// The tenant whose applications people sign in to.
pub(crate) const TENANT: &str = "contoso.onmicrosoft.com";
/// Its one user.
pub(crate) const PARTNER: Numbered = Numbered(3);

/// A simulator as a process; it ends with this.
pub(crate) struct Simulator {
    child: Child,
    address: SocketAddr,
    /// The PEM of what signs its certificate.
    pub(crate) ca: String,
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

    /// One of its addresses.
    pub(crate) fn url(&self, path: &str) -> Uri {
        let port = self.address.port();
        format!("https://{ENTRA}:{port}{path}")
            .parse()
            .expect("a URL")
    }

    /// A call to Graph, by a stranger's client.
    pub(crate) fn graph(
        &self,
        method: &str,
        path: &str,
        body: &serde_json::Value,
        folder: &Path,
    ) -> String {
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
///
/// `applications` are tables of the first tenant.
pub(crate) fn start(
    slapd: &Slapd,
    applications: &str,
    more: &[&str],
) -> (Provider, Simulator, Client) {
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
    let provider = Provider::start(slapd, options);
    let certificate = std::fs::read(provider.file("signing.crt")).expect("signing.crt");
    let certificate = homerealm::keys::Certificate::from_pem(&certificate).expect("a certificate");
    let tenant = format!(
        r#"[[tenant]]
name = "{TENANT}"
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
displayName = "Partner Three"
givenName = "Partner"
surname = "Three"
{applications}
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
    let browser = browser(&provider, &simulator, &[]);
    (provider, simulator, browser)
}

/// A browser that reaches both, and trusts these roots besides.
pub(crate) fn browser(provider: &Provider, simulator: &Simulator, roots: &[&str]) -> Client {
    let both = [provider.ca_pem(), simulator.ca.as_str()];
    let roots: Vec<&[u8]> = both.iter().chain(roots).map(|pem| pem.as_bytes()).collect();
    Client::new(client_config(&roots).expect("TLS settings"))
        .with_address(HOST, provider.address())
        .with_address(ENTRA, simulator.address)
}
