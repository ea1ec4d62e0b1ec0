//! The password policy control of draft-behera-ldap-password-policy-10, as OpenLDAP's ppolicy,
//! 389 Directory Server and others answer it: what Active Directory says by its sub-codes.

use super::{AccountState, bind_message::take};

/// The control, in the request (section 6.1) and in the answer (6.2).
pub(super) const OID: &[u8] = b"1.3.6.1.4.1.42.2.27.8.5.1";

/// The state that the control's value in the answer to a bind tells, if there is one:
/// `PasswordPolicyResponseValue ::= SEQUENCE { warning [0] CHOICE {..} OPTIONAL,
/// error [1] ENUMERATED {..} OPTIONAL }`.
pub(super) fn state(mut value: &[u8]) -> Option<AccountState> {
    const SEQUENCE: u8 = 0x30;
    const WARNING: u8 = 0xa0;
    const ERROR: u8 = 0x81;
    let mut parts = take(&mut value, SEQUENCE).ok()?;
    if parts.first() == Some(&WARNING) {
        take(&mut parts, WARNING).ok()?;
    }
    let error = take(&mut parts, ERROR).ok()?;
    match (error, parts, value) {
        // passwordExpired: the server looks at it after it has compared the password.
        ([0], [], []) => Some(AccountState::PasswordExpired),
        // accountLocked: looked at before, and so says nothing about the password.
        ([1], [], []) => Some(AccountState::LockedOut),
        // changeAfterReset: the bind succeeded, and nothing but a change is allowed.
        ([2], [], []) => Some(AccountState::MustChangePassword),
        // The others are about changing a password.
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_states() {
        assert_eq!(
            state(b"\x30\x03\x81\x01\x00"),
            Some(AccountState::PasswordExpired)
        );
        assert_eq!(
            state(b"\x30\x03\x81\x01\x01"),
            Some(AccountState::LockedOut)
        );
        assert_eq!(
            state(b"\x30\x03\x81\x01\x02"),
            Some(AccountState::MustChangePassword)
        );
        assert_eq!(state(b"\x30\x03\x81\x01\x08"), None);
        // A warning (two grace logins left) beside an error, and alone.
        let both = b"\x30\x08\xa0\x03\x81\x01\x02\x81\x01\x02";
        assert_eq!(state(both), Some(AccountState::MustChangePassword));
        assert_eq!(state(b"\x30\x05\xa0\x03\x81\x01\x02"), None);
        assert_eq!(state(b"\x30\x00"), None);
    }

    #[test]
    fn what_cannot_be_read_says_nothing() {
        for value in [
            &b""[..],
            b"\x30",
            b"\x30\x03\x81\x01",
            b"\x30\x04\x81\x02\x00\x00",
            b"\x30\x03\x81\x01\x00\x00",
            b"\x81\x01\x00",
            &[0x30; 65],
        ] {
            assert_eq!(state(value), None, "{value:?}");
        }
    }
}
