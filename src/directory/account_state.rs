use serde::{Deserialize, Serialize};

/// The state of an account that made a directory refuse a bind, as Active Directory tells it
/// behind `data` in the text of result 49 (the number is a Win32 error code in hexadecimal).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum AccountState {
    /// 530: outside of the hours when this account may sign in.
    LogonHours,
    /// 531: may not sign in from this machine.
    Workstation,
    /// 532: the password is right and has expired.
    PasswordExpired,
    /// 533: disabled.
    Disabled,
    /// 701: the account's own end date has passed.
    AccountExpired,
    /// 773: the password is right and must be changed first.
    MustChangePassword,
    /// 775: locked out; says nothing about the password.
    LockedOut,
}

impl AccountState {
    /// Whether the directory says this only to somebody who gave the right password. Only then
    /// may a page say why: anything else would tell a stranger that the account exists.
    pub fn password_was_right(self) -> bool {
        !matches!(self, Self::LockedOut)
    }

    /// Whether a new password is all that is missing.
    pub fn is_ended_by_a_new_password(self) -> bool {
        matches!(self, Self::PasswordExpired | Self::MustChangePassword)
    }

    fn from_sub_code(code: u32) -> Option<Self> {
        Some(match code {
            0x530 => Self::LogonHours,
            0x531 => Self::Workstation,
            0x532 => Self::PasswordExpired,
            0x533 => Self::Disabled,
            0x701 => Self::AccountExpired,
            0x773 => Self::MustChangePassword,
            0x775 => Self::LockedOut,
            _ => return None,
        })
    }
}

/// What the diagnostic text of result 49 says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum InvalidCredentials {
    /// Wrong password or unknown name (52e, 525), or a directory that does not say.
    Wrong,
    /// The account's state is the reason.
    State(AccountState),
    /// A sub-code that is none of these, for example 52f (account restriction).
    OtherSubCode(u32),
}

impl InvalidCredentials {
    /// Reads texts such as `80090308: LdapErr: DSID-0C0903A9, comment: AcceptSecurityContext
    /// error, data 52e, v1db1`.
    pub(super) fn from_text(text: &str) -> Self {
        match sub_code(text) {
            None | Some(0x52e | 0x525) => Self::Wrong,
            Some(code) => {
                AccountState::from_sub_code(code).map_or(Self::OtherSubCode(code), Self::State)
            }
        }
    }
}

fn sub_code(text: &str) -> Option<u32> {
    let (_, after) = text.split_once(", data ")?;
    let (digits, _) = after.split_once(',')?;
    if digits.len() > 8 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    u32::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(data: &str) -> InvalidCredentials {
        InvalidCredentials::from_text(&format!(
            "80090308: LdapErr: DSID-0C0903A9, comment: AcceptSecurityContext error, data {data}, v1db1"
        ))
    }

    #[test]
    fn reads_every_sub_code() {
        for (data, state) in [
            ("530", AccountState::LogonHours),
            ("531", AccountState::Workstation),
            ("532", AccountState::PasswordExpired),
            ("533", AccountState::Disabled),
            ("701", AccountState::AccountExpired),
            ("773", AccountState::MustChangePassword),
            ("775", AccountState::LockedOut),
        ] {
            assert_eq!(read(data), InvalidCredentials::State(state));
            assert_eq!(state.password_was_right(), data != "775");
        }
        assert_eq!(read("52e"), InvalidCredentials::Wrong);
        assert_eq!(read("52E"), InvalidCredentials::Wrong);
        assert_eq!(read("525"), InvalidCredentials::Wrong);
        assert_eq!(read("52f"), InvalidCredentials::OtherSubCode(0x52f));
    }

    #[test]
    fn other_texts_mean_only_that_it_was_wrong() {
        for text in [
            "",
            "Invalid credentials",
            ", data ",
            ", data 533",
            ", data +533, v1",
            ", data zz, v",
        ] {
            assert_eq!(
                InvalidCredentials::from_text(text),
                InvalidCredentials::Wrong,
                "{text}"
            );
        }
    }
}
