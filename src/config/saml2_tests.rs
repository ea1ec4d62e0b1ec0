//! Upstreams by SAML 2.0: what is understood, and that each error points at its line.

use std::fs;

use time::OffsetDateTime;

use super::*;
use crate::{
    keys::{KeyRing, create_signing_key},
    saml2::{Endpoints, identity_provider_metadata},
    upstream::saml2::{AddressSource, LoginHint, Saml2},
};

const EXAMPLE: &str = include_str!("../../config/homerealm.toml");
const UPSTREAM: &str = include_str!("../../config/upstream-saml2.toml");

const ENTITY_ID: &str = r#"entity_id = "http://adfs.fabrikam.com/adfs/services/trust""#;
const IDP: &str = "http://adfs.fabrikam.com/adfs/services/trust";
const KNOWN: &str = "single_sign_on_service = \"https://adfs.fabrikam.com/adfs/ls/\"\n\
    certificates = \"fabrikam.crt\"";

fn metadata() -> &'static str {
    let mut lines = UPSTREAM.lines();
    lines.find(|line| line.starts_with("metadata = ")).unwrap()
}

/// Both examples with these lines of the second in place of another, and the number of that one.
fn with_line(old: &str, new: &str) -> (String, usize) {
    assert!(UPSTREAM.lines().any(|line| line == old), "no line {old:?}");
    let before = EXAMPLE.lines().count() + UPSTREAM.lines().take_while(|line| *line != old).count();
    let changed = UPSTREAM.replacen(&format!("\n{old}\n"), &format!("\n{new}\n"), 1);
    let example = EXAMPLE.trim_end_matches('\n');
    (format!("{example}\n{changed}"), before + 1)
}

fn parse(text: &str, folder: &Path) -> Result<Config, ConfigError> {
    Config::parse(text, "homerealm.toml", folder)
}

/// The message of an error that points at the table where it is about the table, and else at the line.
fn refused(old: &str, new: &str) -> String {
    let (text, line) = with_line(old, new);
    let ConfigError::Invalid(error) = parse(&text, Path::new("")).unwrap_err() else {
        panic!("{new}");
    };
    let table = text.lines().take_while(|line| *line != "[upstream.saml2]");
    let is_of_table = error.message.starts_with("saml2 needs");
    let expected = if is_of_table { table.count() + 1 } else { line };
    assert_eq!(error.line, expected, "{new}: {error}");
    error.message
}

fn loaded(old: &str, new: &str) -> Upstream {
    let config = parse(&with_line(old, new).0, Path::new("")).unwrap();
    config.upstreams[0].load().unwrap()
}

fn saml2(upstream: &Upstream) -> &Saml2 {
    let UpstreamProtocol::Saml2(saml2) = &upstream.protocol else {
        panic!("{upstream:?}")
    };
    saml2
}

#[test]
fn the_example_is_understood() {
    let upstream = loaded(ENTITY_ID, ENTITY_ID);
    let saml2 = saml2(&upstream);
    assert_eq!(upstream.terms.name, "fabrikam");
    assert_eq!(saml2.partner().entity_id(), IDP);
    assert_eq!(saml2.partner().described(), None);
    let settings = saml2.settings();
    let ours = &settings.service_provider;
    let base = "https://login.contoso.com/upstream/saml2";
    assert_eq!(ours.entity_id, format!("{base}/metadata"));
    assert_eq!(ours.consumer, format!("{base}/acs"));
    assert_eq!(settings.address, AddressSource::NameId);
    assert_eq!(settings.login_hint, LoginHint::Parameter);
    assert_eq!(settings.clock_skew, time::Duration::seconds(60));
}

#[test]
fn each_key_is_heard() {
    let with = |line: &str| loaded(ENTITY_ID, &format!("{ENTITY_ID}\n{line}"));
    let upstream = with(r#"address = { attribute = "urn:oid:1.2" }"#);
    let attribute = AddressSource::Attribute("urn:oid:1.2".to_owned());
    assert_eq!(saml2(&upstream).settings().address, attribute);
    for (text, hint) in [("subject", LoginHint::Subject), ("off", LoginHint::Off)] {
        let upstream = with(&format!("login_hint = \"{text}\""));
        assert_eq!(saml2(&upstream).settings().login_hint, hint);
    }
    let upstream = with(r#"several_factors = ["urn:a"]"#);
    assert_eq!(saml2(&upstream).settings().several_factors, ["urn:a"]);
    let upstream = with("clock_skew_seconds = 0");
    assert_eq!(saml2(&upstream).settings().clock_skew, time::Duration::ZERO);
    let upstream = with(r#"own_entity_id = "urn:us""#);
    assert_eq!(
        saml2(&upstream).settings().service_provider.entity_id,
        "urn:us"
    );
}

#[test]
fn what_is_wrong_is_pointed_at() {
    for (old, new, says) in [
        (ENTITY_ID, r#"entity_id = "fabrikam""#, "absolute URI"),
        (metadata(), "", "saml2 needs metadata, or"),
        (metadata(), "metadata = {}", "either"),
        (
            metadata(),
            r#"metadata = { url = "https://a.test/" }"#,
            "unsigned_on_purpose = true",
        ),
        (
            metadata(),
            r#"certificates = "a.crt""#,
            "saml2 needs metadata, or",
        ),
        (
            metadata(),
            "single_sign_on_service = \"https://a.test\"\ncertificates = []",
            "saml2 needs metadata, or",
        ),
        (
            metadata(),
            "single_sign_on_service = \"http://a.test\"\ncertificates = \"a.crt\"",
            "https://",
        ),
        (
            metadata(),
            "metadata = { file = \"a\" }\ncertificates = \"a.crt\"",
            "one or the other",
        ),
        (
            ENTITY_ID,
            &format!("clock_skew_seconds = 601\n{ENTITY_ID}"),
            "between 0 and 600",
        ),
        (
            ENTITY_ID,
            &format!("own_entity_id = \"us\"\n{ENTITY_ID}"),
            "absolute URI",
        ),
    ] {
        let message = refused(old, new);
        assert!(message.contains(says), "{new}: {message}");
    }
}

#[test]
fn certificates_are_read_when_it_is_loaded() {
    let folder = tempfile::tempdir().unwrap();
    let config = parse(&with_line(metadata(), KNOWN).0, folder.path()).unwrap();
    assert!(config.upstreams[0].load().is_err());
    let signer = create_signing_key("Fabrikam", 1).unwrap().signer;
    fs::write(
        folder.path().join("fabrikam.crt"),
        signer.certificate().to_pem(),
    )
    .unwrap();
    let upstream = config.upstreams[0].load().unwrap();
    let described = saml2(&upstream).partner().described().unwrap();
    assert_eq!(
        described.single_sign_on,
        "https://adfs.fabrikam.com/adfs/ls/"
    );
    assert_eq!(described.keys, [signer.certificate().public_key().clone()]);
    assert!(
        config
            .upstream_keepers([&upstream], false)
            .unwrap()
            .is_empty()
    );
}

/// What a keeper takes, the upstream itself knows.
#[tokio::test]
async fn an_upstream_is_as_its_metadata_describes_it() {
    let folder = tempfile::tempdir().unwrap();
    let line = r#"metadata = { file = "idp.xml" }"#;
    let config = parse(&with_line(metadata(), line).0, folder.path()).unwrap();
    let upstream = config.upstreams[0].load().unwrap();
    let mut keepers = config.upstream_keepers([&upstream], false).unwrap();
    assert_eq!(keepers.len(), 1);
    let partner = saml2(&upstream).partner();
    assert!(keepers[0].refresh(&()).await.is_err());
    assert_eq!(partner.described(), None);

    let signer = create_signing_key("Fabrikam", 1).unwrap().signer;
    let key = signer.certificate().public_key().clone();
    let endpoints = Endpoints {
        entity_id: IDP,
        single_sign_on: "https://adfs.fabrikam.com/adfs/ls/",
        single_logout: "https://adfs.fabrikam.com/adfs/ls/",
        name_id_formats: &[],
    };
    let good = identity_provider_metadata(&endpoints, &KeyRing::new(signer, None)).unwrap();
    let write = |document: &str| fs::write(folder.path().join("idp.xml"), document).unwrap();
    write(&good);
    crate::metadata::begin(&mut keepers, &()).await;
    let described = partner.described().unwrap();
    assert_eq!(
        described.single_sign_on,
        "https://adfs.fabrikam.com/adfs/ls/"
    );
    assert_eq!(described.keys, [key]);

    // What cannot be used changes nothing ...
    let start = good.find("<md:KeyDescriptor").unwrap();
    let end = good.rfind("</md:KeyDescriptor>").unwrap() + "</md:KeyDescriptor>".len();
    let keyless = format!("{}{}", &good[..start], &good[end..]);
    for (bad, problem) in [
        (keyless, "no certificate for signing"),
        (
            good.replace("https://adfs", "http://adfs"),
            "https with a plain host",
        ),
        (
            good.replace("IDPSSODescriptor", "SPSSODescriptor"),
            "no identity provider",
        ),
    ] {
        write(&bad);
        let error = keepers[0].refresh(&()).await.unwrap_err().to_string();
        assert!(error.contains(problem), "{error}");
        assert_eq!(partner.described().as_ref(), Some(&described));
    }
    // ... until its own end.
    let until = OffsetDateTime::now_utc() + time::Duration::milliseconds(300);
    let until = crate::saml2::format_timestamp(until);
    write(&good.replacen(" ID=", &format!(" validUntil=\"{until}\" ID="), 1));
    keepers[0].refresh(&()).await.unwrap();
    assert!(partner.described().is_some());
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert!(keepers[0].refresh(&()).await.is_err());
    assert_eq!(partner.described(), None);
}
