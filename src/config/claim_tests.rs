//! Claims, names and access: what is understood, and that each error points at its line.

use super::*;
use crate::trust::{Access, ClaimSource, NameFormat, NameIdFormat, NameIdRule, Preset};

const EXAMPLE: &str = include_str!("../../config/homerealm.toml");
const WIKI: &str = include_str!("../../config/relying-party.toml");

const ENTITY_ID: &str = r#"entity_id = "https://wiki.contoso.com/saml""#;
const PRESET: &str = r#"preset = "saml2""#;
const NAME_ID: &str = r#"name_id = { email-address = "email" }"#;
const FROM: &str = r#"from = { attribute = "department" }"#;
const NAME: &str = r#"name = "urn:oid:2.5.4.11""#;
const REPLACE: &str = r#"replace = { pattern = "^([^/]+)/.*$", with = "$1" }"#;
const ISSUE_IF: &str = r#"issue_if = { suffix = "partners.contoso.com" }"#;
const ADMINS: &str =
    r#"    { group = "CN=Wiki Admins,OU=Groups,DC=contoso,DC=com", value = "admin" },"#;
const READERS: &str = r#"    { group = "CN=Wiki Readers,OU=Groups,DC=contoso,DC=com" },"#;

/// Both examples with one line of the second in place of another, and the number of that line.
fn with_line(old: &str, new: &str) -> (String, usize) {
    let text = format!("{EXAMPLE}\n{WIKI}");
    let numbered = text.lines().enumerate();
    let at = numbered.filter(|(_, line)| *line == old).last();
    let at = at.map(|(number, _)| number);
    let at = at.unwrap_or_else(|| panic!("no line {old:?}"));
    let lines = text.lines().enumerate();
    let lines: Vec<_> = lines
        .map(|(n, line)| if n == at { new } else { line })
        .collect();
    (lines.join("\n"), at + 1)
}

fn parse(text: &str) -> Result<Config, ConfigError> {
    Config::parse(text, "homerealm.toml", Path::new("/etc/homerealm"))
}

/// The second relying party of the examples with another line.
fn wiki(old: &str, new: &str) -> RelyingParty {
    let config = parse(&with_line(old, new).0).unwrap_or_else(|error| panic!("{new}: {error}"));
    config.relying_parties[1].party.clone()
}

#[test]
fn the_example_is_understood() {
    let party = wiki(PRESET, PRESET);
    assert_eq!(party.preset(), Preset::Saml2);
    assert_eq!(party.name_id_rule().format(), NameIdFormat::EmailAddress);
    let Access::Only(conditions) = &party.access else {
        panic!("{:?}", party.access);
    };
    let conditions: Vec<_> = conditions.iter().map(ToString::to_string).collect();
    assert_eq!(
        conditions,
        [
            "in the group CN=Wiki Readers,OU=Groups,DC=contoso,DC=com",
            "signed in with an address in fabrikam.com or adatum.com and with the title Editor",
        ]
    );
    let [unit, role] = party.claim_rules() else {
        panic!("{:?}", party.claim_rules());
    };
    assert_eq!(unit.name_format, Some(NameFormat::Uri));
    assert_eq!(unit.friendly_name.as_deref(), Some("ou"));
    assert_eq!(unit.conditions.len(), 1);
    assert_eq!(
        unit.replacement
            .as_ref()
            .and_then(|r| r.apply("IT/3"))
            .as_deref(),
        Some("IT")
    );
    assert_eq!((role.name.as_str(), role.name_format), ("role", None));
    assert!(matches!(&role.source, ClaimSource::Groups(groups) if groups.len() == 2));
}

#[test]
fn sources_and_access_may_be_written_short() {
    for (from, source) in [
        (r#""email""#, ClaimSource::Email),
        (r#""cloud-upn""#, ClaimSource::CloudUpn),
        (r#""immutable-id""#, ClaimSource::ImmutableId),
        (r#""display-name""#, ClaimSource::DisplayName),
        (
            r#"{ constant = "a" }"#,
            ClaimSource::Constant(vec!["a".into()]),
        ),
        (
            r#"{ constant = ["a", "b"] }"#,
            ClaimSource::Constant(vec!["a".into(), "b".into()]),
        ),
    ] {
        let party = wiki(FROM, &format!("from = {from}"));
        assert_eq!(party.claim_rules()[0].source, source);
    }
    let text = |access: &str| {
        let text = format!("{EXAMPLE}\n{WIKI}");
        let (before, rest) = text.rsplit_once("access = [\n").unwrap();
        let (_, after) = rest.split_once("\n]\n").unwrap();
        format!("{before}{access}\n{after}")
    };
    let access = |written: &str| {
        parse(&text(written)).unwrap().relying_parties[1]
            .party
            .access
            .clone()
    };
    assert_eq!(access(""), Access::Nobody);
    assert_eq!(access(r#"access = "everyone""#), Access::Everyone);
    for one in [
        r#"access = { directory = "directory" }"#,
        r#"access = [{ directory = ["directory"] }]"#,
    ] {
        assert!(matches!(access(one), Access::Only(one) if one.len() == 1));
    }
    let multi = access(
        r#"access = { attribute = [{ name = "l", equals = "a" }, { name = "c", matches = "^b$" }] }"#,
    );
    assert!(matches!(multi, Access::Only(one) if one[0].tests().len() == 2));
}

#[test]
fn issuers_beside_those_of_the_domains_are_for_others_than_entra() {
    let party = wiki(PRESET, "preset = \"saml2\"\nissuer = \"urn:wiki:idp\"");
    assert_eq!(party.issuer.as_deref(), Some("urn:wiki:idp"));
    let (text, _) = with_line(PRESET, "preset = \"saml2\"\nissuer = \"no URI\"");
    assert!(
        parse(&text)
            .unwrap_err()
            .to_string()
            .contains("absolute URI")
    );
    let entra = format!("{ENTITY_ID}\nissuer = \"urn:wiki:idp\"");
    let (text, line) = with_line(ENTITY_ID, &entra);
    let text = text
        .replace(PRESET, "preset = \"entra\"")
        .replace(NAME_ID, "");
    let error = parse(&text).unwrap_err().to_string();
    assert!(
        error.starts_with(&format!("homerealm.toml:{}: to Entra", line + 1)),
        "{error}"
    );
}

/// A line of the example, what stands in its place, and what the error says.
#[rustfmt::skip]
const WRONG: &[(&str, &str, &str)] = &[
    (PRESET, r#"preset = "entra-id""#, "unknown variant"),
    (NAME_ID, r#"name_id = "pairwise""#, "pairwise_salt"),
    (NAME_ID, r#"name_id = "email""#, "unknown variant"),
    (NAME_ID, r#"name_id = { email-address = { attribute = "userPassword" } }"#, "secrets"),
    (FROM, r#"from = "attribute:department""#, "unknown variant"),
    (FROM, r#"from = { attribute = "depart ment" }"#, "LDAP attribute"),
    (FROM, r#"from = { attribute = "unicodePwd" }"#, "secrets"),
    (FROM, r#"from = { attribute = "objectGUID" }"#, "octets"),
    (FROM, "from = { constant = [] }", "a value"),
    (FROM, r#"from = { constant = " " }"#, "1 to 1024 bytes"),
    (FROM, r#"from = { constant = "a\u0000" }"#, "controls"),
    (FROM, "from = { groups = [] }", "no group"),
    (FROM, r#"from = { groups = [{ group = "Admins", value = "a" }] }"#, "distinguished name"),
    (ADMINS, r#"    { group = "", value = "a" },"#, "distinguished name"),
    (ADMINS, r#"    { group = "CN=a", value = "" },"#, "1 to 1024 bytes"),
    (ADMINS, r#"    { grup = "CN=a", value = "a" },"#, "unknown field"),
    (NAME, r#"name = "two words""#, "no spaces"),
    (REPLACE, r#"replace = { pattern = "([^/]+)/.*", with = "$1" }"#, "begins with ^"),
    (REPLACE, r#"replace = { pattern = "^([^/]+/.*$", with = "$1" }"#, "regular expression"),
    (REPLACE, r#"replace = { pattern = "^([^/]+)/.*$", with = "$2" }"#, "group \"2\""),
    (REPLACE, r#"replace = { pattern = "^([^/]+)/.*$", whit = "$1" }"#, "unknown field"),
    (ISSUE_IF, r#"issue_if = { suffix = "fabrikam.com" }"#, "no [[federated_domain]]"),
    (ISSUE_IF, r#"issue_if = { directory = "other" }"#, "no [[directory]]"),
    (ISSUE_IF, "issue_if = { group = [] }", "empty list"),
    (ISSUE_IF, r#"issue_if = { below = "" }"#, "distinguished name"),
    (ISSUE_IF, r#"issue_if = { email_domain = "fabrikam" }"#, "fabrikam"),
    (ISSUE_IF, "issue_if = {}", "without a test"),
    (ISSUE_IF, "issue_if = []", "no condition"),
    (ISSUE_IF, r#"issue_if = { sufix = "partners.contoso.com" }"#, "unknown field"),
    (ISSUE_IF, r#"issue_if = { attribute = { name = "l" } }"#, "either equals or matches"),
    (ISSUE_IF, r#"issue_if = { attribute = { name = "l", equals = "a", matches = "^a$" } }"#, "either equals or matches"),
    (ISSUE_IF, r#"issue_if = { attribute = { name = "l", matches = "a" } }"#, "begins with ^"),
    (READERS, r#"    { group = "Wiki Readers" },"#, "distinguished name"),
    (READERS, "    {},", "without a test"),
    (READERS, r#"    "everyone","#, "expected a condition such as"),
    (FROM, r#"from = "attribute""#, "needs a value"),
    (NAME_ID, r#"name_id = "email-address""#, "needs a value"),
];

#[test]
fn each_error_points_at_its_line() {
    for (old, new, says) in WRONG {
        let (text, line) = with_line(old, new);
        let Err(ConfigError::Invalid(error)) = parse(&text) else {
            panic!("accepted: {new}");
        };
        assert!(error.message.contains(says), "{new}: {error}");
        // Of a list of conditions, an empty one is found where the list begins.
        let of_list = *says == "without a test" && *old == READERS;
        assert_eq!(
            error.line,
            if of_list { line - 1 } else { line },
            "{new}: {error}"
        );
    }
}

#[test]
fn slips_get_the_nearest_word() {
    for (old, new, suggestion) in [
        (FROM, r#"from = "attribute:department""#, "attribute"),
        (FROM, r#"from = { atribute = "department" }"#, "attribute"),
        (FROM, r#"from = "cloud_upn""#, "cloud-upn"),
        (NAME_ID, r#"name_id = "persistent-pairwise""#, ""),
        (NAME_ID, r#"name_id = "transiant""#, "transient"),
        (ISSUE_IF, r#"issue_if = { grup = "CN=a" }"#, "group"),
        (PRESET, r#"preset = "saml""#, "saml2"),
    ] {
        let Err(ConfigError::Invalid(error)) = parse(&with_line(old, new).0) else {
            panic!("accepted: {new}");
        };
        assert_eq!(
            error.suggestion.as_deref().unwrap_or(""),
            suggestion,
            "{error}"
        );
    }
}

#[test]
fn a_relying_party_says_what_kind_it_is() {
    let (text, _) = with_line(PRESET, "");
    let error = parse(&text).unwrap_err().to_string();
    assert!(error.contains("missing field `preset`"), "{error}");
    let access = parse(&text.replace("access = \"every", "acess = \"every")).unwrap_err();
    assert!(access.to_string().contains("preset"), "{access}");
}

#[test]
fn what_entra_knows_people_by_cannot_be_changed_by_a_slip() {
    let entra = |old: &str, new: &str| {
        let (text, line) = with_line(old, new);
        let text = text.replace(PRESET, "preset = \"entra\"");
        let text = text.replace(r#"display_name = "The wiki""#, r#"protocols = ["saml2"]"#);
        let text = if old == NAME_ID {
            text
        } else {
            text.replace(NAME_ID, "")
        };
        (parse(&text), line)
    };
    assert!(entra(FROM, FROM).0.is_ok());
    for (old, new, says) in [
        (NAME_ID, r#"name_id = "transient""#, "immutable-id"),
        (NAME_ID, NAME_ID, "immutable-id"),
        (NAME, r#"name = "IDPEmail""#, "preset alone"),
        (
            NAME,
            r#"name = "http://schemas.xmlsoap.org/claims/UPN""#,
            "preset alone",
        ),
    ] {
        let (outcome, line) = entra(old, new);
        let error = outcome.unwrap_err().to_string();
        assert!(
            error.starts_with(&format!("homerealm.toml:{line}: ")),
            "{error}"
        );
        assert!(error.contains(says), "{error}");
    }
}

#[test]
fn a_claim_fits_the_tokens_that_carry_it() {
    let with = |name: &str, more: &str| {
        let (text, line) = with_line(NAME, &format!("name = {name:?}"));
        let text = text.replace(r#"display_name = "The wiki""#, more);
        let text = text.replace(r#"name = "role""#, r#"name = "https://contoso.com/role""#);
        (parse(&text), line)
    };
    let (ws_federation, ws_trust) = (
        r#"protocols = ["ws-federation"]"#,
        r#"protocols = ["saml2", "ws-trust"]"#,
    );
    for more in [ws_federation, ws_trust] {
        assert!(with("https://contoso.com/ou", more).0.is_ok(), "{more}");
        let (outcome, line) = with("urn:oid:2.5.4.11", more);
        let error = outcome.unwrap_err().to_string();
        let begins = format!("homerealm.toml:{line}: \"urn:oid:2.5.4.11\" cannot stand in");
        assert!(error.starts_with(&begins), "{error}");
    }
    for more in ["", r#"protocols = ["saml2"]"#] {
        assert!(with("urn:oid:2.5.4.11", more).0.is_ok(), "{more}");
    }
    let saml2_tokens = format!("{ws_federation}\ntoken = \"saml2\"");
    assert!(with("urn:oid:2.5.4.11", &saml2_tokens).0.is_ok());
}

#[test]
fn pairwise_names_need_a_salt_of_some_length_when_they_are_used() {
    use std::{fs, os::unix::fs::PermissionsExt};
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pairwise-salt");
    let (text, _) = with_line(NAME_ID, r#"name_id = "pairwise""#);
    let salted = format!("pairwise_salt = {{ file = \"pairwise-salt\" }}\n{text}");
    let load = |text: &str| {
        let config = Config::parse(text, "homerealm.toml", folder.path()).unwrap();
        config.relying_parties[1].load()
    };
    assert!(matches!(load(&salted), Err(ConfigError::Read { .. })));
    for (salt, mode, says) in [
        ("short", 0o600, "32 characters"),
        ("0123456789abcdef0123456789abcdef", 0o644, "chmod 600"),
    ] {
        fs::write(&file, salt).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        let error = load(&salted).unwrap_err().to_string();
        assert!(error.contains(says) && !error.contains(salt), "{error}");
    }
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let party = load(&salted).unwrap();
    assert!(matches!(party.name_id_rule(), NameIdRule::Pairwise(_)));
    // Nobody uses it: it need not be there.
    fs::remove_file(&file).unwrap();
    let unused = format!("pairwise_salt = {{ file = \"pairwise-salt\" }}\n{EXAMPLE}\n{WIKI}");
    assert!(load(&unused).is_ok());
    let certificate = salted.replacen(
        "{ file = \"pairwise-salt\" }",
        "{ certificate = \"a\", key = \"b\" }",
        1,
    );
    let error = Config::parse(&certificate, "homerealm.toml", folder.path()).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("homerealm.toml:1: a certificate is no secret"),
        "{error}"
    );
}
