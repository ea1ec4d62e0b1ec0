//! The TLS of the listener as a stranger sees it: sslyze, which speaks the old protocols that nothing
//! of ours can speak any more.

#![allow(clippy::expect_used, clippy::indexing_slicing)] // a test may stop

mod provider;
mod slapd;
mod strangers;

use std::{net::SocketAddr, process::Command, sync::Arc};

use homerealm::{
    http::{Request, ResponseFuture, Service, response, server::Server, tls::server_config},
    keys::create_signing_key,
};
use hyper::StatusCode;
use provider::{HOST, Options, Provider};
use serde_json::Value;
use slapd::Slapd;
use strangers::{python, run};
use tokio_util::sync::CancellationToken;

/// Something to serve behind TLS.
struct Hello;

impl Service for Hello {
    fn handle(&self, _: Request) -> ResponseFuture<'_> {
        Box::pin(async { response::text(StatusCode::OK, "hello") })
    }
}

/// What each scan is called, and what must come out of it.
const SOUND: [(&str, &str, &str); 10] = [
    ("tls_compression", "/supports_compression", "false"),
    ("tls_1_3_early_data", "/supports_early_data", "false"),
    (
        "openssl_ccs_injection",
        "/is_vulnerable_to_ccs_injection",
        "false",
    ),
    ("heartbleed", "/is_vulnerable_to_heartbleed", "false"),
    (
        "robot",
        "/robot_result",
        r#""NOT_VULNERABLE_RSA_NOT_SUPPORTED""#,
    ),
    ("tls_fallback_scsv", "/supports_fallback_scsv", "true"),
    (
        "session_renegotiation",
        "/supports_secure_renegotiation",
        "true",
    ),
    (
        "session_renegotiation",
        "/is_vulnerable_to_client_renegotiation_dos",
        "false",
    ),
    (
        "tls_extended_master_secret",
        "/supports_ems_extension",
        "true",
    ),
    ("elliptic_curves", "/supports_ecdh_key_exchange", "true"),
];

/// What sslyze finds at this address, by this name.
fn scan(name: &str, address: SocketAddr) -> Value {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("scan.json");
    let mut sslyze = Command::new(python());
    sslyze.args(["-m", "sslyze", "--quiet", "--mozilla_config=disable"]);
    sslyze.args([
        "--sslv2",
        "--sslv3",
        "--tlsv1",
        "--tlsv1_1",
        "--tlsv1_2",
        "--tlsv1_3",
    ]);
    sslyze.args([
        "--compression",
        "--early_data",
        "--openssl_ccs",
        "--heartbleed",
        "--robot",
    ]);
    sslyze.args([
        "--fallback",
        "--reneg",
        "--ems",
        "--elliptic_curves",
        "--http_headers",
    ]);
    sslyze.arg("--json_out").arg(&file);
    let target = format!("{name}:{}{{{}}}", address.port(), address.ip());
    run(sslyze.arg(target));
    let told = std::fs::read(&file).expect("a report");
    let report: Value = serde_json::from_slice(&told).expect("JSON");
    let result = report.pointer("/server_scan_results/0").expect("a server");
    assert_eq!(result["scan_status"], "COMPLETED", "{result}");
    result["scan_result"].clone()
}

/// What one of the scans found.
fn found<'a>(scans: &'a Value, scan: &str, pointer: &str) -> &'a Value {
    let one = &scans[scan];
    assert_eq!(one["status"], "COMPLETED", "{scan}: {one}");
    one.pointer(&format!("/result{pointer}"))
        .unwrap_or_else(|| panic!("{scan} has no {pointer}: {one}"))
}

/// The cipher suites that were accepted in one version of the protocol.
fn suites(scans: &Value, version: &str) -> Vec<String> {
    let accepted = found(
        scans,
        &format!("{version}_cipher_suites"),
        "/accepted_cipher_suites",
    );
    let accepted = accepted.as_array().expect("a list");
    let names = accepted.iter().map(|suite| &suite["cipher_suite"]["name"]);
    let mut names: Vec<String> = names
        .map(|name| name.as_str().expect("a name").to_owned())
        .collect();
    names.sort();
    names
}

/// Everything but certificates and suites of TLS 1.2, which depend on the certificate's key.
fn assert_sound(scans: &Value) {
    for old in ["ssl_2_0", "ssl_3_0", "tls_1_0", "tls_1_1"] {
        assert_eq!(suites(scans, old), Vec::<String>::new(), "{old}");
    }
    assert_eq!(
        suites(scans, "tls_1_3"),
        [
            "TLS_AES_128_GCM_SHA256",
            "TLS_AES_256_GCM_SHA384",
            "TLS_CHACHA20_POLY1305_SHA256",
        ]
    );
    for (name, pointer, wanted) in SOUND {
        let value = found(scans, name, pointer).to_string();
        assert_eq!(value, wanted, "{name}{pointer}");
    }
    let curves = found(scans, "elliptic_curves", "/supported_curves");
    let mut curves: Vec<&str> = curves
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|curve| curve["name"].as_str())
        .collect();
    curves.sort_unstable();
    assert_eq!(curves, ["X25519", "secp256r1", "secp384r1"]);
}

/// The suites of TLS 1.2 for keys of this kind: ephemeral keys and authenticated encryption only.
fn modern(kind: &str) -> Vec<String> {
    [
        "AES_128_GCM_SHA256",
        "AES_256_GCM_SHA384",
        "CHACHA20_POLY1305_SHA256",
    ]
    .map(|cipher| format!("TLS_ECDHE_{kind}_WITH_{cipher}"))
    .to_vec()
}

#[test]
fn a_stranger_finds_only_what_is_modern() {
    let slapd = Slapd::start_new(slapd::Options::default());
    let provider = Provider::start(&slapd, Options::default());
    let scans = scan(HOST, provider.address());
    assert_sound(&scans);
    assert_eq!(suites(&scans, "tls_1_2"), modern("ECDSA"));
    let hsts = found(&scans, "http_headers", "/strict_transport_security_header");
    let year = 365 * 24 * 60 * 60;
    assert!(hsts["max_age"].as_u64() >= Some(year), "{hsts}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nor_does_an_rsa_certificate_bring_old_suites() {
    let key = create_signing_key(HOST, 30).expect("a key");
    let chain = key.signer.certificate().to_pem();
    let tls = server_config(chain.as_bytes(), key.private_key_pem.as_bytes()).expect("TLS");
    let local = SocketAddr::from(([127, 0, 0, 1], 0));
    let server = Server::bind(local).await.expect("a listener").with_tls(tls);
    let address = server.local_addr().expect("its address");
    let stop = CancellationToken::new();
    let serving = tokio::spawn(server.serve(Arc::new(Hello), stop.clone()));
    let scans = tokio::task::spawn_blocking(move || scan(HOST, address));
    let scans = scans.await.expect("a scan");
    assert_sound(&scans);
    assert_eq!(suites(&scans, "tls_1_2"), modern("RSA"));
    stop.cancel();
    serving.await.expect("it stops");
}
