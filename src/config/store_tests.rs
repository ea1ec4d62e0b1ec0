//! What several nodes have in common: each error points at its line, and repeats no secret.

use std::{fs, os::unix::fs::PermissionsExt as _};

use super::*;
use crate::store::WhenUnavailable;

const EXAMPLE: &str = include_str!("../../config/homerealm.toml");
const STORE: &str = include_str!("../../config/store.toml");
const SERVERS: &str = r#"servers = ["rediss://valkey.contoso.com"]"#;
const SEAL_KEY: &str = r#"seal_key = { file = "/etc/homerealm/seal.key" }"#;

fn parse(store: &str, folder: &Path) -> Result<Config, ConfigError> {
    let text = format!("{EXAMPLE}\n{store}");
    Config::parse(&text, "homerealm.toml", folder)
}

#[test]
fn the_example_is_understood() {
    let store = parse(STORE, Path::new("")).unwrap().store.unwrap();
    let addresses: Vec<_> = store.addresses.iter().map(ToString::to_string).collect();
    assert_eq!(addresses, ["rediss://valkey.contoso.com:6379"]);
    assert_eq!(store.prefix, "homerealm");
    assert!(parse("", Path::new("")).unwrap().store.is_none());
}

#[test]
fn what_is_commented_out_is_the_default() {
    let shown = |text: &str| format!("{:?}", parse(text, Path::new("")).unwrap().store);
    for default in [
        "plaintext_on_purpose = false",
        "prefix = \"homerealm\"",
        "deadline_milliseconds = 250",
        "when_unavailable = \"go-on\"",
    ] {
        let written = STORE.replace(&format!("# {default}"), default);
        assert_ne!(written, STORE, "{default}");
        assert_eq!(shown(&written), shown(STORE), "{default}");
    }
    for (line, other) in [
        (
            "# deadline_milliseconds = 250",
            "deadline_milliseconds = 100",
        ),
        (
            "# when_unavailable = \"go-on\"",
            "when_unavailable = \"refuse\"",
        ),
        ("# prefix = \"homerealm\"", "prefix = \"b2b\""),
        ("# password = ", "password = "),
        ("# ca = ", "ca = "),
        ("# other_seal_key = ", "other_seal_key = "),
    ] {
        assert_ne!(shown(&STORE.replace(line, other)), shown(STORE), "{other}");
    }
}

#[test]
fn each_error_points_at_its_line_and_repeats_no_secret() {
    for (old, new, says) in [
        (SERVERS, "servers = []", "no server"),
        (SERVERS, r#"servers = ["https://a"]"#, "rediss://"),
        (
            SERVERS,
            r#"servers = ["rediss://u:hunter2@a"]"#,
            "nothing else",
        ),
        (
            SERVERS,
            r#"servers = ["redis://a"]"#,
            "plaintext_on_purpose",
        ),
        (
            SERVERS,
            "servers = [\"rediss://a\"]\nuser = \"a\"",
            "password",
        ),
        (
            SERVERS,
            "servers = [\"rediss://a\"]\npassword = \"hunter2\"",
            "never stands",
        ),
        (
            SERVERS,
            "servers = [\"rediss://a\"]\nprefix = \"a b\"",
            "prefix",
        ),
        (
            SERVERS,
            "servers = [\"rediss://a\"]\ndeadline_milliseconds = 9",
            "between 10",
        ),
        (
            SERVERS,
            "servers = [\"rediss://a\"]\nwhen_unavailable = \"fail\"",
            "unknown variant",
        ),
        (SEAL_KEY, r#"seal_key = "hunter2""#, "never stands"),
        (
            SEAL_KEY,
            r#"seal_key = { certificate = "a", key = "b" }"#,
            "no secret",
        ),
        (SEAL_KEY, "", "seal_key"),
    ] {
        let text = STORE.replace(old, new);
        assert_ne!(text, STORE);
        let Err(ConfigError::Invalid(error)) = parse(&text, Path::new("")) else {
            panic!("accepted: {new}");
        };
        assert!(error.message.contains(says), "{new}: {error}");
        assert!(!error.to_string().contains("hunter2"), "{error}");
        let whole = format!("{EXAMPLE}\n{text}");
        let last = new.lines().last().unwrap_or("[store]");
        let lines = whole.lines().enumerate();
        let line = lines.filter(|(_, line)| *line == last).last().unwrap().0 + 1;
        assert_eq!(error.line, line, "{new}: {error}");
    }
}

#[test]
fn seal_keys_are_long_and_for_their_owner_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("seal.key");
    let text = STORE.replace("/etc/homerealm/", "");
    let load = || parse(&text, folder.path()).unwrap().store.unwrap().secret();
    assert!(matches!(load(), Err(ConfigError::Read { .. })));
    for (secret, mode, says) in [
        ("short", 0o600, "32 characters"),
        ("0123456789abcdef0123456789abcdef", 0o640, "chmod 600"),
    ] {
        fs::write(&file, secret).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        let error = load().unwrap_err().to_string();
        assert!(error.contains(says) && !error.contains(secret), "{error}");
    }
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    assert!(load().is_ok());
    let plain = text.replace(
        SERVERS,
        "servers = [\"redis://a\"]\nplaintext_on_purpose = true",
    );
    let parts = parse(&plain, folder.path()).unwrap().store.unwrap().load();
    assert_eq!(parts.unwrap().store.when_unavailable, WhenUnavailable::GoOn);
}
