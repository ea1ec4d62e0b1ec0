//! XML Encryption 1.1: one element, for one recipient, in AES-GCM under a key wrapped by RSA-OAEP.
//!
//! # Why nothing else is here
//!
//! **No CBC** (`aes128-cbc`, `aes256-cbc`, `tripledes-cbc`). It keeps a text secret and does not
//! notice that it was changed. Whoever may send changed ones to the recipient and sees whether they
//! are taken for XML learns the text, at some fourteen questions an octet (Jager and Somorovsky,
//! "How to Break XML Encryption", 2011). A signature inside does not help, since it is checked
//! after the damage is done. GCM refuses a changed text before anybody looks at it (XML Encryption
//! 1.1, 5.2.4).
//!
//! **No RSA 1.5** (`rsa-1_5`). A recipient that tells good padding from bad unwraps any key for
//! whoever asks often enough (Bleichenbacher, 1998), and offers that for every key that was ever
//! wrapped to it, this one included. OAEP has no such oracle (XML Encryption 1.1, 5.5.2).
//!
//! **No decryption.** Nobody sends encrypted messages here, so no oracle can stand here either.
//!
//! What is encrypted was signed before, so that the recipient holds a signed element when it is done
//! (SAML core 2.0, 6.2: sign, then encrypt). The element must stand for itself: it is written by a
//! [`CanonicalWriter`] of its own, which declares every namespace inside, and so reads the same
//! wherever the recipient puts it.
//!
//! Each element has a fresh content key, so no nonce is ever used twice with one.

mod algorithms;
mod encrypt;
#[cfg(test)]
pub(crate) mod test_recipient;
#[cfg(test)]
mod tests;

pub use algorithms::{ContentEncryption, KeyTransport};
pub use encrypt::EncryptedElement;

#[cfg(doc)]
use super::CanonicalWriter;
use crate::keys::{Certificate, EncryptingKey, KeyError};

/// For whom elements are encrypted, and how. Cheap to clone and to use again.
#[derive(Clone, Debug)]
pub struct Encryption {
    recipient: String,
    key: EncryptingKey,
    content: ContentEncryption,
    transport: KeyTransport,
}

impl Encryption {
    /// Encryption for the owner of `certificate`, who is called `recipient`: the entity ID in SAML.
    ///
    /// # Errors
    /// When the certificate's key cannot wrap keys.
    pub fn new(
        recipient: &str,
        certificate: &Certificate,
        content: ContentEncryption,
        transport: KeyTransport,
    ) -> Result<Self, KeyError> {
        Ok(Self {
            recipient: recipient.to_owned(),
            key: EncryptingKey::of(certificate)?,
            content,
            transport,
        })
    }

    /// How the content is encrypted.
    pub fn content(&self) -> ContentEncryption {
        self.content
    }

    /// How the content's key is wrapped.
    pub fn transport(&self) -> KeyTransport {
        self.transport
    }
}
