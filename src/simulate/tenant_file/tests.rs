use super::*;
use crate::entra::fixture::{CURRENT, NEXT};

/// Contoso and Fabrikam, each line of its own for what is mutated.
fn file() -> String {
    let current = CURRENT.certificate().base64();
    let next = NEXT.certificate().base64();
    format!(
        r#"[[tenant]]
name = "contoso.onmicrosoft.com"
displayName = "Contoso"

[[tenant.domain]]
id = "contoso.com"
isDefault = true

[[tenant.domain]]
id = "partners.contoso.com"
isRoot = true
[tenant.domain.federationConfiguration]
displayName = "Contoso partners"
issuerUri = "https://idp.contoso.com/partners"
passiveSignInUri = "https://idp.contoso.com/saml2/sso"
signOutUri = "https://idp.contoso.com/saml2/slo"
preferredAuthenticationProtocol = "saml"
federatedIdpMfaBehavior = "enforceMfaByFederatedIdp"
signingCertificate = "{current}"
nextSigningCertificate = "{next}"

[[tenant.domain]]
id = "emea.partners.contoso.com"

[[tenant.user]]
userPrincipalName = "wmoran@partners.contoso.com"
onPremisesUserPrincipalName = "wmoran@fabrikam.com"
onPremisesImmutableId = "MyIRAFVEd2aImaq7zN3u/w=="
userType = "Guest"

[[tenant.user]]
userPrincipalName = "mia@contoso.com"
proxyAddresses = ["SMTP:mia@contoso.com"]

[tenant.homeRealmDiscoveryPolicy]
PreferredDomain = "partners.contoso.com"

[tenant.federatedTokenValidationPolicy.validatingDomains]
rootDomains = "enumerated"
domainNames = ["contoso.com"]

[[tenant]]
name = "fabrikam.onmicrosoft.com"

[[tenant.domain]]
id = "fabrikam.com"
"#
    )
}

#[test]
fn what_is_written_is_what_there_is() {
    let tenants = parse(&file(), "tenant.toml").unwrap();
    let contoso = tenants.first();
    assert_eq!(contoso.display_name(), "Contoso");
    assert_eq!(contoso.default_domain().as_str(), "contoso.com");
    let domains: Vec<String> = contoso
        .domains()
        .iter()
        .map(|domain| {
            let root = contoso.root_of(&domain.name).unwrap();
            format!("{} as {}", domain.name, root.name)
        })
        .collect();
    assert_eq!(
        domains,
        [
            "contoso.onmicrosoft.com as contoso.onmicrosoft.com",
            "contoso.com as contoso.com",
            "partners.contoso.com as partners.contoso.com",
            "emea.partners.contoso.com as partners.contoso.com",
        ]
    );
    let (_, federation) = contoso.federations().next().unwrap();
    assert_eq!(federation.signing_certificate, *CURRENT.certificate());
    assert_eq!(
        federation.next_signing_certificate.as_ref(),
        Some(NEXT.certificate())
    );
    let wendy = contoso.users().first().unwrap();
    assert_eq!(wendy.user_type.to_string(), "Guest");
    // The id is that of the name, each time.
    let again = parse(&file(), "tenant.toml").unwrap();
    assert_eq!(again.first().users().first().unwrap().id, wendy.id);
    let fabrikam = tenants.at_address("fabrikam.com").unwrap();
    assert_eq!(fabrikam.display_name(), "fabrikam.onmicrosoft.com");
}

/// The line of the one occurrence of a text.
fn line_of(text: &str, part: &str) -> usize {
    let at = text
        .find(part)
        .unwrap_or_else(|| panic!("{part} is not there"));
    text[..at].matches('\n').count() + 1
}

/// That a file with `from` replaced is refused at the line that `at` marks, with these words.
fn refused(from: &str, to: &str, at: &str, said: &str) {
    let text = file();
    assert!(text.contains(from), "{from}");
    let text = text.replacen(from, to, 1);
    let error = parse(&text, "tenant.toml").unwrap_err().to_string();
    let place = format!("tenant.toml:{}: ", line_of(&text, at));
    assert!(error.starts_with(&place), "{error}, not at {place}");
    assert!(error.contains(said), "{error}, not {said}");
}

#[test]
fn a_value_that_cannot_be_is_refused_at_its_line() {
    let current = CURRENT.certificate().base64();
    let armoured = format!("-----BEGIN CERTIFICATE-----{current}-----END CERTIFICATE-----");
    let in_two_lines = format!("{}\\n{}", &current[..64], &current[64..]);
    let key = "signingCertificate = ";
    let table = [
        (current, armoured.as_str(), key, "PEM armour"),
        (current, &in_two_lines, key, "in one line"),
        (current, "MIIE", key, "certificate"),
        (
            "saml2/sso\"",
            "saml2/sso#a\"",
            "passiveSignInUri",
            "not an https address",
        ),
        (
            "https://idp.contoso.com/saml2/slo",
            "x",
            "signOutUri",
            "not an https address",
        ),
        (
            "idp.contoso.com/partners",
            "idp contoso",
            "issuerUri",
            "white space",
        ),
        ("\"saml\"", "\"SAMLP\"", "preferredAuth", "unknown variant"),
        (
            "enforceMfa",
            "enforce",
            "federatedIdpMfa",
            "unknown variant",
        ),
        (
            "displayName = \"Contoso p",
            "brand = \"Contoso p",
            "brand",
            "unknown field",
        ),
        (
            "id = \"contoso.com\"",
            "id = \"contoso\"",
            "id = \"contoso\"",
            "not a domain name",
        ),
        (
            "wmoran@partners",
            "wmoran-partners",
            "wmoran-partners",
            "not of the form",
        ),
        (
            "MyIRAFVEd2a",
            "My IRA",
            "onPremisesImm",
            "not an ImmutableID",
        ),
        ("\"Guest\"", "\"Partner\"", "userType", "unknown variant"),
        ("SMTP:mia", "mia", "proxyAddresses", "KIND:ADDRESS"),
        (
            "PreferredDomain",
            "Preferred",
            "Preferred =",
            "did you mean `PreferredDomain`",
        ),
        (
            "\"enumerated\"",
            "\"some\"",
            "rootDomains",
            "unknown variant",
        ),
    ];
    for (from, to, at, said) in table {
        refused(from, to, at, said);
    }
}

/// The line of the table's header above the last occurrence of a text.
fn header_of(text: &str, part: &str) -> usize {
    let at = text
        .rfind(part)
        .unwrap_or_else(|| panic!("{part} is not there"));
    let before = text[..at].lines().enumerate();
    let headers = before.filter(|(_, line)| line.starts_with('['));
    headers.last().map_or(0, |(index, _)| index + 1)
}

#[test]
fn what_does_not_go_together_is_refused_where_the_later_one_stands() {
    let fabrikam = "fabrikam.onmicrosoft.com";
    let fabrikams = "id = \"fabrikam.com\"";
    let emea = "emea.partners.contoso.com";
    let contoso = "\"contoso.com\"";
    let mia = "\"mia@contoso.com\"";
    let wendy = "\"wmoran@partners.contoso.com\"";
    let anchor = "onPremisesImmutableId = \"MyIRAFVEd2aImaq7zN3u/w==\"\n";
    let preferred = "PreferredDomain = \"partners.contoso.com\"";
    let root = "isRoot = true";
    let partners = "id = \"partners.contoso.com\"";
    // What is replaced, by what, the last text of the part that is pointed at, and what is said.
    let table = [
        (root, "", partners, "until it is promoted"),
        (root, "isRoot = false", partners, "until it is promoted"),
        (
            root,
            "isRoot = true\nisDefault = true",
            partners,
            "one default domain",
        ),
        (
            emea,
            "contoso.com",
            "id = \"contoso.com\"\n\n[[tenant.user",
            "there twice",
        ),
        (
            fabrikams,
            "id = \"fabrikam.com\"\nisRoot = false",
            fabrikams,
            "cannot inherit",
        ),
        (
            "\"fabrikam.com\"",
            contoso,
            "id = \"contoso.com\"",
            "verified in the tenant contoso",
        ),
        (
            fabrikam,
            "fabrikam.net",
            "name = \"fabrikam.net",
            "not of the form",
        ),
        (
            fabrikam,
            "contoso.onmicrosoft.com",
            "name = \"contoso",
            "verified in the tenant",
        ),
        (mia, wendy, wendy, "there twice"),
        (
            mia,
            "\"mia@adatum.com\"",
            "mia@adatum.com",
            "not a verified domain",
        ),
        (anchor, "", wendy, "no onPremisesImmutableId"),
        (
            "SMTP:mia@contoso.com",
            "smtp:a@b.example\", \"SMTP:a@b.example",
            mia,
            "there twice",
        ),
        (
            preferred,
            "PreferredDomain = \"contoso.com\"",
            "PreferredDomain",
            "federated domain",
        ),
    ];
    for (from, to, at, said) in table {
        let text = file();
        assert!(text.contains(from), "{from}");
        let text = text.replacen(from, to, 1);
        let error = parse(&text, "tenant.toml").unwrap_err().to_string();
        assert!(error.contains(said), "{error}, not {said}");
        let place = format!("tenant.toml:{}: ", header_of(&text, at));
        assert!(error.starts_with(&place), "{error}, not at {place}");
    }
    let nothing = parse("", "tenant.toml").unwrap_err().to_string();
    assert!(nothing.contains("there is no tenant"), "{nothing}");
}

const APPLICATION: &str = r#"
[[tenant.application]]
appId = "6f9619ff-8b86-d011-b42d-00c04fc964ff"
displayName = "The portal"
publicClient = { redirectUris = ["http://localhost"] }

[[tenant.assignedPolicy]]
displayName = "Straight on"
appliesTo = ["6f9619ff-8b86-d011-b42d-00c04fc964ff"]
[tenant.assignedPolicy.HomeRealmDiscoveryPolicy]
AccelerateToFederatedDomain = true
PreferredDomain = "partners.contoso.com"

[[tenant]]
name = "fabrikam.onmicrosoft.com"
"#;

#[test]
fn a_policy_is_assigned_to_an_application_of_the_tenant() {
    let fabrikam = "\n[[tenant]]\nname = \"fabrikam.onmicrosoft.com\"\n";
    let file = file().replacen(fabrikam, APPLICATION, 1);
    let tenants = parse(&file, "tenant.toml").unwrap();
    let portal = Some("6f9619ff-8b86-d011-b42d-00c04fc964ff");
    let policy = |app| tenants.first().home_realm_discovery_for(app);
    assert!(policy(portal).accelerate_to_federated_domain);
    assert!(!policy(None).accelerate_to_federated_domain);

    let again = "[[tenant.assignedPolicy]]\ndisplayName = \"Again\"\nHomeRealmDiscoveryPolicy = {}\n\
                 appliesTo = [\"6f9619ff-8b86-d011-b42d-00c04fc964ff\"]\n\n[[tenant]]\nname = \"fabrikam";
    let table = [
        (
            "appliesTo = [\"6f9619ff",
            "appliesTo = [\"7f9619ff",
            "Straight on",
            "the tenant does not have",
        ),
        (
            "PreferredDomain = \"partners.contoso.com\"\n\n[[tenant]]",
            "PreferredDomain = \"contoso.com\"\n\n[[tenant]]",
            "Straight on",
            "federated domain",
        ),
        (
            "AccelerateToFederatedDomain = true",
            "AlternateIdLogin = { Enabled = true }",
            "Straight on",
            "default policy alone",
        ),
        ("[[tenant]]\nname = \"fabrikam", again, "Again", "already"),
    ];
    for (from, to, at, said) in table {
        assert!(file.contains(from), "{from}");
        let text = file.replacen(from, to, 1);
        let error = parse(&text, "tenant.toml").unwrap_err().to_string();
        assert!(error.contains(said), "{error}, not {said}");
        assert!(error.contains(&format!("{at:?}")), "{error}");
        let place = format!("tenant.toml:{}: ", header_of(&text, at));
        assert!(error.starts_with(&place), "{error}, not at {place}");
    }
}

/// What a newcomer copies works.
#[test]
fn the_annotated_example_is_a_tenant() {
    let text = include_str!("../../../config/tenant.toml");
    let tenants = parse(text, "config/tenant.toml").unwrap();
    assert_eq!(tenants.iter().count(), 2);
    // Each line that is commented out and looks like a key may be written.
    let all: String = text
        .lines()
        .map(|line| match line.strip_prefix("# ") {
            Some(key) if key.contains(" = ") || key.starts_with('[') => format!("{key}\n"),
            _ => format!("{line}\n"),
        })
        .collect();
    assert_ne!(text, all);
    if let Err(error) = parse(&all, "config/tenant.toml") {
        panic!("{error}");
    }
}
