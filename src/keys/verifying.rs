use aws_lc_rs::signature::{
    RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY, RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RsaParameters, UnparsedPublicKey,
};

use super::KeyError;

/// An RSA PKCS#1 v1.5 signature algorithm.
///
/// SHA-1 is here for one purpose: Entra still signs its `AuthnRequest` with it. Whoever verifies
/// passes the list of algorithms permitted, and SHA-1 is on it only where a trust says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SignatureAlgorithm {
    /// rsa-sha1: only for requests of a trust that permits it.
    RsaSha1,
    /// rsa-sha256: what Homerealm itself signs with.
    RsaSha256,
    /// rsa-sha384.
    RsaSha384,
    /// rsa-sha512.
    RsaSha512,
}

impl SignatureAlgorithm {
    fn parameters(self) -> &'static RsaParameters {
        match self {
            Self::RsaSha1 => &RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY,
            Self::RsaSha256 => &RSA_PKCS1_2048_8192_SHA256,
            Self::RsaSha384 => &RSA_PKCS1_2048_8192_SHA384,
            Self::RsaSha512 => &RSA_PKCS1_2048_8192_SHA512,
        }
    }
}

/// A public RSA key that somebody's signatures are checked with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifyingKey {
    /// `RSAPublicKey` of PKCS#1 in DER.
    pkcs1: Vec<u8>,
}

impl VerifyingKey {
    pub(super) fn from_pkcs1(der: &[u8]) -> Self {
        Self {
            pkcs1: der.to_vec(),
        }
    }

    pub(super) fn pkcs1(&self) -> &[u8] {
        &self.pkcs1
    }

    /// Checks a PKCS#1 v1.5 signature over `message`.
    ///
    /// # Errors
    /// [`KeyError::Crypto`] when the signature does not hold; nothing more is said, on purpose.
    pub fn verify(
        &self,
        algorithm: SignatureAlgorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), KeyError> {
        UnparsedPublicKey::new(algorithm.parameters(), &self.pkcs1).verify(message, signature)?;
        Ok(())
    }
}
