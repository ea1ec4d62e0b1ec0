//! A secret that all nodes of one service have in common, and the keys that are made of it.

use aws_lc_rs::{
    aead::{AES_256_GCM, AES_256_GCM_SIV, Aad, Nonce, RandomizedNonceKey},
    hkdf, hmac,
};

use super::{KeyError, random_octets};

/// Characters of the shortest secret: 256 bits in hexadecimal have 64, in base64 43.
const SHORTEST: usize = 32;

/// What nodes have in common: one secret that seals, and perhaps another that opens only. The other
/// one is the next before a change and the last after it, so that nodes may change one by one.
pub struct SharedSecret {
    current: hkdf::Prk,
    other: Option<hkdf::Prk>,
}

/// What a key is for. Keys for different purposes have nothing in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// State that pages and cookies carry.
    Pages,
    /// Values in a shared store.
    Store,
    /// Names of messages that brought a password.
    Messages,
}

impl SharedSecret {
    /// Takes the secret that seals, and the one that opens besides.
    ///
    /// # Errors
    /// [`KeyError::ShortSecret`], when one of them has fewer than 32 characters.
    pub fn new(secret: &str, other: Option<&str>) -> Result<Self, KeyError> {
        Ok(Self {
            current: extracted(secret)?,
            other: other.map(extracted).transpose()?,
        })
    }

    /// The keys that seal for this purpose.
    ///
    /// # Errors
    /// When AWS-LC refuses.
    pub fn seal_keys(&self, purpose: Purpose) -> Result<SealKeys, KeyError> {
        // Many processes draw nonces for one key here, and for long: with this algorithm, two that
        // are the same tell no more than that two plain texts are (RFC 8452 4).
        let key = |of: &hkdf::Prk| {
            let octets = expanded(of, purpose)?;
            Ok::<_, KeyError>(RandomizedNonceKey::new(&AES_256_GCM_SIV, &octets)?)
        };
        Ok(SealKeys {
            current: key(&self.current)?,
            other: self.other.as_ref().map(key).transpose()?,
        })
    }

    /// The key that authenticates for this purpose.
    ///
    /// # Errors
    /// When AWS-LC refuses.
    pub fn authentication_key(&self, purpose: Purpose) -> Result<hmac::Key, KeyError> {
        let octets = expanded(&self.current, purpose)?;
        Ok(hmac::Key::new(hmac::HMAC_SHA256, &octets))
    }
}

impl std::fmt::Debug for SharedSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SharedSecret(..)")
    }
}

/// RFC 5869 2.2.
fn extracted(secret: &str) -> Result<hkdf::Prk, KeyError> {
    if secret.chars().count() < SHORTEST {
        return Err(KeyError::ShortSecret);
    }
    Ok(hkdf::Salt::new(hkdf::HKDF_SHA256, b"homerealm").extract(secret.as_bytes()))
}

/// RFC 5869 2.3.
fn expanded(of: &hkdf::Prk, purpose: Purpose) -> Result<[u8; 32], KeyError> {
    let info: &[u8] = match purpose {
        Purpose::Pages => b"pages",
        Purpose::Store => b"store",
        Purpose::Messages => b"messages",
    };
    let mut octets = [0; 32];
    of.expand(&[info], hkdf::HKDF_SHA256)?.fill(&mut octets)?;
    Ok(octets)
}

/// Seals octets so that nobody without the key reads, changes or makes them.
pub struct SealKeys {
    current: RandomizedNonceKey,
    other: Option<RandomizedNonceKey>,
}

/// Octets of a nonce.
const NONCE: usize = 12;

impl SealKeys {
    /// A key of this process alone.
    ///
    /// # Errors
    /// When the system gives no random octets.
    pub fn random() -> Result<Self, KeyError> {
        let octets = random_octets::<32>()?;
        Ok(Self {
            current: RandomizedNonceKey::new(&AES_256_GCM, &octets)?,
            other: None,
        })
    }

    /// Puts the sealed octets in the place of plain ones. `context` is authenticated with them.
    ///
    /// # Errors
    /// When AWS-LC refuses.
    pub fn seal(&self, context: &[u8], octets: &mut Vec<u8>) -> Result<(), KeyError> {
        let nonce = self
            .current
            .seal_in_place_append_tag(Aad::from(context), octets)?;
        octets.extend_from_slice(nonce.as_ref());
        Ok(())
    }

    /// The plain octets; `None` where they were not sealed so, with this context.
    pub fn open(&self, context: &[u8], mut sealed: Vec<u8>) -> Option<Vec<u8>> {
        let nonce = sealed.split_off(sealed.len().checked_sub(NONCE)?);
        let again = self.other.as_ref().map(|other| (other, sealed.clone()));
        opened(&self.current, &nonce, context, sealed).or_else(|| {
            let (other, sealed) = again?;
            opened(other, &nonce, context, sealed)
        })
    }
}

fn opened(
    key: &RandomizedNonceKey,
    nonce: &[u8],
    context: &[u8],
    mut sealed: Vec<u8>,
) -> Option<Vec<u8>> {
    let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
    let plain = key
        .open_in_place(nonce, Aad::from(context), &mut sealed)
        .ok()?
        .len();
    sealed.truncate(plain);
    Some(sealed)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "0123456789abcdef0123456789abcdef";
    const OTHER: &str = "fedcba9876543210fedcba9876543210";

    fn keys(secret: &str, other: Option<&str>, purpose: Purpose) -> SealKeys {
        let secret = SharedSecret::new(secret, other).unwrap();
        secret.seal_keys(purpose).unwrap()
    }

    fn sealed(by: &SealKeys) -> Vec<u8> {
        let mut octets = b"plain".to_vec();
        by.seal(b"context", &mut octets).unwrap();
        octets
    }

    #[test]
    fn nodes_with_one_secret_read_each_other() {
        let (one, again) = (
            keys(ONE, None, Purpose::Pages),
            keys(ONE, None, Purpose::Pages),
        );
        let text = sealed(&one);
        assert_ne!(text, sealed(&one), "each time by another nonce");
        assert_eq!(again.open(b"context", text.clone()).unwrap(), b"plain");
        assert!(again.open(b"other", text.clone()).is_none());
        for other in [
            keys(OTHER, None, Purpose::Pages),
            keys(ONE, None, Purpose::Store),
            SealKeys::random().unwrap(),
        ] {
            assert!(other.open(b"context", text.clone()).is_none());
        }
        for short in [&b""[..], b"short", b"twelve octet"] {
            assert!(one.open(b"context", short.to_vec()).is_none());
        }
    }

    #[test]
    fn a_secret_is_changed_node_by_node() {
        let steps = [
            (ONE, None),
            (ONE, Some(OTHER)),
            (OTHER, Some(ONE)),
            (OTHER, None),
        ];
        let steps = steps.map(|(secret, other)| keys(secret, other, Purpose::Store));
        for pair in steps.windows(2) {
            assert!(pair[0].open(b"context", sealed(&pair[1])).is_some());
            assert!(pair[1].open(b"context", sealed(&pair[0])).is_some());
        }
        assert!(steps[3].open(b"context", sealed(&steps[0])).is_none());
    }

    #[test]
    fn a_secret_that_could_be_guessed_is_none() {
        assert!(matches!(
            SharedSecret::new(&ONE[1..], None),
            Err(KeyError::ShortSecret)
        ));
        assert!(SharedSecret::new(ONE, Some("short")).is_err());
    }
}
