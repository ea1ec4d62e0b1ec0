use std::{
    fmt,
    sync::{Arc, OnceLock},
};

use aws_lc_rs::rand;
use ldap3::Scope;

use super::{
    BindError, DirectoryError, Discovered, DiscoveryError, Dn, Entry, Filter, Found, ObjectGuid,
    Password, PasswordProof, Principal, Settings, SettingsError, Step,
    bind::BindPool,
    dialer::Dialer,
    search::{Query, SearchLinks},
};

/// A directory of accounts, reached by LDAP. Cheap to clone; clones share the connections.
#[derive(Clone)]
pub struct Directory {
    pub(super) dialer: Arc<Dialer>,
    pub(super) links: Arc<SearchLinks>,
    binds: Arc<BindPool>,
    decoy: (Dn, ObjectGuid),
    /// Whether it is an Active Directory, which finds nested members by itself, once that was asked.
    pub(super) knows_chains: Arc<OnceLock<bool>>,
}

impl Directory {
    /// Makes the client; the first connection is opened when it is first needed.
    pub fn new(settings: Settings) -> Result<Self, SettingsError> {
        settings.check()?;
        let decoy = (decoy_name(&settings.base), ObjectGuid::random());
        let dialer = Arc::new(Dialer::new(Arc::new(settings)));
        Ok(Self {
            links: Arc::new(SearchLinks::new(dialer.clone())),
            binds: Arc::new(BindPool::new(dialer.clone())),
            dialer,
            decoy,
            knows_chains: Arc::default(),
        })
    }

    /// What it was made of.
    pub fn settings(&self) -> &Settings {
        self.dialer.settings()
    }

    /// Begins what goes on beside sign-ins. Needs a runtime.
    ///
    /// Where servers are found by DNS, they are looked up, so that they are known when the first
    /// person signs in; without this, the first operation begins it. And each server is asked how
    /// it takes an `objectGUID` for a name ([`Principal`]); without this, accounts are bound by
    /// their DNs.
    pub fn start(&self) {
        self.dialer.start();
    }

    /// Looks the servers up by DNS, now; `None` where the settings list them. From time to time
    /// that happens by itself.
    pub async fn look_up_servers(&self) -> Option<Result<Discovered, DiscoveryError>> {
        self.dialer.look_up().await
    }

    /// Searches the subtree under the base, as the service account, for entries that meet both
    /// `filter` and the configured scope filter. At most `limit` are returned, and at least 2
    /// are asked for, since "more than one" is always a thing to know. Referrals are ignored.
    pub async fn search(
        &self,
        filter: &Filter,
        attributes: &[&str],
        limit: usize,
    ) -> Result<Found, DirectoryError> {
        let base = &self.settings().base;
        self.query(base, Scope::Subtree, filter, attributes, limit)
            .await
    }

    /// Reads the entry of this name, as [`Self::search`] would find it; `None` where it is not
    /// there or does not meet the filters.
    pub async fn read(
        &self,
        dn: &Dn,
        filter: &Filter,
        attributes: &[&str],
    ) -> Result<Option<Entry>, DirectoryError> {
        match self.query(dn, Scope::Base, filter, attributes, 2).await {
            Ok(found) => Ok(found.entries.into_iter().next()),
            // noSuchObject (RFC 4511 4.1.9).
            Err(DirectoryError::Refused { code: 32, .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn query(
        &self,
        base: &Dn,
        scope: Scope,
        filter: &Filter,
        attributes: &[&str],
        limit: usize,
    ) -> Result<Found, DirectoryError> {
        let query = Query {
            base: base.as_str().to_owned(),
            scope,
            filter: self.within_scope_filter(filter),
            attributes: attributes.iter().map(|&name| name.to_owned()).collect(),
            limit: limit.max(2),
            step: Step::Search,
        };
        let (found, _) = self.links.run(query).await?;
        Ok(found)
    }

    /// The text of a filter, narrowed by the configured one.
    pub(super) fn within_scope_filter(&self, filter: &Filter) -> String {
        match &self.settings().scope_filter {
            None => filter.to_string(),
            Some(scope) => {
                Filter::And(vec![filter.clone(), Filter::Scope(scope.clone())]).to_string()
            }
        }
    }

    /// Asks the directory, by a bind, whether this is the account's password.
    pub async fn check_password<'a>(
        &self,
        account: impl Into<Principal<'a>>,
        password: &Password,
    ) -> Result<PasswordProof, BindError> {
        self.binds.check(account.into(), password).await
    }

    /// Does for a name that no account has what [`Self::check_password`] does for one that has,
    /// so that both take the same way and about the same time: a bind as an entry that cannot
    /// exist. Never a proof of anything.
    pub async fn decoy_bind(&self, password: &Password) -> Result<(), DirectoryError> {
        let decoy = Principal {
            dn: &self.decoy.0,
            guid: Some(self.decoy.1),
        };
        match self.binds.check(decoy, password).await {
            Err(BindError::Directory(error)) => Err(error),
            Ok(_) | Err(_) => Ok(()),
        }
    }
}

impl fmt::Debug for Directory {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_tuple("Directory")
            .field(self.settings())
            .finish()
    }
}

/// A name under the base that nobody could have created, as nobody knows it.
fn decoy_name(base: &Dn) -> Dn {
    let mut octets = [0; 8];
    // Without randomness the name is still one that no administrator would choose.
    let _ = rand::fill(&mut octets);
    let text = format!("CN=nobody-{:016x},{base}", u64::from_be_bytes(octets));
    text.parse().unwrap_or_else(|_| base.clone())
}
