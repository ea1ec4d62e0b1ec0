use std::time::Duration;

use crate::directory::{Attribute, Dn};

use super::DomainName;

/// How sign-in names become accounts. The default refuses everything: it knows no attribute, no
/// scope and no federated domain.
#[derive(Clone, Debug)]
pub struct Mapping {
    /// Where a typed name is looked for.
    pub sign_in_attributes: Vec<SignInAttribute>,
    /// Where the ImmutableID comes from; must be what Entra Connect was told.
    pub immutable_id: ImmutableIdSource,
    /// The UPN suffixes for which assertions may be issued.
    pub federated_domains: Vec<FederatedDomain>,
    /// An account must lie under one of these.
    pub scopes: Vec<Dn>,
    /// The domains of the names that are asked for here; `None` for every name.
    pub email_domains: Option<Vec<DomainName>>,
    /// Members of these groups may not sign in: direct members anywhere, nested ones too in
    /// Active Directory. Membership by `primaryGroupID` is in no attribute and not seen.
    pub refused_groups: Vec<Dn>,
    /// The organisation's own domains. A name in one of them, or below one, is no external
    /// address; see [`Self::allow_own_domains`]. The federated domains always count as own.
    pub own_domains: Vec<DomainName>,
    /// Whether a `mail` or proxy address in one of the own domains may sign in. It may in any
    /// case where it is the account's own UPN. Off unless there is a reason: whoever may write
    /// a partner's address could otherwise have a member's name lead to the partner.
    pub allow_own_domains: bool,
    /// Whether accounts with `adminCount=1` may sign in. Off unless there is a reason.
    pub allow_privileged: bool,
    /// Attributes that rules of relying parties ask for: read with the account, in the same search.
    pub told_attributes: Vec<Attribute>,
    /// Whether it is read, too, when the account's password ends (Active Directory).
    pub password_expiry: bool,
    /// How long a mapping is remembered. Within this time a change of the account's address,
    /// place or UPN is not seen; the password is asked of the directory each time.
    pub cache_lifetime: Duration,
    /// How many mappings are remembered.
    pub cache_capacity: u64,
}

impl Default for Mapping {
    fn default() -> Self {
        Self {
            sign_in_attributes: Vec::new(),
            immutable_id: ImmutableIdSource::default(),
            federated_domains: Vec::new(),
            scopes: Vec::new(),
            email_domains: None,
            refused_groups: Vec::new(),
            own_domains: Vec::new(),
            allow_own_domains: false,
            allow_privileged: false,
            told_attributes: Vec::new(),
            password_expiry: false,
            cache_lifetime: Self::CACHE_LIFETIME,
            cache_capacity: Self::CACHE_CAPACITY,
        }
    }
}

impl Mapping {
    /// The default of [`Self::cache_lifetime`].
    pub const CACHE_LIFETIME: Duration = Duration::from_secs(60);
    /// The default of [`Self::cache_capacity`].
    pub const CACHE_CAPACITY: u64 = 100_000;
}

/// An attribute in which a typed name is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SignInAttribute {
    /// `mail`: the external address. Not unique in Active Directory.
    Mail,
    /// `proxyAddresses`: those that begin with `smtp:`, in any case.
    ProxyAddresses,
    /// `userPrincipalName`: the cloud UPN itself.
    UserPrincipalName,
    /// `sAMAccountName`: a bare name without `@`.
    SamAccountName,
}

impl SignInAttribute {
    /// The attribute's name in the directory.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mail => "mail",
            Self::ProxyAddresses => "proxyAddresses",
            Self::UserPrincipalName => "userPrincipalName",
            Self::SamAccountName => "sAMAccountName",
        }
    }
}

/// Where the ImmutableID (the source anchor, `onPremisesImmutableId`) comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ImmutableIdSource {
    /// base64 of `objectGUID`.
    ObjectGuid,
    /// base64 of `mS-DS-ConsistencyGuid` where the account has one, else of `objectGUID`: what
    /// Entra Connect does unless told otherwise.
    #[default]
    ConsistencyGuidThenObjectGuid,
    /// Another attribute.
    Attribute {
        /// Its name.
        name: Attribute,
        /// How its value becomes text.
        encoding: ImmutableIdEncoding,
    },
}

/// How the value of a configured attribute becomes an ImmutableID.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImmutableIdEncoding {
    /// base64 of the octets.
    Base64,
    /// The text as it is.
    Text,
}

/// A UPN suffix that is federated with us. Exactly this one: not what lies under it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FederatedDomain {
    /// The suffix.
    pub suffix: DomainName,
    /// The issuer URI registered for it; Entra demands another for each domain.
    pub issuer: String,
}
