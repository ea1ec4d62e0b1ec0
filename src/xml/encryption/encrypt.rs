use aws_lc_rs::{
    aead::{Aad, RandomizedNonceKey},
    error::Unspecified,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use zeroize::Zeroizing;

use super::Encryption;
use crate::{
    keys::KeyError,
    xml::{CanonicalWriter, Name, WriteError, algorithms::DS},
};

const XENC: &str = "http://www.w3.org/2001/04/xmlenc#";
const XENC11: &str = "http://www.w3.org/2009/xmlenc11#";
/// What was encrypted is an element (XML Encryption 1.1, 3.1).
const ELEMENT: &str = "http://www.w3.org/2001/04/xmlenc#Element";

const ALGORITHM: Name = Name::plain("Algorithm");

/// An element that only its recipient can read: `xenc:EncryptedData`, to be written wherever the
/// element would have stood.
#[derive(Clone, Debug)]
pub struct EncryptedElement<'a> {
    encryption: &'a Encryption,
    /// Base64 of nonce, text and tag.
    content: String,
    /// Base64 of the wrapped key.
    key: String,
}

impl Encryption {
    /// Encrypts an element that stands for itself: a document that a [`CanonicalWriter`] finished.
    ///
    /// # Errors
    /// [`WriteError::Encryption`] when random octets cannot be had or the recipient's key refuses.
    pub fn encrypt(&self, element: String) -> Result<EncryptedElement<'_>, WriteError> {
        let failed = |error: Unspecified| WriteError::Encryption(error.into());
        let algorithm = self.content.algorithm();
        let mut key = Zeroizing::new([0_u8; 32]);
        let key = key
            .get_mut(..algorithm.key_len())
            .ok_or(WriteError::Encryption(KeyError::Crypto))?;
        aws_lc_rs::rand::fill(key).map_err(failed)?;

        let mut sealed = element.into_bytes();
        let nonce = RandomizedNonceKey::new(algorithm, key)
            .and_then(|key| key.seal_in_place_append_tag(Aad::empty(), &mut sealed))
            .map_err(failed)?;
        let nonce = nonce.as_ref();
        let mut octets = Vec::with_capacity(nonce.len() + sealed.len());
        octets.extend_from_slice(nonce);
        octets.append(&mut sealed);

        let wrapped = self
            .key
            .wrap(self.transport.oaep(), key)
            .map_err(WriteError::Encryption)?;
        Ok(EncryptedElement {
            encryption: self,
            content: STANDARD.encode(octets),
            key: STANDARD.encode(wrapped),
        })
    }
}

impl EncryptedElement<'_> {
    /// Writes `xenc:EncryptedData`, its wrapped key inside (XML Encryption 1.1, 3.1 and 3.5.1).
    ///
    /// The key's `Recipient` is said (SAML core 2.0, 2.2.4), its certificate is not: a recipient
    /// with several keys tries them, and those that read `ds:KeyInfo` differ about what it means.
    pub fn write(&self, writer: &mut CanonicalWriter) {
        let Encryption {
            recipient,
            content,
            transport,
            ..
        } = self.encryption;
        writer.open(xenc("EncryptedData"), &[(Name::plain("Type"), ELEMENT)]);
        writer.leaf(xenc("EncryptionMethod"), &[(ALGORITHM, content.uri())], "");
        writer.open(ds("KeyInfo"), &[]);
        writer.open(
            xenc("EncryptedKey"),
            &[(Name::plain("Recipient"), recipient)],
        );
        writer.open(xenc("EncryptionMethod"), &[(ALGORITHM, transport.uri())]);
        writer.leaf(
            ds("DigestMethod"),
            &[(ALGORITHM, transport.digest_uri())],
            "",
        );
        if let Some(mask) = transport.mask_uri() {
            writer.leaf(Name::new("xenc11", XENC11, "MGF"), &[(ALGORITHM, mask)], "");
        }
        writer.close();
        write_cipher_data(writer, &self.key);
        writer.close();
        writer.close();
        write_cipher_data(writer, &self.content);
        writer.close();
    }
}

fn write_cipher_data(writer: &mut CanonicalWriter, base64: &str) {
    writer.open(xenc("CipherData"), &[]);
    writer.leaf(xenc("CipherValue"), &[], base64);
    writer.close();
}

const fn xenc(local: &'static str) -> Name {
    Name::new("xenc", XENC, local)
}

const fn ds(local: &'static str) -> Name {
    Name::new("ds", DS, local)
}
