//! The two cookies: which browser this is, and which session it holds.
//!
//! Both are `SameSite=None`: Entra's request is a POST from another site, and must find the session
//! (or there is no single sign-on) and the form cookie (or a second tab would get a new one and
//! break the form in the first).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::{
    fixed_text::FixedText,
    http::{Cookie, Request, Response, SameSite},
    keys::{KeyError, random_octets},
    signin::{BrowserId, SessionToken},
};

use super::refusal::Refused;

const FORM: &str = "homerealm-form";
const SESSION: &str = "homerealm-session";

/// A browser, by its form cookie.
pub(super) struct Browser {
    pub id: BrowserId,
    is_new: bool,
}

impl Browser {
    /// The browser that sent this request; one that has no cookie yet gets a fresh id.
    pub(super) fn of(request: &Request) -> Result<Self, KeyError> {
        if let Some(id) = Self::known(request) {
            return Ok(Self { id, is_new: false });
        }
        let encoded = URL_SAFE_NO_PAD.encode(random_octets::<16>()?);
        Ok(Self {
            id: BrowserId(FixedText::of(encoded.into_bytes())),
            is_new: true,
        })
    }

    /// The browser that sent this request, if it has been here before.
    pub(super) fn known(request: &Request) -> Option<BrowserId> {
        let value = request.host_cookie(FORM)?;
        let text = FixedText::parse(value)?;
        // As large as the decoder wants it to be.
        let decoded = URL_SAFE_NO_PAD.decode_slice(value, &mut [0; 18]);
        decoded.is_ok().then_some(BrowserId(text))
    }

    /// Sets the cookie where the browser does not have it yet.
    pub(super) fn remember(&self, response: &mut Response) -> Result<(), Refused> {
        if !self.is_new {
            return Ok(());
        }
        Cookie::new(FORM, self.id.0.as_str(), SameSite::None)?.set_on(response)?;
        Ok(())
    }
}

/// The session token that the browser holds.
pub(super) fn session_token(request: &Request) -> Option<SessionToken> {
    request
        .host_cookie(SESSION)
        .and_then(SessionToken::from_cookie)
}

/// Hands the session to the browser, until it is closed.
pub(super) fn set_session(token: &SessionToken, response: &mut Response) -> Result<(), Refused> {
    Cookie::new(SESSION, token.reveal(), SameSite::None)?.set_on(response)?;
    Ok(())
}

/// Makes the browser forget the session.
pub(super) fn end_session(response: &mut Response) -> Result<(), Refused> {
    Cookie::removal(SESSION, SameSite::None)?.set_on(response)?;
    Ok(())
}
