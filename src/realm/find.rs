use std::{fmt, sync::Arc};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use moka::{policy::EvictionPolicy, sync::Cache};

use crate::directory::{
    BindError, Directory, DirectoryError, Dn, Entry, Filter, Found, ObjectGuid, Password,
    PasswordProof,
};

use super::{
    EmailAddress, FederatedDomain, ImmutableId, ImmutableIdEncoding, ImmutableIdSource,
    MappedAccount, Mapping, SignInAttribute, SignInName, Trace,
    account::Fields,
    sign_in_name::{AccountName, Form},
};

/// One home realm: a directory and the rules by which its accounts sign in.
#[derive(Clone)]
pub struct Realm {
    directory: Directory,
    mapping: Arc<Mapping>,
    domains: Arc<[Arc<FederatedDomain>]>,
    /// Names that were mapped a moment ago. Only successes, and never anything of a password.
    cache: Cache<String, MappedAccount>,
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
    /// Most entries asked for: one is an account, and more only need telling apart.
    const LIMIT: usize = 3;

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

    async fn locate(
        &self,
        name: &SignInName,
        passed: &mut (dyn FnMut(&dyn Fn() -> String) + Send),
    ) -> Result<MappedAccount, MappingError> {
        let conditions = self.conditions(name);
        if conditions.is_empty() {
            return Err(MappingError::NoMatch);
        }
        let filter = Filter::Or(conditions);
        let found = self
            .directory
            .search(&filter, &self.attributes(), Self::LIMIT)
            .await?;
        passed(&|| {
            format!(
                "the directory was asked for {filter}: {} found",
                found.entries.len()
            )
        });
        let (entry, matched_by) = self.only_match(&found, name)?;
        passed(&|| {
            format!(
                "exactly one has the name, in {}: {}",
                matched_by.name(),
                entry.dn()
            )
        });

        let dn: Dn = entry.dn().parse().map_err(|_| MappingError::BadDn)?;
        if !self.mapping.scopes.iter().any(|scope| dn.is_within(scope)) {
            return Err(MappingError::OutOfScope { dn: dn.to_string() });
        }
        passed(&|| "it lies within the scope".to_owned());
        if !self.mapping.allow_privileged && entry.values("adminCount").any(|value| value != "0") {
            return Err(MappingError::Privileged { dn: dn.to_string() });
        }
        passed(&|| "it is not privileged, or that is allowed".to_owned());
        let (cloud_upn, domain) = self.upn(entry)?;
        passed(&|| format!("its UPN {cloud_upn} is federated, issuer {}", domain.issuer));
        let immutable_id = immutable_id(&self.mapping.immutable_id, entry)
            .ok_or_else(|| MappingError::NoImmutableId { dn: dn.to_string() })?;
        passed(&|| format!("its ImmutableID is {}", immutable_id.as_str()));

        let display_name = entry
            .values("displayName")
            .next()
            .unwrap_or(cloud_upn)
            .to_owned();
        Ok(MappedAccount::new(Fields {
            immutable_id,
            cloud_upn: cloud_upn.to_owned(),
            domain,
            display_name,
            matched_by,
            key: name.key(),
            dn,
        }))
    }

    fn conditions(&self, name: &SignInName) -> Vec<Filter> {
        let attributes = self.mapping.sign_in_attributes.iter();
        match name.form() {
            Form::Address(address) => {
                let forms = address.stored_forms();
                let conditions = attributes.flat_map(|attribute| {
                    let prefix = match attribute {
                        SignInAttribute::Mail | SignInAttribute::UserPrincipalName => "",
                        SignInAttribute::ProxyAddresses => "smtp:",
                        SignInAttribute::SamAccountName => return Vec::new(),
                    };
                    forms
                        .iter()
                        .map(|form| Filter::equal(attribute.name(), format!("{prefix}{form}")))
                        .collect()
                });
                conditions.collect()
            }
            Form::AccountName(account_name) => attributes
                .filter(|&&attribute| attribute == SignInAttribute::SamAccountName)
                .map(|attribute| Filter::equal(attribute.name(), account_name.as_str()))
                .collect(),
        }
    }

    fn attributes(&self) -> Vec<&str> {
        let sources = match &self.mapping.immutable_id {
            ImmutableIdSource::ObjectGuid => vec!["objectGUID"],
            ImmutableIdSource::ConsistencyGuidThenObjectGuid => {
                vec!["mS-DS-ConsistencyGuid", "objectGUID"]
            }
            ImmutableIdSource::Attribute { name, .. } => vec![name.as_str()],
        };
        let names = self
            .mapping
            .sign_in_attributes
            .iter()
            .map(|attribute| attribute.name());
        let mut attributes: Vec<&str> = ["userPrincipalName", "displayName", "adminCount"]
            .into_iter()
            .chain(sources)
            .chain(names)
            .collect();
        attributes.sort_unstable();
        attributes.dedup();
        attributes
    }

    /// The one entry that has the name, by our own comparison: the directory's matching is wider
    /// (Active Directory's also ignores accents). If there were more entries than were read, the
    /// unread ones might have it too.
    fn only_match<'a>(
        &self,
        found: &'a Found,
        name: &SignInName,
    ) -> Result<(&'a Entry, SignInAttribute), MappingError> {
        let mut matches = found
            .entries
            .iter()
            .filter_map(|entry| Some((entry, self.matched_by(entry, name)?)));
        let first = matches.next();
        let others = matches.count();
        match first {
            _ if found.truncated => Err(MappingError::Ambiguous {
                count: found.entries.len(),
            }),
            None => Err(MappingError::NoMatch),
            Some(_) if others > 0 => Err(MappingError::Ambiguous { count: others + 1 }),
            Some(only) => Ok(only),
        }
    }

    fn matched_by(&self, entry: &Entry, name: &SignInName) -> Option<SignInAttribute> {
        self.mapping
            .sign_in_attributes
            .iter()
            .copied()
            .find(|attribute| {
                entry
                    .values(attribute.name())
                    .any(|value| match (attribute, name.form()) {
                        (
                            SignInAttribute::Mail | SignInAttribute::UserPrincipalName,
                            Form::Address(address),
                        ) => is_address(value, address),
                        (SignInAttribute::ProxyAddresses, Form::Address(address)) => {
                            value.split_once(':').is_some_and(|(kind, value)| {
                                kind.eq_ignore_ascii_case("smtp") && is_address(value, address)
                            })
                        }
                        (SignInAttribute::SamAccountName, Form::AccountName(account_name)) => {
                            AccountName::parse(value).as_ref() == Ok(account_name)
                        }
                        _ => false,
                    })
            })
    }

    fn upn<'a>(&self, entry: &'a Entry) -> Result<(&'a str, Arc<FederatedDomain>), MappingError> {
        let no_upn = || MappingError::NoUpn {
            dn: entry.dn().to_owned(),
        };
        let mut values = entry.bytes("userPrincipalName");
        let (Some(value), None) = (values.next(), values.next()) else {
            return Err(no_upn());
        };
        let upn = std::str::from_utf8(value).map_err(|_| no_upn())?;
        let address = EmailAddress::parse(upn).map_err(|_| no_upn())?;
        // Forgiven where a person types; in a UPN it would reach Entra as it stands.
        if upn.ends_with(['.', ' ']) || upn.starts_with(' ') {
            return Err(no_upn());
        }
        let domain = self
            .domains
            .iter()
            .find(|domain| domain.suffix == *address.domain());
        match domain {
            Some(domain) => Ok((upn, domain.clone())),
            None => Err(MappingError::SuffixNotFederated {
                suffix: address.domain().to_string(),
            }),
        }
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

fn is_address(stored: &str, address: &EmailAddress) -> bool {
    EmailAddress::parse(stored).as_ref() == Ok(address)
}

fn immutable_id(source: &ImmutableIdSource, entry: &Entry) -> Option<ImmutableId> {
    let object_guid = || ObjectGuid::try_from(only(entry, "objectGUID")?).ok();
    let text = match source {
        ImmutableIdSource::ObjectGuid => object_guid()?.immutable_id(),
        ImmutableIdSource::ConsistencyGuidThenObjectGuid => {
            // One that is there and unusable must not quietly become another user's.
            match entry.bytes("mS-DS-ConsistencyGuid").next() {
                Some(_) => STANDARD.encode(only(entry, "mS-DS-ConsistencyGuid")?),
                None => object_guid()?.immutable_id(),
            }
        }
        ImmutableIdSource::Attribute { name, encoding } => {
            let value = only(entry, name.as_str())?;
            match encoding {
                ImmutableIdEncoding::Base64 => STANDARD.encode(value),
                ImmutableIdEncoding::Text => std::str::from_utf8(value).ok()?.to_owned(),
            }
        }
    };
    ImmutableId::parse(text).ok()
}

/// The value of an attribute that has exactly one.
fn only<'a>(entry: &'a Entry, attribute: &'a str) -> Option<&'a [u8]> {
    let mut values = entry.bytes(attribute);
    match (values.next(), values.next()) {
        (Some(value), None) => Some(value),
        _ => None,
    }
}
