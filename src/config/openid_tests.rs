//! Upstreams by OpenID Connect: what is understood, and that each error points at its line.

use std::{fs, os::unix::fs::PermissionsExt as _};

use super::*;
use crate::{http::tls::LocalCa, keys::create_signing_key};

const EXAMPLE: &str = include_str!("../../config/homerealm.toml");
const UPSTREAM: &str = include_str!("../../config/upstream-openid.toml");

const ISSUER: &str = r#"issuer = "https://login.fabrikam.com""#;
const CLIENT: &str = r#"client_id = "homerealm""#;
const CREDENTIAL: &str = r#"client_credential = { file = "/etc/homerealm/fabrikam-secret" }"#;

/// Both examples with one line of the second in place of another, and the number of that line.
fn with_line(old: &str, new: &str) -> (String, usize) {
    assert!(UPSTREAM.lines().any(|line| line == old), "no line {old:?}");
    let before = EXAMPLE.lines().count() + UPSTREAM.lines().take_while(|line| *line != old).count();
    let changed = UPSTREAM.replacen(&format!("\n{old}\n"), &format!("\n{new}\n"), 1);
    (
        format!("{}\n{changed}", EXAMPLE.trim_end_matches('\n')),
        before + 1,
    )
}

fn parse(text: &str) -> Result<Config, ConfigError> {
    Config::parse(text, "homerealm.toml", Path::new("/etc/homerealm"))
}

fn refused(old: &str, new: &str) -> String {
    let (text, line) = with_line(old, new);
    let ConfigError::Invalid(error) = parse(&text).unwrap_err() else {
        panic!("{new}");
    };
    assert_eq!(error.line, line, "{new}: {error}");
    error.message
}

fn understood(old: &str, new: &str) -> String {
    let config = parse(&with_line(old, new).0).unwrap_or_else(|error| panic!("{new}: {error}"));
    format!("{:?}", config.upstreams)
}

#[test]
fn the_example_is_understood() {
    let shown = understood(ISSUER, ISSUER);
    for expected in [
        "https://login.fabrikam.com",
        "/upstream/openid/callback",
        r#"scopes: ["email"]"#,
        r#"IfClaimed("email_verified")"#,
    ] {
        assert!(shown.contains(expected), "{expected}: {shown}");
    }
}

#[test]
fn an_issuer_is_an_https_address_and_nothing_behind_it() {
    for bad in [
        "http://login.fabrikam.com",
        "login.fabrikam.com",
        "https://login.fabrikam.com?tenant=1",
        "https://login.fabrikam.com#f",
        "https://user@login.fabrikam.com",
    ] {
        refused(ISSUER, &format!("issuer = \"{bad}\""));
    }
    let slash = "https://login.fabrikam.com/tenant/";
    let shown = understood(ISSUER, &format!("issuer = \"{slash}\""));
    assert!(shown.contains(&format!("issuer: \"{slash}\"")), "{shown}");
}

#[test]
fn another_claim_needs_another_word() {
    let claim = r#"address_claim = "upn""#;
    let line = |more: &str| format!("{CLIENT}\n{claim}\n{more}");
    let message = {
        let (text, line) = with_line(CLIENT, &format!("{claim}\n{CLIENT}"));
        let ConfigError::Invalid(error) = parse(&text).unwrap_err() else {
            panic!();
        };
        assert_eq!(error.line, line);
        error.message
    };
    assert!(message.contains("email_verified"), "{message}");
    let shown = understood(CLIENT, &line(r#"verified_claim = "xms_edov""#));
    assert!(shown.contains(r#"IfClaimed("xms_edov")"#), "{shown}");
    let shown = understood(CLIENT, &line("unverified_on_purpose = true"));
    assert!(shown.contains("Always"), "{shown}");
    let both = format!("verified_claim = \"x\"\nunverified_on_purpose = true\n{CLIENT}");
    assert!(refused(CLIENT, &both).contains("contradict"));
}

#[test]
fn slips_are_refused_where_they_stand() {
    assert!(refused(CLIENT, r#"client_id = """#).contains("empty"));
    let scopes = format!("scopes = [\"openid email\"]\n{CLIENT}");
    assert!(refused(CLIENT, &scopes).contains("scope"));
    let secret = r#"client_credential = "hunter2hunter2""#;
    let message = refused(CREDENTIAL, secret);
    assert!(message.contains("never stands in this file"), "{message}");
    assert!(!message.contains("hunter2"));
    refused(CLIENT, &format!("clock_skew_seconds = 601\n{CLIENT}"));
    refused(CLIENT, &format!("algorithms = [\"none\"]\n{CLIENT}"));
}

#[test]
fn secrets_and_keys_are_loaded_from_files_of_their_owner() {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, content: &[u8], mode| {
        let path = folder.path().join(name);
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    };
    let new = create_signing_key("client", 1).unwrap();
    let certificate = new.signer.certificate().to_pem();
    put("ca.pem", LocalCa::new().unwrap().ca_pem().as_bytes(), 0o644);
    put("secret", b"s3cret\n", 0o600);
    put("open", b"s3cret\n", 0o644);
    put("client.crt", certificate.as_bytes(), 0o644);
    put("client.key", new.private_key_pem.as_bytes(), 0o600);
    put("ca.key", new.private_key_pem.as_bytes(), 0o600);
    let load = |credential: &str| {
        let line = format!("client_credential = {credential}\nca = \"ca.pem\"");
        let config = Config::parse(&with_line(CREDENTIAL, &line).0, "t", folder.path()).unwrap();
        config.upstreams[0].load()
    };
    let loaded = load(r#"{ file = "secret" }"#).unwrap();
    assert!(!format!("{loaded:?}").contains("s3cret"));
    load(r#"{ certificate = "client.crt", key = "client.key" }"#).unwrap();
    for bad in [
        r#"{ file = "open" }"#,
        r#"{ file = "gone" }"#,
        r#"{ env = "HOMEREALM_NO_SUCH_VARIABLE" }"#,
        r#"{ certificate = "ca.pem", key = "client.key" }"#,
    ] {
        let error = load(bad).unwrap_err().to_string();
        assert!(!error.contains("s3cret"), "{error}");
    }
}
