//! The published scenarios at Debian's SimpleSAMLphp, by the program alone: they pass where it is
//! configured as `docs/src/simplesamlphp.md` says, and each mistake in its configuration is found, with
//! Entra's code. The same files pass at Homerealm.

#![allow(clippy::expect_used, clippy::indexing_slicing)] // a test may stop

#[path = "simplesamlphp/installation.rs"]
mod installation;
mod provider;
mod slapd;
mod strangers;

use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::Path,
    process::Output,
    sync::LazyLock,
};

use homerealm::keys::Certificate;
use installation::{SimpleSamlPhp, Slip};
use provider::{Options, Provider, homerealm};
use serde_json::Value;
use slapd::{FEDERATED_SUFFIX, Numbered, PASSWORD, Slapd};

static SLAPD: LazyLock<Slapd> = LazyLock::new(|| Slapd::start_new(slapd::Options::default()));

const PARTNER: Numbered = Numbered(5);

/// What an identity provider's administrator registers at Entra, and how a browser gets there.
struct Registered {
    issuer: &'static str,
    sign_in: String,
    sign_out: String,
    certificate: String,
    host: &'static str,
    address: SocketAddr,
    ca_pem: String,
}

impl Registered {
    fn of(idp: &SimpleSamlPhp) -> Self {
        let after = idp.url("logout.php");
        Self {
            issuer: installation::ISSUER,
            sign_in: idp.url("saml2/idp/SSOService.php"),
            sign_out: idp.url(&format!(
                "saml2/idp/SingleLogoutService.php?ReturnTo={after}"
            )),
            certificate: idp.certificate().to_owned(),
            host: installation::HOST,
            address: idp.address(),
            ca_pem: idp.ca_pem().to_owned(),
        }
    }

    fn of_homerealm(provider: &Provider) -> Self {
        let certificate = std::fs::read(provider.file("signing.crt")).expect("signing.crt");
        let certificate = Certificate::from_pem(&certificate).expect("a certificate");
        Self {
            issuer: provider::ISSUER,
            sign_in: provider.url("/saml2/sso").to_string(),
            sign_out: provider.url("/signout").to_string(),
            certificate: certificate.base64().to_owned(),
            host: provider::HOST,
            address: provider.address(),
            ca_pem: provider.ca_pem().to_owned(),
        }
    }

    fn tenant(&self) -> String {
        format!(
            r#"[[tenant]]
name = "contoso.onmicrosoft.com"
[[tenant.domain]]
id = "{FEDERATED_SUFFIX}"
[tenant.domain.federationConfiguration]
displayName = "Contoso partners"
issuerUri = "{}"
passiveSignInUri = "{}"
signOutUri = "{}"
preferredAuthenticationProtocol = "saml"
signingCertificate = "{}"
[[tenant.user]]
userPrincipalName = "{}"
onPremisesUserPrincipalName = "{}"
onPremisesImmutableId = "{}"
userType = "Guest"
"#,
            self.issuer,
            self.sign_in,
            self.sign_out,
            self.certificate,
            PARTNER.upn(),
            PARTNER.mail(),
            PARTNER.guid().immutable_id(),
        )
    }

    /// A published file, with our partner and the way to this identity provider put in.
    fn scenario(&self, file: &str) -> String {
        let file = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("config")
            .join(file);
        let text = std::fs::read_to_string(file).expect("the published file");
        let browser = format!(
            "[browser]\nca = \"idp-ca.pem\"\naddresses = {{ \"{}\" = \"{}\" }}\n",
            self.host, self.address
        );
        let text = text.replace("wmoran@fabrikam.com", &PARTNER.mail());
        match text.contains("\n[browser]\n") {
            true => text.replace("[browser]\n", &browser),
            false => text.replacen("[[step]]", &format!("{browser}\n[[step]]"), 1),
        }
    }
}

/// Where Entra will be.
fn entra() -> (SocketAddr, String) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let address = listener.local_addr().expect("its address");
    let consumer = format!("https://entra.localhost:{}/login.srf", address.port());
    (address, consumer)
}

/// Tries the steps of a published file.
fn run(entra: SocketAddr, registered: &Registered, scenario: &str) -> Tried {
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str| folder.path().join(name);
    std::fs::write(file("tenant.toml"), registered.tenant()).expect("tenant.toml");
    std::fs::write(file("scenario.toml"), registered.scenario(scenario)).expect("scenario.toml");
    std::fs::write(file("idp-ca.pem"), &registered.ca_pem).expect("the CA");
    let output = homerealm()
        .args(["simulate", "--listen", &entra.to_string()])
        .args([Path::new("--tenant"), &file("tenant.toml")])
        .args([Path::new("--scenario"), &file("scenario.toml")])
        .args([Path::new("--json"), &file("report.json")])
        .env("SCENARIO_PASSWORD", PASSWORD)
        .output()
        .expect("homerealm runs");
    let report = std::fs::read(file("report.json")).unwrap_or_else(|_| panic!("{}", said(&output)));
    Tried {
        code: output.status.code(),
        said: said(&output),
        report: serde_json::from_slice(&report).expect("JSON"),
    }
}

struct Tried {
    code: Option<i32>,
    said: String,
    report: Value,
}

fn said(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

#[test]
fn simplesamlphp_passes_each_published_scenario() {
    let (entra, consumer) = entra();
    let idp = SimpleSamlPhp::start(&SLAPD, &consumer);
    let registered = Registered::of(&idp);
    for file in ["scenario.toml", "mistakes.toml"] {
        let tried = run(entra, &registered, file);
        assert_eq!(tried.code, Some(0), "{file}: {}{}", tried.said, idp.log());
    }
}
