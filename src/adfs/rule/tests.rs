//! Each construct of the language, as the documentation and consoles write it; and what is none.

use super::{
    known::{RuleSet, pattern},
    *,
};

fn rule(text: &str) -> Rule {
    match parse_rules(text).as_slice() {
        [WrittenRule { rule: Ok(rule), .. }] => rule.clone(),
        other => panic!("{text}: {other:#?}"),
    }
}

fn error(text: &str) -> String {
    match parse_rules(text).as_slice() {
        [
            WrittenRule {
                rule: Err(error), ..
            },
        ] => error.to_string(),
        other => panic!("{text}: {other:#?}"),
    }
}

fn test(property: Property, operator: Operator, value: &str) -> Test {
    Test {
        property,
        operator,
        value: value.to_owned(),
    }
}

#[test]
fn a_rule_of_the_console_is_understood() {
    let rule = rule(
        "@RuleTemplate = \"LdapClaims\"\r\n@RuleName = \"mail; and name\"\r\n\
         c:[Type == \"urn:account\", Issuer == \"AD AUTHORITY\"]\r\n \
         => issue(store = \"Active Directory\", types = (\"urn:mail\", \"urn:name\"), \
         query = \";mail,displayName;{0}\", param = c.Value);\r\n",
    );
    assert_eq!(rule.template.as_deref(), Some("LdapClaims"));
    assert_eq!(rule.name.as_deref(), Some("mail; and name"));
    assert_eq!(
        rule.conditions,
        [Condition {
            quantifier: Quantifier::Each,
            variable: Some("c".to_owned()),
            tests: vec![
                test(Property::Type, Operator::Equal, "urn:account"),
                test(Property::Issuer, Operator::Equal, "AD AUTHORITY"),
            ],
        }]
    );
    assert_eq!(rule.action, Action::Issue);
    assert_eq!(
        rule.statement,
        Statement::Query(Query {
            store: "Active Directory".to_owned(),
            types: vec!["urn:mail".to_owned(), "urn:name".to_owned()],
            query: ";mail,displayName;{0}".to_owned(),
            params: vec![Expression::Of("c".to_owned(), Property::Value)],
        })
    );
}

#[test]
fn conditions_of_all_kinds_are_understood() {
    let quantifiers = |text: &str| {
        let conditions =
            rule(&format!("{text} => add(Type = \"urn:a\", Value = \"b\");")).conditions;
        let quantifiers = conditions.into_iter().map(|condition| condition.quantifier);
        quantifiers.collect::<Vec<_>>()
    };
    assert_eq!(quantifiers(""), []);
    assert_eq!(quantifiers("[]"), [Quantifier::Each]);
    assert_eq!(
        quantifiers("exists([Type == \"a\"]) && NOT EXISTS([Type == \"b\"])"),
        [Quantifier::Exists, Quantifier::NotExists]
    );
    let counts = [
        ("==", Comparison::Equal),
        ("!=", Comparison::NotEqual),
        ("<", Comparison::Less),
        ("<=", Comparison::AtMost),
        (">", Comparison::Greater),
        (">=", Comparison::AtLeast),
    ];
    for (sign, comparison) in counts {
        assert_eq!(
            quantifiers(&format!("COUNT([Type == \"a\"]) {sign} 2")),
            [Quantifier::Count(comparison, 2)]
        );
    }
}

#[test]
fn tests_of_all_properties_are_understood() {
    let rule = rule(
        "c1:[TYPE != \"a\", value =~ \"(?i)^x$\", ValueType !~ \"y\"] && \
         c2:[OriginalIssuer == \"z\", Properties[\"urn:p\"] == \"\"] => issue(claim = c2);",
    );
    let tests: Vec<_> = rule
        .conditions
        .into_iter()
        .flat_map(|it| it.tests)
        .collect();
    assert_eq!(
        tests,
        [
            test(Property::Type, Operator::NotEqual, "a"),
            test(Property::Value, Operator::Matches, "(?i)^x$"),
            test(Property::ValueType, Operator::NotMatches, "y"),
            test(Property::OriginalIssuer, Operator::Equal, "z"),
            test(Property::Named("urn:p".to_owned()), Operator::Equal, ""),
        ]
    );
    assert_eq!(rule.statement, Statement::Copy("c2".to_owned()));
}

#[test]
fn values_of_all_kinds_are_understood() {
    let value = |text: &str| {
        let rule = rule(&format!(
            "c:[Type == \"a\"] => issue(Type = \"b\", Value = {text});"
        ));
        match rule.statement {
            Statement::Create(properties) => properties.into_iter().nth(1).unwrap().1,
            other => panic!("{other:?}"),
        }
    };
    let text = |text: &str| Expression::Text(text.to_owned());
    let of = || Expression::Of("c".to_owned(), Property::Value);
    assert_eq!(value("\"CONTOSO\\\""), text("CONTOSO\\"));
    assert_eq!(
        value("c.OriginalIssuer"),
        Expression::Of("c".to_owned(), Property::OriginalIssuer)
    );
    assert_eq!(
        value("regexreplace(c.Value, \"^a\\\\\", \"${x}\")"),
        Expression::Replace(Box::new(of()), "^a\\\\".to_owned(), "${x}".to_owned())
    );
    assert_eq!(
        value("\"a\" + c.Value + \"b\""),
        Expression::Concat(vec![text("a"), of(), text("b")])
    );
}

#[test]
fn a_rule_that_is_not_understood_keeps_no_other_from_it() {
    let rules =
        parse_rules("=> issue(Type = \"a\", Value = \"b\");; => permit(); => add(claim = c);");
    let understood: Vec<_> = rules.iter().map(|written| written.rule.is_ok()).collect();
    assert_eq!(understood, [true, false, false, false]);
    assert_eq!(rules[2].text, "=> permit();");
}

#[test]
fn errors_name_their_place() {
    let cases = [
        (
            "=> permit();",
            "expected issue or add, found permit (at character 4 of the rule)",
        ),
        (
            "=> issue(Type = \"a);",
            "a text does not end (at character 17 of the rule)",
        ),
        (
            "[Type = \"a\"] => issue(Type = \"b\");",
            "expected ==, !=, =~ or !~, found = (at character 7 of the rule)",
        ),
        (
            "[Type == \"a\"] issue(Type = \"b\");",
            "expected && or =>, found issue (at character 15 of the rule)",
        ),
        (
            "c:[] => issue(claim = d);",
            "no condition names a claim \"d\" (at character 23 of the rule)",
        ),
        (
            "=> issue(Type = \"a\")",
            "expected ; at the end of the rule, found the end (at character 21 of the rule)",
        ),
        (
            "=> issue(Kind = \"a\");",
            "expected a property of a claim, found Kind (at character 10 of the rule)",
        ),
        (
            "é % => issue(Type = \"a\");",
            "'%' means nothing here (at character 3 of the rule)",
        ),
        (
            "COUNT([]) > 99999999999 => issue(Type = \"a\");",
            "a number is too large (at character 13 of the rule)",
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(error(text), expected, "{text}");
    }
    let nested = format!("c:[] => issue(Type = {}c.Value", "RegExReplace(".repeat(40));
    assert!(error(&format!("{nested};")).starts_with("it is nested too deeply"));
}

#[test]
fn the_tools_patterns_are_known_by_what_they_say() {
    use RuleSet::{
        AdditionalAuthentication, DelegationAuthorization, ImpersonationAuthorization,
        IssuanceAuthorization, IssuanceTransform,
    };
    const PERMIT: &str = "issue(Type = \"http://schemas.microsoft.com/authorization/claims/permit\", Value = \"true\");";
    const MFA: &str = "issue(Type = \"http://schemas.microsoft.com/ws/2008/06/identity/claims/authenticationmethod\", Value = \"http://schemas.microsoft.com/claims/multipleauthn\");";
    const PROXY: &str = "issue(store = \"_ProxyCredentialStore\", types = (\"http://schemas.microsoft.com/authorization/claims/permit\"), query = \"isProxySid({0})\", param = c.Value);";
    let sid = |kind: &str| {
        format!(
            "c:[Type == \"http://schemas.microsoft.com/ws/2008/06/identity/claims/{kind}\", Value == \"S-1-5-21\"] => "
        )
    };
    let issuer = |kind: &str| {
        format!(
            "c:[Type == \"http://schemas.microsoft.com/ws/2008/06/identity/claims/{kind}\", Issuer =~ \"^AD AUTHORITY$\"] => "
        )
    };
    let cases = [
        (IssuanceAuthorization, format!("=> {PERMIT}"), Some("Permit All")),
        (IssuanceAuthorization, sid("groupsid") + PERMIT, Some("Permit a group")),
        (IssuanceAuthorization, sid("primarysid") + PERMIT, None),
        (IssuanceAuthorization, format!("NOT EXISTS([Type == \"a\"]) => {PERMIT}"), None),
        (AdditionalAuthentication, sid("primarysid") + MFA, Some("MFA for a User")),
        (AdditionalAuthentication, sid("groupsid") + MFA, Some("MFA for a Group")),
        (AdditionalAuthentication, sid("other") + MFA, None),
        (
            AdditionalAuthentication,
            format!("c:[Type == \"http://schemas.microsoft.com/2012/01/devicecontext/claims/isregistereduser\", Value == \"false\"] => {MFA}"),
            Some("MFA for unregistered devices"),
        ),
        (
            AdditionalAuthentication,
            format!("c:[Type == \"http://schemas.microsoft.com/ws/2012/01/insidecorporatenetwork\", Value == \"false\"] => {MFA}"),
            Some("MFA for extranet"),
        ),
        (
            AdditionalAuthentication,
            format!("c:[Type == \"http://schemas.microsoft.com/ws/2012/01/insidecorporatenetwork\", Value == \"true\"] => {MFA}"),
            None,
        ),
        (ImpersonationAuthorization, issuer("primarysid") + PROXY, Some("ADFS V2 - ProxySid by user")),
        (ImpersonationAuthorization, issuer("groupsid") + PROXY, Some("ADFS V2 - ProxySid by group")),
        (
            ImpersonationAuthorization,
            issuer("proxytrustid") + &PROXY.replace("isProxySid", "isProxyTrustProvisioned"),
            Some("ADFS V2 - Proxy Trust check"),
        ),
        (ImpersonationAuthorization, issuer("proxytrustid") + PROXY, None),
        (DelegationAuthorization, format!("=> {PERMIT}"), None),
        (
            IssuanceTransform,
            "c:[Type == \"a\", Issuer == \"AD AUTHORITY\"] => issue(store = \"Active Directory\", types = (\"b\"), query = \";mail;{0}\", param = c.Value);".to_owned(),
            Some("Extract Attributes from AD"),
        ),
        (
            IssuanceTransform,
            "c:[Type == \"a\", Issuer == \"AD AUTHORITY\"] => issue(store = \"SQL\", types = (\"b\"), query = \";mail;{0}\", param = c.Value);".to_owned(),
            None,
        ),
        (IssuanceTransform, "c:[Type == \"a\"] => issue(claim = c);".to_owned(), None),
    ];
    for (set, text, expected) in cases {
        assert_eq!(pattern(set, &rule(&text)), expected, "{set:?}: {text}");
    }
}
