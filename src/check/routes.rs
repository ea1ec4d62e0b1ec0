//! The routes: whether each end is led to, and whether a way leads around one of them.

use std::collections::BTreeSet;

use crate::{
    config::Config,
    realm::{
        Arriving, DomainName, EmailAddress, Home, HomeRealm, Route, Routes, SignInAttribute,
        SignInName,
    },
};

use super::{Finding, NOWHERE, issuance};

/// Adds what it finds; that each route can be taken was seen when the configuration was read.
pub(super) async fn check(config: &Config, homes: &[Home], findings: &mut Vec<Finding>) {
    findings.push(ends(config));
    findings.extend(way_around(&config.routes, homes));
    groups(&config.routes, homes, findings).await;
}

fn ends(config: &Config) -> Finding {
    const NAME: &str = "routes";
    let routes = &config.routes;
    let leads_to = |home: &HomeRealm| routes.iter().any(|route| route.to == *home);
    let upstreams = config.upstreams.iter();
    let upstreams = upstreams.map(|it| HomeRealm::Upstream(it.terms.name.clone()));
    let directories = config.directories.iter();
    let directories = directories
        .map(|it| HomeRealm::Directory(it.name.clone()))
        .filter(|_| !leads_to(&HomeRealm::Directories));
    let idle = upstreams.chain(directories).filter(|home| !leads_to(home));
    let idle: Vec<_> = idle.map(|home| home.to_string()).collect();
    if !idle.is_empty() {
        return Finding::warn(
            NAME,
            format!("no route leads to {}", idle.join(", ")),
            "add a [[route]] to it, or take it out",
        );
    }
    let told: Vec<_> = routes
        .iter()
        .map(|route| format!("{:?} to {}", route.name, route.to))
        .collect();
    Finding::ok(NAME, told.join(", "))
}

/// Her cloud UPN is another name of the same person: where names of that kind lead to a password, whoever
/// has one need not prove herself at the upstream that her email leads to.
fn way_around(routes: &Routes, homes: &[Home]) -> Option<Finding> {
    let to_upstream = |route: &Route| matches!(route.to, HomeRealm::Upstream(_));
    if !routes.iter().any(to_upstream) {
        return None;
    }
    let by_upn = homes.iter().filter(|home| {
        let attributes = &home.mapping().sign_in_attributes;
        attributes.contains(&SignInAttribute::UserPrincipalName)
    });
    let domains = by_upn.flat_map(|home| &home.mapping().federated_domains);
    let by_password = domains.filter(|domain| asks_for_password(routes, &domain.suffix));
    let suffixes: BTreeSet<_> = by_password.map(|domain| &domain.suffix).collect();
    if suffixes.is_empty() {
        return None;
    }
    let suffixes: Vec<_> = suffixes.iter().map(ToString::to_string).collect();
    Some(Finding::warn(
        "cloud-upn-route",
        format!(
            "names in {} lead to a password, also those of people whose email leads to an upstream",
            suffixes.join(", ")
        ),
        "leave userPrincipalName out of sign_in_attributes, or see that such people have no password \
         in the directory",
    ))
}

fn asks_for_password(routes: &Routes, suffix: &DomainName) -> bool {
    let Ok(somebody) = EmailAddress::parse(&format!("somebody@{suffix}")) else {
        return false;
    };
    let arriving = Arriving {
        name: Some(&SignInName::from(somebody)),
        home_realm_hint: None,
        source: NOWHERE,
    };
    let route = routes.of(arriving);
    route.is_some_and(|route| route.to.directories().is_some())
}

async fn groups(routes: &Routes, homes: &[Home], findings: &mut Vec<Finding>) {
    const NAME: &str = "route-groups";
    const MEND: &str = "correct the name in the route, and see that the service account may read the \
        group and its members";
    issuance::groups_are_there(homes, &routes.groups(), (NAME, MEND), findings).await;
}
