//! Signing keys and certificates: create, load, publish, roll over.
//!
//! Everything that touches private key material, checks a raw signature or wraps a key is here,
//! on AWS-LC. This room knows no XML: algorithm identifiers as URIs belong to [`crate::xml`].

mod certificate;
mod create;
mod encrypting;
mod json_web;
mod random;
mod shared_secret;
mod signer;
mod verifying;

pub use certificate::Certificate;
pub(crate) use create::pem;
pub use create::{NewKey, create_signing_key};
pub use encrypting::{EncryptingKey, Oaep};
pub use json_web::{JsonWebAlgorithm, JsonWebKey};
pub use random::random_octets;
pub use shared_secret::{Purpose, SealKeys, SharedSecret};
pub use signer::{KeyRing, Signer};
pub use verifying::{SignatureAlgorithm, VerifyingKey};

/// Why a key or certificate could not be made, read or used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The text is not PEM, or holds no item of the kind asked for.
    #[error("no {expected} found in the PEM text")]
    NotPem {
        /// What was looked for: "certificate" or "private key".
        expected: &'static str,
    },
    /// The bytes are not a certificate that can be read.
    #[error("the certificate cannot be read: {0}")]
    BadCertificate(String),
    /// The private key is not RSA of 2048 to 8192 bits in PKCS#8 or PKCS#1 form.
    #[error("the private key is not an RSA key of at least 2048 bits in PKCS#8 or PKCS#1 form")]
    BadPrivateKey,
    /// The public key of the certificate is not RSA of at least 2048 bits.
    #[error("the certificate's public key is not an RSA key of at least 2048 bits")]
    NotRsa,
    /// Key and certificate were not made for each other.
    #[error("the certificate does not belong to the private key")]
    Mismatch,
    /// A lifetime or name that no certificate can carry.
    #[error("no certificate can be made: {0}")]
    CannotCreate(String),
    /// A shared secret of fewer than 32 characters.
    #[error("the secret has fewer than 32 characters")]
    ShortSecret,
    /// AWS-LC refused the operation.
    #[error("the cryptographic library refused the operation")]
    Crypto,
}

impl From<aws_lc_rs::error::Unspecified> for KeyError {
    fn from(_: aws_lc_rs::error::Unspecified) -> Self {
        Self::Crypto
    }
}
