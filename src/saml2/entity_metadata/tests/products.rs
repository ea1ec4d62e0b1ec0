//! Real products, by their published shape.

use super::*;
use crate::xml::{ContentEncryption, KeyTransport};

#[test]
fn a_shibboleth_service_provider() {
    let read = read(SHIBBOLETH, SHIBBOLETH_SP).unwrap();
    let base = "https://sp.example.org/Shibboleth.sso";
    assert_eq!(read.consumers, [consumer(1, &format!("{base}/SAML2/POST"))]);
    assert_eq!(read.signing.len(), 1);
    let [key] = read.encryption.as_slice() else {
        panic!("{} keys", read.encryption.len());
    };
    assert_ne!(key.certificate(), &read.signing[0]);
    assert_eq!(
        key.methods(),
        Ok((ContentEncryption::Aes256Gcm, KeyTransport::RsaOaepSha256))
    );
    let bindings: Vec<_> = read.logout.iter().map(|service| service.binding).collect();
    assert_eq!(bindings, [LogoutBinding::Redirect, LogoutBinding::Post]);
    assert_eq!(read.logout[0].address, format!("{base}/SLO/Redirect"));
    assert!(!read.authn_requests_signed);
    assert_eq!(read.validity, Validity::default());
}

#[test]
fn a_simplesamlphp_service_provider() {
    let base = "https://sp.example.org/simplesaml/module.php/saml/sp";
    let read = read(SIMPLESAMLPHP, &format!("{base}/metadata/default-sp")).unwrap();
    let address = format!("{base}/assertionConsumerService/default-sp");
    assert_eq!(read.consumers, [consumer(0, &address)]);
    assert!(read.authn_requests_signed && read.want_assertions_signed);
    assert_eq!(read.signing.len(), 1);
    assert_eq!(
        read.encryption[0].methods(),
        Ok((ContentEncryption::Aes256Gcm, KeyTransport::RsaOaepMgf1p))
    );
    assert_eq!(
        read.name_id_formats,
        ["urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"]
    );
}

/// Signed with rsa-sha1, as Entra's is: that must be said.
#[test]
fn entra_as_a_service_provider() {
    let signer = read(ENTRA, ENTRA_SP).unwrap().signing[0].clone();
    let trust = |permit_sha1| MetadataTrust::Signer {
        keys: vec![signer.public_key().clone()],
        permit_sha1,
    };
    let read = |document: &str, trust: &MetadataTrust| {
        RelyingPartyMetadata::read(document.as_bytes(), ENTRA_SP, trust, now())
    };
    let entra = read(ENTRA, &trust(true)).unwrap();
    let login = "https://login.microsoftonline.com/login.srf";
    assert_eq!(entra.consumers, [consumer(0, login)]);
    assert_eq!(entra.signing.len(), 3, "one is listed twice");
    assert!(entra.encryption.is_empty());
    assert_eq!(entra.logout[0].binding, LogoutBinding::Post);
    assert_eq!(entra.name_id_formats.len(), 5);

    assert_eq!(
        read(ENTRA, &trust(false)).unwrap_err(),
        Error::Signature(SignatureError::SignatureAlgorithm)
    );
    let moved = ENTRA.replace(login, "https://login.microsoftonline.test/login.srf");
    assert_eq!(
        read(&moved, &trust(true)).unwrap_err(),
        Error::Signature(SignatureError::Altered)
    );
}
