//! Homerealm and the simulated Entra as processes: each knows the other by files.
#![allow(clippy::expect_used)] // a test may stop
#![allow(dead_code)] // each test binary uses its own part of this

use std::{path::Path, process::Command};

use homerealm::http::{client::Client, tls::client_config};

use crate::{
    provider::{HOST, ISSUER, Options, Provider},
    simulator::{self, ENTRA, Simulator},
    slapd::{FEDERATED_SUFFIX, Numbered, Slapd},
    strangers::{run, tool},
};

/// The tenant whose applications people sign in to.
pub(crate) const TENANT: &str = "contoso.onmicrosoft.com";
/// Its one user.
pub(crate) const PARTNER: Numbered = Numbered(3);

/// Both, each told of the other by file, and a browser that reaches both.
///
/// `applications` are tables of the first tenant.
pub(crate) fn start(
    slapd: &Slapd,
    applications: &str,
    more: &[&str],
) -> (Provider, Simulator, Client) {
    let (listener, address) = simulator::reserve();
    let entra = "display_name = \"Entra\"\nprotocols = [\"saml2\", \"ws-federation\"]";
    let options = Options {
        relying_party: simulator::relying_party(address, entra),
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
    let simulator = Simulator::start(address, provider.folder.path(), ("--tenant", &file), more);
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

/// A call to Graph, by a stranger's client.
pub(crate) fn graph(
    simulator: &Simulator,
    method: &str,
    path: &str,
    body: &serde_json::Value,
    folder: &Path,
) -> String {
    let ca = folder.join("homerealm-simulate-ca.pem");
    let url = format!("https://127.0.0.1:{}/v1.0/{path}", simulator.address.port());
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
