//! What each rule issues.

use super::*;

#[test]
fn each_rule_issues_what_it_says() {
    let replaced = |source, pattern, with| ClaimRule {
        replacement: Some(Replacement::parse(pattern, with).unwrap()),
        ..ClaimRule::new("x", source)
    };
    let only_if = |conditions| ClaimRule {
        conditions,
        ..ClaimRule::new("x", constant(&["yes"]))
    };
    let roles = |names: &[(&str, &str)]| {
        let pairs = names
            .iter()
            .map(|(name, value)| (group(name), (*value).to_owned()));
        ClaimRule::new("x", ClaimSource::Groups(pairs.collect()))
    };
    let long = "a".repeat(200);
    for (rule, issued) in [
        (
            ClaimRule::new("x", ClaimSource::CloudUpn),
            Ok(vec!["wmoran@partners.contoso.com"]),
        ),
        (
            ClaimRule::new("x", ClaimSource::ImmutableId),
            Ok(vec!["AAAA"]),
        ),
        (
            ClaimRule::new("x", ClaimSource::DisplayName),
            Ok(vec!["Wendy Moran"]),
        ),
        (
            ClaimRule::new("x", ClaimSource::Email),
            Ok(vec!["wmoran@fabrikam.com"]),
        ),
        (
            ClaimRule::new("x", attribute("Department")),
            Ok(vec!["HR", "IT"]),
        ),
        (
            ClaimRule::new("x", attribute("title")),
            Err(NotIssued::NoValue),
        ),
        (
            ClaimRule::new("x", constant(&["a", "b"])),
            Ok(vec!["a", "b"]),
        ),
        (roles(&[("Admins", "admin")]), Err(NotIssued::NoValue)),
        // In the order of the rule, each value once.
        (
            roles(&[
                ("Staff", "reader"),
                ("Admins", "admin"),
                ("Editors", "editor"),
                ("Editors", "reader"),
            ]),
            Ok(vec!["reader", "editor"]),
        ),
        (
            replaced(ClaimSource::CloudUpn, "^(.*)@.*$", "$1"),
            Ok(vec!["wmoran"]),
        ),
        (
            replaced(attribute("department"), "^I(.)$", "$1"),
            Ok(vec!["T"]),
        ),
        (
            replaced(attribute("department"), "^.*$", "same"),
            Ok(vec!["same"]),
        ),
        (
            replaced(attribute("department"), "^X$", "y"),
            Err(NotIssued::NoMatch),
        ),
        (
            replaced(attribute("department"), "^.*$", ""),
            Err(NotIssued::NoMatch),
        ),
        (
            replaced(constant(&[long.as_str()]), "^.*$", &"$0".repeat(200)),
            Err(NotIssued::TooMuch),
        ),
        (only_if(vec![in_group("Editors")]), Ok(vec!["yes"])),
        (only_if(vec![in_group("Admins")]), Err(NotIssued::Condition)),
        (
            only_if(vec![in_group("Admins"), in_group("Staff")]),
            Ok(vec!["yes"]),
        ),
    ] {
        let wendy = wendy();
        let values = rule.values(&wendy);
        let issued = issued.map(|values| values.into_iter().map(Into::into).collect());
        assert_eq!(values, issued, "{rule:?}");
    }
    let nameless = Subject {
        display_name: None,
        ..by_upn()
    };
    for source in [ClaimSource::Email, ClaimSource::DisplayName] {
        let rule = ClaimRule::new("x", source);
        assert_eq!(rule.values(&nameless), Err(NotIssued::NoValue));
    }
}

#[test]
fn rules_of_one_name_are_put_together_in_their_order() {
    let mut party = of(Preset::Saml2);
    for (name, source) in [
        ("role", constant(&["guest", "IT"])),
        ("urn:mail", ClaimSource::Email),
        ("role", attribute("department")),
        ("role", attribute("title")),
    ] {
        party.add_claim(ClaimRule::new(name, source)).unwrap();
    }
    let wendy = wendy();
    let claims = party.claims(&wendy);
    let expected = [
        (
            "role".to_owned(),
            vec!["guest".to_owned(), "IT".to_owned(), "HR".to_owned()],
        ),
        (
            "urn:mail".to_owned(),
            vec!["wmoran@fabrikam.com".to_owned()],
        ),
    ];
    assert_eq!(plain(&claims), expected);
    assert_eq!(claims[0].name_format, None);
    assert_eq!(claims[1].name_format, Some(NameFormat::Uri));
    let other_name = ClaimRule {
        friendly_name: Some("Role".into()),
        ..ClaimRule::new("role", ClaimSource::CloudUpn)
    };
    assert_eq!(party.add_claim(other_name), Err(ClaimRuleError::Differs));
}

#[test]
fn names_of_claims_are_names() {
    for bad in ["", " ", "a b", "a\n", "\u{0}", "a\u{a0}", &"x".repeat(257)] {
        let rule = ClaimRule::new(bad, ClaimSource::CloudUpn);
        assert_eq!(
            of(Preset::Saml2).add_claim(rule),
            Err(ClaimRuleError::Name),
            "{bad:?}"
        );
    }
    let mut party = of(Preset::Saml2);
    for number in 0..64 {
        let rule = ClaimRule::new(format!("c{number}"), ClaimSource::CloudUpn);
        party.add_claim(rule).unwrap();
    }
    let one_more = ClaimRule::new("more", ClaimSource::CloudUpn);
    assert_eq!(party.add_claim(one_more), Err(ClaimRuleError::TooMany));
}
