//! Relying parties by metadata, in a folder of their own, and what is encrypted for them.

use std::fs;

use super::*;
use crate::{
    keys::{Certificate, create_signing_key},
    metadata::{EncryptionTerms, Origin},
    saml2::MetadataTrust,
    xml::ContentEncryption,
};

const EXAMPLE: &str = include_str!("../../config/homerealm.toml");

/// The example with one relying party more, whose table has these lines.
fn with_party(lines: &str) -> String {
    format!(
        "{EXAMPLE}\n[[relying_party]]\nentity_id = \"https://sp.test\"\npreset = \"saml2\"\n{lines}"
    )
}

fn parse(text: &str, folder: &Path) -> Result<Config, ConfigError> {
    Config::parse(text, "homerealm.toml", folder)
}

const ACS: &str = r#"assertion_consumer_services = ["https://sp.test/acs"]"#;

/// Lines of a relying party and what is wrong with them; the line that is pointed at has a `!`.
const WRONG: &[(&str, &str)] = &[
    ("", "assertion_consumer_services are needed, or metadata"),
    ("metadata = {} # !", "either"),
    (
        r#"metadata = { file = "a", url = "https://sp.test/" } # !"#,
        "either",
    ),
    (
        r#"metadata = { url = "https://sp.test/" } # !"#,
        "unsigned_on_purpose = true",
    ),
    (
        r#"metadata = { url = "http://sp.test/", unsigned_on_purpose = true } # !"#,
        "https://",
    ),
    (
        r#"metadata = { url = "https://sp.test/", certificate = [] } # !"#,
        "empty list",
    ),
    (
        r#"metadata = { url = "https://sp.test/", certificate = "a", unsigned_on_purpose = true } # !"#,
        "contradict",
    ),
    (
        r#"metadata = { url = "https://sp.test/", unsigned_on_purpose = true, permit_sha1 = true } # !"#,
        "permit_sha1 needs",
    ),
    (
        r#"metadata = { file = "a", unsigned_on_purpose = true } # !"#,
        "go with url",
    ),
    (r#"metadata = { file = "a", ca = "b" } # !"#, "go with url"),
    (
        r#"metadata = { file = "a", permit_sha1 = true } # !"#,
        "permit_sha1 needs",
    ),
    (
        r#"metadata = { file = "a", refresh_seconds = 4 } # !"#,
        "between 5 and 86400",
    ),
    (
        "metadata = { file = \"a\" } # !\nprotocols = [\"ws-federation\"]",
        "SAML 2.0 only",
    ),
    (
        "metadata = { file = \"a\" }\nrequest_certificates = [\"b\"]",
        "are in the metadata",
    ),
    (
        "metadata = { file = \"a\" }\nrequest_signatures = \"not-verified\"\npermit_sha1_requests = true",
        "permit_sha1_requests",
    ),
];

/// The same, of a relying party with an address.
const WRONG_ENCRYPTION: &[(&str, &str)] = &[
    (
        r#"encrypt_assertions = "required" # !"#,
        "needs encryption_certificate",
    ),
    (
        r#"encrypt_assertions = "when-offered" # !"#,
        "needs encryption_certificate",
    ),
    (
        r#"encryption_algorithm = "aes128-gcm" # !"#,
        "needs encryption_certificate",
    ),
    (
        "encrypt_assertions = \"never\"\nencryption_certificate = \"a\" # !",
        "nothing is encrypted",
    ),
    (
        "encryption_certificate = \"a\"\nprotocols = [\"saml2\", \"ws-federation\"]",
        "by SAML 2.0 only",
    ),
    (
        "encrypt_assertions = \"never\"\nencryption_algorithm = \"aes128-gcm\" # !",
        "nothing is encrypted",
    ),
    (
        r#"encryption_algorithm = "aes256-cbc" # !"#,
        "unknown variant",
    ),
];

#[test]
fn what_contradicts_itself_is_refused_at_its_line() {
    let with_address =
        |(lines, message): &(&str, &'static str)| (format!("{ACS}\n{lines}"), *message);
    let cases = WRONG
        .iter()
        .map(|(lines, message)| ((*lines).to_owned(), *message));
    for (lines, message) in cases.chain(WRONG_ENCRYPTION.iter().map(with_address)) {
        let text = with_party(&lines);
        let Err(ConfigError::Invalid(error)) = parse(&text, Path::new("")) else {
            panic!("accepted: {lines}");
        };
        assert!(error.message.contains(message), "{lines}: {error}");
        if let Some(at) = text.lines().position(|line| line.ends_with("# !")) {
            assert_eq!(error.line, at + 1, "{lines}: {error}");
        }
    }
}

#[test]
fn nothing_is_encrypted_for_entra() {
    for preset in ["entra", "entra-external"] {
        for line in [
            r#"encryption_certificate = "a""#,
            r#"encrypt_assertions = "required""#,
            r#"encrypt_assertions = "when-offered""#,
            r#"encryption_algorithm = "aes256-gcm""#,
        ] {
            let text = with_party(&format!("{ACS}\n{line}"));
            let text = text.replace("\"saml2\"\nassertion", &format!("\"{preset}\"\nassertion"));
            let error = parse(&text, Path::new("")).unwrap_err().to_string();
            assert!(error.contains("AADSTS500082"), "{preset} {line}: {error}");
        }
        // Whatever its metadata offers.
        for line in ["", "encrypt_assertions = \"never\""] {
            let text = with_party(&format!("metadata = {{ file = \"a\" }}\n{line}"));
            let text = text.replace("\"saml2\"\nmetadata", &format!("\"{preset}\"\nmetadata"));
            let config = parse(&text, Path::new("")).unwrap();
            let (_, terms) = config.relying_parties[1].metadata.as_ref().unwrap();
            assert_eq!(terms.encryption, EncryptionTerms::Never);
        }
    }
}

fn certificate(path: &Path, name: &str) -> Certificate {
    let signer = create_signing_key(name, 1).unwrap().signer;
    fs::write(path.join(name), signer.certificate().to_pem()).unwrap();
    signer.certificate().clone()
}

#[test]
fn a_certificate_of_the_configuration_is_what_is_encrypted_to() {
    let folder = tempfile::tempdir().unwrap();
    certificate(folder.path(), "sp.crt");
    for (algorithm, content) in [
        ("", ContentEncryption::Aes256Gcm),
        (
            "encryption_algorithm = \"aes128-gcm\"",
            ContentEncryption::Aes128Gcm,
        ),
    ] {
        let lines = format!("{ACS}\nencryption_certificate = \"sp.crt\"\n{algorithm}");
        let config = parse(&with_party(&lines), folder.path()).unwrap();
        let party = config.relying_parties[1].load().unwrap();
        assert_eq!(party.encryption.unwrap().content(), content);
        assert!(
            config.relying_parties[0]
                .load()
                .unwrap()
                .encryption
                .is_none()
        );
    }
    let lines = format!("{ACS}\nencryption_certificate = \"gone.crt\"");
    let config = parse(&with_party(&lines), folder.path()).unwrap();
    let error = config.relying_parties[1].load().unwrap_err().to_string();
    assert!(error.contains("gone.crt"), "{error}");
}

#[test]
fn metadata_is_kept_by_what_the_configuration_says() {
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (
        certificate(folder.path(), "one.crt"),
        certificate(folder.path(), "other.crt"),
    );
    let keeper = |metadata: &str| {
        let text = with_party(&format!("metadata = {metadata}\n"));
        let config = parse(&text, folder.path()).unwrap();
        let party = config.relying_parties[1].load().unwrap();
        assert!(!party.is_available(), "{metadata}");
        config.keepers(true).unwrap().pop().unwrap()
    };
    let by_file = keeper(r#"{ file = "sp.xml" }"#);
    let source = by_file.source();
    assert!(matches!(&source.origin, Origin::File(path) if *path == folder.path().join("sp.xml")));
    assert!(matches!(source.trust, MetadataTrust::Source));
    assert_eq!(source.refresh, Duration::from_secs(3600));

    let signed = r#"{ url = "https://sp.test/m", certificate = ["one.crt", "other.crt"], permit_sha1 = true, refresh_seconds = 5, ca = "one.crt" }"#;
    let by_url = keeper(signed);
    let source = by_url.source();
    assert_eq!(source.origin.to_string(), "https://sp.test/m");
    assert_eq!(source.refresh, Duration::from_secs(5));
    let MetadataTrust::Signer { keys, permit_sha1 } = &source.trust else {
        panic!("{:?}", source.trust);
    };
    assert!(permit_sha1);
    assert_eq!(
        *keys,
        [one.public_key().clone(), other.public_key().clone()]
    );

    let unsigned =
        keeper(r#"{ url = "https://sp.test/m", ca = "one.crt", unsigned_on_purpose = true }"#);
    assert!(matches!(unsigned.source().trust, MetadataTrust::Source));
    assert!(
        parse(EXAMPLE, folder.path())
            .unwrap()
            .keepers(false)
            .unwrap()
            .is_empty()
    );
}

const PARTY: &str = r#"
entity_id = "https://ENTITY.test"
preset = "saml2"
assertion_consumer_services = ["https://ENTITY.test/acs"]
encryption_certificate = "sp.crt"
[[claim]]
name = "urn:upn"
from = "cloud-upn"
"#;

/// The example in a file of its own, with a folder beside it.
fn with_folder() -> (tempfile::TempDir, PathBuf) {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("homerealm.toml");
    let text = EXAMPLE.replace("# relying_party_folder = ", "relying_party_folder = ");
    fs::write(&path, text).unwrap();
    (place, path)
}

#[test]
fn each_file_of_the_folder_is_a_relying_party() {
    let (place, path) = with_folder();
    let error = Config::read(&path).unwrap_err().to_string();
    assert!(
        error.contains("trusts.d"),
        "a folder that is not there: {error}"
    );

    let folder = place.path().join("trusts.d");
    fs::create_dir(&folder).unwrap();
    assert_eq!(Config::read(&path).unwrap().relying_parties.len(), 1);
    for name in [
        "b.toml",
        "a.toml",
        ".a.toml.swp",
        ".hidden.toml",
        "a.toml~",
        "readme",
    ] {
        fs::write(folder.join(name), PARTY.replace("ENTITY", name)).unwrap();
    }
    certificate(&folder, "sp.crt");
    let config = Config::read(&path).unwrap();
    let parties = config
        .relying_parties
        .iter()
        .map(RelyingPartyFile::entity_id);
    let parties: Vec<_> = parties.collect();
    assert_eq!(
        parties,
        [
            "urn:federation:MicrosoftOnline",
            "https://a.toml.test",
            "https://b.toml.test"
        ]
    );
    let party = config.relying_parties[1].load().unwrap();
    assert!(
        party.encryption.is_some(),
        "paths are relative to the folder"
    );
    assert_eq!(party.claim_rules().len(), 1);
}

#[test]
fn errors_in_the_folder_point_at_their_file_and_line() {
    let (place, path) = with_folder();
    let folder = place.path().join("trusts.d");
    fs::create_dir(&folder).unwrap();
    for (old, new, line, message) in [
        (
            "preset = \"saml2\"",
            "presets = \"saml2\"",
            3,
            "did you mean `preset`",
        ),
        (
            "preset = \"saml2\"",
            "preset = \"saml\"",
            3,
            "did you mean `saml2`",
        ),
        (
            "https://ENTITY.test/acs",
            "http://ENTITY.test/acs",
            4,
            "https://",
        ),
        ("\"cloud-upn\"", "\"cloud\"", 8, "did you mean `cloud-upn`"),
        (
            "entity_id",
            "[[relying_party]]\nentity_id",
            2,
            "relying_party",
        ),
    ] {
        fs::write(folder.join("sp.toml"), PARTY.replace(old, new)).unwrap();
        let error = Config::read(&path).unwrap_err();
        let ConfigError::Invalid(invalid) = &error else {
            panic!("{error}");
        };
        let said = error.to_string();
        assert!(invalid.file.ends_with("trusts.d/sp.toml"), "{said}");
        assert_eq!(invalid.line, line, "{said}");
        assert!(said.contains(message), "{said}");
    }
}
