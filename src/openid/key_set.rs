use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use serde::Deserialize;

use crate::keys::{JsonWebAlgorithm, JsonWebKey};

use super::{JsonError, Object};

/// The longest set of keys that is read, in octets.
pub const LARGEST_KEY_SET: usize = 256 * 1024;

/// How many keys a set may have.
const MOST_KEYS: usize = 100;

/// The keys that an issuer signs with (JSON Web Key Set, RFC 7517 5).
///
/// Those of other kinds and for other uses are passed over, as the RFC has it. Certificates beside a
/// key, and addresses of them, are not looked at: that the set came from the issuer is what counts.
#[derive(Clone, Debug, Default)]
pub struct KeySet(Vec<Entry>);

#[derive(Clone, Debug)]
struct Entry {
    id: Option<String>,
    /// The one algorithm that it is for, where it says so.
    algorithm: Option<JsonWebAlgorithm>,
    key: JsonWebKey,
}

/// Why a set of keys is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeySetError {
    /// No set of keys.
    #[error("the set of keys cannot be read")]
    Unreadable,
    /// More keys than any honest issuer has.
    #[error("the set has more than {MOST_KEYS} keys")]
    TooMany,
    /// Nothing could be checked with it.
    #[error("the set has no key for RS256, PS256 or ES256")]
    NoneUsable,
}

/// Why no key of a set is that of a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyChoiceError {
    /// No key is, by its name or its kind: the issuer may have a new one.
    #[error("the issuer publishes no such key")]
    Unknown,
    /// Several could be.
    #[error("the issuer publishes several keys that it could be")]
    Ambiguous,
}

#[derive(Deserialize)]
struct Document {
    keys: Vec<Object>,
}

impl KeySet {
    /// Reads a set.
    ///
    /// # Errors
    /// [`KeySetError`].
    pub fn read(octets: &[u8]) -> Result<Self, KeySetError> {
        if octets.len() > LARGEST_KEY_SET {
            return Err(KeySetError::Unreadable);
        }
        let document: Document =
            serde_json::from_slice(octets).map_err(|_| KeySetError::Unreadable)?;
        if document.keys.len() > MOST_KEYS {
            return Err(KeySetError::TooMany);
        }
        let entries: Vec<Entry> = document.keys.iter().filter_map(entry).collect();
        if entries.is_empty() {
            return Err(KeySetError::NoneUsable);
        }
        Ok(Self(entries))
    }

    /// The key of a signature by this algorithm: the one that it names, or, where it names none, the
    /// only one that it can be (OpenID Connect Core 10.1).
    ///
    /// # Errors
    /// [`KeyChoiceError`].
    pub fn choose(
        &self,
        id: Option<&str>,
        algorithm: JsonWebAlgorithm,
    ) -> Result<&JsonWebKey, KeyChoiceError> {
        let mut fitting = self.0.iter().filter(|entry| {
            entry.key.fits(algorithm)
                && entry.algorithm.is_none_or(|only| only == algorithm)
                && id.is_none_or(|id| entry.id.as_deref() == Some(id))
        });
        let first = fitting.next().ok_or(KeyChoiceError::Unknown)?;
        if fitting.next().is_some() {
            return Err(KeyChoiceError::Ambiguous);
        }
        Ok(&first.key)
    }
}

/// A key that signatures can be checked with; `None` for any other.
fn entry(key: &Object) -> Option<Entry> {
    if !is_for_signatures(key).ok()? {
        return None;
    }
    let algorithm = match key.text("alg").ok()? {
        Some(name) => Some(JsonWebAlgorithm::named(name)?),
        None => None,
    };
    Some(Entry {
        id: key.text("kid").ok()?.map(str::to_owned),
        algorithm,
        key: public_key(key)?,
    })
}

/// RFC 7517 4.2 and 4.3.
fn is_for_signatures(key: &Object) -> Result<bool, JsonError> {
    let used = key.text("use")?.is_none_or(|used| used == "sig");
    let operations = key.texts("key_ops")?;
    Ok(used && operations.is_none_or(|operations| operations.contains(&"verify")))
}

fn public_key(key: &Object) -> Option<JsonWebKey> {
    let number = |name| BASE64.decode(key.text(name).ok()??).ok();
    match key.text("kty").ok()?? {
        "RSA" => JsonWebKey::rsa(&number("n")?, &number("e")?).ok(),
        "EC" if key.text("crv").ok()? == Some("P-256") => {
            JsonWebKey::p256(&number("x")?, &number("y")?).ok()
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn rsa(seed: u8) -> Value {
        let modulus = BASE64.encode([&[0xc0, seed][..], &[0x55; 254]].concat());
        json!({"kty": "RSA", "n": modulus, "e": "AQAB"})
    }

    fn with(mut key: Value, members: Value) -> Value {
        for (name, value) in members.as_object().unwrap() {
            key[name] = value.clone();
        }
        key
    }

    fn set(keys: &[Value]) -> Result<KeySet, KeySetError> {
        KeySet::read(json!({ "keys": keys }).to_string().as_bytes())
    }

    #[test]
    fn a_key_is_chosen_by_name_kind_and_algorithm() {
        let ec = json!({"kty": "EC", "crv": "P-256", "kid": "b",
            "x": BASE64.encode([1; 32]), "y": BASE64.encode([2; 32])});
        let keys = set(&[
            with(rsa(1), json!({"kid": "a", "alg": "RS256", "use": "sig"})),
            with(rsa(2), json!({"kid": "b", "alg": "PS256"})),
            ec,
        ])
        .unwrap();
        use JsonWebAlgorithm::{Es256, Ps256, Rs256};
        let chosen = |id, algorithm| keys.choose(id, algorithm);
        assert!(chosen(Some("a"), Rs256).is_ok());
        assert!(chosen(None, Rs256).is_ok());
        assert!(chosen(Some("b"), Es256).unwrap().fits(Es256));
        assert!(chosen(Some("b"), Ps256).unwrap().fits(Ps256));
        // A key for another algorithm or of another kind is no key of this name.
        assert_eq!(chosen(Some("b"), Rs256), Err(KeyChoiceError::Unknown));
        assert_eq!(chosen(Some("a"), Ps256), Err(KeyChoiceError::Unknown));
        assert_eq!(chosen(Some("a"), Es256), Err(KeyChoiceError::Unknown));
        assert_eq!(chosen(Some("c"), Rs256), Err(KeyChoiceError::Unknown));
    }

    #[test]
    fn no_guess_is_made_among_several() {
        let keys = set(&[with(rsa(1), json!({"kid": "a"})), rsa(2)]).unwrap();
        let algorithm = JsonWebAlgorithm::Rs256;
        assert_eq!(keys.choose(None, algorithm), Err(KeyChoiceError::Ambiguous));
        assert!(keys.choose(Some("a"), algorithm).is_ok());
        let twice = with(rsa(1), json!({"kid": "a"}));
        let keys = set(&[twice.clone(), twice]).unwrap();
        assert_eq!(
            keys.choose(Some("a"), algorithm),
            Err(KeyChoiceError::Ambiguous)
        );
    }

    #[test]
    fn keys_of_other_kinds_and_uses_are_passed_over() {
        for odd in [
            with(rsa(1), json!({"use": "enc"})),
            with(rsa(1), json!({"key_ops": ["encrypt"]})),
            with(rsa(1), json!({"alg": "HS256"})),
            with(rsa(1), json!({"alg": "RSA-OAEP"})),
            with(rsa(1), json!({"kty": "oct", "k": "c2VjcmV0"})),
            with(rsa(1), json!({"kty": "rsa"})),
            with(rsa(1), json!({"n": "AQAB"})),
            with(rsa(1), json!({"n": "not base64!"})),
            with(rsa(1), json!({"kid": 7})),
            json!({"kty": "EC", "crv": "P-384", "x": "AA", "y": "AA"}),
            json!({"kty": "EC", "x": BASE64.encode([1; 32]), "y": BASE64.encode([2; 32])}),
            json!({}),
        ] {
            let alone = set(std::slice::from_ref(&odd));
            assert_eq!(alone.unwrap_err(), KeySetError::NoneUsable, "{odd}");
            assert_eq!(set(&[odd, rsa(2)]).unwrap().0.len(), 1);
        }
    }

    #[test]
    fn what_is_no_set_or_too_much_is_refused() {
        for bad in ["", "[]", "{}", r#"{"keys":{}}"#, r#"{"keys":[1]}"#] {
            let read = KeySet::read(bad.as_bytes());
            assert_eq!(read.unwrap_err(), KeySetError::Unreadable, "{bad}");
        }
        let twice = r#"{"keys":[{"kty":"RSA","kty":"EC"}]}"#;
        assert!(KeySet::read(twice.as_bytes()).is_err());
        assert_eq!(set(&vec![rsa(1); 101]).unwrap_err(), KeySetError::TooMany);
        let good = json!({ "keys": [rsa(1)] }).to_string();
        let padded = |octets: usize| format!("{good}{}", " ".repeat(octets - good.len()));
        assert!(KeySet::read(padded(LARGEST_KEY_SET).as_bytes()).is_ok());
        let long = padded(LARGEST_KEY_SET + 1);
        assert!(KeySet::read(long.as_bytes()).is_err());
    }
}
