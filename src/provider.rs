//! Composes the rooms into an identity provider: the one place that knows them all.

use std::{future::Future, pin::Pin, sync::Arc, time::Duration};

use futures_util::future::join_all;
use ipnet::IpNet;
use tokio::runtime::Handle;

use crate::{
    config::{self, ConfigError},
    directory::{self, Directory, SettingsError},
    keys::{KeyError, KeyRing, SharedSecret},
    observe::Metrics,
    overload::{self, Workload},
    realm::{FederatedDomain, Home, Mapping, Realm, Routes},
    signin::{self, GuardRules, SignIn, Surroundings},
    store::{Capacities, Health, MemoryStore, SharedSettings, SharedStore, Store, WhenUnavailable},
    trust::{Application, Needs, RelyingParty, TrustError, Trusts},
    upstream::Upstream,
    web::{Edge, EdgeError, IdentityProvider, Readiness},
};

/// What an identity provider is made of.
pub struct Parts {
    /// How it is seen from outside.
    pub edge: Edge,
    /// From the password to the end of a session.
    pub session_lifetime: Duration,
    /// How many failures are borne.
    pub guard: GuardRules,
    /// How much is taken on at once.
    pub limits: overload::Limits,
    /// The organisation's own networks, if tokens say whether a request comes from one of them.
    pub corporate_networks: Vec<IpNet>,
    /// What it signs with.
    pub keys: KeyRing,
    /// Who may ask.
    pub relying_parties: Vec<RelyingParty>,
    /// The applications beside them that the page of all applications lists.
    pub applications: Vec<Application>,
    /// Whose accounts may sign in.
    pub domains: Vec<FederatedDomain>,
    /// Where names belong.
    pub routes: Routes,
    /// The identity providers of other organisations that people are sent to.
    pub upstreams: Vec<Upstream>,
    /// Where the accounts are, in the order of the configuration.
    pub homes: Vec<HomeParts>,
    /// What it has in common with other nodes; nothing, where it is the only one.
    pub shared: Option<SharedParts>,
}

/// What several nodes have in common.
pub struct SharedParts {
    /// Where their state is.
    pub store: SharedSettings,
    /// What their seals are made of.
    pub secret: SharedSecret,
}

/// What one home of accounts is made of.
pub struct HomeParts {
    /// Its name, for logs.
    pub name: String,
    /// How its directory is reached.
    pub directory: directory::Settings,
    /// How names are mapped to its accounts.
    pub mapping: Mapping,
}

/// An identity provider ready to be served.
pub struct Provider {
    /// Answers what comes from browsers.
    pub identity_provider: Arc<IdentityProvider>,
    /// The directories behind it, for readiness.
    pub realm: Arc<Realm>,
    /// Whom it trusts, for those who keep that fresh.
    pub trusts: Arc<Trusts>,
    /// The shared store, where there is one.
    pub store: Option<SharedHealth>,
    /// What is under way, for metrics.
    pub workload: Arc<Workload>,
}

/// What there is to know of a shared store.
#[derive(Clone)]
pub struct SharedHealth {
    /// Whether it answers.
    pub health: Arc<Health>,
    /// What happens while it does not.
    pub when_unavailable: WhenUnavailable,
}

/// What an identity provider stands on, for readiness.
pub struct Ground {
    /// The directories.
    pub realm: Arc<Realm>,
    /// The shared store, where there is one.
    pub store: Option<SharedHealth>,
}

/// Why the parts do not make an identity provider.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AssembleError {
    /// The trusts contradict each other.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// The directory's settings contradict each other.
    #[error(transparent)]
    Directory(#[from] SettingsError),
    /// The edge cannot be made.
    #[error(transparent)]
    Edge(#[from] EdgeError),
    /// No key can be made of the secret that nodes have in common.
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// Puts the parts together. Opens no connection: a directory that is down at start is no reason
/// not to start. Where its servers are found by DNS, the look-up begins, and so does the connection to a
/// shared store, on the runtime that this is called in, and whose threads take turns to sign.
pub fn assemble(parts: Parts) -> Result<Provider, AssembleError> {
    let answers_kept = parts.edge.longest_presentable();
    let trusts = Trusts::new(parts.relying_parties, parts.domains)?;
    let trusts = Arc::new(trusts.with_applications(parts.applications)?);
    let realm = Arc::new(realm_of(parts.homes, parts.routes, trusts.needs())?);
    let (store, health) = store(parts.shared.as_ref())?;
    let sign_in = SignIn::new(
        realm.clone(),
        trusts.clone(),
        store,
        signin::Settings {
            session_lifetime: parts.session_lifetime,
            answers_kept,
            guard: parts.guard,
        },
    )
    .within(surroundings(&parts.edge, parts.corporate_networks));
    let workers = Handle::current().metrics().num_workers();
    let workload = Arc::new(Workload::new(parts.limits, workers));
    let identity_provider = IdentityProvider::new(
        parts.edge,
        sign_in,
        trusts.clone(),
        parts.upstreams,
        parts.keys,
        parts.shared.as_ref().map(|shared| &shared.secret),
        workload.clone(),
    )?;
    Ok(Provider {
        identity_provider: Arc::new(identity_provider),
        realm,
        trusts,
        store: health,
        workload,
    })
}

fn store(shared: Option<&SharedParts>) -> Result<(Arc<dyn Store>, Option<SharedHealth>), KeyError> {
    let Some(shared) = shared else {
        return Ok((Arc::new(MemoryStore::new(Capacities::default())), None));
    };
    let store = SharedStore::start(shared.store.clone(), &shared.secret)?;
    let health = SharedHealth {
        health: store.health(),
        when_unavailable: store.when_unavailable(),
    };
    Ok((Arc::new(store), Some(health)))
}

/// The realm of these homes: where names belong, and the accounts with what rules need of them. Opens
/// no connection, either.
///
/// # Errors
/// When the settings of a directory contradict each other.
pub fn realm_of(
    homes: Vec<HomeParts>,
    routes: Routes,
    needs: &Needs,
) -> Result<Realm, SettingsError> {
    let homes = homes.into_iter().map(|home| {
        let directory = Directory::new(home.directory)?;
        directory.start();
        let mapping = Mapping {
            told_attributes: needs.attributes.clone(),
            password_expiry: needs.password_expiry,
            ..home.mapping
        };
        Ok(Home::new(home.name, directory, mapping))
    });
    let homes = homes.collect::<Result<_, SettingsError>>()?;
    Ok(Realm::new(homes).with_routes(routes))
}

impl HomeParts {
    /// The parts of a directory as the configuration has it, its secrets loaded.
    ///
    /// # Errors
    /// When a secret or a certificate cannot be read.
    pub fn load(directory: &config::Directory) -> Result<Self, ConfigError> {
        Ok(Self {
            name: directory.name.clone(),
            directory: directory.settings()?,
            mapping: directory.mapping.clone(),
        })
    }
}

/// Where an identity provider stands that is seen from outside like this.
pub fn surroundings(edge: &Edge, corporate_networks: Vec<IpNet>) -> Surroundings {
    Surroundings {
        corporate_networks,
        password_page: edge.password_url(),
        password_reset_url: edge.password_reset_url.clone(),
    }
}

/// Ready means: a directory answers the service account. One of several is enough, since this
/// process would otherwise be taken from those whose directory is there. A shared store that does not
/// answer is said, and no more, where sign-ins go on without it: all nodes miss it at once, and a
/// balancer that took them all away would make an outage of it.
impl Readiness for Ground {
    fn check(&self) -> Pin<Box<dyn Future<Output = Result<(), String>> + Send + '_>> {
        Box::pin(async {
            if let Some(SharedHealth {
                health,
                when_unavailable: WhenUnavailable::Refuse,
            }) = &self.store
                && let Some(cause) = health.cause()
            {
                return Err(format!("the shared store does not answer: {cause}"));
            }
            let homes = self.realm.homes().iter();
            let probes = join_all(homes.map(|home| home.directory().probe())).await;
            let mut causes = Vec::new();
            for probe in probes {
                match probe {
                    Ok(_) => return Ok(()),
                    Err(error) => causes.push(error.to_string()),
                }
            }
            Err(causes.join("; "))
        })
    }

    fn degraded(&self) -> Option<String> {
        let cause = self.store.as_ref()?.health.cause()?;
        Some(format!("the shared store does not answer: {cause}"))
    }

    fn measure(&self, metrics: &Metrics) {
        if let Some(store) = &self.store {
            store.health.measure(metrics);
        }
    }
}
