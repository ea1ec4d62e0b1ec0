//! The password policy control of draft-behera-ldap-password-policy-10, as OpenLDAP's ppolicy,
//! 389 Directory Server and others answer it: what Active Directory says by its sub-codes.

use ldap3::{
    asn1::{PL, StructureTag, TagClass},
    controls::{Control, RawControl},
};

use super::AccountState;

const OID: &str = "1.3.6.1.4.1.42.2.27.8.5.1";

/// Asks for the control (section 6.1). Not critical: a server that does not know it goes on.
pub(super) fn request() -> RawControl {
    RawControl {
        ctype: OID.to_owned(),
        crit: false,
        val: None,
    }
}

/// The state that the answer to a bind tells, if there is one.
pub(super) fn state(controls: &[Control]) -> Option<AccountState> {
    let Control(_, raw) = controls.iter().find(|Control(_, raw)| raw.ctype == OID)?;
    match error(raw.val.as_deref()?)? {
        // passwordExpired: the server looks at it after it has compared the password.
        0 => Some(AccountState::PasswordExpired),
        // accountLocked: looked at before, and so says nothing about the password.
        1 => Some(AccountState::LockedOut),
        // changeAfterReset: the bind succeeded, and nothing but a change is allowed.
        2 => Some(AccountState::MustChangePassword),
        // The others are about changing a password.
        _ => None,
    }
}

/// `PasswordPolicyResponseValue ::= SEQUENCE { warning [0] CHOICE {..} OPTIONAL,
/// error [1] ENUMERATED {..} OPTIONAL }` (section 6.2).
fn error(value: &[u8]) -> Option<u8> {
    let StructureTag {
        payload: PL::C(parts),
        ..
    } = parse(value)?
    else {
        return None;
    };
    let error = parts
        .into_iter()
        .find(|part| part.class == TagClass::Context && part.id == 1)?;
    match error.payload {
        PL::P(octets) => match octets[..] {
            [code] => Some(code),
            _ => None,
        },
        PL::C(_) => None,
    }
}

fn parse(value: &[u8]) -> Option<StructureTag> {
    // A warning and an error take a dozen octets; the parser recurses for nested ones.
    if value.len() > 64 {
        return None;
    }
    let (rest, tag) = ldap3::asn1::parse_tag(value).ok()?;
    rest.is_empty().then_some(tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(value: &[u8]) -> Option<AccountState> {
        let raw = RawControl {
            val: Some(value.to_vec()),
            ..request()
        };
        state(&[Control(None, raw)])
    }

    #[test]
    fn errors_are_states() {
        assert_eq!(
            read(b"\x30\x03\x81\x01\x00"),
            Some(AccountState::PasswordExpired)
        );
        assert_eq!(read(b"\x30\x03\x81\x01\x01"), Some(AccountState::LockedOut));
        assert_eq!(
            read(b"\x30\x03\x81\x01\x02"),
            Some(AccountState::MustChangePassword)
        );
        assert_eq!(read(b"\x30\x03\x81\x01\x08"), None);
        // A warning (two grace logins left) beside an error, and alone.
        let both = b"\x30\x08\xa0\x03\x81\x01\x02\x81\x01\x02";
        assert_eq!(read(both), Some(AccountState::MustChangePassword));
        assert_eq!(read(b"\x30\x05\xa0\x03\x81\x01\x02"), None);
        assert_eq!(read(b"\x30\x00"), None);
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
            assert_eq!(read(value), None, "{value:?}");
        }
        assert_eq!(state(&[]), None);
    }
}
