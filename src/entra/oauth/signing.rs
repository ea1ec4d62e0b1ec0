//! The key that tokens are signed with, and how applications get to know it.

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use serde_json::{Value, json};
use x509_parser::{parse_x509_certificate, public_key::PublicKey};

use crate::keys::{Certificate, KeyError, Signer, create_signing_key};

/// A key of this run: whoever trusts it trusts a simulator, and nobody else's tokens.
#[derive(Debug)]
pub(super) struct SigningKey {
    signer: Signer,
    key_id: String,
    key: Value,
}

impl SigningKey {
    const DAYS: u32 = 30;

    pub(super) fn new() -> Result<Self, KeyError> {
        let signer = create_signing_key("Entra simulator tokens", Self::DAYS)?.signer;
        let certificate = signer.certificate();
        let (modulus, exponent) = rsa_numbers(certificate)?;
        // Entra names its keys by their thumbprint (RFC 7517 4.8), which is by SHA-1: a name, no more.
        let thumbprint = digest(&SHA1_FOR_LEGACY_USE_ONLY, certificate.der());
        let key_id = BASE64.encode(thumbprint);
        let key = json!({
            "kty": "RSA",
            "use": "sig",
            "alg": "RS256",
            "kid": key_id,
            "x5t": key_id,
            "n": BASE64.encode(modulus),
            "e": BASE64.encode(exponent),
            "x5c": [certificate.base64()],
        });
        Ok(Self {
            signer,
            key_id,
            key,
        })
    }

    /// The JSON Web Key Set (RFC 7517 5).
    pub(super) fn key_set(&self) -> Value {
        json!({"keys": [self.key]})
    }

    /// The claims as a JSON Web Token (RFC 7519), signed by RS256.
    pub(super) fn sign(&self, claims: &Value) -> Result<String, KeyError> {
        let header = json!({"typ": "JWT", "alg": "RS256", "kid": self.key_id, "x5t": self.key_id});
        let encoded = |value: &Value| BASE64.encode(value.to_string());
        let message = format!("{}.{}", encoded(&header), encoded(claims));
        let signature = self.signer.sign_rsa_sha256(message.as_bytes())?;
        Ok(format!("{message}.{}", BASE64.encode(signature)))
    }
}

/// Modulus and exponent of a certificate's key, without leading zeros.
pub(super) fn rsa_numbers(certificate: &Certificate) -> Result<(Vec<u8>, Vec<u8>), KeyError> {
    let (_, parsed) = parse_x509_certificate(certificate.der()).map_err(|_| KeyError::NotRsa)?;
    let Ok(PublicKey::RSA(public)) = parsed.public_key().parsed() else {
        return Err(KeyError::NotRsa);
    };
    let number = |octets: &[u8]| {
        let zeros = octets.iter().take_while(|octet| **octet == 0).count();
        octets.get(zeros..).unwrap_or_default().to_vec()
    };
    Ok((number(public.modulus), number(public.exponent)))
}
