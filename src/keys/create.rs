use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der},
    rsa::{KeyPair, KeySize},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use rcgen::{CertificateParams, DistinguishedName, DnType, IsCa, KeyUsagePurpose, PKCS_RSA_SHA256};
use rustls::pki_types::PrivatePkcs8KeyDer;
use time::{Duration, OffsetDateTime};
use zeroize::Zeroizing;

use super::{Certificate, KeyError, Signer};

/// A signing key just made, with the texts to keep it by.
pub struct NewKey {
    /// Ready to sign.
    pub signer: Signer,
    /// PKCS#8 PEM of the private key; wiped from memory when dropped.
    pub private_key_pem: Zeroizing<String>,
}

/// Makes an RSA-2048 key and a self-signed certificate for it.
///
/// Federation pins the certificate, so self-signed is the custom of the field (AD FS does the
/// same); `days` is its lifetime from now.
///
/// # Errors
/// [`KeyError::CannotCreate`] when `days` or `common_name` cannot stand in a certificate.
pub fn create_signing_key(common_name: &str, days: u32) -> Result<NewKey, KeyError> {
    let key = KeyPair::generate(KeySize::Rsa2048)?;
    let pkcs8: Pkcs8V1Der<'_> = key.as_der()?;
    let certificate_key = rcgen::KeyPair::from_pkcs8_der_and_sign_algo(
        &PrivatePkcs8KeyDer::from(pkcs8.as_ref()),
        &PKCS_RSA_SHA256,
    )
    .map_err(cannot_create)?;

    let mut params = CertificateParams::new(Vec::new()).map_err(cannot_create)?;
    params.distinguished_name = DistinguishedName::new();
    params
        .distinguished_name
        .push(DnType::CommonName, common_name);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    // Says that it is no CA, and brings the subject key identifier along.
    params.is_ca = IsCa::ExplicitNoCa;
    // A relying party whose clock is behind ours must not see a certificate from the future.
    params.not_before = OffsetDateTime::now_utc() - Duration::hours(1);
    params.not_after = OffsetDateTime::now_utc()
        .checked_add(Duration::days(i64::from(days)))
        .ok_or_else(|| KeyError::CannotCreate("the lifetime is too long".into()))?;
    let certificate = params
        .self_signed(&certificate_key)
        .map_err(cannot_create)?;

    Ok(NewKey {
        private_key_pem: Zeroizing::new(pem("PRIVATE KEY", pkcs8.as_ref())),
        signer: Signer::new(key, Certificate::from_der(certificate.der())?)?,
    })
}

#[allow(clippy::needless_pass_by_value)] // the shape `map_err` wants
fn cannot_create(error: rcgen::Error) -> KeyError {
    KeyError::CannotCreate(error.to_string())
}

/// PEM armour of RFC 7468: base64 in lines of 64 characters.
pub(crate) fn pem(label: &str, der: &[u8]) -> String {
    let base64 = Zeroizing::new(STANDARD.encode(der));
    let mut text = format!("-----BEGIN {label}-----\n");
    let mut rest = base64.as_str();
    while !rest.is_empty() {
        let (line, tail) = rest.split_at(rest.len().min(64));
        text.push_str(line);
        text.push('\n');
        rest = tail;
    }
    text.push_str("-----END ");
    text.push_str(label);
    text.push_str("-----\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::SignatureAlgorithm;

    #[test]
    fn a_new_key_survives_its_pem_and_signs() {
        let made = create_signing_key("Homerealm test", 30).unwrap();
        let certificate_pem = made.signer.certificate().to_pem();
        let signer =
            Signer::from_pem(made.private_key_pem.as_bytes(), certificate_pem.as_bytes()).unwrap();
        let signature = signer.sign_rsa_sha256(b"message").unwrap();
        let key = made.signer.certificate().public_key();
        key.verify(SignatureAlgorithm::RsaSha256, b"message", &signature)
            .unwrap();
        assert!(
            key.verify(SignatureAlgorithm::RsaSha256, b"massage", &signature)
                .is_err()
        );
        assert!(
            key.verify(SignatureAlgorithm::RsaSha1, b"message", &signature)
                .is_err()
        );
    }

    #[test]
    fn key_and_certificate_of_different_makes_are_refused() {
        let one = create_signing_key("one", 30).unwrap();
        let other = create_signing_key("other", 30).unwrap();
        let refused = Signer::from_pem(
            one.private_key_pem.as_bytes(),
            other.signer.certificate().to_pem().as_bytes(),
        );
        assert!(matches!(refused, Err(KeyError::Mismatch)));
    }

    #[test]
    fn base64_with_line_breaks_reads_as_the_same_certificate() {
        let made = create_signing_key("Homerealm test", 30).unwrap();
        let certificate = made.signer.certificate();
        let folded = certificate.base64().replace("AA", "A\r\n A");
        assert_eq!(&Certificate::from_base64(&folded).unwrap(), certificate);
        assert!(certificate.subject_key_id().is_some());
    }
}
