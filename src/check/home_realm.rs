//! Where a name belongs and what would follow, without a password: the routes that are tried, the account,
//! the assertion.

use std::{net::IpAddr, path::Path, sync::Arc};

use serde::Serialize;

use crate::{
    config::{Config, ConfigError, RelyingPartyFile},
    directory::{AccountState, SettingsError},
    metadata,
    provider::{HomeParts, realm_of, surroundings},
    realm::{
        Arriving, Directories, DomainName, HomeRealm, MappedAccount, Realm, Route, SignInName,
    },
    signin::Surroundings,
    trust::{TrustError, Trusts},
    upstream::Terms,
};

use super::{Issuance, UserStep, issuance};

/// Somebody who would sign in.
#[derive(Clone, Copy, Debug)]
pub struct Arrival<'a> {
    /// The name that she would type.
    pub name: &'a str,
    /// What the request would hint at.
    pub home_realm_hint: Option<&'a DomainName>,
    /// Where it would come from.
    pub source: IpAddr,
}

/// Where a name belongs, and what would follow.
#[derive(Debug, Serialize)]
pub struct HomeRealmReport {
    /// Whether she would be signed in, or sent to where she can be.
    pub good: bool,
    /// The name asked about.
    pub name: String,
    /// The routes that were tried, in order; those that ask for a group once more, after the proof.
    pub routes: Vec<RouteTold>,
    /// Where she belongs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub home_realm: Option<String>,
    /// What was done and what came of it.
    pub steps: Vec<UserStep>,
    /// What the relying party would be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuance: Option<Issuance>,
}

/// A route that was tried.
#[derive(Debug, Serialize)]
pub struct RouteTold {
    /// Its name.
    pub route: String,
    /// Whether it is hers.
    pub taken: bool,
    /// Where it leads, or whom it is for instead.
    pub why: String,
}

/// What decides where names belong, as somebody needs it who only looks.
pub struct Lookout {
    pub(super) realm: Realm,
    trusts: Arc<Trusts>,
    upstreams: Vec<Terms>,
    surroundings: Surroundings,
    /// How many names may be looked up at the same time.
    pub(super) at_once: usize,
}

/// Why nothing can be looked up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LookoutError {
    /// The configuration is wrong, or what it points at.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The trusts contradict each other.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// The settings of a directory contradict each other.
    #[error(transparent)]
    Directory(#[from] SettingsError),
}

/// A name that was followed as far as it leads.
pub(super) struct Followed<'a> {
    pub(super) routes: Vec<RouteTold>,
    /// Hers, in the end.
    pub(super) route: Option<&'a Route>,
    pub(super) steps: Vec<UserStep>,
    pub(super) account: Option<MappedAccount>,
    is_cloud_upn: bool,
}

impl Lookout {
    /// Reads the configuration at `path` and what it points at. Directories are asked when names are.
    ///
    /// # Errors
    /// [`LookoutError`].
    pub async fn load(path: &Path) -> Result<Self, LookoutError> {
        let config = Config::read(path)?;
        let parties = config.relying_parties.iter().map(RelyingPartyFile::load);
        let trusts = Trusts::new(parties.collect::<Result<_, _>>()?, config.domains.clone())?;
        let trusts = trusts.with_applications(config.applications.clone())?;
        metadata::begin(&mut config.keepers(true)?, &trusts).await;
        let homes = config.directories.iter().map(HomeParts::load);
        let homes = homes.collect::<Result<Vec<_>, _>>()?;
        let searches = homes.iter().map(|home| home.directory.limits.max_searches);
        let at_once = searches.min().unwrap_or(1).min(MOST_AT_ONCE);
        Ok(Self {
            realm: realm_of(homes, config.routes, trusts.needs())?,
            surroundings: surroundings(&config.edge, config.corporate_networks),
            upstreams: config.upstreams.into_iter().map(|it| it.terms).collect(),
            trusts: Arc::new(trusts),
            at_once,
        })
    }

    /// Where a name belongs, and what `relying_party` would be told; the first one in the configuration
    /// unless one is named.
    pub async fn explain(
        &self,
        arrival: Arrival<'_>,
        relying_party: Option<&str>,
    ) -> HomeRealmReport {
        let followed = self.follow(arrival).await;
        let parties = self.trusts.relying_parties();
        let first = parties.first().map(|party| party.entity_id());
        let issuance = match (&followed.account, relying_party.or(first)) {
            (Some(account), Some(party)) if followed.is_good() => {
                let around = &self.surroundings;
                Some(issuance::look(&self.trusts, &self.realm, Some(account), around, party).await)
            }
            _ => None,
        };
        let is_permitted = issuance.as_ref().is_none_or(|it| it.permitted);
        HomeRealmReport {
            good: followed.is_good() && is_permitted,
            name: arrival.name.to_owned(),
            home_realm: followed.route.map(|route| route.to.to_string()),
            routes: followed.routes,
            steps: followed.steps,
            issuance,
        }
    }

    pub(super) async fn follow(&self, arrival: Arrival<'_>) -> Followed<'_> {
        follow(&self.realm, &self.upstreams, arrival).await
    }
}

/// The most names that are looked up at the same time: enough to keep a directory busy.
const MOST_AT_ONCE: usize = 16;

/// Follows a name along the routes, to the account and past the groups that it is in.
pub(super) async fn follow<'a>(
    realm: &'a Realm,
    upstreams: &[Terms],
    arrival: Arrival<'_>,
) -> Followed<'a> {
    let mut followed = Followed {
        routes: Vec::new(),
        route: None,
        steps: Vec::new(),
        account: None,
        is_cloud_upn: false,
    };
    let name = match SignInName::parse(arrival.name) {
        Ok(name) => name,
        Err(error) => {
            followed.step(false, format!("the text is no sign-in name: {error}"));
            return followed;
        }
    };
    followed.is_cloud_upn = is_cloud_upn(realm, &name);
    let arriving = Arriving {
        name: Some(&name),
        home_realm_hint: arrival.home_realm_hint,
        source: arrival.source,
    };
    for tried in realm.routes().explain(arriving, None) {
        followed.tried(tried.route, tried.outcome.map_err(|why| why.to_string()));
    }
    followed.route = realm.routes().of(arriving);
    let Some(route) = followed.route else {
        followed.step(false, "no route fits, so the name has no home here");
        return followed;
    };
    if !followed.arrive(route, &name, upstreams) {
        return followed;
    }
    let directories = route.to.directories().unwrap_or(Directories::All);
    let (trace, account) = realm.trace_to_account(directories, arrival.name).await;
    let steps = trace.steps().iter();
    followed.steps.extend(steps.map(|step| UserStep {
        what: step.text.clone(),
        ok: step.passed,
    }));
    // It is not her password here that proves who she is.
    let state = account.as_ref().and_then(MappedAccount::state);
    if state.is_some_and(AccountState::is_ended_by_a_new_password)
        && route.to.directories().is_none()
        && let Some(last) = followed.steps.last_mut()
    {
        *last = UserStep {
            what: "the state of her password does not matter: it is not asked for".to_owned(),
            ok: true,
        };
    }
    let elsewhere = account
        .as_ref()
        .filter(|_| followed.is_good() && route.to.directories().is_some())
        .and_then(|account| realm.routes().of_other_addresses(account, arrival.source));
    if let Some(elsewhere) = elsewhere {
        let what = "after the proof, the route of an email address of hers counts";
        followed.step(true, what);
        followed.route = Some(elsewhere);
        followed.arrive(elsewhere, &name, upstreams);
        followed.account = account;
        return followed;
    }
    let groups = realm.routes().groups();
    if let (Some(account), true) = (&account, followed.is_good() && !groups.is_empty()) {
        match realm.groups_of(account, &groups).await {
            Ok(member_of) => {
                let all = realm.routes().explain(arriving, Some(&member_of));
                for tried in all.iter().filter(|it| !it.route.when.groups.is_empty()) {
                    followed.tried(tried.route, tried.outcome.map_err(|why| why.to_string()));
                }
                let now = realm.routes().of_member(arriving, &member_of);
                if let Some(now) = now.filter(|now| now.name != route.name) {
                    followed.step(true, "after the proof, a route for a group of hers counts");
                    followed.route = Some(now);
                    followed.arrive(now, &name, upstreams);
                }
            }
            Err(error) => followed.step(false, format!("her groups are not known: {error}")),
        }
    }
    followed.account = account;
    followed
}

/// Whether it is a name in one of our own domains.
fn is_cloud_upn(realm: &Realm, name: &SignInName) -> bool {
    let domains = realm
        .homes()
        .iter()
        .map(|home| &home.mapping().federated_domains);
    name.as_address().is_some_and(|address| {
        let mut suffixes = domains.flatten().map(|domain| &domain.suffix);
        suffixes.any(|suffix| suffix == address.domain())
    })
}

impl Followed<'_> {
    /// Whether she would be signed in, or sent to where she can be.
    pub(super) fn is_good(&self) -> bool {
        self.steps.iter().all(|step| step.ok)
    }

    fn step(&mut self, ok: bool, what: impl Into<String>) {
        let what = what.into();
        self.steps.push(UserStep { what, ok });
    }

    fn tried(&mut self, route: &Route, outcome: Result<(), String>) {
        self.routes.push(RouteTold {
            route: route.name.clone(),
            taken: outcome.is_ok(),
            why: outcome
                .err()
                .unwrap_or_else(|| format!("leads to {}", route.to)),
        });
    }

    /// Says where a route leads; whether an account is looked for here.
    fn arrive(&mut self, route: &Route, name: &SignInName, upstreams: &[Terms]) -> bool {
        let leads = format!("the route {:?} leads to {}", route.name, route.to);
        match &route.to {
            HomeRealm::Directories | HomeRealm::Directory(_) => {
                self.step(true, format!("{leads}, by password"));
                true
            }
            HomeRealm::Upstream(upstream) => {
                self.step(true, leads);
                let terms = upstreams.iter().find(|terms| terms.name == *upstream);
                let speaks = terms
                    .zip(name.as_address())
                    .is_some_and(|(terms, address)| terms.speaks_for.covers(address));
                if self.is_cloud_upn {
                    let what = "it asserts her by an address, of which this is the cloud UPN";
                    self.step(true, what);
                    return true;
                }
                let may = if speaks { "may" } else { "may not" };
                self.step(speaks, format!("it {may} speak for this address"));
                speaks
            }
            HomeRealm::Entra(door) => {
                self.step(true, format!("{leads}: {}", door.address(Some(name))));
                false
            }
            HomeRealm::Refused(text) => {
                self.step(false, format!("{leads}: {text:?}"));
                false
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        check::NOWHERE,
        directory::{
            Entry,
            embedded::{Account, Contents, demo_accounts},
            test_fixture::Fixture,
        },
        realm::{EmailAddress, FederatedDomain, Home, Mapping, Routes, SignInAttribute, When},
        upstream::SpeaksFor,
    };

    fn realm(fixture: &Fixture) -> Realm {
        let domain = |text| DomainName::parse(text).unwrap();
        let mapping = Mapping {
            sign_in_attributes: vec![SignInAttribute::Mail, SignInAttribute::UserPrincipalName],
            federated_domains: vec![FederatedDomain {
                suffix: domain(demo_accounts::FEDERATED_SUFFIX),
                issuer: "https://idp.contoso.com/partners".to_owned(),
            }],
            scopes: vec![demo_accounts::PARTNERS.parse().unwrap()],
            ..Mapping::default()
        };
        let route = Route {
            name: "Fabrikam".to_owned(),
            when: When {
                domains: [
                    domain("fabrikam.com"),
                    domain(demo_accounts::FEDERATED_SUFFIX),
                ]
                .into(),
                addresses: [EmailAddress::parse("reception@adatum.com").unwrap()].into(),
                ..When::default()
            },
            to: HomeRealm::Upstream("fabrikam".to_owned()),
        };
        let home = Home::new("contoso", fixture.directory(), mapping);
        Realm::new(vec![home]).with_routes(Routes::new(vec![route]).unwrap())
    }

    #[tokio::test]
    async fn an_upstream_answers_for_its_own_and_the_account_is_looked_up() {
        let mut contents = Contents::demo().unwrap();
        let is_epark = |account: &&mut Account| account.entry.dn().contains("Park");
        let epark = contents.accounts.iter_mut().find(is_epark).unwrap();
        let must_change = ("pwdLastSet".to_owned(), vec![b"0".to_vec()]);
        epark.entry = Entry::new(
            epark.entry.dn(),
            ["mail", "userPrincipalName", "objectGUID"]
                .map(|name| {
                    (
                        name.to_owned(),
                        epark.entry.bytes(name).map(<[u8]>::to_vec).collect(),
                    )
                })
                .into_iter()
                .chain([must_change])
                .collect(),
        );
        let fixture = Fixture::start_with(contents).await;
        let realm = realm(&fixture);
        let terms = Terms {
            name: "fabrikam".to_owned(),
            display_name: "Fabrikam".to_owned(),
            speaks_for: SpeaksFor {
                domains: vec![DomainName::parse("fabrikam.com").unwrap()],
                addresses: Vec::new(),
            },
            trusted_for_mfa: false,
        };
        for (name, last, is_there, good) in [
            ("wmoran@fabrikam.com", "may sign in as wmoran@", true, true),
            // The cloud UPN, whatever the upstream calls her.
            (
                "wmoran@partners.contoso.com",
                "may sign in as wmoran@",
                true,
                true,
            ),
            ("dlowe@fabrikam.com", "Disabled", true, false),
            ("epark@fabrikam.com", "does not matter", true, true),
            (
                "nobody@fabrikam.com",
                "no account has this name",
                false,
                false,
            ),
            (
                "reception@adatum.com",
                "may not speak for this address",
                false,
                false,
            ),
        ] {
            let arrival = Arrival {
                name,
                home_realm_hint: None,
                source: NOWHERE,
            };
            let followed = follow(&realm, std::slice::from_ref(&terms), arrival).await;
            let step = followed.steps.last().unwrap();
            assert!(step.what.contains(last), "{name}: {step:?}");
            assert_eq!(followed.is_good(), good, "{name}");
            assert_eq!(followed.account.is_some(), is_there, "{name}");
            assert_eq!(followed.route.unwrap().name, "Fabrikam");
        }
        // None of its name is none that may.
        let arrival = Arrival {
            name: "wmoran@fabrikam.com",
            home_realm_hint: None,
            source: NOWHERE,
        };
        assert!(!follow(&realm, &[], arrival).await.is_good());
    }
}
