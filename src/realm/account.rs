use std::{sync::Arc, time::Instant};

use time::OffsetDateTime;

use crate::directory::{AccountState, Dn, ObjectGuid, Principal};

use super::{FederatedDomain, SignInAttribute, SignInName};

/// The one account that a sign-in name means, with what an assertion about it says. Only this
/// room makes one, and only after every check of the mapping. It proves nothing about who is
/// asking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MappedAccount(Arc<Fields>);

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fields {
    pub(super) dn: Dn,
    /// Which entry it is, where the directory has such a thing.
    pub(super) guid: Option<ObjectGuid>,
    pub(super) immutable_id: ImmutableId,
    pub(super) cloud_upn: String,
    pub(super) domain: Arc<FederatedDomain>,
    pub(super) display_name: String,
    pub(super) matched_by: SignInAttribute,
    /// Whether the name is one of its addresses, whatever else it is.
    pub(super) is_external: bool,
    /// Its addresses, where the name does not say whose organisation's it is.
    pub(super) other_addresses: Vec<SignInName>,
    /// What rules of relying parties ask for, as far as it is there.
    pub(super) attributes: Vec<(String, Vec<String>)>,
    /// When its password ends, where that is asked for and said.
    pub(super) password_expiry: Option<OffsetDateTime>,
    /// What forbids it to sign in, to be told after the right password only.
    pub(super) state: Option<AccountState>,
    /// The name under which it was found.
    pub(super) name: SignInName,
    /// Where it was looked for and found.
    pub(super) place: Place,
    /// When.
    pub(super) found: Instant,
}

/// Where an account was looked for and found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// In which of the realm's homes.
    pub(super) home: usize,
    /// Whether no other was asked, since a route leads to this one.
    pub(super) alone: bool,
}

impl Place {
    /// One text for a name that is looked for here, or wherever it may be.
    pub(super) fn key(self, name: &SignInName) -> String {
        if self.alone {
            // No name has a line feed.
            format!("{}\n{}", self.home, name.key())
        } else {
            name.key()
        }
    }
}

impl MappedAccount {
    pub(super) fn new(fields: Fields) -> Self {
        Self(Arc::new(fields))
    }

    /// The name under which it was found.
    pub fn name(&self) -> &SignInName {
        &self.0.name
    }

    pub(super) fn home(&self) -> usize {
        self.0.place.home
    }

    pub(super) fn place(&self) -> Place {
        self.0.place
    }

    /// What it is remembered under.
    pub(super) fn memory_key(&self) -> String {
        self.0.place.key(&self.0.name)
    }

    pub(super) fn found(&self) -> Instant {
        self.0.found
    }

    /// What forbids it to sign in, to be told after the right password only.
    pub fn state(&self) -> Option<AccountState> {
        self.0.state
    }

    /// Where it is in the directory, and which one it is; what a password check binds as.
    pub fn principal(&self) -> Principal<'_> {
        Principal {
            dn: &self.0.dn,
            guid: self.0.guid,
        }
    }

    /// Where it is in the directory.
    pub fn dn(&self) -> &Dn {
        &self.0.dn
    }

    /// What Entra knows it by.
    pub fn immutable_id(&self) -> &ImmutableId {
        &self.0.immutable_id
    }

    /// The userPrincipalName as the directory has it.
    pub fn cloud_upn(&self) -> &str {
        &self.0.cloud_upn
    }

    /// The federated domain that its UPN ends in, with the issuer registered for it.
    pub fn federated_domain(&self) -> &FederatedDomain {
        &self.0.domain
    }

    /// The name to show; the UPN where the directory has none.
    pub fn display_name(&self) -> &str {
        &self.0.display_name
    }

    /// Whether the name under which it was found is an address of it, in `mail` or
    /// `proxyAddresses`: the external one, and not the UPN or account name only.
    pub fn is_external(&self) -> bool {
        self.0.is_external
    }

    /// Its addresses, where the name under which it was found is no external one, such as a cloud UPN:
    /// they say whose organisation's it is. At most 64.
    pub fn other_addresses(&self) -> &[SignInName] {
        &self.0.other_addresses
    }

    /// The attributes of [`Mapping::told_attributes`](super::Mapping::told_attributes) that it has,
    /// with their values, sorted: at most 64 of each, and 16 KiB in all.
    pub fn attributes(&self) -> &[(String, Vec<String>)] {
        &self.0.attributes
    }

    /// When its password ends: `None` where it never does, the directory does not say, or nobody asks
    /// ([`Mapping::password_expiry`](super::Mapping::password_expiry)).
    pub fn password_expiry(&self) -> Option<OffsetDateTime> {
        self.0.password_expiry
    }

    /// Which attribute held the typed name.
    pub fn matched_by(&self) -> SignInAttribute {
        self.0.matched_by
    }
}

/// A user's `onPremisesImmutableId`: 1 to 64 characters that XML can carry.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ImmutableId(String);

impl ImmutableId {
    /// The most characters that Entra takes in a NameID.
    pub const MAX_CHARACTERS: usize = 64;

    /// Reads an ImmutableID.
    pub fn parse(text: impl Into<String>) -> Result<Self, ImmutableIdError> {
        let text = text.into();
        let count = text.chars().count();
        let is_carried = |c: char| !c.is_control() && !matches!(c, '\u{fffe}' | '\u{ffff}');
        if count == 0
            || count > Self::MAX_CHARACTERS
            || text.trim() != text
            || !text.chars().all(is_carried)
        {
            return Err(ImmutableIdError);
        }
        Ok(Self(text))
    }

    /// The text, as it stands in a NameID.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Not an ImmutableID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an ImmutableID has 1 to 64 characters, no controls, and no spaces around")]
pub struct ImmutableIdError;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn immutable_ids_are_bounded_and_safe_for_xml() {
        for good in [
            "MyIRAFVEd2aImaq7zN3u/w==",
            "a",
            "employee 42",
            &"x".repeat(64),
        ] {
            assert_eq!(ImmutableId::parse(good).unwrap().as_str(), good);
        }
        for bad in [
            "",
            " a",
            "a ",
            "a\0",
            "a\u{1b}b",
            "a\nb",
            "\u{fffe}",
            &"x".repeat(65),
        ] {
            assert!(ImmutableId::parse(bad).is_err(), "{bad:?}");
        }
    }
}
