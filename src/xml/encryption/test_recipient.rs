//! Somebody to encrypt for, in the tests of this crate: the program itself never decrypts.

use aws_lc_rs::{
    aead::{Aad, LessSafeKey, Nonce, UnboundKey},
    rsa::{
        OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OaepPrivateDecryptingKey, PrivateDecryptingKey,
    },
};
use base64::{Engine, engine::general_purpose::STANDARD};
use rustls::pki_types::{PrivatePkcs8KeyDer, pem::PemObject};

use super::{ContentEncryption, Encryption, KeyTransport};
use crate::{
    keys::{Certificate, create_signing_key},
    xml::Element,
};

const XENC: &str = "http://www.w3.org/2001/04/xmlenc#";
const XENC11: &str = "http://www.w3.org/2009/xmlenc11#";
const DS: &str = "http://www.w3.org/2000/09/xmldsig#";
const ENTITY_ID: &str = "https://sp.test";

/// Somebody who can decrypt what is encrypted for her.
pub(crate) struct Recipient {
    pub(crate) certificate: Certificate,
    key: OaepPrivateDecryptingKey,
}

impl Recipient {
    pub(crate) fn new() -> Self {
        let made = create_signing_key("recipient", 1).unwrap();
        let der = PrivatePkcs8KeyDer::from_pem_slice(made.private_key_pem.as_bytes()).unwrap();
        let key = PrivateDecryptingKey::from_pkcs8(der.secret_pkcs8_der()).unwrap();
        Self {
            certificate: made.signer.certificate().clone(),
            key: OaepPrivateDecryptingKey::new(key).unwrap(),
        }
    }

    pub(crate) fn encryption(
        &self,
        content: ContentEncryption,
        transport: KeyTransport,
    ) -> Encryption {
        Encryption::new(ENTITY_ID, &self.certificate, content, transport).unwrap()
    }

    /// What stands in `xenc:EncryptedData`, or `None` when it is not for her, or was changed.
    /// Decrypts as XML Encryption 1.1, 4.4 says, trusting what the document says of its methods.
    pub(crate) fn decrypt(&self, data: &Element) -> Option<String> {
        let key = data
            .required_child(DS, "KeyInfo")
            .unwrap()
            .required_child(XENC, "EncryptedKey")
            .unwrap();
        assert_eq!(key.attribute("Recipient"), Some(ENTITY_ID));
        let method = key.required_child(XENC, "EncryptionMethod").unwrap();
        let named = |namespace, name| {
            let found = method.only_child(namespace, name).unwrap();
            found.map(|element| element.attribute("Algorithm").unwrap())
        };
        let oaep = match (
            method.attribute("Algorithm").unwrap(),
            named(DS, "DigestMethod"),
            named(XENC11, "MGF"),
        ) {
            (
                "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p",
                Some("http://www.w3.org/2000/09/xmldsig#sha1"),
                None,
            ) => &OAEP_SHA1_MGF1SHA1,
            (
                "http://www.w3.org/2009/xmlenc11#rsa-oaep",
                Some("http://www.w3.org/2001/04/xmlenc#sha256"),
                Some("http://www.w3.org/2009/xmlenc11#mgf1sha256"),
            ) => &OAEP_SHA256_MGF1SHA256,
            other => panic!("{other:?}"),
        };
        let mut unwrapped = vec![0; self.key.key_size_bytes()];
        let unwrapped = self
            .key
            .decrypt(oaep, &cipher_value(key), &mut unwrapped, None)
            .ok()?;

        let method = data.required_child(XENC, "EncryptionMethod").unwrap();
        let algorithm = match method.attribute("Algorithm").unwrap() {
            "http://www.w3.org/2009/xmlenc11#aes256-gcm" => &aws_lc_rs::aead::AES_256_GCM,
            "http://www.w3.org/2009/xmlenc11#aes128-gcm" => &aws_lc_rs::aead::AES_128_GCM,
            other => panic!("{other}"),
        };
        assert_eq!(unwrapped.len(), algorithm.key_len());
        let key = LessSafeKey::new(UnboundKey::new(algorithm, unwrapped).unwrap());
        let mut sealed = cipher_value(data);
        let text = sealed.split_off(12);
        let nonce = Nonce::try_assume_unique_for_key(&sealed).unwrap();
        let mut text = text;
        let plain = key.open_in_place(nonce, Aad::empty(), &mut text).ok()?;
        Some(String::from_utf8(plain.to_vec()).unwrap())
    }
}

pub(super) fn cipher_value(element: &Element) -> Vec<u8> {
    let data = element.required_child(XENC, "CipherData").unwrap();
    let value = data.required_child(XENC, "CipherValue").unwrap();
    STANDARD.decode(value.text().unwrap()).unwrap()
}
