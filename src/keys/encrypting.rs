use std::{fmt, sync::Arc};

use aws_lc_rs::rsa::{
    OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OaepPublicEncryptingKey, PublicEncryptingKey,
};
use x509_parser::parse_x509_certificate;

use super::{Certificate, KeyError};

/// How a key is wrapped: RSAES-OAEP (RFC 8017 7.1), with the same digest for label and mask.
///
/// SHA-1 is no weakness here: OAEP needs no digest that resists collisions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Oaep {
    /// SHA-1 and MGF1 with SHA-1: what every peer knows.
    Sha1,
    /// SHA-256 and MGF1 with SHA-256.
    Sha256,
}

/// Somebody's public RSA key, to which keys are wrapped. Cheap to clone.
#[derive(Clone)]
pub struct EncryptingKey {
    key: Arc<OaepPublicEncryptingKey>,
}

impl EncryptingKey {
    /// The key inside a certificate.
    ///
    /// # Errors
    /// [`KeyError::Crypto`] when AWS-LC does not take the key: RSA of more than 8192 bits.
    pub fn of(certificate: &Certificate) -> Result<Self, KeyError> {
        let (_, parsed) = parse_x509_certificate(certificate.der())
            .map_err(|error| KeyError::BadCertificate(error.to_string()))?;
        let key =
            PublicEncryptingKey::from_der(parsed.public_key().raw).map_err(|_| KeyError::Crypto)?;
        Ok(Self {
            key: Arc::new(OaepPublicEncryptingKey::new(key)?),
        })
    }

    /// `secret`, wrapped for the key's owner.
    ///
    /// # Errors
    /// [`KeyError::Crypto`] when `secret` is longer than the key can wrap.
    pub fn wrap(&self, oaep: Oaep, secret: &[u8]) -> Result<Vec<u8>, KeyError> {
        let algorithm = match oaep {
            Oaep::Sha1 => &OAEP_SHA1_MGF1SHA1,
            Oaep::Sha256 => &OAEP_SHA256_MGF1SHA256,
        };
        let mut wrapped = vec![0; self.key.ciphertext_size()];
        let length = self
            .key
            .encrypt(algorithm, secret, &mut wrapped, None)?
            .len();
        wrapped.truncate(length);
        Ok(wrapped)
    }
}

impl fmt::Debug for EncryptingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EncryptingKey")
            .field("bits", &self.key.key_size_bits())
            .finish()
    }
}
