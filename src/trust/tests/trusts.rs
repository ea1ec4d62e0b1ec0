//! All trusts together: names, issuers, and what they ask of the directory.

use super::*;
use crate::directory::Attribute;

#[test]
fn names_are_unique_and_somebody_is_there() {
    let one = || domain("partners.contoso.com", "https://idp.test/partners");
    assert!(Trusts::new(vec![party("a"), party("b")], vec![one()]).is_ok());
    assert_eq!(
        Trusts::new(vec![party("a"), party("a")], vec![one()]).unwrap_err(),
        TrustError::DuplicateRelyingParty("a".into())
    );
    let mut alias = party("b");
    alias.ws_trust_addresses.push("a".into());
    assert_eq!(
        Trusts::new(vec![party("a"), alias], vec![one()]).unwrap_err(),
        TrustError::DuplicateWsTrustAddress("a".into())
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
fn ws_trust_finds_who_may_be_asked_for() {
    let entra = party("urn:federation:MicrosoftOnline");
    let mut other = party("other");
    other.protocols.retain(|known| *known != Protocol::WsTrust);
    let domains = vec![domain("partners.contoso.com", "https://idp.test/partners")];
    let trusts = Trusts::new(vec![entra, other], domains).unwrap();
    let found = |address| {
        let party = trusts.ws_trust_relying_party(address);
        party.map(|party| party.entity_id().to_owned())
    };
    for address in [
        "urn:federation:MicrosoftOnline",
        "https://login.microsoftonline.com/extSTS.srf",
    ] {
        let found = found(address);
        assert_eq!(found.as_deref(), Some("urn:federation:MicrosoftOnline"));
    }
    for address in ["other", "", "urn:federation:microsoftonline", "nobody"] {
        assert_eq!(found(address), None, "{address}");
    }
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
    let issuer = |id: &str, suffix| {
        let party = trusts.relying_party(id).unwrap();
        trusts.issuer(&party, suffix).map(str::to_owned)
    };
    for (id, of_first, of_second) in [
        ("entra", first, second),
        ("other", first, first),
        ("own", "urn:own", "urn:own"),
    ] {
        assert_eq!(issuer(id, "first.test"), Some(of_first.to_owned()), "{id}");
        assert_eq!(
            issuer(id, "second.test"),
            Some(of_second.to_owned()),
            "{id}"
        );
        assert_eq!(issuer(id, "third.test"), None, "{id}");
    }
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
    let names: Vec<_> = needs.attributes.iter().map(Attribute::as_str).collect();
    assert_eq!(names, ["department"]);
    assert_eq!(
        needs.groups,
        [group("Editors").dn().clone(), group("Staff").dn().clone()]
    );
    assert_eq!(needs.places, [group("X").dn().clone()]);
    assert!(needs.directory && needs.email);
}

#[test]
fn a_relying_party_without_metadata_is_none_and_still_needs_what_its_rules_ask_for() {
    let mut awaiting = RelyingParty::awaiting_metadata(Preset::Saml2, "https://sp.test:8443/sp");
    assert_eq!(awaiting.display_name, "sp.test");
    awaiting
        .add_claim(ClaimRule::new("d", attribute("department")))
        .unwrap();
    let here = domain("partners.contoso.com", "https://idp.test/partners");
    let trusts = Trusts::new(vec![party("a"), awaiting.clone()], vec![here]).unwrap();
    assert!(trusts.relying_party("https://sp.test:8443/sp").is_none());
    assert_eq!(trusts.relying_parties().len(), 2);
    assert_eq!(trusts.needs().attributes.len(), 1);

    awaiting.answer_to(consumers());
    assert!(trusts.replace(awaiting.clone()));
    let before = trusts.relying_party("https://sp.test:8443/sp").unwrap();
    awaiting.answer_to(vec![]);
    assert!(trusts.replace(awaiting));
    assert!(trusts.relying_party("https://sp.test:8443/sp").is_none());
    assert!(before.is_available(), "whoever has it keeps it");

    assert!(!trusts.replace(party("stranger")));
    assert!(trusts.relying_party("stranger").is_none());
}
