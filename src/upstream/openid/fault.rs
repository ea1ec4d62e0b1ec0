//! Whose fault it is that nobody is asserted.

use crate::{
    keys::KeyError,
    openid::{AuthenticationError, IdTokenError, TokenError},
};

use super::{super::UpstreamError, exchange::ExchangeError};

impl From<ExchangeError> for UpstreamError {
    fn from(error: ExchangeError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

/// Our own key or random generator fails.
#[allow(clippy::needless_pass_by_value)] // as `map_err` hands it over
pub(super) fn ours(error: KeyError) -> UpstreamError {
    UpstreamError::Ours(error.to_string())
}

impl From<AuthenticationError> for UpstreamError {
    fn from(error: AuthenticationError) -> Self {
        use AuthenticationError as E;
        let cause = error.to_string();
        match error {
            E::OtherIssuer(_) | E::NoIssuer | E::NoState => Self::NotAsked(cause),
            // RFC 6749 4.1.2.1: the provider's own troubles.
            E::Refused(code) if code == "temporarily_unavailable" || code == "server_error" => {
                Self::Unavailable(cause)
            }
            E::Refused(_) => Self::Refused(cause),
            E::Form(_) | E::NoCode | E::Token => Self::Invalid(cause),
        }
    }
}

impl From<TokenError> for UpstreamError {
    fn from(error: TokenError) -> Self {
        let cause = error.to_string();
        match error {
            // RFC 6749 5.2: what it says no to is us, and not the code.
            TokenError::Refused(code)
                if code == "invalid_client" || code == "unauthorized_client" =>
            {
                Self::Ours(cause)
            }
            _ => Self::Invalid(cause),
        }
    }
}

impl From<IdTokenError> for UpstreamError {
    fn from(error: IdTokenError) -> Self {
        match error {
            IdTokenError::NotFresh => Self::NotFresh,
            IdTokenError::Nonce => Self::NotAsked(error.to_string()),
            _ => Self::Invalid(error.to_string()),
        }
    }
}
