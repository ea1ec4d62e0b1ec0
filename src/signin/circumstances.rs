//! What may be said of the circumstances of a sign-in: decided here, said by [`crate::trust`].
//!
//! From where a request comes is decided anew for each: a session that began in the office goes on
//! elsewhere. When a password ends is read with the account and kept with the session, and reckoned
//! from the clock for each token.

use std::net::IpAddr;

use ipnet::IpNet;
use time::OffsetDateTime;

use crate::{
    realm::{MappedAccount, Realm},
    trust::{Circumstances, ExpiringPassword, PasswordExpiry, Subject},
};

use super::{Grant, SignIn};

/// Where the identity provider stands. The default says nothing of networks, and knows no page.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// The organisation's own networks; empty where nothing is said about them.
    pub corporate_networks: Vec<IpNet>,
    /// The absolute address at which people change their passwords, where their directory lets them.
    pub password_page: String,
    /// Where they go where it does not.
    pub password_reset_url: Option<String>,
}

impl Surroundings {
    /// The circumstances of a token for `subject`, asked for from this address. `None` where proxies do
    /// not tell it: then nobody knows that it is inside, and so it is not.
    pub fn circumstances(
        &self,
        subject: &Subject,
        from: Option<IpAddr>,
        now: OffsetDateTime,
    ) -> Circumstances {
        let networks = &self.corporate_networks;
        let inside = || {
            from.map(|address| address.to_canonical())
                .is_some_and(|address| networks.iter().any(|network| network.contains(&address)))
        };
        Circumstances {
            inside_corporate_network: (!networks.is_empty()).then(inside),
            expiring_password: subject
                .password_expiry()
                .and_then(|expiry| self.expiring(expiry, now)),
        }
    }

    fn expiring(&self, expiry: PasswordExpiry, now: OffsetDateTime) -> Option<ExpiringPassword> {
        let left = expiry.left(now)?;
        let change_url = if expiry.is_changed_here() {
            Some(self.password_page.clone())
        } else {
            self.password_reset_url.clone()
        };
        Some(ExpiringPassword { left, change_url })
    }
}

impl SignIn {
    /// The same in these surroundings.
    #[must_use]
    pub fn within(mut self, surroundings: Surroundings) -> Self {
        self.surroundings = surroundings;
        self
    }

    /// The circumstances of the token for which leave was given, asked for from this address.
    pub fn circumstances(&self, grant: &Grant, from: Option<IpAddr>) -> Circumstances {
        let now = OffsetDateTime::now_utc();
        self.surroundings.circumstances(&grant.subject, from, now)
    }

    /// Notes when the password ends that this person has just proven, if that can come to be told
    /// before her session ends.
    pub(super) fn note_password_expiry(&self, subject: &mut Subject, account: &MappedAccount) {
        let told_before = PasswordExpiry::TOLD_BEFORE + self.sessions.lifetime();
        let now = OffsetDateTime::now_utc();
        let expiry = password_expiry_of(&self.realm, account)
            .filter(|expiry| expiry.ends_within(told_before, now).is_some());
        subject.note_password_expiry(expiry);
    }
}

/// When the password of an account ends, where the directory was asked for that and says it.
pub fn password_expiry_of(realm: &Realm, account: &MappedAccount) -> Option<PasswordExpiry> {
    let end = account.password_expiry()?;
    Some(PasswordExpiry::new(end, realm.changes_passwords(account)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inside_is_who_comes_from_a_network_that_is_named() {
        let of = |networks: &[&str], from: Option<&str>| {
            let surroundings = Surroundings {
                corporate_networks: networks.iter().map(|one| one.parse().unwrap()).collect(),
                ..Surroundings::default()
            };
            let from = from.map(|from| from.parse().unwrap());
            let now = OffsetDateTime::UNIX_EPOCH;
            surroundings
                .circumstances(&Subject::default(), from, now)
                .inside_corporate_network
        };
        let networks = &["10.0.0.0/8", "2001:db8:1::/48"];
        for (from, inside) in [
            (Some("10.1.2.3"), true),
            (Some("::ffff:10.1.2.3"), true),
            (Some("2001:db8:1::5"), true),
            (Some("2001:db8:2::5"), false),
            (Some("11.1.2.3"), false),
            (None, false),
        ] {
            assert_eq!(of(networks, from), Some(inside), "{from:?}");
        }
        assert_eq!(of(&[], Some("10.1.2.3")), None);
    }

    #[test]
    fn a_password_is_changed_here_or_elsewhere_or_nowhere() {
        let now = OffsetDateTime::UNIX_EPOCH;
        let reset = Some("https://reset.test/".to_owned());
        for (here, reset, url) in [
            (true, reset.clone(), Some("https://idp.test/password")),
            (true, None, Some("https://idp.test/password")),
            (false, reset, Some("https://reset.test/")),
            (false, None, None),
        ] {
            let surroundings = Surroundings {
                password_page: "https://idp.test/password".to_owned(),
                password_reset_url: reset,
                ..Surroundings::default()
            };
            let mut subject = Subject::default();
            let end = now + time::Duration::days(3);
            subject.note_password_expiry(Some(PasswordExpiry::new(end, here)));
            let of = |now| surroundings.circumstances(&subject, None, now);
            let password = of(now).expiring_password.unwrap();
            assert_eq!(password.left.as_secs(), 3 * 24 * 60 * 60);
            assert_eq!(password.change_url.as_deref(), url);
            assert_eq!(of(end).expiring_password, None);
        }
    }
}
