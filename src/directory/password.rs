use std::fmt;

use zeroize::Zeroizing;

/// A password that may be sent to a directory: never empty, bounded, free of NUL.
///
/// An empty password must not reach the directory, since a simple bind with a name and no
/// password is an *unauthenticated* bind, which servers answer with success (RFC 4513 5.1.2).
/// Active Directory and C-based servers cut at NUL, so one inside would compare as less than what
/// was typed.
///
/// The memory is wiped when the value is dropped. Copies that the LDAP and TLS libraries make
/// while sending are theirs.
#[derive(Clone)]
pub struct Password(Zeroizing<String>);

impl Password {
    /// The longest password accepted, in bytes of UTF-8. Active Directory's own limit is 256
    /// characters.
    pub const MAX_BYTES: usize = 1024;

    /// Takes a password as typed; nothing is trimmed or folded.
    pub fn parse(text: impl Into<String>) -> Result<Self, PasswordError> {
        let text = Zeroizing::new(text.into());
        if text.is_empty() {
            return Err(PasswordError::Empty);
        }
        if text.len() > Self::MAX_BYTES {
            return Err(PasswordError::TooLong);
        }
        if text.contains('\0') {
            return Err(PasswordError::Nul);
        }
        Ok(Self(text))
    }

    /// The text, for the one call that sends it.
    pub(super) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Password(redacted)")
    }
}

/// Why a text cannot be a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PasswordError {
    /// There is nothing; binding with it would succeed without proving anything.
    #[error("the password is empty")]
    Empty,
    /// More than [`Password::MAX_BYTES`] bytes.
    #[error("the password is longer than {} bytes", Password::MAX_BYTES)]
    TooLong,
    /// U+0000 is in it.
    #[error("the password holds a NUL character")]
    Nul,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_must_not_reach_a_directory() {
        assert_eq!(Password::parse("").unwrap_err(), PasswordError::Empty);
        assert_eq!(Password::parse("a\0b").unwrap_err(), PasswordError::Nul);
        assert_eq!(
            Password::parse("a".repeat(1025)).unwrap_err(),
            PasswordError::TooLong
        );
        assert_eq!(
            Password::parse("a".repeat(1024)).unwrap().expose().len(),
            1024
        );
    }

    #[test]
    fn keeps_spaces_and_hides_from_debug() {
        let password = Password::parse(" sp ace ").unwrap();
        assert_eq!(password.expose(), " sp ace ");
        assert!(!format!("{password:?}").contains("sp ace"));
    }
}
