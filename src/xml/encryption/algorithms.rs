use aws_lc_rs::aead::{AES_128_GCM, AES_256_GCM, Algorithm};

use crate::keys::Oaep;

/// How an element is encrypted (XML Encryption 1.1, 5.2.4): with a nonce of 96 bits before the text
/// and a tag of 128 bits behind it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ContentEncryption {
    /// AES with 256 bits in Galois/Counter Mode.
    #[default]
    Aes256Gcm,
    /// The same with 128 bits, for recipients that know nothing longer.
    Aes128Gcm,
}

impl ContentEncryption {
    /// What its URI names; `None` for all that is not spoken here, CBC above all.
    pub fn from_uri(uri: &str) -> Option<Self> {
        [Self::Aes256Gcm, Self::Aes128Gcm]
            .into_iter()
            .find(|known| known.uri() == uri)
    }

    /// The URI that names it.
    pub const fn uri(self) -> &'static str {
        match self {
            Self::Aes256Gcm => "http://www.w3.org/2009/xmlenc11#aes256-gcm",
            Self::Aes128Gcm => "http://www.w3.org/2009/xmlenc11#aes128-gcm",
        }
    }

    pub(super) fn algorithm(self) -> &'static Algorithm {
        match self {
            Self::Aes256Gcm => &AES_256_GCM,
            Self::Aes128Gcm => &AES_128_GCM,
        }
    }
}

/// How the key of an element is wrapped for its recipient (XML Encryption 1.1, 5.5.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum KeyTransport {
    /// `rsa-oaep-mgf1p`, whose mask is always made with SHA-1, with SHA-1 as its digest: what every
    /// recipient must know.
    #[default]
    RsaOaepMgf1p,
    /// `rsa-oaep` of version 1.1 with SHA-256 for both.
    RsaOaepSha256,
}

impl KeyTransport {
    /// The URI that names it.
    pub const fn uri(self) -> &'static str {
        match self {
            Self::RsaOaepMgf1p => "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p",
            Self::RsaOaepSha256 => "http://www.w3.org/2009/xmlenc11#rsa-oaep",
        }
    }

    /// The URI of its digest, `ds:DigestMethod`.
    pub const fn digest_uri(self) -> &'static str {
        match self {
            Self::RsaOaepMgf1p => "http://www.w3.org/2000/09/xmldsig#sha1",
            Self::RsaOaepSha256 => "http://www.w3.org/2001/04/xmlenc#sha256",
        }
    }

    /// The URI of its mask generation function, where there is a choice: `xenc11:MGF`.
    pub const fn mask_uri(self) -> Option<&'static str> {
        match self {
            Self::RsaOaepMgf1p => None,
            Self::RsaOaepSha256 => Some("http://www.w3.org/2009/xmlenc11#mgf1sha256"),
        }
    }

    pub(super) const fn oaep(self) -> Oaep {
        match self {
            Self::RsaOaepMgf1p => Oaep::Sha1,
            Self::RsaOaepSha256 => Oaep::Sha256,
        }
    }
}
