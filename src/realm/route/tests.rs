//! Tables that are one, tables that are none, and where names belong.

use std::net::IpAddr;

use super::*;
use crate::realm::EmailAddress;

fn route(name: &str, to: &str, change: impl FnOnce(&mut When)) -> Route {
    let mut when = When::default();
    change(&mut when);
    Route {
        name: name.to_owned(),
        when,
        to: match to {
            "directories" => HomeRealm::Directories,
            "no" => HomeRealm::Refused("Not here.".to_owned()),
            upstream => HomeRealm::Upstream(upstream.to_owned()),
        },
    }
}

fn domain(text: &str) -> DomainName {
    DomainName::parse(text).unwrap()
}

fn address(text: &str) -> EmailAddress {
    EmailAddress::parse(text).unwrap()
}

fn group(name: &str) -> Dn {
    format!("CN={name},DC=contoso,DC=com").parse().unwrap()
}

/// `a.com`, `x@a.com`, `?a.com` (a hint), `10.0.0.0/8` and `CN` (a group), in one list.
fn for_whom(list: &str) -> impl FnOnce(&mut When) {
    let list: Vec<String> = list.split_whitespace().map(str::to_owned).collect();
    move |when| {
        for word in list {
            if let Some(hint) = word.strip_prefix('?') {
                when.home_realm_hints.insert(domain(hint));
            } else if let Ok(network) = word.parse() {
                when.networks.push(network);
            } else if word.contains('@') {
                when.addresses.insert(address(&word));
            } else if word.contains('.') {
                when.domains.insert(domain(&word));
            } else {
                when.groups.push(group(&word));
            }
        }
    }
}

/// Routes of whom they are for and where they lead, numbered.
fn table(rows: &[(&str, &str)]) -> Result<Routes, TableError> {
    let numbered = rows.iter().enumerate();
    let routes = numbered.map(|(at, (list, to))| route(&at.to_string(), to, for_whom(list)));
    Routes::new(routes.collect())
}

fn taken(routes: &Routes, name: Option<&str>, hint: Option<&str>, source: &str) -> Option<String> {
    let name = name.map(|name| SignInName::parse(name).unwrap());
    let hint = hint.map(domain);
    let source: IpAddr = source.parse().unwrap();
    let arriving = Arriving {
        name: name.as_ref(),
        home_realm_hint: hint.as_ref(),
        source,
    };
    let tried = routes.explain(arriving, None);
    let route = routes.of(arriving).map(|route| route.name.clone());
    // The explanation ends where the decision does.
    let last = tried.last().filter(|tried| tried.outcome.is_ok());
    assert_eq!(last.map(|tried| tried.route.name.clone()), route);
    route
}

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

#[test]
fn every_route_can_be_taken() {
    for (rows, route, instead) in [
        (&[("", "directories"), ("a.com", "a")][..], 1, &[0][..]),
        (
            &[("a.com b.com", "a"), ("c.com", "a"), ("b.com", "b")],
            2,
            &[0],
        ),
        (&[("a.com", "no"), ("x@a.com", "directories")], 1, &[0]),
        // Two together stand in the way of a third.
        (
            &[("a.com", "a"), ("b.com", "b"), ("b.com a.com", "c")],
            2,
            &[0, 1],
        ),
        (
            &[
                ("a.com", "a"),
                ("b.com 10.0.0.0/8", "no"),
                ("10.1.0.0/16 a.com b.com", "c"),
            ],
            2,
            &[0, 1],
        ),
        (
            &[
                ("10.0.0.0/9", "directories"),
                ("10.128.0.0/9", "directories"),
                ("10.0.0.0/8", "no"),
                ("", "directories"),
            ],
            2,
            &[0, 1],
        ),
        (
            &[
                ("0.0.0.0/0", "directories"),
                ("::/0", "directories"),
                ("a.com", "a"),
            ],
            2,
            &[0, 1],
        ),
        // Even where it leads to the same end.
        (&[("a.com", "a"), ("a.com", "a")], 1, &[0]),
        (&[("?a.com", "a"), ("?a.com", "a")], 1, &[0]),
        // Requests come by IPv4 as such.
        (
            &[("::ffff:10.0.0.0/104", "directories"), ("", "directories")],
            0,
            &[],
        ),
        // Who is refused at the door never proves to be a member.
        (&[("g", "fabrikam"), ("a.com", "no")], 0, &[1]),
        (&[("a.com g", "fabrikam"), ("", "no")], 0, &[1]),
        (
            &[("g h", "no"), ("h", "fabrikam"), ("", "directories")],
            1,
            &[0],
        ),
    ] {
        let instead = instead.to_vec();
        let error = TableError::NeverTaken { route, instead };
        assert_eq!(table(rows).unwrap_err(), error, "{rows:?}");
    }
    for rows in [
        &[("a.com", "a"), ("b.com", "b"), ("", "directories")][..],
        &[("x@a.com", "no"), ("a.com", "a")],
        &[
            ("10.0.0.0/9", "no"),
            ("10.128.0.0/10", "no"),
            ("10.0.0.0/8", "directories"),
        ],
        &[("0.0.0.0/0", "no"), ("", "directories")],
        &[("a.com", "a"), ("?a.com", "b")],
        &[("a.com 10.0.0.0/8", "no"), ("a.com", "a")],
        &[("g", "no"), ("h", "fabrikam"), ("", "directories")],
        &[("g", "a"), ("a.com", "a")],
        // Whoever is made up is nobody whom a route names.
        &[("0@a.com", "no"), ("a.com", "a")],
    ] {
        assert!(table(rows).is_ok(), "{rows:?}");
    }
    // Nobody has an address in a domain of that length.
    let longest = format!("{}.{}", vec!["a".repeat(63); 3].join("."), "a".repeat(61));
    assert!(matches!(
        table(&[(&longest, "a")]),
        Err(TableError::NeverTaken { route: 0, .. })
    ));
}

#[test]
fn order_alone_decides_between_no_two_routes() {
    for (rows, first, second, example) in [
        (
            &[("a.com b.com", "a"), ("b.com c.com", "b")][..],
            0,
            1,
            "a name in b.com",
        ),
        (&[("a.com", "a"), ("x@a.com x@b.com", "b")], 0, 1, "x@a.com"),
        (
            &[("?a.com a.com", "a"), ("?a.com b.com", "b")],
            0,
            1,
            "the hint a.com",
        ),
        (
            &[("10.0.0.0/8", "directories"), ("a.com", "a")],
            0,
            1,
            "a name in a.com from 10.0.0.0",
        ),
        (
            &[
                ("10.1.0.0/16 a.com b.com", "directories"),
                ("10.0.0.0/8 a.com", "a"),
            ],
            0,
            1,
            "a name in a.com from 10.1.0.0",
        ),
        // What a third says of some does not settle it for the others.
        (
            &[
                ("a.com 10.0.0.0/9", "no"),
                ("10.0.0.0/8", "directories"),
                ("a.com", "a"),
            ],
            1,
            2,
            "a name in a.com from 10.128.0.0",
        ),
        // A group after the rule that it should be an exception from.
        (
            &[("a.com", "a"), ("g", "no"), ("", "directories")],
            0,
            1,
            "a name in a.com",
        ),
        (
            &[
                ("a.com c.com g", "no"),
                ("b.com a.com g", "a"),
                ("", "directories"),
            ],
            0,
            1,
            "a name in a.com",
        ),
    ] {
        match table(rows).unwrap_err() {
            TableError::Undecided {
                first: one,
                second: other,
                example: found,
            } => {
                assert_eq!((one, other), (first, second), "{rows:?}");
                assert!(found.starts_with(example), "{found}");
            }
            other => panic!("{rows:?}: {other:?}"),
        }
    }
    for rows in [
        // To the same end.
        &[("a.com b.com", "a"), ("b.com c.com", "a")][..],
        // A third says which it is.
        &[
            ("a.com 10.0.0.0/8", "no"),
            ("10.0.0.0/8", "directories"),
            ("a.com", "a"),
        ],
        // They have nobody in common.
        &[("10.0.0.0/8 a.com", "a"), ("11.0.0.0/8 a.com", "b")],
        &[("a.com 10.0.0.0/8", "a"), ("b.com 10.0.0.0/8", "b")],
        // An exception, however wide it is itself.
        &[
            ("x@a.com", "no"),
            ("a.com 10.0.0.0/8", "directories"),
            ("a.com", "a"),
        ],
        &[("g", "no"), ("a.com", "a"), ("", "directories")],
        &[("a.com 10.0.0.0/8", "directories"), ("a.com ?a.com", "a")],
    ] {
        assert!(table(rows).is_ok(), "{rows:?}: {:?}", table(rows));
    }
}

#[test]
fn no_password_is_asked_for_twice() {
    let refused = table(&[("a.com", "a"), ("g", "directories"), ("", "a")]).unwrap_err();
    assert_eq!(refused, TableError::PasswordTwice { route: 1 });
}

#[test]
fn a_long_table_is_looked_over_at_once() {
    let mut routes: Vec<Route> = (0..300)
        .map(|number| {
            let list = format!("p{number}.com ?p{number}.com 10.{}.0.0/16", number % 250);
            route(&number.to_string(), &format!("u{number}"), for_whom(&list))
        })
        .collect();
    let several = |number: u32| format!("{number}@gmail.com");
    let all: Vec<String> = (0..5_000).map(several).collect();
    routes.push(route("gmail", "directories", for_whom(&all.join(" "))));
    routes.push(route("rest", "no", |_| {}));
    let started = std::time::Instant::now();
    let routes = Routes::new(routes).unwrap();
    let took = started.elapsed();
    // Seconds in a build that is not optimised, on a machine with much to do.
    assert!(took.as_secs() < 20, "{took:?}");
    let named = taken(&routes, Some("4999@gmail.com"), None, "11.0.0.1");
    assert_eq!(named.as_deref(), Some("gmail"));
}

#[test]
fn entra_is_told_who_is_coming() {
    let door = EntraDoor {
        link: TenantedLink::parse("https://entra.test/contoso.com/?x=1#there").unwrap(),
        domain_hint: Some(domain("Contoso.com")),
    };
    let name = SignInName::parse("k+h@contoso.com").unwrap();
    assert_eq!(
        door.address(Some(&name)),
        "https://entra.test/contoso.com/?x=1&login_hint=k%2Bh%40contoso.com&domain_hint=contoso.com#there"
    );
    let door = EntraDoor {
        domain_hint: None,
        ..door
    };
    let account_name = SignInName::parse("khart").unwrap();
    for name in [None, Some(&account_name)] {
        assert_eq!(
            door.address(name),
            "https://entra.test/contoso.com/?x=1#there"
        );
    }
}

mod against_everybody {
    //! The few who stand for all are asked; here all are, in a world that is small enough.

    use proptest::{collection::vec, prelude::*, sample::select};

    use super::*;

    const WORDS: [&str; 14] = [
        "a.com",
        "b.com",
        "x@a.com",
        "y@b.com",
        "?a.com",
        "?c.com",
        "10.0.0.0/30",
        "10.0.0.0/31",
        "10.0.0.2/31",
        "10.0.0.1/32",
        "0.0.0.0/0",
        "::/0",
        "g",
        "h",
    ];

    fn tables() -> impl Strategy<Value = Vec<(String, &'static str)>> {
        let list = vec(select(&WORDS[..]), 0..4).prop_map(|words| words.join(" "));
        vec((list, select(&["a", "b", "no", "directories"][..])), 1..6)
    }

    /// By name, hint, source and groups.
    type Person = (Option<SignInName>, Option<DomainName>, IpAddr, Vec<Dn>);

    /// Everybody there is.
    fn everybody() -> Vec<Person> {
        let names = ["x@a.com", "z@a.com", "y@b.com", "z@b.com", "z@c.com", "z"];
        let names = names.map(|name| (Some(SignInName::parse(name).unwrap()), None));
        let hints = [None, Some("a.com"), Some("b.com"), Some("c.com")];
        let hints = hints.map(|hint| (None, hint.map(domain)));
        let sources = [
            "10.0.0.0", "10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4", "::1",
        ];
        let groups = [&[][..], &["g"], &["h"], &["g", "h"]];
        let mut all = Vec::new();
        for (name, hint) in names.into_iter().chain(hints) {
            for source in sources {
                for member_of in groups {
                    let member_of = member_of.iter().map(|name| group(name)).collect();
                    let source = source.parse().unwrap();
                    all.push((name.clone(), hint.clone(), source, member_of));
                }
            }
        }
        all
    }

    proptest! {
        #[test]
        fn a_route_can_be_taken_when_somebody_takes_it(rows in tables()) {
            let rows: Vec<(&str, &str)> = rows.iter().map(|(list, to)| (&**list, *to)).collect();
            let numbered = rows.iter().enumerate();
            let routes = Routes(numbered
                .map(|(at, (list, to))| route(&at.to_string(), to, for_whom(list)))
                .collect());
            let mut taken = vec![false; rows.len()];
            let mut both = Vec::new();
            for (name, hint, source, member_of) in everybody() {
                let arriving = Arriving {
                    name: name.as_ref(),
                    home_realm_hint: hint.as_ref(),
                    source,
                };
                let fits: Vec<usize> = (0..rows.len())
                    .filter(|at| routes.0[*at].when.fit(arriving, Some(&member_of)).is_ok())
                    .collect();
                if let Some(first) = fits.first() {
                    both.extend(fits.iter().skip(1).map(|other| (*first, *other)));
                    let proves = routes.of(arriving).is_some_and(|route| route.to.is_by_proof());
                    taken[*first] |= proves || routes.0[*first].when.groups.is_empty();
                }
            }
            match table(&rows) {
                Ok(_) => prop_assert!(!taken.contains(&false), "{rows:?} {taken:?}"),
                Err(TableError::NeverTaken { route, .. }) => {
                    prop_assert_eq!(taken.iter().position(|taken| !taken), Some(route), "{:?}", rows);
                }
                Err(TableError::Undecided { first, second, .. }) => {
                    prop_assert!(!taken.contains(&false), "{rows:?} {taken:?}");
                    prop_assert!(both.contains(&(first, second)), "{rows:?}");
                }
                Err(TableError::PasswordTwice { route }) => {
                    prop_assert!(!routes.0[route].when.groups.is_empty());
                    prop_assert_eq!(rows[route].1, "directories");
                }
            }
        }
    }
}
