//! The published scenarios at Debian's SimpleSAMLphp, by the program alone: they pass where it is
//! configured as `docs/src/simplesamlphp.md` says, and each mistake in its configuration is found, with
//! Entra's code. The same files pass at Homerealm.

#![allow(clippy::expect_used, clippy::indexing_slicing)] // a test may stop

#[path = "simplesamlphp/installation.rs"]
mod installation;
mod provider;
mod simulator;
mod slapd;
mod strangers;

use std::{net::SocketAddr, path::Path, sync::LazyLock};

use homerealm::keys::Certificate;
use installation::{PAGE, SimpleSamlPhp, Slip};
use provider::{Options, Provider};
use serde_json::Value;
use simulator::{ENTRA, said};
use slapd::{FEDERATED_SUFFIX, Numbered, PASSWORD, Slapd};

static SLAPD: LazyLock<Slapd> = LazyLock::new(|| Slapd::start_new(slapd::Options::default()));

const PARTNER: Numbered = Numbered(5);

/// What an identity provider's administrator registers at Entra, and how a browser gets there.
struct Registered {
    issuer: String,
    sign_in: String,
    sign_out: String,
    certificate: String,
    host: &'static str,
    address: SocketAddr,
    ca_pem: String,
}

impl Registered {
    /// As the page has it.
    fn of(idp: &SimpleSamlPhp) -> Self {
        let property = |name: &str| {
            let (_, after) = PAGE
                .split_once(&format!("{name} = \""))
                .expect("the property");
            let (value, _) = after.split_once('"').expect("its end");
            idp.here(value)
        };
        Self {
            issuer: property("issuerUri"),
            sign_in: property("passiveSignInUri"),
            sign_out: property("signOutUri"),
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
            issuer: provider::ISSUER.to_owned(),
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
        if text.contains("\n[browser]\n") {
            text.replace("[browser]\n", &browser)
        } else {
            text.replacen("[[step]]", &format!("{browser}\n[[step]]"), 1)
        }
    }
}

/// Where Entra will be.
fn entra() -> (SocketAddr, String) {
    let (_, address) = simulator::reserve();
    let consumer = format!("https://{ENTRA}:{}/login.srf", address.port());
    (address, consumer)
}

/// Tries the steps of a published file.
fn run(entra: SocketAddr, registered: &Registered, scenario: &str) -> Tried {
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str| folder.path().join(name);
    std::fs::write(file("tenant.toml"), registered.tenant()).expect("tenant.toml");
    std::fs::write(file("scenario.toml"), registered.scenario(scenario)).expect("scenario.toml");
    std::fs::write(file("idp-ca.pem"), &registered.ca_pem).expect("the CA");
    let output = simulator::run_once(entra, |command| {
        command
            .args([Path::new("--tenant"), &file("tenant.toml")])
            .args([Path::new("--scenario"), &file("scenario.toml")])
            .args([Path::new("--json"), &file("report.json")])
            .env("SCENARIO_PASSWORD", PASSWORD);
    });
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

#[test]
fn simplesamlphp_passes_each_published_scenario() {
    let (entra, consumer) = entra();
    let idp = SimpleSamlPhp::start(&SLAPD, &consumer);
    let registered = Registered::of(&idp);
    let tried = run(entra, &registered, "scenario.toml");
    assert_eq!(tried.code, Some(0), "{}{}", tried.said, idp.log());
    let tried = run(entra, &registered, "mistakes.toml");
    assert_eq!(tried.code, Some(0), "{}{}", tried.said, idp.log());
    // Entra finds the wrong clocks out, as the page says.
    let steps = tried.report["steps"].as_array().expect("steps");
    let codes = steps
        .iter()
        .filter_map(|step| step["refusal"]["code"].as_str());
    assert_eq!(
        codes.filter(|code| *code == "AADSTS500089").count(),
        2,
        "{}",
        tried.said
    );
}

#[test]
fn homerealm_passes_the_same() {
    let (entra, consumer) = entra();
    let relying_party = format!(
        r#"[[relying_party]]
entity_id = "urn:federation:MicrosoftOnline"
preset = "entra"
display_name = "Entra"
assertion_consumer_services = ["{consumer}"]
"#
    );
    let options = Options {
        relying_party: Box::leak(relying_party.into_boxed_str()),
        ..Options::default()
    };
    let provider = Provider::start(&SLAPD, options);
    let registered = Registered::of_homerealm(&provider);
    for file in ["scenario.toml", "mistakes.toml"] {
        let tried = run(entra, &registered, file);
        assert_eq!(tried.code, Some(0), "{file}: {}", tried.said);
    }
}

/// The rows of the table of the page whose head begins so.
fn rows(head: &str) -> Vec<Vec<&'static str>> {
    let (_, after) = PAGE.split_once(head).expect("the table");
    let cells = |row: &'static str| {
        row.split(" | ")
            .map(|cell| cell.trim_matches(['|', ' ', '`']))
    };
    let rows = after.lines().skip(2).take_while(|row| row.starts_with('|'));
    rows.map(|row| cells(row).collect()).collect()
}

/// Whether a step's answer was refused with this code, and for this reason.
fn was_refused(step: &Value, code: &str, why: &str) -> bool {
    let detail = step["refusal"]["detail"].as_str();
    step["passed"] == false
        && step["refusal"]["code"] == code
        && detail.is_some_and(|detail| detail.contains(why))
}

#[test]
fn each_mistake_of_the_page_is_found() {
    let (entra, consumer) = entra();
    let idp = SimpleSamlPhp::start(&SLAPD, &consumer);
    let registered = Registered::of(&idp);
    let rows = rows("| in place of | stands there | Entra says | since |");
    assert_eq!(rows.len(), 11);
    for row in rows {
        let [page, written, code, why] = row[..] else {
            panic!("not four columns: {row:?}");
        };
        idp.configure(Some(Slip { page, written }));
        let tried = run(entra, &registered, "scenario.toml");
        assert_eq!(tried.code, Some(1), "{written}: {}", tried.said);
        let steps = &tried.report["steps"];
        for step in 0..3 {
            let refused = was_refused(&steps[step], code, why);
            assert!(refused, "{written}: {}{}", tried.said, idp.log());
        }
        // Nobody was signed in who could sign out; and the password was asked for all the same.
        assert_eq!(steps[3]["passed"], false, "{written}: {}", tried.said);
        assert_eq!(steps[4]["passed"], true, "{written}: {}", tried.said);
    }
}

#[test]
fn what_never_comes_to_entra_is_told_from_it() {
    let (entra, consumer) = entra();
    let idp = SimpleSamlPhp::start(&SLAPD, &consumer);
    let registered = Registered::of(&idp);
    let rows = rows("| in place of | stands there | the way ends at |");
    assert_eq!(rows.len(), 2);
    for row in rows {
        let [page, written, end] = row[..] else {
            panic!("not three columns: {row:?}");
        };
        idp.configure(Some(Slip { page, written }));
        let tried = run(entra, &registered, "scenario.toml");
        assert_eq!(tried.code, Some(1), "{written}: {}", tried.said);
        let step = &tried.report["steps"][0];
        assert_eq!(step["refusal"], Value::Null, "{written}: {}", tried.said);
        let found = step["found"].as_str().expect("what was found");
        assert!(
            end.split(", ").all(|part| found.contains(part)),
            "{written}: {found}"
        );
    }
}

#[test]
fn a_clock_that_is_a_day_off_is_found() {
    for (clock, why) in [("-1d", "is past"), ("+1d", "lies in the future")] {
        let (entra, consumer) = entra();
        let idp = SimpleSamlPhp::start_at(&SLAPD, &consumer, Some(clock));
        let tried = run(entra, &Registered::of(&idp), "scenario.toml");
        for step in 0..3 {
            let refused = was_refused(&tried.report["steps"][step], "AADSTS500089", why);
            assert!(refused, "{clock}: {}{}", tried.said, idp.log());
        }
    }
}

#[test]
fn what_is_wrong_with_one_step_fails_that_step_alone() {
    let (entra, consumer) = entra();
    let idp = SimpleSamlPhp::start(&SLAPD, &consumer);
    let failed = |registered: &Registered| {
        let tried = run(entra, registered, "scenario.toml");
        let steps = tried.report["steps"].as_array().expect("steps").clone();
        let failed = steps.iter().filter(|step| step["passed"] == false);
        failed.map(|step| step["name"].clone()).collect::<Vec<_>>()
    };
    let mut registered = Registered::of(&idp);
    let (without_return, _) = registered.sign_out.split_once('?').expect("ReturnTo");
    registered.sign_out = without_return.to_owned();
    assert_eq!(failed(&registered), ["sign-out"]);

    idp.configure(Some(Slip {
        page: "'NameIDFormat' =>",
        written: "'ForceAuthn' => true, 'NameIDFormat' =>",
    }));
    assert_eq!(failed(&Registered::of(&idp)), ["single-sign-on"]);
}

/// What an administrator would copy out of its metadata is taken from there; no tenant's file is needed.
#[test]
fn its_metadata_is_enough() {
    let (entra, consumer) = entra();
    let idp = SimpleSamlPhp::start(&SLAPD, &consumer);
    let registered = Registered::of(&idp);
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str| folder.path().join(name);
    let scenario = registered.scenario("mistakes.toml");
    std::fs::write(file("scenario.toml"), scenario).expect("scenario.toml");
    std::fs::write(file("idp-ca.pem"), &registered.ca_pem).expect("the CA");
    let (base, _) = registered
        .sign_in
        .rsplit_once('/')
        .expect("the address of a script");
    let output = simulator::run_once(entra, |command| {
        command
            .args([Path::new("--scenario"), &file("scenario.toml")])
            .args(["--idp-metadata", &format!("{base}/metadata.php")])
            .args(["--email", &PARTNER.mail(), "--upn", &PARTNER.upn()])
            .args(["--immutable-id", &PARTNER.guid().immutable_id()])
            .env("SCENARIO_PASSWORD", PASSWORD);
    });
    let said = said(&output);
    assert_eq!(output.status.code(), Some(0), "{said}{}", idp.log());
}
