//! Rules as consoles and pages about AD FS write them, and what becomes of each.

mod access;

use super::*;
use crate::adfs::RuleSets;

const ACCOUNT: &str = "c:[Type == \"http://schemas.microsoft.com/ws/2008/06/identity/claims/windowsaccountname\", \
                       Issuer == \"AD AUTHORITY\"]";
const UPN: &str = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn";
const NAME_ID: &str = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier";
const GROUP: &str = "http://schemas.microsoft.com/ws/2008/06/identity/claims/groupsid";
const EDITORS: &str = "CN=Editors,OU=Groups,DC=contoso,DC=com";

fn trust(transform: &str, authorization: &str) -> RelyingPartyTrust {
    RelyingPartyTrust {
        name: "Wiki".to_owned(),
        identifiers: vec!["https://wiki.contoso.com".to_owned()],
        enabled: true,
        ws_fed_endpoint: None,
        additional_ws_fed_endpoints: Vec::new(),
        saml_endpoints: Vec::new(),
        metadata_url: None,
        auto_update_enabled: false,
        monitoring_enabled: false,
        encrypt_claims: false,
        encrypted_name_id_required: false,
        encryption_certificate: None,
        request_signing_certificates: Vec::new(),
        signed_saml_requests_required: false,
        saml_response_signature: None,
        signature_algorithm: None,
        token_lifetime_minutes: 0,
        not_before_skew_minutes: 0,
        always_require_authentication: false,
        request_mfa_from_claims_providers: false,
        allowed_authentication_class_references: Vec::new(),
        claims_provider_names: Vec::new(),
        access_control_policy: None,
        rules: RuleSets {
            issuance_transform: transform.to_owned(),
            issuance_authorization: authorization.to_owned(),
            ..RuleSets::default()
        },
    }
}

fn domain() -> Domain {
    let groups = format!(
        "#TYPE Selected.Microsoft.ActiveDirectory.Management.ADGroup\r\n\"SID\",\"Name\",\"DistinguishedName\"\r\n\
         \"S-1-5-21-1-2-3-1104\",\"Wiki \"\"Editors\"\"\",\"{EDITORS}\"\r\n"
    );
    Domain {
        netbios_name: Some("CONTOSO".to_owned()),
        groups: Groups::parse(&groups).unwrap(),
    }
}

fn translated(rules: &str) -> Translation {
    translate(&trust(rules, ""), &domain())
}

fn one(rules: &str) -> Claim {
    let translation = translated(rules);
    assert_eq!(translation.untranslated, [], "{rules}");
    match translation.claims.as_slice() {
        [claim] => claim.clone(),
        other => panic!("{rules}: {other:?}"),
    }
}

fn reason(rules: &str) -> String {
    let translation = translated(rules);
    assert_eq!(translation.claims, [], "{rules}");
    match translation.untranslated.as_slice() {
        [untranslated] => untranslated.reason.clone(),
        other => panic!("{rules}: {other:?}"),
    }
}

fn attribute(name: &str) -> ClaimSource {
    ClaimSource::Attribute(name.to_owned())
}

/// A rule about the attribute `department`, which is the claim `urn:d`.
fn about_department(rule: &str) -> String {
    format!(
        "{ACCOUNT} => add(store = \"Active Directory\", types = (\"urn:d\"), query = \";department;{{0}}\", \
         param = c.Value);\n{rule}"
    )
}

#[test]
fn attributes_become_claims() {
    let translation = translated(&format!(
        "{ACCOUNT} => issue(store = \"Active Directory\", types = (\"urn:mail\", \"urn:id\"), \
         query = \";mail,objectGUID;{{0}}\", param = c.Value);"
    ));
    assert_eq!(translation.untranslated, []);
    let told: Vec<_> = translation
        .claims
        .iter()
        .map(|claim| (claim.name.as_str(), &claim.source))
        .collect();
    assert_eq!(
        told,
        [
            ("urn:mail", &attribute("mail")),
            ("urn:id", &ClaimSource::ImmutableId)
        ]
    );
}

#[test]
fn claims_are_passed_renamed_and_chosen() {
    let passed = one(&format!("c:[Type == \"{UPN}\"] => issue(claim = c);"));
    assert_eq!(
        (passed.name.as_str(), passed.source),
        (UPN, attribute("userPrincipalName"))
    );
    let renamed = one(&about_department(
        "c:[Type == \"urn:d\"] => issue(Type = \"urn:ou\", Issuer = c.Issuer, OriginalIssuer = c.OriginalIssuer, \
         Value = c.Value, ValueType = c.ValueType);",
    ));
    assert_eq!(
        (renamed.name.as_str(), renamed.source),
        ("urn:ou", attribute("department"))
    );
    for (test, value, kept) in [
        ("== \"R&D (a)\"", "R&D (a)", Some("R&D (a)")),
        ("== \"R&D (a)\"", "R&D (A)", None),
        ("=~ \"^(?i)sales\"", "SALES/EMEA", Some("SALES/EMEA")),
        ("=~ \"^(?i)sales\"", "No sales", None),
        ("=~ \"ale\"", "Sales", Some("Sales")),
        ("=~ \"^a|b$\"", "axx", Some("axx")),
        ("=~ \"^a|b$\"", "xxb", Some("xxb")),
        ("=~ \"^a|b$\"", "xax", None),
    ] {
        let chosen = one(&about_department(&format!(
            "c:[Type == \"urn:d\", Value {test}] => issue(claim = c);"
        )));
        let (pattern, with) = chosen.replace.unwrap();
        let replacement = crate::trust::Replacement::parse(&pattern, &with).unwrap();
        assert_eq!(replacement.apply(value).as_deref(), kept, "{test} {value}");
    }
}

#[test]
fn values_are_replaced_as_dotnet_replaces_them() {
    for (expression, with, value, replaced) in [
        ("^(.+)@.+$", "$1", "a@b", "a"),
        ("@.*$", "", "a@b", "a"),
        ("^CONTOSO", "FABRIKAM", "CONTOSO-1", "FABRIKAM-1"),
        ("(?<tail>-[^-]+)$", "[${tail}]", "a-b-c", "a-b[-c]"),
    ] {
        let claim = one(&about_department(&format!(
            "c:[Type == \"urn:d\"] => issue(Type = \"urn:o\", Value = RegExReplace(c.Value, \"{expression}\", \"{with}\"));"
        )));
        let (pattern, with) = claim.replace.unwrap();
        let replacement = crate::trust::Replacement::parse(&pattern, &with).unwrap();
        assert_eq!(
            replacement.apply(value).as_deref(),
            Some(replaced),
            "{expression}"
        );
    }
    let around = one(&about_department(
        "c:[Type == \"urn:d\"] => issue(Type = \"urn:o\", Value = \"$\" + c.Value + \"@contoso.com\");",
    ));
    let (pattern, with) = around.replace.unwrap();
    let replacement = crate::trust::Replacement::parse(&pattern, &with).unwrap();
    assert_eq!(replacement.apply("x").as_deref(), Some("$x@contoso.com"));
}

#[test]
fn account_names_lose_their_domain_or_keep_it() {
    let bare = one(&format!(
        "{ACCOUNT} => issue(Type = \"urn:uid\", Value = RegExReplace(c.Value, \"(?<domain>[^\\\\]+)\\\\(?<user>.+)\", \"${{user}}\"));"
    ));
    assert_eq!(
        (bare.source, bare.replace),
        (attribute("sAMAccountName"), None)
    );
    let whole = one(&format!(
        "{ACCOUNT} => issue(Type = \"urn:uid\", Value = c.Value);"
    ));
    let (pattern, with) = whole.replace.unwrap();
    let replacement = crate::trust::Replacement::parse(&pattern, &with).unwrap();
    assert_eq!(
        replacement.apply("wmoran").as_deref(),
        Some("CONTOSO\\wmoran")
    );
    let nowhere = translate(
        &trust(&format!("{ACCOUNT} => issue(claim = c);"), ""),
        &Domain::default(),
    );
    assert!(nowhere.untranslated[0].reason.contains("--netbios-name"));
}

#[test]
fn groups_become_values_and_conditions() {
    let group = format!(
        "c:[Type == \"{GROUP}\", Value == \"S-1-5-21-1-2-3-1104\", Issuer == \"AD AUTHORITY\"]"
    );
    let emitted = one(&format!(
        "{group} => issue(Type = \"urn:role\", Value = \"editor\", Issuer = c.Issuer);"
    ));
    assert_eq!(
        emitted.source,
        ClaimSource::Group {
            dn: EDITORS.to_owned(),
            value: "editor".to_owned()
        }
    );
    let conditional = one(&format!(
        "EXISTS([Type == \"{GROUP}\", Value == \"S-1-5-21-1-2-3-1104\"]) && d:[Type == \"{UPN}\"] => issue(claim = d);"
    ));
    assert_eq!(
        conditional.conditions,
        [Condition::Group(EDITORS.to_owned())]
    );
    let constant = one(&about_department(
        "EXISTS([Type == \"urn:d\", Value =~ \"^IT\"]) => issue(Type = \"urn:role\", Value = \"staff\");",
    ));
    assert_eq!(constant.source, ClaimSource::Constant("staff".to_owned()));
    assert_eq!(
        constant.conditions,
        [Condition::Matches(
            "department".to_owned(),
            "^(?:IT).*$".to_owned()
        )]
    );
}

#[test]
fn a_name_becomes_a_name_id() {
    let format = |format: &str| {
        format!(
            "{ACCOUNT} => add(store = \"Active Directory\", types = (\"urn:m\"), query = \";mail;{{0}}\", param = c.Value);\n\
             c:[Type == \"urn:m\"] => issue(Type = \"{NAME_ID}\", Value = c.Value, \
             Properties[\"http://schemas.xmlsoap.org/ws/2005/05/identity/claimproperties/format\"] = \"{format}\");"
        )
    };
    for (urn, expected) in [
        (
            "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress",
            Some(NameId::EmailAddress("mail".to_owned())),
        ),
        (
            "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified",
            Some(NameId::Unspecified("mail".to_owned())),
        ),
        (
            "urn:oasis:names:tc:SAML:2.0:nameid-format:transient",
            Some(NameId::Transient),
        ),
        ("urn:oasis:names:tc:SAML:2.0:nameid-format:persistent", None),
    ] {
        let translation = translated(&format(urn));
        assert_eq!(translation.name_id, expected, "{urn}");
        assert_eq!(
            translation.untranslated.is_empty(),
            expected.is_some(),
            "{urn}"
        );
    }
    let opaque = translated(&format!(
        "{ACCOUNT} => add(store = \"_OpaqueIdStore\", types = (\"urn:ppid\"), query = \"{{0}};{{1}};{{2}}\", \
         param = \"ppid\", param = c.Value, param = c.OriginalIssuer);\n\
         c:[Type == \"urn:ppid\"] => issue(Type = \"{NAME_ID}\", Value = c.Value);"
    ));
    assert_eq!(opaque.name_id, Some(NameId::Pairwise));
}

#[test]
fn what_cannot_be_said_is_listed_with_its_reason() {
    let cases = [
        (
            about_department(
                "NOT EXISTS([Type == \"urn:d\"]) => issue(Type = \"urn:x\", Value = \"y\");",
            ),
            "is not there",
        ),
        (
            about_department(
                "COUNT([Type == \"urn:d\"]) > 1 => issue(Type = \"urn:x\", Value = \"y\");",
            ),
            "counts",
        ),
        (
            about_department(
                "c:[Type == \"urn:d\"] => issue(Type = \"urn:x\", Value = RegExReplace(c.Value, \"a\", \"b\"));",
            ),
            "several places",
        ),
        (
            about_department("c:[Type == \"urn:d\", Value =~ \"^(?!x).*$\"] => issue(claim = c);"),
            "look-around",
        ),
        (
            about_department(
                "c:[Type == \"urn:d\"] && e:[Type == \"urn:d\"] => issue(Type = \"urn:x\", Value = c.Value + e.Value);",
            ),
            "several claims",
        ),
        (
            "c:[Type =~ \"upn\"] => issue(claim = c);".to_owned(),
            "more than one type",
        ),
        (
            "c:[Type == \"urn:unknown\"] => issue(claim = c);".to_owned(),
            "nothing known makes",
        ),
        (
            format!("c:[Type == \"{UPN}\", Issuer == \"Fabrikam\"] => issue(claim = c);"),
            "has issued",
        ),
        (
            format!("c:[Type == \"{GROUP}\"] => issue(claim = c);"),
            "name the groups",
        ),
        (
            format!(
                "c:[Type == \"{GROUP}\", Value == \"S-1-5-21-9\"] => issue(Type = \"urn:x\", Value = \"y\");"
            ),
            "--groups",
        ),
        (
            format!(
                "{ACCOUNT} => issue(store = \"Active Directory\", types = (\"urn:g\"), query = \";tokenGroups;{{0}}\", param = c.Value);"
            ),
            "all groups",
        ),
        (
            format!(
                "{ACCOUNT} => issue(store = \"SQL\", types = (\"urn:g\"), query = \"SELECT 1\", param = c.Value);"
            ),
            "attribute store",
        ),
        (
            format!(
                "{ACCOUNT} => issue(store = \"Active Directory\", types = (\"urn:g\"), query = \"mail={{0}};sn;CONTOSO\\x\", param = c.Value);"
            ),
            "somebody else",
        ),
        (
            format!(
                "{ACCOUNT} => issue(store = \"Active Directory\", types = (\"urn:g\"), query = \";sn,mail;{{0}}\", param = c.Value);"
            ),
            "another number",
        ),
        (
            about_department(&format!(
                "EXISTS([Type == \"urn:d\"]) && EXISTS([Type == \"{UPN}\", Value =~ \"x\"]) => \
                 issue(Type = \"urn:x\", Value = \"y\");"
            )),
            "several attributes",
        ),
        ("=> emit();".to_owned(), "cannot be read"),
    ];
    for (rules, expected) in cases {
        let reason = reason(&rules);
        assert!(reason.contains(expected), "{rules}\n{reason}");
    }
}

#[test]
fn entras_own_trust_becomes_the_preset() {
    let mut entra = trust("=> issue(Type = \"urn:x\", Value = \"y\");", "");
    entra.identifiers = vec!["urn:federation:MicrosoftOnline".to_owned()];
    let translation = translate(&entra, &domain());
    assert_eq!(
        (translation.claims.len(), translation.access),
        (0, Access::Everyone)
    );
}
