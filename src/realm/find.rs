use std::{fmt, sync::Arc};

use moka::{policy::EvictionPolicy, sync::Cache};

use crate::directory::{BindError, Directory, DirectoryError, Password, PasswordProof};

use super::{FederatedDomain, MappedAccount, Mapping, SignInName, Trace};

/// One home realm: a directory and the rules by which its accounts sign in.
#[derive(Clone)]
pub struct Realm {
    pub(super) directory: Directory,
    pub(super) mapping: Arc<Mapping>,
    pub(super) domains: Arc<[Arc<FederatedDomain>]>,
    /// Names that were mapped a moment ago. Only successes, and never anything of a password.
    pub(super) cache: Cache<String, MappedAccount>,
}

/// Why a name means no account that may sign in. For the audit log: the person must not learn
/// which of these it was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MappingError {
    /// No account has this name.
    #[error("no account has this name")]
    NoMatch,
    /// Several accounts have it, or so many were alike that this cannot be ruled out.
    #[error("{count} or more accounts may have this name")]
    Ambiguous {
        /// How many were seen.
        count: usize,
    },
    /// The account lies outside of the configured scope.
    #[error("{dn} lies outside of the configured scope")]
    OutOfScope {
        /// Where it lies.
        dn: String,
    },
    /// The account is, or was, in a protected group (`adminCount=1`).
    #[error("{dn} is privileged (adminCount=1)")]
    Privileged {
        /// The account.
        dn: String,
    },
    /// The account has no userPrincipalName, several, or one that is none.
    #[error("{dn} has no usable userPrincipalName")]
    NoUpn {
        /// The account.
        dn: String,
    },
    /// The account's UPN ends in a suffix that is not federated with us.
    #[error("the suffix {suffix} of the account's UPN is not a federated domain")]
    SuffixNotFederated {
        /// The suffix.
        suffix: String,
    },
    /// The account has no ImmutableID, several, or one that Entra cannot take.
    #[error("{dn} has no usable ImmutableID")]
    NoImmutableId {
        /// The account.
        dn: String,
    },
    /// The directory names the account in a way that is no DN.
    #[error("the directory returned an entry whose name is no DN")]
    BadDn,
    /// The directory gave no answer.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
}

impl Realm {
    /// Makes a realm.
    pub fn new(directory: Directory, mapping: Mapping) -> Self {
        let cache = Cache::builder()
            .max_capacity(mapping.cache_capacity)
            .time_to_live(mapping.cache_lifetime)
            // The default policy turns away new entries when full, and so whoever signs in now.
            .eviction_policy(EvictionPolicy::lru())
            .build();
        let domains = mapping
            .federated_domains
            .iter()
            .cloned()
            .map(Arc::new)
            .collect();
        Self {
            directory,
            mapping: Arc::new(mapping),
            domains,
            cache,
        }
    }

    /// The directory behind it.
    pub fn directory(&self) -> &Directory {
        &self.directory
    }

    /// The rules.
    pub fn mapping(&self) -> &Mapping {
        &self.mapping
    }

    /// The account that a name means. One search, or none where the answer is remembered.
    pub async fn find(&self, name: &SignInName) -> Result<MappedAccount, MappingError> {
        if let Some(account) = self.cache.get(&name.key()) {
            return Ok(account);
        }
        let account = self.locate(name, &mut |_: &dyn Fn() -> String| {}).await?;
        self.cache.insert(account.key().to_owned(), account.clone());
        Ok(account)
    }

    /// Asks the directory whether this is the account's password. When it is not accepted, the
    /// mapping is forgotten: the account may have moved since.
    pub async fn prove(
        &self,
        account: &MappedAccount,
        password: &Password,
    ) -> Result<PasswordProof, BindError> {
        let result = self.directory.check_password(account.dn(), password).await;
        if result.is_err() {
            self.cache.invalidate(account.key());
        }
        result
    }

    /// Does for a name that means nobody what [`Self::prove`] does for one that means somebody.
    pub async fn decoy(&self, password: &Password) -> Result<(), DirectoryError> {
        self.directory.decoy_bind(password).await
    }

    /// Maps a text as [`Self::find`] does, past what is remembered, and tells each step.
    pub async fn trace(&self, text: &str) -> Trace {
        let mut trace = Trace::default();
        let name = match SignInName::parse(text) {
            Ok(name) => name,
            Err(error) => {
                trace.refuse(format!("the text is no sign-in name: {error}"));
                return trace;
            }
        };
        trace.pass(format!("the sign-in name is {}", name.key()));
        let outcome = self.locate(&name, &mut |text| trace.pass(text())).await;
        match outcome {
            Ok(account) => trace.pass(format!("may sign in as {}", account.cloud_upn())),
            Err(error) => trace.refuse(error.to_string()),
        }
        trace
    }
}

impl fmt::Debug for Realm {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Realm")
            .field("directory", &self.directory)
            .field("mapping", &self.mapping)
            .finish_non_exhaustive()
    }
}
