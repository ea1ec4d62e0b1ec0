//! Which tables are one.

use super::*;

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
