use std::fmt;

use serde::Serialize;

/// What would break an account's sync, or her sign-in behind it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Conflict {
    /// Of which kind it is.
    pub kind: ConflictKind,
    /// What it is, with the values and the other accounts.
    pub what: String,
}

/// The kinds of conflict; their names are stable, for scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ConflictKind {
    /// The attribute that says the `userType` says neither `Guest` nor `Member`.
    UserTypeInvalid,
    /// There is no `userPrincipalName`, or several.
    UpnMissing,
    /// A `userPrincipalName` that Entra refuses: its characters, length or shape.
    UpnInvalid,
    /// Another account has the same `userPrincipalName`.
    UpnDuplicate,
    /// The suffix is no verified domain: Entra would put the initial domain in its place.
    SuffixUnverified,
    /// The suffix of a guest is not federated with this identity provider.
    SuffixUnfederated,
    /// There is no usable ImmutableID.
    ImmutableIdMissing,
    /// An ImmutableID that Entra refuses.
    ImmutableIdInvalid,
    /// Another account has the same ImmutableID.
    ImmutableIdDuplicate,
    /// A guest without a `mail`, or with several.
    AddressMissing,
    /// An address that is none, or that Entra refuses.
    AddressInvalid,
    /// Another account has the same address.
    AddressDuplicate,
    /// A member has the address of this guest.
    AddressOfMember,
    /// The address of a guest is in a domain of the tenant itself, where Entra looks for a user by
    /// her UPN alone.
    AddressInOwnDomain,
    /// One account's UPN is another one's address, so that Entra may take the two for one.
    SoftMatch,
    /// Entra would hold her, and Homerealm would refuse her sign-in.
    RefusedHere,
}

impl ConflictKind {
    /// What to do about it.
    pub fn mend(self) -> &'static str {
        match self {
            Self::UserTypeInvalid => "write Guest or Member, or nothing, into the attribute",
            Self::UpnMissing => "give the account one userPrincipalName",
            Self::UpnInvalid => "rename the userPrincipalName to what Entra takes",
            Self::UpnDuplicate => "leave the userPrincipalName with one account",
            Self::SuffixUnverified => {
                "verify the domain in the tenant and name it in verified_domains, or give the \
                 account another suffix"
            }
            Self::SuffixUnfederated => {
                "give the account the suffix of a [[federated_domain]], or federate this one"
            }
            Self::ImmutableIdMissing | Self::ImmutableIdInvalid => {
                "see `immutable_id`, and that the account's attribute has one value"
            }
            Self::ImmutableIdDuplicate => {
                "clear the attribute of the account that was copied, before either is synced"
            }
            Self::AddressMissing | Self::AddressInOwnDomain => {
                "write the partner's own email into mail"
            }
            Self::AddressInvalid => "correct the address",
            Self::AddressDuplicate | Self::AddressOfMember => "leave the address with one account",
            Self::SoftMatch => "take the address away from the one, or rename the other",
            Self::RefusedHere => "see `homerealm check --user` with the address",
        }
    }
}

/// As scripts read it.
impl fmt::Display for ConflictKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // serde has the one list of the names.
        self.serialize(formatter)
    }
}
