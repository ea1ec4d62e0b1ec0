//! Composes the rooms into an identity provider: the one place that knows them all.

use std::{future::Future, pin::Pin, sync::Arc, time::Duration};

use crate::{
    directory::{self, Directory, SettingsError},
    keys::KeyRing,
    realm::{FederatedDomain, Mapping, Realm},
    signin::{self, SignIn},
    store::{Capacities, MemoryStore},
    trust::{RelyingParty, TrustError, Trusts},
    web::{Edge, EdgeError, IdentityProvider, Readiness},
};

/// What an identity provider is made of.
pub struct Parts {
    /// How it is seen from outside.
    pub edge: Edge,
    /// From the password to the end of a session.
    pub session_lifetime: Duration,
    /// What it signs with.
    pub keys: KeyRing,
    /// Who may ask.
    pub relying_parties: Vec<RelyingParty>,
    /// Whose accounts may sign in.
    pub domains: Vec<FederatedDomain>,
    /// Where the accounts are.
    pub directory: directory::Settings,
    /// How names are mapped to accounts.
    pub mapping: Mapping,
}

/// An identity provider ready to be served.
pub struct Provider {
    /// Answers what comes from browsers.
    pub identity_provider: Arc<IdentityProvider>,
    /// The directory behind it, for readiness.
    pub directory: Directory,
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
}

/// Puts the parts together. Opens no connection: a directory that is down at start is no reason
/// not to start.
pub fn assemble(parts: Parts) -> Result<Provider, AssembleError> {
    let answers_kept = parts.edge.longest_presentable();
    let trusts = Arc::new(Trusts::new(parts.relying_parties, parts.domains)?);
    let directory = Directory::new(parts.directory)?;
    let realm = Arc::new(Realm::new(directory.clone(), parts.mapping));
    let sign_in = SignIn::new(
        realm,
        trusts.clone(),
        Arc::new(MemoryStore::new(Capacities::default())),
        signin::Settings {
            session_lifetime: parts.session_lifetime,
            answers_kept,
        },
    );
    let identity_provider =
        IdentityProvider::new(parts.edge, sign_in, trusts, Arc::new(parts.keys))?;
    Ok(Provider {
        identity_provider: Arc::new(identity_provider),
        directory,
    })
}

/// Ready means: the directory answers the service account.
impl Readiness for Directory {
    fn check(&self) -> Pin<Box<dyn Future<Output = Result<(), String>> + Send + '_>> {
        Box::pin(async {
            match self.probe().await {
                Ok(_) => Ok(()),
                Err(error) => Err(error.to_string()),
            }
        })
    }
}
