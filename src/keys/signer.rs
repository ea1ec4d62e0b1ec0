use aws_lc_rs::{
    rand::SystemRandom,
    rsa::KeyPair,
    signature::{KeyPair as _, RSA_PKCS1_SHA256, RSA_PSS_SHA256},
};
use rustls::pki_types::{PrivateKeyDer, pem::PemObject};

use super::{Certificate, KeyError};

/// A private RSA key with its certificate: what assertions are signed with.
///
/// The private key never leaves this type, and `Debug` shows the certificate's subject only.
pub struct Signer {
    key: KeyPair,
    certificate: Certificate,
    thumbprint: String,
    random: SystemRandom,
}

impl Signer {
    /// Loads a PEM private key (PKCS#8 or PKCS#1) and its PEM certificate.
    ///
    /// # Errors
    /// [`KeyError::Mismatch`] when the two do not belong together; the other variants when one of
    /// them cannot be read.
    pub fn from_pem(private_key: &[u8], certificate: &[u8]) -> Result<Self, KeyError> {
        let der = PrivateKeyDer::from_pem_slice(private_key).map_err(|_| KeyError::NotPem {
            expected: "private key",
        })?;
        let key = match &der {
            PrivateKeyDer::Pkcs8(pkcs8) => KeyPair::from_pkcs8(pkcs8.secret_pkcs8_der()),
            PrivateKeyDer::Pkcs1(pkcs1) => KeyPair::from_der(pkcs1.secret_pkcs1_der()),
            _ => return Err(KeyError::BadPrivateKey),
        }
        .map_err(|_| KeyError::BadPrivateKey)?;
        Self::new(key, Certificate::from_pem(certificate)?)
    }

    pub(super) fn new(key: KeyPair, certificate: Certificate) -> Result<Self, KeyError> {
        if key.public_modulus_len() < 256 {
            return Err(KeyError::BadPrivateKey);
        }
        if key.public_key().as_ref() != certificate.public_key().pkcs1() {
            return Err(KeyError::Mismatch);
        }
        Ok(Self {
            key,
            thumbprint: certificate.sha256_thumbprint(),
            certificate,
            random: SystemRandom::new(),
        })
    }

    /// Signs with RSASSA-PKCS1-v1_5 and SHA-256 (RFC 8017 8.2), about 0.25 ms for RSA-2048.
    pub fn sign_rsa_sha256(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        let mut signature = vec![0; self.key.public_modulus_len()];
        self.key
            .sign(&RSA_PKCS1_SHA256, &self.random, message, &mut signature)?;
        Ok(signature)
    }

    /// Signs with RSASSA-PSS and SHA-256, the salt as long as the digest (RFC 8017 8.1): PS256 of JSON
    /// Web Algorithms.
    pub fn sign_rsa_pss_sha256(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        let mut signature = vec![0; self.key.public_modulus_len()];
        self.key
            .sign(&RSA_PSS_SHA256, &self.random, message, &mut signature)?;
        Ok(signature)
    }

    /// The certificate that relying parties know this key by.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// The certificate's SHA-256 thumbprint in lower-case hexadecimal, computed once.
    pub fn thumbprint(&self) -> &str {
        &self.thumbprint
    }
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Signer")
            .field("certificate", &self.certificate.subject())
            .finish_non_exhaustive()
    }
}

/// The key that signs now, the certificate that will take over, and the one that has been taken over
/// from.
///
/// All of them are published in the metadata, so that relying parties know the next one before the
/// first assertion is signed with it, and the former one while the last ones are still on their way.
#[derive(Debug)]
pub struct KeyRing {
    current: Signer,
    next: Option<Certificate>,
    former: Option<Certificate>,
}

impl KeyRing {
    /// A ring that signs with `current` and announces `next`.
    pub fn new(current: Signer, next: Option<Certificate>) -> Self {
        Self {
            current,
            next,
            former: None,
        }
    }

    /// Loads a ring from PEM. The private key decides which of the two certificates is the current
    /// one, so that a rollover is the exchange of one file: while the key is that of `certificate`,
    /// `next` is announced; once it is that of `next`, `certificate` is the former one.
    ///
    /// # Errors
    /// [`KeyError::Mismatch`] when the key belongs to neither.
    pub fn from_pem(
        private_key: &[u8],
        certificate: &[u8],
        next: Option<Certificate>,
    ) -> Result<Self, KeyError> {
        match (Signer::from_pem(private_key, certificate), next) {
            (Ok(current), next) => Ok(Self::new(current, next)),
            (Err(KeyError::Mismatch), Some(next)) => Ok(Self {
                current: Signer::from_pem(private_key, next.to_pem().as_bytes())?,
                next: None,
                former: Some(Certificate::from_pem(certificate)?),
            }),
            (Err(error), _) => Err(error),
        }
    }

    /// The key that signs.
    pub fn current(&self) -> &Signer {
        &self.current
    }

    /// The certificate that will sign after the next rollover.
    pub fn next(&self) -> Option<&Certificate> {
        self.next.as_ref()
    }

    /// The certificate that signed before the last rollover, until that is ended.
    pub fn former(&self) -> Option<&Certificate> {
        self.former.as_ref()
    }

    /// Every certificate to publish, the current one first.
    pub fn published(&self) -> impl Iterator<Item = &Certificate> {
        let others = self.next.iter().chain(&self.former);
        std::iter::once(self.current.certificate()).chain(others)
    }
}
