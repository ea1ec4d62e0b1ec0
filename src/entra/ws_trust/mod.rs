//! WS-Trust from the application's side, as MSAL does it: where the endpoint is, the request for a
//! token, and what can be made of the answer.
//!
//! Pure: whoever signs somebody in so sends the messages (`src/demo/active_walk.rs` does). Both of
//! Microsoft's libraries that do it are followed, since they read differently, and what one of them
//! cannot read is no answer, however right it is (facts 3.2 to 3.5).

mod answer;
mod mex;
mod request;
mod soap;

pub use answer::{AnswerError, Fault, Token, read_answer};
pub use mex::{Library, Mex, MexError, PasswordEndpoint};
pub use request::TokenRequest;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Serialize;

use super::open_id::SAML1_GRANT;

/// A version of WS-Trust.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Version {
    /// February 2005.
    Feb2005,
    /// 1.3, of OASIS.
    V13,
}

impl Version {
    const ALL: [Self; 2] = [Self::Feb2005, Self::V13];

    /// The action of a request for a token, of `SOAPAction` too.
    pub fn request_action(self) -> &'static str {
        match self {
            Self::Feb2005 => "http://schemas.xmlsoap.org/ws/2005/02/trust/RST/Issue",
            Self::V13 => "http://docs.oasis-open.org/ws-sx/ws-trust/200512/RST/Issue",
        }
    }

    fn answer_action(self) -> &'static str {
        match self {
            Self::Feb2005 => "http://schemas.xmlsoap.org/ws/2005/02/trust/RSTR/Issue",
            Self::V13 => "http://docs.oasis-open.org/ws-sx/ws-trust/200512/RSTRC/IssueFinal",
        }
    }

    fn namespace(self) -> &'static str {
        match self {
            Self::Feb2005 => "http://schemas.xmlsoap.org/ws/2005/02/trust",
            Self::V13 => "http://docs.oasis-open.org/ws-sx/ws-trust/200512",
        }
    }

    fn bearer_key(self) -> &'static str {
        match self {
            Self::Feb2005 => "http://schemas.xmlsoap.org/ws/2005/05/identity/NoProofKey",
            Self::V13 => "http://docs.oasis-open.org/ws-sx/ws-trust/200512/Bearer",
        }
    }
}

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Feb2005 => "February 2005",
            Self::V13 => "1.3",
        })
    }
}

/// What an application posts to Entra's token endpoint with an assertion, encoded as MSAL for Python
/// does it; `client_id` is its own.
pub fn grant(token: &Token, client_id: &str) -> Vec<(String, String)> {
    let assertion = URL_SAFE_NO_PAD.encode(&token.assertion);
    [
        ("grant_type", SAML1_GRANT),
        ("assertion", &assertion),
        ("client_id", client_id),
        ("scope", "openid"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}
