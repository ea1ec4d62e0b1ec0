//! A request that waits for a password, kept by the browser itself.
//!
//! It travels, sealed, in a hidden field of the page: nothing is kept on the server for people who
//! have not signed in, so nobody can fill its memory, any number of tabs may wait side by side, and
//! a directory that is down loses no request. The seal is AES-256-GCM under a key of this process;
//! the browser's form cookie is part of what is authenticated, so a form made for one browser is
//! worth nothing in another (login CSRF).
//!
//! Nonces are random, 96 bits of them. After 2^32 pages of one process (seven weeks of a thousand
//! a second) two may be the same with a chance of 2^-33, and NIST SP 800-38D 8.3 wants a new key
//! then; a restart brings one. A page that was forged all the same could name no address for the
//! assertion but those of the trust, since they are compared again when it is issued.

use std::time::Duration;

use aws_lc_rs::aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::{
    keys::KeyError,
    saml2::AuthnContextClass,
    signin::{BrowserId, SignInRequest},
};

/// How long a page may wait for its password.
pub(super) const LIFETIME: Duration = Duration::from_secs(60 * 60);

/// What the answer needs besides the sign-in itself, by protocol.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Reply {
    Saml2(Saml2Reply),
    WsFederation(WsFederationReply),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Saml2Reply {
    /// The assertion consumer service, found in the trust.
    pub consumer: String,
    pub relay_state: Option<String>,
    pub authn_context: AuthnContextClass,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct WsFederationReply {
    /// The reply address, found in the trust.
    pub address: String,
    /// `wctx`.
    pub context: Option<String>,
}

/// A request and where its answer goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Pending {
    pub request: SignInRequest,
    pub reply: Reply,
}

#[derive(Serialize, Deserialize)]
struct Envelope {
    expires: i64,
    pending: Pending,
}

/// Why a form's state was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum SealError {
    /// Not made by this process, for this browser, or changed on the way.
    #[error("the form's state was not made here for this browser")]
    Broken,
    /// The page waited too long.
    #[error("the form is too old")]
    Expired,
}

/// Seals and opens [`Pending`] values.
pub(super) struct Seal {
    key: RandomizedNonceKey,
}

impl Seal {
    pub(super) fn random() -> Result<Self, KeyError> {
        let mut key = [0_u8; 32];
        aws_lc_rs::rand::fill(&mut key)?;
        Ok(Self {
            key: RandomizedNonceKey::new(&AES_256_GCM, &key)?,
        })
    }

    pub(super) fn seal(
        &self,
        pending: Pending,
        browser: &BrowserId,
        now: OffsetDateTime,
    ) -> Result<String, KeyError> {
        let envelope = Envelope {
            expires: (now + LIFETIME).unix_timestamp(),
            pending,
        };
        let mut sealed = serde_json::to_vec(&envelope).map_err(|_| KeyError::Crypto)?;
        let nonce = self
            .key
            .seal_in_place_append_tag(aad(browser), &mut sealed)?;
        sealed.extend_from_slice(nonce.as_ref());
        Ok(URL_SAFE_NO_PAD.encode(sealed))
    }

    pub(super) fn open(
        &self,
        state: &str,
        browser: &BrowserId,
        now: OffsetDateTime,
    ) -> Result<Pending, SealError> {
        let mut sealed = URL_SAFE_NO_PAD
            .decode(state)
            .map_err(|_| SealError::Broken)?;
        let at = sealed.len().checked_sub(12).ok_or(SealError::Broken)?;
        let nonce = Nonce::try_assume_unique_for_key(&sealed.split_off(at))
            .map_err(|_| SealError::Broken)?;
        let plain = self
            .key
            .open_in_place(nonce, aad(browser), &mut sealed)
            .map_err(|_| SealError::Broken)?;
        let envelope: Envelope = serde_json::from_slice(plain).map_err(|_| SealError::Broken)?;
        if now.unix_timestamp() >= envelope.expires {
            return Err(SealError::Expired);
        }
        Ok(envelope.pending)
    }
}

fn aad(browser: &BrowserId) -> Aad<&[u8]> {
    Aad::from(browser.0.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{observe::CorrelationId, trust::Protocol};

    fn pending() -> Pending {
        Pending {
            request: SignInRequest {
                correlation: CorrelationId::random(),
                relying_party: "urn:federation:MicrosoftOnline".into(),
                protocol: Protocol::Saml2,
                request_id: "_1".into(),
                max_age: Some(Duration::ZERO),
                passive: false,
                hint: Some("wmoran@fabrikam.com".into()),
            },
            reply: Reply::Saml2(Saml2Reply {
                consumer: "https://rp.test/acs".into(),
                relay_state: Some("a+b=".into()),
                authn_context: AuthnContextClass::PasswordProtectedTransport,
            }),
        }
    }

    #[test]
    fn opens_for_the_same_browser_within_its_time() {
        let seal = Seal::random().unwrap();
        let (now, browser) = (OffsetDateTime::now_utc(), BrowserId("one".into()));
        let pending = pending();
        let state = seal.seal(pending.clone(), &browser, now).unwrap();
        assert_eq!(seal.open(&state, &browser, now), Ok(pending));
        assert_eq!(
            seal.open(&state, &BrowserId("two".into()), now),
            Err(SealError::Broken)
        );
        assert_eq!(
            seal.open(&state, &browser, now + LIFETIME),
            Err(SealError::Expired)
        );
        let other = Seal::random().unwrap();
        assert_eq!(other.open(&state, &browser, now), Err(SealError::Broken));
    }

    #[test]
    fn any_change_breaks_it() {
        let seal = Seal::random().unwrap();
        let (now, browser) = (OffsetDateTime::now_utc(), BrowserId("one".into()));
        let state = seal.seal(pending(), &browser, now).unwrap();
        for at in 0..state.len() {
            let mut changed = state.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert!(seal.open(&changed, &browser, now).is_err(), "at {at}");
        }
        for short in ["", "AAAA", "not base64!"] {
            assert_eq!(seal.open(short, &browser, now), Err(SealError::Broken));
        }
    }
}
