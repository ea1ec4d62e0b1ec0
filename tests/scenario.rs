//! Scenarios as anyone's CI would run them: the simulated Entra as a process, in front of Homerealm as
//! another process, with a real slapd behind it; and what it says and exits with when something is wrong.

#![allow(clippy::expect_used, clippy::indexing_slicing)] // a test may stop

mod provider;
mod simulator;
mod slapd;
mod strangers;

use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Output, Stdio},
    sync::LazyLock,
    thread::sleep,
    time::Duration,
};

use provider::{HOST, ISSUER, Options, Provider, homerealm};
use serde_json::Value;
use simulator::said;
use slapd::{FEDERATED_SUFFIX, Numbered, PASSWORD, Slapd};
use strangers::{python, run};

static SLAPD: LazyLock<Slapd> = LazyLock::new(|| Slapd::start_new(slapd::Options::default()));

const PARTNER: Numbered = Numbered(4);

/// An identity provider, and a tenant whose federation is with it.
struct Both {
    provider: Provider,
    /// Where the identity provider's host leads to.
    idp: SocketAddr,
    entra: SocketAddr,
}

impl Both {
    /// The federation is registered with this issuer.
    fn start(issuer: &str) -> Self {
        let (_, entra) = simulator::reserve();
        let more = r#"display_name = "Entra"
protocols = ["saml2", "ws-federation", "ws-trust"]
ws_trust_addresses = ["urn:federation:MicrosoftOnline"]"#;
        let provider = Provider::start(
            &SLAPD,
            Options {
                relying_party: simulator::relying_party(entra, more),
                tables: "[ws_trust]\nenabled = true",
                ..Options::default()
            },
        );
        let both = Self {
            idp: provider.address(),
            provider,
            entra,
        };
        both.write_tenant(issuer, "saml", "/saml2/sso");
        std::fs::write(both.provider.file("idp-ca.pem"), both.provider.ca_pem()).expect("its CA");
        both
    }

    fn write_tenant(&self, issuer: &str, protocol: &str, path: &str) {
        let certificate = std::fs::read(self.provider.file("signing.crt")).expect("signing.crt");
        let certificate = homerealm::keys::Certificate::from_pem(&certificate);
        let tenant = format!(
            r#"[[tenant]]
name = "contoso.onmicrosoft.com"
[[tenant.domain]]
id = "{FEDERATED_SUFFIX}"
[tenant.domain.federationConfiguration]
displayName = "Homerealm"
issuerUri = "{issuer}"
passiveSignInUri = "{}"
signOutUri = "{}"
metadataExchangeUri = "{}"
preferredAuthenticationProtocol = "{protocol}"
signingCertificate = "{}"
[[tenant.user]]
userPrincipalName = "{}"
onPremisesUserPrincipalName = "{}"
onPremisesImmutableId = "{}"
userType = "Guest"
"#,
            self.provider.url(path),
            self.provider.url("/signout"),
            self.provider.url("/adfs/services/trust/mex"),
            certificate.expect("a certificate").base64(),
            PARTNER.upn(),
            PARTNER.mail(),
            PARTNER.guid().immutable_id(),
        );
        std::fs::write(self.provider.file("tenant.toml"), tenant).expect("tenant.toml");
    }

    /// Takes these steps.
    fn run(&self, password: &str, steps: &str) -> Output {
        self.run_knowing(&["--tenant", "tenant.toml"], password, steps)
    }

    /// The same, with other flags that say what Entra knows.
    fn run_knowing(&self, flags: &[&str], password: &str, steps: &str) -> Output {
        let scenario = format!(
            r#"name = "Partners"
[user]
name = "{}"
password = {{ env = "SCENARIO_PASSWORD" }}
[browser]
ca = "idp-ca.pem"
addresses = {{ "{HOST}" = "{}" }}
{steps}"#,
            PARTNER.mail(),
            self.idp,
        );
        let file = |name: &str| self.provider.file(name);
        std::fs::write(file("scenario.toml"), scenario).expect("scenario.toml");
        simulator::run_once(self.entra, |command| {
            command
                .current_dir(self.provider.folder.path())
                .args(["--scenario", "scenario.toml"])
                .args(["--json", "report.json", "--junit", "report.xml"])
                .args(flags)
                .env("SCENARIO_PASSWORD", password);
        })
    }

    fn json(&self) -> Value {
        let report = std::fs::read(self.provider.file("report.json")).expect("report.json");
        serde_json::from_slice(&report).expect("JSON")
    }

    fn junit(&self) -> String {
        std::fs::read_to_string(self.provider.file("report.xml")).expect("report.xml")
    }
}

/// Each of these steps once.
fn steps(actions: &[&str]) -> String {
    let step = |action: &&str| format!("[[step]]\ndo = \"{action}\"\n");
    actions.iter().map(step).collect()
}

const ALL: [&str; 5] = [
    "sign-in",
    "single-sign-on",
    "force-authn",
    "sign-out",
    "wrong-password",
];

#[test]
fn homerealm_passes_each_step_by_either_protocol() {
    let both = Both::start(ISSUER);
    for (protocol, path) in [("saml", "/saml2/sso"), ("wsFed", "/adfs/ls/")] {
        both.write_tenant(ISSUER, protocol, path);
        let output = both.run(PASSWORD, &steps(&ALL));
        assert_eq!(
            output.status.code(),
            Some(0),
            "{protocol}: {}",
            said(&output)
        );
        assert!(said(&output).contains("5 of 5 steps passed"));
        let report = both.json();
        assert_eq!(report["passed"], true);
        let checks = report["steps"][1]["checks"].as_array().expect("checks");
        assert!(checks.len() > 5, "{report}");
        assert_eq!(
            report["steps"][4]["checks"].as_array().map(Vec::len),
            Some(0)
        );
        assert!(both.junit().contains("tests=\"5\" failures=\"0\""));
        let everything = format!("{report}{}{}", both.junit(), said(&output));
        assert!(!everything.contains(PASSWORD), "the password is told");
    }
}

#[test]
fn a_refusal_fails_the_run_and_says_why() {
    let both = Both::start(&format!("{ISSUER}/"));
    let output = both.run(PASSWORD, &steps(&["sign-in", "single-sign-on"]));
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    let text = said(&output);
    assert!(
        text.contains("FAILED sign-in: refused: AADSTS50107"),
        "{text}"
    );
    assert!(text.contains("the slash at the end"), "{text}");
    let report = both.json();
    assert_eq!(report["passed"], false);
    assert_eq!(report["steps"][0]["refusal"]["code"], "AADSTS50107");
    assert!(both.junit().contains("failures=\"2\""));

    // What was expected is no failure; another refusal than that is.
    let expecting = |code: &str| {
        let steps = format!("{}expect = \"{code}\"\n", steps(&["sign-in"]));
        both.run(PASSWORD, &steps).status.code()
    };
    assert_eq!(expecting("AADSTS50107"), Some(0));
    assert_eq!(expecting("AADSTS51004"), Some(1));
}

#[test]
fn what_has_to_fail_fails() {
    let both = Both::start(ISSUER);
    // Nobody has a session yet; and this is not the password.
    let output = both.run(
        "not the password",
        &steps(&["single-sign-on", "sign-in", "sign-out"]),
    );
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    let report = both.json();
    let found = |step: usize| report["steps"][step]["found"].to_string();
    assert!(found(0).contains("asks for the password"), "{report}");
    assert!(found(1).contains("the password was not taken"), "{report}");
    assert!(found(2).contains("nobody was signed in"), "{report}");
    let accepted = format!("{}expect = \"AADSTS50107\"\n", steps(&["sign-in"]));
    let output = both.run(PASSWORD, &accepted);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
}

#[test]
fn a_wrong_file_is_refused_with_its_line() {
    let both = Both::start(ISSUER);
    let output = both.run(PASSWORD, "[[step]]\ndo = \"signin\"\n");
    assert_eq!(output.status.code(), Some(2));
    assert!(
        said(&output).contains("scenario.toml:9: "),
        "{}",
        said(&output)
    );
    // A password that is not there is no failed step either.
    let output = both.run("", &steps(&["sign-in"]));
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert!(
        said(&output).contains("SCENARIO_PASSWORD"),
        "{}",
        said(&output)
    );
}

/// The steps of the published file.
fn mistakes() -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/mistakes.toml");
    let text = std::fs::read_to_string(file).expect("config/mistakes.toml");
    let first = text.find("[[step]]").expect("a step");
    text[first..].to_owned()
}

#[test]
fn each_mistake_is_found() {
    let both = Both::start(ISSUER);
    for (protocol, path, wrong_clock) in [
        // Homerealm refuses a request of another day; by WS-Federation a request has no time.
        ("saml", "/saml2/sso", "AADSTS500082"),
        ("wsFed", "/adfs/ls/", "AADSTS500089"),
    ] {
        both.write_tenant(ISSUER, protocol, path);
        let output = both.run(PASSWORD, &mistakes());
        assert_eq!(
            output.status.code(),
            Some(0),
            "{protocol}: {}",
            said(&output)
        );
        let report = both.json();
        let steps = report["steps"].as_array().expect("steps");
        let codes: Vec<_> = steps
            .iter()
            .filter_map(|step| step["refusal"]["code"].as_str())
            .collect();
        assert_eq!(
            codes,
            [
                "AADSTS50107",
                "AADSTS5000811",
                "AADSTS51004",
                wrong_clock,
                wrong_clock,
                "AADSTS50076"
            ]
        );
        assert!(
            steps[10]["checks"].to_string().contains("does not count"),
            "{report}"
        );
    }
}

#[test]
fn a_certificate_rolls_over_and_a_step_changes_nothing_for_the_next() {
    let both = Both::start(ISSUER);
    let ours = std::fs::read(both.provider.file("signing.crt")).expect("signing.crt");
    let ours = homerealm::keys::Certificate::from_pem(&ours).expect("a certificate");
    let other = homerealm::keys::create_signing_key("another", 30).expect("a key");
    let other = other.signer.certificate().base64();
    let steps = format!(
        r#"[[step]]
do = "sign-in"
federation = {{ signingCertificate = "{other}", nextSigningCertificate = "{}" }}
[[step]]
do = "single-sign-on"
federation = {{ signingCertificate = "{other}" }}
expect = "AADSTS5000811"
[[step]]
do = "single-sign-on"
"#,
        ours.base64()
    );
    let output = both.run(PASSWORD, &steps);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let checks = |step: usize| both.json()["steps"][step]["checks"].to_string();
    assert!(
        checks(0).contains("with the nextSigningCertificate"),
        "{}",
        checks(0)
    );
    assert!(
        checks(2).contains("with the signingCertificate"),
        "{}",
        checks(2)
    );

    // What Graph would refuse is not tried.
    let output = both.run(
        PASSWORD,
        "[[step]]\ndo = \"sign-in\"\nfederation = { issuerURI = \"x\" }\n",
    );
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert!(said(&output).contains("issuerURI"), "{}", said(&output));
}

/// A wrong expectation fails its step, each of them by itself, and the one that is right does not.
#[test]
fn each_expectation_can_fail() {
    let both = Both::start(ISSUER);
    let refused = "federation = { issuerUri = \"https://mistyped.example/\" }\n";
    // Nobody answers there who is no identity provider.
    let nowhere = format!(
        "federation = {{ passiveSignInUri = \"{}\" }}\n",
        both.provider.url("/nowhere")
    );
    let table = [
        ("", "accepted", 0),
        ("", "no-answer", 1),
        ("", "AADSTS50107", 1),
        (refused, "AADSTS50107", 0),
        (refused, "accepted", 1),
        (refused, "no-answer", 1),
        (refused, "AADSTS5000811", 1),
        (nowhere.as_str(), "no-answer", 0),
        (nowhere.as_str(), "accepted", 1),
        (nowhere.as_str(), "AADSTS50107", 1),
    ];
    let step = |(change, expect, _): &(&str, &str, i32)| {
        format!("[[step]]\ndo = \"sign-in\"\n{change}expect = \"{expect}\"\n")
    };
    let steps: String = table.iter().map(step).collect();
    let output = both.run(PASSWORD, &steps);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    let report = both.json();
    for (row, (change, expect, code)) in table.iter().enumerate() {
        let passed = report["steps"][row]["passed"].as_bool();
        assert_eq!(passed, Some(*code == 0), "{change}{expect}: {report}");
    }
    let found = report["steps"][7]["found"].to_string();
    assert!(found.contains("no form with a password field"), "{found}");
}

#[test]
fn an_application_gets_a_token_by_ws_trust_and_only_where_there_is_one() {
    let both = Both::start(ISSUER);
    both.write_tenant(ISSUER, "wsFed", "/adfs/ls/");
    let active = format!(
        "federation = {{ metadataExchangeUri = \"{}\" }}\n",
        both.provider.url("/healthz")
    );
    let step = "[[step]]\ndo = \"ws-trust\"\n";
    let steps = [
        step,
        "mfa = true\n",
        step,
        "federation = { issuerUri = \"https://mistyped.example/\" }\nexpect = \"AADSTS50107\"\n",
        step,
        &active,
        "expect = \"no-answer\"\n",
    ];
    let output = both.run(PASSWORD, &steps.concat());
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    // A wrong password brings none, and by SAML there is no WS-Trust.
    let output = both.run("not the password", step);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(said(&output).contains("fault"), "{}", said(&output));
    both.write_tenant(ISSUER, "saml", "/saml2/sso");
    let output = both.run(PASSWORD, step);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
}

#[test]
fn nothing_but_the_metadata_is_needed() {
    let both = Both::start(ISSUER);
    let (upn, mail) = (PARTNER.upn(), PARTNER.mail());
    let anchor = PARTNER.guid().immutable_id();
    for (path, protocol) in [
        ("/metadata", "saml"),
        (
            "/FederationMetadata/2007-06/FederationMetadata.xml",
            "wsFed",
        ),
    ] {
        let url = both.provider.url(path).to_string();
        let known = [
            ["--idp-metadata", &url],
            ["--protocol", protocol],
            ["--email", &mail],
            ["--upn", &upn],
            ["--immutable-id", &anchor],
        ];
        let output = both.run_knowing(&known.concat(), PASSWORD, &mistakes());
        assert_eq!(output.status.code(), Some(0), "{path}: {}", said(&output));
    }
    // In place of what a tenant's file says: here a certificate that is another's.
    both.write_tenant("https://mistyped.example/", "saml", "/nowhere");
    let url = both.provider.url("/metadata").to_string();
    let known = ["--tenant", "tenant.toml", "--idp-metadata", &url];
    let output = both.run_knowing(&known, PASSWORD, &steps(&ALL));
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));

    for (known, why) in [
        (&["--idp-metadata", "nowhere.xml"][..], "nowhere.xml"),
        (&["--idp-metadata", "scenario.toml"], "cannot be read"),
        (&["--idp-metadata", &url], "--immutable-id"),
        (&["--email", &mail], "--tenant"),
    ] {
        let output = both.run_knowing(known, PASSWORD, &steps(&ALL));
        assert_eq!(output.status.code(), Some(2), "{}", said(&output));
        assert!(said(&output).contains(why), "{}", said(&output));
    }
}

/// A second server of the same provider that signs with another certificate; it ends with this.
struct Signing(Child);

impl Drop for Signing {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Signing {
    fn with(certificate: &str, both: &mut Both) -> Self {
        let port = || {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
            listener.local_addr().expect("its address")
        };
        let file = both.provider.config_file();
        let configuration = std::fs::read_to_string(file).expect("homerealm.toml");
        both.idp = port();
        let configuration = configuration
            .replace(
                &format!("\"{}\"", both.provider.address()),
                &format!("\"{}\"", both.idp),
            )
            .replace(&both.provider.operations.to_string(), &port().to_string())
            .replace("\"signing.crt\"", &format!("{certificate:?}"));
        let file = both.provider.file("second.toml");
        std::fs::write(&file, configuration).expect("second.toml");
        let mut command = homerealm();
        let command = command.args(["serve", "--config"]).arg(file);
        let child = command.stderr(Stdio::null()).stdout(Stdio::null()).spawn();
        let signing = Self(child.expect("homerealm starts"));
        for _ in 0..200 {
            if TcpStream::connect(both.idp).is_ok() {
                return signing;
            }
            sleep(Duration::from_millis(50));
        }
        panic!("no second server");
    }
}

#[test]
fn an_expired_certificate_is_found_though_its_key_signs() {
    let mut both = Both::start(ISSUER);
    let program = "import base64, datetime as d, sys\n\
        from cryptography import x509\n\
        from cryptography.hazmat.primitives import hashes, serialization as s\n\
        key = s.load_pem_private_key(open(sys.argv[1], 'rb').read(), None)\n\
        now, name = d.datetime.now(d.timezone.utc), x509.Name([])\n\
        made = x509.CertificateBuilder().subject_name(name).issuer_name(name)\n\
        made = made.public_key(key.public_key()).serial_number(1)\n\
        made = made.not_valid_before(now - d.timedelta(9)).not_valid_after(now - d.timedelta(1))\n\
        made = made.sign(key, hashes.SHA256())\n\
        open(sys.argv[2], 'wb').write(made.public_bytes(s.Encoding.PEM))\n\
        print(base64.b64encode(made.public_bytes(s.Encoding.DER)).decode())";
    let mut command = Command::new(python());
    let file = |name: &str| both.provider.file(name);
    let files = [file("signing.key"), file("expired.crt")];
    let expired = String::from_utf8(run(command.args(["-c", program]).args(files)).stdout);
    let expired = expired.expect("base64").trim().to_owned();
    let step = "[[step]]\ndo = \"sign-in\"\n";
    let registered = format!("{step}federation = {{ signingCertificate = \"{expired}\" }}\n");
    let of_the_same_key = format!("{registered}expect = \"AADSTS5000811\"\n{step}");
    let output = both.run(PASSWORD, &of_the_same_key);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));

    let _signing = Signing::with("expired.crt", &mut both);
    let expected = format!("{registered}expect = \"AADSTS500089\"\n");
    let output = both.run(PASSWORD, &expected);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let output = both.run(PASSWORD, &registered);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(said(&output).contains("is valid from"), "{}", said(&output));
}

#[test]
fn a_stranger_reads_the_results_as_they_are_meant() {
    let both = Both::start(ISSUER);
    let wrong = format!(
        "{}expect = \"AADSTS50107\"\nname = \"<&> \\\"\"\n",
        steps(&["sign-in"])
    );
    let output = both.run(PASSWORD, &(wrong + &steps(&["single-sign-on"])));
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    let program = "import sys\n\
        from junitparser import JUnitXml, Failure\n\
        for suite in JUnitXml.fromfile(sys.argv[1]):\n\
        \x20print(suite.name, suite.tests, suite.failures, suite.errors, suite.skipped)\n\
        \x20for case in suite:\n\
        \x20 kinds = [type(r).__name__ for r in case.result]\n\
        \x20 print(case.classname, case.name, case.time > 0, kinds, [r.message for r in case.result])";
    let mut command = Command::new(python());
    let command = command
        .args(["-c", program])
        .arg(both.provider.file("report.xml"));
    let read = String::from_utf8(run(command).stdout).expect("UTF-8");
    let expected = format!(
        "Partners 2 1 0 0\n\
         Partners <&> \" True ['Failure'] ['accepted: {}']\n\
         Partners single-sign-on True [] []\n",
        PARTNER.upn()
    );
    assert_eq!(read, expected);
}
