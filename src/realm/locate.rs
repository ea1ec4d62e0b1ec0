//! From a name to the one entry that has it, and from the entry to what an assertion says.

use std::{sync::Arc, time::Instant};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use time::OffsetDateTime;

use crate::directory::{
    AccountState, Attribute, Dn, Entry, Filter, Found, ObjectGuid, PASSWORD_EXPIRY, password_expiry,
};

use super::{
    EmailAddress, FederatedDomain, Home, ImmutableId, ImmutableIdEncoding, ImmutableIdSource,
    MappedAccount, MappingError, SignInAttribute, SignInName,
    account::{Fields, Place},
    particulars,
    sign_in_name::{AccountName, Form},
};

/// Most entries asked for: one is an account, and more only need telling apart.
const LIMIT: usize = 3;

/// Most addresses of an account that are looked at to say where it belongs.
const MOST_ADDRESSES: usize = 64;

/// Which entry of Active Directory it is, whatever its name.
const OBJECT_GUID: &str = "objectGUID";

/// What was looked at on the way to an account, where somebody wants to know.
pub(super) struct Notes(Option<(String, Vec<String>)>);

impl Notes {
    /// Takes notes that begin with this, or none at all.
    pub(super) fn new(prefix: Option<String>) -> Self {
        Self(prefix.map(|prefix| (prefix, Vec::new())))
    }

    fn add(&mut self, note: impl FnOnce() -> String) {
        if let Some((prefix, notes)) = &mut self.0 {
            notes.push(format!("{prefix}{}", note()));
        }
    }

    pub(super) fn into_iter(self) -> impl Iterator<Item = String> {
        self.0.into_iter().flat_map(|(_, notes)| notes)
    }
}

impl Home {
    /// Maps a name; `place` is where this home is in its realm.
    pub(super) async fn locate(
        &self,
        place: Place,
        name: &SignInName,
        notes: &mut Notes,
    ) -> Result<MappedAccount, MappingError> {
        let conditions = self.conditions(name);
        if conditions.is_empty() {
            return Err(MappingError::NoMatch);
        }
        let filter = Filter::Or(conditions);
        let attributes = self.attributes();
        let (found, member) = tokio::join!(
            self.directory.search(&filter, &attributes, LIMIT),
            self.nested_member(&filter)
        );
        let (found, member) = (found?, member?);
        notes.add(|| {
            format!(
                "the directory was asked for {filter}: {} found",
                found.entries.len()
            )
        });
        let (entry, matched_by) = self.only_match(&found, name)?;
        notes.add(|| {
            format!(
                "exactly one has the name, in {}: {}",
                matched_by.name(),
                entry.dn()
            )
        });
        if member.is_some() {
            return Err(MappingError::InRefusedGroup {
                dn: entry.dn().to_owned(),
            });
        }
        self.judge(place, name, entry, matched_by, notes)
    }

    /// Reads the entry of an account again, as it is now: it must still have the name, pass every
    /// check and have the same ImmutableID. Returns what forbids it to sign in, if anything does.
    pub(super) async fn look_again(
        &self,
        account: &MappedAccount,
    ) -> Result<Option<AccountState>, MappingError> {
        let (name, dn) = (account.name(), account.dn());
        let filter = Filter::Or(self.conditions(name));
        let entry = self.directory.read(dn, &filter, &self.attributes()).await?;
        let entry = entry.ok_or(MappingError::NoMatch)?;
        let matched_by = self.matched_by(&entry, name).ok_or(MappingError::NoMatch)?;
        let now = self.judge(account.place(), name, &entry, matched_by, &mut Notes(None))?;
        if now.principal().guid != account.principal().guid
            || now.immutable_id() != account.immutable_id()
            || now.cloud_upn() != account.cloud_upn()
        {
            return Err(MappingError::NoMatch);
        }
        Ok(now.state())
    }

    /// What an entry that has the name must be besides.
    pub(super) fn judge(
        &self,
        place: Place,
        name: &SignInName,
        entry: &Entry,
        matched_by: SignInAttribute,
        notes: &mut Notes,
    ) -> Result<MappedAccount, MappingError> {
        let dn: Dn = entry.dn().parse().map_err(|_| MappingError::BadDn)?;
        let text = || dn.to_string();
        if !self.mapping.scopes.iter().any(|scope| dn.is_within(scope)) {
            return Err(MappingError::OutOfScope { dn: text() });
        }
        notes.add(|| "it lies within the scope".to_owned());
        if !self.mapping.allow_privileged && entry.values("adminCount").any(|value| value != "0") {
            return Err(MappingError::Privileged { dn: text() });
        }
        if self.is_direct_member(entry) {
            return Err(MappingError::InRefusedGroup { dn: text() });
        }
        notes
            .add(|| "it is not privileged, or that is allowed, and in no refused group".to_owned());
        let (cloud_upn, domain) = self.upn(entry)?;
        notes.add(|| format!("its UPN {cloud_upn} is federated, issuer {}", domain.issuer));
        self.judge_domain(name, matched_by, cloud_upn, entry.dn())?;
        notes.add(|| "the name is not one of the organisation's own, or may be".to_owned());
        let immutable_id = immutable_id(&self.mapping.immutable_id, entry)
            .ok_or_else(|| MappingError::NoImmutableId { dn: text() })?;
        notes.add(|| format!("its ImmutableID is {}", immutable_id.as_str()));
        let state = AccountState::read(entry, OffsetDateTime::now_utc())
            .map_err(|_| MappingError::UnreadableState { dn: text() })?;

        let display_name = entry
            .values("displayName")
            .next()
            .unwrap_or(cloud_upn)
            .to_owned();
        let is_external = self.is_external(entry, name);
        // A cloud UPN may stand among the addresses, too, and says no more for it.
        let domain_of_name = name.as_address().map(EmailAddress::domain);
        let is_cloud_upn = self
            .domains
            .iter()
            .any(|it| Some(&it.suffix) == domain_of_name);
        Ok(MappedAccount::new(Fields {
            immutable_id,
            cloud_upn: cloud_upn.to_owned(),
            domain,
            display_name,
            matched_by,
            other_addresses: if is_external && !is_cloud_upn {
                Vec::new()
            } else {
                self.addresses(entry)
            },
            is_external,
            attributes: particulars::collect(&self.mapping.told_attributes, entry),
            password_expiry: (self.mapping.password_expiry)
                .then(|| password_expiry(entry))
                .flatten(),
            state,
            name: name.clone(),
            place,
            found: Instant::now(),
            guid: only(entry, OBJECT_GUID).and_then(|octets| ObjectGuid::try_from(octets).ok()),
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

    pub(super) fn attributes(&self) -> Vec<&str> {
        let source = match &self.mapping.immutable_id {
            ImmutableIdSource::ObjectGuid => OBJECT_GUID,
            ImmutableIdSource::ConsistencyGuidThenObjectGuid => "mS-DS-ConsistencyGuid",
            ImmutableIdSource::Attribute { name, .. } => name.as_str(),
        };
        let names = self
            .mapping
            .sign_in_attributes
            .iter()
            .map(|attribute| attribute.name());
        let groups = !self.mapping.refused_groups.is_empty();
        let mut attributes: Vec<&str> = ["userPrincipalName", "displayName", "adminCount"]
            .into_iter()
            .chain(AccountState::ATTRIBUTES)
            .chain(groups.then_some("memberOf"))
            .chain(self.mapping.password_expiry.then_some(PASSWORD_EXPIRY))
            .chain([source, OBJECT_GUID])
            .chain(names)
            .collect();
        attributes.sort_unstable();
        attributes.dedup();
        for told in self.mapping.told_attributes.iter().map(Attribute::as_str) {
            if !attributes
                .iter()
                .any(|name| name.eq_ignore_ascii_case(told))
            {
                attributes.push(told);
            }
        }
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
        let mut attributes = self.mapping.sign_in_attributes.iter().copied();
        attributes.find(|attribute| holds(entry, *attribute, name))
    }

    fn is_external(&self, entry: &Entry, name: &SignInName) -> bool {
        let mut attributes = self.mapping.sign_in_attributes.iter().copied();
        attributes.any(|attribute| {
            matches!(
                attribute,
                SignInAttribute::Mail | SignInAttribute::ProxyAddresses
            ) && holds(entry, attribute, name)
        })
    }

    /// The external addresses that sign it in.
    fn addresses(&self, entry: &Entry) -> Vec<SignInName> {
        let attributes = self.mapping.sign_in_attributes.iter().copied();
        let external = attributes.filter(|attribute| {
            matches!(
                attribute,
                SignInAttribute::Mail | SignInAttribute::ProxyAddresses
            )
        });
        let values = external.flat_map(|attribute| {
            let values = entry.values(attribute.name());
            values.filter_map(move |value| self.name_of(value, attribute))
        });
        values.take(MOST_ADDRESSES).collect()
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

/// Whether a value of this attribute is the name.
fn holds(entry: &Entry, attribute: SignInAttribute, name: &SignInName) -> bool {
    let mut values = entry.values(attribute.name());
    values.any(|value| match (attribute, name.form()) {
        (SignInAttribute::Mail | SignInAttribute::UserPrincipalName, Form::Address(address)) => {
            is_address(value, address)
        }
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
}

fn is_address(stored: &str, address: &EmailAddress) -> bool {
    EmailAddress::parse(stored).as_ref() == Ok(address)
}

pub(super) fn immutable_id(source: &ImmutableIdSource, entry: &Entry) -> Option<ImmutableId> {
    let object_guid = || ObjectGuid::try_from(only(entry, OBJECT_GUID)?).ok();
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
pub(super) fn only<'a>(entry: &'a Entry, attribute: &'a str) -> Option<&'a [u8]> {
    let mut values = entry.bytes(attribute);
    match (values.next(), values.next()) {
        (Some(value), None) => Some(value),
        _ => None,
    }
}
