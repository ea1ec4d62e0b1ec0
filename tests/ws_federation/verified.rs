//! What strangers say of a token.

use std::{
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
};

use crate::{
    asked::between,
    provider::Provider,
    strangers::{python, tool},
};

/// xmlsec1 and signxml must accept the token of this answer, within it and cut out of it, and refuse
/// it changed; and a SAML 1.1 assertion must be valid by the schema.
pub(crate) fn by_strangers(provider: &Provider, document: &str, name: &str) {
    let token = between(
        document,
        "<t:RequestedSecurityToken>",
        "</t:RequestedSecurityToken>",
    );
    for text in [document, token] {
        assert!(xmlsec1(provider, text), "xmlsec1 refuses {text}");
        assert_eq!(signxml(provider, text).as_deref(), Some(name));
        let forged = text.replace(name, "Zm9yZ2VkZm9yZ2VkZm9yZw==");
        assert!(!xmlsec1(provider, &forged), "xmlsec1 accepts a forged one");
        assert_eq!(signxml(provider, &forged), None);
    }
    if token.contains("AssertionID") {
        for folder in ["opensaml", "xmltooling"] {
            let schemas = Path::new("/usr/share/xml").join(folder);
            assert!(schemas.is_dir(), "apt-get install {folder}-schemas");
        }
        assert!(
            by_script("saml1_schema.py", &[], token).is_some(),
            "{token}"
        );
        let unordered = token.replacen("<saml:Conditions", "<saml:Unknown", 1);
        assert!(by_script("saml1_schema.py", &[], &unordered).is_none());
    }
}

fn xmlsec1(provider: &Provider, text: &str) -> bool {
    let file = provider.file("token.xml");
    std::fs::write(&file, text).expect("token.xml");
    let mut command = Command::new(tool("xmlsec1"));
    command.arg("--verify");
    for (attribute, namespace) in [
        ("AssertionID", "urn:oasis:names:tc:SAML:1.0:assertion"),
        ("ID", "urn:oasis:names:tc:SAML:2.0:assertion"),
    ] {
        command.arg(format!("--id-attr:{attribute}"));
        command.arg(format!("{namespace}:Assertion"));
    }
    command.args(["--enabled-reference-uris", "same-doc", "--pubkey-cert-pem"]);
    command.arg(provider.file("signing.crt")).arg(&file);
    command.output().expect("xmlsec1 runs").status.success()
}

fn signxml(provider: &Provider, text: &str) -> Option<String> {
    by_script("signxml_verify.py", &[&provider.file("signing.crt")], text)
}

/// What a script of `tests/strangers` prints about a text, if it is content with it.
fn by_script(script: &str, arguments: &[&Path], text: &str) -> Option<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/strangers");
    let mut child = Command::new(python())
        .arg(folder.join(script))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("python starts");
    let mut input = child.stdin.take().expect("its input");
    input.write_all(text.as_bytes()).expect("sent");
    drop(input);
    let output = child.wait_with_output().expect("it ends");
    let printed = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    output.status.success().then_some(printed)
}
