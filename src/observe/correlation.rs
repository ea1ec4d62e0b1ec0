use serde::{Deserialize, Serialize};

use crate::keys::random_octets;

/// A random name for one sign-in, in the form of a GUID, as Entra's own correlation ids are.
///
/// It says nothing about the person and is safe to show, to log and to send by mail.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CorrelationId(String);

impl CorrelationId {
    /// A fresh one.
    pub fn random() -> Self {
        // A failure of the system's generator leaves zeros: the id is for people, not for security.
        let bytes = random_octets::<16>().unwrap_or_default();
        let mut text = String::with_capacity(36);
        for (at, byte) in bytes.iter().enumerate() {
            if matches!(at, 4 | 6 | 8 | 10) {
                text.push('-');
            }
            for digit in [byte >> 4, byte & 15] {
                text.push(char::from_digit(u32::from(digit), 16).unwrap_or('0'));
            }
        }
        Self(text)
    }

    /// The text to show.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for CorrelationId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_like_a_guid_and_differs() {
        let one = CorrelationId::random();
        assert_eq!(one.as_str().len(), 36);
        assert_eq!(one.as_str().matches('-').count(), 4);
        assert_ne!(one, CorrelationId::random());
    }
}
