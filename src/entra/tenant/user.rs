use serde::{Deserialize, Serialize};

use super::super::{ImmutableId, NameError, ObjectId, SignInName};

/// A user as the sync wrote it, read and written by Graph's own property names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", from = "Written")]
pub struct User {
    /// `id`.
    pub id: ObjectId,
    /// `userPrincipalName`: the cloud UPN, whose domain decides where the user authenticates.
    pub user_principal_name: SignInName,
    /// `displayName`.
    pub display_name: String,
    /// `givenName`.
    pub given_name: Option<String>,
    /// `surname`.
    pub surname: Option<String>,
    /// `onPremisesUserPrincipalName`: in the guest-sync case the person's own email.
    pub on_premises_user_principal_name: Option<SignInName>,
    /// `onPremisesImmutableId`: the source anchor that the `NameID` must equal.
    pub on_premises_immutable_id: Option<ImmutableId>,
    /// `userType`.
    pub user_type: UserType,
    /// `proxyAddresses`.
    pub proxy_addresses: Vec<ProxyAddress>,
    /// `otherMails`: no sign-in looks at them.
    pub other_mails: Vec<SignInName>,
    /// `mail`: no sign-in looks at it. By Graph it is the primary one of `proxyAddresses`, too.
    pub mail: Option<SignInName>,
    /// `mailNickname`.
    pub mail_nickname: Option<String>,
    /// `employeeType`.
    pub employee_type: Option<String>,
    /// `accountEnabled`: kept, and no sign-in looks at it.
    pub account_enabled: bool,
    /// `onPremisesSyncEnabled`: Entra Connect holds the user, and Graph changes nothing of it.
    pub on_premises_sync_enabled: Option<bool>,
}

impl User {
    /// A member with a UPN and nothing else, and the id that belongs to this UPN.
    pub fn new(user_principal_name: SignInName) -> Self {
        let text = user_principal_name.to_string();
        Self {
            id: ObjectId::of("user", &text),
            display_name: text,
            given_name: None,
            surname: None,
            user_principal_name,
            on_premises_user_principal_name: None,
            on_premises_immutable_id: None,
            user_type: UserType::Member,
            proxy_addresses: Vec::new(),
            other_mails: Vec::new(),
            mail: None,
            mail_nickname: None,
            employee_type: None,
            account_enabled: true,
            on_premises_sync_enabled: None,
        }
    }

    /// Whether the user came by the sync.
    pub fn is_synced(&self) -> bool {
        self.on_premises_immutable_id.is_some()
    }

    /// `mail`: the primary proxy address, and for a synced guest the email that the sync rules took
    /// as the sign-in name.
    pub fn mail(&self) -> Option<&SignInName> {
        let primary = self.proxy_addresses.iter().find_map(|it| match it {
            ProxyAddress::Primary(mail) => Some(mail),
            _ => None,
        });
        primary.or(self.on_premises_user_principal_name.as_ref())
    }

    /// Whether one of the mail addresses among `proxyAddresses` is this one.
    pub fn has_proxy_address(&self, name: &SignInName) -> bool {
        self.proxy_addresses
            .iter()
            .any(|address| address.mail() == Some(name))
    }
}

/// A user as it may be written: what is not there is as [`User::new`] has it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Written {
    id: Option<ObjectId>,
    user_principal_name: SignInName,
    display_name: Option<String>,
    given_name: Option<String>,
    surname: Option<String>,
    on_premises_user_principal_name: Option<SignInName>,
    on_premises_immutable_id: Option<ImmutableId>,
    #[serde(default)]
    user_type: UserType,
    #[serde(default)]
    proxy_addresses: Vec<ProxyAddress>,
    #[serde(default)]
    other_mails: Vec<SignInName>,
    mail: Option<SignInName>,
    mail_nickname: Option<String>,
    employee_type: Option<String>,
    account_enabled: Option<bool>,
    on_premises_sync_enabled: Option<bool>,
}

impl From<Written> for User {
    fn from(written: Written) -> Self {
        let plain = Self::new(written.user_principal_name);
        Self {
            id: written.id.unwrap_or(plain.id),
            user_principal_name: plain.user_principal_name,
            display_name: written.display_name.unwrap_or(plain.display_name),
            given_name: written.given_name,
            surname: written.surname,
            on_premises_user_principal_name: written.on_premises_user_principal_name,
            on_premises_immutable_id: written.on_premises_immutable_id,
            user_type: written.user_type,
            proxy_addresses: written.proxy_addresses,
            other_mails: written.other_mails,
            mail: written.mail,
            mail_nickname: written.mail_nickname,
            employee_type: written.employee_type,
            account_enabled: written.account_enabled.unwrap_or(plain.account_enabled),
            on_premises_sync_enabled: written.on_premises_sync_enabled,
        }
    }
}

/// `userType`; it says nothing about where the user authenticates (facts 5.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum UserType {
    /// Belongs to the organisation. What is not synced is a member.
    #[default]
    Member,
    /// Here for the internal guest: a partner whose account was synced.
    Guest,
}

impl std::fmt::Display for UserType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Member => "Member",
            Self::Guest => "Guest",
        })
    }
}

/// One of `proxyAddresses`: `SMTP:` before the primary address, `smtp:` before others, and other
/// kinds of address, which no sign-in looks at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum ProxyAddress {
    /// `SMTP:`
    Primary(SignInName),
    /// `smtp:`
    Secondary(SignInName),
    /// `x500:`, `sip:` and the like, as it stands.
    Other(String),
}

/// Why a text is no proxy address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProxyAddressError {
    /// There is no kind before a colon.
    #[error("{0:?} is not of the form KIND:ADDRESS, such as smtp:wmoran@contoso.com")]
    NoKind(String),
    /// Behind `smtp:` stands no mail address.
    #[error(transparent)]
    Mail(#[from] NameError),
}

impl ProxyAddress {
    /// The mail address, if it is one.
    pub fn mail(&self) -> Option<&SignInName> {
        match self {
            Self::Primary(name) | Self::Secondary(name) => Some(name),
            Self::Other(_) => None,
        }
    }
}

impl TryFrom<String> for ProxyAddress {
    type Error = ProxyAddressError;

    fn try_from(text: String) -> Result<Self, ProxyAddressError> {
        match text.split_once(':') {
            Some(("SMTP", mail)) => Ok(Self::Primary(SignInName::parse(mail)?)),
            Some((kind, mail)) if kind.eq_ignore_ascii_case("smtp") => {
                Ok(Self::Secondary(SignInName::parse(mail)?))
            }
            Some((kind, rest)) if !kind.is_empty() && !rest.is_empty() => Ok(Self::Other(text)),
            _ => Err(ProxyAddressError::NoKind(text)),
        }
    }
}

impl From<ProxyAddress> for String {
    fn from(address: ProxyAddress) -> Self {
        match address {
            ProxyAddress::Primary(mail) => format!("SMTP:{mail}"),
            ProxyAddress::Secondary(mail) => format!("smtp:{mail}"),
            ProxyAddress::Other(text) => text,
        }
    }
}
