use base64::{Engine, engine::general_purpose::STANDARD};

use super::{
    test_recipient::{Recipient, cipher_value},
    *,
};
use crate::{
    keys::create_signing_key,
    xml::{CanonicalWriter, Element, Limits, Name, read},
};

const XENC: &str = "http://www.w3.org/2001/04/xmlenc#";
const DS: &str = "http://www.w3.org/2000/09/xmldsig#";
const SECRET: &str = "<a:secret xmlns:a=\"urn:a\">Wendy</a:secret>";

fn written(encryption: &Encryption) -> String {
    let encrypted = encryption.encrypt(SECRET.to_owned()).unwrap();
    let mut writer = CanonicalWriter::new();
    encrypted.write(&mut writer);
    writer.finish().unwrap()
}

fn parsed(text: &str) -> Element {
    read(text.as_bytes(), &Limits::default()).unwrap()
}

#[test]
fn the_recipient_reads_it_and_nobody_else() {
    let (recipient, stranger) = (Recipient::new(), Recipient::new());
    for content in [ContentEncryption::Aes256Gcm, ContentEncryption::Aes128Gcm] {
        for transport in [KeyTransport::RsaOaepMgf1p, KeyTransport::RsaOaepSha256] {
            let text = written(&recipient.encryption(content, transport));
            assert!(!text.contains("Wendy"));
            let data = parsed(&text);
            assert!(data.is(XENC, "EncryptedData"));
            assert_eq!(
                data.attribute("Type"),
                Some("http://www.w3.org/2001/04/xmlenc#Element")
            );
            assert_eq!(recipient.decrypt(&data).as_deref(), Some(SECRET));
            assert_eq!(stranger.decrypt(&data), None);
        }
    }
}

#[test]
fn a_changed_text_is_refused_before_it_is_looked_at() {
    let recipient = Recipient::new();
    let text =
        written(&recipient.encryption(ContentEncryption::default(), KeyTransport::default()));
    let content = STANDARD.encode(cipher_value(&parsed(&text)));
    let mut changed = STANDARD.decode(&content).unwrap();
    for at in 0..changed.len() {
        changed[at] ^= 1;
        let forged = text.replace(&content, &STANDARD.encode(&changed));
        assert_eq!(recipient.decrypt(&parsed(&forged)), None, "octet {at}");
        changed[at] ^= 1;
    }
}

#[test]
fn nothing_is_the_same_twice() {
    let recipient = Recipient::new();
    let encryption = recipient.encryption(ContentEncryption::default(), KeyTransport::default());
    let values = |text: &str| {
        let data = parsed(text);
        let info = data.required_child(DS, "KeyInfo").unwrap();
        let key = info.required_child(XENC, "EncryptedKey").unwrap();
        (cipher_value(&data), cipher_value(key))
    };
    let (one, other) = (values(&written(&encryption)), values(&written(&encryption)));
    assert_ne!(one.0[..12], other.0[..12], "a nonce twice");
    assert_ne!(one.0[12..], other.0[12..], "a key twice");
    assert_ne!(one.1, other.1);
}

/// A Response is signed around an encrypted assertion.
#[test]
fn it_may_stand_in_a_signed_element() {
    let signer = create_signing_key("signer", 1).unwrap().signer;
    let recipient = Recipient::new();
    let encryption =
        recipient.encryption(ContentEncryption::default(), KeyTransport::RsaOaepSha256);
    let encrypted = encryption.encrypt(SECRET.to_owned()).unwrap();
    let mut writer = CanonicalWriter::new();
    writer.open_signed(Name::new("r", "urn:r", "root"), "ID", "_1", &[]);
    writer.signature_here();
    encrypted.write(&mut writer);
    writer.close_signed(&signer);
    let text = writer.finish().unwrap();

    let key = signer.certificate().public_key();
    let verify = |text: &str| {
        crate::xml::verify_enveloped(&parsed(text), &[key], &crate::xml::SignaturePolicy::SHA2)
    };
    let verified = verify(&text).unwrap();
    let data = verified.required_child(XENC, "EncryptedData").unwrap();
    assert_eq!(recipient.decrypt(data).as_deref(), Some(SECRET));
    assert!(verify(&text.replace("aes256-gcm", "aes128-gcm")).is_err());
}

#[test]
fn what_is_broken_has_no_name_here() {
    for known in [ContentEncryption::Aes256Gcm, ContentEncryption::Aes128Gcm] {
        assert_eq!(ContentEncryption::from_uri(known.uri()), Some(known));
    }
    for uri in [
        "http://www.w3.org/2001/04/xmlenc#aes128-cbc",
        "http://www.w3.org/2001/04/xmlenc#aes256-cbc",
        "http://www.w3.org/2001/04/xmlenc#tripledes-cbc",
        "https://www.w3.org/2009/xmlenc11#aes256-gcm",
        "",
    ] {
        assert_eq!(ContentEncryption::from_uri(uri), None, "{uri}");
    }
}
