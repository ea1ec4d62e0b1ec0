//! A real Chromium, signed in at two service providers, one by SAML and one by WS-Federation.

use std::{
    fs,
    net::{Ipv4Addr, TcpListener},
    path::Path,
    process::Command,
};

use homerealm::http::tls::LocalCa;

use crate::{
    parties::{publish_metadata, start_with},
    strangers::{python, run, tool},
};

#[tokio::test]
async fn chromium_signs_out_everywhere() {
    tool("chromium");
    tool("chromedriver");
    let [one, two] = free_ports();
    let tables = format!(
        r#"
[[relying_party]]
entity_id = "https://one.localhost:{one}/sp"
preset = "saml2"
access = "everyone"
display_name = "Portal one"
assertion_consumer_services = ["https://one.localhost:{one}/acs"]
request_signatures = "when-present"
request_certificates = ["sp.crt"]
single_logout_service = "https://one.localhost:{one}/slo"
[[relying_party]]
entity_id = "https://two.localhost:{two}/app"
preset = "ws-federation"
access = "everyone"
display_name = "Portal two"
assertion_consumer_services = ["https://two.localhost:{two}/app"]
"#
    );
    let provider = start_with(Box::leak(tables.into_boxed_str()));
    publish_metadata(&provider).await;
    let folder = tempfile::tempdir().expect("a folder");
    let tls = LocalCa::new().expect("a CA");
    let tls = tls
        .issue(&["one.localhost", "two.localhost"])
        .expect("a certificate");
    fs::write(folder.path().join("tls.crt"), &tls.chain_pem).expect("tls.crt");
    fs::write(folder.path().join("tls.key"), tls.key_pem.as_bytes()).expect("tls.key");
    for name in ["idp.xml", "sp.key", "sp.crt"] {
        fs::copy(provider.file(name), folder.path().join(name)).expect(name);
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/strangers/chromium_sign_out.py");
    let idp = provider.url("").to_string();
    let said = run(Command::new(python())
        .arg(script)
        .arg(idp.trim_end_matches('/'))
        .arg(folder.path())
        .args([one.to_string(), two.to_string()]));
    let said = String::from_utf8_lossy(&said.stdout);
    assert_eq!(
        said.lines().filter(|line| line.ends_with(": ok")).count(),
        5,
        "{said}"
    );
}

fn free_ports() -> [u16; 2] {
    // Both held at once, so that they differ.
    let listeners = [(); 2].map(|()| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port"));
    listeners.map(|listener| listener.local_addr().expect("its address").port())
}
