//! The state of an account as its own attributes tell it (MS-ADTS 2.2.16, 3.1.1.4.5.17).
//!
//! Active Directory refuses a bind for these states itself. Another server with the same
//! attributes, a replica or a proxy of Active Directory among them, may accept it.

use time::OffsetDateTime;

use super::{AccountState, Entry};

const ACCOUNT_DISABLE: i64 = 0x2;
const LOCKOUT: i64 = 0x10;
const DONT_EXPIRE_PASSWORD: i64 = 0x1_0000;
const PASSWORD_EXPIRED: i64 = 0x80_0000;

/// "Never" of `accountExpires`, besides 0, and of [`PASSWORD_EXPIRY`].
const NEVER: i64 = i64::MAX;

/// When the account's password ends (MS-ADTS 3.1.1.4.5): by its own policy or that of the domain, which
/// `pwdLastSet` and `maxPwdAge` alone do not tell.
pub(crate) const PASSWORD_EXPIRY: &str = "msDS-UserPasswordExpiryTimeComputed";

/// An attribute that says what state the account is in has a value that is no number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct UnreadableState;

impl AccountState {
    /// The attributes that [`Self::read`] reads.
    ///
    /// `lockoutTime` is not one of them: it stays behind when a lockout has ended, and the
    /// computed attribute knows whether it has (MS-ADTS 3.1.1.4.5.17).
    pub(crate) const ATTRIBUTES: [&str; 4] = [
        "userAccountControl",
        "msDS-User-Account-Control-Computed",
        "accountExpires",
        "pwdLastSet",
    ];

    /// The state that forbids an account to sign in, if there is one. What is not there forbids
    /// nothing: a plain LDAP directory has none of these attributes.
    pub(crate) fn read(
        entry: &Entry,
        now: OffsetDateTime,
    ) -> Result<Option<Self>, UnreadableState> {
        let [control, computed, expires, password_set] =
            Self::ATTRIBUTES.map(|name| number(entry, name));
        let control = control?.unwrap_or(0);
        let computed = computed?.unwrap_or(0);
        let is_set = |flag| (control | computed) & flag != 0;
        let has_ended =
            expires?.is_some_and(|time| time != 0 && time != NEVER && time <= file_time(now));
        let must_change = password_set? == Some(0) && !is_set(DONT_EXPIRE_PASSWORD);
        Ok(if is_set(ACCOUNT_DISABLE) {
            Some(Self::Disabled)
        } else if has_ended {
            Some(Self::AccountExpired)
        } else if computed & LOCKOUT != 0 {
            Some(Self::LockedOut)
        } else if must_change {
            Some(Self::MustChangePassword)
        } else if computed & PASSWORD_EXPIRED != 0 {
            Some(Self::PasswordExpired)
        } else {
            None
        })
    }
}

/// When the account's password ends, as [`PASSWORD_EXPIRY`] says. `None` where it never does, where it
/// must be changed now (which is a state: [`AccountState::read`]), and where nothing readable is said.
pub(crate) fn password_expiry(entry: &Entry) -> Option<OffsetDateTime> {
    let end = number(entry, PASSWORD_EXPIRY).ok().flatten()?;
    (end > 0 && end != NEVER).then_some(())?;
    OffsetDateTime::from_unix_timestamp(end / 10_000_000 - SECONDS_TO_1970).ok()
}

fn number(entry: &Entry, attribute: &str) -> Result<Option<i64>, UnreadableState> {
    let mut values = entry.bytes(attribute);
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => std::str::from_utf8(value)
            .ok()
            .and_then(|text| text.parse().ok())
            .map(Some)
            .ok_or(UnreadableState),
        (Some(_), Some(_)) => Err(UnreadableState),
    }
}

/// From 1601 on, where `FILETIME` begins.
const SECONDS_TO_1970: i64 = 11_644_473_600;

/// In intervals of 100 ns since 1601 (MS-DTYP 2.3.3).
fn file_time(time: OffsetDateTime) -> i64 {
    (time.unix_timestamp().saturating_add(SECONDS_TO_1970)).saturating_mul(10_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(attributes: &[(&str, &str)]) -> Result<Option<AccountState>, UnreadableState> {
        let attributes = attributes
            .iter()
            .map(|(name, value)| ((*name).to_owned(), vec![value.as_bytes().to_vec()]));
        let now = OffsetDateTime::from_unix_timestamp(1_700_000_000).unwrap();
        AccountState::read(&Entry::new("CN=x", attributes.collect()), now)
    }

    #[test]
    fn every_state_is_read() {
        const UAC: &str = "userAccountControl";
        const COMPUTED: &str = "msDS-User-Account-Control-Computed";
        for (attributes, expected) in [
            (vec![], None),
            // As a domain controller writes an account that nothing is wrong with.
            (
                vec![
                    (UAC, "512"),
                    (COMPUTED, "0"),
                    ("accountExpires", "9223372036854775807"),
                    ("pwdLastSet", "134399116975172390"),
                ],
                None,
            ),
            (vec![(UAC, "514")], Some(AccountState::Disabled)),
            (vec![(UAC, "66050")], Some(AccountState::Disabled)),
            (vec![("accountExpires", "0")], None),
            (vec![("accountExpires", "133444736000000001")], None),
            (
                vec![("accountExpires", "133444736000000000")],
                Some(AccountState::AccountExpired),
            ),
            (
                vec![(UAC, "512"), (COMPUTED, "16")],
                Some(AccountState::LockedOut),
            ),
            // Kept in userAccountControl by nobody since Windows 2000.
            (vec![(UAC, "528")], None),
            (
                vec![("pwdLastSet", "0"), (COMPUTED, "8388608")],
                Some(AccountState::MustChangePassword),
            ),
            (vec![("pwdLastSet", "0"), (UAC, "66048")], None),
            (
                vec![("pwdLastSet", "1"), (COMPUTED, "8388608")],
                Some(AccountState::PasswordExpired),
            ),
            (
                vec![(UAC, "514"), ("accountExpires", "1"), ("pwdLastSet", "0")],
                Some(AccountState::Disabled),
            ),
        ] {
            assert_eq!(read(&attributes), Ok(expected), "{attributes:?}");
        }
    }

    #[test]
    fn a_password_ends_at_a_time_or_not_at_all() {
        let read = |values: &[&str]| {
            let values = values.iter().map(|value| value.as_bytes().to_vec());
            let attribute = (PASSWORD_EXPIRY.to_ascii_lowercase(), values.collect());
            let end = password_expiry(&Entry::new("CN=x", vec![attribute]));
            end.map(OffsetDateTime::unix_timestamp)
        };
        assert_eq!(read(&["133444736000000000"]), Some(1_700_000_000));
        assert_eq!(read(&["133444736009999999"]), Some(1_700_000_000));
        for values in [
            &["9223372036854775807"][..],
            &["0"],
            &["-1"],
            &["-9223372036854775808"],
            // No calendar goes as far.
            &["9223372036854775806"],
            &["soon"],
            &[],
            &["133444736000000000", "133444736000000000"],
        ] {
            assert_eq!(read(values), None, "{values:?}");
        }
    }

    #[test]
    fn what_is_no_number_is_no_state() {
        for value in ["", "0x202", "512 ", "9223372036854775808", "\u{0665}12"] {
            for name in AccountState::ATTRIBUTES {
                assert_eq!(read(&[(name, value)]), Err(UnreadableState), "{value:?}");
            }
        }
        assert_eq!(
            read(&[("pwdLastSet", "1"), ("pwdlastset", "0")]),
            Err(UnreadableState)
        );
    }
}
