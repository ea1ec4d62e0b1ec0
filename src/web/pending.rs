//! A request that waits for a password, kept by the browser itself.
//!
//! It travels, sealed ([`super::seal`]), in a hidden field of the page: nothing is kept on the server
//! for people who have not signed in, so nobody can fill its memory, any number of tabs may wait side
//! by side, and a directory that is down loses no request. A page that was forged all the same could
//! name no address for the assertion but those of the trust, since they are compared again when it is
//! issued.

use serde::{Deserialize, Serialize};

use crate::{
    saml2::{AuthnContextClass, RequestedAuthnContext},
    signin::SignInRequest,
    upstream::Factors,
};

use super::seal::Sealed;

/// What the answer needs besides the sign-in itself, by protocol.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Reply {
    Saml2(Saml2Reply),
    WsFederation(WsFederationReply),
}

impl Reply {
    /// The name that the sender gave the sign-in, beside the request's own ID.
    pub(super) fn client_request_id(&self) -> Option<&str> {
        match self {
            Self::Saml2(_) => None,
            Self::WsFederation(reply) => reply.client_request_id.as_deref(),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Saml2Reply {
    /// The assertion consumer service, found in the trust.
    pub consumer: String,
    pub relay_state: Option<String>,
    /// What is said of how she proved it, if by one factor or by several.
    pub authn_context: Offered,
    /// Whom the request names: it is not answered with anybody else.
    #[serde(default)]
    pub subject: Option<String>,
    /// The relying party has not asked: the sign-in began at a link of ours.
    #[serde(default)]
    pub is_unsolicited: bool,
}

/// The class of the authentication context with which a request can be answered. `None` where it asks for
/// something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Offered {
    by_one: Option<AuthnContextClass>,
    by_several: Option<AuthnContextClass>,
}

impl Offered {
    /// What is offered to this request.
    pub(super) fn to(asked: Option<&RequestedAuthnContext>) -> Self {
        let offered = |ours| match asked {
            None => Some(ours),
            Some(asked) => asked.satisfied_by(ours),
        };
        Self {
            by_one: offered(AuthnContextClass::PasswordProtectedTransport),
            by_several: offered(AuthnContextClass::SeveralFactors),
        }
    }

    pub(super) fn by(self, factors: Factors) -> Option<AuthnContextClass> {
        match factors {
            Factors::One => self.by_one,
            Factors::Several => self.by_several,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct WsFederationReply {
    /// The reply address, found in the trust.
    pub address: String,
    /// `wctx`.
    pub context: Option<String>,
    /// `client-request-id`: the name that the sender gave the sign-in.
    pub client_request_id: Option<String>,
}

/// A request and where its answer goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Pending {
    pub request: SignInRequest,
    pub reply: Reply,
}

impl Sealed for Pending {
    const KIND: &'static str = "sign-in";
}
