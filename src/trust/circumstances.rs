//! What Entra may be told of the circumstances of a sign-in, beyond who it is: from where, and for
//! how long the password still holds. It is said as AD FS says it, in tokens of WS-Federation and
//! WS-Trust only: by SAML 2.0 Entra does not read it.

use std::{borrow::Cow, time::Duration};

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::{Claim, ClaimExplanation};

pub(super) const INSIDE_CORPORATE_NETWORK: &str =
    "http://schemas.microsoft.com/ws/2012/01/insidecorporatenetwork";
pub(super) const PASSWORD_EXPIRATION_TIME: &str =
    "http://schemas.microsoft.com/ws/2012/01/passwordexpirationtime";
pub(super) const PASSWORD_EXPIRATION_DAYS: &str =
    "http://schemas.microsoft.com/ws/2012/01/passwordexpirationdays";
pub(super) const PASSWORD_CHANGE_URL: &str =
    "http://schemas.microsoft.com/ws/2012/01/passwordchangeurl";

const OF_PASSWORD: [&str; 3] = [
    PASSWORD_EXPIRATION_TIME,
    PASSWORD_EXPIRATION_DAYS,
    PASSWORD_CHANGE_URL,
];

/// The circumstances of one sign-in, as far as a relying party may be told of them. The default says
/// nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Circumstances {
    /// Whether the request comes from one of the organisation's networks; `None` where it has named
    /// none.
    pub inside_corporate_network: Option<bool>,
    /// The password, if it ends soon.
    pub expiring_password: Option<ExpiringPassword>,
}

/// Of which circumstances a relying party is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// Whether a request comes from a corporate network.
    pub network: bool,
    /// That a password ends soon.
    pub password_expiry: bool,
}

/// A password that ends soon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpiringPassword {
    /// For how long it still holds.
    pub left: Duration,
    /// Where it can be changed, if anywhere.
    pub change_url: Option<String>,
}

/// When the password ends by which a person signed in, as her directory said then. Kept with her
/// session, under short names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasswordExpiry {
    /// In seconds since 1970.
    #[serde(rename = "t")]
    at: i64,
    /// Whether she can change it here.
    #[serde(rename = "c")]
    changed_here: bool,
}

impl PasswordExpiry {
    /// How long before it ends a password's end is told: as long as AD FS does.
    pub const TOLD_BEFORE: Duration = Duration::from_secs(14 * 24 * 60 * 60);

    /// A password that ends then. `changed_here`: whether its directory lets her change it here.
    pub fn new(at: OffsetDateTime, changed_here: bool) -> Self {
        Self {
            at: at.unix_timestamp(),
            changed_here,
        }
    }

    /// Whether she can change it here.
    pub fn is_changed_here(self) -> bool {
        self.changed_here
    }

    /// How long it still holds; `None` unless it ends soon. One that has ended is not told either: its
    /// session goes on, and at the next sign-in she hears of it here.
    pub fn left(self, now: OffsetDateTime) -> Option<Duration> {
        self.ends_within(Self::TOLD_BEFORE, now)
    }

    /// How long it still holds, if it ends within this time and has not ended.
    pub fn ends_within(self, time: Duration, now: OffsetDateTime) -> Option<Duration> {
        let left = self.at.saturating_sub(now.unix_timestamp());
        let left = u64::try_from(left).ok().map(Duration::from_secs)?;
        (!left.is_zero() && left <= time).then_some(left)
    }
}

impl Told {
    /// What is told of these circumstances.
    pub(super) fn claims(self, circumstances: &Circumstances) -> Vec<Claim<'_>> {
        let mut claims = Vec::new();
        if let Some(inside) = circumstances.inside_corporate_network
            && self.network
        {
            let value = if inside { "true" } else { "false" };
            claims.push(Claim::new(INSIDE_CORPORATE_NETWORK, value));
        }
        if let Some(password) = &circumstances.expiring_password
            && self.password_expiry
        {
            let seconds = password.left.as_secs();
            let mut push = |name, value| claims.push(Claim::of(name, value));
            push(PASSWORD_EXPIRATION_TIME, seconds.to_string().into());
            // Whole days, so that nobody relies on one that is not.
            let days = seconds / (24 * 60 * 60);
            push(PASSWORD_EXPIRATION_DAYS, days.to_string().into());
            if let Some(url) = &password.change_url {
                push(PASSWORD_CHANGE_URL, Cow::Borrowed(url.as_str()));
            }
        }
        claims
    }

    /// The names of all claims by which something may be told.
    pub(super) fn names<'a>(self) -> impl Iterator<Item = &'a str> {
        let network = self.network.then_some(INSIDE_CORPORATE_NETWORK);
        let password = self.password_expiry.then_some(OF_PASSWORD);
        network.into_iter().chain(password.into_iter().flatten())
    }

    /// What would be told of these circumstances, and why not more.
    pub(super) fn explain(self, circumstances: &Circumstances) -> Vec<ClaimExplanation> {
        let claims = self.claims(circumstances);
        let explain = |name: &str| {
            let (source, why_not) = match name {
                INSIDE_CORPORATE_NETWORK => (
                    "where the request comes from",
                    "it depends on the request: \"true\" from corporate_networks, else \"false\"",
                ),
                PASSWORD_CHANGE_URL => (
                    "where passwords are changed",
                    "the password does not end within 14 days, or cannot be changed anywhere",
                ),
                _ => (
                    "the password's end",
                    "the password does not end within 14 days, as far as the directory says",
                ),
            };
            let issued = claims.iter().find(|claim| claim.name == name);
            let values = issued.map(|claim| claim.values().iter().map(ToString::to_string));
            ClaimExplanation {
                name: name.to_owned(),
                source: source.to_owned(),
                outcome: values
                    .map(Iterator::collect)
                    .ok_or_else(|| why_not.to_owned()),
            }
        };
        self.names().map(explain).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(seconds).unwrap()
    }

    #[test]
    fn a_password_is_told_of_in_its_last_fourteen_days() {
        const DAYS: i64 = 24 * 60 * 60;
        let now = 1_700_000_000;
        for (end, left) in [
            (now + 15 * DAYS, None),
            (now + 14 * DAYS + 1, None),
            (now + 14 * DAYS, Some(14 * DAYS)),
            (now + 1, Some(1)),
            (now, None),
            (now - 1, None),
            (0, None),
        ] {
            let expiry = PasswordExpiry::new(at(end), false);
            let left = left.map(|left| Duration::from_secs(left.try_into().unwrap()));
            assert_eq!(expiry.left(at(now)), left, "{end}");
        }
        let last = time::Date::MAX.midnight().assume_utc();
        assert_eq!(PasswordExpiry::new(last, false).left(at(-now)), None);
    }

    #[test]
    fn it_takes_little_room_in_a_session() {
        let expiry = PasswordExpiry::new(at(1_700_000_000), true);
        let json = serde_json::to_string(&expiry).unwrap();
        assert_eq!(json, r#"{"t":1700000000,"c":true}"#);
        assert_eq!(
            serde_json::from_str::<PasswordExpiry>(&json).unwrap(),
            expiry
        );
    }
}
