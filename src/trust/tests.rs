//! Rules, presets and access, in tables; and that nothing is issued that no rule names.

use proptest::prelude::*;

use super::*;
use crate::realm::DomainName;

const EMAIL_ADDRESS: &str = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress";

fn consumers() -> Vec<AssertionConsumerService> {
    vec![AssertionConsumerService {
        index: 0,
        url: "https://rp.test:8443/acs".into(),
    }]
}

fn party(entity_id: &str) -> RelyingParty {
    RelyingParty::entra(entity_id, consumers()).unwrap()
}

fn of(preset: Preset) -> RelyingParty {
    RelyingParty::new(preset, "rp", consumers()).unwrap()
}

fn domain(suffix: &str, issuer: &str) -> FederatedDomain {
    FederatedDomain {
        suffix: DomainName::parse(suffix).unwrap(),
        issuer: issuer.into(),
    }
}

fn wendy() -> Subject {
    Subject {
        sign_in_name: "wmoran@fabrikam.com".into(),
        immutable_id: "AAAA".into(),
        cloud_upn: "wmoran@partners.contoso.com".into(),
        display_name: Some("Wendy Moran".into()),
        suffix: "partners.contoso.com".into(),
        particulars: Particulars {
            external: true,
            groups: vec!["cn=editors,dc=contoso".into(), "cn=staff,dc=contoso".into()],
            attributes: vec![("department".into(), vec!["HR".into(), "IT".into()])],
            ..Particulars::default()
        },
    }
}

fn by_upn() -> Subject {
    let mut wendy = wendy();
    wendy.particulars.external = false;
    wendy
}

fn attribute(name: &str) -> ClaimSource {
    ClaimSource::Attribute(ToldAttribute::parse(name).unwrap())
}

fn constant(values: &[&str]) -> ClaimSource {
    ClaimSource::Constant(values.iter().map(ToString::to_string).collect())
}

fn group(name: &str) -> KeyedDn {
    let dn: crate::directory::Dn = format!("CN={name},DC=contoso").parse().unwrap();
    dn.into()
}

fn in_group(name: &str) -> Condition {
    Condition::new(vec![Test::Group(vec![group(name)])]).unwrap()
}

/// Names and values.
fn plain(claims: &[Claim<'_>]) -> Vec<(String, Vec<String>)> {
    claims
        .iter()
        .map(|claim| {
            let values = claim.values().iter().map(ToString::to_string);
            (claim.name.to_owned(), values.collect())
        })
        .collect()
}

#[test]
fn names_are_unique_and_somebody_is_there() {
    let one = || domain("partners.contoso.com", "https://idp.test/partners");
    assert!(Trusts::new(vec![party("a"), party("b")], vec![one()]).is_ok());
    assert_eq!(
        Trusts::new(vec![party("a"), party("a")], vec![one()]).unwrap_err(),
        TrustError::DuplicateRelyingParty("a".into())
    );
    assert_eq!(
        Trusts::new(
            vec![party("a")],
            vec![one(), domain("other.test", &one().issuer)]
        )
        .unwrap_err(),
        TrustError::DuplicateIssuer(one().issuer)
    );
    assert_eq!(
        Trusts::new(
            vec![party("a")],
            vec![one(), domain(one().suffix.as_ascii(), "https://other.test")]
        )
        .unwrap_err(),
        TrustError::DuplicateSuffix(one().suffix.as_ascii().into())
    );
    assert_eq!(
        Trusts::new(vec![], vec![one()]).unwrap_err(),
        TrustError::NoRelyingParty
    );
    assert_eq!(
        Trusts::new(vec![party("a")], vec![]).unwrap_err(),
        TrustError::NoDomain
    );
    let mut greedy = of(Preset::Saml2);
    let groups = (0..129).map(|n| (group(&format!("g{n}")), "v".to_owned()));
    let rule = ClaimRule::new("role", ClaimSource::Groups(groups.collect()));
    greedy.add_claim(rule).unwrap();
    assert_eq!(
        Trusts::new(vec![greedy], vec![one()]).unwrap_err(),
        TrustError::TooMuchNeeded(129, "groups")
    );
}

#[test]
fn entra_hears_the_issuer_of_the_domain_and_others_one_issuer() {
    let (first, second) = ("https://idp.test/first", "https://idp.test/second");
    let domains = vec![domain("first.test", first), domain("second.test", second)];
    let mut configured = RelyingParty::new(Preset::Saml2, "own", consumers()).unwrap();
    configured.issuer = Some("urn:own".into());
    let other = RelyingParty::new(Preset::EntraExternal, "other", consumers()).unwrap();
    let parties = vec![party("entra"), other, configured];
    let trusts = Trusts::new(parties, domains).unwrap();
    let issuer = |id: &str, suffix| trusts.issuer(trusts.relying_party(id).unwrap(), suffix);
    for (id, of_first, of_second) in [
        ("entra", first, second),
        ("other", first, first),
        ("own", "urn:own", "urn:own"),
    ] {
        assert_eq!(issuer(id, "first.test"), Some(of_first), "{id}");
        assert_eq!(issuer(id, "second.test"), Some(of_second), "{id}");
        assert_eq!(issuer(id, "third.test"), None, "{id}");
    }
}

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
fn presets_know_their_kind() {
    let wendy = wendy();
    let entra = of(Preset::Entra);
    assert_eq!(
        plain(&entra.claims(&wendy)),
        [(
            "IDPEmail".to_owned(),
            vec!["wmoran@partners.contoso.com".to_owned()]
        )]
    );
    assert!(entra.claims_beside_upn(&wendy).is_empty());
    assert_eq!(
        (entra.access.clone(), &*entra.display_name),
        (Access::Everyone, "Microsoft Entra ID")
    );

    let mut external = of(Preset::EntraExternal);
    assert_eq!(external.access, Access::Nobody);
    external.access = Access::Everyone;
    let claims = external.claims(&wendy);
    assert_eq!(
        plain(&claims),
        [(
            EMAIL_ADDRESS.to_owned(),
            vec!["wmoran@fabrikam.com".to_owned()]
        )]
    );
    assert_eq!(external.claims_beside_upn(&wendy), claims);
    assert!(external.permits(&wendy).is_ok());
    // Entra would refuse her with words that nobody understands.
    let refused = external.permits(&by_upn()).unwrap_err().to_string();
    assert!(refused.contains(EMAIL_ADDRESS), "{refused}");

    let other = of(Preset::Saml2);
    assert_eq!(
        (other.access.clone(), &*other.display_name),
        (Access::Nobody, "rp.test")
    );
    assert!(other.claims(&wendy).is_empty());
    assert_eq!(
        other.name_id(&wendy).unwrap().format,
        NameIdFormat::Transient
    );
    assert!(RelyingParty::new(Preset::Saml2, "rp", vec![]).is_none());
}

#[test]
fn what_entra_knows_a_person_by_is_no_rules_matter() {
    let salt = PairwiseSalt::new(&"s".repeat(32)).unwrap();
    for (preset, rule, may) in [
        (Preset::Entra, NameIdRule::ImmutableId, true),
        (Preset::Entra, NameIdRule::Pairwise(salt.clone()), false),
        (Preset::Entra, NameIdRule::Transient, false),
        (Preset::EntraExternal, NameIdRule::Pairwise(salt), true),
        (
            Preset::EntraExternal,
            NameIdRule::EmailAddress(NameIdSource::Email),
            false,
        ),
        (
            Preset::Saml2,
            NameIdRule::Unspecified(NameIdSource::CloudUpn),
            true,
        ),
    ] {
        let mut party = of(preset);
        let format = rule.format();
        assert_eq!(party.set_name_id(rule), may, "{preset:?} {format:?}");
        assert!(!may || party.name_id_rule().format() == format);
    }
    for name in [
        "IDPEmail",
        "idpemail",
        "http://schemas.xmlsoap.org/claims/UPN",
        "http://schemas.microsoft.com/LiveID/Federation/2008/05/ImmutableId",
        "http://schemas.microsoft.com/claims/authnmethodsreferences",
    ] {
        let rule = || ClaimRule::new(name, constant(&["forged"]));
        for preset in [Preset::Entra, Preset::EntraExternal] {
            assert_eq!(
                of(preset).add_claim(rule()),
                Err(ClaimRuleError::Reserved),
                "{name}"
            );
        }
        assert_eq!(of(Preset::Saml2).add_claim(rule()), Ok(()));
    }
    // The address of a guest may come from elsewhere, but must be there.
    let mut external = of(Preset::EntraExternal);
    let mut rule = ClaimRule::new(EMAIL_ADDRESS, attribute("department"));
    rule.name_format = Some(NameFormat::Unspecified);
    assert_eq!(
        external.add_claim(rule.clone()),
        Err(ClaimRuleError::Required)
    );
    rule.required = true;
    assert_eq!(external.add_claim(rule.clone()), Ok(()));
    assert_eq!(external.claim_rules(), [rule]);
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

#[test]
fn only_who_is_let_in_may_sign_in() {
    let mut party = of(Preset::Saml2);
    for (access, cause) in [
        (
            Access::Nobody,
            Some("nobody may sign in at this relying party: it has no `access`"),
        ),
        (Access::Everyone, None),
        (
            Access::Only(vec![]),
            Some("no rule of `access` lets her in: she is not "),
        ),
        (
            Access::Only(vec![in_group("Admins"), in_group("Editors")]),
            None,
        ),
        (
            Access::Only(vec![in_group("Admins"), in_group("Owners")]),
            Some(
                "no rule of `access` lets her in: she is not in the group CN=Admins,DC=contoso; \
                 nor in the group CN=Owners,DC=contoso",
            ),
        ),
    ] {
        party.access = access;
        let refused = party.permits(&wendy()).err().map(|error| error.to_string());
        assert_eq!(refused.as_deref(), cause);
    }
    party.access = Access::Everyone;
    assert!(party.set_name_id(NameIdRule::EmailAddress(NameIdSource::Email)));
    assert!(party.permits(&wendy()).is_ok());
    let refused = party.permits(&by_upn()).unwrap_err();
    assert!(matches!(refused, NotPermitted::NoName(_)), "{refused}");
    let required = ClaimRule {
        required: true,
        ..ClaimRule::new("title", attribute("title"))
    };
    party.add_claim(required).unwrap();
    let refused = party.permits(&wendy()).unwrap_err();
    assert!(
        matches!(&refused, NotPermitted::NoClaim(name) if name == "title"),
        "{refused}"
    );
}

#[test]
fn needs_are_those_of_all_rules_and_no_more() {
    assert_eq!(
        Needs::of(&[party("a"), of(Preset::Saml2)]),
        Needs::default()
    );
    let mut one = of(Preset::Saml2);
    one.add_claim(ClaimRule::new("d", attribute("department")))
        .unwrap();
    one.add_claim(ClaimRule {
        conditions: vec![in_group("Staff")],
        ..ClaimRule::new(
            "r",
            ClaimSource::Groups(vec![(group("Editors"), "e".into())]),
        )
    })
    .unwrap();
    let mut other = of(Preset::EntraExternal);
    let at_home = Condition::new(vec![
        Test::Attribute(
            ToldAttribute::parse("Department").unwrap(),
            Expected::AnyOf(vec!["IT".into()]),
        ),
        Test::Below(vec![group("x")]),
        Test::Directory(vec!["contoso".into()]),
    ]);
    other.access = Access::Only(vec![at_home.unwrap(), in_group("editors")]);
    let needs = Needs::of(&[one, other]);
    let names: Vec<_> = needs
        .attributes
        .iter()
        .map(crate::directory::Attribute::as_str)
        .collect();
    assert_eq!(names, ["department"]);
    assert_eq!(
        needs.groups,
        [group("Editors").dn().clone(), group("Staff").dn().clone()]
    );
    assert_eq!(needs.places, [group("X").dn().clone()]);
    assert!(needs.directory && needs.email);
}

/// Attributes of a person, each with a value that tells where it came from.
const ATTRIBUTES: [&str; 5] = ["department", "title", "mail", "l", "employeeNumber"];

fn any_source() -> impl Strategy<Value = (ClaimSource, Vec<String>)> {
    let named = prop::sample::select(&ATTRIBUTES[..]);
    prop_oneof![
        named.prop_map(|name| (attribute(name), vec![format!("value of {name}")])),
        "[a-z]{1,5}".prop_map(|text| (constant(&[&text]), vec![text])),
        Just((ClaimSource::CloudUpn, vec!["upn".into()])),
        Just((ClaimSource::ImmutableId, vec!["anchor".into()])),
        Just((ClaimSource::DisplayName, vec!["name".into()])),
        Just((ClaimSource::Email, vec!["sign-in".into()])),
        Just((
            ClaimSource::Groups(vec![
                (group("A"), "role a".into()),
                (group("B"), "role b".into())
            ]),
            vec!["role a".into(), "role b".into()],
        )),
    ]
}

fn any_person() -> impl Strategy<Value = Subject> {
    let has = prop::collection::vec(any::<bool>(), ATTRIBUTES.len());
    (has, any::<bool>(), any::<bool>(), any::<bool>()).prop_map(|(has, external, in_a, in_b)| {
        let attributes = ATTRIBUTES.iter().zip(has).filter(|(_, has)| *has);
        let attributes =
            attributes.map(|(name, _)| ((*name).to_owned(), vec![format!("value of {name}")]));
        let groups = [("cn=a,dc=contoso", in_a), ("cn=b,dc=contoso", in_b)];
        let groups = groups.iter().filter(|(_, is_in)| *is_in);
        Subject {
            sign_in_name: "sign-in".into(),
            immutable_id: "anchor".into(),
            cloud_upn: "upn".into(),
            display_name: Some("name".into()),
            suffix: "suffix".into(),
            particulars: Particulars {
                external,
                directory: Some("directory".into()),
                places: vec!["place".into()],
                groups: groups.map(|(key, _)| (*key).to_owned()).collect(),
                attributes: attributes.collect(),
            },
        }
    })
}

proptest! {
    #[test]
    fn nothing_is_issued_that_no_rule_names(
        person in any_person(),
        preset in prop::sample::select(vec![Preset::Entra, Preset::EntraExternal, Preset::Saml2]),
        rules in prop::collection::vec(("[a-c]", any_source(), any::<bool>()), 0..8),
    ) {
        let mut party = of(preset);
        let mut may_say: Vec<(String, Vec<String>)> = match preset {
            Preset::Entra => vec![("IDPEmail".into(), vec!["upn".into()])],
            Preset::EntraExternal => vec![(EMAIL_ADDRESS.into(), vec!["sign-in".into()])],
            Preset::Saml2 => vec![],
        };
        for (name, (source, values), is_conditional) in rules {
            let conditions = if is_conditional { vec![in_group("A")] } else { vec![] };
            let rule = ClaimRule { conditions, ..ClaimRule::new(&*name, source) };
            party.add_claim(rule).unwrap();
            may_say.push((name, values));
        }
        let claims = party.claims(&person);
        for (name, values) in plain(&claims) {
            prop_assert!(!values.is_empty());
            let permitted: Vec<_> = may_say.iter().filter(|(named, _)| *named == name).collect();
            for value in values {
                let named = permitted.iter().any(|(_, values)| values.contains(&value));
                prop_assert!(named, "{name} = {value}");
            }
        }
        // A person without what the rules need is told about as if it were not there.
        let bare = Subject { particulars: Particulars::default(), ..person.clone() };
        let needs = Needs::of(std::slice::from_ref(&party));
        if needs == Needs::default() {
            prop_assert_eq!(plain(&claims), plain(&party.claims(&bare)));
        }
        // What explains is what issues.
        let issued: usize = claims.iter().map(|claim| claim.values().len()).sum();
        let explained = party.explain(&person).claims;
        let told = explained.iter().filter_map(|claim| claim.outcome.as_ref().ok());
        prop_assert!(told.clone().flatten().count() >= issued);
        prop_assert_eq!(told.count() == 0, issued == 0);
    }
}
