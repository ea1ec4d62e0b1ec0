//! The routes: whether each end is led to, and whether the groups are there that they ask for.

use crate::{
    config::Config,
    realm::{Home, HomeRealm, Routes},
};

use super::{Finding, issuance};

/// Adds what it finds; that each route can be taken was seen when the configuration was read.
pub(super) async fn check(config: &Config, homes: &[Home], findings: &mut Vec<Finding>) {
    findings.push(ends(config));
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

async fn groups(routes: &Routes, homes: &[Home], findings: &mut Vec<Finding>) {
    const NAME: &str = "route-groups";
    const MEND: &str = "correct the name in the route, and see that the service account may read the \
        group and its members";
    issuance::groups_are_there(homes, &routes.groups(), (NAME, MEND), findings).await;
}
