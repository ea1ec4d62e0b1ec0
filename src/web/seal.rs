//! What a page carries for us, sealed: nobody else can read it, change it or make it.
//!
//! The seal is AES-256-GCM under a key of this process or, where several nodes serve one service,
//! AES-256-GCM-SIV under a key that they have in common. The browser's form cookie is part of what is
//! authenticated, so a page made for one browser is worth nothing in another (login CSRF), and so is
//! what kind of state it is: none can stand in for another.
//!
//! Nonces are random, 96 bits of them. After 2^32 pages of one process (seven weeks of a thousand
//! a second) two may be the same with a chance of 2^-33, and NIST SP 800-38D 8.3 wants a new key
//! then; a restart brings one. A key in common lasts longer and is drawn for by many, which is why its
//! algorithm bears nonces that are the same.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use time::OffsetDateTime;

use crate::{
    keys::{KeyError, SealKeys},
    signin::BrowserId,
};

/// How long a page may wait.
pub(super) const LIFETIME: Duration = Duration::from_secs(60 * 60);

/// A kind of state that pages carry.
pub(super) trait Sealed: Serialize + DeserializeOwned {
    /// Its name, which no other kind has.
    const KIND: &'static str;
}

#[derive(Serialize, Deserialize)]
struct Envelope<T> {
    expires: i64,
    state: T,
}

/// Why a page's state was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum SealError {
    /// Not made here, for this browser, as this kind, or changed on the way.
    #[error("the form's state was not made here for this browser")]
    Broken,
    /// The page waited too long.
    #[error("the form is too old")]
    Expired,
}

/// Seals and opens.
pub(super) struct Seal(SealKeys);

impl Seal {
    pub(super) fn by(keys: SealKeys) -> Self {
        Self(keys)
    }

    pub(super) fn seal<T: Sealed>(
        &self,
        state: T,
        browser: &BrowserId,
        now: OffsetDateTime,
    ) -> Result<String, KeyError> {
        let envelope = Envelope {
            expires: (now + LIFETIME).unix_timestamp(),
            state,
        };
        let mut sealed = serde_json::to_vec(&envelope).map_err(|_| KeyError::Crypto)?;
        self.0.seal(&context::<T>(browser), &mut sealed)?;
        Ok(URL_SAFE_NO_PAD.encode(sealed))
    }

    pub(super) fn open<T: Sealed>(
        &self,
        state: &str,
        browser: &BrowserId,
        now: OffsetDateTime,
    ) -> Result<T, SealError> {
        let sealed = URL_SAFE_NO_PAD
            .decode(state)
            .map_err(|_| SealError::Broken)?;
        let plain = self.0.open(&context::<T>(browser), sealed);
        let plain = plain.ok_or(SealError::Broken)?;
        let envelope: Envelope<T> =
            serde_json::from_slice(&plain).map_err(|_| SealError::Broken)?;
        if now.unix_timestamp() >= envelope.expires {
            return Err(SealError::Expired);
        }
        Ok(envelope.state)
    }
}

/// No kind's name has a colon in it.
fn context<T: Sealed>(browser: &BrowserId) -> Vec<u8> {
    format!("{}:{}", T::KIND, browser.0).into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixed_text::FixedText;

    fn random() -> Seal {
        Seal::by(SealKeys::random().unwrap())
    }

    #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
    struct One(String);

    impl Sealed for One {
        const KIND: &'static str = "one";
    }

    #[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
    struct Other(String);

    impl Sealed for Other {
        const KIND: &'static str = "other";
    }

    #[test]
    fn opens_for_the_same_browser_and_kind_within_its_time() {
        let seal = random();
        let (now, browser) = (OffsetDateTime::now_utc(), BrowserId(FixedText::of(*b"one")));
        let content = One("a+b=".into());
        let state = seal.seal(content.clone(), &browser, now).unwrap();
        assert_eq!(seal.open(&state, &browser, now), Ok(content));
        let stranger = BrowserId(FixedText::of(*b"two"));
        for refused in [
            seal.open::<One>(&state, &stranger, now),
            random().open(&state, &browser, now),
        ] {
            assert_eq!(refused, Err(SealError::Broken));
        }
        let as_other = seal.open::<Other>(&state, &browser, now);
        assert_eq!(as_other, Err(SealError::Broken));
        let late = seal.open::<One>(&state, &browser, now + LIFETIME);
        assert_eq!(late, Err(SealError::Expired));
    }

    #[test]
    fn any_change_breaks_it() {
        let seal = random();
        let (now, browser) = (OffsetDateTime::now_utc(), BrowserId(FixedText::of(*b"one")));
        let state = seal.seal(One("x".into()), &browser, now).unwrap();
        for at in 0..state.len() {
            let mut changed = state.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert!(
                seal.open::<One>(&changed, &browser, now).is_err(),
                "at {at}"
            );
        }
        for short in ["", "AAAA", "not base64!"] {
            assert_eq!(
                seal.open::<One>(short, &browser, now),
                Err(SealError::Broken)
            );
        }
    }
}
