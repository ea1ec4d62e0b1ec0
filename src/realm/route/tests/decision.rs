//! Where names belong.

use super::*;

#[test]
fn without_routes_every_name_belongs_to_the_directories() {
    let routes = Routes::default();
    assert!(!routes.lead_elsewhere());
    for name in [None, Some("wmoran@fabrikam.com"), Some("wmoran")] {
        assert!(taken(&routes, name, None, "10.0.0.1").is_some());
    }
    let route = routes.iter().next().unwrap();
    assert_eq!(route.to.directories(), Some(Directories::All));
}

#[test]
fn the_first_route_that_fits_decides() {
    let routes = table(&[
        ("boss@fabrikam.com", "no"),
        ("fabrikam.com 10.0.0.0/8 2001:db8::/32", "directories"),
        ("fabrikam.com ?fabrikam.com", "fabrikam"),
        ("partners.contoso.com pat@gmail.com", "directories"),
        ("?gmail.com", "no"),
    ])
    .unwrap();
    assert!(routes.lead_elsewhere());
    for (name, hint, source, expected) in [
        (Some("Boss@FABRIKAM.com."), None, "10.0.0.1", Some("0")),
        (Some("wmoran@fabrikam.com"), None, "10.0.0.1", Some("1")),
        (
            Some("wmoran@fabrikam.com"),
            None,
            "::ffff:10.0.0.1",
            Some("1"),
        ),
        (Some("wmoran@fabrikam.com"), None, "2001:db8::1", Some("1")),
        (Some("wmoran@fabrikam.com"), None, "11.0.0.0", Some("2")),
        (Some("nobody@fabrikam.com"), None, "11.0.0.0", Some("2")),
        (Some("w@sub.fabrikam.com"), None, "11.0.0.0", None),
        (Some("w@partners.contoso.com"), None, "11.0.0.0", Some("3")),
        (Some("pat@gmail.com"), None, "11.0.0.0", Some("3")),
        (Some("pet@gmail.com"), None, "11.0.0.0", None),
        (Some("wmoran"), None, "11.0.0.0", None),
        (None, None, "11.0.0.0", None),
        (None, Some("fabrikam.com"), "11.0.0.0", Some("2")),
        (None, Some("gmail.com"), "11.0.0.0", Some("4")),
        // A name says more than a hint.
        (
            Some("pet@gmail.com"),
            Some("fabrikam.com"),
            "11.0.0.0",
            None,
        ),
        (
            Some("pat@gmail.com"),
            Some("fabrikam.com"),
            "11.0.0.0",
            Some("3"),
        ),
        (Some("wmoran"), Some("fabrikam.com"), "11.0.0.0", None),
    ] {
        let found = taken(&routes, name, hint, source);
        assert_eq!(found.as_deref(), expected, "{name:?} {hint:?} {source}");
    }
}

#[test]
fn groups_are_looked_at_after_the_proof_and_the_exception_counts() {
    let routes = table(&[
        ("leavers", "no"),
        ("fabrikam.com staff guests", "fabrikam"),
        ("", "directories"),
    ])
    .unwrap();
    assert_eq!(routes.groups(), ["leavers", "staff", "guests"].map(group));
    let name = SignInName::parse("wmoran@fabrikam.com").unwrap();
    let other = SignInName::parse("wmoran@adatum.com").unwrap();
    let arriving = |name| Arriving {
        name: Some(name),
        home_realm_hint: None,
        source: [10, 0, 0, 1].into(),
    };
    assert_eq!(routes.of(arriving(&name)).unwrap().name, "2");
    for (name, member_of, expected) in [
        (&name, &[][..], "2"),
        (&name, &["guests"], "1"),
        (&other, &["guests"], "2"),
        (&name, &["guests", "leavers"], "0"),
        (&other, &["leavers"], "0"),
    ] {
        let member_of: Vec<Dn> = member_of.iter().map(|name| group(name)).collect();
        let route = routes.of_member(arriving(name), &member_of).unwrap();
        assert_eq!(route.name, expected, "{name} {member_of:?}");
        let tried = routes.explain(arriving(name), Some(&member_of));
        assert_eq!(tried.last().unwrap().route.name, expected);
    }
    let why = |member_of| {
        let tried = routes.explain(arriving(&name), member_of);
        tried
            .iter()
            .filter_map(|tried| tried.outcome.err())
            .collect::<Vec<_>>()
    };
    assert_eq!(why(None), [Unfit::ProofFirst, Unfit::ProofFirst]);
    assert_eq!(why(Some(&[])), [Unfit::NoMember, Unfit::NoMember]);
}
