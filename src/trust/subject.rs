use serde::{Deserialize, Serialize};

use crate::directory::Dn;

use super::{PasswordExpiry, ToldAttribute};

/// What is known of a person at issue time, by the field's own names.
///
/// Kept with her session under short names: what no rule asks for takes no room there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// The name that she signed in with, in the one form that all ways of writing it have.
    #[serde(rename = "n")]
    pub sign_in_name: String,
    /// The source anchor that Entra knows the account by.
    #[serde(rename = "i")]
    pub immutable_id: String,
    /// The account's UPN in the cloud, whose suffix is federated with us.
    #[serde(rename = "u")]
    pub cloud_upn: String,
    /// The directory's display name, where it has one.
    #[serde(rename = "d", skip_serializing_if = "Option::is_none", default)]
    pub display_name: Option<String>,
    /// The federated domain's suffix, in A-labels.
    #[serde(rename = "s")]
    pub suffix: String,
    /// What the rules of relying parties ask for besides.
    #[serde(rename = "m", skip_serializing_if = "Option::is_none", default)]
    pub particulars: Option<Box<Particulars>>,
}

/// What is known of a person because some relying party's rule asks for it: see
/// [`Needs`](super::Needs). Nothing else is here, however much the directory would tell.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Particulars {
    /// Whether the sign-in name is an address that the directory has as hers (`mail` or
    /// `proxyAddresses`), and not her UPN or account name only.
    #[serde(rename = "e", skip_serializing_if = "is_false", default)]
    pub external: bool,
    /// The directory that her account is in, by its name in the configuration.
    #[serde(rename = "h", skip_serializing_if = "Option::is_none", default)]
    pub directory: Option<String>,
    /// Of the places that rules name, those that the account lies below ([`Dn::key`]).
    #[serde(rename = "p", skip_serializing_if = "Vec::is_empty", default)]
    pub places: Vec<String>,
    /// Of the groups that rules name, those that she is in, nested ones included ([`Dn::key`]).
    #[serde(rename = "g", skip_serializing_if = "Vec::is_empty", default)]
    pub groups: Vec<String>,
    /// Of the attributes that rules name, those that the account has, with their values, sorted.
    #[serde(rename = "a", skip_serializing_if = "Vec::is_empty", default)]
    pub attributes: Vec<(String, Vec<String>)>,
    /// When the password ends by which she signed in.
    #[serde(rename = "x", skip_serializing_if = "Option::is_none", default)]
    pub password_expiry: Option<PasswordExpiry>,
}

impl Subject {
    /// The external address that she signed in with: hers alone in all directories, since an
    /// address that two accounts have leads to neither. `None` for a UPN or an account name.
    pub fn email(&self) -> Option<&str> {
        let is_external = self.particulars.as_ref()?.external;
        is_external.then_some(self.sign_in_name.as_str())
    }

    /// When the password ends by which she signed in, where a relying party is to be told of it.
    pub fn password_expiry(&self) -> Option<PasswordExpiry> {
        self.particulars.as_ref()?.password_expiry
    }

    /// Notes when the password ends by which she has just signed in.
    pub(crate) fn note_password_expiry(&mut self, expiry: Option<PasswordExpiry>) {
        if expiry.is_some() || self.password_expiry().is_some() {
            let mut known = self.particulars.take().unwrap_or_default();
            known.password_expiry = expiry;
            self.particulars = known.kept();
        }
    }

    /// The directory that her account is in, where a rule asks for it.
    pub fn directory(&self) -> Option<&str> {
        self.particulars.as_ref()?.directory.as_deref()
    }

    /// The values of an attribute that a rule names.
    pub fn attribute(&self, name: &ToldAttribute) -> &[String] {
        let attributes = self.particulars.iter().flat_map(|known| &known.attributes);
        let mut found = attributes.filter(|(known, _)| known.eq_ignore_ascii_case(name.as_str()));
        found.next().map_or(&[], |(_, values)| values)
    }

    pub(super) fn is_in(&self, group: &KeyedDn) -> bool {
        let known = self.particulars.as_ref();
        known.is_some_and(|known| known.groups.contains(&group.key))
    }

    pub(super) fn is_below(&self, place: &KeyedDn) -> bool {
        let known = self.particulars.as_ref();
        known.is_some_and(|known| known.places.contains(&place.key))
    }
}

impl Particulars {
    /// To be kept with a person; nothing where there is nothing to keep.
    pub fn kept(self) -> Option<Box<Self>> {
        (self != Self::default()).then(|| Box::new(self))
    }
}

#[allow(clippy::trivially_copy_pass_by_ref)] // as serde calls it
fn is_false(value: &bool) -> bool {
    !value
}

/// A name in the directory that a rule mentions, with its [`Dn::key`], by which it is looked for
/// among a person's [`Particulars`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyedDn {
    dn: Dn,
    key: String,
}

impl KeyedDn {
    /// The name.
    pub fn dn(&self) -> &Dn {
        &self.dn
    }
}

impl From<Dn> for KeyedDn {
    fn from(dn: Dn) -> Self {
        Self { key: dn.key(), dn }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_rule_asks_for_takes_no_room() {
        let plain = Subject {
            sign_in_name: "wmoran@fabrikam.com".into(),
            immutable_id: "AAAA".into(),
            cloud_upn: "wmoran@partners.contoso.com".into(),
            display_name: None,
            suffix: "partners.contoso.com".into(),
            particulars: None,
        };
        let json = serde_json::to_string(&plain).unwrap();
        assert_eq!(
            json,
            r#"{"n":"wmoran@fabrikam.com","i":"AAAA","u":"wmoran@partners.contoso.com","s":"partners.contoso.com"}"#
        );
        assert_eq!(serde_json::from_str::<Subject>(&json).unwrap(), plain);
        let full = Subject {
            particulars: Particulars {
                external: true,
                directory: Some("contoso".into()),
                places: vec!["ou=a".into()],
                groups: vec!["cn=b".into()],
                attributes: vec![("department".into(), vec!["IT".into()])],
                password_expiry: Some(PasswordExpiry::new(time::OffsetDateTime::UNIX_EPOCH, true)),
            }
            .kept(),
            ..plain
        };
        let json = serde_json::to_string(&full).unwrap();
        assert_eq!(serde_json::from_str::<Subject>(&json).unwrap(), full);
    }
}
