use std::fmt::Write as _;

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, engine::general_purpose::STANDARD};
use rustls::pki_types::{CertificateDer, pem::PemObject};
use time::OffsetDateTime;
use x509_parser::{
    extensions::ParsedExtension, parse_x509_certificate, prelude::X509Certificate,
    public_key::PublicKey,
};

use super::{KeyError, VerifyingKey};

/// An X.509 certificate as far as federation needs it: its bytes, its key, its dates.
///
/// Federation pins certificates: no chain is built and no name is checked here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    der: Vec<u8>,
    base64: String,
    subject: String,
    not_before: OffsetDateTime,
    not_after: OffsetDateTime,
    subject_key_id: Option<Vec<u8>>,
    public_key: VerifyingKey,
}

impl Certificate {
    /// Reads one certificate from DER.
    pub fn from_der(der: &[u8]) -> Result<Self, KeyError> {
        let (rest, parsed) = parse_x509_certificate(der)
            .map_err(|error| KeyError::BadCertificate(error.to_string()))?;
        if !rest.is_empty() {
            return Err(KeyError::BadCertificate(
                "bytes follow the certificate".into(),
            ));
        }
        let PublicKey::RSA(rsa) = parsed
            .public_key()
            .parsed()
            .map_err(|error| KeyError::BadCertificate(error.to_string()))?
        else {
            return Err(KeyError::NotRsa);
        };
        if rsa.key_size() < 2048 {
            return Err(KeyError::NotRsa);
        }
        Ok(Self {
            der: der.to_vec(),
            base64: STANDARD.encode(der),
            subject: parsed.subject().to_string(),
            not_before: parsed.validity().not_before.to_datetime(),
            not_after: parsed.validity().not_after.to_datetime(),
            subject_key_id: subject_key_id(&parsed),
            public_key: VerifyingKey::from_pkcs1(&parsed.public_key().subject_public_key.data),
        })
    }

    /// Reads the first certificate of a PEM text.
    pub fn from_pem(pem: &[u8]) -> Result<Self, KeyError> {
        let der = CertificateDer::from_pem_slice(pem).map_err(|_| KeyError::NotPem {
            expected: "certificate",
        })?;
        Self::from_der(&der)
    }

    /// Reads the base64 of DER, with or without white space, as `ds:X509Certificate` and Entra's
    /// `signingCertificate` hold it.
    pub fn from_base64(text: &str) -> Result<Self, KeyError> {
        let compact: String = text.split_ascii_whitespace().collect();
        let der = STANDARD
            .decode(compact)
            .map_err(|error| KeyError::BadCertificate(error.to_string()))?;
        Self::from_der(&der)
    }

    /// The certificate's bytes.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// Base64 of the DER without armour or line breaks: the form `ds:X509Certificate`, and Entra's
    /// `signingCertificate`, want.
    pub fn base64(&self) -> &str {
        &self.base64
    }

    /// The PEM text, with a line break each 64 characters (RFC 7468).
    pub fn to_pem(&self) -> String {
        super::create::pem("CERTIFICATE", &self.der)
    }

    /// The SHA-256 thumbprint in lower-case hexadecimal, by which people tell certificates apart.
    pub fn sha256_thumbprint(&self) -> String {
        let mut text = String::with_capacity(64);
        for octet in digest(&SHA256, &self.der).as_ref() {
            // Writing to a String cannot fail.
            let _ = write!(text, "{octet:02x}");
        }
        text
    }

    /// The subject's distinguished name, for people.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// The first moment of validity.
    pub fn not_before(&self) -> OffsetDateTime {
        self.not_before
    }

    /// The last moment of validity.
    pub fn not_after(&self) -> OffsetDateTime {
        self.not_after
    }

    /// The subject key identifier, by which `ds:X509SKI` names a key (XML-DSig 4.5.4).
    pub fn subject_key_id(&self) -> Option<&[u8]> {
        self.subject_key_id.as_deref()
    }

    /// The RSA key inside.
    pub fn public_key(&self) -> &VerifyingKey {
        &self.public_key
    }
}

fn subject_key_id(certificate: &X509Certificate<'_>) -> Option<Vec<u8>> {
    certificate
        .extensions()
        .iter()
        .find_map(|extension| match extension.parsed_extension() {
            ParsedExtension::SubjectKeyIdentifier(id) => Some(id.0.to_vec()),
            _ => None,
        })
}
