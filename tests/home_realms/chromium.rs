//! A real Chromium, by way of both.

use std::{fs, path::Path, process::Command};

use crate::{
    strangers::{python, run, tool},
    upstreams::{Besides, World, free_port},
    walk::world,
};

#[tokio::test]
async fn chromium_signs_people_in_at_their_own_organisations() {
    tool("chromium");
    tool("chromedriver");
    let port = free_port();
    let application = format!(
        "[[relying_party]]\nentity_id = \"https://one.localhost:{port}/sp\"\npreset = \"entra\"\n\
         display_name = \"Portal one\"\n\
         assertion_consumer_services = [\"https://one.localhost:{port}/acs\"]\n\
         [[application]]\nname = \"Portal\"\nlink = \"https://portal.test/\"\n"
    );
    let World {
        provider,
        ca,
        fabrikam: _fabrikam,
        tailspin: _tailspin,
    } = world(Besides {
        relying_party: Box::leak(application.into_boxed_str()),
        ..Besides::default()
    })
    .await;
    let folder = tempfile::tempdir().expect("a folder");
    let tls = ca.issue(&["one.localhost"]).expect("a certificate");
    fs::write(folder.path().join("tls.crt"), &tls.chain_pem).expect("tls.crt");
    fs::write(folder.path().join("tls.key"), tls.key_pem.as_bytes()).expect("tls.key");
    let shots = Path::new(env!("CARGO_TARGET_TMPDIR")).join("home-realms");
    fs::create_dir_all(&shots).expect("a folder");
    let script =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/strangers/chromium_home_realms.py");
    let idp = provider.url("").to_string();
    let said = run(Command::new(python())
        .arg(script)
        .arg(idp.trim_end_matches('/'))
        .arg(port.to_string())
        .args([folder.path(), &shots]));
    let said = String::from_utf8_lossy(&said.stdout);
    assert_eq!(
        said.lines().filter(|line| line.ends_with(": ok")).count(),
        10,
        "{said}"
    );
}
