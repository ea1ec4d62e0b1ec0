//! Every error points at its line, says what is wrong, and suggests what may have been meant.

use std::{fs, os::unix::fs::PermissionsExt};

use super::*;
use crate::{directory::Servers, keys::create_signing_key};

pub(super) const EXAMPLE: &str = include_str!("../../config/homerealm.toml");
const DEMO: &str = include_str!("../../config/demo.toml");

const BASE_URL: &str = r#"base_url = "https://login.contoso.com""#;
pub(super) const ENTITY_ID: &str = r#"entity_id = "urn:federation:MicrosoftOnline""#;
const CONSUMERS: &str =
    r#"assertion_consumer_services = ["https://login.microsoftonline.com/login.srf"]"#;
const REPLIES: &str = r#"# reply_addresses = ["https://login.microsoftonline.com/login.srf"]"#;

pub(super) fn parse(text: &str) -> Result<Config, ConfigError> {
    Config::parse(text, "homerealm.toml", Path::new("/etc/homerealm"))
}

pub(super) fn invalid(text: &str) -> Invalid {
    match parse(text) {
        Err(ConfigError::Invalid(invalid)) => invalid,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("accepted:\n{text}"),
    }
}

/// The example with one line in place of another, and the number of that line.
pub(super) fn with_line(old: &str, new: &str) -> (String, usize) {
    let at = EXAMPLE
        .lines()
        .position(|line| line == old)
        .unwrap_or_else(|| panic!("no line {old:?}"));
    let lines: Vec<&str> = EXAMPLE
        .lines()
        .enumerate()
        .map(|(number, line)| if number == at { new } else { line })
        .collect();
    (lines.join("\n"), at + 1)
}

#[test]
fn the_files_that_come_along_are_understood() {
    let example = parse(EXAMPLE).unwrap();
    assert_eq!(example.edge.base_url, "https://login.contoso.com");
    assert_eq!(
        example.edge.sso_url(),
        "https://login.contoso.com/saml2/sso"
    );
    assert_eq!(example.session_lifetime, Duration::from_secs(480 * 60));
    assert_eq!(
        example.directories[0].servers().listed(),
        ["ldaps://dc1.contoso.com", "ldaps://dc2.contoso.com"].map(|url| url.parse().unwrap())
    );
    let demo = parse(DEMO).unwrap();
    assert!(demo.listen.tls.is_none());
}

#[test]
fn servers_are_listed_or_discovered() {
    let (text, _) = with_line(
        SERVERS,
        r#"discover = { domain = "AD.contoso.com", site = "Partners", within = ["contoso.com"], dns_servers = ["10.0.0.53", "[::1]:5353"], certificate_names = "server" }"#,
    );
    let config = parse(&text).unwrap();
    let Servers::Discovered(discovery) = config.directories[0].servers() else {
        panic!("they are to be discovered")
    };
    assert_eq!(discovery.domain().as_str(), "ad.contoso.com");
    assert_eq!(
        discovery.site().unwrap().as_str(),
        "_ldap._tcp.partners._sites.dc._msdcs.ad.contoso.com"
    );
    assert_eq!(discovery.within, ["contoso.com".parse().unwrap()]);
    let dns_servers = ["10.0.0.53:53", "[::1]:5353"].map(|server| server.parse().unwrap());
    assert_eq!(discovery.dns_servers, dns_servers);
    assert_eq!(discovery.ldaps_port, 636);

    // The example in the annotations.
    let example = EXAMPLE
        .lines()
        .find_map(|line| line.strip_prefix("#   discover = "))
        .unwrap();
    let discover = |more: &str| {
        let new = format!("discover = {example}\n{more}");
        parse(&with_line(SERVERS, &new).0)
    };
    discover("").unwrap();
    discover("starttls = true").unwrap();
    let neither = parse(&with_line(SERVERS, "").0).unwrap_err().to_string();
    assert!(neither.contains("either servers or discover"), "{neither}");
    for (more, says) in [
        ("plaintext_on_purpose = true", "need TLS"),
        (SERVERS, "either servers or discover"),
    ] {
        let error = discover(more).unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
    }
}

#[test]
fn an_issuer_is_any_absolute_uri() {
    let line = r#"issuer = "https://login.contoso.com/partners""#;
    for good in [
        "urn:contoso:partners",
        "http://contoso.com/adfs/services/trust/",
        "https://login.contoso.com/partners?x=1",
    ] {
        let config = parse(&with_line(line, &format!("issuer = {good:?}")).0).unwrap();
        assert_eq!(config.domains[0].issuer, good);
    }
    for bad in [
        "partners",
        "",
        "://x",
        "https:",
        "urn:a b",
        "urn:a\u{e4}",
        "1a:b",
    ] {
        let error = invalid(&with_line(line, &format!("issuer = {bad:?}")).0);
        assert!(error.message.contains("URI"), "{bad}: {error}");
    }
}

const WS_TRUST: &str = r#"# ws_trust_addresses = ["urn:federation:MicrosoftOnline", "https://login.microsoftonline.com/extSTS.srf"]"#;

/// A line of the example, what stands in its place, and what the error says.
const SERVERS: &str = r#"servers = ["ldaps://dc1.contoso.com", "ldaps://dc2.contoso.com"]"#;

#[rustfmt::skip]
const WRONG: &[(&str, &str, &str)] = &[
    (BASE_URL, r#"base_url = "http://login.contoso.com""#, "https://"),
    (BASE_URL, r#"base_url = "https://login.contoso.com/idp""#, "path"),
    (BASE_URL, r#"base_url = "https://login.contoso.com?x""#, "path"),
    (BASE_URL, r#"base_url = "https://login.contoso.com#x""#, "path"),
    (BASE_URL, r#"base_url = "https://Login.Contoso.com""#, "lower case"),
    (BASE_URL, r#"base_url = "https://login.contoso.com:443""#, ":443"),
    (BASE_URL, r#"base_url = "https://a@login.contoso.com""#, "host"),
    (BASE_URL, r#"base_url = "login""#, "https://"),
    (r#"address = "0.0.0.0:8443""#, r#"address = "0.0.0.0""#, "socket address"),
    (r#"suffix = "partners.contoso.com""#, r#"suffix = "partners contoso""#, "partners contoso"),
    (r#"issuer = "https://login.contoso.com/partners""#, r#"issuer = " ""#, "URI"),
    (CONSUMERS, r#"assertion_consumer_services = ["http://login.microsoftonline.com/login.srf"]"#, "https://"),
    (CONSUMERS, r#"assertion_consumer_services = ["https://sp'.test/"]"#, "plain"),
    (CONSUMERS, "assertion_consumer_services = []", "at least one"),
    ("# protocols = [\"saml2\", \"ws-federation\", \"ws-trust\"]", "protocols = []", "at least one"),
    (REPLIES, "reply_addresses = []", "at least one"),
    (REPLIES, r#"reply_addresses = ["http://rp.test/"]"#, "https://"),
    (REPLIES, r#"reply_addresses = ["https://*.rp.test/"]"#, "plain"),
    (WS_TRUST, "ws_trust_addresses = [\"extSTS\"]", "URI"),
    (ENTITY_ID, "entity_id = \"x\"\nrequest_signatures = \"required\"", "request_certificates"),
    (ENTITY_ID, "entity_id = \"x\"\npermit_sha1_requests = true", "request_signatures"),
    (SERVERS, r#"servers = ["https://dc1.contoso.com"]"#, "https://dc1.contoso.com"),
    (SERVERS, r#"servers = ["ldap://dc1.contoso.com"]"#, "in clear"),
    (r#"bind_dn = "CN=svc-homerealm,OU=Service,DC=contoso,DC=com""#, r#"bind_dn = " ""#, "bind_dn"),
    (r#"base = "DC=contoso,DC=com""#, r#"base = "contoso.com""#, "distinguished name"),
    (r#"scope = ["OU=Partners,DC=contoso,DC=com"]"#, r#"scope = ["OU=Partners,"]"#, "distinguished name"),
    (r#"# filter = "(extensionAttribute1=partner)""#, r#"filter = "(extensionAttribute1=partner""#, "filter"),
    (r#"# immutable_id = "consistency-guid-then-object-guid""#, r#"immutable_id = { text-attribute = "a b" }"#, "a b"),
    ("# deadline_seconds = 5", "deadline_seconds = 0", "between 1 and 60"),
    ("# lifetime_minutes = 480", "lifetime_minutes = 0", "between"),
    ("# lifetime_minutes = 10", "lifetime_minutes = 61", "between"),
    ("# clock_skew_seconds = 60", "clock_skew_seconds = 4294967295", "between 0 and 600"),
    ("# not_before_skew_seconds = 60", "not_before_skew_seconds = 4294967295", "between"),
    ("# mapping_cache_seconds = 60", "mapping_cache_seconds = 4294967295", "between 0 and 3600"),
    ("# starttls = false", "starttls = \"no\"", "boolean"),
    (SERVERS, r#"discover = { domain = "ad contoso" }"#, "\"ad contoso\": a DNS name"),
    (SERVERS, r#"discover = { domain = "ad.contoso.com", site = "a.b" }"#, "a DNS name"),
    (SERVERS, r#"discover = { domain = "ad.contoso.com", within = ["*.contoso.com"] }"#, "*.contoso.com"),
    (SERVERS, r#"discover = { domain = "ad.contoso.com", dns_servers = ["dns.contoso.com"] }"#, "IP address"),
    (SERVERS, r#"discover = { domain = "ad.contoso.com", dns_servers = ["1.1.1.1", "1.1.1.2", "1.1.1.3", "1.1.1.4"] }"#, "more than 3"),
    (SERVERS, r#"discover = { domain = "ad.contoso.com", ldaps_port = 0 }"#, "between 1 and 65535"),
    (SERVERS, r#"discover = { domain = "ad.contoso.com", certificate_names = "none" }"#, "server-and-domain"),
    (SERVERS, r#"discover = { site = "Partners" }"#, "domain"),
];

#[test]
fn each_error_points_at_its_line() {
    for (old, new, says) in WRONG {
        let (text, line) = with_line(old, new);
        let error = invalid(&text);
        assert_eq!(error.line, line, "{new}: {error}");
        assert!(error.message.contains(says), "{new}: {error}");
        assert!(
            error
                .to_string()
                .starts_with(&format!("homerealm.toml:{line}: ")),
            "{error}"
        );
    }
}

#[test]
fn unknown_keys_are_refused_with_the_nearest_that_exists() {
    for (old, new, suggestion) in [
        (
            r#"support_contact = "it-help@contoso.com""#,
            r#"suport_contact = "it-help@contoso.com""#,
            "support_contact",
        ),
        (
            ENTITY_ID,
            r#"entityid = "urn:federation:MicrosoftOnline""#,
            "entity_id",
        ),
        (
            "# sign_response = false",
            "sign_responses = true",
            "sign_response",
        ),
        (
            r#"# request_signatures = "not-verified""#,
            r#"request_signatures = "require""#,
            "required",
        ),
        (
            r#"# protocols = ["saml2", "ws-federation", "ws-trust"]"#,
            r#"protocols = ["ws-fed"]"#,
            "ws-federation",
        ),
        (r#"# token = "saml1.1""#, r#"token = "saml1""#, "saml1.1"),
        (
            r#"# sign_in_attributes = ["mail", "proxyAddresses", "userPrincipalName"]"#,
            r#"sign_in_attributes = ["email"]"#,
            "mail",
        ),
        (r#"# level = "info""#, r#"level = "warning""#, "warn"),
        ("[session]", "[sesion]", "session"),
    ] {
        let (text, line) = with_line(old, new);
        let error = invalid(&text);
        assert_eq!(error.line, line, "{new}: {error}");
        assert_eq!(error.suggestion.as_deref(), Some(suggestion), "{error}");
    }
    // Nothing is near: no guess.
    let (text, _) = with_line("# starttls = false", "zebra = false");
    assert_eq!(invalid(&text).suggestion, None);
}

#[test]
fn what_is_missing_is_named() {
    for (line, key) in [
        (r#"base_url = "https://login.contoso.com""#, "base_url"),
        (r#"key = "/etc/homerealm/signing.key""#, "key"),
        (r#"base = "DC=contoso,DC=com""#, "base"),
    ] {
        let (text, _) = with_line(line, "");
        let error = invalid(&text);
        assert!(error.message.contains(&format!("`{key}`")), "{error}");
    }
    let both = "[listen] needs";
    let (text, _) = with_line(r#"tls_key = "/etc/homerealm/tls.key""#, "");
    assert!(invalid(&text).message.contains(both));
}

#[test]
fn a_secret_in_the_file_is_refused_and_not_repeated() {
    let line = r#"bind_password = { file = "/etc/homerealm/directory-password" }"#;
    for written in [
        r#"bind_password = "hunter2""#,
        r#"bind_password = { hunter2 = "hunter2" }"#,
        r#"bind_password = { file = "a", env = "hunter2" }"#,
        r#"bind_password = ["hunter2"]"#,
    ] {
        let (text, at) = with_line(line, written);
        let error = invalid(&text);
        assert_eq!(error.line, at);
        assert!(error.message.contains("{ file ="), "{error}");
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
    }
}

#[test]
fn secrets_are_read_from_files_for_the_owner_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret");
    let set = |content: &str, mode: u32| {
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    };
    let source = SecretSource::File(path.clone());
    for (content, secret) in [
        ("s3cret\n", "s3cret"),
        ("s3cret\r\n", "s3cret"),
        (" a ", " a "),
    ] {
        set(content, 0o600);
        assert_eq!(source.read().unwrap().as_str(), secret);
    }
    for mode in [0o640, 0o604, 0o620, 0o610] {
        set("s3cret", mode);
        let error = source.read().unwrap_err();
        assert!(matches!(&error, ConfigError::OpenSecret { .. }), "{error}");
        assert!(error.to_string().contains("chmod 600"), "{error}");
        assert!(!error.to_string().contains("s3cret"), "{error}");
    }
    for empty in ["", "\n"] {
        set(empty, 0o600);
        assert!(matches!(source.read(), Err(ConfigError::Secret(_))));
    }
    let absent = SecretSource::File(folder.path().join("absent"));
    assert!(absent.read().unwrap_err().to_string().contains("absent"));
    let unset = SecretSource::Env("HOMEREALM_TEST_OF_A_VARIABLE_NOT_SET".into());
    let error = unset.read().unwrap_err().to_string();
    assert!(
        error.contains("HOMEREALM_TEST_OF_A_VARIABLE_NOT_SET"),
        "{error}"
    );
}

#[test]
fn signing_keys_must_be_for_their_owner_and_fit() {
    let folder = tempfile::tempdir().unwrap();
    let one = create_signing_key("one", 1).unwrap();
    let other = create_signing_key("other", 1).unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        path
    };
    let mut signing = Signing {
        key: write("signing.key", &one.private_key_pem),
        certificate: write("signing.crt", &one.signer.certificate().to_pem()),
        next_key: folder.path().join("next.key"),
        next_certificate: folder.path().join("next.crt"),
        warn_days: 30,
    };
    assert!(signing.key_ring().is_ok());
    fs::set_permissions(&signing.key, fs::Permissions::from_mode(0o644)).unwrap();
    assert!(matches!(
        signing.key_ring(),
        Err(ConfigError::OpenSecret { .. })
    ));
    fs::set_permissions(&signing.key, fs::Permissions::from_mode(0o600)).unwrap();
    signing.certificate = write("other.crt", &other.signer.certificate().to_pem());
    assert!(matches!(signing.key_ring(), Err(ConfigError::Key { .. })));
}

#[test]
fn the_key_decides_which_certificate_is_current() {
    let folder = tempfile::tempdir().unwrap();
    let one = create_signing_key("one", 1).unwrap();
    let next = create_signing_key("next", 1).unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        path
    };
    let signing = Signing {
        key: write("signing.key", &one.private_key_pem),
        certificate: write("signing.crt", &one.signer.certificate().to_pem()),
        next_key: folder.path().join("signing-next.key"),
        next_certificate: folder.path().join("signing-next.crt"),
        warn_days: 30,
    };
    let ring = signing.key_ring().unwrap();
    assert!(ring.next().is_none() && signing.next_signer().unwrap().is_none());

    write("signing-next.crt", &next.signer.certificate().to_pem());
    write("signing-next.key", &next.private_key_pem);
    let ring = signing.key_ring().unwrap();
    assert_eq!(ring.current().certificate(), one.signer.certificate());
    assert_eq!(ring.next(), Some(next.signer.certificate()));
    assert!(signing.next_signer().unwrap().is_some());

    fs::rename(&signing.next_key, &signing.key).unwrap();
    let ring = signing.key_ring().unwrap();
    assert_eq!(ring.current().certificate(), next.signer.certificate());
    assert_eq!(ring.former(), Some(one.signer.certificate()));
    assert!(ring.next().is_none());
    assert_eq!(ring.published().count(), 2);

    fs::rename(&signing.next_certificate, &signing.certificate).unwrap();
    let ring = signing.key_ring().unwrap();
    assert_eq!(ring.current().certificate(), next.signer.certificate());
    assert_eq!(ring.published().count(), 1);

    write("signing-next.crt", "no certificate");
    assert!(signing.key_ring().is_err());
}

#[test]
fn a_token_that_stands_in_the_file_is_refused_and_not_repeated() {
    for written in [
        r#"credential = "eyJ0b2tlbg""#,
        r#"credential = { token = "eyJ0b2tlbg" }"#,
        r#"credential = { tenant = "a/b", client_id = "eyJ0b2tlbg", certificate = "c", key = "k" }"#,
        r#"credential = { certificate = "eyJ0b2tlbg", key = "k" }"#,
    ] {
        let text = include_str!("../../config/homerealm.toml")
            .replace("[entra]\n", &format!("[entra]\n{written}\n"));
        let error = Config::parse(&text, "t.toml", Path::new("")).unwrap_err();
        let error = error.to_string();
        assert!(error.contains("a credential for Graph is"), "{error}");
        assert!(!error.contains("eyJ"), "{error}");
    }
}
