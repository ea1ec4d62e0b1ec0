//! Tables that are one, tables that are none, and where names belong.

mod decision;
mod entra;
mod everybody;
mod table;

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
