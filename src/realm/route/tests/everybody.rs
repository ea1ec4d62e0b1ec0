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
