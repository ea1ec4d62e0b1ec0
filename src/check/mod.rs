//! The doctor: looks a configuration over, part by part, and says what is wrong and how to mend it.
//!
//! Every [`Finding`] has a name that scripts may rely on. A part that cannot be looked at because
//! one before it failed says so, instead of staying silent.

mod accounts;
mod directory;
mod federation;
mod home_realm;
mod issuance;
mod keys;
mod metadata;
mod partners;
mod rights;
mod routes;
mod store;
mod upstreams;
mod ws_trust;

pub use home_realm::{Arrival, HomeRealmReport, Lookout, LookoutError, RouteTold};
pub use issuance::{Issuance, IssuedClaim, IssuedName};
pub use partners::{LONGEST_LIST, Partner, names_of};

use std::{
    net::{IpAddr, Ipv4Addr},
    path::Path,
};

use serde::Serialize;

use crate::{
    config::Config,
    provider,
    realm::{Home, Owners, Realm},
    signin::Surroundings,
    trust::Trusts,
};

/// An address that no request comes from, for a question that names none.
pub const NOWHERE: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

/// How a check came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// As it should be.
    Ok,
    /// People can sign in, but not for long, or not well.
    Warn,
    /// People cannot sign in, or it is not safe that they do.
    Fail,
}

/// What one check found.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    /// The check's name: stable, for scripts.
    pub name: &'static str,
    /// How it came out.
    pub verdict: Verdict,
    /// What was seen.
    pub found: String,
    /// How to mend it, where there is something to mend.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mend: Option<String>,
}

impl Finding {
    fn ok(name: &'static str, found: impl Into<String>) -> Self {
        Self {
            name,
            verdict: Verdict::Ok,
            found: found.into(),
            mend: None,
        }
    }

    fn warn(name: &'static str, found: impl Into<String>, mend: impl Into<String>) -> Self {
        Self {
            name,
            verdict: Verdict::Warn,
            found: found.into(),
            mend: Some(mend.into()),
        }
    }

    fn fail(name: &'static str, found: impl Into<String>, mend: impl Into<String>) -> Self {
        Self {
            name,
            verdict: Verdict::Fail,
            found: found.into(),
            mend: Some(mend.into()),
        }
    }
}

/// Everything that was found.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Whether no check failed and the user, if one was named, can be mapped.
    pub good: bool,
    /// The checks, in the order in which a sign-in meets what they look at.
    pub findings: Vec<Finding>,
    /// The steps of the mapping of `--user`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<UserTrace>,
}

/// How one name is mapped to an account, without a password.
#[derive(Debug, Serialize)]
pub struct UserTrace {
    /// The name asked about.
    pub name: String,
    /// What was done and what came of it.
    pub steps: Vec<UserStep>,
    /// What the relying party of `--relying-party` would be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuance: Option<Issuance>,
}

/// One step of the mapping.
#[derive(Debug, Serialize)]
pub struct UserStep {
    /// What was looked at and what was found.
    pub what: String,
    /// Whether the name got past it.
    pub ok: bool,
}

/// Somebody to look up.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The name that she would sign in with.
    pub user: &'a str,
    /// The entity ID of the relying party that would be told about her.
    pub relying_party: Option<&'a str>,
}

/// Looks the configuration at `path` over; `asked` is somebody to trace; `scan` reads every account
/// in the directories.
pub async fn check(path: &Path, asked: Option<Asked<'_>>, scan: bool) -> Report {
    let config = match Config::read(path) {
        Ok(config) => config,
        Err(error) => {
            let finding = Finding::fail(
                "configuration",
                error.to_string(),
                "correct the line; config/homerealm.toml explains every key",
            );
            return Report {
                good: false,
                findings: vec![finding],
                user: None,
            };
        }
    };
    let mut findings = vec![Finding::ok("configuration", "understood")];
    findings.extend(keys::check(&config));
    let (trusts, of_trusts) = federation::check(&config);
    findings.extend(of_trusts);
    if let Some(trusts) = &trusts {
        findings.extend(metadata::check(&config, trusts).await);
        findings.extend(federation::relying_parties(trusts));
        findings.push(ws_trust::check(&config.edge, trusts));
    }
    findings.extend(upstreams::check(&config).await);
    findings.extend(store::check(&config).await);
    let needs = trusts
        .as_ref()
        .map(Trusts::needs)
        .cloned()
        .unwrap_or_default();
    let (mut homes, mut owners) = (Vec::new(), Owners::default());
    for directory in &config.directories {
        let scan = scan.then_some(&mut owners);
        homes.extend(directory::check(directory, &needs, scan, &mut findings).await);
    }
    // Without one of them, no name can be said to lead to exactly one account.
    let is_complete = homes.len() == config.directories.len();
    if is_complete {
        issuance::groups(&homes, &needs, &mut findings).await;
        routes::check(&config, &homes, &mut findings).await;
    }
    let user = match (asked, trusts) {
        (None, _) => None,
        (Some(asked), Some(trusts)) if is_complete => {
            let networks = config.corporate_networks.clone();
            let surroundings = provider::surroundings(&config.edge, networks);
            Some(trace(&config, homes, &trusts, &surroundings, asked).await)
        }
        (Some(asked), _) => Some(UserTrace {
            name: asked.user.to_owned(),
            steps: vec![UserStep {
                what: "this cannot be asked before what failed above is mended".to_owned(),
                ok: false,
            }],
            issuance: None,
        }),
    };
    let good = findings
        .iter()
        .all(|finding| finding.verdict != Verdict::Fail)
        && user.as_ref().is_none_or(UserTrace::is_good);
    Report {
        good,
        findings,
        user,
    }
}

impl UserTrace {
    fn is_good(&self) -> bool {
        let is_permitted = self
            .issuance
            .as_ref()
            .is_none_or(|issuance| issuance.permitted);
        self.steps.iter().all(|step| step.ok) && is_permitted
    }
}

async fn trace(
    config: &Config,
    homes: Vec<Home>,
    trusts: &Trusts,
    surroundings: &Surroundings,
    asked: Asked<'_>,
) -> UserTrace {
    let realm = Realm::new(homes).with_routes(config.routes.clone());
    let upstreams = config.upstreams.iter().map(|it| it.terms.clone());
    let upstreams: Vec<_> = upstreams.collect();
    let arrival = Arrival {
        name: asked.user,
        home_realm_hint: None,
        source: NOWHERE,
    };
    let followed = home_realm::follow(&realm, &upstreams, arrival).await;
    let account = followed.account.as_ref();
    let issuance = match asked.relying_party {
        Some(party) => Some(issuance::look(trusts, &realm, account, surroundings, party).await),
        None => None,
    };
    UserTrace {
        name: asked.user.to_owned(),
        steps: followed.steps,
        issuance,
    }
}
