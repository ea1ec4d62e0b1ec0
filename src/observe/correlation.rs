use serde::{Deserialize, Serialize};

use crate::{
    fixed_text::{FixedText, hex},
    keys::random_octets,
};

/// A random name for one sign-in, in the form of a GUID, as Entra's own correlation ids are.
///
/// It says nothing about the person and is safe to show, to log and to send by mail.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CorrelationId(FixedText<36>);

impl CorrelationId {
    /// A fresh one.
    pub fn random() -> Self {
        // A failure of the system's generator leaves zeros: the id is for people, not for security.
        let bytes = random_octets::<16>().unwrap_or_default();
        let characters = bytes.iter().enumerate().flat_map(|(at, byte)| {
            let hyphen = matches!(at, 4 | 6 | 8 | 10).then_some(b'-');
            hyphen.into_iter().chain(hex(std::slice::from_ref(byte)))
        });
        Self(FixedText::of(characters))
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
